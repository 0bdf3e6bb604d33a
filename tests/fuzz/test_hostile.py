"""Lines that no one sends in good faith, put between the messages of every parser that reads lines of JSON.

Each is refused at once, and the flow goes on: the messages behind it are read as if it had not been there.
"""

import json
import time
from collections.abc import Iterator
from functools import cache

import pytest

from facts.errors import ParseError
from protocols.parser import Parser, Side
from protocols.table import PARSERS
from tests.fuzz.examine import Step, examine
from tests.fuzz.seeds import Said, Talk, seeds

REFUSED = {
    "deeper than any message": b'{"id":1,"method":"x","params":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "objects in objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "never closed": b'{"a":' + b"[" * 30_000,
    "wide": b'{"a":[' + b"[]," * 20_000 + b"]",
    "5,000 digits": b'{"id":' + b"9" * 5_000 + b',"method":"x","params":[]}',
    "5,000 digits behind the point": b'{"id":1,"result":0.' + b"9" * 5_000 + b"x}",
    "a key twice": b'{"id":1,"method":"mining.notify","params":[],"id":2}',
    "a key 10,000 times": b"{" + b'"id":1,' * 10_000 + b'"id":2}',
    "NaN": b'{"id":1,"result":NaN}',
    "Infinity": b'{"id":1,"result":-Infinity}',
    "an array of numbers": b"[" + b"1," * 10_000 + b"2]",
    "escapes without end": b'{"a":"' + b"\\\\" * 30_000,
    "not UTF-8": b'{"note":"\xff\xfe\xfd"}x',
    "nothing but zeros": bytes(60_000),
}
VALUES = ('null', 'true', '-1', '1e308', '0.5', '"x"', '""', '[]', '{}', '[[]]', '{"a":[{}]}', '"\\ud800"',
          '18446744073709551616', '"' + "f" * 5000 + '"', '[' + '1,' * 500 + '1]')  # fmt: skip
"""Values of every type."""
MOST_SECONDS = 0.005
LONG = 64 << 20
"""Bytes of a line without end."""


@cache
def readers() -> dict[str, tuple[type[Parser], Talk]]:
    """Every parser that reads lines of JSON, with a conversation that has several."""
    out = {}
    for kind in PARSERS:
        for talk in seeds()[kind]:
            lines = lines_of(talk)
            if sum(line.startswith(b"{") for _, line in lines) >= 6:
                out[kind.name] = (kind, tuple(lines[:40]))
                break
    return out


def lines_of(talk: Talk) -> list[Said]:
    """Cut a conversation into its lines; the whole of it must be lines of objects."""
    out: list[Said] = []
    for side, data in talk:
        if not data.endswith(b"\n") or not data.lstrip().startswith(b"{"):
            return []
        out += [(side, line) for line in data.splitlines(keepends=True)]
    return out


def refused(parser: Parser, side: Side, line: bytes) -> tuple[int, float]:
    """Feed a line; return how many errors it made and the CPU seconds of the slowest call."""
    errors, slowest = 0, 0.0
    for start in range(0, len(line), 65_536):
        data = line[start : start + 65_536]
        for _ in range(4):
            began = time.process_time()
            try:
                list(parser.feed(side, data))
                break
            except ParseError:
                errors += 1
                data = b""
            finally:
                slowest = max(slowest, time.process_time() - began)
    return errors, slowest


def test_lines_of_json_are_among_the_samples() -> None:
    assert "stratum" in readers()


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_the_flow_goes_on_behind_a_hostile_line(line: bytes) -> None:
    for kind, said in readers().values():
        plain = examine(kind, list(said), patient=True)
        for place in (1, len(said) // 2):
            side = said[place][0]
            steps: list[Step] = [*said[:place], (side, line + b"\n"), *said[place:]]
            outcome = examine(kind, steps, patient=True)
            assert [_bare(one) for one in outcome.events] == [_bare(one) for one in plain.events]


def _bare(event: object) -> str:
    """An event without its place: the hostile line has moved those behind it."""
    text = repr(event)
    head, _, rest = text.partition("offset=")
    return head + rest.partition(",")[2]


@pytest.mark.prove
@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_line_is_refused_within_5_ms(line: bytes) -> None:
    for kind, said in readers().values():
        side = said[0][0]

        def seconds(kind: type[Parser] = kind, side: Side = side) -> float:
            parser = kind()
            return refused(parser, side, line + b"\n")[1]

        assert min(seconds() for _ in range(20)) <= MOST_SECONDS, kind.name


@pytest.mark.prove
def test_a_line_of_64_mib_costs_5_ms_at_no_time_and_the_flow_goes_on() -> None:
    for kind, said in readers().values():
        side = said[0][0]
        slowest = []
        for _ in range(5):
            parser = kind()
            errors, most = refused(parser, side, b'{"a":"' + b"x" * LONG + b'"}\n')
            assert errors <= 1
            slowest.append(most)
            events = [event for by, line in said if by is side for event in parser.feed(by, line)]
            assert events
        assert min(slowest) <= MOST_SECONDS, kind.name


def wrongly_typed(line: bytes) -> Iterator[bytes]:
    """Yield the message with every field in turn of every type."""
    message = json.loads(line)
    text = json.dumps(message, separators=(",", ":"))
    for place in _fields(message):
        for value in VALUES:
            yield _with(message, place, value).encode()
    yield text[:-1].encode() + b',"id":7}'


def _fields(message: object, place: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if place:
        yield place
    if isinstance(message, dict) and len(place) < 3:
        for key in message:
            yield from _fields(message[key], (*place, key))
    elif isinstance(message, list) and len(place) < 3:
        for key in range(min(len(message), 12)):
            yield from _fields(message[key], (*place, key))


def _with(message: object, place: tuple[object, ...], value: str) -> str:
    if not place:
        return value
    if isinstance(message, dict):
        return "{" + ",".join(
            json.dumps(key) + ":" + (_with(inner, place[1:], value) if key == place[0] else json.dumps(inner))
            for key, inner in message.items()
        ) + "}"  # fmt: skip
    assert isinstance(message, list)
    return "[" + ",".join(
        _with(inner, place[1:], value) if key == place[0] else json.dumps(inner)
        for key, inner in enumerate(message)
    ) + "]"  # fmt: skip


def test_fields_of_wrong_types_are_read_or_refused_and_the_flow_goes_on() -> None:
    """Each alone within its conversation: what comes behind gives events still."""
    for kind, said in readers().values():
        tried: set[bytes] = set()
        for place, (side, line) in enumerate(said[:16]):
            for other in wrongly_typed(line):
                if other in tried:
                    continue
                tried.add(other)
                steps: list[Step] = [*said[:place], (side, other + b"\n"), *said[place:]]
                examine(kind, steps[max(0, place - 4) : place + 5], patient=True)


@pytest.mark.prove
def test_fields_of_wrong_types_cost_5_ms_at_most() -> None:
    for kind, said in readers().values():
        for side, line in said[:12]:
            for other in wrongly_typed(line):
                once = refused(kind(), side, other + b"\n")[1]
                if once > MOST_SECONDS:
                    once = min(refused(kind(), side, other + b"\n")[1] for _ in range(20))
                assert once <= MOST_SECONDS, (kind.name, other[:200])
