"""Clocks through the API: what is shown to whom, and a file that goes from one site to another."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from api import examples_clocks
from api.access.gate import Mode
from api.models_clocks import ClockFileModel, ClockFilesModel, ClocksModel
from classifier.clocks import clock_of
from facts.instant import NS
from pipeline.services import Services
from store.access_rules import AccountRole
from store.clocks import ClockStore
from tests.api.accounts import key_of
from tests.api.stored import PURPOSE, SEEN_NS, app_of, asking, serving

PROXY = "192.0.2.77:3333"
"""A clock that has no name but the address of a customer's own proxy."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Services]:
    with serving(tmp_path) as services:
        at_ns = SEEN_NS + np.arange(300, dtype=np.int64) * 30 * NS
        clocks = [
            clock_of("some-pool", "XMR", "jobs", at_ns),
            clock_of("some-pool", "ETC", "jobs", at_ns[:5]),
            clock_of(PROXY, None, "jobs", at_ns[:9]),
            clock_of("BTC", "BTC", "file", at_ns[::20]),
        ]
        ClockStore(services.database).add(clocks)
        yield services


@pytest.fixture
def client(own: Services) -> Iterator[TestClient]:
    with asking(own) as client:
        yield client


def test_the_list_says_what_clocks_there_are(client: TestClient) -> None:
    told = ClocksModel.model_validate(client.get("/v1/clocks").json()).clocks
    assert [(one.name, one.coin, one.told, one.instants) for one in told] == [
        (PROXY, None, "jobs", 9),
        ("BTC", "BTC", "file", 15),
        ("some-pool", "ETC", "jobs", 5),
        ("some-pool", "XMR", "jobs", 300),
    ]
    assert told[0].first == "2026-03-01T08:00:00.000000Z"


def test_a_clock_tells_its_latest_jobs_the_latest_first(client: TestClient) -> None:
    answer = client.get("/v1/clocks/some-pool", params={"limit": 2})
    [etc, xmr] = ClockFilesModel.model_validate(answer.json()).clocks
    assert (etc.coin, xmr.coin) == ("ETC", "XMR")
    assert xmr.jobs == ["2026-03-01T10:29:30.000000Z", "2026-03-01T10:29:00.000000Z"]
    assert xmr.last == xmr.jobs[0]
    assert client.get("/v1/clocks/nobody").status_code == 404
    assert client.get("/v1/clocks/some-pool", params={"limit": 0}).status_code == 422


def test_a_file_goes_to_another_site_without_addresses(client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/v1/clocks:export")
    assert answer.headers["content-disposition"] == 'attachment; filename="clocks.json"'
    file = ClockFileModel.model_validate(answer.json())
    assert {clock.name for clock in file.clocks} == {"BTC", "some-pool"}
    assert PROXY.partition(":")[0] not in answer.text
    with serving(tmp_path / "west") as services, asking(services) as west:
        first = west.post("/v1/clocks:import", json=answer.json())
        assert (first.status_code, first.json()) == (200, {"clocks": 3, "changed": 3})
        again = west.post("/v1/clocks:import", json=answer.json())
        assert again.json() == {"clocks": 3, "changed": 0}
        assert west.get("/v1/clocks:export").json() == answer.json()


def test_a_file_with_anything_wrong_is_refused_whole_with_its_place(client: TestClient) -> None:
    before = client.get("/v1/clocks").json()
    bad = json.loads(json.dumps(examples_clocks.FILE))
    bad["clocks"].append({"name": "p", "coin": None, "told": "jobs", "at_ns": ["soon"]})
    for lang, word in (("en", "not a clock file"), ("zh-CN", "不是时钟文件")):
        answer = client.post("/v1/clocks:import", json=bad, headers={"Accept-Language": lang})
        assert answer.status_code == 422
        [fault] = answer.json()["errors"]
        assert word in fault["detail"]
        assert "clock 2: at_ns" in fault["detail"]
    for raw in (b"[]", b"{", b'{"format": "other", "clocks": []}', b"\xff", b"[" * 100_000):
        headers = {"Content-Type": "application/json"}
        assert client.post("/v1/clocks:import", content=raw, headers=headers).status_code == 422
    assert client.post("/v1/clocks:import", content=b"{}").status_code == 415
    assert client.get("/v1/clocks").json() == before


def test_a_region_sees_no_clock_of_an_address_and_takes_no_file_in(own: Services) -> None:
    with app_of(own, mode=Mode.CLOSED) as app, TestClient(app) as client:
        region = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.SUPERVISOR, '990100')}"}
        country = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.SUPERVISOR)}"}
        shown = client.get("/v1/clocks", headers=region)
        assert PROXY not in shown.text
        assert "some-pool" in shown.text
        assert PROXY in client.get("/v1/clocks", headers=country).text
        assert client.get(f"/v1/clocks/{PROXY}", headers=region).status_code == 404
        assert client.get(f"/v1/clocks/{PROXY}", headers=country).status_code == 200
        assert client.get("/v1/clocks:export", headers=region).status_code == 403
        refused = client.post("/v1/clocks:import", json=examples_clocks.FILE, headers=region)
        assert refused.status_code == 403
        taken = client.post("/v1/clocks:import", json=examples_clocks.FILE, headers=country)
        assert taken.json() == {"clocks": 1, "changed": 1}
