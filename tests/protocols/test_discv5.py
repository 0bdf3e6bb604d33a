"""discv5: the opening of a session by its sizes; what looks alike in part is not taken."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.discv5 import MAX_DATAGRAMS, Discv5
from protocols.events import NodeMessage
from protocols.parser import Match, Side
from tests.protocols import wire

C, S = Side.CLIENT, Side.SERVER


def drawn(size: int, seed: int = 1) -> bytes:
    """Bytes as a cipher gives them, the first of them not QUIC's."""
    return b"\x9d" + random.Random(seed).randbytes(size - 1)


def said(*packets: tuple[Side, bytes]) -> list[tuple[Side, str]]:
    events = wire.play(Discv5, packets)
    assert all(isinstance(event, NodeMessage) and event.sealed for event in events)
    return [(event.side, event.command) for event in events if isinstance(event, NodeMessage)]


OPENING = [(S, drawn(63)), (C, drawn(340, 2)), (S, drawn(120, 3))]


def test_a_challenge_that_is_answered_twice_is_told_with_its_answers() -> None:
    assert Discv5.probe({S: OPENING[0][1]}) is Match.YES
    assert said((C, drawn(91)), *OPENING) == [(S, "whoareyou"), (C, "handshake"), (S, "message")]
    assert said(*((side.other, data) for side, data in OPENING))[0] == (C, "whoareyou")


@pytest.mark.parametrize(
    "packets",
    [
        OPENING[:2],
        [(S, drawn(63)), (C, drawn(185, 2)), (S, drawn(120, 3))],  # too short to hold a signature and a key
        [(S, drawn(63)), (C, drawn(340, 2)), (S, drawn(86, 3))],
        [(S, drawn(63)), (S, drawn(340, 2)), (S, drawn(120, 3))],  # one side alone
        [(S, drawn(63)), (C, drawn(1281, 2)), (S, drawn(120, 3))],
        [(S, drawn(64)), (C, drawn(340, 2)), (S, drawn(120, 3))],
        [(S, drawn(63)), (C, b"player moved to " * 20), (S, drawn(120, 3))],
        [(side, bytes([data[0] & 0x3F | 0x40]) + data[1:]) for side, data in OPENING],  # QUIC
    ],
)
def test_what_looks_alike_in_part_is_not_taken(packets: list[tuple[Side, bytes]]) -> None:
    assert said(*packets) == []


@pytest.mark.parametrize(
    "data", [b"", bytes(63), b"a" * 63, wire.dns_query("x" * 45 + ".example"), drawn(62)]
)
def test_the_probe_wants_63_random_bytes(data: bytes) -> None:
    assert Discv5.probe({C: data}) is Match.NO


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=200)), max_size=20))
def test_any_datagrams_are_taken_in(packets: list[tuple[Side, bytes]]) -> None:
    wire.play(Discv5, packets)


def test_a_flow_ends_with_its_opening_or_without_one_after_a_while() -> None:
    parser, other = Discv5(), Discv5()
    for side, data in OPENING:
        list(parser.feed(side, data))
    for _ in range(MAX_DATAGRAMS):
        list(other.feed(C, drawn(700)))
    assert parser.finished
    assert other.finished
