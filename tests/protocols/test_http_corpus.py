"""A real miner over HTTP against a count made without the parser; and what hostile HTTP costs."""

import gzip
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from protocols.http import Http
from protocols.parser import Side
from tests.protocols.test_stratum_corpus import FOLDER, segments
from tests.protocols.wire import drain, play

MIB = 1 << 20


@pytest.mark.corpus
@pytest.mark.parametrize("cuts", [(), (11,), (1, 700, 64)])
def test_a_real_session_gives_the_requests_and_work_that_are_in_it(
    corpus: Path, cuts: tuple[int, ...]
) -> None:
    said = segments(corpus / FOLDER / "pool.eth.pp.ua.pcapng", 80)
    sent, received = (b"".join(data for one, data in said if one is side) for side in Side)
    events = play(Http, said, cuts)
    found = Counter(event.kind for event in events)
    hashrates = [
        int(digits, 16) for digits in re.findall(rb'eth_submitHashrate","params":\["0x([0-9a-f]+)"', sent)
    ]
    assert found["pool.work"] == len(re.findall(rb'"result":\["0x', received)) > 30
    assert found["pool.reported_hashrate"] == sum(rate > 0 for rate in hashrates) > 30
    assert found["pool.request"] == sent.count(b'"eth_getWork"') + sum(rate == 0 for rate in hashrates)
    assert found["pool.login"] == 1
    assert {event.protocol for event in events} == {"getwork"}


def packed() -> bytes:
    body = gzip.compress(bytes(64 * MIB))
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def sized(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


POST = b"POST / HTTP/1.1\r\n"
HOSTILE = {
    "many requests": b"GET / HTTP/1.1\r\n\r\n" * (MIB // 18),
    "false starts": b"x\r\n" + b" HTTP/1." * (MIB // 8),
    "false requests": b"x\r\n" + b"POST HTTP/1." * (MIB // 12),
    "bad heads": b"x\r\n" + b"GET / HTTP/1.1\r\n:\r\n\r\n" * (MIB // 22),
    "small chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * (MIB // 6),
    "spaces": b"GET / HTTP/1.1\r\nX: " + b" " * 15_000 + b"x\r\n\r\n",
    "line ends": b"\r\n" * (MIB // 2),
    "a bomb": packed(),
    "brackets": b"HTTP/1.1 200 OK\r\n\r\n[" + b"[]," * (MIB // 3),
    "quotes": b'HTTP/1.1 200 OK\r\n\r\n["' + b'\\"' * (MIB // 2),
    "a batch": sized(POST, b"[" + b'{"method":"getwork","params":[],"id":1},' * 1600 + b"{}]"),
    "methods": sized(POST, b'{"params":[]' + b' ,"method"' * 6000),
    "brackets at the end": sized(POST, b"{" + b"]" * 70_000),
}


@pytest.mark.prove
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_http_costs_a_tenth_of_a_second_at_most(name: str) -> None:
    def once() -> float:
        start = time.process_time()
        play(Http, [(Side.CLIENT, HOSTILE[name])])
        return time.process_time() - start

    assert min(once() for _ in range(7)) < 0.1


LINE = b'{"id":1,"method":"mining.subscribe","params":["' + b"x" * (64 * MIB)
LONG = {
    "behind a message": b"GET / HTTP/1.1\r\n\r\n" + LINE,
    "as a body": sized(POST, LINE),
    "as a chunk": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(LINE) + LINE,
    "without a length": b"HTTP/1.1 200 OK\r\n\r\n" + LINE,
    "in mid-stream": b"x" + LINE,
}


@pytest.mark.prove
@pytest.mark.parametrize("name", LONG)
def test_a_line_of_64_mebibytes_costs_five_milliseconds_at_most(name: str) -> None:
    data = LONG[name]

    def once() -> float:
        parser = Http()
        start = time.process_time()
        drain(parser, Side.CLIENT, data)
        return time.process_time() - start

    assert min(once() for _ in range(9)) < 0.005
