"""Streams that say one thing or another, depending on who receives them: they say so."""

import random

from hypothesis import given
from hypothesis import strategies as st

from capture.records import Tag
from capture.streams import reassembly
from capture.streams.fragments import Fragments
from capture.streams.reassembly import Direction, Packet, Tally
from capture.streams.session import ACK, URG
from protocols.events import StreamAmbiguous, Submit, Subscribe
from protocols.parser import Side
from tests.capture.streams.test_fragments import ipv4, put, udp
from tests.capture.streams.test_sessions import SUBMIT, SUBSCRIBE, Wire, ends, said

AT = 100 + len(SUBSCRIBE)


def packet(frame: int) -> Packet:
    return (0, frame, frame)


def test_a_retransmission_with_other_content_is_a_conflict_and_the_first_copy_stands() -> None:
    direction = Direction(Tally(), 0)
    assert direction.push(0, b"0123", 0, packet(1)) == ((0, b"0123", 0, packet(1)),)
    direction.push(4, b"4567", 0, packet(2))
    assert direction.conflict is None
    assert not direction.push(2, b"23x5", 0, packet(3))
    assert direction.conflict == 4


def test_one_that_goes_on_is_compared_and_its_new_bytes_are_delivered() -> None:
    direction = Direction(Tally(), 0)
    direction.push(0, b"0123", 0, packet(1))
    assert direction.push(2, b"2345", 0, packet(2)) == [(4, b"45", 0, packet(2))]
    assert direction.conflict is None
    assert direction.push(5, b"X6", 0, packet(3)) == [(6, b"6", 0, packet(3))]
    assert direction.conflict == 5


@given(st.randoms(use_true_random=False), st.binary(min_size=2, max_size=400))
def test_copies_with_the_same_content_are_never_a_conflict_however_they_are_cut(
    rng: random.Random, stream: bytes
) -> None:
    tally = Tally()
    direction = Direction(tally, 0)
    for frame in range(60):
        a = rng.randrange(len(stream))
        b = rng.randrange(a, len(stream)) + 1
        direction.push(a, stream[a:b], 0, packet(frame))
    direction.flush()
    assert (direction.conflict, tally.conflicts) == (None, 0)
    direction.drop()
    assert (tally.kept, tally.held) == (0, 0)


@given(st.integers(1, 300), st.integers(0, 299))
def test_one_other_byte_is_found_wherever_it_stands(size: int, place: int) -> None:
    stream = bytes(300)
    direction = Direction(Tally(), 0)
    for a in range(0, 300, size):
        direction.push(a, stream[a : a + size], 0, packet(a))
    other = stream[:place] + b"!" + stream[place + 1 :]
    direction.push(0, other, 0, packet(999))
    known = direction.conflict is not None
    assert known or size * reassembly.KEPT_BYTES // 2 < 300 * (size + reassembly.SEGMENT_COST)


def test_what_is_kept_for_comparison_has_a_ceiling_and_is_given_back() -> None:
    tally = Tally()
    for size in (1, 1460, 60_000):
        direction = Direction(tally, 0)
        for n in range(200):
            direction.push(n * size, bytes(size), 0, packet(n))
            assert tally.kept <= reassembly.KEPT_BYTES + size + reassembly.SEGMENT_COST
        direction.drop()
        assert tally.kept == 0


def test_a_session_says_of_which_side_and_in_which_packet_once_a_direction() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    wire.row(0, AT, SUBMIT)
    wire.row(0, AT, SUBMIT.replace(b"toy.1", b"you.1"))
    wire.row(0, AT, SUBMIT.replace(b"toy.1", b"him.1"))
    out = wire.flush()
    assert said(out) == [
        (Subscribe, 1, Side.CLIENT),
        (Submit, 2, Side.CLIENT),
        (StreamAmbiguous, 3, Side.CLIENT),
    ]
    assert isinstance(out[2].event, StreamAmbiguous)
    assert (out[2].event.cause, out[2].event.protocol) == ("copies", "tcp")
    assert wire.sessions.counts()["conflicting-overlaps"] == 2
    assert not wire.end()


def test_an_ambiguity_before_anything_was_read_waits_for_it_or_for_the_end() -> None:
    for rest in (b"", SUBSCRIBE[-2:] + SUBMIT):
        wire = Wire(ends(0))
        wire.row(0, 100, SUBSCRIBE[:-2], tag=Tag.JSON)
        wire.row(0, 110, b"other")
        if rest:
            wire.row(0, AT - 2, rest)
        kinds = [kind for kind, _, _ in said(wire.end())]
        assert kinds == ([Subscribe, Submit, StreamAmbiguous] if rest else [StreamAmbiguous])


def test_urgent_data_is_ambiguous_and_read_in_line() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    wire.row(0, AT, SUBMIT, flags=ACK | URG)
    out = wire.flush()
    assert [kind for kind, _, _ in said(out)] == [Subscribe, StreamAmbiguous, Submit]


def test_a_keep_alive_probe_of_another_byte_is_no_conflict() -> None:
    direction = Direction(Tally(), 0)
    direction.push(0, b"0123", 0, packet(1))
    direction.push(3, b"\0", 0, packet(2))
    assert direction.conflict is None


def test_fragments_that_overlap_with_equal_content_are_put_together() -> None:
    body = udp(bytes(range(40)))
    for pieces in (
        [(0, 16), (8, 32), (24, 48)],
        [(24, 48), (0, 32)],
        [(0, 48), (0, 16)],
        [(16, 48), (8, 24), (0, 16)],
        [(0, 8), (32, 40), (0, 48)],
    ):
        table = Fragments()
        wholes = [put(table, ipv4(1, a, b < 48, body[a:b])) for a, b in pieces]
        found = [whole for whole in wholes if whole is not None]
        assert [whole.payload for whole in found] == [bytes(range(40))], pieces
        assert not table.doubted
        table.end()
        counts = dict(table.counts)
        assert counts.pop("fragments") == sum(counts.values())
        assert table.held == 0


def test_fragments_that_contradict_each_other_say_so_and_the_first_copy_stands() -> None:
    body = udp(bytes(24))
    for order, middle in (((0, 8, 16), bytes(8)), ((8, 16, 0), b"y" * 8), ((16, 8, 0), b"y" * 8)):
        raws = {0: body[:16], 8: b"y" * 8, 16: body[16:]}
        table = Fragments()
        wholes = [
            put(table, ipv4(1, place, place < 16, raws[place]), flow=5 if place == 0 else 0xFFFF_FFFF)
            for place in order
        ]
        assert wholes[2] is not None
        assert wholes[2].payload == middle + bytes(16)
        assert [(flow, direction) for flow, direction, _ in table.doubted] == [(5, 1)]
