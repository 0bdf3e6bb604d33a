"""WebSocket: the frames of RFC 6455 and RFC 7692, what is refused, gaps, pick-up in mid-stream, ceilings."""

import gc
import random
import struct
import time
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import Submit, Subscribe, Work
from protocols.observe import Observer
from protocols.parser import Event, Match, Side
from protocols.websocket import MAX_QUIET, WebSocket
from protocols.websocket_frames import FrameReader, header_of
from protocols.websocket_inflate import MAX_MESSAGE, Inflater
from tests.protocols.websocket_wire import MASK, Deflater, client, drain, frame, play, said, server

C, S = Side.CLIENT, Side.SERVER

SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": ["miner/1.0"]}
AUTH = {
    "type": "auth",
    "params": {"version": 7, "site_key": "K" * 32, "type": "anonymous", "user": None, "goal": 0},
}
JOB = {"type": "job", "params": {"blob": "0a" * 76, "job_id": "j1", "target": "285c8f02", "algo": "cn/r"}}
SHARE = {"type": "submit", "params": {"job_id": "j1", "nonce": "5ef9910b", "result": "ab" * 32}}
TAKEN = {"type": "hash_accepted", "params": {"hashes": 1}}
SESSION = [client(AUTH), server(JOB), client(SHARE), server(TAKEN)]
KINDS = ["pool.login", "pool.work", "pool.submit", "pool.share_result"]

# RFC 6455, 5.7, and RFC 7692, 7.2.3: the bytes as printed there, and what they say
RFC = {
    "a single frame": ("810548656c6c6f", [b"Hello"]),
    "masked": ("818537fa213d7f9f4d5158", [b"Hello"]),
    "in fragments": ("010348656c80026c6f", [b"Hello"]),
    "a ping between fragments": ("010348656c890548656c6c6f80026c6f", [b"Hello"]),
    "a pong": ("8a8537fa213d7f9f4d5158", []),
    "256 bytes": ("827e0100" + "07" * 256, [b"\x07" * 256]),
    "compressed": ("c107f248cdc9c90700", [b"Hello"]),
    "compressed, in fragments": ("4103f248cd8004c9c90700", [b"Hello"]),
    "with the window of the first": ("c107f248cdc9c90700c105f200110000", [b"Hello", b"Hello"]),
    "without compression": ("c10b000500faff48656c6c6f00", [b"Hello"]),
    "in a final block": ("c108f348cdc9c9070000", [b"Hello"]),
    "in two blocks": ("c10df248050000" + "00ffffcac9c90700", [b"Hello"]),
    "empty": ("8100", [b""]),
}


def texts(reader: FrameReader, data: bytes) -> Iterator[bytes]:
    return (text for _, text in reader.push(data))


def reader() -> FrameReader:
    return FrameReader(Inflater(takeover=True, whole=True), synchronous=True)


@pytest.mark.parametrize("octets", [1, 2, 1000])
@pytest.mark.parametrize(("wire", "messages"), RFC.values(), ids=RFC.keys())
def test_the_examples_of_the_specifications(wire: str, messages: list[bytes], octets: int) -> None:
    data, frames = bytes.fromhex(wire), reader()
    found = [text for at in range(0, len(data), octets) for text in texts(frames, data[at : at + octets])]
    assert found == messages


def test_every_length_is_written_in_the_fewest_bytes() -> None:
    for size in (0, 1, 125, 126, 127, 65_535):
        assert list(texts(reader(), frame(b"x" * size, mask=MASK))) == [b"x" * size]
    with pytest.raises(ParseError, match="longer than"):
        list(texts(reader(), frame(b"x" * 65_536)))


REFUSED = {
    "RSV2": "a1026869",
    "RSV3": "91026869",
    "opcode 3": "83026869",
    "opcode 11": "8b026869",
    "a ping in fragments": "09026869",
    "a compressed ping": "c9026869",
    "a ping of 126 bytes": "897e007e",
    "7 bits' worth in 16": "817e007d",
    "16 bits' worth in 64": "817f000000000000ffff",
    "a length of 64 bits": "817f8000000000010000",
    "a continuation of nothing": "80026869",
    "a compressed continuation": "010168" + "c00169",
    "a message within another": "010168" + "810169",
}


@pytest.mark.parametrize("wire", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_frame_is_refused_and_the_next_object_is_found(wire: str) -> None:
    for octets in (1, 1000):
        frames = reader()
        data = bytes.fromhex(wire) + frame(said(SUBSCRIBE))
        errors, found = 0, []
        for at in range(0, len(data), octets):
            piece = data[at : at + octets]
            while True:
                try:
                    found += list(frames.push(piece))
                    break
                except ParseError:
                    errors += 1
                    piece = b""
        assert errors == 1
        assert found == [(len(wire) // 2, said(SUBSCRIBE))]


def test_a_mask_is_on_all_frames_of_a_side_or_on_none() -> None:
    frames = reader()
    assert list(texts(frames, frame(b"{}", mask=MASK))) == [b"{}"]
    with pytest.raises(ParseError, match="mask"):
        list(texts(frames, frame(b"{}")))


def test_compression_that_was_not_agreed_is_refused() -> None:
    assert play(WebSocket(deflate=False), [(C, Deflater().frame(SUBSCRIBE, MASK))]) == []
    with pytest.raises(ParseError, match="compressed"):
        list(WebSocket(deflate=False).feed(C, Deflater().frame(SUBSCRIBE, MASK)))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_the_same_events_however_the_bytes_arrive(cuts: list[int]) -> None:
    whole = play(WebSocket(deflate=False), SESSION)
    assert [event.kind for event in whole] == KINDS
    assert play(WebSocket(deflate=False), SESSION, cuts) == whole
    assert play(WebSocket(), SESSION, cuts) == whole


def test_a_message_may_be_in_any_fragments_with_pings_between() -> None:
    text = said(JOB)
    pieces = [text[at : at + 9] for at in range(0, len(text), 9)]
    data = b"".join(
        frame(piece, opcode=1 if not at else 0, final=at == len(pieces) - 1)
        + frame(b"beat", opcode=9 if at % 2 else 10)
        for at, piece in enumerate(pieces)
    )
    assert [event.kind for event in play(WebSocket(deflate=False), [(S, data)])] == ["pool.work"]
    assert play(WebSocket(deflate=False), [(S, data)]) == play(WebSocket(deflate=False), [(S, data)], [1])


@pytest.mark.parametrize("takeover", [True, False])
def test_compressed_messages_are_read_with_the_window_kept_or_not(takeover: bool) -> None:
    up, down = Deflater(takeover), Deflater(takeover)
    flights = [
        (C, up.frame(AUTH, MASK)),
        (S, down.frame(JOB)),
        (C, up.frame(SHARE, b"\x00\xff\x80\x01")),
        (S, down.frame(TAKEN)),
        (S, frame(said(JOB))),  # not worth compressing
    ]
    for cuts in ([1 << 20], [1], [3, 50]):
        parser = WebSocket(True, client_no_takeover=not takeover, server_no_takeover=not takeover)
        assert [event.kind for event in play(parser, flights, cuts)] == [*KINDS, "pool.work"]


def test_a_compressed_message_in_fragments_has_its_mark_on_the_first() -> None:
    packed = Deflater().payload(said(JOB))
    data = frame(packed[:20], final=False, rsv1=True) + frame(b"", opcode=9) + frame(packed[20:], opcode=0)
    assert [event.kind for event in play(WebSocket(True), [(S, data)], [4])] == ["pool.work"]


def test_offsets_are_those_of_frames() -> None:
    ping = frame(b"", opcode=9)
    data = (
        ping + frame(said(JOB)) + frame(said(JOB)[:50], final=False) + ping + frame(said(JOB)[50:], opcode=0)
    )
    first = len(ping)
    events = play(WebSocket(False), [(S, data)], [5])
    assert [event.offset for event in events] == [first, first + len(frame(said(JOB)))]


def test_several_objects_of_one_message_are_read() -> None:
    text = said(SUBSCRIBE) + b"\n" + said({**SUBSCRIBE, "id": 2}) + b"\n"
    events = play(WebSocket(False), [(C, frame(text, mask=MASK))])
    assert [(type(event), event.offset) for event in events] == [(Subscribe, 0)] * 2


def test_what_is_no_json_object_says_nothing_and_is_no_error() -> None:
    parser = WebSocket(False)
    for text in (b"hello", b"42[1]", b"", b'["topic", {}]', b'"mining.notify"', b"\xff\xfe{}"):
        assert list(parser.feed(S, frame(text))) == []
    assert list(parser.feed(S, frame(said(JOB), opcode=2)))  # tunnels send text in binary frames


BAD = {
    "deep": b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "a number of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "a key twice": b'{"type":"job","type":"job"}',
    "broken": b'{"type":',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_message_costs_itself_alone(text: bytes) -> None:
    parser = WebSocket(False)
    with pytest.raises(ParseError) as caught:
        list(parser.feed(S, frame(text)))
    assert caught.value.offset >= 0
    assert [event.kind for event in parser.feed(S, frame(said(JOB)))] == ["pool.work"]
    assert [event.kind for event in play(WebSocket(False), [(S, frame(text) + frame(said(JOB)))])] == [
        "pool.work"
    ]


def test_a_message_over_the_ceiling_is_passed_over_and_holds_no_memory() -> None:
    big = frame(b'{"a":"' + b"x" * (64 << 20) + b'"}', mask=b"")
    parser = WebSocket(False)
    errors = 0
    for at in range(0, len(big), 1 << 16):
        try:
            list(parser.feed(S, big[at : at + (1 << 16)]))
        except ParseError:
            errors += 1
    assert errors == 1
    assert [event.kind for event in parser.feed(S, frame(said(JOB)))] == ["pool.work"]
    many = b"".join(frame(b"x" * 1000, opcode=0, final=False) for _ in range(100))
    data = frame(b"{", final=False) + many + frame(b"}", opcode=0) + frame(said(JOB))
    for cuts in ([1 << 20], [777]):
        assert [event.kind for event in play(WebSocket(False), [(S, data)], cuts)] == ["pool.work"]


def test_what_inflates_over_the_ceiling_is_refused_and_costs_the_window() -> None:
    down = Deflater()
    bomb = frame(down.payload(b"{" + b" " * 5_000_000), rsv1=True)
    assert len(bomb) < 10_000
    parser = WebSocket(True)
    with pytest.raises(ParseError, match="inflates"):
        list(parser.feed(S, bomb))
    assert list(parser.feed(S, frame(said(JOB))))
    exact = Deflater().payload(b"{" + b" " * (MAX_MESSAGE - 2) + b"}")
    assert list(WebSocket(True).feed(S, frame(exact, rsv1=True))) == []


def test_what_does_not_inflate_is_refused_and_the_next_one_is_read() -> None:
    parser = WebSocket(True, server_no_takeover=True)
    with pytest.raises(ParseError, match="inflate"):
        list(parser.feed(S, frame(b"\x07\xff\xff", rsv1=True)))
    assert [e.kind for e in parser.feed(S, Deflater().frame(JOB))] == ["pool.work"]


def with_gap(parser: WebSocket, data: bytes, begin: int, end: int, side: Side = S) -> list[Event]:
    events = drain(parser, side, data[:begin])
    parser.gap(side, end - begin)
    return events + drain(parser, side, data[end:])


@pytest.mark.parametrize("deflate", [None, False])
def test_a_gap_anywhere_costs_the_messages_it_touches_and_no_other(deflate: bool | None) -> None:
    jobs = [frame(said({**JOB, "params": {**JOB["params"], "job_id": f"job{n}"}})) for n in range(4)]  # type: ignore[dict-item]
    data = b"".join(jobs)
    starts = [sum(map(len, jobs[:n])) for n in range(5)]
    for begin in range(0, starts[3], 7):
        for size in (1, 3, 130, 300):
            end = begin + size
            if end > starts[3]:
                continue
            events = with_gap(WebSocket(deflate), data, begin, end)
            touched = {n for n in range(4) if starts[n] < end and begin < starts[n + 1]}
            wanted = [(f"job{n}", starts[n]) for n in range(4) if n not in touched]
            assert [(e.job_id, e.offset) for e in events if isinstance(e, Work)] == wanted, (begin, size)


def test_a_gap_within_a_control_frame_or_what_is_passed_over_costs_nothing() -> None:
    ping = frame(b"x" * 100, opcode=9)
    data = frame(said(JOB)[:40], final=False) + ping + frame(said(JOB)[40:], opcode=0)
    at = len(frame(said(JOB)[:40])) + 20
    assert [event.kind for event in with_gap(WebSocket(False), data, at, at + 50)] == ["pool.work"]
    long = frame(b"x" * 100_000) + frame(said(JOB))
    assert [event.kind for event in with_gap(WebSocket(False), long, 2000, 90_000)] == ["pool.work"]


def test_a_gap_in_one_fragment_costs_the_whole_message() -> None:
    data = frame(said(JOB)[:40], final=False) + frame(said(JOB)[40:], opcode=0) + frame(said(JOB))
    events = with_gap(WebSocket(False), data, 10, 12)
    assert [event.offset for event in events] == [len(data) - len(frame(said(JOB)))]


def test_a_lost_message_costs_those_that_refer_to_it() -> None:
    down = Deflater()
    first, second = down.frame(JOB), down.frame(JOB)
    events = with_gap(WebSocket(True), first + second + frame(said(JOB)), 5, 9)
    assert [event.offset for event in events] == [len(first + second)]
    alone = Deflater(takeover=False)
    first, second = alone.frame(JOB), alone.frame(JOB)
    events = with_gap(WebSocket(True, server_no_takeover=True), first + second, 5, 9)
    assert [event.offset for event in events] == [len(first)]


def test_a_gap_forgets_open_shares() -> None:
    parser = WebSocket(False)
    play(parser, SESSION[:3])
    parser.gap(S, 10)
    assert drain(parser, S, SESSION[3][1]) == []
    assert [e.kind for e in play(parser, [SESSION[2], SESSION[3]])] == ["pool.submit", "pool.share_result"]


@given(st.integers(0, 400), st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_a_session_is_picked_up_in_mid_stream(begin: int, cuts: list[int]) -> None:
    stream = frame(said(SHARE), mask=MASK) * 4
    size = len(stream) // 4
    events = play(WebSocket(), [(C, stream[begin:])], cuts)
    first = -begin % size
    assert [event.offset for event in events] == [first + n * size for n in range(4 - -(-begin // size))]
    assert all(isinstance(event, Submit) for event in events)


def test_mid_stream_compressed_messages_are_read_as_far_as_they_stand_alone() -> None:
    down = Deflater()
    stream = frame(said({"a": 1})) + down.frame(JOB) + down.frame(JOB)
    kinds = [event.kind for event in play(WebSocket(), [(S, stream)])]
    assert kinds == ["pool.work"] * 2
    down = Deflater()
    down.frame(JOB)  # sent before the capture began
    stream = frame(said({"a": 1})) + down.frame(JOB) + frame(said(JOB))
    assert len(play(WebSocket(), [(S, stream)])) == 1


PROBES = [
    (b"", b"", Match.MORE),
    (b"\x81", b"", Match.MORE),
    (frame(said(AUTH), mask=MASK), b"", Match.YES),
    (frame(said(AUTH), mask=MASK)[:21], b"", Match.MORE),
    (frame(said(AUTH), mask=MASK)[:22], b"", Match.YES),
    (b"", frame(said(JOB)), Match.YES),
    (b"", frame(b"{}"), Match.YES),
    (b"GET / HTTP/1.1\r\n", frame(b"{}"), Match.YES),
    (frame(b"hello"), b"", Match.NO),
    (frame(b"{bad}"), b"", Match.NO),
    (frame(b'{"\x01"}'), b"", Match.NO),
    (frame(said(AUTH), mask=MASK, final=False), b"", Match.NO),
    (Deflater().frame(AUTH, MASK), b"", Match.NO),
    (frame(b"{" + b" " * 70_000 + b"}"), b"", Match.NO),
    (frame(b"", opcode=9), b"", Match.NO),
    (said(AUTH), b"", Match.NO),
    (b"\x16\x03\x01\x02\x00", b"", Match.NO),
    (b'\x81\x7e\x00\x05{"a"}', b"", Match.NO),
]


@pytest.mark.parametrize(("first", "second", "expected"), PROBES)
def test_the_probe_asks_for_a_frame_that_begins_an_object(
    first: bytes, second: bytes, expected: Match
) -> None:
    assert WebSocket.probe({C: first, S: second}) is expected


def test_the_probe_is_not_fooled_by_random_bytes() -> None:
    draw = random.Random(7)
    for _ in range(20_000):
        head = b"\x81" + draw.randbytes(60)
        assert WebSocket.probe({C: head}) is not Match.YES


def test_the_observer_finds_it_in_mid_stream_whoever_is_taken_for_the_client() -> None:
    for one, other in ((C, S), (S, C)):
        observer = Observer([WebSocket])
        at = {C: 100, S: 50}
        kinds = []
        for side, data in ((S, b"\x01\x02rubbish"), (one, SESSION[0][1]), (other, SESSION[1][1])):
            kinds += [event.kind for _, event in observer.feed(side, at[side], data)]
            at[side] += len(data)
        assert kinds == KINDS[:2]


def test_a_connection_without_mining_is_let_go() -> None:
    parser = WebSocket(False)
    chat = frame(said({"type": "message", "text": 'they say {"method":"mining.notify"}'}))
    for _ in range(MAX_QUIET - 1):
        assert list(parser.feed(S, chat)) == []
    assert not parser.finished
    assert list(parser.feed(S, chat + frame(said(JOB)))) == []
    assert parser.finished


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=60), st.integers(0, 3))))
def test_any_bytes_are_read_or_refused(pieces: list[tuple[Side, bytes, int]]) -> None:
    for parser in (WebSocket(False), WebSocket(True), WebSocket()):
        for side, data, missing in pieces:
            if missing:
                parser.gap(side, missing)
            drain(parser, side, b"\x81" + data if missing == 2 else data)
        assert WebSocket.probe({C: pieces[0][1] if pieces else b""}) in Match


def test_header_of_waits_for_all_of_it() -> None:
    whole = struct.pack(">BBQ", 0x82, 0xFF, 1 << 20) + MASK
    for size in range(len(whole)):
        assert header_of(whole[:size]) is None
    assert header_of(whole) is not None


def costly() -> dict[str, tuple[WebSocket, bytes]]:
    size = 1 << 16

    def squeezed(text: bytes) -> bytes:
        packed = zlib.compressobj(9, zlib.DEFLATED, -15)
        return frame((packed.compress(text) + packed.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv1=True)

    bomb = squeezed(b"{" + b" " * 65_000)
    arrays = squeezed(b'{"a":[' + b"[]," * 20_000 + b"1]}")
    return {
        "pongs": (WebSocket(False), b"\x8a\x00" * (size // 2)),
        "empty objects": (WebSocket(False), b"\x81\x02{}" * (size // 4)),
        "places where a frame could begin": (WebSocket(), b'\x81\x7d{"' * (size // 4)),
        "frames that could be masked": (WebSocket(), b'\x81\xfd\x00\x00\x00\x00{"' * (size // 8)),
        "fragments": (WebSocket(False), b"\x01\x00" + b"\x00\x01a" * (size // 3)),
        "bombs": (WebSocket(True, server_no_takeover=True), bomb * (size // len(bomb))),
        "arrays that inflate": (WebSocket(True, server_no_takeover=True), arrays * (size // len(arrays))),
        "deep": (WebSocket(False), frame(b'{"a":' + b"[" * 60_000)),
        "a long number": (WebSocket(False), frame(b'{"a":' + b"9" * 60_000 + b"}")),
    }


@pytest.mark.prove
@pytest.mark.parametrize("name", costly())
def test_no_input_costs_more_than_100_ms(name: str) -> None:
    def seconds() -> float:
        parser, data = costly()[name]
        gc.collect()
        gc.freeze()  # what the tests themselves have loaded is not looked through again
        began = time.process_time()
        drain(parser, S, data)
        return time.process_time() - began

    assert min(seconds() for _ in range(10)) < 0.1


LARGE = {
    **BAD,
    "deep and long": b'{"a":' + b"[" * 60_000,
    "a number of 60,000 digits": b'{"a":' + b"9" * 60_000 + b"}",
    "brackets and escapes": b'{"a":"' + b'\\"' * 30_000,
}


@pytest.mark.prove
@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_a_hostile_message_is_refused_within_5_ms(text: bytes) -> None:
    data = frame(text, mask=MASK)

    def seconds() -> float:
        parser = WebSocket(False)
        began = time.process_time()
        with pytest.raises(ParseError):
            list(parser.feed(C, data))
        return time.process_time() - began

    assert min(seconds() for _ in range(20)) < 0.005
