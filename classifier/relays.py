"""Relays among a run's conversations: shares that enter a service leave another address a moment later."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from classifier.ownership_model import Kind, Tie
from classifier.talk import Talk
from facts.endpoint import Address, Endpoint

KEPT = 64
"""Shares of a conversation whose times are kept, the earliest."""
MOST_SERVICES = 48
"""Services, and likewise ways out, that are compared with each other: the busiest."""


class ShareTimes:
    """When shares of a conversation were submitted: the earliest ones, in whatever order they are told."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times = array("q")

    def add(self, at_ns: int) -> None:
        """Keep a time if it is among the earliest."""
        times = self._times
        if len(times) >= 2 * KEPT:
            times = self._times = array("q", self.earliest())
        times.append(at_ns)

    def earliest(self) -> list[int]:
        """Return the kept times, sorted."""
        return sorted(self._times)[:KEPT]


def relay_ties(
    shares: dict[Talk, ShareTimes], parties: Callable[[Talk], Iterable[str]], public: Callable[[Talk], bool]
) -> Iterator[Tie]:
    """Yield ties of those who enter a service and of who leaves for it elsewhere.

    `parties` tells the parties of a conversation, `public` whether its service is a listed pool.
    """
    entered: dict[Endpoint, list[Talk]] = defaultdict(list)
    for talk in shares:
        if not public(talk):
            entered[talk.pool].append(talk)
    if not entered or len(shares) < 2:
        return
    earliest = {talk: times.earliest() for talk, times in shares.items()}
    leaving = sorted(shares, key=lambda talk: (-len(earliest[talk]), _key(talk)))[:MOST_SERVICES]
    busiest = sorted(entered.items(), key=lambda pair: (-len(pair[1]), str(pair[0])))[:MOST_SERVICES]
    import numpy as np

    from classifier.ownership_timing import CONFIRMED, meet, relay_odds

    for service, talks in busiest:
        inside: set[Address] = {talk.miner for talk in talks} | {service.address}
        entering = sorted(at_ns for talk in talks for at_ns in earliest[talk])
        for out in leaving:
            times = earliest[out]
            if not meet(entering, times) or out.miner in inside or out.pool == service:
                continue
            if relay_odds(np.array(entering, np.int64), np.array(times, np.int64))[0] < CONFIRMED:
                continue
            name = f"{service} > {out.miner}"
            for talk in (*talks, out):
                where = talk.opening().where
                for party in parties(talk):
                    yield Tie(
                        talk.miner,
                        party,
                        Kind.RELAY,
                        name,
                        talk.first_ns,
                        talk.last_ns,
                        len(earliest[talk]),
                        where,
                    )


def _key(talk: Talk) -> str:
    return f"{talk.miner} {talk.pool} {talk.family}"
