"""Pools: each is an implementation of its own, and tells all its clients of work at the same instants."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.lab.chains import Coin
from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw
from benchmarks.lab.players.style import Style, pool_style

JOB = np.dtype([("at", "<f8"), ("clean", "?"), ("entries", "<i4")])
"""When the pool sends work, s of true time; whether older work is void; entries of the merkle branch."""

LEAD = 600.0
"""Seconds before the capture from which on a pool's jobs are known."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One service of one pool."""

    name: str
    coin: Coin
    style: Style
    jobs: Array
    """(n,) JOB: what all clients are told."""
    own_refresh: float
    """Seconds after which a client that got no work gets some on its own clock; 0 where there is none."""
    fan_out: float
    """Mean delay until the pool's loop over its clients has come to one, s."""
    reply: float
    """Median time that it takes to check a share, s."""
    gap: float
    """Seconds between a client's shares that vardiff strives for."""
    retarget: float
    """Seconds between looks at a client's difficulty; 0 where difficulty is fixed."""
    rejects: float
    """Share of shares that are refused though not stale."""
    epoch: int
    """Unix time of the capture's start."""
    powers: bool
    """Difficulties are powers of two; else whole numbers, and fractions below 16."""
    batch: int
    """Shares that one answer acknowledges at most (Stratum V2)."""


def settled(difficulty: float, powers: bool) -> float:
    """Return the difficulty nearest to a wanted one that a pool gives out."""
    if powers:
        return 2.0 ** round(math.log2(difficulty))
    return float(round(difficulty)) if difficulty >= 16 else float(f"{difficulty:.4g}")


def make_pool(name: str, coin: Coin, found: Array, seconds: float, epoch: int, draw: Draw) -> Pool:
    """Draw a pool of a coin whose blocks are found at `found` (s, the whole world's)."""
    rng = draw.rng
    own = draw.chance(0.15) and coin.interval >= 10
    refresh = draw.one("pool.refresh", 20, 60) if not own else 0.0
    return Pool(
        name=name,
        coin=coin,
        style=pool_style(coin, draw),
        jobs=_jobs(coin, found, refresh, seconds, draw),
        own_refresh=draw.one("pool.own_refresh", 25, 65) if own else 0.0,
        fan_out=draw.one("pool.slow", 0.15, 1.5, log=True)
        if draw.chance(0.2)
        else draw.one("pool.fan_out", 0.002, 0.12, log=True),
        reply=draw.one("pool.reply", 0.0005, 0.05, log=True),
        gap=draw.one("pool.gap", 4, 40, log=True),
        retarget=0.0 if draw.chance(0.2) else draw.one("pool.retarget", 30, 120),
        rejects=draw.one("pool.rejects", 0.0005, 0.02, log=True),
        epoch=epoch,
        powers=draw.chance(0.3),
        batch=int(rng.integers(1, 5)) if coin.dialect == "stratum-v2" else 1,
    )


def _jobs(coin: Coin, found: Array, refresh: float, seconds: float, draw: Draw) -> Array:
    """Return when all are told: at blocks as the pool's node hears of them, and in between."""
    rng = draw.rng
    if coin.interval < 2:  # a bridge asks its node for the newest template
        step = draw.one("pool.poll", 0.25, 1.5)
        at = np.arange(-LEAD, seconds, step) + rng.normal(0, 0.01, int(np.ceil((seconds + LEAD) / step)))
        at = at[rng.random(len(at)) < 0.97]
        jobs = np.zeros(len(at), JOB)
        jobs["at"], jobs["clean"] = np.sort(at), False
        return jobs
    heard = np.sort(found + rng.exponential(draw.one("pool.hears", 0.1, 1.5, log=True), len(found)))
    rows = [(at, True, 0) for at in heard]
    entries = draw.number("pool.entries", 6, 14)
    if coin.dialect == "stratum-bitcoin" and draw.chance(0.4):  # an empty block at first, a full one soon
        soon = draw.one("pool.full_after", 0.4, 6)
        rows += [(at + soon + rng.exponential(0.2), False, entries) for at in heard]
    else:
        rows = [(at, True, entries) for at, _, _ in rows]
    if refresh:
        rows += _refreshes(heard, refresh, seconds, entries, draw)
    jobs = np.array(rows, JOB) if rows else np.empty(0, JOB)
    return jobs[np.argsort(jobs["at"])]


def _refreshes(
    heard: Array, refresh: float, seconds: float, entries: int, draw: Draw
) -> list[tuple[float, bool, int]]:
    """Return work between blocks: on a grid, or so long after the last, with the pool's own unrest."""
    rng, rows = draw.rng, []
    grid = draw.chance(0.5)
    unrest = draw.one("pool.unrest", 0.01, 3.0, log=True)
    at = -LEAD + rng.random() * refresh
    while at < seconds:
        after = heard[(heard > at) & (heard < at + refresh)]
        if len(after) and not grid:
            at = float(after[-1])
            at += refresh + abs(rng.normal(0, unrest))
            continue
        rows.append((at + abs(rng.normal(0, unrest)), False, max(0, entries + int(rng.integers(-1, 2)))))
        at += refresh
    return rows
