"""Lists of pool hosts that an operator brings: read from CSV, text or JSON, checked row by row, and merged.

docs/protocols/pool-names.md tells the forms.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address

from classifier.poolnames import COLUMNS, HOST, SITE
from facts.errors import RowError

MAX_BYTES = 64 * 1024 * 1024
"""Of one list; the shipped one has 0.2 MB."""
MAX_ROWS = 1_000_000
PROTOCOLS = frozenset({"stratum+tcp", "stratum+ssl", "sv2", "browser-ws", "dns"})
DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)
_ALSO = {"host": "domain", "name": "domain", "first_seen": "valid_from", "currency": "coin"}
"""Other names of columns that lists use."""

Row = tuple[str, ...]
"""In the order of COLUMNS."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list holds, and the rows that were refused."""

    rows: tuple[Row, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """A list with another one merged into it."""

    rows: tuple[Row, ...]
    """Sorted."""
    added: int
    seen_again: int
    """Rows that were there: their first and last day are stretched."""


def read_list(text: str, source: str, day: str) -> Listed:
    """Read a list; its form is told by its first character, or by a header line with commas.

    Rows count from 1 as lines or items do, a CSV header being row 1. `day` is the day (YYYY-MM-DD) on which a
    row that tells none was seen; `source` names the list in rows that name none.
    """
    head = text.lstrip("\ufeff \t\r\n")
    if head.startswith(("[", "{")):
        items = _from_json(text.removeprefix("\ufeff"), source)
    elif "," in head.partition("\n")[0] and "domain" in _names(head.partition("\n")[0].split(",")):
        items = _from_csv(head)
    else:
        items = _from_text(text.removeprefix("\ufeff"))
    rows: dict[Row, Row] = {}
    errors: list[RowError] = []
    for number, item in items:
        if len(rows) + len(errors) >= MAX_ROWS:
            errors.append(RowError(f"a list has at most {MAX_ROWS:,} rows", source, number))
            break
        made = item if isinstance(item, str) else _row(item, source, day)
        if isinstance(made, str):
            errors.append(RowError(made, source, number))
        else:
            rows.setdefault(made[:4], made)
    return Listed(tuple(rows.values()), tuple(errors))


def merge(known: Iterable[Sequence[str]], new: Iterable[Row]) -> Merged:
    """Merge a list into another: a row is the same where host, port, protocol and coin are.

    The first day is the earlier, the last day the later; what is empty is filled in, what is told stays.
    """
    rows = {tuple(row[:4]): tuple(row) for row in known}
    added = again = 0
    for row in new:
        old = rows.get(row[:4])
        if old is None:
            rows[row[:4]] = row
            added += 1
            continue
        again += 1
        told = [one or other for one, other in zip(old, row, strict=True)]
        told[6] = min(filter(None, (old[6], row[6])), default="")
        told[9] = max(old[9], row[9])
        rows[row[:4]] = tuple(told)
    return Merged(tuple(sorted(rows.values())), added, again)


def is_day(text: str) -> bool:
    """Say whether a text is a day such as 2026-03-01."""
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def write_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return a list as CSV with its header."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


_Item = tuple[int, Mapping[str, str] | str]
"""Number of a row, and its fields; or what is wrong with it."""


def _names(header: Iterable[str]) -> list[str]:
    names = [name.strip().lower() for name in header]
    return [_ALSO.get(name, name) for name in names]


def _from_csv(text: str) -> Iterator[_Item]:
    reader = csv.reader(text.splitlines(), strict=True)
    header = _names(next(reader))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, str(error)
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield reader.line_num, f"{len(cells)} columns instead of {len(header)}"
        else:
            yield reader.line_num, dict(zip(header, cells, strict=True))


def _from_text(text: str) -> Iterator[_Item]:
    """One host a line, perhaps with its port or as an address of a pool (stratum+tcp://host:port)."""
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0].strip()
        if written:
            yield number, _written(written)


def _written(text: str) -> dict[str, str]:
    scheme, found, rest = text.partition("://")
    protocol = scheme.lower() if found else ""
    host, _, port = (rest if found else text).partition("/")[0].partition(":")
    if protocol in ("http", "https"):
        return {"domain": host, "protocol": "dns", "kind": SITE}
    if protocol in ("ws", "wss"):
        return {"domain": host, "protocol": "browser-ws", "port": port}
    return {"domain": host, "port": port, "protocol": protocol}


def _from_json(text: str, source: str) -> Iterator[_Item]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield 1, f"not JSON: {error}"
        return
    if isinstance(items, dict):
        items = items.get("pools")
    if not isinstance(items, list):
        yield 1, "neither an array nor an object with an array `pools`"
        return
    for number, item in enumerate(items, 1):
        if isinstance(item, str):
            yield number, _written(item.strip())
        elif isinstance(item, dict) and all(isinstance(value, str | int | None) for value in item.values()):
            keys = _names(map(str, item))
            yield (
                number,
                {
                    key: "" if value is None else str(value)
                    for key, value in zip(keys, item.values(), strict=True)
                },
            )
        else:
            yield number, "neither a string nor an object of strings and numbers"


def _row(item: Mapping[str, str], source: str, day: str) -> Row | str:
    """Return a row in the order of COLUMNS, or why it is none."""
    cells = {name: item.get(name, "").strip() for name in COLUMNS}
    domain = cells["domain"].lower().removesuffix(".")
    port, protocol = cells["port"], cells["protocol"].lower() or ("stratum+tcp" if cells["port"] else "dns")
    kind = cells["kind"].lower()
    why = _fault(domain, port, protocol, kind) or _days_fault(cells)
    if why:
        return why
    cells |= {"domain": domain, "protocol": protocol, "kind": kind, "source": cells["source"] or source}
    cells["valid_from"] = cells["valid_from"] or day
    cells["last_seen"] = cells["last_seen"] or day
    return tuple(cells[name] for name in COLUMNS)


def _fault(domain: str, port: str, protocol: str, kind: str) -> str:
    if not domain:
        return "no host name"
    try:
        ip_address(domain)
        return f"{domain!r} is an address, not a name: `pools deny add` takes addresses"
    except ValueError:
        pass
    if not DOMAIN.fullmatch(domain):
        return f"{domain[:100]!r} is not a host name"
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536):
        return f"{port[:100]!r} is not a port"
    if protocol not in PROTOCOLS:
        return f"{protocol[:100]!r} is none of {', '.join(sorted(PROTOCOLS))}"
    return "" if kind in ("", HOST, SITE) else f"{kind[:100]!r} is neither {HOST} nor {SITE}"


def _days_fault(cells: Mapping[str, str]) -> str:
    for name in ("valid_from", "valid_to", "last_seen"):
        if cells[name] and not is_day(cells[name]):
            return f"{name} {cells[name][:100]!r} is not a day such as 2026-03-01"
    first, last = cells["valid_from"], cells["last_seen"]
    return f"first seen {first}, after it was last seen {last}" if first and last and first > last else ""
