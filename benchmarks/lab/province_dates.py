"""Dates of policy and what those who mine do about them: the nouns; province_reacting.py draws them.

Notice and start of the price are those that provinces set (docs/laboratory.md); the exit deadline is drawn,
since no text at hand names a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

NOTICE_1283 = date(2021, 9, 24)
"""The day on which notice 1283 of 2021 was published."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a province set, after the national notice."""

    id: str
    noticed: date
    """The clean-up notice."""
    tariff: date
    """The differential price begins."""
    rate: str
    """CNY/kWh."""


CALENDARS: Mapping[str, Calendar] = MappingProxyType(
    {
        one.id: one
        for one in (
            Calendar("zhejiang", NOTICE_1283, date(2022, 2, 14), "0.50"),
            Calendar("hainan", NOTICE_1283, date(2021, 12, 3), "0.80"),
            Calendar("inner-mongolia", NOTICE_1283, date(2022, 1, 26), "1.00"),
        )
    }
)
"""Those of which both the day and the rate are known."""


class Reaction(StrEnum):
    """What somebody who mines does about the dates."""

    KEEPS = "keeps"
    """Goes on as before."""
    SAVES = "saves"
    """Turns a part of the machines off when the price begins."""
    LEAVES = "leaves"
    """Turns all off before the deadline, for good."""
    MOVES = "moves"
    """Leaves when the price begins; the same enterprise mines in another county some days later."""
    HIDES = "hides"
    """Mines on behind encryption from the notice on; the load stays."""
    RELAPSES = "relapses"
    """Leaves by the deadline and mines again, in clear text."""
    RETURNS_HIDDEN = "returns-hidden"
    """Leaves by the deadline and mines again behind encryption."""
    REOCCUPIED = "reoccupied"
    """Leaves by the deadline; another enterprise takes line and account over and mines there."""


@dataclass(frozen=True, slots=True)
class Phase:
    """How a site mines from a day on."""

    first: date
    machines: int
    """The first so many of its machines; 0: none."""
    sealed: bool = False
    """Whether all that they say is encrypted."""


@dataclass(frozen=True, slots=True)
class Reacting:
    """What one site does."""

    site: str
    reaction: Reaction
    on: date | None
    """The first day on which it was different; None where it never was."""
    back: date | None = None
    """The first day on which it, or who took it over, mined again."""
    to: str = ""
    """The site that it moved to."""
    phases: tuple[Phase, ...] = ()
    """By their first day, the first before everything."""


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a province, and who reacts."""

    calendar: Calendar
    deadline: date
    """The last day of the exit."""
    captures: tuple[date, ...]
    """Days of which there are captures, the last is the province's own."""
    reacting: tuple[Reacting, ...]

    def phase(self, site: str, on: date) -> Phase | None:
        """Return how a site mines on a day; None for one that does not react."""
        found = next((one for one in self.reacting if one.site == site), None)
        if found is None:
            return None
        return max((one for one in found.phases if one.first <= on), key=lambda one: one.first)
