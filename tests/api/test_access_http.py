"""Who asks: sessions, keys, limits, masks, and the trail of every question."""

import asyncio
import json
import time
import zlib
from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.requests import Request
from starlette.testclient import TestClient

from api import bulk
from api.access.gate import Mode, read_purpose
from api.access.opening import opened_gate
from api.access.view import View, private_block, short
from api.app import create_app
from api.deprecation import MIN_NOTICE_DAYS, OUTGOING, Outgoing
from api.middleware import SecurityHeaders
from api.problems import Problem, ProblemError
from facts.endpoint import packed16, parse_address
from facts.evidence import Evidence
from facts.names import Role
from facts.verdict import Hashrate, Pace
from facts.where import Where
from pipeline.services import Services
from store.access import LOCK_S, MAX_FAILURES, AccessStore, Account
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department, Permission, permissions
from store.access_secrets import STEP_S, hotp
from store.audit import AuditStore
from tests.api.accounts import PASSWORD, cheap_hashes, every_route, gate_of, key_of
from tests.api.stored import CLEARED, MINER, PURPOSE, app_of, asking, serving, verdict


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Services]:
    """Services that a test may change."""
    cheap_hashes()
    with serving(tmp_path) as services:
        yield services


@pytest.fixture
def closed(own: Services) -> Iterator[tuple[FastAPI, TestClient]]:
    with app_of(own, mode=Mode.CLOSED) as app, TestClient(app, raise_server_exceptions=False) as client:
        gate_of(app).access.add_user(
            "li", AccountRole.ANALYST, WHOLE_COUNTRY, Department.CYBERSPACE, PASSWORD
        )
        yield app, client


def logged_in(client: TestClient, **more: str) -> dict:
    answer = client.post("/v1/session", json={"name": "li", "password": PASSWORD, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_session_looks_up_and_ends(closed: tuple[FastAPI, TestClient]) -> None:
    _, client = closed
    told = logged_in(client)
    assert told["permissions"] == sorted(permissions(AccountRole.ANALYST, Department.CYBERSPACE))
    assert client.get(f"/v1/ips/{MINER}", headers=PURPOSE).status_code == 200
    assert client.get("/v1/session").json()["csrf_token"] == told["csrf_token"]
    assert client.delete("/v1/session").status_code == 403
    assert client.delete("/v1/session", headers={"X-CSRF-Token": told["csrf_token"]}).status_code == 204
    assert client.get("/v1/session").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(closed: tuple[FastAPI, TestClient]) -> None:
    _, client = closed
    answer = client.post("/v1/session", json={"name": "li", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # over http
    secure = TestClient(client.app, base_url="https://minescope.example")
    answer = secure.post("/v1/session", json={"name": "li", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_change_in_a_session_needs_its_own_token(closed: tuple[FastAPI, TestClient]) -> None:
    _, client = closed
    told = logged_in(client)
    for token, status in (
        ({}, 403),
        ({"X-CSRF-Token": "0" * 64}, 403),
        ({"X-CSRF-Token": told["csrf_token"]}, 200),
    ):
        answer = client.post("/v1/ips:lookup", json=[MINER], headers=PURPOSE | token)
        assert answer.status_code == status
    assert client.get("/v1/hits", headers=PURPOSE).status_code == 200


def test_wrong_names_passwords_and_locks_read_the_same(closed: tuple[FastAPI, TestClient]) -> None:
    app, client = closed
    gate_of(app)._login_rate = gate_of(app)._rate
    told = [
        client.post("/v1/session", json={"name": name, "password": "x" * 12}).text
        for name in ("nobody", *["li"] * (MAX_FAILURES + 1))
    ]
    told.append(client.post("/v1/session", json={"name": "li", "password": PASSWORD}).text)
    assert len(set(told)) == 1
    assert json.loads(told[0])["type"].endswith("login-refused")


def test_a_second_factor_is_asked_for(closed: tuple[FastAPI, TestClient]) -> None:
    app, client = closed
    secret = gate_of(app).access.set_second_factor("li", True)
    assert secret
    answer = client.post("/v1/session", json={"name": "li", "password": PASSWORD})
    assert answer.json()["type"].endswith("code-wanted")
    code = hotp(b32decode(secret), int(time.time_ns() // 1_000_000_000) // STEP_S)
    assert logged_in(client, code=code)["name"] == "li"


def test_log_ins_are_limited_and_so_are_strangers(closed: tuple[FastAPI, TestClient]) -> None:
    _, client = closed
    codes = [
        client.post("/v1/session", json={"name": f"n{n}", "password": "x" * 12}).status_code
        for n in range(12)
    ]
    assert codes[:10] == [401] * 10
    assert codes[-1] == 429
    answers = [client.get("/v1/hits", headers=PURPOSE).status_code for _ in range(130)]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_an_account_has_a_limit(own: Services) -> None:
    with opened_gate(own, Mode.OPEN, time.time_ns, rate="5/minute") as gate:
        client = TestClient(create_app(own, gate), headers=PURPOSE)
        answers = [client.get("/v1/hits") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].headers["retry-after"]
    assert answers[-1].json()["type"].endswith("too-many-requests")


def test_a_key_with_fewer_scopes_may_less(closed: tuple[FastAPI, TestClient]) -> None:
    app, client = closed
    token = gate_of(app).access.issue_key("li", [Permission.HITS], 1, "")
    headers = PURPOSE | {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/hits", headers=headers).status_code == 200
    assert client.get(f"/v1/ips/{MINER}", headers=headers).status_code == 403
    assert client.get("/v1/session", headers=headers).json()["permissions"] == ["hits"]


def test_an_open_server_closes_with_the_first_account(own: Services) -> None:
    now = [time.time_ns()]
    with opened_gate(own, Mode.UNTIL_USERS, lambda: now[0]) as gate:
        client = TestClient(create_app(own, gate), headers=PURPOSE)
        assert client.get("/v1/hits").status_code == 200
        assert client.get("/v1/session").json()["name"] == "local"
        assert client.get("/v1/accounts").status_code == 403
        gate.access.add_user("li", AccountRole.ANALYST, WHOLE_COUNTRY, Department.OTHER, PASSWORD)
        now[0] += 3_000_000_000
        assert client.get("/v1/hits").status_code == 401
        gate.access.set_disabled("li", True)
        now[0] += 3_000_000_000
        assert client.get("/v1/hits").status_code == 401


def entries(services: Services) -> list[dict]:
    return list(reversed(AuditStore(services.database).newest(1000)))


def test_every_question_leaves_who_asked_what_and_why(
    closed: tuple[FastAPI, TestClient], own: Services
) -> None:
    app, client = closed
    key = key_of(app, AccountRole.ANALYST, "990100")
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "案件 17".encode()}
    client.get(f"/v1/ips/{MINER}?port=7", headers=headers)
    client.get("/v1/ips/8.8.8.8", headers=headers | {"X-Purpose": "%E6%A1%88%E4%BB%B6 17"})
    client.get("/v1/hits", headers={"Authorization": f"Bearer {key}"})
    client.get("/v1/audit", headers=headers)
    client.get("/v1/hits")
    client.post("/v1/session", json={"name": "li", "password": "wrong password"})
    logged_in(client)
    found = entries(own)
    assert [(one["action"], one["status"], one["purpose"]) for one in found] == [
        ("getAddress", 200, "案件 17"),
        ("getAddress", 404, "案件 17"),
        ("listHits", 400, ""),
        ("listAudit", 403, ""),
        ("refused", 401, ""),
        ("logIn", 401, ""),
        ("logIn", 201, ""),
    ]
    first = found[0]
    assert first["subject"] == f"/v1/ips/{MINER}?port=7"
    assert first["actor"].startswith("analyst-990100-cyberspace/msk_")
    assert (first["role"], first["division"], first["client"]) == ("analyst", "990100", "testclient")
    assert [one["actor"] for one in found[-2:]] == ["", "li"]
    assert found[-1]["subject"] == "log-in as li"
    assert "wrong password" not in json.dumps(found)
    assert AuditStore(own.database).verify().broken is None


def test_the_addresses_of_a_bulk_look_up_are_in_the_audit(own: Services) -> None:
    with asking(own) as client:
        client.post("/v1/ips:lookup", json=[MINER, "rubbish", "2001:db8::7"])
    [told] = AuditStore(own.database).export()
    import base64

    asked = zlib.decompress(base64.b64decode(told["detail"]))
    assert asked == packed16(parse_address(MINER)) + packed16(parse_address("2001:db8::7"))
    assert told["subject"] == "/v1/ips:lookup (2 addresses)"


def test_no_answer_leaves_where_the_audit_cannot_be_written(own: Services) -> None:
    with asking(own) as client:
        with own.database.writing() as connection:
            connection.execute(text("DROP TABLE audit_entries"))
        answer = client.get(f"/v1/ips/{MINER}")
        assert answer.status_code == 503
        assert "verdicts" not in answer.text
        assert answer.json()["type"].endswith("store-unavailable")
        assert client.get("/healthz").status_code == 200


def test_a_fault_of_the_service_is_in_the_audit(own: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret")

    with asking(own) as client:
        monkeypatch.setattr(type(own.verdicts), "hits", fails)
        assert client.get("/v1/hits").status_code == 500
    assert [(one["action"], one["status"]) for one in entries(own)] == [("listHits", 500)]


def test_the_audit_is_read_by_those_who_may(closed: tuple[FastAPI, TestClient]) -> None:
    app, client = closed
    analyst = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST)}"}
    for _ in range(3):
        client.get("/v1/hits", headers=analyst)
    auditor = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.AUDITOR)}"}
    first = client.get("/v1/audit", params={"limit": 2}, headers=auditor).json()
    rest = client.get("/v1/audit", params={"limit": 2, "before": first["next"]}, headers=auditor).json()
    assert [one["seq"] for one in first["entries"] + rest["entries"]][:3] == [3, 2, 1]
    assert rest["next"] is None
    head = client.get("/v1/audit/head", headers=auditor).json()
    assert head["seq"] == 5
    admin = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.SECURITY_ADMIN)}"}
    listed = client.get("/v1/accounts", headers=admin)
    assert "li" in {one["name"] for one in listed.json()["accounts"]}
    assert "hash" not in listed.text


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("case 7", "case 7"),
        ("  case   7 ", "case 7"),
        ("%E6%A1%88%E4%BB%B61", "案件1"),
        ("案件1".encode().decode("latin-1"), "案件1"),
        ("100% sure", "100% sure"),
        ("caf\xe9", "caf\xe9"),
    ],
)
def test_a_purpose_is_read_as_it_was_meant(sent: str, read: str) -> None:
    assert read_purpose(sent) == read


@pytest.mark.parametrize("sent", [None, "", "ab", "%00%00%00", "x" * 201, "%0A%0A%0A%0A"])
def test_a_purpose_that_says_nothing_is_refused(sent: str | None) -> None:
    with pytest.raises(ProblemError):
        read_purpose(sent)


WALLET = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD"


def view(services: Services, department: Department, division: str = WHOLE_COUNTRY) -> View:
    may = permissions(AccountRole.ANALYST, department)
    return View(services, Account("li", AccountRole.ANALYST, division, department, may))


@pytest.mark.parametrize(
    "text",
    [
        f"{WALLET}.rig07",
        f"{WALLET}/wang@example.org",
        "wang@example.org.rig07",
        "0x52908400098527886E0F7030069857D2E4169EE7.rig-7",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq+rig7",
    ],
)
def test_wallets_workers_and_mail_are_masked_by_department(services: Services, text: str) -> None:
    assert view(services, Department.CYBERSPACE).text(text) == text
    masked = view(services, Department.ENERGY).text(text)
    for part in (WALLET[4:-4], "rig", "wang", "example.org", "0840009", "0srrr7"):
        assert part not in masked


@pytest.mark.parametrize(
    "text", ["XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/11.2.0", "mining.subscribe", "job 12:30", "a:3333"]
)
def test_what_is_no_secret_stays(services: Services, text: str) -> None:
    assert view(services, Department.ENERGY)._words(text, 0) == text


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("100.64.0.1", "100.64.0.0/10"),
        ("192.168.1.7", "192.168.0.0/16"),
        ("fd00::1", "fc00::/7"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
    ],
)
def test_of_a_private_address_the_block_is_shown(services: Services, address: str, block: str | None) -> None:
    assert private_block(parse_address(address)) == (
        None if block is None else __import__("ipaddress").ip_network(block)
    )
    assert view(services, Department.ENERGY).address(address) == (block or address)
    assert view(services, Department.CYBERSPACE).address(address) == address


def test_addresses_in_sentences_are_blanked_where_they_are_foreign_or_private(services: Services) -> None:
    at = 1_772_352_000 * 10**9
    words = view(services, Department.ENERGY, "990101")._words
    told = words("to 203.0.113.40:3333, [2001:db8::7]:8333, 8.8.8.8:53 and 192.168.4.4:1", at)
    assert told == "to …:3333, [2001:db8::7]:8333, 8.8.8.8:53 and 192.168.0.0/16:1"


def test_a_masked_answer_holds_no_wallet(tmp_path: Path) -> None:
    at = parse_address(MINER)
    base = verdict(MINER)
    said = Evidence(
        at, Role.MINER, "miner.login_wallet", Where("a.pcap", 3), base.last_seen_ns,
        (("message", f"mining.authorize {WALLET}.rig07"), ("peer", "10.9.8.7:3333")),
    )  # fmt: skip
    curve = (Pace("rig07", base.last_seen_ns, 60.0, 5, 0, 0, 1e3, 5e2, 2e3),)
    held = verdict(
        MINER,
        wallets=(WALLET,),
        rigs=("rig07",),
        hashrate=(Hashrate("rx/0", 1e3, 9e2, 2e3, 5, series=curve),),
        evidence=(base.evidence[0].__class__(said, 4.0),),
    )
    with serving(tmp_path, [held]) as services, app_of(services, mode=Mode.CLOSED) as app:
        client = TestClient(app)
        for department, masked in ((Department.ENERGY, True), (Department.CYBERSPACE, False)):
            key = key_of(app, AccountRole.ANALYST, WHOLE_COUNTRY, department)
            headers = PURPOSE | {"Authorization": f"Bearer {key}"}
            for path in (
                f"/v1/ips/{MINER}",
                "/v1/hits",
                "/v1/exports/hits?format=ndjson",
                "/v1/exports/hits",
            ):
                told = client.get(path, headers=headers).text
                for secret in (WALLET, "rig07", "10.9.8.7"):
                    assert (secret in told) != masked, (path, secret)
            assert (client.get(f"/v1/ips/{MINER}/evidence", headers=headers).status_code == 403) == masked
    assert short("short") == "…"


def test_answers_tell_what_is_on_its_way_out(own: Services) -> None:
    going = Outgoing(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "/v2/hits")
    with asking(own) as client:
        assert "deprecation" not in client.get("/v1/hits").headers
        outer = TestClient(SecurityHeaders(client.app, outgoing={"listHits": going}), headers=PURPOSE)
        answers = [outer.get("/v1/hits"), outer.get("/v1/hits?level=odd"), outer.get("/v1/hits?cursor=x")]
        other = outer.get(f"/v1/ips/{MINER}").headers
    assert [answer.status_code for answer in answers] == [200, 422, 400]
    for headers in (answer.headers for answer in answers):
        assert headers["deprecation"] == "@1767225600"
        assert headers["sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
        assert headers["link"] == '</v2/hits>; rel="successor-version"'
    assert not {"deprecation", "sunset", "link"} & set(other)


def test_what_is_to_go_is_an_operation_and_is_announced_for_a_year() -> None:
    assert set(OUTGOING) <= {route.operation_id for route in every_route()}
    assert all(going.sunset - going.since >= timedelta(days=MIN_NOTICE_DAYS) for going in OUTGOING.values())
    assert MIN_NOTICE_DAYS >= 365


def test_every_route_has_its_version_in_its_path() -> None:
    assert {r.path for r in every_route() if not r.path.startswith("/v1/")} == {"/healthz"}


@pytest.mark.parametrize(
    "path", [f"/v1/ips/{MINER}", "/v1/hits", f"/v1/ips/{CLEARED}/decisions", "/v1/probes"]
)
def test_an_unchanged_answer_is_a_304(client: TestClient, path: str) -> None:
    answer = client.get(path)
    tag = answer.headers["etag"]
    for header in (tag, f'"x", W/{tag}', "*"):
        again = client.get(path, headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
    chinese = client.get(path, headers={"Accept-Language": "zh"})
    assert (chinese.headers["etag"] == tag) == (chinese.content == answer.content)


def test_what_is_kept_of_accounts_is_no_secret_and_locks_last(own: Services) -> None:
    access = AccessStore(own.database, lambda: 0)
    assert access.has_users() is False
    assert LOCK_S >= 900


@pytest.mark.parametrize("declared", [True, False])
def test_a_log_in_takes_no_large_body(client: TestClient, declared: bool) -> None:
    chunk = b" " * 8192
    content = chunk * 9 if declared else (chunk for _ in range(9))
    answer = client.post("/v1/session", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("body-too-large")


def test_a_body_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_comes() -> None:
        await asyncio.sleep(3600)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    monkeypatch.setattr(bulk, "BODY_S", 0.01)
    with pytest.raises(ProblemError) as caught:
        asyncio.run(bulk.read_body(Request(scope, nothing_comes)))  # type: ignore[arg-type]
    assert caught.value.problem is Problem.BODY_TOO_SLOW
