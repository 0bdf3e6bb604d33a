"""Projects, exits, warnings and cases over HTTP: what was known when, writes once, refusals, files, masks."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access.gate import Mode
from facts.instant import NS
from store.access_rules import AccountRole, Department
from supervision.projects.answers import ROW
from supervision.projects.metered import ROW as METERED
from tests.api.accounts import key_of
from tests.api.stored import MINER, PURPOSE, app_of, serving
from tests.api.supervised import MINING, NOW_NS, WEST, supervise


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    with serving(tmp_path, MINING) as services:
        supervise(services, tmp_path)
        with app_of(services, mode=Mode.CLOSED) as opened:
            opened.state.gate.clock = lambda: NOW_NS + NS
            yield opened


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, headers=PURPOSE) as opened:
        yield opened


def asking(
    app: FastAPI,
    division: str = "000000",
    department: Department = Department.CYBERSPACE,
    role: AccountRole = AccountRole.SUPERVISOR,
) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_of(app, role, division, department)}"}


def test_a_project_from_its_proposal_to_its_exit(app: FastAPI, client: TestClient) -> None:
    own = asking(app)
    found = client.get("/v1/proposals", headers=own).json()["proposals"]
    east, west = found
    assert (west["project"], west["state"], east["state"]) == (WEST, "verified", None)
    made = client.post("/v1/projects", json={"proposal": east["project"]}, headers=own)
    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/projects/{east['project']}"
    assert made.json()["measured"]["kw"]["value"] == 900.0
    again = client.post(
        "/v1/projects", json={"proposal": east["project"]}, headers=own | {"Accept-Language": "zh"}
    )
    assert (again.status_code, again.json()["detail"]) == (409, f"项目 {east['project']} 已存在。")

    path = f"/v1/projects/{WEST}"
    tag = client.get(path, headers=own).headers["etag"]
    assert client.get(path, headers=own | {"If-None-Match": tag}).status_code == 304
    body = {"step": "notified", "on": "2026-03-12", "note": "notice 12"}
    once = own | {"Idempotency-Key": "k1", "If-Match": tag}
    first = client.post(f"{path}/events", json=body, headers=once)
    assert first.status_code == 201
    assert (
        client.post(f"{path}/events", json=body, headers=once).status_code == 412
    )  # the state is another one
    replayed = client.post(f"{path}/events", json=body, headers=own | {"Idempotency-Key": "k1"})
    assert (replayed.status_code, replayed.headers["idempotency-replayed"]) == (201, "true")
    assert replayed.json() == first.json()
    other = client.post(f"{path}/events", json={**body, "note": "x"}, headers=own | {"Idempotency-Key": "k1"})
    assert other.json()["type"] == "urn:minescope:problem:idempotency-key-reused"
    wrong = client.post(f"{path}/events", json={"step": "found", "on": "2026-03-13"}, headers=own)
    assert wrong.json()["type"] == "urn:minescope:problem:not-allowed"
    assert "what can: cut_off, exited, limited" in wrong.json()["detail"]
    for on in ("2026-02-30", "2099-01-01"):
        assert client.post(f"{path}/events", json={**body, "on": on}, headers=own).status_code in (409, 422)

    # as known on 8 March it had been verified; as of 3 March, as is known now, only found
    assert client.get(f"{path}?known=2026-03-08", headers=own).json()["state"] == "verified"
    assert client.get(f"{path}?as_of=2026-03-03", headers=own).json()["state"] == "found"
    assert client.get(f"{path}?known=2026-03-01", headers=own).status_code == 404
    steps = [one["step"] for one in client.get(path, headers=own).json()["events"]]
    assert steps == ["found", "verified", "notified"]

    body = {"accounts": ["3300001"], "why": "named by the supplier"}
    anew = client.post(f"{path}/particulars", headers=own, json=body)
    assert (anew.status_code, anew.json()["accounts"]) == (201, ["3300001"])
    assert [one["changed"] for one in anew.json()["described"]] == [[], ["accounts"]]
    assert client.post(f"{path}/particulars", headers=own, json=body).status_code == 409
    assert client.post(f"{path}/particulars", headers=own, json={"park": "x"}).status_code == 422
    wrong = client.get(f"{path}/evidence?figure=foo", headers=own)
    assert wrong.status_code == 422
    assert "machines, kw, kwh_day" in wrong.json()["errors"][0]["detail"]
    shown = client.get(f"{path}/evidence?figure=kw", headers=own).json()
    assert [one["address"] for one in shown["verdicts"]] == [MINER]
    assert shown["evidence"] == ["verdict:1"]
    week = client.get("/v1/inventory/2026-W10", headers=own).json()
    assert (week["change"]["new"], week["totals"]["running"]) == ([WEST], 1)
    assert client.get("/v1/inventory/2026-W99", headers=own).status_code == 422


def test_pages_hold_each_project_once_and_filters_narrow(app: FastAPI, client: TestClient) -> None:
    own = asking(app)
    for n in range(5):
        body = {"name": f"hall {n}", "uscc": "", "site": f"new-{n}", "division": "990102", "kind": "planned"}
        assert client.post("/v1/projects", json=body, headers=own).status_code == 201
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/projects", params=query, headers=own).json()
        seen += [one["id"] for one in page["projects"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen)
    planned = client.get("/v1/projects?kind=planned", headers=own).json()["projects"]
    assert {one["state"] for one in planned} == {None}
    assert client.get("/v1/projects?cursor=x", headers=own).status_code == 400
    assert client.get("/v1/projects?region=330000", headers=asking(app, "990102")).status_code == 404


def test_exit_plans_and_progress(app: FastAPI, client: TestClient) -> None:
    own = asking(app)
    late = client.get("/v1/exits?late=true&as_of=2026-03-20", headers=own).json()["exits"]
    assert [(one["project"], one["next"], one["days_late"]) for one in late] == [(WEST, "notified", 9)]
    steps = [{"step": "exited", "due": "2026-09-01", "body": "west"}]
    plan = {"class": "stepwise", "body": "west", "milestones": steps}
    assert client.post(f"/v1/exits/{WEST}", json=plan, headers=own).status_code == 409  # no reason
    moved = client.post(f"/v1/exits/{WEST}", json={**plan, "reason": "winter"}, headers=own).json()
    assert (moved["days_late"], [one["days_late_at_first"] for one in moved["progress"]]) == (0, [18])
    assert [one["class"] for one in moved["plans"]] == ["immediate", "stepwise"]
    found = client.get("/v1/progress?region=990000", headers=own).json()["regions"]
    assert [(one["division"], one["level"], one["planned"]) for one in found] == [
        ("990000", "province", 1), ("990100", "city", 1),
    ]  # fmt: skip


def test_warnings_are_answered_by_who_owns_them(app: FastAPI, client: TestClient) -> None:
    own = asking(app, "990101")
    found = client.get("/v1/warnings", headers=own).json()["warnings"]
    assert [(one["rule"], one["state"]) for one in found] == [("new-mining", "open")]
    path = f"/v1/warnings/{found[0]['id']}"
    energy = asking(app, "990101", Department.ENERGY)
    refused = client.post(f"{path}/actions", json={"action": "acknowledge"}, headers=energy)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:minescope:problem:not-permitted")
    assert client.get(path, headers=asking(app, "990102")).status_code == 404
    taken = client.post(f"{path}/actions", json={"action": "acknowledge"}, headers=own).json()
    assert (taken["state"], [one["kind"] for one in taken["log"]]) == (
        "acknowledged",
        ["raised", "acknowledged"],
    )
    done = client.post(f"{path}/actions", json={"action": "resolve", "note": "cut off"}, headers=own).json()
    assert done["state"] == "resolved"
    chinese = client.get(path, headers=own | {"Accept-Language": "zh-CN"}).json()
    assert chinese["state_word"] == "已办结"
    assert chinese["because"].startswith("清单外发现挖矿：")


def test_a_case_between_departments(app: FastAPI, client: TestClient) -> None:
    own, energy = asking(app), asking(app, "990000", Department.ENERGY)

    def do(headers: dict[str, str], **body: Any) -> Any:
        return client.post("/v1/cases/1/entries", json=body, headers=headers)

    assert do(energy, action="assign", assignee="wang").status_code == 403
    assert do(own, action="hand-over", departments=["energy"], note="power").status_code == 201
    assert do(own, action="accept").status_code == 403
    assert do(energy, action="accept").json()["department"] == "energy"
    assert do(energy, action="decide", decision="rectify", note="x").status_code == 409
    shown = client.get("/v1/cases/1", headers=energy).json()
    assert shown["next"] == ["assign", "hand-over", "join", "attach", "note"]
    assert client.get("/v1/cases/1", headers=asking(app, "990221")).status_code == 404
    made = client.post("/v1/cases", json={"title": "x", "division": "990221"}, headers=asking(app, "990102"))
    assert made.status_code == 404
    assert client.post("/v1/cases", json={"title": "x"}, headers=own).status_code == 422


def test_files_say_what_the_list_says(app: FastAPI, client: TestClient) -> None:
    own = asking(app)
    text = client.get("/v1/exports/projects?format=csv", headers=own).content.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert tuple(header) == (*ROW, "as_of", *METERED)
    assert [row[0] for row in rows] == [WEST]
    line = client.get("/v1/exports/projects?format=ndjson", headers=own).text
    told = json.loads(line)
    listed = client.get("/v1/projects", headers=own).json()
    assert (told.pop("metered"), told.pop("as_of")) == (None, listed["as_of"])  # no account is known
    assert told == listed["projects"][0]
    for name in ("projects", "exits", "warnings", "cases"):
        book = client.get(f"/v1/exports/{name}?format=xlsx", headers=own).content
        assert "xl/worksheets/sheet1.xml" in ZipFile(io.BytesIO(book)).namelist()
        analyst = asking(app, "990221", role=AccountRole.ANALYST)
        assert WEST not in client.get(f"/v1/exports/{name}", headers=analyst).text
        operator = asking(app, role=AccountRole.OPERATOR)
        assert client.get(f"/v1/exports/{name}", headers=operator).status_code == 403
