"""Mining farm or data centre: one decision a site from both sides, what its network says and what its meter
says.

Each witness is one number whose weight was fitted on drawn sites (`python -m benchmarks.sites fit`); the
sum is the log-odds for a farm, and every part of it is shown. A witness that is missing says nothing.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from facts.site import NetworkSide
from supervision.power.features import NAMES, Matrix
from supervision.power.words import Language

WITNESSES = (
    "bytes_per_kwh",  # log10 of the bytes for each kWh
    "mining_share",  # logit-like: log10 of the share of bytes that is mining, -4 for none
    "clients",  # log10(1 + who open connections to it)
    "machine_share",  # estimated kW of mining machines / metered kW, up to 1.2
    "pue",  # metered / equipment, where the site reports it or has a meter of its own for the equipment
    "noise_on",  # log10, of the load curve (power/features.py)
    "profile",  # log10, swing of the mean day
    "hot_slope",  # rise for each degree above 18
    "weather_share",
    "load_factor",
    "edges",  # log10(0.01 + switched a day)
    "step_equal",
    "heat_dip",
    "outage_excess",
)
UNDECIDED = 0.1, 0.9
"""Probabilities of a farm between which the site is undecided."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One witness."""

    witness: str
    value: float
    log_odds: float
    """Nats; above 0 for a farm, below for a data centre."""

    def text(self, lang: Language = "en") -> str:
        """Return the sentence."""
        row = _table()["words"][self.witness]
        value = 10**self.value if row.get("power") else self.value * float(row.get("times", 1))
        return str(row[lang]).format(value=f"{value:,.3g}")


@dataclass(frozen=True, slots=True)
class SiteKind:
    """One decision."""

    kind: str
    """`mining_farm`, `data_centre` or `undecided`."""
    log_odds: float
    """For a farm, even odds before."""
    probability: float
    reasons: tuple[Reason, ...]
    """Heaviest first."""

    def text(self, lang: Language = "en") -> str:
        """Return the words of the kind."""
        return str(_table()["kinds"][self.kind][lang])


def witnesses(
    side: NetworkSide | None,
    features: Matrix | None,
    metered_kw: float | None = None,
    pue: float | None = None,
) -> NDArray[np.float64]:
    """Return (len(WITNESSES),) float64, NaN where nothing is known.

    `features` is one row of power/features.py over the same time; `metered_kw` the mean load.
    """
    made = dict.fromkeys(WITNESSES, math.nan)
    if side is not None:
        if side.bytes_per_kwh is not None and side.bytes_per_kwh[0] > 0:
            made["bytes_per_kwh"] = math.log10(side.bytes_per_kwh[0])
        made["mining_share"] = math.log10(max(side.mining_share, 1e-4))
        made["clients"] = math.log10(1 + side.clients)
        if metered_kw is not None and metered_kw > 0:
            drawn = side.power.value if side.power is not None else 0.0
            made["machine_share"] = min(drawn / metered_kw, 1.2)
    if pue is not None and math.isfinite(pue):
        made["pue"] = min(max(pue, 1.0), 2.5)
    if features is not None:
        for name in WITNESSES:
            if name in NAMES:
                made[name] = float(features[NAMES.index(name)])
        for name, least in (("noise_on", 1e-4), ("profile", 1e-3), ("edges", 0.01)):
            made[name] = math.log10(max(made[name], 0.0) + least) if math.isfinite(made[name]) else math.nan
    return np.array([made[name] for name in WITNESSES])


def decide(values: NDArray[np.float64]) -> SiteKind:
    """Weigh the witnesses of one site, (len(WITNESSES),)."""
    parts = log_odds_parts(values[None, :])[0]
    total = float(parts.sum())
    chance = 1 / (1 + math.exp(-min(max(total, -700.0), 700.0)))
    order = np.argsort(-np.abs(parts), kind="stable")
    told = tuple(
        Reason(WITNESSES[i], float(values[i]), float(parts[i])) for i in order if math.isfinite(values[i])
    )
    low, high = UNDECIDED
    kind = "mining_farm" if chance >= high else "data_centre" if chance <= low else "undecided"
    if not told:
        kind = "undecided"
    return SiteKind(kind, total, chance, told)


def log_odds_parts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, witnesses) what each adds; values (n, witnesses) with NaN, which add nothing."""
    weights = _weights()
    out = np.empty(values.shape)
    for i, name in enumerate(WITNESSES):
        row = weights[name]
        column = values[:, i]
        at = np.interp(column, row["at"], row["nats"])
        out[:, i] = np.where(np.isfinite(column), at, 0.0)
    return out


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(files("supervision").joinpath("site_kind.toml").read_text(encoding="utf-8"))


@cache
def _weights() -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Return per witness the knots (`at`, ascending) and the nats there, straight lines between."""
    return tomllib.loads(files("supervision").joinpath("site_kind_weights.toml").read_text(encoding="utf-8"))
