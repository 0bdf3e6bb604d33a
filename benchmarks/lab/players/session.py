"""One mining connection from its opening to its end: who says what, and when it passes the capture.

Shares come at random at the rate that hashrate and difficulty give; work comes at the pool's instants. All
times are those at which the capture sees the message, s.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.lab.players.dialect import Dialect, Rig
from benchmarks.lab.players.table import DIALECTS
from benchmarks.lab.pools import Pool, settled

Spoken = tuple[float, int, bytes]

FASTEST = 6.0
"""Shares a second above which no pool lets a connection be: it would be given a higher difficulty at once."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where and when a connection lies; s."""

    start: float
    stop: float
    near: float
    """One way from the miner to the capture."""
    far: float
    """One way from the capture to the pool."""
    jitter: float
    """Mean of what each message takes longer."""
    idle: tuple[tuple[float, float], ...] = ()
    """Spells without shares: the machines work for somebody else or rest."""
    begin: float = 0.0
    """What is said before is of no interest: the capture has not begun."""


def play(rand: Random, pool: Pool, rig: Rig, span: Span) -> list[Spoken]:
    """Return what passes the capture, in order of time: (s, way, message)."""
    talk = _Talk(rand, pool, rig, span)
    talk.open()
    talk.work()
    talk.mine()
    talk.keep_alive()
    talk.chat()
    return talk.told()


class _Talk:
    """The parts of a connection, each said for itself; `told` puts them in order and into words."""

    def __init__(self, rand: Random, pool: Pool, rig: Rig, span: Span) -> None:
        self.rand, self.pool, self.rig, self.span = rand, pool, rig, span
        self.dialect: Dialect = DIALECTS[pool.coin.dialect](rand, pool, rig)
        self.plans: list[tuple[float, int, str, Any]] = []
        self.spoken: list[Spoken] = []
        self.cleans: list[float] = []
        self.settle(pool.gap * rand.lognormvariate(0, 0.8 if pool.retarget else 0.5))
        self.since = span.start

    def late(self) -> float:
        return self.rand.expovariate(1 / self.span.jitter) if self.span.jitter else 0.0

    def round_trip(self) -> float:
        """Return how long after a request its answer passes."""
        return 2 * self.span.far + self.pool.reply * self.rand.lognormvariate(0, 0.5) + self.late()

    def settle(self, gap: float) -> None:
        """Let the pool set the difficulty for a share in about `gap` s; `gap` follows from what it sets."""
        unit, speed = self.pool.coin.unit, self.rig.hashrate
        self.difficulty = settled(max(gap, 1 / FASTEST) * speed / unit, self.pool.powers)
        self.gap = self.difficulty * unit / speed

    def open(self) -> None:
        """Say the opening, turn by turn."""
        span, at = self.span, self.span.start
        before = 0
        for turn in self.dialect.hello(self.difficulty):
            way = turn[0][0]
            if way != before:
                at += self.round_trip() if way else 2 * span.near + self.rand.expovariate(200)
            for order, (_, message) in enumerate(turn):
                self.spoken.append((at + order * 2e-5, way, message))
            before = way
        self.since = at

    def work(self) -> None:
        """Plan the pool's work: what all are told, and what this client alone is told."""
        span, pool = self.span, self.pool
        jobs = pool.jobs[
            (pool.jobs["at"] > max(self.since, span.begin) - span.far) & (pool.jobs["at"] < span.stop)
        ]
        for at, clean, entries in jobs.tolist():
            seen = at + self.rand.expovariate(1 / pool.fan_out) + span.far + self.late()
            self.plans.append((seen, 1, "job", (clean, entries)))
            if clean:
                self.cleans.append(seen + span.near)
        if pool.own_refresh:
            self._own_refresh()

    def _own_refresh(self) -> None:
        last, every = max(self.since, self.span.begin - self.pool.own_refresh), self.pool.own_refresh
        for at in [*sorted(plan[0] for plan in self.plans), self.span.stop]:
            while last + every < at:
                last += every
                self.plans.append((last + self.late(), 1, "job", (False, 10)))
            last = max(last, at)

    def mine(self) -> None:
        """Plan shares and their answers, and what vardiff says between them."""
        span, pool, rand = self.span, self.pool, self.rand
        at, looked, counted = self.since, self.since, 0
        if self.since < span.begin:  # an old connection: vardiff has found its difficulty
            self.settle(pool.gap * rand.lognormvariate(0, 0.25))
            self.dialect.agreed(self.difficulty)
            at = looked = span.begin
        waiting, gap = 0, self.gap
        due: list[tuple[float, float]] = []  # from when on shares come in another gap
        while True:
            at += rand.expovariate(1 / gap)
            if pool.retarget and at - looked > pool.retarget and at < span.stop:
                found = (at - looked) / max(counted, 0.5)
                if not 0.6 < found / pool.gap < 1.7 or rand.random() < 0.02:
                    self.settle(self.gap * min(max(pool.gap / found, 0.25), 4.0))
                    told = looked + pool.retarget + self.late()
                    self.plans.append((told, 1, "retarget", self.difficulty))
                    due.append((self._in_force(told), self.gap))
                looked, counted = at, 0
            while due and at > due[0][0]:  # what was left of the wait goes on at the new pace
                begun, new = due.pop(0)
                at, gap = begun + (at - begun) * new / gap, new
            if at >= span.stop:
                break
            if any(begin <= at < end for begin, end in span.idle):
                continue
            counted += 1
            waiting += 1
            self.plans.append((at, 0, "share", None))
            error = self._error(at)
            if waiting >= pool.batch or error or rand.random() < 0.3:
                self.plans.append((at + self.round_trip(), 1, "verdict", (error, waiting)))
                waiting = 0

    def _in_force(self, told: float) -> float:
        """Return from when on shares are worth what the pool set: from its next work on, s."""
        if self.dialect.at_once:
            return told
        return min((plan[0] for plan in self.plans if plan[2] == "job" and plan[0] > told), default=told)

    def _error(self, at: float) -> str | None:
        """Return why the pool refuses a share sent at a time: work is void before the miner knows of it."""
        crossing = 2 * self.span.far + self.span.near + self.pool.fan_out
        if any(clean - crossing < at < clean for clean in self.cleans):
            return "stale"
        return "low" if self.rand.random() < self.pool.rejects else None

    def keep_alive(self) -> None:
        """Plan signs of life after silence of the miner."""
        if not self.dialect.silence:
            return
        said = sorted(plan[0] for plan in self.plans if plan[1] == 0)
        last = max(self.since, self.span.begin - self.dialect.silence * self.rand.random())
        for at in [*said, self.span.stop]:
            while at - last > self.dialect.silence:
                last += self.dialect.silence + self.rand.random()
                self.plans.append((last, 0, "alive", self.round_trip()))
            last = max(at, last)

    def chat(self) -> None:
        """Plan what chatty miners say."""
        if not self.dialect.chatter or not self.rig.chatty:
            return
        at = max(self.since, self.span.begin) + self.rand.random() * self.dialect.chatter
        while at < self.span.stop:
            self.plans.append((at, 0, "chat", self.round_trip()))
            at += self.dialect.chatter * (1 + self.rand.gauss(0, 0.002))

    def told(self) -> list[Spoken]:
        """Put the plans into words in the order of their times; leave out what nobody sees."""
        span, dialect, spoken = self.span, self.dialect, self.spoken
        pending: list[int] = []  # ids of shares without an answer
        for at, way, what, detail in sorted(self.plans, key=lambda plan: plan[:3]):
            if at < span.begin or at >= span.stop:
                continue
            dialect.now = at
            match what, detail:
                case "job", (clean, entries):
                    spoken.append((at, way, dialect.job(clean, entries)))
                case "share", _:
                    spoken.append((at, way, dialect.share()))
                    pending.append(dialect.id)
                case "verdict", (error, shares):
                    dialect.asked = ([dialect.id, *pending[:shares]])[-1]
                    del pending[:shares]
                    spoken.append((at, way, dialect.verdict(error, shares)))
                    dialect.asked = None
                case "retarget", difficulty:
                    messages = dialect.retarget(difficulty)
                    spoken += [(at + 2e-5 * order, way, text) for order, text in enumerate(messages)]
                case (("alive" | "chat"), trip):
                    exchange = dialect.alive() if what == "alive" else dialect.chat()
                    spoken += [(at + (trip if side else 0.0), side, text) for side, text in exchange]
        return sorted(
            (entry for entry in spoken if span.begin <= entry[0] < span.stop), key=lambda entry: entry[0]
        )
