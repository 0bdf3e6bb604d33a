"""The operator's lists through the API: who may, once, on the state that was seen, and in the audit."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.access.gate import Mode
from pipeline.services import Services
from store.access_rules import AccountRole
from store.audit import AuditStore
from tests.api.accounts import key_of
from tests.api.stored import CLEARED, MINER, NODE, POOL, PURPOSE, app_of, asking, serving

ALLOW, DENY = "/v1/lists/allow", "/v1/lists/deny"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Services]:
    with serving(tmp_path) as services:
        yield services


@pytest.fixture
def client(own: Services) -> Iterator[TestClient]:
    with asking(own) as client:
        yield client


def put(client: TestClient, path: str, entry: str, **headers: str) -> "object":
    body = {"entry": entry, "reason": "our own laboratory"}
    return client.post(path, json=body, headers={name.replace("_", "-"): v for name, v in headers.items()})


def hits(client: TestClient) -> set[str]:
    return {hit["address"] for hit in client.get("/v1/hits").json()["hits"]}


def test_an_entry_changes_what_is_shown_at_once_and_back_again(client: TestClient) -> None:
    assert hits(client) == {POOL, MINER, NODE}
    answer = put(client, ALLOW, f"{MINER}/32")
    assert answer.status_code == 201
    assert answer.json() == {
        "list": "allow",
        "entry": MINER,
        "reason": "our own laboratory",
        "added": answer.json()["added"],
    }
    assert put(client, DENY, CLEARED).status_code == 201
    assert hits(client) == {POOL, NODE, CLEARED}
    gone = client.delete(ALLOW, params={"entry": MINER})
    assert (gone.status_code, gone.json()["entry"]) == (200, MINER)
    assert client.delete(ALLOW, params={"entry": MINER}).status_code == 404
    assert client.delete(ALLOW, params={"entry": CLEARED}).status_code == 404  # it is on the other one
    assert hits(client) == {POOL, MINER, NODE, CLEARED}


def test_an_entry_is_on_one_list(client: TestClient) -> None:
    put(client, ALLOW, "Pool.Example.org.")
    put(client, DENY, "*.pool.example.org")
    assert client.get(ALLOW).json() == {"entries": [], "count": 0, "next": None}
    assert [one["entry"] for one in client.get(DENY).json()["entries"]] == ["pool.example.org"]


def test_pages_hold_each_entry_once(client: TestClient) -> None:
    names = {f"pool{n}.example.org" for n in range(7)}
    for name in names:
        put(client, DENY, name)
    seen, after = [], {}
    while True:
        page = client.get(DENY, params={"limit": 3, **after}).json()
        assert page["count"] == 7
        seen += [one["entry"] for one in page["entries"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == sorted(names)


def test_a_change_is_made_on_the_state_that_was_seen_and_once(client: TestClient) -> None:
    tag = client.get(ALLOW).headers["etag"]
    assert client.get(ALLOW, headers={"If-None-Match": tag}).status_code == 304
    first = put(client, ALLOW, "192.0.2.0/24", If_Match=tag, Idempotency_Key="one")
    assert first.status_code == 201
    assert first.headers["etag"] == client.get(ALLOW).headers["etag"] != tag
    again = put(client, ALLOW, "192.0.2.0/24", If_Match=tag, Idempotency_Key="one")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert put(client, ALLOW, "198.51.100.0/24", Idempotency_Key="one").status_code == 422
    assert put(client, ALLOW, "198.51.100.0/24", If_Match=tag).status_code == 412
    stale = client.delete(ALLOW, params={"entry": "192.0.2.0/24"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert client.get(ALLOW).json()["count"] == 1
    assert client.get(ALLOW, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("entry", ["", "rubbish", "192.0.2.1/24", "::1%eth0", "a b.example", "x" * 301])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_no_entry_is_refused(client: TestClient, entry: str, language: str) -> None:
    answer = put(client, ALLOW, entry, Accept_Language=language)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/body/entry"


def test_other_lists_and_reasons_that_say_nothing_are_refused(client: TestClient) -> None:
    assert client.get("/v1/lists/grey").status_code == 422
    for reason in ("", "  ", "xx", "x" * 501):
        body = {"entry": MINER, "reason": reason}
        assert client.post(ALLOW, json=body).status_code == 422
    assert client.get(ALLOW).json()["count"] == 0


def test_what_was_put_on_a_list_and_by_whom_is_in_the_audit(own: Services) -> None:
    with app_of(own, mode=Mode.CLOSED) as app, TestClient(app) as client:
        headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.OPERATOR)}"}
        client.post(DENY, json={"entry": "192.0.2.9", "reason": "seized on site"}, headers=headers)
        client.delete(DENY, params={"entry": "192.0.2.9"}, headers=headers)
    removed, added = AuditStore(own.database).newest(2)
    assert added["action"] == "addListEntry"
    assert added["subject"] == "/v1/lists/deny 192.0.2.9: seized on site"
    assert added["actor"].startswith("operator-000000")
    assert removed["subject"] == "/v1/lists/deny?entry=192.0.2.9"


@pytest.mark.parametrize("role", AccountRole)
@pytest.mark.parametrize("division", ["000000", "990000", "990101"])
def test_only_the_centre_keeps_the_lists(own: Services, role: AccountRole, division: str) -> None:
    may = role in (AccountRole.OPERATOR, AccountRole.SUPERVISOR) and division == "000000"
    with app_of(own, mode=Mode.CLOSED) as app, TestClient(app) as client:
        headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, role, division)}"}
        assert client.get(ALLOW, headers=headers).status_code == (200 if may else 403)
        body = {"entry": MINER, "reason": f"at {time.time_ns()}"}
        assert client.post(ALLOW, json=body, headers=headers).status_code == (201 if may else 403)
