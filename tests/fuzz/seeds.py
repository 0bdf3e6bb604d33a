"""Seed conversations of every parser: what it was fed when the sample captures were replayed.

Nothing here names a parser: a new row of protocols/table.py with a sample in pcaps/ is fuzzed as it is.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pcaps.makers.making import FOLDER
from pipeline.scan import Scan
from protocols.parser import Event, Parser, Side
from protocols.table import PARSERS
from tests.protocols.dialogue import written

Said = tuple[Side, bytes]
Talk = tuple[Said, ...]
"""One conversation; of a UDP parser one datagram each."""

MOST_BYTES = 10 * 1024
"""Bytes kept of a conversation: its beginning is where parsers decide, and the rest repeats itself."""
MOST_TALKS = 24
"""Conversations kept of one parser, those that differ most in length."""


@contextmanager
def listening(heard: dict[type[Parser], list[list[Said]]]) -> Iterator[None]:
    """Keep what every parser is fed meanwhile; each keeps its own code."""
    own = {kind: kind.__dict__.get("feed") for kind in PARSERS}
    of: dict[int, tuple[Parser, list[Said]]] = {}

    def listen(kind: type[Parser]) -> None:
        feed = kind.feed

        def fed(self: Parser, side: Side, data: bytes) -> Iterator[Event]:
            if type(self) is kind:
                if id(self) not in of:
                    of[id(self)] = (self, [])
                    heard[kind].append(of[id(self)][1])
                if data:
                    of[id(self)][1].append((side, data))
            return feed(self, side, data)

        kind.feed = fed  # type: ignore[method-assign]

    for kind in PARSERS:
        listen(kind)
    try:
        yield
    finally:
        for kind, feed in own.items():
            if feed is None:
                del kind.feed
            else:
                kind.feed = feed  # type: ignore[method-assign]


@cache
def seeds() -> dict[type[Parser], tuple[Talk, ...]]:
    """Conversations of every parser, the longest first; empty where no sample speaks its protocol."""
    heard: dict[type[Parser], list[list[Said]]] = defaultdict(list)
    samples = sorted(path for path in Path(FOLDER).iterdir() if path.is_file() and path.suffix != ".md")
    with listening(heard):
        for path in samples:
            for _ in Scan([str(path)]):
                pass
        for dialogue in written():
            _dialogue(dialogue.said)
    return {kind: _chosen(heard[kind]) for kind in PARSERS}


def _dialogue(said: Talk) -> None:
    """Play a written dialogue to whoever reads it."""
    from protocols.observe import Observer

    observer = Observer(tuple(kind for kind in PARSERS if kind.transport == "tcp"))
    at = [0, 0]
    for side, data in said:
        observer.feed(side, at[side], data)
        at[side] += len(data)
    observer.end()


def _chosen(heard: list[list[Said]]) -> tuple[Talk, ...]:
    talks = {_beginning(said) for said in heard if said}
    ordered = sorted(talks, key=lambda talk: (-sum(len(data) for _, data in talk), repr(talk)))
    step = max(1, len(ordered) // MOST_TALKS)
    return tuple(ordered[::step][:MOST_TALKS])


def _beginning(said: list[Said]) -> Talk:
    out, size = [], 0
    for side, data in said:
        out.append((side, data))
        size += len(data)
        if size > MOST_BYTES:
            break
    return tuple(out)
