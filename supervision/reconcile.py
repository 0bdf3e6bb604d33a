"""Kilowatts that the network tells of held against those that the meter counted, a site and hour.

A verdict of theft is never given on levels alone: that less is metered than the network tells may as well
be an address that stands elsewhere. It takes a meter that follows the machines in part, energy that the
feeder lost, or a plant that delivers less; without any of it the verdict is a wrong attribution, to be
looked into first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from facts.errors import UsageError
from supervision.reconcile_shape import Following, Reason, following, residual_shape

Hours = NDArray[np.float64]

LEAST_HOURS = 72
"""Hours with both figures below which nothing is said."""
OVERHEAD = (1.0, 1.15)
"""What a site draws for each kW of its machines: fans, losses and light."""
SLACK = 0.08
"""By how much levels may pass the bounds: nameplates hold to 5 %, meters to 2 %."""
THEFT_BELOW = 0.75
"""Part of the least possible load below which a meter that follows is suspected to be led around."""
FOLLOWS_ALL = 0.6
"""Part of the least possible change that a meter makes which feeds all machines: without work they still
idle."""
ALIKE, ALIKE_APART = 0.6, 0.15
"""Part of the changes that two series explain of each other from which they are one, and by how much more
than the second."""
STOPPED = 0.8
"""Part of their load that machines give up without work."""
TOO_LOW_HOURS = 0.03
"""Part of the hours with less metered than the machines need, from which they are not behind this meter."""
FOLLOWS = 0.3
"""Part of the network's changes from which a meter is taken to follow them."""


class Finding(StrEnum):
    """What the two figures say together."""

    AGREE = "agree"
    HIDDEN = "hidden_machines"
    OTHER = "other_load"
    WRONG = "wrong_attribution"
    THEFT = "private_line_or_theft"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SiteHours:
    """One site over some weeks, hour by hour; NaN where a figure is missing. Raises UsageError on unlike
    lengths."""

    site: str
    network: Hours
    """(hours,) kW of the machines that the network shows; 0 where they stood still."""
    low: Hours
    """(hours,) lower bound of it."""
    high: Hours
    """(hours,) upper bound."""
    metered: Hours
    """(hours,) kW at the site's accounts together."""
    unaccounted: Hours | None = None
    """(hours,) kW that the feeder's check meter has beyond the sum of its meters and the usual losses."""
    plant_fall: float | None = None
    """kW by which a plant near by delivers less without a reason (power/private_line.py)."""
    sealed: int | None = None
    """Encrypted conversations of the site's addresses that are suspected of mining."""
    bytes_per_kwh: float | None = None
    """Traffic that is not mining, for each kWh beyond the network's figure."""
    hour_of_first: int = 0
    """Local hour of the week of the first hour, Monday 0 h is 0."""
    hashrate: float | None = None
    """H/s of the machines that the network shows, one algorithm, mean over the same hours."""

    def __post_init__(self) -> None:
        """Hold the lengths against each other."""
        for name in ("low", "high", "metered", "unaccounted"):
            other = getattr(self, name)
            if other is not None and other.shape != self.network.shape:
                raise UsageError(f"site {self.site}: {name} has {other.shape}, network {self.network.shape}")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One site's finding."""

    site: str
    finding: Finding
    hours: int
    """With both figures."""
    network_kw: tuple[float, float, float]
    """Mean, low, high."""
    metered_kw: float
    ratio: float
    """Metered / network."""
    follows: Following
    joules_per_th: tuple[float, float, float] | None
    """By the metered energy that follows the machines: value, low, high, in joules for 10^12 hashes."""
    inside: NDArray[np.int8]
    """(hours,) 0 within the bounds, 1 metered above, -1 below, -2 unknown."""
    reasons: tuple[Reason, ...] = field(default=())
    better_site: str | None = None
    """Whose meter follows these machines instead."""


def reconcile(site: SiteHours) -> Reconciled:
    """Judge one site."""
    both = np.isfinite(site.network) & np.isfinite(site.metered)
    least, most = site.low * OVERHEAD[0] * (1 - SLACK), site.high * OVERHEAD[1] * (1 + SLACK)
    above, below = site.metered > most, site.metered < least
    inside = np.where(both, np.where(above, 1, np.where(below, -1, 0)), -2).astype(np.int8)
    hours = int(both.sum())
    if hours < LEAST_HOURS:
        nothing = (float("nan"),) * 3
        none = Following(float("nan"), float("inf"), 0)
        few = Reason("few_hours", (("hours", float(hours)),))
        return Reconciled(
            site.site, Finding.UNKNOWN, hours, nothing, float("nan"), float("nan"), none, None, inside, (few,)
        )
    level = [float(one[both].mean()) for one in (site.network, site.low, site.high)]
    metered = float(site.metered[both].mean())
    if level[0] <= 0:
        return _idle(site, hours, metered, inside)
    follows = following(site.network, site.metered)
    made = Reconciled(
        site.site,
        Finding.AGREE,
        hours,
        (level[0], level[1], level[2]),
        metered,
        metered / level[0],
        follows,
        _joules(site, level, metered, follows),
        inside,
    )
    return _judged(site, made)


def _idle(site: SiteHours, hours: int, metered: float, inside: NDArray[np.int8]) -> Reconciled:
    none = Following(float("nan"), float("inf"), 0)
    reason = (Reason("network_shows_nothing"),)
    found = Finding.OTHER if metered > 0 else Finding.AGREE
    return Reconciled(
        site.site, found, hours, (0.0, 0.0, 0.0), metered, float("inf"), none, None, inside, reason
    )


def _judged(site: SiteHours, made: Reconciled) -> Reconciled:
    value, low, high = made.network_kw
    least, most = low * OVERHEAD[0] * (1 - SLACK), high * OVERHEAD[1] * (1 + SLACK)
    follows = made.follows
    shown = (("metered", made.metered_kw), ("low", low), ("high", high))
    if follows.known and follows.most < FOLLOWS:
        told = Reason("meter_does_not_follow", (("part", follows.part), ("changes", float(follows.changes))))
        return _elsewhere(site, made, (told, *_level(made, least, most)), gone=value)
    too_low = float((made.inside == -1).sum()) / made.hours
    if (
        made.metered_kw >= least
        and too_low > TOO_LOW_HOURS
        and not (follows.known and follows.least > FOLLOWS)
    ):
        told = Reason("hours_below", (("percent", 100 * too_low),))
        return _elsewhere(site, made, (told, *_level(made, least, most)), gone=value)
    if made.metered_kw < least:
        short = Reason("metered_below", shown)
        partly = follows.known and follows.least > 0.05
        if partly and (made.metered_kw < least * THEFT_BELOW or follows.most < FOLLOWS_ALL * low / value):
            told = Reason(
                "meter_follows_in_part", (("part", follows.part), ("changes", float(follows.changes)))
            )
            return replace(
                made, finding=Finding.THEFT, reasons=(short, told, *_outside(site, value - made.metered_kw))
            )
        if partly:
            return replace(made, reasons=(short, Reason("estimate_high", (("part", follows.part),))))
        return _elsewhere(site, made, (short,), gone=value - made.metered_kw)
    if made.metered_kw > most:
        return _more(site, made, Reason("metered_above", shown))
    reasons = (Reason("levels_agree", shown),)
    if follows.known:
        both = (("part", follows.part), ("changes", float(follows.changes)))
        return replace(made, reasons=(*reasons, Reason("meter_follows", both)))
    return replace(made, reasons=reasons)


def _level(made: Reconciled, least: float, most: float) -> tuple[Reason, ...]:
    shown = (("metered", made.metered_kw), ("low", made.network_kw[1]), ("high", made.network_kw[2]))
    if made.metered_kw < least:
        return (Reason("metered_below", shown),)
    return (Reason("metered_above", shown),) if made.metered_kw > most else ()


def _elsewhere(site: SiteHours, made: Reconciled, told: tuple[Reason, ...], gone: float) -> Reconciled:
    """Judge a site whose machines are not behind its meter: a line around it, or another site's machines."""
    outside = _outside(site, gone)
    if outside:
        return replace(made, finding=Finding.THEFT, reasons=(*told, *outside))
    return replace(made, finding=Finding.WRONG, reasons=(*told, Reason("look_at_attribution")))


def _outside(site: SiteHours, gone: float) -> tuple[Reason, ...]:
    """Return what tells from elsewhere that `gone` kW are drawn here past the meter."""
    told: list[Reason] = []
    if site.unaccounted is not None and np.isfinite(site.unaccounted).sum() >= LEAST_HOURS:
        lost = float(np.nanmean(site.unaccounted))
        both = following(site.network, site.unaccounted)
        as_much = 0.5 * gone < lost < 2.0 * gone
        if as_much and (both.least > 0.2 if both.known else True):
            told.append(Reason("feeder_loses", (("lost", lost),)))
    if site.plant_fall is not None and 0.5 * gone < site.plant_fall < 2.0 * gone:
        told.append(Reason("plant_delivers_less", (("fall", site.plant_fall),)))
    return tuple(told)


def _more(site: SiteHours, made: Reconciled, told: Reason) -> Reconciled:
    """Judge a site that draws more than the machines that the network shows: more machines, or another
    load."""
    shape = residual_shape(site.network, site.metered, site.hour_of_first)
    score, reasons = shape.like_machines()
    all_follow = made.follows.part / max(made.ratio, 1e-9)
    if made.follows.known and made.follows.error / max(made.ratio, 1e-9) < 0.2:
        # what stops together with the machines that are seen is machines, too; of another load the part that
        # follows is 1 / ratio, so the middle between both is its root
        score += float(
            np.clip(7.0 * np.log(max(all_follow, 0.02) * np.sqrt(made.ratio) / STOPPED), -7.0, 7.0)
        )
        reasons = (*reasons, Reason("load_follows", (("percent", 100 * min(max(all_follow, 0.0), 1.0)),)))
    else:
        reasons = (*reasons, Reason("attribution_unproven"))
    if site.sealed is not None:
        score += 2.5 if site.sealed > 0 else -0.5
        if site.sealed:
            reasons = (*reasons, Reason("sealed_conversations", (("count", float(site.sealed)),)))
    if site.bytes_per_kwh is not None:
        dense = float(np.log10(max(site.bytes_per_kwh, 1.0)))
        score += float(np.clip(7.0 - dense, -2.5, 1.0))
        reasons = (*reasons, Reason("bytes_beyond", (("megabytes", site.bytes_per_kwh / 1e6),)))
    finding = Finding.HIDDEN if score > 0 else Finding.OTHER
    return replace(made, finding=finding, reasons=(told, *reasons))


def _joules(
    site: SiteHours, level: Sequence[float], metered: float, follows: Following
) -> tuple[float, float, float] | None:
    """Return J/TH by what the meter counted for the machines: all of it, or the part that follows where
    known."""
    if site.hashrate is None or site.hashrate <= 0:
        return None
    th = site.hashrate / 1e12
    if follows.known and follows.error < 0.15:
        parts = (follows.part, follows.least, follows.most)
        value, low, high = (max(part, 0.0) * level[0] * 1e3 / th for part in parts)
        return value, min(low, metered * 1e3 / th), max(high, value)
    joules = metered * 1e3 / th
    return joules, joules / (OVERHEAD[1] * (1 + SLACK)), joules


def band_alarm(joules: tuple[float, float, float] | None, band: tuple[float, float]) -> Reason | None:
    """Return an alarm where the implied joules for 10^12 hashes cannot be those of any machine known then.

    `band` least and most of the machines known (joules at the wall), both widened by the caller's tolerance.
    """
    if joules is None:
        return None
    value, low, high = joules
    if high < band[0]:
        return Reason("joules_too_few", (("value", value), ("least", band[0])))
    if low > band[1]:
        return Reason("joules_too_many", (("value", value), ("most", band[1])))
    return None


def place_wrong(sites: Sequence[SiteHours], found: Sequence[Reconciled]) -> list[Reconciled]:
    """Look for the meter that does follow, among all sites over the same hours, for each wrong attribution.

    Pools' outages move the meters of all who use them, so both ways are asked: the meter must explain the
    network's changes, and the network the meter's. A site is named where it does both clearly better than
    the second.
    """
    made = list(found)
    for i, one in enumerate(found):
        if one.finding is not Finding.WRONG:
            continue
        tried = sorted(
            (
                (_alike(sites[i].network, other.metered), other.site)
                for j, other in enumerate(sites)
                if j != i
            ),
            reverse=True,
        )
        if tried and tried[0][0] > ALIKE and (len(tried) == 1 or tried[1][0] < tried[0][0] - ALIKE_APART):
            named = Reason(
                "other_meter_follows", (("site", tried[0][1]), ("percent", 100 * min(tried[0][0], 1.0)))
            )
            made[i] = replace(one, better_site=tried[0][1], reasons=(*one.reasons, named))
    return made


def _alike(network: Hours, metered: Hours) -> float:
    """Return the part of the changes that each explains of the other, 0 where it cannot be told."""
    there = following(network, metered)
    if not there.known or not 0.4 < there.part < 1.7:
        return 0.0
    back = following(metered, network)
    return there.part * back.part if back.known and back.part > 0 else 0.0
