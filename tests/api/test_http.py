"""The head of a request: bounded in size and time, and nothing slips in behind it."""

import json
import re
import socket
import time
from collections.abc import Iterator

import pytest

from api import http, small_body
from pipeline.services import Services
from tests.api.stored import MINER, PURPOSE
from tests.api.test_server import listening

GET = f"GET /v1/ips/{MINER} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Purpose: {PURPOSE['X-Purpose']}\r\n".encode()


@pytest.fixture(scope="module")
def port(services: Services) -> Iterator[int]:
    with listening(services) as port:
        yield port


def spoken(port: int, *parts: bytes, wait: float = 0.05) -> bytes:
    """What is answered until the server hangs up, or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        received = b""
        try:
            for part in parts:
                raw.sendall(part)
                time.sleep(wait)
            while chunk := raw.recv(65536):
                received += chunk
        except (ConnectionError, TimeoutError):
            pass
        return received


def kind(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert b"onnection: close" in head
    name: str = json.loads(body)["type"]
    return name.rsplit(":", 1)[1]


@pytest.mark.parametrize(
    "parts",
    [
        (GET + b"X-Large: " + b"x" * 70_000 + b"\r\n\r\n",),
        (GET + b"X-Large: ", *[b"x" * 9_000] * 9),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",),
        (GET + b"".join(b"X-%d: " % n + b"z" * 6_000 + b"\r\n" for n in range(12)) + b"\r\n",),
    ],
)
def test_a_head_that_does_not_end_is_refused(port: int, parts: tuple[bytes, ...]) -> None:
    assert kind(spoken(port, *parts, wait=0.01)) == "head-too-large"


def test_a_large_head_that_is_not_too_large_is_taken(port: int) -> None:
    answer = spoken(port, GET + b"Connection: close\r\nX-Large: " + b"x" * 30_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("parts", [(), (GET,), (b"G",)])
def test_who_is_silent_or_slow_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(http, "HEAD_S", 0.2)
    assert kind(spoken(port, *parts)) == "head-too-slow"


def test_a_small_body_that_comes_too_slowly_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_body, "SMALL_BODY_S", 0.2)
    head = b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    answer = spoken(port, head + b'Content-Length: 100\r\n\r\n{"name"')
    assert kind(answer) == "body-too-slow"


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nX : y\r\n\r\n",
        b"\x00" * 100,
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(port: int, request_: bytes) -> None:
    assert kind(spoken(port, request_)) == "malformed-http"


def test_nothing_behind_a_refusal_is_answered(port: int) -> None:
    answer = spoken(port, GET + b"X-L: " + b"x" * 70_000 + b"\r\n\r\n" + GET + b"\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_header_behind_the_body_is_none_of_the_request(port: int) -> None:
    body = b'7\r\n["::1"]\r\n0\r\nX-Purpose: slipped in behind\r\n\r\n'
    head = b"POST /v1/ips:lookup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    answer = spoken(port, head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert kind(answer) == "purpose-missing"


def test_requests_that_come_together_are_answered_in_order(port: int) -> None:
    paths = (MINER, "8.8.8.8", "rubbish")
    asked = [f"GET /v1/ips/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Purpose: case 1\r\n" for path in paths]
    answer = spoken(port, "\r\n".join([*asked, ""]).encode()[:-2] + b"Connection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"422"]
