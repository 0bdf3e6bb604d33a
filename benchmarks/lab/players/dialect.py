"""What a dialect must be able to say; the session decides when."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from benchmarks.lab.players.style import Style, hexes
from benchmarks.lab.pools import Pool

Said = tuple[int, bytes]
"""Way (0 miner, 1 pool) and message."""


@dataclass(frozen=True, slots=True)
class Rig:
    """What mines over one connection: a machine, or a proxy with many behind it."""

    account: str
    workers: tuple[str, ...]
    agent: str
    hashrate: float
    """H/s of all its machines."""
    style: Style
    chatty: bool
    """Reports its own hashrate, asks for work, keeps the line alive beyond need."""
    host: str
    """The pool's name, where the dialect tells it."""


class Dialect(ABC):
    """One connection's speech. Messages must be asked for in the order of their times."""

    name: ClassVar[str]
    silence: ClassVar[float] = 0.0
    """Seconds without a message of the miner after which it shows that it is alive; 0: never."""
    chatter: ClassVar[float] = 0.0
    """Seconds between `chat`s of a chatty miner; 0: has none."""

    def __init__(self, rand: Random, pool: Pool, rig: Rig) -> None:
        """`rand` fills in what is chance on the wire."""
        self.rand, self.pool, self.rig = rand, pool, rig
        self.count = 0
        self.id = 1
        """Of the last request."""
        self.asked: int | None = None
        """Of the request that is answered next; None: the last."""
        self.now = 0.0
        """s since the capture's start, of what is said next."""
        self.job_name = self.new_job()

    def user(self) -> str:
        """Return the account with one of the workers."""
        worker = self.rand.choice(self.rig.workers)
        return f"{self.rig.account}.{worker}" if worker else self.rig.account

    def new_job(self) -> str:
        """Return the name of the next job."""
        self.count += 1
        digits = self.pool.style.job_id
        return f"{self.count:x}" if digits < 4 else hexes(self.rand, digits)

    @property
    def answers(self) -> int:
        """The id that an answer carries."""
        return self.id if self.asked is None else self.asked

    def hex(self, digits: int) -> str:
        """Return hex digits by chance."""
        return hexes(self.rand, digits)

    @abstractmethod
    def hello(self, difficulty: float) -> list[list[Said]]:
        """Return the opening: turns of what is said at once. The last one ends with the first work."""

    @abstractmethod
    def job(self, clean: bool, entries: int) -> bytes:
        """Return work."""

    @abstractmethod
    def retarget(self, difficulty: float) -> list[bytes]:
        """Return what the pool says to change the difficulty, work included where the dialect needs it."""

    @property
    def at_once(self) -> bool:
        """Whether a new difficulty comes with work for it; else it counts from the next work on."""
        return True

    def agreed(self, difficulty: float) -> None:
        """Let all work from now on be of a difficulty that was set before the capture began."""
        return

    @abstractmethod
    def share(self) -> bytes:
        """Return a share for the present job."""

    @abstractmethod
    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return the answer to the last share: accepted where `error` is None; else `stale` or `low`."""

    def alive(self) -> list[Said]:
        """Return what is said after silence, request first."""
        return []

    def chat(self) -> list[Said]:
        """Return what a chatty miner says from time to time."""
        return []
