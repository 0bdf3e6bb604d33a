"""What `replay` writes to standard output: a table for a person, JSON lines or CSV rows for programs."""

import csv
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection

from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, MINING_ROLES, Level, Role
from facts.where import Skipped
from minescope.language import Lang
from minescope.table import others_line, summary_lines, verdict_table, word
from pipeline.contract import (
    FileCounts,
    Hit,
    Json,
    Totals,
    file_json,
    skipped_json,
    summary_json,
    verdict_json,
)

Sentence = Callable[[Evidence], str]

CSV_COLUMNS = (
    "source", "address", "role", "level", "score", "protocols", "coins", "algorithms", "encrypted", "peers",
    "first_seen", "last_seen", "agents", "wallets", "workers", "pools", "hashrate", "because", "frame",
    "enterprise", "uscc", "line", "site", "division", "site_address", "longitude", "latitude", "datum",
    "machines", "power_kw", "power_kw_low", "power_kw_high", "kwh_day",
)  # fmt: skip
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""Nothing that the contract makes holds itself: that need not be looked for."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins with one of these


class Writer(ABC):
    """Takes the outcomes of a run as they come."""

    @abstractmethod
    def write(self, outcome: Hit | Skipped | FileCounts) -> None:
        """Take one outcome."""

    @abstractmethod
    def finish(self, totals: Totals) -> None:
        """Take the counts of the whole run: nothing follows."""


class JsonWriter(Writer):
    """One JSON object a line."""

    def __init__(self, sentence: Sentence) -> None:
        self._sentence = sentence

    def write(self, outcome: Hit | Skipped | FileCounts) -> None:
        """Write the outcome at once."""
        match outcome:
            case Hit():
                self._line(verdict_json(outcome, self._sentence))
            case Skipped():
                self._line(skipped_json(outcome))
            case FileCounts():
                self._line(file_json(outcome))

    def finish(self, totals: Totals) -> None:
        """Write the summary."""
        self._line(summary_json(totals))
        sys.stdout.flush()

    def _line(self, value: Json) -> None:
        sys.stdout.write(_ENCODE(value) + "\n")


class CsvWriter(Writer):
    """One row a verdict; lists are joined with a semicolon, and the summary goes to standard error."""

    def __init__(self, sentence: Sentence, lang: Lang) -> None:
        self._sentence = sentence
        self._lang = lang
        self._rows = csv.writer(sys.stdout, lineterminator="\n")
        self._rows.writerow(CSV_COLUMNS)

    def write(self, outcome: Hit | Skipped | FileCounts) -> None:
        """Write a row for a verdict; the summary counts what else there was."""
        if isinstance(outcome, Hit):
            self._rows.writerow([_cell(value) for value in self._row(verdict_json(outcome, self._sentence))])

    def _row(self, verdict: Json) -> list[object]:
        owner = verdict["attribution"] or {}
        heaviest = verdict["evidence"][0] if verdict["evidence"] else {}
        joined = {
            "peers": [f"{p['address']}:{p['port']}/{p['protocol']}/{p['state']}" for p in verdict["peers"]],
            "hashrate": [f"{h['algorithm']} {h['value']:.6g} H/s" for h in verdict["hashrate"]],
        }
        own = {
            "because": heaviest.get("because"),
            "frame": heaviest.get("frame"),
            "site_address": owner.get("address"),
            **_amounts(verdict),
        }
        row: list[object] = []
        for column in CSV_COLUMNS:
            value = joined[column] if column in joined else own.get(column)
            if column not in joined and column not in own:
                value = verdict.get(column, owner.get(column))
            row.append(";".join(map(str, value)) if isinstance(value, list) else value)
        return row

    def finish(self, totals: Totals) -> None:
        """Say the counts on standard error."""
        sys.stdout.flush()
        for text in summary_lines(totals, self._lang):
            print(text, file=sys.stderr)


class TableWriter(Writer):
    """A table of `roles`, most certain first; what else there was in a line; the counts that add up.

    `roles` None: all roles, and what was cleared.
    """

    def __init__(self, sentence: Sentence, lang: Lang, roles: Collection[Role] | None) -> None:
        self._sentence = sentence
        self._lang = lang
        self._roles = roles
        self._others: list[Hit] = []
        self._hits: list[Hit] = []
        self._skips: list[Skipped] = []

    def write(self, outcome: Hit | Skipped | FileCounts) -> None:
        """Keep what the table will show."""
        if isinstance(outcome, Hit):
            if self._roles is None or (
                outcome.verdict.role in self._roles and outcome.verdict.level is not Level.CLEARED
            ):
                self._hits.append(outcome)
            elif outcome.verdict.level is not Level.CLEARED:
                self._others.append(outcome)
        elif isinstance(outcome, Skipped):
            self._skips.append(outcome)

    def finish(self, totals: Totals) -> None:
        """Print the table, the damage and the counts."""
        from rich.console import Console

        from minescope.clusters_told import cluster_lines

        console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 150)
        if self._hits:
            console.print(verdict_table(sorted(self._hits, key=_rank), self._sentence, self._lang))
        for text in cluster_lines(self._hits, self._lang):
            console.print(text, soft_wrap=True)
        if not any(hit.verdict.role in MINING_ROLES for hit in (*self._hits, *self._others)):
            console.print(word("nothing", self._lang))
        if others := others_line(self._others, self._lang):
            console.print(others, soft_wrap=True)
        for skipped in self._skips[:_SKIPS_SHOWN]:
            console.print(f"{skipped.where}: {skipped.reason} {skipped.detail}".rstrip(), soft_wrap=True)
        if len(self._skips) > _SKIPS_SHOWN:
            console.print(f"... {len(self._skips) - _SKIPS_SHOWN:,} (--json)")
        for text in summary_lines(totals, self._lang):
            console.print(text, soft_wrap=True)


def _amounts(verdict: Json) -> dict[str, object]:
    """Return machines and power as cells."""
    machines, power = verdict["machines"] or {}, verdict["power_kw"] or {}
    return {
        "machines": machines.get("value"),
        "power_kw": power.get("value"),
        "power_kw_low": power.get("low"),
        "power_kw_high": power.get("high"),
        "kwh_day": verdict["energy_kwh"]["day"]["value"] if verdict["energy_kwh"] else None,
    }


_SKIPS_SHOWN = 5


def _rank(hit: Hit) -> tuple[bool, int, str, str, int]:
    verdict = hit.verdict
    mines = verdict.role in MINING_ROLES
    return (not mines, -LEVEL_ORDER.index(verdict.level), verdict.role, verdict.source, int(verdict.address))


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA) and value != "-":  # - is standard input
        return "'" + value
    return value


def writer_of(
    as_json: bool, as_csv: bool, roles: Collection[Role] | None, lang: Lang, sentence: Sentence
) -> Writer:
    """Return the writer that was asked for; `roles` are those of the table, None for everything."""
    if as_json:
        return JsonWriter(sentence)
    if as_csv:
        return CsvWriter(sentence, lang)
    return TableWriter(sentence, lang, roles)
