"""What is known of chains beforehand: how high they were at which time, and how much work a block took.

A job tells height, time and nBits. A chain is meant where its height at that time and the work of its blocks
are near; how near is the row's `tolerance` and `spread`. Only chains that are far apart from one another
stand here. Bitcoin's forks of 2017 and 2018 share its height: they are told from it by the work, not from
each other.

Rows end with their last point, and are drawn on at the chain's own pace: heights stay good for decades, the
work for as long as it does not leave its spread. Each row names where its figures come from.
"""

import math
from bisect import bisect
from dataclasses import dataclass
from operator import itemgetter

from facts.quick import quick
from protocols.coinbase import Coinbase

TOLERANCE = 0.04
"""Part of the expected height by which a job's may differ: chains ran up to 2 % fast or slow between the
points of their rows."""
ALONE = 0.08
"""The same for Bitcoin, whose work only chains have that are mined along with it: Namecoin, 15 % below it."""
GROWTH = 0.5
"""Doublings of the work a year that are allowed for after a row's last point, upwards only."""
ID_BITS = 12
"""Doublings by which the hash of the previous block may miss the target of this one (retargeting) and still
be seen to be its proof of work, if the target has ID_LEAST bits or more."""
ID_LEAST = 40
_YEAR = 365.25 * 86_400
_WHEN = itemgetter(1)
"""The time of a point."""


@quick
@dataclass(frozen=True, slots=True)
class Block:
    """What a Bitcoin-style job tells of the block that is mined."""

    time: int
    """Unix time, s."""
    version: int
    hashes: float | None
    """Expected hashes for the block, by its nBits; None where those are no target."""
    previous: int = 2**256 - 1
    """The previous block's id, as a number."""
    coinbase: Coinbase | None = None

    @property
    def height(self) -> int | None:
        """The block's height, where the coinbase tells."""
        return self.coinbase.height if self.coinbase is not None else None

    @property
    def id_is_work(self) -> bool:
        """Whether the previous block's id meets the target: ids of this chain are hashes of its algorithm."""
        if self.hashes is None:
            return False
        bits = math.log2(self.hashes)
        return bits >= ID_LEAST and self.previous < 2 ** (256 - int(bits) + ID_BITS)


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain."""

    coin: str
    algorithm: str | None
    """None where the chain has several."""
    spacing: float
    """Seconds a block, after the last point."""
    points: tuple[tuple[int, int], ...]
    """(height, Unix time), rising; the row holds from the first on."""
    work: tuple[tuple[int, float], ...]
    """(Unix time, log2 of the expected hashes of a block), rising; empty where it is not known."""
    spread: float
    """Doublings by which the work may be above or below."""
    source: str
    id_is_work: bool = True
    """Whether a block's id is the hash that is compared with the target."""
    tolerance: float = TOLERANCE

    def height_at(self, time: int) -> float | None:
        """Return the expected height; None before the first point."""
        last, end = self.points[-1]
        if time >= end:
            return last + (time - end) / self.spacing
        at = bisect(self.points, time, key=_WHEN)
        if at == 0:
            return None
        (low, start), (high, stop) = self.points[at - 1], self.points[at]
        return low + (high - low) * (time - start) / (stop - start)

    def work_at(self, time: int) -> tuple[float, float] | None:
        """Return the least and the greatest work of a block, as log2 of hashes; None if it is not known."""
        if not self.work or time < self.work[0][0]:
            return None
        at = bisect(self.work, (time, math.inf))
        start, low = self.work[at - 1]
        if at == len(self.work):
            return low - self.spread, low + self.spread + GROWTH * (time - start) / _YEAR
        stop, high = self.work[at]
        middle = low + (high - low) * (time - start) / (stop - start)
        return middle - self.spread, middle + self.spread

    def holds(self, block: Block) -> bool | None:
        """Say whether a job may be of this chain.

        True where height and work agree, None where one is unknown, False where one disagrees, or where the
        row does not reach back so far.
        """
        if block.hashes is None:
            return False
        work = self.work_at(block.time)
        if work is not None and not work[0] <= math.log2(block.hashes) <= work[1]:
            return False  # most chains are told apart by this alone
        expected = self.height_at(block.time)
        if expected is None or (block.id_is_work and not self.id_is_work):
            return False
        if block.height is None:
            return None
        if abs(block.height - expected) > self.tolerance * expected:
            return False
        return True if work is not None else None


_FORKED = (
    (478_558, 1_501_590_000),
    (556_766, 1_542_305_000),
    (635_258, 1_589_544_000),
    (661_647, 1_605_441_600),
    (792_116, 1_684_152_000),
    (818_669, 1_700_049_600),
)
"""Heights of the upgrades that Bitcoin ABC's chain parameters name, with their dates."""
_FORKED_SOURCE = "Bitcoin ABC chain parameters (upgrade heights), 2017-08 to 2023-11"

CHAINS: tuple[Chain, ...] = (
    Chain(
        "BTC",
        "sha256d",
        600,
        (
            (200_000, 1_348_310_759),
            (300_000, 1_399_703_554),
            (400_000, 1_456_417_484),
            (500_000, 1_513_622_125),
            (600_000, 1_571_443_461),
            (700_000, 1_631_333_672),
            (800_000, 1_690_168_629),
            (840_000, 1_713_571_767),
        ),
        (
            (1_348_310_759, 53.45),
            (1_399_703_554, 64.90),
            (1_456_417_484, 69.25),
            (1_513_622_125, 72.77),
            (1_571_443_461, 75.56),
            (1_631_333_672, 76.07),
            (1_690_168_629, 77.62),
            (1_713_571_767, 78.30),
        ),
        2,
        "headers of these blocks (time and nBits), 2012-09 to 2024-04",
        tolerance=ALONE,
    ),
    Chain("BCH", "sha256d", 600, _FORKED, ((1_501_590_000, 69.5), (1_700_049_600, 70.5)), 3, _FORKED_SOURCE),
    Chain(
        "XEC",
        "sha256d",
        600,
        _FORKED[3:],
        ((1_605_441_600, 66.5), (1_700_049_600, 67.5)),
        3.5,
        _FORKED_SOURCE,
    ),
    Chain(
        "BSV",
        "sha256d",
        600,
        _FORKED[1:],
        ((1_542_305_000, 69.0), (1_700_049_600, 68.5)),
        3.5,
        _FORKED_SOURCE,
    ),
    Chain(
        "LTC",
        "scrypt",
        150,
        ((0, 1_317_972_665), (2_772_730, 1_728_673_449)),
        ((1_514_764_800, 53.5), (1_728_673_449, 57.0)),
        3,
        "Litecoin Core chain parameters (genesis, last known block, minimum work), 2011-10 to 2024-10",
        id_is_work=False,
    ),
    Chain(
        "DOGE",
        "scrypt",
        62.8,
        ((371_337, 1_410_464_577), (3_793_538, 1_625_097_600), (4_288_126, 1_656_633_600)),
        ((1_514_764_800, 52.5), (1_728_673_449, 55.8)),
        3.5,
        "Dogecoin Core chain parameters (merged mining, heights of 2021-07 and 2022-07)",
        id_is_work=False,
    ),
    Chain(
        "DASH",
        "x11",
        157.2,
        ((0, 1_390_095_618), (1_796_500, 1_672_530_000)),
        ((1_514_764_800, 57.0), (1_672_530_000, 58.5)),
        4,
        "Dash Core chain parameters (genesis, blocks a year, minimum work), 2014-01 to 2022-12",
    ),
    Chain(
        "DGB",
        None,
        15,
        ((9_112_320, 1_563_667_200),),
        (),
        0,
        "DigiByte Core chain parameters (height of Odocrypt, 2019-07; 15 s a block since 2015)",
        id_is_work=False,
    ),
)

ROWS = frozenset(chain.coin for chain in CHAINS)
"""Coins of which a job can be told not to be."""


def fitting(block: Block) -> tuple[tuple[Chain, ...], tuple[Chain, ...]]:
    """Return the chains that a job's height and work agree with, and those that may be, one being unknown."""
    told = [(chain, chain.holds(block)) for chain in CHAINS]
    return (
        tuple(chain for chain, held in told if held is True),
        tuple(chain for chain, held in told if held is None),
    )
