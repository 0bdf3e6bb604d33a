"""Reports over HTTP: asked for, made, taken; the same bytes for the same day; each account its own."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access.gate import Mode
from store.access_rules import AccountRole
from tests.api.accounts import key_of
from tests.api.stored import MINER, POOL, PURPOSE, app_of, serving

LONG_S = 60
SITE = "site-west-1"  # where MINER's line ends, in 990102


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    home = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        with serving(home) as services, app_of(services, mode=Mode.CLOSED) as app, TestClient(app) as client:
            yield app, client


def headers(
    app: FastAPI, division: str = "000000", role: AccountRole = AccountRole.ANALYST
) -> dict[str, str]:
    return PURPOSE | {"Authorization": f"Bearer {key_of(app, role, division)}"}


def made(client: TestClient, who: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/reports", json=body, headers=who)
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]
    assert answer.json()["state"] == "queued"
    for _ in range(LONG_S * 20):
        told: dict[str, Any] = client.get(place, headers=who).json()
        if told["state"] in ("done", "failed"):
            return told
        time.sleep(0.05)
    raise AssertionError("the report was never made")


def test_a_report_is_made_and_taken(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    who = headers(app)
    told = made(client, who, kind="weekly", region="990000", languages=["zh", "en"], formats=["html", "xlsx"])
    assert told["state"] == "done"
    assert len(told["files"]) == 4
    for one in told["files"]:
        answer = client.get(one["path"], headers=who)
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == one["sha256"]
        assert len(answer.content) == one["bytes"]
        assert one["name"] in answer.headers["content-disposition"]
    english = next(one for one in told["files"] if (one["language"], one["format"]) == ("en", "html"))
    text = client.get(english["path"], headers=who).text
    assert MINER in text
    assert "Content-Security-Policy" in client.get(english["path"], headers=who).headers
    again = made(client, who, kind="weekly", region="990000", languages=["en"], formats=["html"])
    assert again["files"][0]["sha256"] == english["sha256"]
    wrong = client.get(f"/v1/reports/{again['id']}/file?format=pdf", headers=who)
    assert (wrong.status_code, wrong.json()["type"]) == (404, "urn:minescope:problem:unknown-record")


def test_nobody_sees_the_reports_of_others(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    told = made(client, headers(app), kind="tariff")
    other = headers(app, "990000")
    assert client.get(f"/v1/reports/{told['id']}", headers=other).status_code == 404
    assert client.get(told["files"][0]["path"], headers=other).status_code == 404
    assert client.get(f"/v1/jobs/{'0' * 32}", headers=other).status_code == 404


def test_a_region_has_reports_of_itself_alone(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    own = headers(app, "990102")
    told = made(client, own, kind="evaluation", languages=["en"])
    assert told["region"] == "990102"
    text = client.get(told["files"][0]["path"], headers=own).text
    assert MINER in text
    assert POOL not in text  # another region's, and the other end of its conversations
    foreign = client.post("/v1/reports", json={"kind": "weekly", "region": "990200"}, headers=own)
    assert (foreign.status_code, foreign.json()["type"]) == (404, "urn:minescope:problem:unknown-record")
    assert (
        client.post("/v1/reports", json={"kind": "weekly", "region": "000000"}, headers=own).status_code
        == 404
    )
    sheet = made(client, own, kind="site", subject=SITE, languages=["en"])
    page = client.get(sheet["files"][0]["path"], headers=own).text
    assert MINER in page
    assert POOL not in page


def test_a_foreign_site_and_one_that_is_none_fail_alike(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    own = headers(app, "990102")
    foreign = made(client, own, kind="site", subject="site-east-1")
    nothing = made(client, own, kind="site", subject="site-none")
    for one in (foreign, nothing):
        assert (one["state"], one["files"], one["missing"]) == ("failed", [], {})
        refused = client.get(f"/v1/reports/{one['id']}/file", headers=own)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:minescope:problem:not-ready")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "weekly", "week": "2026-W60"},
        {"kind": "weekly", "as_of": "2026-02-30"},
        {"kind": "weekly", "as_of": "2099-01-01"},
        {"kind": "weekly", "region": "123456"},
        {"kind": "site"},
        {"kind": "yearly"},
        {"kind": "weekly", "formats": []},
        {"kind": "weekly", "surprise": 1},
    ],
)
def test_what_makes_no_sense_is_refused(world: tuple[FastAPI, TestClient], body: dict[str, Any]) -> None:
    app, client = world
    chinese = headers(app) | {"Accept-Language": "zh"}
    answer = client.post("/v1/reports", json=body, headers=chinese)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#/body")


def test_a_report_is_made_once_for_its_key_and_audited(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    who = headers(app) | {"Idempotency-Key": "weekly-11"}
    body = {"kind": "bulletin", "region": "990000"}
    first, second = (client.post("/v1/reports", json=body, headers=who) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    auditor = headers(app, "000000", AccountRole.AUDITOR)
    entries = client.get("/v1/audit?limit=50", headers=auditor).text
    assert "report bulletin 990000" in entries


def test_an_operator_may_not(world: tuple[FastAPI, TestClient]) -> None:
    app, client = world
    answer = client.post(
        "/v1/reports", json={"kind": "weekly"}, headers=headers(app, role=AccountRole.OPERATOR)
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:minescope:problem:forbidden")
