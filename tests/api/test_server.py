"""The server itself, on a real socket."""

import gc
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.lane import Lane
from api.server import AnnouncingServer, bind, configured, is_loopback
from facts.errors import SettingsError
from pipeline.services import Services
from tests.api.stored import MINER, PURPOSE, app_of

JSON = {"Content-Type": "application/json"} | PURPOSE


@contextmanager
def listening(services: Services) -> Iterator[int]:
    """The port of a server in a thread of this process, ended with the block."""
    with bind("127.0.0.1", 0) as bound, app_of(services) as app:
        ready = threading.Event()
        server = AnnouncingServer(configured(app), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            assert ready.wait(10)
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port(services: Services) -> Iterator[int]:
    with listening(services) as port:
        yield port


def test_it_answers_without_naming_its_software(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", f"/v1/ips/{MINER}", headers=PURPOSE)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Server") is None
    assert json.loads(answer.read())["address"] == MINER
    connection.close()


def test_an_answer_leaves_nothing_to_the_search_for_cycles(port: int) -> None:
    def held() -> int:
        return sum(isinstance(one, RequestResponseCycle) for one in gc.get_objects())

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    gc.collect()
    gc.disable()
    try:
        before = held()
        for _ in range(20):
            connection.request("GET", f"/v1/ips/{MINER}", headers=PURPOSE)
            assert connection.getresponse().read()
        assert held() <= before + 2  # the last one is the connection's, and one may be ending
    finally:
        gc.enable()
        connection.close()


def _told(port: int, *requests: bytes) -> list[bytes]:
    """What is answered to requests in one packet, up to the end of the connection; but for the times."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as raw:
        raw.sendall(b"".join(requests))
        received = b""
        while chunk := raw.recv(65536):
            received += chunk
    return [line for line in received.split(b"\r\n") if not line.startswith(b"date: ")]


def test_both_ways_send_the_same_bytes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(path: str, *headers: str, last: bool = False) -> bytes:
        given = ("Host: 127.0.0.1", f"X-Purpose: {PURPOSE['X-Purpose']}", *headers)
        ending = ("Connection: close",) if last else ()
        return "\r\n".join((f"GET {path} HTTP/1.1", *given, *ending, "", "")).encode()

    requests = (
        asked(f"/v1/ips/{MINER}"),
        asked("/v1/ips/240.0.0.1"),
        asked("/v1/ips/rubbish", "Accept-Language: zh"),
        asked(f"/v1/ips/{MINER}", "If-None-Match: *"),
        asked("/healthz"),
        asked(f"/v1/ips/{MINER}", "Expect: 100-continue"),
        asked(f"/v1/ips/{MINER}?port=7", last=True),
    )
    short = _told(port, *requests)
    assert b"".join(short).count(b"HTTP/1.1 ") == len(requests)

    async def pass_on(self: Lane, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    monkeypatch.setattr(Lane, "__call__", pass_on)
    assert _told(port, *requests) == short
    old = requests[0].replace(b"HTTP/1.1", b"HTTP/1.0")
    long = _told(port, old)
    monkeypatch.undo()
    assert _told(port, old) == long


def test_what_is_no_http_is_a_problem_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=120) as raw:
        raw.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        received = b""
        while chunk := raw.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert json.loads(body)["type"] == "urn:minescope:problem:malformed-http"


@pytest.mark.prove
def test_bulk_lines_arrive_while_later_ones_are_still_looked_up(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps([MINER] * 6_000)
    connection.request("POST", "/v1/ips:lookup", body, JSON)
    answer = connection.getresponse()
    began = time.monotonic()
    first = answer.readline()
    until_first = time.monotonic() - began
    rest = sum(1 for _ in answer)
    until_last = time.monotonic() - began
    connection.close()
    assert json.loads(first)["address"] == MINER
    assert rest == 5_999
    assert until_first < until_last / 2


def test_a_client_that_goes_away_midway_leaves_a_server_that_answers(port: int) -> None:
    body = json.dumps([MINER] * 6_000)
    for _ in range(10):  # more often than bulk look-ups may run at once
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/v1/ips:lookup", body, JSON)
        answer = connection.getresponse()
        assert answer.status == 200
        answer.readline()
        answer.close()
        connection.close()
        time.sleep(0.1)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/v1/ips:lookup", "[]", JSON)
    assert connection.getresponse().status == 200
    connection.close()


def test_others_are_answered_while_a_bulk_look_up_runs(port: int) -> None:
    bulk = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    bulk.request("POST", "/v1/ips:lookup", json.dumps([MINER] * 8_000), JSON)
    counted: list[int] = []
    reader = threading.Thread(target=lambda: counted.append(sum(1 for _ in bulk.getresponse())))
    reader.start()
    single = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    answered = 0
    while not counted:
        single.request("GET", f"/v1/ips/{MINER}", headers=PURPOSE)
        assert len(single.getresponse().read()) > 100
        answered += 1
    reader.join(60)
    single.close()
    bulk.close()
    assert counted == [8_000]
    assert answered > 10


def test_a_port_in_use_is_a_wrong_setting() -> None:
    with bind("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(SettingsError, match=r"--port.*in use"):
            bind("127.0.0.1", bound.getsockname()[1])


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines_is_a_wrong_setting(host: str) -> None:
    with pytest.raises(SettingsError, match="--host"):
        bind(host, 0)


def test_loopback_is_told_from_other_addresses() -> None:
    with bind("127.0.0.1", 0) as local, bind("[::1]", 0) as local6, bind("0.0.0.0", 0) as everywhere:
        assert is_loopback(local)
        assert is_loopback(local6)
        assert not is_loopback(everywhere)
