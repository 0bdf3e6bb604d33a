"""What came back after exits, over HTTP: by traffic and meters, each region its own, on both databases."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.models_exits import RelapsesModel
from facts.instant import NS, instant
from facts.verdict import Power
from minescope.main import run
from pipeline.services import Services, build_services
from store.access_rules import AccountRole
from store.row_security import is_locked
from store.verdicts import VerdictStore
from supervision.exits.answers import RELAPSE_ROW
from supervision.projects.events import Event, Step
from supervision.projects.kept import add_event, open_project
from supervision.projects.opening import By, entered
from supervision.projects.project import Particulars
from tests.api.accounts import key_of
from tests.api.stored import MINER, PURPOSE, SEEN_NS, app_of, filled, verdict
from tests.supervision.curves import keep_curve

NOW_NS = SEEN_NS + 40 * 86_400 * NS
LEFT = date(2026, 3, 4)
WEST, EAST = "91990101MADEUP048L", "91990101MADEUP0132"


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    with database(request) as url, build_services(filled(tmp_path, url=url)) as opened:
        yield opened


@contextmanager
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A PostgreSQL whose user row-level security holds to, or none: then it is SQLite."""
    if request.param == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE ROLE relapsing LOGIN")
        connection.execute("CREATE DATABASE relapsed OWNER relapsing")
    yield server.replace("postgres@/postgres?", "relapsing@/relapsed?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE relapsed WITH (FORCE)")
        connection.execute("DROP ROLE relapsing")


def left(services: Services, uscc: str, site: str, division: str, *accounts: str) -> str:
    """Open a project that left on 4 March; return its id."""
    now = instant(SEEN_NS + 4 * 86_400 * NS)
    known = Particulars("", now, "li", f"hall of {site}", accounts=accounts)
    opening = entered("running", division, known, uscc, site, By("li", "energy", now), date(2026, 2, 1))
    project = opening.project.id
    assert opening.event is not None
    with services.database.writing() as connection:
        open_project(connection, opening.project, opening.particulars, opening.event)
        for step in (Step.VERIFIED, Step.EXITED):
            add_event(connection, opening.project, Event(0, project, step, LEFT, now, "li", "energy"))
    return project


@pytest.fixture
def projects(services: Services) -> dict[str, str]:
    """By what is told of them: mining there again, the enterprise elsewhere, a load that came back."""
    assert services.lake is not None
    later = verdict(
        MINER,
        first_seen_ns=SEEN_NS + 9 * 86_400 * NS,
        last_seen_ns=SEEN_NS + 10 * 86_400 * NS,
        power=Power(120.0, 100.0, 150.0),
    )
    VerdictStore(services.database).save("later", SEEN_NS + 10 * 86_400 * NS, [later])
    kw = np.repeat(np.array([100.0] * 60 + [1.0] * 14 + [100.0] * 10, np.float32)[:, None], 96, axis=1)
    keep_curve(services.lake, "77", LEFT - timedelta(days=59), kw)
    return {
        "returned": left(services, WEST, "site-west-1", "990102"),
        "moved": left(services, WEST, "site-old", "990101"),
        "power-back": left(services, EAST, "site-hydro-1", "990221", "77"),
    }


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with app_of(services, mode=Mode.CLOSED) as app:
        app.state.gate.clock = lambda: NOW_NS
        with TestClient(app, raise_server_exceptions=False, headers=PURPOSE) as opened:
            yield opened


def asked(client: TestClient, path: str, division: str = "000000", lang: str = "en") -> Any:
    app = client.app
    assert isinstance(app, FastAPI)
    key = key_of(app, AccountRole.SUPERVISOR, division)
    return client.get(path, headers={"Authorization": f"Bearer {key}", "Accept-Language": lang})


def test_what_came_back_is_told_to_those_who_see_all_of_it(
    services: Services, projects: dict[str, str], client: TestClient, request: pytest.FixtureRequest
) -> None:
    assert is_locked(services.database) == ("postgresql" in request.node.name)
    told = asked(client, "/v1/exits/relapses").json()
    RelapsesModel.model_validate(told)
    assert told["next"] is None
    found = {one["kind"]: one for one in told["relapses"]}
    assert {kind: one["project"] for kind, one in found.items()} == projects
    assert (found["returned"]["exited"], found["returned"]["seen"]) == ("2026-03-04", "2026-03-10")
    assert found["returned"]["kw"] == {"value": 120.0, "low": 100.0, "high": 150.0}
    assert found["moved"]["division"] == "990100"
    back = found["power-back"]
    assert (back["seen"], back["kw"]["value"]) == ("2026-03-19", pytest.approx(99.0))
    assert back["evidence"] == ["reading:77/2026-03-19/2026-03-25"]
    assert back["name"] == "hall of site-hydro-1"
    expected = {
        "990100": {"returned", "moved"},
        "990102": {"returned"},
        "990101": set(),
        "990221": {"power-back"},
        "330000": set(),
    }
    for division, kinds in expected.items():
        shown = asked(client, "/v1/exits/relapses", division).json()["relapses"]
        assert {one["kind"] for one in shown} == kinds
        narrowed = asked(client, f"/v1/exits/relapses?region={division}").json()["relapses"]
        assert narrowed == shown
    assert asked(client, "/v1/exits/relapses?region=990221", "990102").status_code == 404


def test_pages_kinds_languages_and_files(projects: dict[str, str], client: TestClient) -> None:
    seen, cursor = [], ""
    while True:
        page = asked(client, f"/v1/exits/relapses?limit=1{cursor}").json()
        seen += [(one["project"], one["kind"]) for one in page["relapses"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted((project, kind) for kind, project in projects.items())
    assert asked(client, "/v1/exits/relapses?cursor=x").status_code == 400
    assert asked(client, "/v1/exits/relapses?kind=none").status_code == 422
    wrong = asked(client, "/v1/exits/relapses?kind=none", lang="zh").json()["errors"][0]["detail"]
    assert wrong == "取值须是 'returned'、'reoccupied'、'moved'、'power-stays'、'power-back' 之一。"
    [one] = asked(client, "/v1/exits/relapses?kind=moved", lang="zh").json()["relapses"]
    assert one["kind_word"] == "原企业易地挖矿"
    answer = asked(client, "/v1/exports/relapses?format=csv", "990102", "zh").content.decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(answer))
    assert tuple(header) == RELAPSE_ROW
    told = dict(zip(header, row, strict=True))
    assert (told["project"], told["kind"]) == (projects["returned"], "原企业在原址复燃")
    assert (told["kw"], told["kw_low"], told["kw_high"]) == ("120.0", "100.0", "150.0")


def test_a_damaged_file_of_curves_is_a_503_and_costs_no_region_without_meters(
    services: Services, projects: dict[str, str], client: TestClient
) -> None:
    assert services.lake is not None
    for path in (services.lake / "curves").glob("*/*.parquet"):
        path.write_bytes(path.read_bytes()[:100])
    answer = asked(client, "/v1/exits/relapses")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:minescope:problem:store-unavailable")
    assert len(asked(client, "/v1/exits/relapses", "990102").json()["relapses"]) == 1


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_the_terminal_says_the_same(
    tmp_path: Path,
    services: Services,
    projects: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    assert run(["exits", "relapses", "--region", "990102", "--lang", "zh"]) == 1
    assert "原企业在原址复燃" in capsys.readouterr().out
    assert run(["exits", "relapses", "--region", "330000"]) == 0
