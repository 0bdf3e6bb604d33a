"""The authorization matrix: every route x role x region, from the table of routes; nothing leaks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api.access.gate import Mode
from pipeline.services import Services
from store.access_rules import AccountRole, Department, Permission, lies_in, permissions
from tests.api.accounts import every_route, gate_of, is_guarded, key_of, permission_of
from tests.api.stored import CLUSTER, MINER, NODE, POOL, PURPOSE, app_of, serving
from tests.api.supervised import WEST, supervise

DIVISIONS = ("000000", "990000", "990100", "990200", "990101", "990102", "990221", "330000")
OWN = {
    "990101": [NODE, "site-east-1", "site-east-2", "示例路1号", "line-6001", "91990101MADEUP0132", "甲数据"],
    "990102": [MINER, "site-west-1", "示例路4号", "line-1004", "line-2002", "91990101MADEUP048L", "丁新能源"],
    "990221": [POOL, "site-hydro-1", "site-unmeasured", "line-3002", "91990101MADEUP03XL", "丙农业"],
}  # fmt: skip
"""By county: what only its own region may read."""
EVER = {NODE: "990101", MINER: "990102 990101", POOL: "990221"}
"""By address: where it ever was; the wide prefix around the second was another enterprise's."""
ENTERPRISES = {"91990101MADEUP0132": "990101", "91990101MADEUP048L": "990102", "91990101MADEUP03XL": "990221"}
SITES = {"site-east-1": "990101", "site-west-1": "990102", "site-hydro-1": "990221"}
UNKNOWN = {
    "cluster_id": "c-" + "0" * 16,
    "ip": "8.8.8.8",
    "uscc": "91990101MADEUP0991",
    "site_id": "site-none",
    "name": "no-pool",
    "project_id": "pj-" + "0" * 16,
    "warning_id": "999999",
    "case_id": "999999",
    "account": "33009999",
    "period": "0" * 12,
}
TARGETS: dict[str, dict[str, str]] = {
    "ip": EVER,
    "uscc": ENTERPRISES,
    "site_id": SITES,
    "cluster_id": {CLUSTER: "990102 990221"},
    "project_id": {WEST: "990102"},
    "warning_id": {"1": "990102"},
    "case_id": {"1": "990102"},
    "account": {},  # those of each region: tests/api/test_tariff.py
    "period": {},
}
BODIES = {
    "lookupAddresses": [*EVER, "8.8.8.8"],
    "startJob": [MINER],
    "startReport": {"kind": "tariff", "formats": ["xlsx"]},
    "decide": {"decision": "confirm", "reason": "seen on site"},
    "addListEntry": {"entry": "198.51.100.9", "reason": "our own laboratory"},
    "importClocks": {"format": "minescope-clocks-1", "clocks": []},
    "openProject": {"proposal": WEST},
    "addProjectEvent": {"step": "notified", "on": "2026-03-09"},
    "describeProject": {"park": "示例园区", "why": "seen on site"},
    "measureProject": {
        "basis": "inspection",
        "on": "2026-03-09",
        "kw": {"value": 90.0, "low": 90.0, "high": 90.0},
        "evidence": ["file:1"],
    },
    "planExit": {"class": "immediate", "body": "west", "begin": "2026-03-10", "reason": "postponed"},
    "actOnWarning": {"action": "note", "note": "asked"},
    "openCase": {"title": "a hall", "division": "990102"},
    "addCaseEntry": {"action": "note", "note": "asked"},
    "importLedger": [],
    "decideMiningPeriod": {"state": "confirmed", "why": "seen on site"},
    "billTariff": {"as_of": "2026-03-09"},
}
PLACED = {"openProject": "990102", "openCase": "990102"}
"""Whose body says where it is."""
ONCE = {"openProject", "addProjectEvent", "describeProject"}
"""What can be done once alone, or says nothing new the second time: then it is a 409."""


@dataclass(frozen=True)
class Call:
    """One call, and the counties that its record lies in; "" where it has none of its own."""

    route: APIRoute
    method: str
    path: str
    county: str | None
    """None: the record exists nowhere."""


def calls() -> Iterator[Call]:
    for route in every_route():
        [method] = route.methods - {"HEAD"}
        names = [
            name
            for name in (*TARGETS, "name", "job_id", "list", "week", "ledger")
            if f"{{{name}}}" in route.path
        ]
        if not names:
            yield Call(route, method, route.path, PLACED.get(route.operation_id or "", ""))
            continue
        [name] = names
        if name == "job_id":
            yield Call(route, method, route.path.replace("{job_id}", "0" * 32), None)
        elif name == "list":
            asked = {"removeListEntry": "?entry=198.51.100.9"}.get(route.operation_id or "", "")
            yield Call(route, method, route.path.replace("{list}", "allow") + asked, "")
        elif name == "ledger":
            yield Call(route, method, route.path.replace("{ledger}", "support"), "")
        elif name == "week":
            yield Call(route, method, route.path.replace("{week}", "2026-W10"), "")
        elif name == "name":
            yield Call(route, method, route.path.replace("{name}", "example-pool"), "")
            yield Call(route, method, route.path.replace("{name}", UNKNOWN["name"]), None)
        else:
            for target, county in TARGETS[name].items():
                yield Call(route, method, route.path.replace(f"{{{name}}}", target), county)
            yield Call(route, method, route.path.replace(f"{{{name}}}", UNKNOWN[name]), None)


def sent(client: TestClient, call: Call, headers: dict[str, str]) -> "object":
    body = BODIES.get(call.route.operation_id or "")
    return client.request(call.method, call.path, json=body, headers=headers)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    home = tmp_path_factory.mktemp("matrix")
    with serving(home) as services, app_of(services, mode=Mode.CLOSED) as app, TestClient(app) as client:
        supervise(services, home)
        yield app, client


def leaks(text: str, division: str, asked: str) -> list[str]:
    """What another region alone may read, but for what the question itself names."""
    return [
        word
        for county, words in OWN.items()
        if not lies_in(county, division)
        for word in words
        if word in text and word not in asked
    ]


def test_every_route_x_role_x_region_shows_its_own_and_nothing_else(
    world: tuple[FastAPI, TestClient],
) -> None:
    app, client = world
    made = list(calls())
    count = 0
    refused: dict[tuple[str, str], str] = {}
    for role, division in product(AccountRole, DIVISIONS):
        headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, role, division)}"}
        may = permissions(role, Department.CYBERSPACE, None, division)
        for call in made:
            permission = permission_of(call.route)
            answer = sent(client, call, headers)
            count += 1
            told = f"{role} {division} {call.method} {call.path}: {answer.status_code} {answer.text[:200]}"
            if not is_guarded(call.route):
                continue
            if permission is not None and permission not in may:
                assert answer.status_code == 403, told
                assert answer.json()["type"] == "urn:minescope:problem:forbidden", told
                continue
            if call.county is None or (
                call.county and not any(lies_in(c, division) for c in call.county.split())
            ):
                assert answer.status_code == 404, told
                body = answer.text.replace(f'"instance": "{call.path}"', "*")
                for name in (*EVER, *ENTERPRISES, *SITES, CLUSTER, *UNKNOWN.values()):
                    body = body.replace(name, "*")
                kind = f"{call.method} {call.route.path}"
                assert refused.setdefault((kind, "404"), body) == body, told  # foreign and unknown: the same
            elif "{name}" not in call.route.path:
                again = (409,) if call.route.operation_id in ONCE else ()
                assert answer.status_code in (200, 201, 202, 204, *again), told
            if permission not in (Permission.AUDIT, Permission.ACCOUNTS):  # those name accounts and questions
                asked = call.path + json.dumps(
                    BODIES.get(call.route.operation_id or "", ""), ensure_ascii=False
                )
                assert leaks(answer.text, division, asked) == [], told
    print(f"{count} calls")
    assert count >= 500


def test_a_bulk_answer_to_a_foreign_address_is_the_answer_to_an_unknown_one(
    world: tuple[FastAPI, TestClient],
) -> None:
    app, client = world
    headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST, '990102')}"}
    lines = client.post("/v1/ips:lookup", json=[POOL, "8.8.8.8", MINER], headers=headers).text.splitlines()
    foreign, unknown, own = map(json.loads, lines)
    assert foreign | {"address": ""} == unknown | {"address": ""}
    assert own["known"]
    assert own["verdicts"][0]["peers"] == []
    assert POOL not in own["verdicts"][0]["evidence"][0]["because"]


def test_nobody_is_let_in_without_a_key(world: tuple[FastAPI, TestClient]) -> None:
    _, client = world
    for call in calls():
        for headers in ({}, {"Authorization": "Bearer msk_00000000_x"}, {"Authorization": "Basic eDp5"}):
            answer = sent(client, call, PURPOSE | headers)
            if is_guarded(call.route):
                assert answer.status_code in (401, 429)
                assert leaks(answer.text, "330000", call.path) == []


def test_every_look_up_needs_a_purpose(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    for role in AccountRole:
        key = {"Authorization": f"Bearer {key_of(app, role)}"}
        for call in calls():
            if permission_of(call.route) in permissions(role, Department.CYBERSPACE):
                for purpose in ({}, {"X-Purpose": "  "}, {"X-Purpose": "x"}, {"X-Purpose": "y" * 201}):
                    answer = sent(client, call, key | purpose)
                    assert answer.status_code == 400, call.path
                    assert answer.json()["type"] == "urn:minescope:problem:purpose-missing"


def test_the_open_routes_are_those_that_the_issue_names() -> None:
    assert {route.operation_id for route in every_route() if not is_guarded(route)} == {
        "getHealth",
        "logIn",
        "beginLogIn",
        "finishLogIn",
        "endLogIn",
    }
    without = {r.operation_id for r in every_route() if is_guarded(r) and permission_of(r) is None}
    assert without == {"getSession", "logOut"}


def test_the_region_filter_of_hits_narrows(services: Services, client: TestClient) -> None:
    def found(**params: str) -> set[str]:
        return {hit["address"] for hit in client.get("/v1/hits", params=params).json()["hits"]}

    assert found(region="990000") == {MINER, POOL, NODE}
    assert found(region="990100") == {MINER, NODE}
    assert found(region="990221") == {POOL}
    assert found(region="330000") == set()
    assert client.get("/v1/hits", params={"region": "99"}).status_code == 422


def test_pages_of_a_region_hold_its_hits_once(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST, '990100')}"}
    seen, params = [], {"limit": "1", "level": "cleared"}
    for _ in range(10):
        page = client.get("/v1/hits", params=params, headers=headers).json()
        seen += [hit["address"] + hit["role"] for hit in page["hits"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert sorted(seen) == sorted({MINER + "miner", MINER + "prober", NODE + "node"})
    assert gate_of(app) is not None


def test_the_audit_and_the_accounts_of_a_region_are_its_own(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    for division in ("990100", "990101", "990221"):
        analyst = {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST, division)}"}
        assert client.get("/v1/hits", headers=PURPOSE | analyst).status_code == 200
    auditor = {"Authorization": f"Bearer {key_of(app, AccountRole.AUDITOR, '990100')}"}
    entries = client.get("/v1/audit", params={"limit": 1000}, headers=PURPOSE | auditor).json()["entries"]
    assert {"990100", "990101"} <= {one["division"] for one in entries}
    assert all(lies_in(one["division"], "990100") for one in entries)
    admin = {"Authorization": f"Bearer {key_of(app, AccountRole.SECURITY_ADMIN, '990100')}"}
    told = client.get("/v1/accounts", headers=PURPOSE | admin).json()
    names = {one["name"] for one in told["accounts"]}
    assert all(lies_in(one["division"], "990100") for one in told["accounts"])
    assert {one["account"] for one in told["keys"]} <= names
    assert "analyst-990100-cyberspace" in names
