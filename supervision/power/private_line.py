"""Private lines watched for: a plant on the grid that delivers less, with neither dispatch nor resource to
blame.

What a plant should deliver is told by its resource (inflow, sun, wind) or by plants of its kind near by,
from a time before; what dispatch held back is added. A lasting fall below that, and a load that appears by
as much at the same time, are what a line past the grid looks like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from facts.errors import UsageError

Daily = NDArray[np.float64]

LEARN_DAYS = 60
"""Days at the beginning from which the usual delivery is learned."""
LEAST_DAYS = 10
"""Days that a fall lasts at least."""
LEAST_FALL = 0.05
"""Part of the usual delivery that falls at least."""
SIGNAL = 6.0
"""Standard errors that a fall is away from none: of hundreds of plants watched for a year, none is told by
chance."""
SAME_DAYS = 10
"""Days between a fall and the rise of a load that are one event."""
WITHIN = (0.5, 1.5)
"""Parts of a fall that the rise of a metered load is at least and at most."""
CARRY = 7
"""Days whose residuals are taken as one: weather makes neighbours alike."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One plant, day by day; NaN where a figure is missing. Raises UsageError on unlike lengths."""

    name: str
    delivered: Daily
    """(days,) kWh fed into the grid."""
    resource: Daily | None = None
    """(days,) inflow, irradiation or wind energy, any unit; None: by its peers."""
    held_back: Daily | None = None
    """(days,) kWh that dispatch or maintenance took away."""
    kind: str = ""
    """`hydro`, `sun`, `wind`, `thermal`: plants of one kind are each other's peers."""
    place: str = ""
    """Division code of its county; empty where unknown."""

    def __post_init__(self) -> None:
        """Hold the lengths against each other."""
        for other in (self.resource, self.held_back):
            if other is not None and other.shape != self.delivered.shape:
                raise UsageError(f"plant {self.name}: {other.size} days beside {self.delivered.size}")


@dataclass(frozen=True, slots=True)
class Load:
    """One load that the network or a meter tells of, (days,) kW; NaN before it was seen counts as nothing."""

    name: str
    kw: Daily
    place: str = ""
    """Division code of its county; empty where unknown. A private line leads to the same or to an unknown
    one."""
    within: tuple[float, float] = WITHIN
    """Least and most that its rise may be, as a part of the fall that it answers."""


@dataclass(frozen=True, slots=True)
class Fall:
    """One plant that delivers less."""

    plant: str
    day: date
    kw: float
    """Mean of what is missing since."""
    low: float
    high: float
    part: float
    """Of the usual delivery."""
    signal: float
    """Standard errors."""
    by: str
    """What told the usual delivery: `resource` or `peers`."""
    load: str | None
    """That appeared at the time, by about as much (`Load.within`)."""
    load_kw: float | None

    @property
    def suspected(self) -> bool:
        """Whether a load answers the fall: without one it is a fall to be explained."""
        return self.load is not None


def watch(plants: Sequence[Plant], loads: Sequence[Load], first: date) -> list[Fall]:
    """Return the falls, the surest first; all series begin on `first` and have the same days.

    Raises UsageError where they do not.
    """
    lengths = {one.delivered.size for one in plants} | {one.kw.size for one in loads}
    if len(lengths) > 1:
        raise UsageError(f"series of {', '.join(map(str, sorted(lengths)))} days: not of the same days")
    found = []
    for i, plant in enumerate(plants):
        if plant.delivered.size < LEARN_DAYS + LEAST_DAYS:
            continue
        by, resource = "resource", plant.resource
        if resource is None:
            by, resource = "peers", _peers(plants, i)
        if resource is not None and (fall := _fall(plant, resource, by, loads, first)) is not None:
            found.append(fall)
    return sorted(found, key=lambda fall: (not fall.suspected, -fall.signal))


def _possible(plant: Plant) -> Daily:
    """Return (days,) what the plant could have delivered, dispatch aside."""
    return plant.delivered if plant.held_back is None else plant.delivered + np.nan_to_num(plant.held_back)


def _peers(plants: Sequence[Plant], own: int) -> Daily | None:
    """Return (days,) the median of the peers' delivery beside their own mean while learned; None below
    three."""
    others = [
        _possible(one)
        for i, one in enumerate(plants)
        if i != own and one.kind == plants[own].kind and np.isfinite(one.delivered[:LEARN_DAYS]).any()
    ]
    if len(others) < 3:
        return None
    scaled = np.array([one / max(float(np.nanmean(one[:LEARN_DAYS])), 1e-9) for one in others])
    known = np.isfinite(scaled).any(axis=0)
    made = np.full(scaled.shape[1], np.nan)
    made[known] = np.nanmedian(scaled[:, known], axis=0)
    return made


def _fall(plant: Plant, resource: Daily, by: str, loads: Sequence[Load], first: date) -> Fall | None:
    possible = _possible(plant)
    usual = _usual(possible, resource)
    if usual is None:
        return None
    missing = usual - possible
    ok = np.isfinite(missing)
    learned = ok.copy()
    learned[LEARN_DAYS:] = False
    scale = float(np.mean(usual[ok]))
    spread = max(float(np.std(missing[learned])), 0.01 * scale)
    best: tuple[float, int, float] | None = None
    total = np.where(ok, missing, 0)
    for day in range(LEARN_DAYS, missing.size - LEAST_DAYS + 1):
        after, before = ok[day:], ok[LEARN_DAYS // 2 : day]
        if after.sum() < LEAST_DAYS or before.sum() < LEAST_DAYS:
            continue
        level = float(total[day:].sum() / after.sum())
        earlier = float(total[LEARN_DAYS // 2 : day].sum() / before.sum())
        error = spread * np.sqrt(CARRY) * np.sqrt(1 / after.sum() + 1 / before.sum())
        signal = (level - max(earlier, 0.0)) / error
        if best is None or signal > best[0]:
            best = (float(signal), day, level)
    if best is None or best[0] < SIGNAL or best[2] < LEAST_FALL * scale:
        return None
    signal, day, level = best
    error = level / signal
    kw, low, high = level / 24, (level - 2 * error) / 24, (level + 2 * error) / 24
    near = [one for one in loads if not one.place or not plant.place or one.place == plant.place]
    load = _appearing(near, day, kw)
    name, rise = load if load is not None else (None, None)
    return Fall(plant.name, first + timedelta(days=day), kw, low, high, level / scale, signal, by, name, rise)


def _usual(possible: Daily, resource: Daily) -> Daily | None:
    """Return (days,) the delivery that the resource lets expect, by what was delivered at the like of it at
    first.

    The curve of a plant bends (a turbine is full), so it is the median of delivery by fifths of the
    resource, with straight lines between; what lies beyond the fifths seen is taken for the highest, since
    a plant that was never seen to deliver more need not be able to. None where the first days tell too
    little.
    """
    ok = np.isfinite(possible) & np.isfinite(resource)
    learned = np.flatnonzero(ok[:LEARN_DAYS])
    if learned.size < LEARN_DAYS // 2:
        return None
    order = learned[np.argsort(resource[learned], kind="stable")]
    parts = np.array_split(order, 5)
    at = np.array([0.0, *(float(resource[part].mean()) for part in parts)])
    level = np.array([0.0, *(float(np.median(possible[part])) for part in parts)])
    at = np.maximum.accumulate(at + np.arange(at.size) * 1e-9)
    made = np.interp(np.where(ok, resource, 0.0), at, level)
    return np.where(ok, made, np.nan)


def _appearing(loads: Sequence[Load], day: int, kw: float) -> tuple[str, float] | None:
    """Return the load whose lasting rise about `day` is nearest to `kw`, of those within their bounds."""
    best: tuple[float, str, float] | None = None
    for load in loads:
        series = np.nan_to_num(load.kw)
        for at in range(max(1, day - SAME_DAYS), min(series.size - 1, day + SAME_DAYS) + 1):
            rise = float(series[at : at + 14].mean() - series[max(0, at - 14) : at].mean())
            if not load.within[0] * kw <= rise <= load.within[1] * kw:
                continue
            off = abs(np.log(rise / kw)) + 0.05 * abs(at - day)
            if best is None or off < best[0]:
                best = (float(off), load.name, rise)
    return None if best is None else (best[1], best[2])
