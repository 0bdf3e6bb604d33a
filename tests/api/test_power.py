"""Judged loads over HTTP: each region its own, pages without doubles, curves made coarse, files."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.models_power import (
    LinesModel,
    PeersPageModel,
    ReconciliationsModel,
    ScoreFileModel,
    ScoresModel,
    SiteKindsModel,
)
from pipeline.services import build_services
from pipeline.settings import Settings
from store.access_rules import AccountRole, Department
from store.power import LINE, RECONCILIATION, SCORE, SITE, USE, Found, Run, keep
from supervision.power.found import of_fall, of_reconciled, of_site
from supervision.power.output import Enterprise, beside_peers
from supervision.power.private_line import Fall
from supervision.power.uses import of_uses
from supervision.reconcile import SiteHours, reconcile
from supervision.site_kind import decide, witnesses
from tests.api.accounts import key_of
from tests.api.stored import PURPOSE, asking
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM, fill

FIRST = date(2026, 3, 1)


def score(account: str, division: str, chance: float, level: str = "likely") -> Found:
    reasons = [{"kind": "load_factor", "value": 0.983, "log_odds": 2.5}, {"kind": "gone", "value": None,
               "log_odds": 0.5}]  # fmt: skip
    told = {"probability": chance, "log_odds": 9.5, "unusual": 0.002, "reasons": reasons}
    return Found(account, FIRM, "", division, level, chance, 120.0, told)


def run(kind: str, known_ns: int = 10**18) -> Run:
    return Run(kind, "2026-01-01", "2026-03-31", "abc", {}, 2, known_ns, "li")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home: Path = tmp_path_factory.mktemp("power")
    hours = np.full(24 * 10, 100.0)
    apart = reconcile(SiteHours("s-1", hours, hours * 0.9, hours * 1.1, hours * 3))
    with build_services(Settings(home=home, registry=None)) as services:
        fill(services.database, home / "registry")
        assert services.lake is not None
        kw = np.repeat(np.arange(40.0), 96).reshape(40, 96)
        kw[3, :4] = np.nan
        keep_curve(services.lake, "ZJ1", FIRST, kw)
        with services.database.writing() as connection:
            found = [score(f"X{n}", "330100", 0.5) for n in range(5)]
            keep(connection, run(SCORE), [score("ZJ1", "330100", 0.97), score("ZJ2", "330200", 0.9), *found])
            keep(connection, run(SCORE, 2 * 10**18), [score("X0", "330100", 0.0, "none")])
            kind = decide(witnesses(None, None, 100.0, 1.03))
            keep(connection, run(SITE), [of_site("s-1", (FIRM, "330100"), kind, 100.0)])
            first = "2026-03-01T00:00:00Z"
            keep(
                connection,
                run(RECONCILIATION),
                [of_reconciled(apart, (FIRM, "330100"), None, first)],
            )
            fall = Fall("示例水电", FIRST, 900.0, 800.0, 1000.0, 0.2, 9.0, "peers", "s-1", 850.0)
            keep(connection, run(LINE), [of_fall(fall, "330200")])
            trade = [Enterprise(f"firm-{n:02}", "C3216", 2e5, 1e6, 10.0 + n % 3) for n in range(30)]
            wasteful = [
                Enterprise(FIRM, "C3216", 9e6, 1e6, None),
                Enterprise("firm-x", "C3216", 8e6, 1e6, 11.0),
            ]
            uses = beside_peers([*trade, *wasteful])
            places, load = {FIRM: "330100", "firm-x": "330200"}, {FIRM: 12_097.0}
            keep(connection, run(USE), of_uses(uses, places, load, {"firm-03": "high"}))
        with asking(services) as opened:
            yield opened


def asked(app: Any, division: str, role: AccountRole = AccountRole.SUPERVISOR) -> dict[str, str]:
    assert isinstance(app, FastAPI)
    key = key_of(app, role, division, Department.ENERGY)
    return {**PURPOSE, "Authorization": f"Bearer {key}"}


def test_scores_are_those_of_the_region_the_most_probable_first(client: TestClient) -> None:
    city, whole = asked(client.app, "330100"), asked(client.app, "000000")
    answer = client.get("/v1/power/scores", headers=city).json()
    ScoresModel.model_validate(answer)
    assert [one["account"] for one in answer["scores"]] == ["ZJ1", "X1", "X2", "X3", "X4"]
    assert answer["scores"][0]["reasons"][0]["text"] == "its mean is 98 % of its highest load"
    assert answer["scores"][0]["reasons"][1]["text"] == "gone"  # of another version: told, not hidden
    zh = client.get("/v1/power/scores?least=0.95", headers={**whole, "Accept-Language": "zh"}).json()
    assert [one["level_word"] for one in zh["scores"]] == ["很可能存在挖矿负荷"]
    assert zh["scores"][0]["reasons"][0]["text"] == "负荷率 98%"
    before = client.get("/v1/power/scores?known=2001-09-10&level=likely", headers=city).json()
    assert len(before["scores"]) == 6  # X0 was cleared later
    cleared = client.get("/v1/power/scores?level=none", headers=city).json()
    assert [one["account"] for one in cleared["scores"]] == ["X0"]


def test_pages_hold_each_finding_once(client: TestClient) -> None:
    whole = asked(client.app, "330000")
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/power/scores?limit=2{cursor}", headers=whole).json()
        assert len(page["scores"]) <= 2
        seen += [one["account"] for one in page["scores"]]
        cursor = None if page["next"] is None else f"&cursor={page['next']}"
    assert seen == ["ZJ1", "ZJ2", "X1", "X2", "X3", "X4"]
    for wrong in ("x", "cjB4MQ", "cm5hbiAx", "cjB4MSAtNQ"):
        assert client.get(f"/v1/power/scores?cursor={wrong}", headers=whole).status_code == 400


def test_one_account_with_its_curve(client: TestClient) -> None:
    city = asked(client.app, "330100")
    path = "/v1/power/scores/ZJ1"
    told = client.get(f"{path}?since=2026-03-03&until=2026-03-05&step=day", headers=city).json()
    ScoreFileModel.model_validate(told)
    assert told["score"]["probability"] == 0.97
    assert (told["curve"]["kw"], told["curve"]["missing"]) == ([2.0, 3.0, 4.0], [0, 4, 0])
    hours = client.get(f"{path}?since=2026-03-04&until=2026-03-04&step=hour", headers=city).json()["curve"]
    assert (hours["kw"][:2], hours["low"][:2], len(hours["kw"])) == ([None, 3.0], [None, 3.0], 24)
    finest = client.get(path, headers=city).json()["curve"]
    assert (finest["first"], finest["last"], finest["step"]) == ("2026-03-01", "2026-03-31", "quarter")
    assert finest["minutes"] * len(finest["kw"]) == 31 * 24 * 60
    assert client.get(f"{path}?known=1970-01-01", headers=city).json()["curve"]["missing"][0] == 1
    for wrong in ("since=2026-03-05&until=2026-03-03", "until=0001-01-01", "since=2022-01-01&step=quarter"):
        assert client.get(f"{path}?{wrong}", headers=city).status_code == 422
    foreign = client.get("/v1/power/scores/ZJ2", headers=city)
    unknown = client.get("/v1/power/scores/NOBODY", headers=city)
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json()["detail"] == unknown.json()["detail"]


def test_sites_reconciliations_and_lines(client: TestClient) -> None:
    city, other = asked(client.app, "330100"), asked(client.app, "330200")
    sites = client.get("/v1/power/sites", headers=city).json()
    SiteKindsModel.model_validate(sites)
    assert [one["reasons"][0]["kind"] for one in sites["sites"]] == ["pue"]
    apart = client.get("/v1/power/reconciliations", headers=city).json()
    ReconciliationsModel.model_validate(apart)
    [one] = apart["reconciliations"]
    assert (one["kw_apart"], one["hours_inside"]["above"]) == (200.0, 240)
    assert one["reasons"][0]["text"].startswith("the meter counts 300 kW")
    assert client.get("/v1/power/reconciliations?finding=agree", headers=city).json() == {
        "reconciliations": [],
        "next": None,
    }
    lines = client.get("/v1/power/lines", headers={**other, "Accept-Language": "zh"}).json()
    LinesModel.model_validate(lines)
    assert [(one["plant"], one["level_word"]) for one in lines["lines"]] == [("示例水电", "疑似专线供电")]
    for what in ("sites", "reconciliations"):
        assert client.get(f"/v1/power/{what}", headers=other).json()[what] == []
    assert client.get("/v1/power/lines", headers=city).json()["lines"] == []


def test_high_use_with_low_output_is_answered_beside_its_trade(client: TestClient) -> None:
    city, whole = asked(client.app, "330100"), asked(client.app, "000000")
    told = client.get("/v1/power/peers", headers=city).json()
    PeersPageModel.model_validate(told)
    [one] = told["peers"]
    assert (one["uscc"], one["level_word"], one["kw"]) == (FIRM, "high use with low output", 12_097.0)
    [use] = one["uses"]
    assert (use["basis"], use["ratio"], use["median"], use["count"]) == ("output", 9.0, 0.2, 31)
    assert use["text"].startswith(
        "9 kWh/CNY: 45 times as much energy for each yuan of output as the median 0.2"
    )
    every = client.get("/v1/power/peers?limit=1", headers={**whole, "Accept-Language": "zh"}).json()
    assert "为同行业 C3216（31 家）中位数 0.2 的 45 倍" in every["peers"][0]["uses"][0]["text"]
    more = client.get(f"/v1/power/peers?limit=1&cursor={every['next']}", headers=whole).json()
    assert ([one["uscc"] for one in more["peers"]], more["next"]) == (["firm-x"], None)
    assert [use["basis"] for use in more["peers"][0]["uses"]] == ["headcount", "output"]
    usual = client.get("/v1/power/peers?level=usual", headers=whole).json()
    assert [one["uscc"] for one in usual["peers"]] == ["firm-03"]  # it was high before: the last word on it
    text = client.get("/v1/exports/power?what=peers", headers=whole).content.decode("utf-8-sig")
    header, first, *_ = csv.reader(io.StringIO(text))
    row = dict(zip(header, first, strict=True))
    assert (row["uscc"], row["output_ratio"], row["headcount_ratio"]) == (FIRM, "9.0", "")


def test_files_hold_what_the_region_sees(client: TestClient) -> None:
    city, other = asked(client.app, "330100"), asked(client.app, "330200")
    text = client.get("/v1/exports/power", headers=city).text
    assert text.startswith("\ufeffaccount,uscc,site")
    assert "its mean is 98 % of its highest load;gone" in text
    assert "ZJ2" not in text
    assert "nothing found" in text  # a file has the last word on each, cleared ones too
    lines = client.get("/v1/exports/power?format=ndjson&what=reconciliations", headers=city).text
    assert [json.loads(line)["site"] for line in lines.splitlines()] == ["s-1"]
    book = client.get("/v1/exports/power?format=xlsx&what=lines", headers=other).content
    assert "示例水电" in ZipFile(BytesIO(book)).read("xl/worksheets/sheet1.xml").decode()
    assert "s-1" in client.get("/v1/exports/power?what=sites", headers=city).text


def test_who_may_not_is_refused(client: TestClient) -> None:
    operator = asked(client.app, "000000", AccountRole.OPERATOR)
    for path in ("scores", "scores/ZJ1", "sites", "reconciliations", "lines", "peers"):
        assert client.get(f"/v1/power/{path}", headers=operator).status_code == 403
    assert client.get("/v1/exports/power", headers=operator).status_code == 403
    city = asked(client.app, "330100")
    assert client.get("/v1/power/scores?region=330200", headers=city).status_code == 404
    assert client.get("/v1/power/scores", headers={**city, "X-Purpose": ""}).status_code == 400
    assert client.get("/v1/power/scores?what=1", headers=city).status_code == 422


def test_a_curve_is_made_coarse_by_its_known_quarters() -> None:
    from supervision.power.curve import MOST_POINTS, Step, coarse, finest

    kw = np.full((2, 96), np.nan, np.float32)
    kw[0, :3] = 1.0, 2.0, 6.0
    made = coarse(kw, Step.HOUR)
    assert (made.mean[0], made.low[0], made.high[0], made.missing[0]) == (3.0, 1.0, 6.0, 1)
    assert np.isnan(made.mean[1:]).all()
    assert made.missing.sum() == 2 * 96 - 3
    assert [finest(days) for days in (1, 41, 42, 166, 167, 9_000)] == [
        *(Step.QUARTER, Step.QUARTER, Step.HOUR, Step.HOUR, Step.DAY, Step.DAY)
    ]
    assert Step.HOUR.points(166) <= MOST_POINTS < Step.HOUR.points(167)
    assert FIRST + timedelta(days=1) > FIRST
