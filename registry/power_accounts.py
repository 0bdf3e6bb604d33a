"""Electricity accounts (户号): what a supplier bills, whose it is, where its power is used, its meters.

An account is known by its number. Its energy is the sum of its `meters`, of which each counts with its own
ratio of transformers; check meters that measure the same energy once more are not among them. What changes
(holder, capacity, a meter or a transformer replaced) begins a new period of the same number.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registry import divisions
from registry.cells import Cells

if TYPE_CHECKING:
    from registry.table_specs import Known, Record

CLASSES: Final[Mapping[str, str]] = {
    "A": "dedicated transformer, 100 kVA and more",
    "B": "dedicated transformer, less than 100 kVA",
    "C": "three-phase commercial",
    "D": "single-phase commercial",
    "E": "residential",
    "F": "check meter of a public transformer",
}
"""Classes of customers as the collection of meter data has them."""

REQUIRED: Final = ("number", "uscc", "site", "division", "valid_from")
OPTIONAL: Final = (
    *("customer_class", "contracted_kva", "ct", "pt", "multiplier", "meters", "valid_to", "source"),
)
FIELDS: Final = (
    *("number", "uscc", "site_id", "division", "customer_class", "contracted_kva", "multiplier", "meters"),
    *("valid_from_ns", "valid_to_ns", "source"),
)

_PLAIN = re.compile(r"\d{1,9}(\.\d{1,6})?")
_MOST_METERS = 64  # of one account: more is a list of something else


@dataclass(frozen=True, slots=True)
class PowerMeter:
    """One meter of an account."""

    number: str
    multiplier: float
    """Energy that flowed for each unit that it counted: current ratio times voltage ratio."""


@dataclass(frozen=True, slots=True)
class PowerAccount:
    """An electricity account for a period."""

    number: str
    uscc: str
    """Credit code of who is billed."""
    site: str
    """Id of the site where the power is used."""
    division: str
    """Division code of that place: it decides the tariff."""
    customer_class: str
    """A letter of CLASSES; empty where unknown."""
    contracted_kva: float | None
    """Contracted capacity, kVA; None where unknown."""
    multiplier: float
    """Ratio of the account's transformers, current times voltage; 1 where meters are connected directly."""
    meters: tuple[PowerMeter, ...]
    """The meters whose sum is billed; empty where nobody said."""
    valid_from_ns: int
    valid_to_ns: int | None
    source: str


def power_account(number: str, uscc: str, site: str, division: str, *rest: Any) -> PowerAccount:
    """Return the account of a row: FIELDS in their order."""
    customer_class, kva, multiplier, meters, from_ns, to_ns, source = rest
    known = tuple(PowerMeter(name, ratio) for name, ratio in meters)
    return PowerAccount(
        number, uscc, site, division, customer_class, kva, multiplier, known, from_ns, to_ns, source
    )


def fields_of(account: PowerAccount) -> tuple[Any, ...]:
    """Return FIELDS of an account."""
    return (
        *(account.number, account.uscc, account.site, account.division, account.customer_class),
        *(account.contracted_kva, account.multiplier),
        [[meter.number, meter.multiplier] for meter in account.meters],
        *(account.valid_from_ns, account.valid_to_ns, account.source),
    )


def record(cells: Cells, known: "Known") -> "Record":
    """Make a record of a row of a table; what is wrong with it goes into the cells' `errors`."""
    letter = cells.or_empty("customer_class").upper()
    if letter and letter not in CLASSES:
        cells.refuse("customer_class", f"{letter!r} is none of {', '.join(CLASSES)}")
    ratio = _multiplier(cells)
    return (
        cells.identifier("number"),
        cells.among("uscc", known.enterprises, "enterprise"),
        cells.among("site", known.sites, "site"),
        cells.checked("division", divisions.fault),
        letter,
        cells.parsed("contracted_kva", parse_positive),
        ratio,
        json.dumps(_meters(cells, ratio), separators=(",", ":")),
        *cells.period(),
        cells.said_by(),
    )


def parse_positive(text: str) -> float:
    """Return a plain number above 0, up to 999,999,999.999999. Raises ValueError."""
    if not _PLAIN.fullmatch(text) or float(text) <= 0:
        raise ValueError(f"{text!r} is no plain number above 0")
    return float(text)


def parse_ratio(text: str) -> float:
    """Return a transformer's ratio: `150/5` is 30, `30` is 30. Raises ValueError."""
    first, slash, second = text.partition("/")
    ratio = parse_positive(first.strip())
    return ratio / parse_positive(second.strip()) if slash else ratio


def _multiplier(cells: Cells) -> float:
    """Return the account's ratio: as told, or of its two transformers; where both are told, they agree."""
    current, voltage = cells.parsed("ct", parse_ratio), cells.parsed("pt", parse_ratio)
    told = cells.parsed("multiplier", parse_positive)
    made = (current or 1.0) * (voltage or 1.0)
    if told is None:
        return made
    if (current is not None or voltage is not None) and not math.isclose(told, made, rel_tol=1e-6):
        cells.refuse("multiplier", f"{told:g} is not the product of ct and pt, {made:g}")
    return told


def _meters(cells: Cells, ratio: float) -> list[tuple[str, float]]:
    """Return the meters of `M1;M2*60`: a number alone has the account's ratio."""
    found: dict[str, float] = {}
    for part in cells.or_empty("meters").split(";"):
        number, star, own = (piece.strip() for piece in part.partition("*"))
        if not number:
            if star:
                cells.refuse("meters", f"{part.strip()!r} names no meter")
            continue
        if number in found:
            cells.refuse("meters", f"meter {number} stands there twice")
        try:
            found[number] = parse_ratio(own) if star else ratio
        except ValueError as error:
            cells.refuse("meters", f"meter {number}: {error}")
    if len(found) > _MOST_METERS:
        cells.refuse("meters", f"{len(found)} meters; an account has at most {_MOST_METERS}")
    return list(found.items())
