"""Carbon dioxide and household equivalents of electric energy (双碳), by dated factors (`carbon.toml`)."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from importlib.resources import files
from typing import Any, Literal

from facts.errors import SettingsError
from registry import divisions
from registry.division_table import WHOLE_COUNTRY
from supervision.refusals import Refused

KG = Decimal("1")
TONNES = Decimal("0.001")
HOUSEHOLDS = Decimal("1")
Kind = Literal["factor", "household"]
_FIELDS: Mapping[Kind, str] = {"factor": "kg_per_kwh", "household": "kwh_year"}
_ALL = frozenset({"id", "divisions", "year", "from", "until", "mark", "source", "source_zh"})


class NoFactorError(Refused):
    """No row covers the place on the day: there is no figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """One factor. `carbon.toml` explains the fields."""

    id: str
    kind: Kind
    divisions: tuple[str, ...]
    year: int
    first: date
    after: date | None
    value: Decimal
    """kg of carbon dioxide a kWh, or kWh of a household a year."""
    mark: str
    source: str
    source_zh: str = ""
    """The same in Chinese; empty where `source` is said in both languages."""

    def said_by(self, lang: str) -> str:
        """Return the source in a language, and whether it was only recalled."""
        if lang == "zh":
            return (self.source_zh or self.source) + ("，凭记忆录入，待核对" if self.mark == "R" else "")
        return self.source + (", recalled: to be checked" if self.mark == "R" else "")

    def covers(self, day: date) -> bool:
        """Say whether the row is used on a day."""
        return self.first <= day and (self.after is None or day < self.after)


@dataclass(frozen=True, slots=True)
class Carbon:
    """What an amount of energy comes to."""

    kg: Decimal
    """Carbon dioxide, to the kilogram."""
    households: Decimal
    """So many households use as much in a year."""
    factor: Row
    household: Row
    carried: bool
    """The factor is that of an earlier year: a newer one has not been added."""

    @property
    def tonnes(self) -> Decimal:
        """Carbon dioxide in tonnes."""
        return (self.kg * TONNES).quantize(TONNES)


class Factors:
    """All factors in use."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take rows. Raises SettingsError where two of one place are used on one day."""
        self.rows = tuple(rows)
        last: dict[tuple[Kind, str], Row] = {}
        for row in sorted(self.rows, key=lambda row: row.first):
            for code in row.divisions:
                before = last.get((row.kind, code))
                if before is not None and before.covers(row.first) and before.after is not None:
                    raise SettingsError(f"{before.id} and {row.id} are both used on {row.first}", code)
                last[row.kind, code] = row

    def on(self, kind: Kind, division: str, day: date) -> Row:
        """Return the factor of a division on a day: the nearest division's that has any, the latest of those.

        That of the whole country stands for a part of it only where it is a household's: grids differ too
        much. Raises NoFactorError.
        """
        for code in _chain(division):
            if code == WHOLE_COUNTRY and division != WHOLE_COUNTRY and kind == "factor":
                break
            found = [row for row in self.rows if row.kind == kind and code in row.divisions]
            used = [row for row in found if row.covers(day)]
            if used:
                return max(used, key=lambda row: row.first)
            if found:
                break  # a nearer place is known, on other days: a wider one's would be another figure
        raise NoFactorError(
            f"no carbon {kind} of {division} on {day}: add one to carbon.toml",
            f"没有 {division} 在 {day} 的{'电网碳排放因子' if kind == 'factor' else '户均用电量'}，"
            "请在 carbon.toml 中补充",
        )

    def of(self, kwh: Decimal, division: str, day: date) -> Carbon:
        """Return what energy used in a division on a day comes to. Raises NoFactorError.

        Energy of several days or places is asked for each alone and summed.
        """
        factor, household = self.on("factor", division, day), self.on("household", division, day)
        return Carbon(
            (kwh * factor.value).quantize(KG, ROUND_HALF_UP),
            (kwh / household.value).quantize(HOUSEHOLDS, ROUND_HALF_UP),
            factor,
            household,
            factor.year != day.year,
        )


def shipped() -> tuple[Row, ...]:
    """Return the rows of the package."""
    return parse(files("supervision").joinpath("carbon.toml").read_text("utf-8"), "carbon.toml")


def merged(base: Iterable[Row], own: Iterable[Row]) -> tuple[Row, ...]:
    """Return `base` with an operator's rows put in the place of those of the same id, others added."""
    rows = {row.id: row for row in base}
    rows.update({row.id: row for row in own})
    return tuple(rows.values())


def parse(text: str, name: str) -> tuple[Row, ...]:
    """Read a file of factors. Raises SettingsError with the file's name, the row and the field."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    if set(data) - set(_FIELDS):
        raise SettingsError("holds [[factor]] and [[household]] tables and nothing else", name)
    return tuple(
        _row(kind, table, f"{name}: {kind} {n}")
        for kind in _FIELDS
        for n, table in enumerate(data.get(kind, ()), 1)
    )


def _row(kind: Kind, table: Mapping[str, Any], where: str) -> Row:
    where = f"{where} ({table['id']})" if isinstance(table.get("id"), str) else where
    amount = _FIELDS[kind]
    if missing := (_ALL - {"until", "source_zh"} | {amount}) - set(table):
        raise SettingsError(f"{sorted(missing)[0]} is missing", where)
    if unknown := set(table) - _ALL - {amount}:
        raise SettingsError(f"no field {sorted(unknown)[0]!r}", where)
    for code in table["divisions"]:
        if code != WHOLE_COUNTRY and (why := divisions.fault(code)) is not None:
            raise SettingsError(why, where)
    first, after = table["from"], table.get("until")
    if type(first) is not date or (after is not None and (type(after) is not date or after <= first)):
        raise SettingsError("from and until are dates, until the later one", where)
    if table["mark"] not in ("V", "R", "G"):
        raise SettingsError("mark is V, R or G", where)
    return Row(
        table["id"],
        kind,
        tuple(table["divisions"]),
        table["year"],
        first,
        after,
        _amount(table[amount], f"{where}: {amount}"),
        table["mark"],
        table["source"],
        str(table.get("source_zh", "")),
    )


def _amount(text: Any, where: str) -> Decimal:
    # A number of TOML is a binary float: 0.5568 would not be 0.5568.
    try:
        value = Decimal(text) if isinstance(text, str) else Decimal("nan")
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value <= 0:
        raise SettingsError(f'is a text such as "0.5568", more than 0, not {text!r}', where)
    return value


def _chain(division: str) -> tuple[str, ...]:
    """Return a division and what lies over it, nearest first."""
    codes = (division, division[:4] + "00", division[:2] + "0000", WHOLE_COUNTRY)
    return tuple(dict.fromkeys(codes))
