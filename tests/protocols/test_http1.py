"""HTTP messages: written here by RFC 9112, not by the reader's constants; the same in any cut."""

import gzip
import random
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.http1 import MessageReader
from protocols.http_body import Body, BodyBuilder, JsonEnd
from protocols.http_head import Head

Item = tuple[int, str, str, int, bytes, bool]
"""Of one message: offset, method, target, status, body, whether the body is whole."""

REQUEST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;name=value\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: x\r\n\r\n"
)
NO_BODY = b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n"


def read(data: bytes, cuts: Sequence[int] = (), reader: MessageReader | None = None) -> list[Item | str]:
    """Read a side; an error stands as its reason."""
    reader = reader or MessageReader()
    items: list[Item | str] = []
    head: Head | None = None
    at = turn = 0
    while at < len(data):
        size = cuts[turn % len(cuts)] if cuts else len(data)
        turn += 1
        reader.push(data[at : at + size])
        at += size
        while True:
            try:
                found = reader.next()
            except ParseError as error:
                items.append(error.why)
                continue
            if found is None:
                break
            if isinstance(found, Head):
                head = found
            else:
                assert isinstance(found, Body)
                assert head is not None
                items.append((head.offset, head.method, head.target, head.status, found.data, found.whole))
    return items


def test_requests_and_responses_follow_one_another_on_a_connection() -> None:
    assert read(REQUEST + NO_BODY + REQUEST) == [
        (0, "POST", "/a", 0, b"hello", True),
        (len(REQUEST), "GET", "/b", 0, b"", True),
        (len(REQUEST + NO_BODY), "POST", "/a", 0, b"hello", True),
    ]
    plain = b"HTTP/1.0 404 Not Found\r\ncontent-length:2\r\n\r\nno"
    assert read(CHUNKED + plain) == [
        (0, "", "", 200, b"hello, world", True),
        (len(CHUNKED), "", "", 404, b"no", True),
    ]


@pytest.mark.parametrize("status", ["100 Continue", "204 No Content", "304 Not Modified"])
def test_responses_that_never_have_a_body_end_with_their_head(status: str) -> None:
    first = f"HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n".encode()
    assert read(first + CHUNKED)[-1] == (len(first), "", "", 200, b"hello, world", True)


def test_the_answer_to_head_has_a_length_and_no_body() -> None:
    reader = MessageReader()
    reader.push(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert isinstance(reader.next(), Head)
    reader.bodiless()
    assert reader.next() == Body()
    assert isinstance(reader.next(), Head)
    assert reader.next() == Body(b"x")


def test_header_names_fold_case_and_repeated_ones_are_joined() -> None:
    reader = MessageReader()
    reader.push(b"GET / HTTP/1.1\nX-One:  a \nx-one:b\n folded\nEmpty:\n\n")
    head = reader.next()
    assert isinstance(head, Head)
    assert dict(head.fields) == {"x-one": "a, b", "empty": ""}
    assert head.value("x-none") == ""


def test_a_body_without_length_ends_with_its_json_text() -> None:
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    text = b' {"a":[1,{"b":"}\\"]"}],"c":"\\\\"}'
    assert read(head + text) == [(0, "", "", 200, text, True)]
    assert read(head + text[:-1]) == []
    page = read(head + b"<html>" + b"x" * 100 + REQUEST)
    assert page == [(0, "", "", 200, b"", False)]  # and what the page quotes is no message


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "deflate", "raw deflate"])
def test_compressed_bodies_are_read(name: str) -> None:
    text = b'{"result":true}' * 20
    packed = {
        "gzip": gzip.compress(text),
        "x-gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": zlib.compress(text)[2:-4],
    }[name]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {name.split()[-1]}\r\nContent-Length: {len(packed)}\r\n\r\n"
    for cuts in ((), (1,), (7, 3)):
        assert read(head.encode() + packed, cuts) == [(0, "", "", 200, text, True)]


def test_a_body_in_a_coding_that_is_not_read_is_passed_over() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\n"
    assert read(head + b"abcd" + CHUNKED)[:1] == [(0, "", "", 200, b"", False)]


def test_a_compressed_body_that_grows_without_end_is_given_up() -> None:
    builder = BodyBuilder("gzip")
    builder.add(gzip.compress(bytes(64 * 1024 * 1024)))
    assert builder.build() == Body(damaged=True)


def test_a_long_body_keeps_its_two_ends() -> None:
    data = b"a" * 1000 + b"b" * 300_000 + b"c" * 1000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    for cuts in ((), (997,), (65536, 1)):
        reader = MessageReader()
        for at in range(0, len(data) + len(head), cuts[0] if cuts else 1 << 20):
            reader.push((head + data)[at : at + (cuts[0] if cuts else 1 << 20)])
            while (item := reader.next()) is not None:
                body = item
            assert reader.unread < 70_000
        assert isinstance(body, Body)
        assert not body.whole
        assert not body.damaged
        assert data.startswith(body.data)
        assert len(body.data) < 100_000
        assert data.endswith(body.tail)
        assert 1000 < len(body.tail) < 10_000


@pytest.mark.parametrize(
    "broken",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 300,
        b"GET / HTTP/1.1\r\nno name\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"junk\r\n",
    ],
)
@pytest.mark.parametrize("cuts", [(), (1,)])
def test_what_is_no_http_is_an_error_and_the_next_message_is_found(
    broken: bytes, cuts: Sequence[int]
) -> None:
    items = read(NO_BODY + broken + REQUEST, cuts)
    assert items[0] == (0, "GET", "/b", 0, b"", True)
    assert [type(item) for item in items[1:-1]] == [str]
    assert items[-1] == (len(NO_BODY + broken), "POST", "/a", 0, b"hello", True)


def test_a_stream_joined_in_the_middle_begins_at_the_next_start_line_without_an_error() -> None:
    for cuts in ((), (1,), (13,)):
        items = read(b'"id":1}' + REQUEST + NO_BODY, cuts)
        assert [item[1:3] for item in items] == [("POST", "/a"), ("GET", "/b")]
        items = read(bytes(100_000) + CHUNKED, cuts if cuts != (1,) else (11,))
        assert items == [(100_000, "", "", 200, b"hello, world", True)]


def test_a_hole_within_a_body_of_known_length_costs_that_body_alone() -> None:
    reader = MessageReader()
    assert read(REQUEST[:-3], reader=reader) == []
    reader.gap(3)
    assert not reader.lost
    first: list[Body | Head | None] = [reader.next(), reader.next()]
    assert first == [Body(damaged=True), None]
    assert read(NO_BODY, reader=reader) == [(len(REQUEST), "GET", "/b", 0, b"", True)]

    reader = MessageReader()
    cut = CHUNKED.index(b"hello") + 1
    assert read(CHUNKED[:cut], reader=reader) == []
    reader.gap(2)
    reader.push(CHUNKED[cut + 2 :] + NO_BODY)
    assert reader.next() == Body(damaged=True)
    following = reader.next()
    assert isinstance(following, Head)
    assert following.offset == len(CHUNKED)


@pytest.mark.parametrize("missing", [1, 6, 5000])
def test_a_hole_anywhere_else_ends_belief_until_the_next_start_line(missing: int) -> None:
    reader = MessageReader()
    read(REQUEST[:20], reader=reader)
    reader.gap(missing)
    assert reader.lost
    assert read(b"rest of it\r\n\r\n" + NO_BODY, reader=reader) == [
        (20 + missing + 14, "GET", "/b", 0, b"", True)
    ]


def test_every_cut_gives_the_same_messages() -> None:
    data = REQUEST + b"\r\n" + NO_BODY + CHUNKED + b"junk\r\n" + REQUEST
    whole = read(data)
    assert len(whole) == 5
    assert read(data, (1,)) == whole
    chance = random.Random(5)
    for _ in range(200):
        assert read(data, [chance.randint(1, 40) for _ in range(20)]) == whole


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([REQUEST, NO_BODY, CHUNKED, b"HTTP/1.1 "])))
)
def test_any_bytes_give_messages_or_errors_and_little_is_held(parts: list[bytes]) -> None:
    reader = MessageReader()
    for part in parts:
        reader.push(part)
        for _ in range(100):
            try:
                if reader.next() is None:
                    break
            except ParseError:
                pass
        assert reader.unread <= 20_000


@pytest.mark.parametrize(
    ("text", "complete", "other"),
    [
        (b"{}", True, False),
        (b"[[]", False, False),
        (b"x", False, True),
        (b"[" * 40, False, True),
        (b" ", False, False),
    ],
)
def test_the_end_of_a_json_text_is_found_byte_by_byte(text: bytes, complete: bool, other: bool) -> None:
    end = JsonEnd()
    assert [end.push(bytes([byte])) for byte in text][-1] is complete
    assert end.other is other


def test_what_is_pushed_at_once_is_read_like_what_comes_in_segments() -> None:
    sized = b"POST /big HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + b"z" * 300_000
    data = (NO_BODY * 20 + sized + CHUNKED) * 3 + b"?" * 200_000 + REQUEST + NO_BODY * 9000 + REQUEST
    whole = read(data)
    assert read(data, (1460,)) == read(data, (100_000, 7)) == whole
    assert len(whole) == 22 * 3 + 1 + 1 + 9000 + 1
    reader = MessageReader()
    reader.push(NO_BODY + b"\r\n" * 40_000 + b'{"a":1}' * 50_000)
    assert isinstance(reader.next(), Head)
    assert reader.next() == Body()
    assert not reader.foreign  # line ends come first
    reader = MessageReader()
    reader.push(NO_BODY + b'{"a":1}' * 50_000)
    assert isinstance(reader.next(), Head)
    assert reader.next() == Body()
    assert reader.foreign
    assert reader.take() == (len(NO_BODY), b'{"a":1}' * 50_000)
    assert reader.unread == 0
