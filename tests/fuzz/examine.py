"""Feeds a parser as the streams do, and says what it did wrong."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache

from facts.errors import ParseError
from protocols.observe import HEAD, MAX_ERRORS
from protocols.parser import Event, Match, Parser, Side
from tests.fuzz.seeds import Said
from tests.fuzz.size import retained

Gap = tuple[Side, int]
Step = Said | Gap
"""Bytes of one side, or how many of them are missing."""

MOST_RETAINED = 1 << 20
"""Bytes that a parser may hold of one stream or UDP flow: two buffers, what it waits for, its names."""
RETAINED = {"btcagent": 64 << 20}
"""Where one stream carries up to 65,536 machines: a kilobyte each."""


def ceiling(kind: type[Parser]) -> int:
    return RETAINED.get(kind.name, MOST_RETAINED)


@dataclass
class Outcome:
    """What a parser made of an input."""

    events: list[Event] = field(default_factory=list)
    errors: int = 0
    parser: Parser | None = None


def examine(kind: type[Parser], steps: Sequence[Step], patient: bool = False) -> Outcome:
    """Feed steps to a new parser; assert all that must hold of any input.

    `patient` reads on however many errors there are, where the observer would give up.
    """
    heads = _heads(steps)
    assert isinstance(kind.probe(heads), Match)
    outcome = Outcome(parser=kind())
    parser = outcome.parser
    assert parser is not None
    fed = [0, 0]
    for step in steps:
        side, what = step
        if isinstance(what, int):
            if parser.transport == "tcp":
                parser.gap(side, what)
                fed[side] += what
            continue
        before = 0 if parser.transport == "udp" else fed[side]
        fed[side] = before + len(what)
        data, tries = what, 0
        while True:
            try:
                for event in parser.feed(side, data):
                    _sound(event, fed)
                    outcome.events.append(event)
                break
            except ParseError as error:
                # the bytes of one side may show that what the other one sent before cannot be read
                assert 0 <= error.offset <= max(fed), (error, fed)  # noqa: PT017 - any input may be refused or not
                outcome.errors += 1
                tries += 1
                assert tries <= len(what) + 2, "it refuses the same bytes for ever"
                if parser.transport == "udp" or (outcome.errors >= MAX_ERRORS and not patient):
                    break
                data = b""
        handover = parser.handover
        if handover is not None:
            for other, offset, rest in handover.rest:
                assert 0 <= offset <= offset + len(rest) <= fed[other], (offset, len(rest), fed)
            break
        if parser.finished or (outcome.errors >= MAX_ERRORS and not patient):
            break
    return outcome


def check_retained(kind: type[Parser], outcome: Outcome) -> None:
    """Assert that a parser holds no more than it may."""
    held = retained(outcome.parser) - retained(kind())
    assert held <= ceiling(kind), f"{kind.name} holds {held:,} bytes"


def _sound(event: Event, fed: list[int]) -> None:
    """Assert what holds of every event."""
    assert isinstance(event.side, Side), event
    assert isinstance(event.protocol, str), event
    assert event.protocol, event
    assert event.kind, event
    assert 0 <= event.offset <= fed[event.side], (event, fed)
    for name in _names(type(event)):
        _writable(getattr(event, name))


@cache
def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _writable(value: object) -> None:
    """Assert that a field can be written out: text is UTF-8, numbers are finite and of sane size."""
    if value is None:
        return
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, bool):
        pass
    elif isinstance(value, float):
        json.dumps(value, allow_nan=False)
    elif isinstance(value, int):
        assert abs(value) < 1 << 256, "a number that no protocol has"
    elif isinstance(value, tuple):
        for one in value:
            _writable(one)


def _heads(steps: Iterable[Step]) -> dict[Side, bytes]:
    heads: dict[Side, bytes] = {}
    for side, what in steps:
        if isinstance(what, int):
            break
        heads[side] = (heads.get(side, b"") + what)[:HEAD]
    return heads


def joined(steps: Sequence[Step]) -> list[Step]:
    """Join what a side says without being interrupted."""
    out: list[Step] = []
    for side, what in steps:
        last = out[-1] if out else None
        if last is not None and isinstance(what, bytes) and isinstance(last[1], bytes) and last[0] is side:
            out[-1] = (side, last[1] + what)
        else:
            out.append((side, what))  # type: ignore[arg-type]
    return out
