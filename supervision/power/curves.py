"""The nouns of a load judgement: curves of many accounts on one grid of quarter hours, and what is known of
them.

Local time is UTC+8 without daylight saving; slot 0 of a day is 00:00 to 00:15. A gap is NaN in every channel.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from facts.errors import UsageError

SLOTS = 96
"""Quarter hours a day."""
LEAST_DAYS = 14
"""Days below which no curve is judged: two weekends, and a week to see change in."""

Floats = NDArray[np.float32]


class Period(IntEnum):
    """What a quarter hour costs, cheapest first."""

    VALLEY = 0
    FLAT = 1
    PEAK = 2
    SHARP = 3


def usual_tariff() -> NDArray[np.int8]:
    """Return (96,) int8, Period by slot: valley 0-8 h, peak 8-12 and 17-21 h, flat else.

    The most common shape of provincial time-of-use tables (recalled); hand in your province's own.
    """
    hours = np.arange(SLOTS) // 4
    periods = np.full(SLOTS, Period.FLAT, np.int8)
    periods[hours < 8] = Period.VALLEY
    periods[((hours >= 8) & (hours < 12)) | ((hours >= 17) & (hours < 21))] = Period.PEAK
    return periods


@dataclass(frozen=True, slots=True)
class Outages:
    """Times at which the pools or the network of accounts were away."""

    account: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """(k,) row of the account, -1 for all."""
    first: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """(k,) first slot, counted from the first day's midnight."""
    after: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """(k,) slot after the last."""

    def of(self, rows: slice) -> "Outages":
        """Return those of some accounts, with rows counted from the slice's start."""
        first, after, _ = rows.indices(np.iinfo(np.int32).max)
        keep = (self.account < 0) | ((self.account >= first) & (self.account < after))
        account = np.where(self.account[keep] < 0, -1, self.account[keep] - first).astype(np.int32)
        return Outages(account, self.first[keep], self.after[keep])


@dataclass(frozen=True, slots=True)
class Curves:
    """Loads of n accounts over whole days.

    Raises UsageError where arrays do not fit together, and below LEAST_DAYS.
    """

    first: date
    kw: Floats
    """(n, days, 96) float32, mean active power of each quarter hour; negative where energy went back."""
    kvar: Floats | None = None
    """(n, days, 96) float32, mean reactive power."""
    phases: Floats | None = None
    """(n, days, 96, 3) float32, kW of each phase."""
    celsius: Floats | None = None
    """(n, days) float32, mean temperature of the day at the account's place; NaN unknown."""
    capacity: Floats | None = None
    """(n,) float32, contracted kVA; NaN unknown."""
    tariff: NDArray[np.int8] = field(default_factory=usual_tariff)
    """(96,) int8, Period by slot."""
    holidays: frozenset[date] = frozenset()
    """Public holidays."""
    outages: Outages = field(default_factory=Outages)

    def __post_init__(self) -> None:
        """Hold every array against the grid."""
        if self.kw.ndim != 3 or self.kw.shape[2] != SLOTS:
            raise UsageError(f"curves of shape {self.kw.shape}: not (accounts, days, {SLOTS})")
        n, days, _ = self.kw.shape
        if days < LEAST_DAYS:
            raise UsageError(f"curves of {days} days: {LEAST_DAYS} are the least that can be judged")
        for name, wanted in (
            ("kvar", (n, days, SLOTS)),
            ("phases", (n, days, SLOTS, 3)),
            ("celsius", (n, days)),
            ("capacity", (n,)),
            ("tariff", (SLOTS,)),
        ):
            given = getattr(self, name)
            if given is not None and given.shape != wanted:
                raise UsageError(f"{name} of shape {given.shape}: the curves ask for {wanted}")

    @property
    def accounts(self) -> int:
        """How many."""
        return int(self.kw.shape[0])

    @property
    def days(self) -> int:
        """How many."""
        return int(self.kw.shape[1])

    def part(self, first: int, after: int) -> "Curves":
        """Return some of the accounts; arrays are views."""
        rows = slice(first, after)

        def cut(array: Floats | None) -> Floats | None:
            return None if array is None else array[rows]

        return Curves(
            self.first,
            self.kw[rows],
            cut(self.kvar),
            cut(self.phases),
            cut(self.celsius),
            cut(self.capacity),
            self.tariff,
            self.holidays,
            self.outages.of(rows),
        )
