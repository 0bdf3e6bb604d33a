"""DATUM's hello, by its masked header and the flights around it; random openings are none."""

import random

import pytest

from protocols.datum import Datum
from protocols.events import Subscribe, Subscribed
from protocols.observe import Observer
from protocols.parser import Event, Match, Side
from protocols.table import PARSERS

C, S = Side.CLIENT, Side.SERVER
FIRST_KEY = 0xDC871829


def frame(length: int, bits: int, seed: int) -> bytes:
    """A frame as the gateway masks it: length in the low 22 bits, flags and command above."""
    header = (length | bits) ^ FIRST_KEY
    return header.to_bytes(4, "little") + random.Random(seed).randbytes(length)


HELLO_BITS = (1 << 24) + (1 << 25) + (1 << 27)
HELLO = frame(128 + 20 + 2 + 4 + 77 + 64 + 48, HELLO_BITS, 1)
ANSWER = random.Random(2).randbytes(4 + 192 + 30 + 64 + 48)


def told(said: list[tuple[Side, bytes]], cut: int = 1 << 16) -> list[Event]:
    observer = Observer([one for one in PARSERS if one.transport == "tcp"])
    at = dict.fromkeys(Side, 0)
    events = []
    for side, data in said:
        for begin in range(0, len(data), cut):
            events += observer.feed(side, at[side], data[begin : begin + cut])
            at[side] += len(data[begin : begin + cut])
    return [event for _, event in events]


@pytest.mark.parametrize("cut", [1, 3, 100, 65536])
def test_an_answered_hello_is_told_and_that_it_is_sealed(cut: int) -> None:
    first, second, *rest = told([(C, HELLO), (S, ANSWER), (C, b"later"), (S, b"more")], cut)
    assert isinstance(first, Subscribe)
    assert isinstance(second, Subscribed)
    assert first.sealed
    assert second.sealed
    assert {first.protocol, second.protocol} == {"datum"}
    assert rest == []


@pytest.mark.parametrize(
    "said",
    [
        [(C, HELLO)],
        [(C, HELLO), (S, ANSWER[:300])],
        [(C, HELLO + b"x"), (S, ANSWER)],
        [(C, HELLO[:-1]), (S, ANSWER)],
        [(C, frame(280, HELLO_BITS | 1 << 26, 3)), (S, ANSWER)],
        [(C, frame(280, HELLO_BITS | 1 << 22, 3)), (S, ANSWER)],
        [(C, frame(100, HELLO_BITS, 3)), (S, ANSWER)],
        [(C, frame(280, HELLO_BITS ^ 1 << 27 ^ 1 << 28, 3)), (S, ANSWER)],
    ],
    ids=[
        "alone",
        "short answer",
        "longer",
        "shorter",
        "channel",
        "reserved bit",
        "too short",
        "other command",
    ],
)
def test_what_is_no_answered_hello_says_nothing(said: list[tuple[Side, bytes]]) -> None:
    assert told(said) == []


def test_random_openings_are_none() -> None:
    chance = random.Random(5)
    for _ in range(20_000):
        head = chance.randbytes(chance.randrange(1, 1100))
        assert Datum.probe({C: head, S: ANSWER}) is not Match.YES


def test_after_lost_bytes_nothing_is_told() -> None:
    parser = Datum()
    assert list(parser.feed(C, HELLO)) == []
    parser.gap(S, 10)
    assert list(parser.feed(S, ANSWER)) == []
    assert parser.finished
