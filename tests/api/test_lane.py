"""The short way to a look-up: it answers, refuses and records what the framework's own way does."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.access.gate import Mode
from api.lane import Lane
from api.routes.ips import read_ip
from facts.endpoint import parse_address
from pipeline.services import Services
from store.access_rules import AccountRole
from store.audit import AuditStore
from tests.api.accounts import key_of
from tests.api.stored import CLEARED, MINER, NODE, POOL, PURPOSE, app_of, serving

_ADDRESSES = (
    MINER, POOL, NODE, CLEARED, "192.0.2.9", "198.51.100.255", "::ffff:192.0.2.200", "2001:DB8::7",
    "240.0.0.1", "rubbish", "fe80::1%25eth0", "192.0.2.200%2F24", "1" * 100, "",
)  # fmt: skip
_QUERIES = (
    "", "?at=2026-03-01T08:00:00Z", "?at=2026-03-01T08:00:00Z&port=40123", "?port=65536", "?port=x", "?port=",
    "?at=yesterday", "?at=1969-01-01T00:00:00Z", "?port=1&port=1", "?prot=1", "?",
)  # fmt: skip
_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept-Language": "zh"},
    {"If-None-Match": "*"},
    {"X-Purpose": ""},
    {"X-Purpose": "ab"},
    {"Authorization": "Bearer nobody"},
    {"Authorization": "Basic eA=="},
)
_PASSING = frozenset({"date"})


def _asked(app: FastAPI, key: str) -> list[tuple[Any, ...]]:
    """What every question is answered with."""
    told = []
    with TestClient(app, raise_server_exceptions=False) as client:
        for method in ("GET", "HEAD", "POST"):
            for address in _ADDRESSES:
                for query in _QUERIES if address == MINER else _QUERIES[:2]:
                    for headers in _HEADERS if method == "GET" and query == "" else _HEADERS[:1]:
                        given = {"Authorization": f"Bearer {key}", **PURPOSE, **headers}
                        got = client.request(method, f"/v1/ips/{address}{query}", headers=given)
                        kept = sorted((n, v) for n, v in got.headers.items() if n not in _PASSING)
                        told.append((method, address, query, headers, got.status_code, kept, got.text))
    return told


def _trail(services: Services) -> list[tuple[Any, ...]]:
    names = ("actor", "role", "division", "client", "action", "subject", "purpose", "status")
    return [tuple(one[name] for name in names) for one in AuditStore(services.database).newest(10_000)]


@pytest.mark.parametrize("role", [AccountRole.ANALYST, AccountRole.OPERATOR, AccountRole.AUDITOR])
@pytest.mark.parametrize("division", ["000000", "990000"])
def test_both_ways_answer_and_record_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: AccountRole, division: str
) -> None:
    with serving(tmp_path) as services, app_of(services, mode=Mode.CLOSED) as app:
        key = key_of(app, role, division)
        taken: list[str] = []

        async def counted(*given: Any) -> Response:
            taken.append(given[-1])
            return await read_ip(*given)

        monkeypatch.setattr("api.lane.read_ip", counted)
        short = _asked(app, key)
        audited = _trail(services)

        monkeypatch.setattr(Lane, "__call__", _pass_on)
        long = _asked(app, key)
        assert short == long
        both = _trail(services)
        fresh = both[: len(both) - len(audited)]
        assert [one for one in fresh if one[4] != "refused"] == [
            one for one in audited if one[4] != "refused"
        ]
        statuses = {status for *_, status, _, _ in short}
        if role is AccountRole.AUDITOR:
            assert 403 in statuses
            assert not taken
        else:
            assert 403 not in statuses
            assert len(taken) > len(_ADDRESSES)  # it is the short way that was compared
        if role is AccountRole.ANALYST and division == "000000":
            assert statuses >= {200, 304, 400, 401, 404, 405}


def _both_ways(app: FastAPI, key: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What one question is answered with, the short way and the long one."""
    told = []
    given = {"Authorization": f"Bearer {key}", **PURPOSE}
    for short in (True, False):
        with monkeypatch.context() as patched, TestClient(app, raise_server_exceptions=False) as client:
            if not short:
                patched.setattr(Lane, "__call__", _pass_on)
            got = client.get(f"/v1/ips/{MINER}", headers=given)
            told.append((got.status_code, sorted(got.headers.items()), got.text))
    return told


async def _pass_on(self: Lane, scope: Scope, receive: Receive, send: Send) -> None:
    await self._app(scope, receive, send)


def test_a_fault_is_answered_recorded_and_raised_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("no such thing")

    with serving(tmp_path) as services, app_of(services, mode=Mode.CLOSED) as app:
        key = key_of(app, AccountRole.ANALYST, "000000")
        monkeypatch.setattr("api.routes.ips.look_up_at_once", broken)
        short, long = _both_ways(app, key, monkeypatch)
        assert short == long
        assert short[0] == 500
        newest, older, *_ = _trail(services)
        assert newest == older
        assert newest[-1] == 500
        with TestClient(app) as client, pytest.raises(RuntimeError, match="no such thing"):
            client.get(f"/v1/ips/{MINER}", headers={"Authorization": f"Bearer {key}", **PURPOSE})


def test_an_answer_without_its_entry_is_withheld_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as services, app_of(services, mode=Mode.CLOSED) as app:
        key = key_of(app, AccountRole.ANALYST, "000000")
        with services.database.writing() as connection:
            connection.execute(text("ALTER TABLE audit_entries RENAME TO elsewhere"))
        short, long = _both_ways(app, key, monkeypatch)
        assert short == long
        assert short[0] == 503


def test_what_is_told_at_once_is_what_patience_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as services:
        store = services.verdicts
        assert store.at_once(parse_address("198.51.100.255")) == []
        assert store.at_once(parse_address(MINER)) is None  # the operator's lists were not read yet
        for one in (MINER, POOL, NODE, CLEARED):
            address = parse_address(one)
            patient = store.of_address(address)
            assert patient
            assert store.at_once(address) == patient


def test_a_busy_or_broken_database_is_left_to_patience(tmp_path: Path) -> None:
    with serving(tmp_path) as services:
        store, address = services.verdicts, parse_address(MINER)
        known = store.of_address(address)
        with store._turn:
            assert store.at_once(address) is None
        with services.database.writing() as connection:
            connection.execute(text("ALTER TABLE verdict_peers RENAME TO elsewhere"))
        assert store.at_once(address) is None
        with services.database.writing() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO verdict_peers"))
        assert store.at_once(address) == known  # on a new connection


def test_much_to_tell_is_left_to_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path) as services:
        store, address = services.verdicts, parse_address(MINER)
        known = store.of_address(address)
        monkeypatch.setattr("store.verdicts.MOST_AT_ONCE", 0)
        assert store.at_once(address) is None
        monkeypatch.setattr("store.verdicts.MOST_AT_ONCE", 64)
        assert store.at_once(address) == known
