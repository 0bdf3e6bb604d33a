"""The packets behind a run's evidence, within limits: from the captures, or from what a run held of them.

Only frames that evidence names are taken, and of those no more than the limits below: what is matched is
kept, never a conversation. A capture file is read once more. A live ring and standard input cannot be: of
those the packets of inspected flows are held for a while (capture/matched.py), and taken from there.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from capture.matched import MAX_BYTES, Matched
from capture.sources.opening import open_source
from capture.sources.source import SourceError
from facts.names import Level
from facts.verdict import Verdict
from facts.where import Where
from store.packets import Packet, Place

MAX_OF_VERDICT = {Level.CONFIRMED: 32, Level.LIKELY: 16, Level.SUSPECTED: 8, Level.CLEARED: 0}
"""Packets kept of one verdict, heaviest evidence first, by its level: who is cleared leaves none."""
MAX_RUN_BYTES = 256 << 20
"""Bytes kept of one run."""


def wanted_places(verdict: Verdict) -> list[Place]:
    """Return the packets to keep of one verdict, those of its heaviest evidence first."""
    places = dict.fromkeys(
        Place(seen.where.source, seen.where.frame, seen.at_ns)
        for seen in (weighed.evidence for weighed in verdict.evidence)
        if seen.where.frame is not None
    )
    return list(places)[: MAX_OF_VERDICT[verdict.level]]


def packets_of(verdicts: Iterable[Verdict], held: Sequence[Matched] = ()) -> Iterator[Packet]:
    """Yield the packets behind verdicts: from `held`, else from captures that can still be read."""
    left = MAX_RUN_BYTES
    frames: dict[str, set[int]] = defaultdict(set)
    for place in dict.fromkeys(place for verdict in verdicts for place in wanted_places(verdict)):
        if (packet := packet_held(place, held)) is not None:
            left -= len(packet.data)
            if left < 0:
                return
            yield packet
        else:
            frames[place.source].add(place.frame)
    for path, numbers in frames.items():
        if not Path(path).is_file():
            continue  # its packets were held no more
        for packet in _read(path, numbers):
            left -= len(packet.data)
            if left < 0:
                return
            yield packet


def packet_held(place: Place, held: Sequence[Matched]) -> Packet | None:
    """Return a packet that a run still holds."""
    for matched in held:
        if (found := matched.get(*place)) is not None:
            digest = hashlib.sha256(found.data).hexdigest()
            where = Where(place.source, place.frame)
            return Packet(where, found.link, place.at_ns, found.wire_length, found.data, digest)
    return None


class LivePackets:
    """The packets behind the verdicts of a run that goes on: taken before what is held makes room."""

    def __init__(self, held: Sequence[Matched]) -> None:
        self._held = held
        self._taken: dict[Place, Packet] = {}
        self._saved: set[Place] = set()
        self._bytes = 0

    def take(self, verdicts: Iterable[Verdict]) -> None:
        """Take what is held of the packets that verdicts name now; to be called at every judgement."""
        for verdict in verdicts:
            for place in wanted_places(verdict):
                if place in self._taken or place in self._saved or self._bytes >= MAX_RUN_BYTES:
                    continue
                if (packet := packet_held(place, self._held)) is not None:
                    self._taken[place] = packet
                    self._bytes += len(packet.data)

    def of(self, verdicts: Iterable[Verdict]) -> list[Packet]:
        """Return the packets of verdicts that were taken and not saved yet."""
        places = dict.fromkeys(place for verdict in verdicts for place in wanted_places(verdict))
        return [self._taken[place] for place in places if place in self._taken]

    def saved(self, packets: Iterable[Packet]) -> None:
        """Note packets that a store has now: they are held no more."""
        for packet in packets:
            self._taken.pop(packet.place, None)
            self._saved.add(packet.place)


def _read(path: str, frames: set[int]) -> Iterator[Packet]:
    numbers = np.array(sorted(frames), np.uint64)
    missing = len(numbers)
    try:
        with open_source(path) as source:
            for block in source.blocks():
                for record in block.records[np.isin(block.records["frame"], numbers)]:
                    start, length = int(record["start"]), min(int(record["caplen"]), MAX_BYTES)
                    data = bytes(block.data[start : start + length])
                    missing -= 1
                    yield Packet(
                        Where(path, int(record["frame"])),
                        int(record["link"]),
                        int(record["time_ns"]),
                        int(record["wirelen"]),
                        data,
                        hashlib.sha256(data).hexdigest(),
                    )
                if missing == 0:
                    return
    except SourceError:
        return  # it could be read a moment ago; the verdicts stand without their packets
