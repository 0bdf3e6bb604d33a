"""Compressed Stratum: members in any cut, bombs, holes, what is no gzip; and when it is read at all."""

import gzip
import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import Difficulty, ShareResult, Submit, Work
from protocols.packed_lines import MAX_UNPACKED, PackedLines
from protocols.parser import Event, Side
from protocols.stratum import Stratum
from tests.protocols.wire import drain

C, S = Side.CLIENT, Side.SERVER
NAME = "EthereumStratum/2.0.0"


def line(**body: Any) -> bytes:
    return json.dumps(body).encode() + b"\n"


HELLO = line(
    id=0, method="mining.hello", params={"agent": "e/1", "host": "pool.example", "port": "d80", "proto": NAME}
)
AGREED = line(
    id=0, result={"proto": NAME, "encoding": "gzip", "resume": "0", "timeout": "b4", "maxerrors": "5"}
)
SERVER = [
    line(id=1, result="s-1"),
    line(
        method="mining.set", params={"epoch": "1", "target": "0f" * 28, "algo": "ethash", "extranonce": "af"}
    ),
    line(method="mining.notify", params=["j1", "6526d5", "ab" * 32, "1"]),
    line(id=31),
]
CLIENT = [
    line(id=1, method="mining.subscribe"),
    line(id=31, method="mining.submit", params=["j1", "68765fccd712", "w-1"]),
]


def session() -> list[tuple[Side, bytes]]:
    packed = [gzip.compress(one, mtime=0) for one in SERVER]
    return [
        (C, HELLO),
        (S, AGREED),
        (C, gzip.compress(CLIENT[0], mtime=0)),
        (S, b"".join(packed[:3])),
        (C, gzip.compress(CLIENT[1], mtime=0)),
        (S, packed[3]),
    ]


def play(said: list[tuple[Side, bytes]], cut: int = 1 << 20) -> list[Event]:
    parser = Stratum()
    events = []
    for side, data in said:
        for at in range(0, len(data), cut):
            events += drain(parser, side, data[at : at + cut])
    return events


@pytest.mark.parametrize("cut", [1, 2, 5, 17, 1448])
def test_what_follows_the_agreement_is_unpacked_in_any_cut(cut: int) -> None:
    events = play(session())
    assert {Work, Submit, ShareResult, Difficulty} <= {type(event) for event in events}
    assert play(session(), cut) == events


def test_an_event_stands_at_its_member() -> None:
    events = play(session())
    server = b"".join(data for side, data in session() if side is S)
    for event in events[2:]:
        if event.side is S:
            assert server[event.offset : event.offset + 2] == b"\x1f\x8b"


def test_one_member_for_the_whole_stream_flushed_message_by_message() -> None:
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(one) + packer.flush(zlib.Z_SYNC_FLUSH) for one in SERVER]
    said = [(C, HELLO), (S, AGREED), (C, gzip.compress(b"".join(CLIENT))), *((S, piece) for piece in pieces)]
    assert {Work, ShareResult} <= {type(event) for event in play(said)}


def test_messages_without_a_line_feed_end_with_their_member() -> None:
    said = [
        (C, HELLO),
        (S, AGREED),
        (C, gzip.compress(CLIENT[0].strip())),
        (S, gzip.compress(SERVER[0].strip())),
    ]
    assert len(play(said)) == len(play([*session()[:3], (S, gzip.compress(SERVER[0]))]))


def test_nothing_is_unpacked_where_nobody_agreed_to_it() -> None:
    plain = AGREED.replace(b'"gzip"', b'"plain"')
    events = play([(C, HELLO), (S, plain), (S, gzip.compress(SERVER[2]) + b"\n"), (S, SERVER[2])])
    assert sum(isinstance(event, Work) for event in events) == 1


def test_a_bomb_is_refused_and_the_next_member_is_read() -> None:
    parser = Stratum()
    drain(parser, C, HELLO)
    drain(parser, S, AGREED)
    with pytest.raises(ParseError, match=f"more than {MAX_UNPACKED} bytes"):
        list(parser.feed(S, gzip.compress(bytes(1 << 26), 9)[:65536]))
    (work,) = (event for event in drain(parser, S, gzip.compress(SERVER[2])) if isinstance(event, Work))
    assert work.job_id == "j1"


@pytest.mark.parametrize("text", [b"{}\n", CLIENT[1]], ids=["quiet", "shares"])
def test_many_members_of_one_segment_unpack_within_one_limit(text: bytes) -> None:
    parser = Stratum()
    drain(parser, C, HELLO)
    drain(parser, S, AGREED)
    member = gzip.compress(text * (60_000 // len(text)), mtime=0)
    drain(parser, C, member)
    for _ in range(4):
        if not parser.finished:
            events = drain(parser, C, member * (65_536 // len(member)))
            assert len(events) * len(text) <= MAX_UNPACKED


def test_a_hole_costs_the_member_around_it() -> None:
    parser = Stratum()
    drain(parser, C, HELLO)
    drain(parser, S, AGREED)
    member = gzip.compress(SERVER[2])
    assert drain(parser, S, member[:30]) == []
    parser.gap(S, len(member) - 40)
    (work,) = drain(parser, S, member[-10:] + member)
    assert isinstance(work, Work)
    assert work.offset == len(AGREED) + len(member)


def test_damage_is_refused_and_costs_no_later_member() -> None:
    lines = PackedLines(0)
    member = bytearray(gzip.compress(SERVER[0]))
    member[12] ^= 0xFF
    with pytest.raises(ParseError, match="not gzip"):
        lines.push(bytes(member))
    good = gzip.compress(SERVER[1])
    told = [lines.push(good[at : at + 1]) for at in range(len(good))]
    assert [line for some in told for _, line, _ in some] == [SERVER[1].strip()]


@given(st.lists(st.binary(max_size=100), max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_lines_or_errors(pieces: list[bytes]) -> None:
    lines = PackedLines(7)
    for piece in pieces:
        with suppress(ParseError):
            assert all(offset >= 7 for offset, _, _ in lines.push(piece))
