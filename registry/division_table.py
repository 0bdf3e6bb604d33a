"""Which division a code meant at a time, what took its place, and which codes a right on a division covers.

Codes of GB/T 2260 come and go: counties become districts of a city, cities are merged, prefectures are
renumbered. The table that comes with the registry (registry/data/divisions.csv) holds the codes in force at
the end of 2025 and those that ended since 2009; an imported table replaces its rows, code by code.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from registry import divisions
from registry.cells import parse_instant
from registry.model import DivisionPeriod

WHOLE_COUNTRY = "000000"
"""Every code lies in it; no division has it."""
SINCE_EVER = -(1 << 63)
"""Begin of a period of which no list tells when it began."""
SUCCESSORS = ";"
"""Stands between the codes that took a code's place."""

_SAMPLE = {
    "990000": "示例省",
    "990100": "示例市",
    "990101": "东区",
    "990102": "西区",
    "990200": "样例市",
    "990221": "样例县",
}
"""The unassigned province of the sample registry."""


@dataclass(frozen=True, slots=True)
class Named:
    """One division as a person knows it."""

    code: str
    name: str
    """Its own name."""
    full_name: str
    """Its parents' names first."""
    level: divisions.DivisionLevel
    parent: str | None
    """Code of the next larger division; None for a province."""
    periods: tuple[DivisionPeriod, ...]
    """All that the code ever meant, oldest first."""
    in_force: bool
    """It has not ended, as far as is known."""
    successors: tuple[str, ...]
    """Codes that took its place where it has ended."""


class DivisionTable:
    """Division codes over time; immutable."""

    def __init__(self, periods: Iterable[DivisionPeriod]) -> None:
        self._of: dict[str, list[DivisionPeriod]] = {}
        for period in periods:
            self._of.setdefault(period.code, []).append(period)
        for held in self._of.values():
            held.sort(key=lambda one: one.valid_from_ns)
        self._ended = {code: held for code, held in self._of.items() if held[-1].valid_to_ns is not None}
        self._covers: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, code: str) -> bool:
        return code in self._of

    def over(self, imported: Iterable[DivisionPeriod]) -> "DivisionTable":
        """Return this table with the imported periods of a code in the place of its own."""
        new = tuple(imported)
        if not new:
            return self
        said = {period.code for period in new}
        kept = (period for code, held in self._of.items() if code not in said for period in held)
        return DivisionTable((*kept, *new))

    def named(self, code: str, at_ns: int | None = None) -> Named | None:
        """Return what a code meant at a time (None: last); None for a code that no list has."""
        if (period := self._at(code, at_ns)) is None or divisions.fault(code) is not None:
            return None
        parent, names = self._parent(code), [period.name]
        above = parent
        while above is not None:
            if (larger := self._at(above, at_ns)) is not None:
                names.insert(0, larger.name)
            above = self._parent(above)
        ended = code in self._ended
        return Named(
            code,
            period.name,
            "".join(names),
            divisions.division(code).level,
            parent,
            tuple(self._of[code]),
            not ended,
            self._successors(code) if ended else (),
        )

    def shown(self, code: str) -> str:
        """Return a code with its full name, as people read it; the code alone where no name is known."""
        named = self.named(code)
        return code if named is None else f"{code} {named.full_name}"

    def placed(self, code: str | None, address: str | None) -> str:
        """Return a division and an address in it as people read them: its name once, where both begin so."""
        if not code:
            return address or ""
        if not address:
            return self.shown(code)
        named = self.named(code)
        begun = named is not None and address.startswith(named.full_name)
        return f"{code if begun else self.shown(code)} {address}"

    def covers(self, division: str) -> tuple[str, ...]:
        """Return the beginnings of all codes that a right on a division covers; ("",) for the whole country.

        They are the division's own subtree; where the division itself has ended, what took its place; and the
        codes that ended whose every successor lies in what is covered already. A code in force means what it
        means today: a part that was split off it is not covered by it, but by what covers both.
        """
        if division == WHOLE_COUNTRY:
            return ("",)
        if (known := self._covers.get(division)) is None:
            known = self._covers[division] = tuple(sorted(self._grown(division)))
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._of))

    def _grown(self, division: str) -> set[str]:
        covered = {subtree(division)}
        if division in self._ended:
            for code in [code for code in self._ended if _lies(code, covered)]:
                covered.update(subtree(last) for last in self._last_successors(code))
        while True:
            more = {
                subtree(code)
                for code in self._ended
                if not _lies(code, covered)
                and (after := self._last_successors(code))
                and all(_lies(last, covered) for last in after)
            }
            if not more:
                break
            covered |= more
        return {one for one in covered if not _lies(one, covered - {one})}

    def _last_successors(self, code: str) -> set[str]:
        """Return the codes in force that took a code's place, over any number of changes."""
        found, asking, seen = set[str](), [code], set[str]()
        while asking:
            here = asking.pop()
            if here in seen:
                continue
            seen.add(here)
            if here in self._ended:
                asking.extend(self._successors(here))
            else:
                found.add(here)
        return found

    def _successors(self, code: str) -> tuple[str, ...]:
        said = self._of[code][-1].successor.split(SUCCESSORS)
        return tuple(one for part in said if (one := part.strip()))

    def _at(self, code: str, at_ns: int | None) -> DivisionPeriod | None:
        """Return the period that holds a time; the last where none does, or without a time."""
        held = self._of.get(code)
        if held is None:
            return None
        if at_ns is not None:
            for period in reversed(held):
                if period.valid_from_ns <= at_ns < (period.valid_to_ns or at_ns + 1):
                    return period
        return held[-1]

    def _parent(self, code: str) -> str | None:
        """Return the next larger division; a county right below its province has no prefecture."""
        own = divisions.division(code)
        if own.level == "province":
            return None
        if own.level == "county" and own.prefecture in self._of:
            return own.prefecture
        return own.province


def subtree(division: str) -> str:
    """Return the digits that every code of the division's subtree begins with; "" for the whole country."""
    if division == WHOLE_COUNTRY:
        return ""
    if division.endswith("0000"):
        return division[:2]
    return division[:4] if division.endswith("00") else division


@cache
def shipped() -> DivisionTable:
    """Return the table that comes with the registry."""
    lines = resources.files("registry.data").joinpath("divisions.csv").read_text("utf-8").splitlines()
    rows = (_period(row) for row in csv.DictReader(lines))
    made = (DivisionPeriod(c, name, "", SINCE_EVER, None, "generated sample") for c, name in _SAMPLE.items())
    return DivisionTable((*rows, *made))


class _InForce:
    """The table that this process answers by; swapped whole."""

    table: DivisionTable | None = None


def in_force() -> DivisionTable:
    """Return the table that this process answers by: the shipped one, and over it what was imported."""
    return _InForce.table or shipped()


def put_in_force(imported: Iterable[DivisionPeriod]) -> None:
    """Let this process answer by the shipped table and, over it, an imported one."""
    _InForce.table = shipped().over(imported)


def _lies(code: str, covered: Iterable[str]) -> bool:
    return any(code.startswith(one) for one in covered)


def _period(row: Mapping[str, str]) -> DivisionPeriod:
    begin, end = row["valid_from"], row["valid_to"]
    return DivisionPeriod(
        row["code"],
        row["name"],
        row["successor"],
        parse_instant(begin) if begin else SINCE_EVER,
        parse_instant(end) if end else None,
        row["source"],
    )
