"""The packets behind a run's evidence, read once more from the captures, within limits.

Only frames that evidence names are taken, and of those no more than the limits below: what is matched is
kept, never a conversation.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from capture.sources.opening import open_source
from capture.sources.source import SourceError
from facts.names import Level
from facts.verdict import Verdict
from facts.where import Where
from store.packets import Packet

MAX_OF_VERDICT = {Level.CONFIRMED: 32, Level.LIKELY: 16, Level.SUSPECTED: 8, Level.CLEARED: 0}
"""Packets kept of one verdict, heaviest evidence first, by its level: who is cleared leaves none."""
MAX_BYTES = 4096
"""Bytes kept of one packet; its length on the wire is told."""
MAX_RUN_BYTES = 256 << 20
"""Bytes kept of one run."""


def wanted_frames(verdicts: Iterable[Verdict]) -> dict[str, set[int]]:
    """Return the frames to keep by capture."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for verdict in verdicts:
        places = dict.fromkeys(weighed.evidence.where for weighed in verdict.evidence)
        named = [where for where in places if where.frame is not None]
        for where in named[: MAX_OF_VERDICT[verdict.level]]:
            wanted[where.source].add(where.frame or 0)
    return dict(wanted)


def packets_of(verdicts: Iterable[Verdict]) -> Iterator[Packet]:
    """Yield the packets behind verdicts from those captures that are files and can still be read."""
    left = MAX_RUN_BYTES
    for path, frames in wanted_frames(verdicts).items():
        if not Path(path).is_file():
            continue  # standard input, or a live capture: nothing is there to read once more
        for packet in _read(path, frames):
            left -= len(packet.data)
            if left < 0:
                return
            yield packet


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
