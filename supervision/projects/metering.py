"""Metered energy as values: what the meters of projects counted, by weeks, with intervals."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

WEEK = 7


@dataclass(frozen=True, slots=True)
class Week:
    """Energy of seven days."""

    first: date
    kwh: float
    """Of the days that are held."""
    days: int
    """Of which every meter of every account told every quarter of an hour, itself or by its register."""
    most: float | None = None
    """Energy if each day that was not read whole took as much as the largest one that was; None without any
    whole day."""

    @property
    def interval(self) -> tuple[float, float | None]:
        """Return the least and the most that was taken: the meters' limit of error, and days not read."""
        error = accuracy()
        return self.kwh * (1 - error), None if self.most is None else self.most * (1 + error)

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return self.days == WEEK


@dataclass(frozen=True, slots=True)
class Metered:
    """What the meters of one project count."""

    accounts: tuple[str, ...]
    """That the registry has for its enterprise at its site, or that were entered; in order."""
    weeks: tuple[Week, ...]
    """The seven days up to the day that is spoken of, the seven before them, and so on: two at least."""
    last: date | None
    """The last whole day of the first two weeks."""
    kw: float | None
    """Mean of that day: the power now."""

    @property
    def change(self) -> float | None:
        """Energy of the week less that of the week before, as a part of it; None where one is not whole."""
        now, before = self.weeks[:2]
        return now.kwh / before.kwh - 1 if now.whole and before.whole and before.kwh > 0 else None

    @property
    def evidence(self) -> tuple[str, ...]:
        """Return the readings that it rests on: account, first and last day."""
        last = self.weeks[0].first + timedelta(days=WEEK - 1)
        return tuple(f"reading:{one}/{self.weeks[-1].first}/{last}" for one in self.accounts)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file of curves that could not be read: nothing that it said is counted."""

    name: str
    """Its path in the lake."""
    month: str
    why: str


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Days of an account that no readable file holds, in the months of files that could not be read."""

    account: str
    days: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Counted:
    """What meters count of some projects."""

    projects: Mapping[str, Metered]
    """By id: those that have accounts."""
    accounts: Mapping[str, Metered]
    """By account, each once however many projects stand behind it: what totals are of."""
    unread: tuple[Unread, ...] = ()
    """Files that were left out, where what the others hold was asked for all the same."""
    uncovered: tuple[Uncovered, ...] = ()
    """By account."""


@cache
def accuracy() -> float:
    """Return the meters' limit of error, a part of what they count (metering.toml)."""
    held = tomllib.loads(files("supervision.projects").joinpath("metering.toml").read_text("utf-8"))
    return float(held["accuracy"]["limit"])
