"""The channels of one Stratum V2 connection: what a share of each is worth, and which shares wait.

A target holds for jobs to come and for those that wait for their block, never for one that is worked on.
Source: Stratum V2 specification, chapters 5.2 and 5.3; docs/protocols/stratum-v2.md.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

MAX_CHANNELS = 16_384  # channels of one connection whose targets are remembered
MAX_JOBS = 16_384  # jobs whose target is remembered
MAX_FUTURE = 16  # jobs of one channel that wait for their block
MAX_LATE = 8  # messages to a group that one of its channels may have yet to hear
MAX_PENDING = 4_096  # shares of one channel that wait for their answer
MAX_WAITING = 65_536  # shares of all channels that wait
MAX_BATCH = 10_000  # shares that one answer may count where the shares themselves were not seen

_K = TypeVar("_K")
_V = TypeVar("_V")


class Channel:
    """What is known of one channel."""

    __slots__ = ("future", "group", "hashes", "heard", "pending", "worker")

    def __init__(self) -> None:
        self.hashes: float | None = None
        """Expected hashes of a share of jobs to come."""
        self.worker: str | None = None
        self.group: int | None = None
        self.heard = 0
        """How much of what its group was told is taken in."""
        self.future: deque[int] = deque(maxlen=MAX_FUTURE)
        """Jobs that wait for their block."""
        self.pending: deque[tuple[int, float | None]] = deque()
        """Sequence number and expected hashes of shares without an answer."""


class Group:
    """What channels were told together: each takes it in when it is next spoken of, or it would cost as much
    as there are channels."""

    __slots__ = ("hashes", "log", "targets", "told")

    def __init__(self) -> None:
        self.told = 0
        """Targets and blocks so far."""
        self.log: deque[tuple[bool, float | None]] = deque(maxlen=MAX_LATE)
        """The last of them: whether it is a target, and the expected hashes of a share if so."""
        self.targets = 0
        """`told` as of the last target."""
        self.hashes: float | None = None
        """That target's expected hashes of a share."""

    def target(self, hashes: float | None) -> None:
        """Tell of a new target."""
        self.log.append((True, hashes))
        self.told += 1
        self.targets, self.hashes = self.told, hashes

    def block(self) -> None:
        """Tell of a new block."""
        self.log.append((False, None))
        self.told += 1


class Channels:
    """All channels of a connection, by their numbers; a group of them has a number of its own."""

    def __init__(self) -> None:
        self._channels: dict[int, Channel] = {}
        self._groups: dict[int, Group] = {}
        self._network: dict[int, float | None] = {}  # by channel or group: expected hashes of a block
        self._jobs: dict[tuple[int, int], float | None] = {}
        self._waiting = 0

    def forget(self, *, targets: bool) -> None:
        """Forget the shares that wait, and targets and jobs as well."""
        for channel in self._channels.values():
            channel.pending.clear()
            if targets:
                channel.hashes = None
                channel.future.clear()
                channel.heard = 0
        self._waiting = 0
        if targets:
            self._groups = {number: Group() for number in self._groups}
            self._jobs.clear()
            self._network.clear()

    def open(self, number: int, hashes: float | None, worker: str | None, group: int | None) -> None:
        """Learn of a new channel; `hashes` are the expected ones of a share."""
        channel = keep(self._channels, number, Channel(), MAX_CHANNELS)
        channel.worker, channel.hashes, channel.group = worker, hashes, group
        if group is not None:
            channel.heard = keep(self._groups, group, self._groups.get(group) or Group(), MAX_CHANNELS).told

    def regroup(self, group: int, numbers: Iterable[int]) -> None:
        """Learn that channels belong to a group from now on; unknown ones are passed over."""
        told = keep(self._groups, group, self._groups.get(group) or Group(), MAX_CHANNELS).told
        for number in numbers:
            channel = self._present(number)  # what its old group was told is taken in before
            if channel is not None:
                channel.group, channel.heard = group, told

    def target(self, number: int, hashes: float | None) -> None:
        """Learn of a new target of a channel, or of all channels of a group."""
        group = self._groups.get(number)
        if group is not None:
            group.target(hashes)
        if group is None or number in self._channels:
            self._set_target(number, self._known(number), hashes)

    def hashes(self, number: int) -> float | None:
        """Return the expected hashes of a share of a job to come."""
        channel = self._present(number)
        return None if channel is None else channel.hashes

    def worker(self, number: int) -> str | None:
        """Return who was named when the channel was opened."""
        channel = self._channels.get(number)
        return None if channel is None else channel.worker

    def network(self, number: int) -> float | None:
        """Return the expected hashes of a block, as the last one told a channel or its group."""
        if number in self._network:
            return self._network[number]
        channel = self._channels.get(number)
        return None if channel is None or channel.group is None else self._network.get(channel.group)

    def job(self, number: int, job: int, *, waits: bool) -> float | None:
        """Learn of a job, which waits for its block or not; return the expected hashes of its shares."""
        channel = self._present(number)
        if channel is None:
            return None
        if waits:
            channel.future.append(job)
        return keep(self._jobs, (number, job), channel.hashes, MAX_JOBS)

    def block(self, number: int, job: int, network: float | None) -> float | None:
        """Learn that a job begins, upon a new block; return the expected hashes of its shares."""
        keep(self._network, number, network, MAX_CHANNELS)
        if (group := self._groups.get(number)) is not None:
            group.block()
        if (channel := self._present(number)) is not None:
            channel.future.clear()
        return self._jobs.get((number, job))

    def sent(self, number: int, sequence: int, job: int) -> None:
        """Learn of a share."""
        channel = self._known(number)
        if self._waiting >= MAX_WAITING:
            return
        channel.pending.append((sequence, self._jobs.get((number, job), channel.hashes)))
        self._waiting += 1
        if len(channel.pending) > MAX_PENDING:
            channel.pending.popleft()
            self._waiting -= 1

    def accepted(self, number: int, last: int, count: int, *, whole: bool) -> tuple[int, float | None]:
        """Return how many shares an answer accepts, and the expected hashes of each.

        `last` is the highest sequence number that it answers, `count` what it says; `whole` where all shares
        were seen, so that no more can have been accepted than were sent.
        """
        channel = self._channels.get(number)
        taken: list[float | None] = []
        while channel is not None and channel.pending and channel.pending[0][0] <= last:
            taken.append(channel.pending.popleft()[1])
        self._waiting -= len(taken)
        count = min(count, len(taken)) if whole else count
        if not 0 < count <= MAX_BATCH:
            return 0, None
        known = [hashes for hashes in taken if hashes is not None]
        if len(known) == len(taken) >= count:
            return count, sum(known) / len(known)
        return count, self.hashes(number)

    def refused(self, number: int, sequence: int) -> tuple[int, float | None] | None:
        """Return the share that an answer refuses, None where it is not known."""
        channel = self._channels.get(number)
        pending = channel.pending if channel is not None else deque()
        found = next((one for one in pending if one[0] == sequence), None)
        if found is not None:
            pending.remove(found)
            self._waiting -= 1
        return found

    def _known(self, number: int) -> Channel:
        channel = self._present(number)
        return keep(self._channels, number, Channel(), MAX_CHANNELS) if channel is None else channel

    def _present(self, number: int) -> Channel | None:
        """Return a channel that has taken in what its group was told; None where it is not known."""
        channel = self._channels.get(number)
        group = None if channel is None or channel.group is None else self._groups.get(channel.group)
        if channel is None or group is None or channel.heard == group.told:
            return channel
        late, before = group.told - channel.heard, channel.heard
        channel.heard = group.told
        if 0 < late <= len(group.log):
            for is_target, hashes in islice(group.log, len(group.log) - late, None):
                if is_target:
                    self._set_target(number, channel, hashes)
                else:
                    channel.future.clear()
            return channel
        for job in channel.future:  # which of the targets they began with is not known any more
            self._jobs.pop((number, job), None)
        channel.future.clear()
        if group.targets > before:
            channel.hashes = group.hashes
        return channel

    def _set_target(self, number: int, channel: Channel, hashes: float | None) -> None:
        channel.hashes = hashes
        for job in channel.future:
            self._jobs[number, job] = hashes


def keep(kept: dict[_K, _V], key: _K, value: _V, most: int) -> _V:
    """Put a value into a memory of `most` entries, whose oldest makes room."""
    kept.pop(key, None)
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value
    return value
