"""Whether a meter follows the machines that the network shows, and what the rest of its load looks like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hours = NDArray[np.float64]
LEAST_CHANGE = 0.15
"""Part of the 95th percentile from which a change of the network's figure is a change of machines."""
KNOWN = 0.2
"""Error of the followed part up to which it is known."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a finding: its kind (reconcile.toml) and its figures."""

    kind: str
    figures: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Following:
    """Which part of the network's changes the meter makes, too."""

    part: float
    """Metered change / network's change; 1 for a meter that feeds exactly these machines."""
    error: float
    """Standard error; infinite where there was nothing to follow."""
    changes: int

    @property
    def known(self) -> bool:
        """Whether it can be told."""
        return self.changes >= 2 and self.error < KNOWN

    @property
    def least(self) -> float:
        """Two errors below."""
        return self.part - 2 * self.error

    @property
    def most(self) -> float:
        """Two errors above."""
        return self.part + 2 * self.error


def following(network: Hours, metered: Hours) -> Following:
    """Hold the large changes of one series against those of another, both (hours,) kW with NaN.

    A change is that of the mean of two hours over the gap of one, so that what happens within an hour
    counts whole. What either does at the same hours of most days is taken off first: two loads that are
    switched by the same clock do not follow each other. What is left of the meter in calm hours is the
    error.
    """
    steps, rest = _changes(network), _changes(metered)
    steps, rest = steps - _usual(steps), rest - _usual(rest)
    top = float(np.nanquantile(network, 0.95)) if np.isfinite(network).any() else 0.0
    ok = np.isfinite(steps) & np.isfinite(rest)
    if top <= 0 or not ok.any():
        return Following(float("nan"), float("inf"), 0)
    scatter = 1.4826 * float(np.median(np.abs(steps[ok] - np.median(steps[ok]))))
    large = ok & (np.abs(steps) > max(LEAST_CHANGE * top, 5 * scatter))
    large &= np.abs(steps) >= _near_top(np.where(ok, np.abs(steps), 0))
    power = float((steps[large] ** 2).sum())
    if power <= 0:
        return Following(float("nan"), float("inf"), 0)
    part = float((steps[large] * rest[large]).sum()) / power
    calm = ok & ~_widened(large) & (np.abs(steps) < 0.1 * top)
    if calm.sum() < 24:
        return Following(part, float("inf"), int(large.sum()))
    spread = float(np.sqrt(np.mean(np.clip(rest[calm], *np.quantile(rest[calm], (0.01, 0.99))) ** 2)))
    left = rest[large] - part * steps[large]
    count = int(large.sum())
    of_fit = float(np.sqrt((left**2).sum() / max(count - 1, 1)))
    return Following(part, max(spread, min(of_fit, 3 * spread)) / float(np.sqrt(power)), count)


def _changes(series: Hours) -> Hours:
    """Return (hours,) the mean of hours i+1, i+2 less that of hours i-2, i-1; NaN at the ends."""
    made = np.full(series.size, np.nan)
    if series.size >= 5:
        pair = (series[1:] + series[:-1]) / 2
        made[2:-2] = pair[3:] - pair[:-3]
    return made


def _usual(change: Hours) -> Hours:
    """Return (hours,) the median change at the same hour of the day, over all days but for the outermost."""
    days = change.size // 24
    if days < 3:
        return np.zeros(change.size)
    table = np.full((days + 1, 24), np.nan)
    table.reshape(-1)[: change.size] = change
    known = np.isfinite(table).any(axis=0)
    middle = np.zeros(24)
    middle[known] = np.nanmedian(table[:, known], axis=0)
    return np.tile(middle, days + 1)[: change.size]


def _near_top(size: Hours) -> Hours:
    padded = np.pad(size, 2)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 5).max(axis=1), np.float64)


def _widened(large: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(large, 3)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 7).any(axis=1), np.bool_)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is metered beyond the network's figure."""

    profile: float
    """Swing of the mean day / mean."""
    weekend: float
    """Saturdays and Sundays / other days."""
    noise: float
    """Median change between hours / mean, in hours in which the network's figure stands still."""
    days: float
    """Standard deviation of daily means / mean."""

    def like_machines(self) -> tuple[float, tuple[Reason, ...]]:
        """Return log-odds for machines, and why: a flat residual speaks for them, a day and a week
        against."""
        swing = float(np.clip(2.0 - self.profile / 0.035, -3.5, 1.5))
        week = float(np.clip(0.5 - abs(1 - self.weekend) / 0.04, -2.0, 0.5))
        restless = float(np.clip(1.0 - self.noise / 0.012, -2.5, 0.7))
        level = float(np.clip(0.4 - self.days / 0.15, -1.0, 0.4))
        figures = (("profile", 100 * self.profile), ("weekend", self.weekend), ("noise", 100 * self.noise))
        return swing + week + restless + level, (Reason("rest_of_load", figures),)


def residual_shape(network: Hours, metered: Hours, hour_of_first: int) -> Shape:
    """Describe what is metered beyond the network's figure, (hours,) both.

    The network's noise of single hours is no shape of the load, so its mean of a day is taken off.
    """
    rest = metered - _smooth(network)
    ok = np.isfinite(rest) & (network > 0.7 * np.nanmedian(network))
    hour = (hour_of_first + np.arange(rest.size)) % 168
    mean = max(float(rest[ok].mean()) if ok.any() else 0.0, 1e-6)
    day = np.array(
        [rest[ok & (hour % 24 == h)].mean() if (ok & (hour % 24 == h)).any() else mean for h in range(24)]
    )
    end, work = ok & (hour >= 120), ok & (hour < 120)
    weekend = float(rest[end].mean() / rest[work].mean()) if end.any() and work.any() else 1.0
    change = np.abs(np.diff(metered))
    calm = ok[1:] & ok[:-1]
    noise = float(np.median(change[calm])) / mean if calm.any() else 0.0
    daily = [
        rest[i : i + 24][ok[i : i + 24]].mean()
        for i in range(0, rest.size - 23, 24)
        if ok[i : i + 24].sum() > 12
    ]
    return Shape(
        float(np.quantile(day, 0.95) - np.quantile(day, 0.05)) / mean,
        weekend,
        noise,
        float(np.std(daily)) / mean if daily else 0.0,
    )


def _smooth(series: Hours) -> Hours:
    """Return the running median of 25 hours, NaN left out."""
    padded = np.pad(series, 12, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 25)
    known = np.isfinite(windows).any(axis=1)
    made = np.full(series.size, np.nan)
    made[known] = np.nanmedian(windows[known], axis=1)
    return made
