"""Fleets whose machines, hashrate and power are known, as networks that the product can read.

    fleet(7, arrangement="proxy", machines=120, loss=0.02)

gives a network in clear text with nothing but the fleet in it; write it with `capture_file.write_capture` and
read it with `minescope replay`, or take `talks`, the messages themselves.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np

from benchmarks.lab import mining
from benchmarks.lab.batch import Scene
from benchmarks.lab.carriers.vantage import Vantage
from benchmarks.lab.chains import COINS, blocks
from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.machines import Machine, make_machines
from benchmarks.lab.networks import Network, assembled
from benchmarks.lab.players.btcagent import play_agent
from benchmarks.lab.players.dialect import Rig
from benchmarks.lab.players.session import Span, play
from benchmarks.lab.players.style import miner_style
from benchmarks.lab.pools import LEAD, Pool, make_pool

Arrangement = Literal["direct", "nat", "proxy", "renaming", "agent"]
"""Each machine from an address of its own; all behind one address; over one connection under their names;
under one name; through BTCAgent."""

START_NS = 1_750_000_000 * 10**9


@dataclass(frozen=True, slots=True)
class Fleet:
    """One fleet and what is true of it."""

    machines: tuple[Machine, ...]
    arrangement: Arrangement
    pool: Pool
    talks: tuple[mining.Connection, ...]
    network: Network
    overhead: float
    """What the site takes beside its machines: PUE."""

    @property
    def hashrate(self) -> float:
        """H/s of all machines; they have one algorithm."""
        return sum(machine.hashrate for machine in self.machines)

    @property
    def watts(self) -> float:
        """W of all machines, the site's overhead left out."""
        return sum(machine.watts for machine in self.machines)


def fleet(
    seed: int,
    arrangement: Arrangement = "direct",
    machines: int = 10,
    ticker: str = "BTC",
    minutes: float = 15,
    loss: float = 0.0,
    capture_loss: float = 0.0,
    split: Split = "train",
    models: int = 2,
    old: bool = False,
    carrier: str = "plain",
    start_ns: int = START_NS,
) -> Fleet:
    """Make a fleet that mines one coin at one pool all the while.

    `loss`: mean share that the path loses; `capture_loss`: what the probe misses; `old`: connected before the
    capture began, so that it holds no greeting; `carrier`: how the talk travels (a key of CARRIERS). Raises
    ValueError for a coin that the lab has no machine for, or BTCAgent for another dialect than Bitcoin's.
    """
    draw, seconds = Draw([seed, machines], split), minutes * 60.0
    coin = next((coin for coin in COINS if coin.ticker == ticker and coin.dialect != "stratum-v2"), None)
    if coin is None:
        raise ValueError(f"no pool of {ticker}")
    if arrangement == "agent" and coin.dialect != "stratum-bitcoin":
        raise ValueError(f"BTCAgent does not speak {coin.dialect}")
    built = tuple(make_machines(coin.algorithm, machines, draw, models))
    found = blocks(draw.rng, coin.interval, -LEAD, seconds)
    pool = make_pool(f"fleet{seed}", coin, found, seconds, start_ns // 10**9, draw.child("pool"))
    talks = tuple(_talks(pool, arrangement, built, seconds, old, carrier, draw.child("talks")))
    scene = Scene(f"fleet{seed}", seconds, machines, loss)
    batches = mining.batches(list(talks), scene, draw.child("wire"))
    vantage = Vantage(loss=capture_loss)
    network = assembled(batches, (pool,), split, start_ns, seconds, vantage, draw.child("capture"))
    return Fleet(built, arrangement, pool, talks, network, float(draw.rng.uniform(1.02, 1.15)))


def _talks(
    pool: Pool,
    arrangement: Arrangement,
    machines: tuple[Machine, ...],
    seconds: float,
    old: bool,
    carrier: str,
    draw: Draw,
) -> list[mining.Connection]:
    rng = draw.rng
    rand = Random(int(rng.integers(2**62)))
    near, far = 0.002, draw.one("line.far", 0.005, 0.1, log=True)
    style, account = miner_style(draw), f"farm{int(rng.integers(10**6))}"
    groups = (
        [list(machines)] if arrangement in {"proxy", "renaming", "agent"} else [[one] for one in machines]
    )
    made = []
    for number, group in enumerate(groups):
        start = -3_600.0 if old else float(rng.uniform(0.5, 3.0))
        span = Span(start, seconds, near, far, 0.001)
        named = arrangement != "renaming"
        workers = tuple(f"m{number + turn}" for turn in range(len(group))) if named else ("farm",)
        speed = float(np.sum([machine.hashrate for machine in group]))
        rig = Rig(account, workers, group[0].agent, speed, style, False, "pool.example")
        if arrangement == "agent":
            spoken = play_agent(rand, pool, rig, group, span)
        else:
            spoken = play(rand, pool, rig, span)
        client = number if arrangement == "direct" else 0
        made.append(mining.Connection(pool, carrier, "miner", client, start, seconds + 60, near, far, spoken))
    return made
