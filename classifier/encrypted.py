"""Sealed dependencies over time: what each window says of them, together with what earlier ones said.

A dependency is all that a client has with one service. Its clock is weighed anew in each window, because
jobs are new each time: windows add up, each as a betting score (Vovk and Wang 2021) that loses where nothing
is followed, so that many windows are not many chances. Its shape is the same shape again, so windows only
make one mean. Both fade: after a day half is left.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from classifier.clocks import Clock
from classifier.encrypted_clock import Tested, follow, nats_of
from classifier.encrypted_flows import Dependency, Pair, Rows, dependencies
from classifier.encrypted_rate import rate_of
from classifier.encrypted_sample import missing
from classifier.encrypted_unread import unread_clocks
from classifier.hashrate_sealed import SealedRate
from classifier.poolclock import Match
from facts.endpoint import Address, Endpoint
from facts.instant import NS
from facts.where import Where

HALF_LIFE_NS = 86_400 * NS
"""After which what a window said counts half."""
KEPT = 3.0
"""Nats of clock or shape from which a dependency is remembered."""
LIMIT = 65_536
"""Dependencies that are remembered."""
NEAR = 5.0
"""Nats below suspicion from which on what likely miners are told can make up for it: the weight of its
kind."""
BET = 0.8
"""Part of a window's nats that adds to those before; its price is ln(1 - BET), which a window without a match
pays too: (1 - k) p^-k has a mean of one under chance."""
MOST = 40.0
"""Nats that a clock can gather: a pool that is left is forgotten within days."""
LIKELY_NATS = 2.1972
"""Log-odds of 0.9, the least score of `likely`."""
MEASURES = 3
"""Measures of the shape that a sentence names."""


class Reason(Protocol):
    """One measure that speaks for or against mining: classifier/shape.py has it."""

    @property
    def name(self) -> str:
        """Which measure."""

    @property
    def value(self) -> float:
        """As measured; NaN where it could not be."""

    @property
    def usual(self) -> float:
        """Median of honest traffic."""

    @property
    def weight(self) -> float:
        """Nats; above 0 speaks for mining."""


class Scores(Protocol):
    """What the shape model says of candidates, by dependency: classifier/shape.py has it."""

    @property
    def dependency(self) -> Rows:
        """(n,) number of each flow's dependency."""

    @property
    def together(self) -> Rows:
        """(dependencies,) log-odds of mining, without the prior."""

    @property
    def distance(self) -> Rows:
        """(dependencies,) beyond 1 it is unlike all that the model knows."""

    def reasons(self, dependency: int) -> Sequence[Reason]:
        """Return what speaks most of a dependency."""


Shape = Callable[[Rows, Rows], Scores]
"""Scores candidates by their shape. It is handed in, because its loops are compiled elsewhere and loading
them takes time that a run without candidates need not spend."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one dependency."""

    client: Address
    server: Endpoint
    first_ns: int
    last_ns: int
    """Of all windows."""
    begun_ns: int
    """When the latest window began for it."""
    windows: int
    clock: float
    """Nats; as they stood at the end of the latest window."""
    shape: float
    """Nats, likewise."""
    tested: bool
    """Whether there were clocks to test in the latest window."""
    match: Match | None
    """Of the window in which it followed a clock best."""
    measures: tuple[tuple[str, float, float], ...]
    """Name, value and usual value of the measures that speak most for its shape."""
    unlike: float
    """How far its shape is from all that the model knows; beyond 1 it is trusted less."""
    sample: float
    """Share of packets that are missing, where what is seen is but a sample: then its shape counts nothing;
    else 0."""
    connections: int
    packets: int
    lost: int
    """Of the latest window, as in Dependency."""
    named_other: bool
    rate: SealedRate | None
    where: Where

    @property
    def minutes(self) -> int:
        """Length of the latest window as far as it was in it, at least 1."""
        return max(1, round((self.last_ns - self.begun_ns) / (60 * NS)))


@dataclass(frozen=True, slots=True)
class Company:
    """What other clients of its service say of a dependency."""

    clients: int
    """How many of them are likely to mine."""
    nats: float
    """Log-odds that they add."""


ALONE = Company(0, 0.0)


class Rhythms:
    """The memory of sealed dependencies."""

    def __init__(self, dropped: Counter[str], odds: Callable[[Standing], float]) -> None:
        """`odds` are the log-odds of mining that a dependency has by itself, prior included."""
        self._dropped = dropped
        self._odds = odds
        self._standing: dict[Pair, Standing] = {}
        self._earlier: dict[Pair, Standing] = {}

    def remember(self, known: Iterable[Standing]) -> None:
        """Take what earlier runs knew, older than all that is heard from now on: it counts for a dependency
        that is heard again, and else says nothing."""
        for one in known:
            if len(self._earlier) >= LIMIT:
                self._dropped["rhythms-beyond-limit"] += 1
                return
            self._earlier[one.client, one.server] = one

    def hear(
        self,
        flows: Rows,
        packets: Rows,
        sources: Sequence[str],
        clocks: Sequence[Clock],
        readable: Callable[[Pair], bool],
        shape: Shape | None,
    ) -> None:
        """Judge a window's candidates: (n,) FLOW and (m,) PACKET by flow then time."""
        found = dependencies(flows, packets, sources, readable)
        if not found:
            return
        scores = shape(flows, packets) if shape is not None else None
        tests = follow(found, clocks)
        gone = missing(flows, packets)
        samples = [float(gone[list(one.rows)].max()) for one in found]
        if refused := sum(sample > 0 for sample in samples):
            self._dropped["shapes-of-samples"] += refused
        news = [_standing(*each, scores) for each in zip(found, tests, samples, strict=True)]
        self._hold_against_likely(found, tests, news)
        for one, new in zip(found, news, strict=True):
            match = new.match
            pair = one.client, one.server
            old = self._standing.get(pair) or self._earlier.pop(pair, None)
            if old is not None:
                self._keep(merged(old, new))
            elif max(new.clock, new.shape) >= KEPT:
                rate = rate_of(one, match, flows, packets) if not new.sample else None
                self._keep(new if rate is None else replace(new, rate=rate))

    def standings(self) -> list[Standing]:
        """Return what is known of all that was heard and is worth remembering."""
        return list(self._standing.values())

    def _hold_against_likely(
        self, found: Sequence[Dependency], tests: Sequence[Tested], news: list[Standing]
    ) -> None:
        """Hold what is not suspected yet, though not far from it, against what likely miners are told;
        changes `news` in place where that says more."""
        odds = [self._odds(one) for one in news]
        clocks = unread_clocks(one for one, nats in zip(found, odds, strict=True) if nats >= LIKELY_NATS)
        doubtful = [place for place, nats in enumerate(odds) if -NEAR <= nats < 0]
        if not clocks or not doubtful:
            return
        again = follow([found[place] for place in doubtful], clocks)
        for place, tested in zip(doubtful, again, strict=True):
            both = tests[place].clocks + tested.clocks
            match = tested.match
            if match is None or (p_value := match.p_value * both / tested.clocks) >= 1:
                continue
            match = replace(match, p_value=p_value)
            new = replace(news[place], clock=nats_of(match), match=match, tested=True)
            if self._odds(new) > odds[place]:
                news[place] = new

    def _keep(self, one: Standing) -> None:
        pair = one.client, one.server
        if pair not in self._standing and len(self._standing) >= LIMIT:
            self._dropped["rhythms-beyond-limit"] += 1
            return
        self._standing[pair] = one


def _standing(one: Dependency, tested: Tested, sample: float, scores: Scores | None) -> Standing:
    shape, unlike = 0.0, 0.0
    measures: tuple[tuple[str, float, float], ...] = ()
    if scores is not None:
        place = int(scores.dependency[one.rows[0]])
        shape, unlike = float(scores.together[place]), float(scores.distance[place])
        if shape >= KEPT:
            spoken = [reason for reason in scores.reasons(place) if reason.weight > 0]
            measures = tuple((reason.name, reason.value, reason.usual) for reason in spoken[:MEASURES])
    return Standing(
        client=one.client,
        server=one.server,
        first_ns=one.first_ns,
        last_ns=one.last_ns,
        begun_ns=one.first_ns,
        windows=1,
        clock=tested.nats,
        shape=shape,
        match=tested.match,
        tested=tested.clocks > 0,
        measures=measures,
        unlike=unlike,
        sample=sample,
        connections=len(one.rows),
        packets=one.packets,
        lost=one.lost,
        named_other=one.named_other,
        rate=None,
        where=one.where,
    )


def merged(old: Standing, new: Standing) -> Standing:
    """Return what two windows of one dependency say together; one may hold several windows already.

    Windows that overlap, of workers that share an interface, are one: the better clock and shape count. The
    shape of a window of which a sample was seen does not enter that of a whole one.
    """
    if new.last_ns < old.last_ns:
        old, new = new, old
    aside = new.begun_ns < old.last_ns
    left = 0.5 ** (max(0, new.last_ns - old.last_ns) / HALF_LIFE_NS)
    if aside:
        clock, shape = max(old.clock, new.clock), max(old.shape, new.shape)
    else:
        before = left * old.clock
        gathered = before + math.log(1 - BET) + BET * new.clock if new.tested else before
        clock = min(MOST, max(0.0, new.clock, gathered))
        weight = left * old.windows
        shape = (new.shape * new.windows + old.shape * weight) / (new.windows + weight)
    better = new if nats_of(new.match) >= nats_of(old.match) else old
    told, shown = (new if new.measures else old), new
    if (old.sample > 0) != (new.sample > 0):
        told = shown = old if new.sample else new
        shape = shown.shape
    return replace(
        new,
        first_ns=min(old.first_ns, new.first_ns),
        begun_ns=min(old.begun_ns, new.begun_ns) if aside else new.begun_ns,
        windows=max(old.windows, new.windows) if aside else old.windows + new.windows,
        clock=clock,
        shape=shape,
        match=better.match,
        measures=told.measures,
        unlike=shown.unlike,
        sample=shown.sample,
        connections=old.connections + new.connections if aside else new.connections,
        packets=old.packets + new.packets if aside else new.packets,
        lost=old.lost + new.lost if aside else new.lost,
        named_other=old.named_other or new.named_other,
        rate=new.rate or old.rate,
    )
