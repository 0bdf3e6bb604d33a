"""Messages that no LF ends, and messages that many do: what is whole is read, at once and only once."""

import json
from typing import Any

import pytest

from facts.errors import ParseError
from protocols.events import Login, Submit, Subscribe
from protocols.parser import Event, Side
from protocols.stratum import MAX_OPEN, Stratum
from tests.protocols.wire import drain

SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": ["a/1"]}
LOGIN = {"id": 2, "method": "mining.authorize", "params": ["acct.}{", "x"]}
SHARE = {"id": 3, "method": "mining.submit", "params": ["acct.w", "7", "00000001", "69a50081", "deadbeef"]}


def dense(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def read(*pieces: bytes) -> list[Event]:
    parser = Stratum()
    return [event for piece in pieces for event in drain(parser, Side.CLIENT, piece)]


def test_a_whole_message_is_read_at_the_end_of_its_segment() -> None:
    parser = Stratum()
    assert [type(one) for one in parser.feed(Side.CLIENT, dense(SUBSCRIBE))] == [Subscribe]
    (login,) = parser.feed(Side.CLIENT, dense(LOGIN))
    assert isinstance(login, Login)
    assert login.offset == len(dense(SUBSCRIBE))
    assert list(parser.feed(Side.CLIENT, b"\n")) == [], "an LF that comes late ends nothing more"
    assert [type(one) for one in parser.feed(Side.CLIENT, dense(SHARE) + b"\n")] == [Submit]


@pytest.mark.parametrize("cut", range(1, len(dense(LOGIN))))
def test_braces_within_strings_end_no_message(cut: int) -> None:
    said = dense(LOGIN)
    assert [type(one) for one in read(dense(SUBSCRIBE) + b"\n" + said[:cut], said[cut:])] == [
        Subscribe,
        Login,
    ]


@pytest.mark.parametrize("indent", [0, 1, 4, "\t"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 1460])
def test_an_object_over_many_lines_is_read_whole(indent: int | str, end: bytes, size: int) -> None:
    said = b"".join(
        json.dumps(one, indent=indent).encode().replace(b"\n", end) + end for one in (SUBSCRIBE, LOGIN, SHARE)
    )
    events = read(*(said[at : at + size] for at in range(0, len(said), size)))
    assert [type(one) for one in events] == [Subscribe, Login, Submit]
    assert [said[one.offset : one.offset + 1] for one in events] == [b"{"] * 3


def test_an_object_over_lines_that_never_ends_is_refused_once_and_the_next_one_is_read() -> None:
    parser = Stratum()
    endless = b"{\n" + b'"x": "' + b"y" * 200 + b'",\n'
    endless += endless[2:] * 400
    with pytest.raises(ParseError, match="over several lines"):
        list(parser.feed(Side.CLIENT, endless))
    drain(parser, Side.CLIENT, b"}\n")
    assert [type(one) for one in drain(parser, Side.CLIENT, dense(SUBSCRIBE) + b"\n")] == [Subscribe]


def test_a_lost_piece_of_an_object_over_lines_costs_that_object_alone() -> None:
    said = json.dumps(SUBSCRIBE, indent=2).encode() + b"\n"
    parser = Stratum()
    drain(parser, Side.CLIENT, said[:20])
    parser.gap(Side.CLIENT, 10)
    drain(parser, Side.CLIENT, said[30:])
    assert [type(one) for one in drain(parser, Side.CLIENT, said)] == [Subscribe]


def test_a_long_message_without_lf_waits_for_its_lf() -> None:
    long = dense(SUBSCRIBE | {"padding": "x" * MAX_OPEN})
    assert read(long) == []
    assert [type(one) for one in read(long, b"\n")] == [Subscribe]
