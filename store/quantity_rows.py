"""How much a verdict says, as one JSON value and back: hashrates, machines, power, names of rigs.

Rows of before machines were counted hold a list of (algorithm, value, low, high) in its place.
"""

from typing import Any

from facts.verdict import Hashrate, Machines, Pace, Power, Verdict


def to_json(verdict: Verdict) -> Any:
    """Return a value that JSON can write."""
    machines, power = verdict.machines, verdict.power
    return {
        "rates": [
            [
                *(h.algorithm, h.value, h.low, h.high, h.shares, h.rejected, h.stale, h.reported),
                *(h.coverage, h.mined_ns),
                [_row(pace) for pace in h.series],
            ]
            for h in verdict.hashrate
        ],
        "machines": machines
        and [machines.value, machines.low, machines.high, machines.exact, machines.basis],
        "power": power and [power.value, power.low, power.high, power.overhead, power.models],
        "rigs": verdict.rigs,
    }


def from_json(value: Any) -> dict[str, Any]:
    """Return the fields of a verdict that `to_json` wrote."""
    if isinstance(value, list):
        return {"hashrate": tuple(Hashrate(*each) for each in value)}
    machines, power = value["machines"], value["power"]
    if power is not None:
        figure, low, high, overhead, models = power
        power = Power(figure, low, high, tuple(overhead), tuple((name, part) for name, part in models))
    return {
        "hashrate": tuple(map(_rate, value["rates"])),
        "machines": machines and Machines(*machines),
        "power": power,
        "rigs": tuple(value["rigs"]),
    }


def _row(pace: Pace) -> list[Any]:
    return [
        *(pace.worker, pace.start_ns, pace.seconds, pace.shares, pace.rejected, pace.stale),
        *(pace.value, pace.low, pace.high),
    ]


def _rate(row: list[Any]) -> Hashrate:
    *fields, series = row
    made: Any = Hashrate
    rate: Hashrate = made(*fields, tuple(Pace(*pace) for pace in series))
    return rate
