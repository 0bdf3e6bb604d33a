"""Refusals are counted into the audit, and fill nothing."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.access.opening import opened_gate
from api.access.refusals import EVERY_S, MAX_NAMED, MAX_SOURCES, Refusals
from api.app import create_app
from pipeline.services import Services
from store.access_rules import AccountRole
from store.audit import AuditStore
from store.audit_chain import Entry
from store.audit_writer import AuditWriter
from tests.api.accounts import key_of
from tests.api.stored import MINER, PURPOSE, serving
from tests.api.test_server import listening


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Services]:
    with serving(tmp_path) as services:
        yield services


def subjects(services: Services) -> list[str]:
    return [one["subject"] for one in reversed(AuditStore(services.database).newest(1000))]


def test_strangers_are_counted_in_one_entry_a_minute(own: Services) -> None:
    with opened_gate(own, Mode.CLOSED, time.time_ns, durable=False) as gate:
        client = TestClient(create_app(own, gate, {"testserver"}))
        for _ in range(130):
            client.get(f"/v1/ips/{MINER}", headers=PURPOSE)
        for host in ("evil.example", "127.0.0.2"):
            assert client.get("/v1/hits", headers={"Host": host}).status_code == 421
        with client:  # its loop ends with the gate: what waits is written
            client.get("/v1/hits")
    first, rest = subjects(own)
    assert first == "unauthenticated 1; from testclient 1"
    assert rest == ("unauthenticated 119, too-many-requests 11, misdirected-request 2; from testclient 132")
    assert AuditStore(own.database).verify().broken is None


def test_what_an_account_asks_beyond_its_limit_is_counted_and_not_kept_one_by_one(own: Services) -> None:
    with opened_gate(own, Mode.CLOSED, time.time_ns, "5/minute", durable=False) as gate:
        app = create_app(own, gate)
        key = key_of(app, AccountRole.OPERATOR)
        client = TestClient(app, headers=PURPOSE | {"Authorization": f"Bearer {key}"})
        statuses = [client.get(f"/v1/ips/{MINER}").status_code for _ in range(25)]
    assert statuses == [200] * 5 + [429] * 20
    told = subjects(own)
    assert told[:5] == [f"/v1/ips/{MINER}"] * 5
    assert [one.split(";")[0] for one in told[5:]] == ["too-many-requests 1", "too-many-requests 19"]
    assert all("operator-000000" in one for one in told[5:])


class Kept:
    """What a writer was given."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entry: Entry) -> None:
        self.entries.append(entry)


def test_many_addresses_take_bounded_memory_and_a_bounded_entry() -> None:
    kept, now = Kept(), [0]
    refusals = Refusals(kept, lambda: now[0])  # type: ignore[arg-type]
    refusals.count("unauthenticated", "first")
    now[0] = EVERY_S * 10**9 - 1
    refusals._waiting = object()  # type: ignore[assignment]  # a timer is set: nothing is written before it
    for number in range(3 * MAX_SOURCES):
        refusals.count("unauthenticated", f"source {number}")
    assert len(refusals._sources) == MAX_SOURCES
    refusals._waiting = None
    refusals.write()
    [_, entry] = kept.entries
    assert entry.subject.startswith(f"unauthenticated {3 * MAX_SOURCES}; from ")
    assert entry.subject.endswith(f", others {3 * MAX_SOURCES - MAX_NAMED}")
    assert len(entry.subject) < 1000
    refusals.write()
    assert len(kept.entries) == 2


def test_the_writer_takes_them_like_any_entry(own: Services) -> None:
    store = AuditStore(own.database, durable=False)
    with AuditWriter(store) as writer:
        refusals = Refusals(writer, lambda: 7)
        refusals.count("csrf", "192.0.2.1")
    [entry] = store.newest(9)
    assert (entry["action"], entry["subject"], entry["status"]) == (
        "refused",
        "csrf 1; from 192.0.2.1 1",
        401,
    )


def test_what_is_no_http_is_counted_and_who_says_nothing_is_not(own: Services) -> None:
    with listening(own) as port:
        for sent in (
            b"",
            b"\x16\x03\x01\x02\x00 no HTTP\r\n\r\n",
            b"",
            b"GET / HTTP/1.1\r\n" + b"x" * 70_000,
        ):
            reached = socket.create_connection(("127.0.0.1", port), timeout=30)
            with reached as raw, suppress(ConnectionError):  # it hangs up while more is on its way
                raw.sendall(sent)
                while sent and raw.recv(65_536):
                    pass
    told = subjects(own)[-2:]
    assert [one.split(";")[0] for one in told] == ["malformed-http 1", "head-too-large 1"]
    assert all(one.endswith("from 127.0.0.1 1") for one in told)
