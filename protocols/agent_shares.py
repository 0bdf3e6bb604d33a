"""What is remembered of the machines of one BTCAgent stream: arrays of a fixed size, 1.2 MB at most."""

from array import array

SESSIONS = 1 << 16
"""Machines that one stream can carry, and shares that can be open."""
_UNSET = 0xFF


class Difficulties:
    """The difficulty of each machine, and that before: a change applies to the jobs that come after it."""

    __slots__ = ("_before", "_jobs", "_now", "_since", "_works")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._works = 0
        self._jobs: dict[int, int] = {}
        """Number of a job on the wire -> the how-manieth it was; at most 256."""
        self._now = bytearray()
        self._before = bytearray()
        self._since = array("I")

    def work(self, job_id: str | None) -> None:
        """Learn of a job."""
        self._works += 1
        if job_id is not None and job_id.isdecimal() and len(job_id) <= 3 and int(job_id) < 256:
            self._jobs[int(job_id)] = self._works

    def set(self, exponent: int, sessions: tuple[int, ...]) -> None:
        """Learn a new difficulty, 2^exponent, of some machines."""
        if not self._now:
            self._now = bytearray(bytes([_UNSET]) * SESSIONS)
            self._before = bytearray(self._now)
            self._since = array("I", bytes(4 * SESSIONS))
        for session in sessions:
            self._before[session] = self._now[session]
            self._now[session] = exponent
            self._since[session] = self._works

    def unset(self, session: int) -> None:
        """Forget a machine that has left: its number may go to another."""
        if self._now:
            self._now[session] = self._before[session] = _UNSET

    def of(self, session: int, job: int | None, common: float | None) -> float | None:
        """Return the difficulty of a share; `common` is that of machines without their own."""
        exponent = _UNSET
        if self._now:
            works = self._jobs.get(job) if job is not None else None
            old = works is not None and works <= self._since[session]
            exponent = self._before[session] if old else self._now[session]
        return common if exponent == _UNSET else 2.0**exponent


class OpenShares:
    """Shares by the number under which the pool answers: the count of shares, from 0, in 16 bits."""

    __slots__ = ("_hashes", "_machines", "_next")

    def __init__(self, begun: bool) -> None:
        self._next = 0 if begun else None
        """Number of the next share; None where shares before it were not seen."""
        self._machines = array("I")  # session + 1; 0 where no share is open
        self._hashes = array("d")  # 0.0 where unknown

    @property
    def counted(self) -> bool:
        """Whether every share since the stream began was seen."""
        return self._next is not None

    def lose(self) -> None:
        """Learn that shares may have been missed: answers find theirs no more."""
        self._next = None
        self._machines = array("I")
        self._hashes = array("d")

    def ask(self, session: int, hashes: float | None) -> None:
        """Remember a share."""
        if self._next is None:
            return
        if not self._machines:
            self._machines = array("I", bytes(4 * SESSIONS))
            self._hashes = array("d", bytes(8 * SESSIONS))
        self._machines[self._next] = session + 1
        self._hashes[self._next] = hashes or 0.0
        self._next = (self._next + 1) % SESSIONS

    def answer(self, index: int) -> tuple[int, float | None] | None:
        """Close a share: return its machine and expected hashes, None where none is open."""
        if not self._machines or not self._machines[index]:
            return None
        session = self._machines[index] - 1
        self._machines[index] = 0
        return session, self._hashes[index] or None
