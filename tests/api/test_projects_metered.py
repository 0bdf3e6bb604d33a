"""What meters count at projects, over HTTP and at the terminal: each region its own."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.models_metered import MeteredWeekModel, ProjectMeteredModel
from facts.instant import instant
from minescope.main import run
from pipeline.services import build_services
from pipeline.settings import Settings
from supervision.projects.inventory import Measured, Power
from supervision.projects.kept import add_measure, open_project
from supervision.projects.opening import By, entered
from supervision.projects.project import Particulars
from tests.api.stored import asking
from tests.api.test_power import asked
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM, fill

SUNDAY = date(2026, 3, 15)
KNOWN_NS = 1_773_800_000 * 10**9


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("metered")
    settings = Settings(home=home, registry=None)
    with build_services(settings) as services:
        fill(services.database, home / "registry")
        now = instant(KNOWN_NS)
        known = Particulars("", now, "li", "西区机房")
        opening = entered(
            "running", "330102", known, FIRM, "hz", By("li", "energy", now), SUNDAY - timedelta(days=20)
        )
        size = Power(100.0, 90.0, 120.0)
        measured = Measured(opening.project.id, SUNDAY, now, None, {}, size, ("verdict:1",))
        with services.database.writing() as connection:
            open_project(connection, opening.project, opening.particulars, opening.event)
            add_measure(connection, opening.project, measured, "li")
        kw = np.repeat(np.array([100.0] * 7 + [150.0] * 7, np.float32)[:, None], 96, axis=1)
        keep_curve(settings.lake, "ZJ1", SUNDAY - timedelta(days=13), kw, KNOWN_NS)
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with build_services(Settings(home=home, registry=None)) as services, asking(services) as opened:
        yield opened


def test_the_week_and_the_project_each_region_its_own(client: TestClient) -> None:
    city, other = asked(client.app, "330100"), asked(client.app, "330200")
    path = "/v1/inventory/2026-W11/metered?known=2026-12-31"
    week = client.get(path, headers=city).json()
    MeteredWeekModel.model_validate(week)
    assert week["totals"] == {
        "projects": 1,
        "accounts": 1,
        "kwh": 25_200.0,
        "before_kwh": 16_800.0,
        "change": 0.5,
        "kw": 150.0,
        "not_whole": 0,
    }
    [one] = week["projects"]
    assert one["metered"]["beside_estimate"] == "above"
    assert client.get(path, headers=other).json()["projects"] == []
    project = f"/v1/projects/{one['project']}/metered?as_of=2026-03-15&weeks=3"
    told = client.get(project, headers=city).json()
    ProjectMeteredModel.model_validate(told)
    assert [week["days"] for week in told["metered"]["weeks"]] == [7, 7, 0]
    assert told["estimated_kw"]["value"] == 100.0
    [evidence] = told["metered"]["evidence"]
    name, account, first, last = evidence.replace(":", "/").split("/")
    assert (name, account) == ("reading", "ZJ1")
    curve = client.get(f"/v1/power/scores/{account}?since={first}&until={last}&step=day", headers=city).json()
    assert curve["curve"]["kw"][-7:] == [150.0] * 7  # the figure leads to its readings
    assert client.get(project, headers=other).status_code == 404
    assert client.get("/v1/inventory/2026-W99/metered", headers=city).status_code == 422
    before = client.get(f"{project}&known=2026-03-17", headers=city)
    assert before.status_code == 404  # nobody knew of the project then


@pytest.mark.parametrize(("lang", "says"), [("en", "limit of error (1%)"), ("zh", "误差限1%")])
def test_the_file_of_projects_tells_the_metered_week(client: TestClient, lang: str, says: str) -> None:
    city, other = asked(client.app, "330100"), asked(client.app, "330200")
    path = "/v1/exports/projects?as_of=2026-03-15&known=2026-12-31&format="
    headers = city | {"Accept-Language": lang}
    text = client.get(f"{path}csv", headers=headers).content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert row["as_of"] == "2026-03-15"
    assert [row[f"metered_{name}"] for name in ("from", "kwh", "kwh_low", "kwh_high", "days")] == [
        "2026-03-09", "25200.0", "24948.0", "25452.0", "7",
    ]  # fmt: skip
    assert [row[f"metered_{name}"] for name in ("before_kwh", "change", "kw", "accounts")] == [
        "16800.0", "0.5", "150.0", "ZJ1",
    ]  # fmt: skip
    assert says in row["metered_method"]
    line = json.loads(client.get(f"{path}ndjson", headers=headers).text)
    assert line["metered"]["weeks"][1] == {
        "first": "2026-03-02", "kwh": 16_800.0, "low": 16_632.0, "high": 16_968.0, "days": 7,
    }  # fmt: skip
    assert line["metered"]["beside_estimate"] == "above"
    book = ZipFile(io.BytesIO(client.get(f"{path}xlsx", headers=headers).content))
    assert "<v>25452</v>" in book.read("xl/worksheets/sheet1.xml").decode()
    assert "ZJ1" not in client.get(f"{path}csv", headers=other).text


def test_at_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(home))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    asking = ["projects", "metered", "--as-of", "2026-03-15", "--purpose", "the week"]
    assert run([*asking, "--json"]) == 0
    one, totals = map(json.loads, capsys.readouterr().out.splitlines())
    assert (one["metered"]["change"], totals["kw"]) == (0.5, 150.0)
    assert run([*asking, one["project"]]) == 0
    assert "150.0 kW\t2026-03-15\t+50.0%\t25,200 kWh (7/7)" in capsys.readouterr().out
    assert run([*asking, "pj-0000000000000000"]) == 2
