"""Hits as rows: CSV, NDJSON and XLSX."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from pipeline.contract import Json

if TYPE_CHECKING:  # loaded where a workbook is made
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

COLUMNS = (
    "address", "role", "level", "score", "protocols", "coins", "algorithms", "encrypted", "pools", "wallets",
    "workers", "agents", "first_seen", "last_seen", "because", "source", "frame", "enterprise", "uscc",
    "line", "site", "division", "site_address", "longitude", "latitude", "datum", "candidates", "missing",
    "machines", "power_kw", "power_kw_low", "power_kw_high", "kwh_day", "hashrate",
)  # fmt: skip
_FROM_EVIDENCE = ("because", "source", "frame")
_FROM_HOLDER = (
    "enterprise", "uscc", "line", "site", "division", "longitude", "latitude", "datum", "missing",
)  # fmt: skip
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 500


def row(verdict: Json) -> list[Any]:
    """Return a `verdict` object as a row of COLUMNS; lists are joined by semicolons."""
    evidence = verdict["evidence"][0] if verdict["evidence"] else {}
    held = verdict["attribution"] or {}
    told = dict(verdict)
    told |= {name: evidence.get(name) for name in _FROM_EVIDENCE}
    told |= {name: held.get(name) for name in _FROM_HOLDER}
    told["site_address"] = held.get("address")
    machines, power = verdict["machines"] or {}, verdict["power_kw"] or {}
    told["machines"] = machines.get("value")
    told |= {"power_kw": power.get("value"), "power_kw_low": power.get("low")}
    told["power_kw_high"] = power.get("high")
    told["kwh_day"] = verdict["energy_kwh"]["day"]["value"] if verdict["energy_kwh"] else None
    told["hashrate"] = [f"{rate['algorithm']} {rate['value']:.6g} H/s" for rate in verdict["hashrate"]]
    told["candidates"] = [one["enterprise"] for one in held.get("candidates", ())]
    return [_joined(told[name]) for name in COLUMNS]


def csv_parts(verdicts: Iterable[Json]) -> Iterator[bytes]:
    """Yield a CSV file in UTF-8 with its byte order mark, which spreadsheets need to show Chinese."""
    held = io.StringIO()
    writer = csv.writer(held)
    held.write("\ufeff")
    writer.writerow(COLUMNS)
    for number, verdict in enumerate(verdicts, 1):
        writer.writerow(map(harmless, row(verdict)))
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(held)
    yield _taken(held)


def ndjson_parts(verdicts: Iterable[Json]) -> Iterator[bytes]:
    """Yield one `verdict` object a line."""
    for verdict in verdicts:
        yield (
            json.dumps(verdict, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        )


def write_xlsx(verdicts: Iterable[Json], file: IO[bytes]) -> None:
    """Write a workbook with one sheet; every text is a text, no formula is ever made."""
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = headed(book, "hits", COLUMNS)
        line = 0
        for line, verdict in enumerate(verdicts, 1):
            for column, value in enumerate(row(verdict)):
                if isinstance(value, bool):
                    sheet.write_boolean(line, column, value)
                elif isinstance(value, int | float):
                    sheet.write_number(line, column, value)
                elif value is not None:
                    sheet.write_string(line, column, writable(str(value)))
        sheet.autofilter(0, 0, line, len(COLUMNS) - 1)


def headed(book: "Workbook", name: str, columns: Sequence[str]) -> "Worksheet":
    """Return a sheet with a head that stays in sight, and columns as wide as what mostly stands in them."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    bold = book.add_format({"bold": True})
    for column, title in enumerate(columns):
        sheet.set_column(column, column, _WIDE.get(title, max(10, len(title) + 3)))  # 3: the filter's button
        sheet.write_string(0, column, title, bold)
    return sheet


_WIDE = {
    "address": 18, "because": 60, "source": 28, "enterprise": 30, "uscc": 22, "name": 30, "site_address": 40,
    "first_seen": 28, "last_seen": 28, "protocols": 20, "wallets": 40, "agents": 28, "hashrate": 26,
    "candidates": 30, "evidence": 28, "id": 22, "project": 22, "kind": 22, "body": 24,
}  # fmt: skip
"""Letters of columns that hold more than their title."""


def _joined(value: Any) -> Any:
    return ";".join(map(str, value)) if isinstance(value, list) else value


def harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: names come from captures."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value


def writable(text: str) -> str:
    """Return a text without what XML cannot hold, of at most a cell's length."""
    return "".join(c if c.isprintable() or c in "\t\n" else "?" for c in text)[:32_767]


def _taken(held: io.StringIO) -> bytes:
    text = held.getvalue()
    held.seek(0)
    held.truncate()
    return text.encode("utf-8", "replace")
