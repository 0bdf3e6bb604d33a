"""What the network shows of drawn halls: farms in clear and sealed, data centres that serve, halls that
train."""

from ipaddress import IPv4Address

import numpy as np

from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.loads import KINDS, Loads
from facts.site import NetworkSide
from facts.verdict import Power

KNOWN = 0.85
"""Part of the halls whose lines a probe sees."""
FARMS = frozenset({"farm", "farm_curtailed", "farm_throttled", "farm_night", "graphics"})


def network_sides(seed: int, split: Split, made: Loads) -> list[tuple[NetworkSide | None, float | None]]:
    """Return per account its network's side (None where no probe sees it) and a reported PUE (None
    mostly)."""
    draw = Draw([seed, 5], split)
    kw = np.nanmean(made.curves.kw, axis=(1, 2))
    return [
        _one(draw, KINDS[kind], float(mean), made.curves.days)
        for kind, mean in zip(made.kind, kw, strict=True)
    ]


def _one(draw: Draw, kind: str, mean: float, days: int) -> tuple[NetworkSide | None, float | None]:
    rng = draw.rng
    farm = kind in FARMS
    reports = rng.random() < (0.03 if farm else 0.2)
    pue = None
    if reports:
        pue = draw.one("net.pue.farm", 1.02, 1.2) if farm else draw.one("net.pue", 1.1, 1.55)
    if rng.random() > KNOWN:
        return None, pue
    hours = days * 24
    kwh = mean * hours
    power, share, clients = None, 0.0, 0
    if farm:
        mining_bytes = kwh * draw.one("net.farm.bytes", 8e3, 4e5, log=True)
        others = mining_bytes * draw.one(
            "net.farm.other", 0.01, 100, log=True
        )  # videos of those who work there
        seen = rng.random()
        visible = (
            1.0 if seen < 0.5 else rng.random() if seen < 0.75 else 0.0
        )  # the rest is sealed and not found
        share = visible * mining_bytes / (mining_bytes + others)
        if visible:
            value = mean * visible * float(np.exp(rng.normal(-0.06, 0.12)))
            power = Power(value, value * 0.8, value * 1.25)
        total = mining_bytes + others
        clients = int(rng.poisson(1.5)) if rng.random() < 0.8 else int(rng.poisson(25))
    else:
        density = {
            "data_centre": (5e7, 5e10),
            "ai_hall": (3e5, 2e9),
            "telecom": (1e9, 5e11),
        }[kind]
        total = kwh * draw.one(f"net.{kind}.bytes", *density, log=True)
        most = {"data_centre": 3e4, "ai_hall": 800, "telecom": 1e5}[kind]
        clients = int(draw.one(f"net.{kind}.clients", 1, most, log=True))
        if rng.random() < 0.04:  # somebody inside mines on a few machines
            inside = kwh * draw.one("net.insider", 0.002, 0.08, log=True)
            value = inside / hours
            power = Power(value, value * 0.7, value * 1.4)
            share = min(inside * 4e4 / total, 0.5)
    side = NetworkSide(
        address=IPv4Address("198.51.100.1"),
        first_ns=0,
        last_ns=hours * 3_600 * 10**9,
        flows=int(1 + total / 1e5),
        bytes=int(total),
        sent=int(total * rng.uniform(0.2, 0.8)),
        peers=clients + int(rng.integers(2, 40)),
        clients=clients,
        mining_share=share,
        mix=(),
        bytes_per_kwh=(total / kwh, total / kwh, total / kwh),
        machines=None,
        power=power,
        evidence=(),
    )
    return side, pue
