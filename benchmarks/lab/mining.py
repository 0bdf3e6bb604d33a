"""The miners of a network: pools, rigs, their connections, and what all of them say."""

from dataclasses import dataclass
from random import Random

import numpy as np

from benchmarks.lab.batch import Batch, Labels, Scene, carried
from benchmarks.lab.carriers.table import ENCRYPTED
from benchmarks.lab.chains import COINS, blocks
from benchmarks.lab.columns import SEND, Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.players.rigs import make_rig
from benchmarks.lab.players.session import Span, Spoken, play
from benchmarks.lab.players.table import DIALECTS
from benchmarks.lab.pools import LEAD, Pool, make_pool

PORTS = (443, 3333, 5555, 14433, 9000, 8443, 20535, 700, 3443, 10343)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a miner."""

    pool: Pool
    carrier: str
    kind: str
    client: int
    start: float
    stop: float
    near: float
    far: float
    spoken: list[Spoken]


def pools(count: int, scene: Scene, epoch: int, draw: Draw, dialects: tuple[str, ...] | None) -> list[Pool]:
    """Draw the pools of a network; pools of one coin hear of the same blocks."""
    coins = [coin for coin in COINS if coin.dialect in (dialects or DIALECTS)]
    found: dict[tuple[str, float], Array] = {}
    made = []
    for number, coin in enumerate(draw.weighted(coins, [coin.weight for coin in coins], count)):
        key = (coin.ticker, coin.interval)
        if key not in found:
            found[key] = (
                blocks(draw.rng, coin.interval, -LEAD, scene.seconds) if coin.interval >= 2 else np.empty(0)
            )
        made.append(
            make_pool(
                f"{scene.tag}/{number}-{coin.ticker.lower()}", coin, found[key], scene.seconds, epoch, draw
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of the miners that do so."""

    multiplexed: float = 0.12
    """Proxies: many machines over one connection."""
    old: float = 0.7
    """Connected before the capture began."""
    reconnects: float = 0.15
    duty: float = 0.1
    """Work in spells: in the hours of cheap current, or while nobody looks."""
    donation: float = 0.15
    """Lend their machines to the program's author for a while, over a connection of its own."""


def connections(
    pool: Pool, others: list[Pool], carrier: str, client: int, seconds: float, habits: Habits, draw: Draw
) -> list[Connection]:
    """Return what one miner says to its pool, and what it says to another that it donates to."""
    rng = draw.rng
    machines = int(np.exp(rng.uniform(np.log(2), np.log(200)))) if draw.chance(habits.multiplexed) else 1
    rig = make_rig(pool, machines, draw)
    near = float(np.exp(rng.normal(np.log(0.004), 0.8)))
    far = draw.one("line.far", 0.003, 0.15, log=True)
    jitter = draw.one("line.jitter", 0.0002, 0.01, log=True)
    if draw.chance(0.1):
        jitter = draw.one("line.unrest", 0.1, 2.5, log=True)
    idle: tuple[tuple[float, float], ...] = ()
    gift = None
    friends = [other for other in others if other.coin.algorithm == pool.coin.algorithm]
    if draw.chance(habits.donation) and friends and seconds > 240:
        begin = float(rng.uniform(20, seconds - 130))
        gift = (begin, begin + float(rng.uniform(60, 110)))
        idle = (gift,)
    rand = Random(int(rng.integers(2**62)))
    made = []
    for start, stop in _spans(seconds, habits, draw):
        span = Span(start, min(stop, seconds), near, far, jitter, idle)
        spoken = play(rand, pool, rig, span)
        made.append(Connection(pool, carrier, "miner", client, start, stop, near, far, spoken))
    if gift is not None:
        friend = friends[int(rng.integers(len(friends)))]
        span = Span(*gift, near, far * 1.2, jitter)
        spoken = play(rand, friend, make_rig(friend, 1, draw), span)
        made.append(Connection(friend, carrier, "donation", client, *gift, near, far * 1.2, spoken))
    return made


def _spans(seconds: float, habits: Habits, draw: Draw) -> list[tuple[float, float]]:
    """Return when a miner is connected, s."""
    rng = draw.rng
    start = (
        -float(rng.exponential(20_000)) - 60
        if draw.chance(habits.old)
        else float(rng.uniform(0, 0.5 * seconds))
    )
    end = (
        seconds + 3_600
        if draw.chance(0.9)
        else float(rng.uniform(max(start, 0) + 0.4 * seconds, 1.2 * seconds))
    )
    if draw.chance(habits.duty):
        on, off = draw.one("duty.on", 100, 600), draw.one("duty.off", 30, 300)
        at = -float(rng.uniform(0, on))
        spans = []
        while at < seconds:
            spans.append((at, at + on * float(rng.uniform(0.8, 1.2))))
            at = spans[-1][1] + off * float(rng.uniform(0.8, 1.2))
        return [span for span in spans if span[1] > 5]
    if draw.chance(habits.reconnects):
        cut = float(rng.uniform(max(start, 0) + 30, max(min(end, seconds) - 30, max(start, 0) + 31)))
        return [(start, cut), (cut + float(rng.exponential(4)) + 0.5, end)]
    return [(start, end)]


def miners(
    served: list[Pool], count: int, tunnel: str | None, plain: float, scene: Scene, habits: Habits, draw: Draw
) -> list[Batch]:
    """Return `count` miners, each at one of the pools; a part `plain` of them hides nothing.

    `tunnel`: the carrier of all others, else a mix.
    """
    made: list[Connection] = []
    mixed = draw.weighted(list(ENCRYPTED), list(ENCRYPTED.values()), count)
    for number in range(count):
        pool = served[int(draw.rng.integers(len(served)))]
        hidden = tunnel or ("noise" if pool.coin.dialect == "stratum-v2" else mixed[number])
        carrier = "plain" if number < round(plain * count) else hidden
        client = int(draw.rng.integers(scene.hosts))
        made += connections(pool, served, carrier, client, scene.seconds, habits, draw)
    return batches(made, scene, draw)


def batches(made: list[Connection], scene: Scene, draw: Draw) -> list[Batch]:
    """Return all connections on the wire, one batch a carrier."""
    return [
        _batch([one for one in made if one.carrier == carrier], carrier, scene, draw)
        for carrier in sorted({one.carrier for one in made})
    ]


def _batch(made: list[Connection], carrier: str, scene: Scene, draw: Draw) -> Batch:
    names = sorted({one.pool.name for one in made})
    make = np.array([names.index(one.pool.name) for one in made])
    starts, stops, nears, fars = (
        np.array([getattr(one, name) for one in made]) for name in ("start", "stop", "near", "far")
    )
    lines = Lines(starts, stops, nears, fars, make, len(names), scene.seconds)
    count = sum(len(one.spoken) for one in made)
    rows, texts = np.zeros(count, SEND), []
    place = 0
    for flow, one in enumerate(made):
        part = rows[place : place + len(one.spoken)]
        part["flow"] = flow
        part["at"] = [at for at, _, _ in one.spoken]
        part["way"] = [way for _, way, _ in one.spoken]
        part["size"] = [len(text) for _, _, text in one.spoken]
        part["text"] = np.arange(place, place + len(one.spoken))
        texts += [text for _, _, text in one.spoken]
        place += len(one.spoken)
    offers = draw.rng.choice(PORTS, len(names))
    labels = Labels(
        mines=True,
        kind=[one.kind for one in made],
        dialect=[one.pool.coin.dialect for one in made],
        coin=[one.pool.coin.ticker for one in made],
        pool=[one.pool.name for one in made],
        implementation=[one.pool.name for one in made],
    )
    clients = np.array([one.client for one in made])
    return carried(draw, lines, rows, texts, carrier, scene, labels, offers[make], clients)
