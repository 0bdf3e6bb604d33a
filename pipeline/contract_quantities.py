"""The output contract of how much: hashrates, machines, kilowatts and kilowatt-hours as JSON-ready values."""

from typing import Any

from facts.instant import rfc3339
from facts.verdict import Hashrate, Verdict

Json = dict[str, Any]

HOURS = {"day": 24, "month": 720}
"""Hours of a day and of a month of thirty."""
DIGITS = 6
"""Significant digits of what is derived from an estimate."""


def quantities_json(verdict: Verdict) -> Json:
    """Return the keys of a `verdict` object that say how much."""
    machines, power = verdict.machines, verdict.power
    return {
        "hashrate": [_hashrate(rate) for rate in verdict.hashrate],
        "rigs": list(verdict.rigs),
        "machines": machines
        and {
            "value": machines.value,
            "low": machines.low,
            "high": machines.high,
            "exact": machines.exact,
            "basis": machines.basis,
        },
        "power_kw": power
        and {
            **_range(power.value, power.low, power.high, 1),
            "overhead": list(power.overhead),
            "models": [{"name": name, "probability": part} for name, part in power.models],
        },
        "energy_kwh": power
        and {name: _range(power.value, power.low, power.high, hours) for name, hours in HOURS.items()},
    }


def _range(value: float, low: float, high: float, times: int) -> Json:
    return {
        name: float(f"{number * times:.{DIGITS}g}")
        for name, number in (("value", value), ("low", low), ("high", high))
    }


def _hashrate(rate: Hashrate) -> Json:
    return {
        "algorithm": rate.algorithm,
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "unit": "H/s",
        "shares": rate.shares,
        "rejected": rate.rejected,
        "stale": rate.stale,
        "reported": rate.reported,
        "coverage": rate.coverage,
        "seconds": round(rate.mined_ns / 1e9, 6),
        "series": [
            {
                "worker": pace.worker,
                "start": rfc3339(pace.start_ns),
                "seconds": round(pace.seconds, 6),
                "shares": pace.shares,
                "rejected": pace.rejected,
                "stale": pace.stale,
                "value": float(f"{pace.value:.{DIGITS}g}"),
                "low": float(f"{pace.low:.{DIGITS}g}"),
                "high": float(f"{pace.high:.{DIGITS}g}"),
            }
            for pace in rate.series
        ],
    }
