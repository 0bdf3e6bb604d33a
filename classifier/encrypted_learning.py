"""Learning clocks while a run is read: when pools told of work in clear, and when nodes told of blocks.

Jobs are kept by the service that gave them. The first job of a connection answers its client and is no
instant of the pool; a job that is given out again is none either. Where several clients are heard, what only
one of them was told is its own (a new difficulty, a refresh by its own clock), unless it voids older work.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.clocks import SAME_NS, SAME_QUICK_NS, Clock, Times, Told, clock_of
from classifier.distinct import distinct
from classifier.poolclock import MIN_INSTANTS
from facts.endpoint import Address, Endpoint
from protocols.events import NodeBlock, Work

SERVICES = 1_024
"""Services and coins whose jobs are kept."""
ROWS = 8_192
"""Jobs kept of one service, the latest: 90 kB; three days of a job every 30 s to one client."""
CLIENTS = 4_096
"""Connections of one service that are told apart."""
BLOCKS = 8_192
"""Blocks kept of one coin, by hash."""
COINS = 256
WITNESSES = 3
"""Clients heard from which on an instant needs two of them."""
AGREE = 0.7
"""Part of the instants that two servers of one pool must share to be one clock."""
MOSTLY = 0.5
"""Part of the jobs of a pool that new blocks make from which on its clock is that of the coin's blocks, which
explorers and wallets follow as well."""
NEW_BLOCKS = ", new blocks"
"""Ends the name of the clock that holds only a pool's jobs that void older work."""

Connection = tuple[Address, int, int]
"""The client's address and port, and the tunnel."""


class _Service:
    """Jobs of one service for one coin, as its clients got them."""

    __slots__ = ("at_ns", "clean", "client", "jobs", "numbers")

    def __init__(self) -> None:
        self.at_ns = array("q")
        self.client = array("H")
        self.clean = bytearray()
        self.numbers: dict[Connection, int] = {}
        self.jobs: dict[int, tuple[str | None, int | None]] = {}
        """Of each client: the number and the height of its last job."""

    def add(self, client: Connection, event: Work, at_ns: int, first: bool) -> bool:
        """Keep a job; False where there is no room for another client."""
        number = self.numbers.get(client)
        if number is None:
            if len(self.numbers) >= CLIENTS:
                return False
            number = self.numbers[client] = len(self.numbers)
        job, height = self.jobs.get(number, (None, None))
        self.jobs[number] = event.job_id, event.height
        if first or (event.job_id is not None and job == event.job_id):
            return True
        if len(self.at_ns) >= ROWS:
            half = ROWS // 2
            del self.at_ns[:half], self.client[:half], self.clean[:half]
        self.at_ns.append(at_ns)
        self.client.append(number)
        higher = height is not None and event.height is not None and event.height > height
        self.clean.append(event.clean is True or higher)
        return True


class _Named(NamedTuple):
    name: str
    server: Endpoint
    clock: Clock


class Learner:
    """Takes jobs and blocks as they are read; bounded, and what is beyond the bounds is counted."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._services: dict[tuple[Endpoint, str], _Service] = {}
        self._blocks: dict[str, dict[str, int]] = {}

    def work(self, pool: Endpoint, client: Connection, event: Work, at_ns: int, first: bool) -> None:
        """Take a job that `pool` gave a client; `first`: the connection's first one."""
        key = pool, event.coin or ""
        service = self._services.get(key)
        if service is None:
            if len(self._services) >= SERVICES:
                self._dropped["clocks-beyond-limit"] += 1
                return
            service = self._services[key] = _Service()
        if not service.add(client, event, at_ns, first):
            self._dropped["clocks-beyond-limit"] += 1

    def block(self, event: NodeBlock, at_ns: int) -> None:
        """Take a block that a node told of unasked: the first that is heard of it is its instant."""
        if event.asked or len(event.coins) != 1:
            return
        blocks = self._blocks.get(event.coins[0])
        if blocks is None:
            if len(self._blocks) >= COINS:
                self._dropped["clocks-beyond-limit"] += 1
                return
            blocks = self._blocks[event.coins[0]] = {}
        known = blocks.get(event.block)
        blocks[event.block] = at_ns if known is None else min(known, at_ns)
        if len(blocks) > BLOCKS:
            del blocks[next(iter(blocks))]

    def clocks(
        self, proved: Callable[[Endpoint], bool], operator: Callable[[Endpoint, int], str | None]
    ) -> list[Clock]:
        """Return the clocks learned so far, in the order of names.

        `proved` says whether a service has shown itself to be a pool, `operator` who runs the one that
        stood at an address then; without a name a clock goes by its server.
        """
        found = []
        for (server, coin), service in self._services.items():
            if not service.at_ns or not proved(server):
                continue
            name = operator(server, service.at_ns[-1]) or str(server)
            instants, clean = _instants(service)
            if len(instants) >= MIN_INSTANTS:
                told: Told = "jobs" if len(clean) < MOSTLY * len(instants) else "blocks"
                found.append(_Named(name, server, clock_of(name, coin or None, told, instants)))
            if MIN_INSTANTS <= len(clean) < MOSTLY * len(instants):
                own = name + NEW_BLOCKS
                found.append(_Named(own, server, clock_of(own, coin or None, "blocks", clean)))
        clocks = _pooled(found)
        for coin, blocks in self._blocks.items():
            at_ns = np.fromiter(blocks.values(), np.int64)
            if len(at_ns) >= MIN_INSTANTS:
                clocks.append(clock_of(coin, coin, "blocks", at_ns))
        return sorted(clocks, key=lambda clock: (clock.name, clock.coin or "", clock.told))


def _instants(service: _Service) -> tuple[Times, Times]:
    """Return the instants at which a service told its clients of work, and those that voided older work."""
    at_ns = np.frombuffer(service.at_ns, np.int64).copy()
    order = np.argsort(at_ns, kind="stable")
    at_ns = at_ns[order]
    client = np.frombuffer(service.client, np.uint16)[order].astype(np.int64)
    clean = np.frombuffer(bytes(service.clean), np.uint8)[order] > 0
    if len(distinct(client)) < WITNESSES:
        return at_ns, at_ns[clean]
    quick = len(at_ns) > 1 and float(np.median(np.diff(distinct(at_ns)))) < SAME_QUICK_NS
    group = groups(at_ns, SAME_QUICK_NS if quick else SAME_NS)
    votes = np.bincount(distinct(group * CLIENTS + client) // CLIENTS)
    voids = np.bincount(group[clean], minlength=len(votes)) > 0
    begins = np.searchsorted(group, np.arange(len(votes)))
    shared = (votes >= 2) | voids
    return at_ns[begins[shared]], at_ns[begins[voids]]


def groups(at_ns: Times, apart: int) -> NDArray[np.int64]:
    """Return the number of the instant that each of ascending times belongs to."""
    numbers, number, begun = [], -1, None
    for time in at_ns.tolist():
        if begun is None or time - begun >= apart:
            number, begun = number + 1, time
        numbers.append(number)
    return np.asarray(numbers, np.int64)


def _pooled(found: Iterable[_Named]) -> list[Clock]:
    """Make one clock of the servers of a pool that tell their work together; others keep their server."""
    same: dict[tuple[str, str | None], list[_Named]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.name, str(one.server))):
        same[one.name, one.clock.coin].append(one)
    clocks = []
    for (name, coin), group in same.items():
        apart: list[Clock] = []
        for one in group:
            place = next((n for n, other in enumerate(apart) if agree(one.clock.at_ns, other.at_ns)), None)
            if place is None:
                own = name if not apart else f"{name} ({one.server})"
                apart.append(Clock(own, coin, one.clock.told, one.clock.at_ns))
            else:
                both = np.concatenate([apart[place].at_ns, one.clock.at_ns])
                apart[place] = clock_of(apart[place].name, coin, apart[place].told, both)
        clocks += apart
    return clocks


def agree(one: Times, other: Times) -> bool:
    """Say whether two clocks are the same one in the time that both were heard."""
    first, last = max(one[0], other[0]) - SAME_NS, min(one[-1], other[-1]) + SAME_NS
    few, many = sorted(
        (times[(times >= first) & (times <= last)] for times in (one, other)), key=lambda times: len(times)
    )
    if len(few) < MIN_INSTANTS:
        return False
    after = np.searchsorted(many, few).clip(0, len(many) - 1)
    before = (after - 1).clip(0)
    near = np.minimum(np.abs(many[after] - few), np.abs(few - many[before])) <= SAME_NS
    return bool(near.mean() >= AGREE and len(few) >= AGREE * len(many))
