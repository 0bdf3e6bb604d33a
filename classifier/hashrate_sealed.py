"""Hashrate behind encryption: shares by the rhythm and sizes of messages, times what a share may be worth.

No word is read, so both factors are ranges: how many messages are shares, and the difficulty that the pool
may have set. The interval spans all of it and is wide; the evidence says so.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.hashrate import MIN_SHARES, MIN_SPAN_NS, gamma_quantile
from classifier.kinds import Kind
from facts.endpoint import Address
from facts.evidence import Evidence
from facts.instant import NS
from facts.names import Role
from facts.rhythm import RESENT
from facts.verdict import Hashrate
from facts.where import Where

TOGETHER_NS = 20_000_000
"""Packets of one way closer than this are one message: a share of Equihash fills two segments."""
ANSWER_NS = 3 * NS
"""Pools answer a share within a round trip and a little work."""
LIKE = 10
"""Bytes by which the messages of one sort differ: lengths of numbers and nonces."""
REGULAR = 0.5
"""Least coefficient of variation of the gaps between shares, which come as a Poisson process (1.0), a hasty
pool's retargeting included; keep-alives come like a clock (0)."""
LEAST_SHARES = 4
"""Messages of one sort from which their gaps tell anything."""


@dataclass(frozen=True, slots=True)
class SealedRate:
    """A wide estimate, and what it rests on."""

    rate: Hashrate
    """`shares` is the count of the messages that are surest to be shares."""
    most_shares: int
    """Every answered message of the miner that does not come like a clock."""
    least_hashes: float
    most_hashes: float
    """Hashes that a share is worth, least and most."""

    def because(self, address: Address, peer: str, where: Where, at_ns: int) -> Evidence:
        """Return the sentence that says how wide the estimate is, and why."""
        told: dict[str, str | int | float | bool] = {
            "peer": peer,
            "shares": self.rate.shares,
            "most": self.most_shares,
            "low": f"{self.rate.low:.2g}",
            "high": f"{self.rate.high:.2g}",
        }
        kind = Kind.SEALED_HASHRATE
        return Evidence(address, Role.MINER, kind, where, at_ns, tuple(sorted(told.items())))


def sealed_hashrate(
    log: NDArray[np.void], miner: int, algorithm: str, worth: tuple[float, float]
) -> SealedRate | None:
    """Estimate the hashrate behind one encrypted flow, or None where its messages are not like shares.

    `log`: (n,) facts.rhythm.PACKET of one flow, in capture order; `miner`: the value of `way` that the miner
    sends; `worth`: least and most hashes of a share, e.g. of the difficulties that pools of the coin set.
    """
    least, most = worth
    if not 0 < least <= most < math.inf:
        raise ValueError(f"no range of hashes: {worth}")
    rows = log[(log["marks"] & RESENT) == 0]
    if rows.size == 0:
        return None
    span_ns = int(rows["at_ns"].max() - rows["at_ns"].min())
    at_ns, sizes = _messages(rows[rows["way"] == miner])
    answers, _ = _messages(rows[rows["way"] != miner])
    if span_ns < MIN_SPAN_NS or at_ns.size < MIN_SHARES or answers.size == 0:
        return None
    place = np.searchsorted(answers, at_ns)
    soon = answers[np.minimum(place, answers.size - 1)] - at_ns
    answered = (place < answers.size) & (soon <= ANSWER_NS)
    sure, possible = _shares(at_ns[answered], sizes[answered])
    if sure < MIN_SHARES:
        return None
    seconds = span_ns / NS
    low = gamma_quantile(0.025, float(sure)) * least / seconds
    high = gamma_quantile(0.975, float(possible + 1)) * most / seconds
    value = math.sqrt(sure * least * possible * most) / seconds
    rate = Hashrate(algorithm, value, low, high, shares=sure, mined_ns=span_ns)
    return SealedRate(rate, possible, least, most)


def _messages(rows: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when each message began, (n,) int64 nanoseconds, and its bytes, (n,) int64."""
    at_ns = rows["at_ns"].astype(np.int64)
    sizes = rows["size"].astype(np.int64)
    if at_ns.size == 0:
        return at_ns, sizes
    begins = np.concatenate(([True], np.diff(at_ns) > TOGETHER_NS))
    return at_ns[begins], np.add.reduceat(sizes, np.flatnonzero(begins))


def _shares(at_ns: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many are surely shares, the largest sort that comes at random, and how many may be."""
    order = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[order]) > LIKE) + 1
    sure = possible = 0
    for sort in np.split(order, ends):
        times = np.sort(at_ns[sort])
        gaps = np.diff(times)
        if times.size >= LEAST_SHARES and gaps.std() < REGULAR * gaps.mean():
            continue  # keep-alives
        possible += int(times.size)
        sure = max(sure, int(times.size))
    return sure, possible
