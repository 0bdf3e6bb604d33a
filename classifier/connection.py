"""What is remembered of one connection of a mining conversation, and of the shares found in it."""

from collections import deque
from dataclasses import dataclass

from classifier.machines import Machines
from classifier.machines_spaces import Spaces


class Connection:
    """What must be known of one live connection of a talk."""

    __slots__ = (
        "algorithm", "asked", "doubts", "earned", "first_ns", "first_work_ns", "hashes", "last_ns", "left_ns",
        "machines", "names", "numbered", "presumed", "priced_ns", "reported", "shares", "spaces", "states",
        "submits", "told", "waiting", "works",
    )  # fmt: skip

    def __init__(self) -> None:
        self.hashes: float | None = None
        """Expected hashes of a share of the present job, where the wire tells it."""
        self.told: float | None = None
        """The same for later jobs that do not say it."""
        self.states = False
        """Whether jobs come with what a share of them is worth."""
        self.presumed: float | None = None
        """What a share was worth before messages were lost, a new difficulty perhaps among them."""
        self.doubts: list[Doubt] = []
        """Spans in which the worth is presumed."""
        self.shares = 0
        """Those of the present algorithm whose worth is certain, and what they stand for."""
        self.earned = 0
        self.submits = 0
        self.spaces: Spaces | None = None
        """Where in the search space its shares lie."""
        self.algorithm: str | None = None
        self.priced_ns: int | None = None
        """When the first job was given whose shares can be counted, of the present algorithm."""
        self.left_ns: dict[str, int] = {}
        """Algorithm -> when it was left for another one; few (ALGORITHM_LIMIT)."""
        self.machines: Machines | None = None
        """Those that speak through it under numbers of their own."""
        self.names: set[str] = set()
        """Workers heard on it."""
        self.numbered: dict[int, str] = {}
        """Names of the machines by their numbers."""
        self.waiting: deque[tuple[int, str | None]] | None = None
        """When and of whom shares were submitted whose answer is not yet read; of several workers only."""
        self.reported: float | None = None
        """Hashes a second, as its miner said last."""
        self.asked = False
        """Whether anything that the miner said was read."""
        self.first_work_ns: int | None = None
        self.works = 0
        self.first_ns = self.last_ns = 0


@dataclass(slots=True)
class Doubt:
    """A span in which shares were found whose worth is presumed."""

    start_ns: int
    end_ns: int
    """-1 while it goes on."""
    hashes: float
    shares: int = 0


@dataclass(frozen=True, slots=True)
class Stint:
    """What one ended connection tells of the machines behind it."""

    first_ns: int
    last_ns: int
    names: int
    """Workers heard on it."""
    algorithm: str | None
    reported: float | None
    spaces: tuple[int, int, int] = (1, 0, 0)
    """Machines told apart by their part of the search space, and those of one share and of two."""
    priced_ns: int | None = None
    """From when on the worth of its shares was known; None: never."""
    shares: int = 0
    """Shares of certain worth, and the hashes that they stand for."""
    earned: int = 0
    submits: int = 0
    """Shares that it handed in, of whatever worth."""


class Shares:
    """Accepted shares of one algorithm, and what became of the others."""

    __slots__ = (
        "answered", "away_ns", "count", "first_ns", "hashes", "imputed", "last_ns", "rejected", "squared",
        "stale", "stale_hashes", "submitted",
    )  # fmt: skip

    def __init__(self, first_ns: int) -> None:
        self.count = 0
        self.hashes = 0
        self.squared = 0
        self.rejected = 0
        self.stale = 0
        self.stale_hashes = 0
        self.submitted = 0
        """Shares that were seen on their way to the pool."""
        self.answered = 0
        """Those whose answer was read."""
        self.imputed = 0
        """Hashes of spans whose shares cannot be priced, at the pace of the others."""
        self.first_ns = first_ns
        self.last_ns = first_ns
        self.away_ns = 0
        """Time in between that went into other algorithms."""

    def add(self, expected: float, start_ns: int, at_ns: int, count: int = 1) -> None:
        """Count shares of `expected` hashes each; `start_ns` is when their connection was first given work.

        Whole hashes, so that sums do not depend on the order in which they are told.
        """
        hashes = round(expected)
        self.count += count
        self.hashes += count * hashes
        self.squared += count * hashes * hashes
        self.first_ns = min(self.first_ns, start_ns)
        self.last_ns = max(self.last_ns, at_ns)
