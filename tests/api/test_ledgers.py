"""Ledgers and screening over HTTP: each region its own, persons and accounts masked, over both databases."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.models_ledgers import (
    AlarmsModel,
    ChainsModel,
    FindingsModel,
    LedgerRowsModel,
    LedgersModel,
    PointsListModel,
    RecordsModel,
    ScreenedModel,
    SupportsModel,
)
from pipeline.services import Services, build_services
from store.access_rules import AccountRole, Department
from store.ledgers import LedgerStore
from store.ledgers_screening import ScreeningStore
from store.row_security import is_locked, see_division, seeing_everything
from supervision.ledgers.importing import Options, files_of, import_files
from supervision.ledgers.screened import save, screen_day
from supervision.ledgers.weights import shipped
from supervision.tariff.rules import Rulebook
from supervision.tariff.rules import shipped as rules
from tests.api.accounts import key_of
from tests.api.stored import CLUSTER, PURPOSE, SEEN_NS, app_of, filled
from tests.supervision.ledgers_made import code, write

EAST, WEST, SOUTH = "91990101MADEUP0132", "91990101MADEUP048L", "91990101MADEUP03XL"
"""Enterprises of the sample registry; an address of WEST mines."""
SHELL = code(77, "990200")
WALLET = "4" + "8" * 94
PERSON, PERSON_ID, PHONE = "张示例", "990101199001011234", "13800000000"
DAY = date(2026, 3, 2)
SUPPORT = {"kind": "loan", "amount": "1000.00", "granted": "2026-02-01", "body": "示例银行"}
AS_OF = {"as_of": DAY.isoformat()}


def planted(services: Services, folder: Path) -> None:
    """Import ledgers of three counties, and screen: the south shares an account with who is listed."""
    folder.mkdir()
    seat = {"exchange": "示例交易中心", "entered": "2025-01-01"}
    person = {"legal_person": PERSON, "legal_person_id": PERSON_ID, "phone": PHONE}
    write(
        folder,
        "market",
        seat | person | {"participant": "P1", "uscc": EAST, "name": "甲", "division": "990101"},
        seat | {"participant": "P2", "uscc": WEST, "name": "丁", "division": "990102"},
        seat | {"participant": "P3", "uscc": SOUTH, "name": "丙", "division": "990221", "accounts": "33001"},
    )
    write(
        folder,
        "mining-list",
        {"uscc": SHELL, "name": "壳公司", "listed": "2026-01-05", "division": "990200", "accounts": "33001"},
        {"uscc": SOUTH, "listed": "2026-01-05", "delisted": "2026-01-06", "division": "990000"},
    )  # fmt: skip
    write(
        folder,
        "relations",
        {"uscc": SHELL, "kind": "legal-person", "value": PERSON, "reference": PERSON_ID},
        {"uscc": SHELL, "kind": "address", "value": "共用路1号", "division": "990200"},
        {"uscc": EAST, "kind": "address", "value": "共用路1号", "division": "990101"},
    )  # fmt: skip
    write(
        folder,
        "support",
        SUPPORT | {"id": "S-EAST", "uscc": EAST, "division": "990101", "recover_by": "2026-02-20"},
        SUPPORT | {"id": "S-SHELL", "uscc": SHELL, "division": "990221", "body_kind": "non-bank-payment"},
    )
    write(
        folder, "recoveries", {"support": "S-EAST", "step": "recovered", "on": "2026-02-10", "amount": "400"}
    )
    flow = {"division": "990101", "authority": "示例公安局", "document": "〔2026〕1号"}
    write(
        folder,
        "money-flows",
        flow
        | {"from_kind": "wallet", "from_id": WALLET, "to_kind": "exchange-account", "to_id": "EX-900000001"},
        flow
        | {"from_kind": "exchange-account", "from_id": "EX-900000001", "to_kind": "payment-account"}
        | {"to_id": "PAY-6222020200112233", "institution_kind": "non-bank-payment", "holder": EAST},
    )
    fine = {"kind": "fine", "on": "2026-01-10", "authority": "示例局", "amount": "500"}
    write(folder, "penalties", fine | {"id": "F1", "uscc": WEST, "division": "990102"})
    write(
        folder,
        "dual-control",
        {"id": "D1", "division": "990221", "period": "2026", "points": "-2", "reason": "x"},
    )
    result = import_files(services.database, files_of([folder], None), Options(), SEEN_NS, _fail)
    assert result.taken
    done = screen_day(services, DAY, shipped())
    save(ScreeningStore(services.database), done, Rulebook(rules()), shipped(), SEEN_NS)


def _fail(errors: Any) -> None:
    assert not errors, errors


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FastAPI, TestClient, Services]]:
    home, url = tmp_path_factory.mktemp("ledgers"), None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE ROLE ledgers LOGIN")
            connection.execute("CREATE DATABASE ledgers OWNER ledgers")
        url = server.replace("postgres@/postgres?", "ledgers@/ledgers?")
    with build_services(filled(home, url=url)) as services:
        planted(services, home / "files")
        with app_of(services, mode=Mode.CLOSED) as app, TestClient(app) as client:
            yield app, client, services
    if request.param == "postgresql":
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE ledgers WITH (FORCE)")
            connection.execute("DROP ROLE ledgers")


World = tuple[FastAPI, TestClient, Services]


def asked(
    world: World,
    path: str,
    division: str = "000000",
    department: Department = Department.CYBERSPACE,
    lang: str = "en",
    **params: Any,
) -> Any:
    app, client, _ = world
    key = key_of(app, AccountRole.ANALYST, division, department)
    headers = PURPOSE | {"Authorization": f"Bearer {key}", "Accept-Language": lang}
    return client.get(path, params=params or None, headers=headers)


def test_ledgers_and_their_rows_are_those_of_the_region(world: World) -> None:
    whole = LedgersModel.model_validate(asked(world, "/v1/ledgers").json())
    counts = {one.ledger: one.rows for one in whole.ledgers}
    assert (counts["market"], counts["support"], counts["credit"]) == (3, 2, 0)
    assert {one.imported is None for one in whole.ledgers if one.rows} == {False}
    part = LedgersModel.model_validate(asked(world, "/v1/ledgers", "990101").json())
    counts = {one.ledger: one.rows for one in part.ledgers}
    assert (counts["market"], counts["support"], counts["penalties"]) == (1, 1, 0)
    assert {one.imported for one in part.ledgers} == {None}
    rows = LedgerRowsModel.model_validate(asked(world, "/v1/ledgers/market", "990101").json())
    assert [one.uscc for one in rows.rows] == [EAST]
    assert asked(world, "/v1/ledgers/market", "330000").json()["rows"] == []
    assert asked(world, "/v1/ledgers/market", region="990200").json()["rows"][0]["uscc"] == SOUTH
    assert asked(world, "/v1/ledgers/market", "990101", region="990102").status_code == 404
    assert asked(world, "/v1/ledgers/hats").status_code == 422
    assert asked(world, "/v1/ledgers/market", known="2020-01-01").json()["rows"] == []


def test_pages_lead_on_and_a_strange_cursor_is_refused(world: World) -> None:
    seen, cursor = [], None
    while True:
        params = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = asked(world, "/v1/ledgers/market", **params).json()
        seen += [one["uscc"] for one in page["rows"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [EAST, WEST, SOUTH]
    for path in ("/v1/ledgers/market", "/v1/ledgers/support/standings", "/v1/screening"):
        assert asked(world, path, cursor="nonsense").json()["type"].endswith("invalid-cursor")


def test_support_stands_with_what_came_back(world: World) -> None:
    told = SupportsModel.model_validate(asked(world, "/v1/ledgers/support/standings", **AS_OF).json())
    east, shell = told.support
    assert (east.state, east.overdue, east.overdue_days) == ("overdue", "600.00", 10)
    assert (east.recovered, east.outstanding) == ("400.00", "600.00")
    assert (shell.body_kind, shell.financial) == ("non-bank-payment", True)
    assert (told.total.amount, told.total.overdue) == ("2000.00", "600.00")
    assert told.by_body["non-bank-payment"].amount == "1000.00"
    south = asked(world, "/v1/ledgers/support/standings", "990221", **AS_OF).json()
    assert [one["id"] for one in south["support"]] == ["S-SHELL"]
    early = asked(world, "/v1/ledgers/support/standings", as_of="2026-01-31").json()
    assert early["support"] == []
    zh = asked(world, "/v1/ledgers/support/standings", lang="zh-CN", state="overdue", **AS_OF).json()
    assert [(one["kind_says"], one["says"]) for one in zh["support"]] == [("贷款", "逾期")]


def test_alarms_name_what_is_late_each_to_its_region(world: World) -> None:
    told = AlarmsModel.model_validate(asked(world, "/v1/ledgers/alarms", **AS_OF).json())
    kinds = {(one.kind, one.uscc) for one in told.alarms}
    assert kinds == {
        ("support.after-listing", SHELL),
        ("support.overdue", EAST),
        ("record.not-published", WEST),
        ("market.attached", SOUTH),
        ("market.attached", EAST),
        ("market.unlisted-miner", WEST),
        ("market.no-deadline", WEST),
    }
    assert told.alarms[0].severity == "high"
    # The list is the prefecture's, the loan the county's: the county is told.
    county = asked(world, "/v1/ledgers/alarms", "990221", **AS_OF).json()["alarms"]
    assert {one["kind"] for one in county} == {"support.after-listing", "market.attached"}
    zh = asked(world, "/v1/ledgers/alarms", lang="zh-CN", uscc=EAST, **AS_OF).json()["alarms"]
    assert any("逾期未收回 600.00 元" in one["because"] for one in zh)


def test_records_and_points(world: World) -> None:
    told = RecordsModel.model_validate(asked(world, "/v1/ledgers/records/standings", **AS_OF).json())
    assert [(one.id, one.ledger, one.state, one.public) for one in told.records] == [
        ("F1", "penalties", "decided", False)
    ]
    assert told.fined == "500.00"
    points = PointsListModel.model_validate(asked(world, "/v1/ledgers/dual-control/points").json())
    assert [(one.division, one.total) for one in points.points] == [("990221", "-2")]
    assert asked(world, "/v1/ledgers/dual-control/points", "990101").json()["points"] == []
    assert asked(world, "/v1/ledgers/dual-control/points", year=2025).json()["points"] == []


def test_money_is_followed_and_masked(world: World) -> None:
    path = "/v1/ledgers/money-flows/chains"
    told = ChainsModel.model_validate(asked(world, path, wallet=WALLET).json())
    [chain] = told.chains
    assert chain.holder == EAST
    assert chain.clusters == [CLUSTER]  # machines of the west and the south work for this wallet
    assert chain.steps[1].institution_says == "non-bank payment institution"
    assert chain.steps[0].from_.id == WALLET
    assert asked(world, path, uscc=EAST).json() == asked(world, path).json()
    assert asked(world, path, "990102", wallet=WALLET).json() == {"chains": [], "more": False}
    assert asked(world, path, "990101", wallet=WALLET).json()["chains"][0]["clusters"] == []
    for route in (path, "/v1/ledgers/money-flows", "/v1/exports/ledgers/money-flows"):
        masked = asked(world, route, department=Department.FINANCE)
        assert masked.status_code == 200
        for secret in (WALLET, "EX-900000001", "PAY-6222020200112233"):
            assert secret not in masked.text
        assert f"{WALLET[:4]}…{WALLET[-4:]}" in masked.text


def test_persons_are_masked_everywhere(world: World) -> None:
    for route in (
        *("/v1/ledgers/market", "/v1/ledgers/relations", "/v1/exports/ledgers/relations?format=ndjson"),
        *("/v1/exports/ledgers/market", "/v1/screening?at_least=0", f"/v1/screening/{EAST}"),
        "/v1/exports/screening?format=ndjson",
    ):
        masked = asked(world, route, department=Department.ENERGY)
        assert masked.status_code == 200, masked.text
        for personal in (PERSON, PERSON_ID, PHONE):
            assert personal not in masked.text, route
    assert PERSON in asked(world, f"/v1/screening/{EAST}").text


def test_the_screening_tells_the_way_and_hides_what_is_foreign(world: World) -> None:
    told = FindingsModel.model_validate(asked(world, "/v1/screening").json())
    found = {one.uscc: one for one in told.findings}
    assert (told.as_of, set(found)) == (DAY.isoformat(), {EAST, WEST, SOUTH})
    assert (found[SOUTH].sort, found[SOUTH].level) == ("attached", "strong")
    assert (found[EAST].sort, found[WEST].sort) == ("disguised", "mines")
    assert [tie.kind for tie in found[EAST].steps[0].ties][:2] == ["legal-person", "address"]
    assert found[SOUTH].participations[0].leaving.basis == "not-named"
    own = ScreenedModel.model_validate(asked(world, f"/v1/screening/{SOUTH}", "990221").json())
    assert own.finding is not None
    assert own.finding.mining.enterprise is None  # the shell is another county's
    assert own.finding.steps[0].ties[0].name == "33001"
    for hidden in (SHELL, "壳公司", EAST):
        assert hidden not in asked(world, f"/v1/screening/{SOUTH}", "990221").text
    assert asked(world, f"/v1/screening/{SOUTH}", "990101").status_code == 404
    assert asked(world, f"/v1/screening/{SHELL}").status_code == 404  # no participant and in no registry
    listed = asked(world, "/v1/screening", "990102").json()
    assert [one["uscc"] for one in listed["findings"]] == [WEST]
    assert listed["counts"] == {"mines": 1}
    zh = asked(world, f"/v1/screening/{SOUTH}", lang="zh-CN").json()["finding"]
    assert zh["says"].startswith("疑似挂靠")
    assert "户号 33001" in zh["steps"][0]["ties"][0]["because"]


def test_files_hold_the_same(world: World) -> None:
    text = asked(world, "/v1/exports/screening").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["uscc"] for row in rows} == {EAST, WEST, SOUTH}
    book = asked(world, "/v1/exports/ledgers/support?format=xlsx")
    assert book.content[:2] == b"PK"
    part = asked(world, "/v1/exports/ledgers/support", "990101").content.decode("utf-8-sig")
    assert [row["id"] for row in csv.DictReader(io.StringIO(part))] == ["S-EAST"]


def test_postgresql_hides_what_is_foreign_by_itself(world: World) -> None:
    *_, services = world
    if services.database.engine.dialect.name != "postgresql":
        see_division("990101")
        assert not is_locked(services.database)
        return
    assert is_locked(services.database)
    for division, expected in (
        ("000000", {EAST, WEST, SOUTH}),
        ("990101", {EAST}),
        ("990200", {SOUTH}),
        ("330000", set()),
    ):
        see_division(division)
        assert {one.uscc for one in LedgerStore(services.database).rows("market")} == expected
        store = ScreeningStore(services.database)
        latest = store.latest()
        assert latest is not None
        assert {one.uscc for one in store.findings(latest.id)} == expected


FINE = "id,uscc,kind,on,authority,amount,division\n"


def sent(world: World, text: str | bytes, division: str = "000000", **params: Any) -> Any:
    app, client, _ = world
    headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.SUPERVISOR, division)}"}
    url = "/v1/ledgers/penalties/imports"
    return client.post(url, params=params, content=text, headers=headers | {"Content-Type": "text/csv"})


def held(world: World) -> list[str]:
    _, _, services = world
    with seeing_everything():
        return sorted(one.subject for one in LedgerStore(services.database).rows("penalties"))


def test_a_file_is_judged_then_taken_and_taken_again_changes_nothing(world: World) -> None:
    good = FINE + f"UP1,{EAST},fine,2026-02-01,示例局,100.00,990101\n"
    bad = good + f"UP2,{EAST},fine,someday,示例局,100.00,990101\n"
    before = held(world)
    dry = sent(world, bad, dry_run=True)
    assert (dry.status_code, dry.json()["taken"], dry.json()["refused"]) == (200, False, 1)
    assert (dry.json()["errors"][0]["row"], dry.json()["errors"][0]["column"]) == (3, "on")
    refused = sent(world, bad)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"].startswith("row 3, column on: ")
    assert held(world) == before
    taken = sent(world, bad, accept_good=True)
    assert (taken.status_code, taken.json()["added"]) == (201, 1)
    assert held(world) == sorted([*before, "UP1"])
    again = sent(world, good).json()
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 1)
    nothing = sent(world, "id,uscc\n")
    assert nothing.status_code == 422
    assert "kind" in nothing.json()["errors"][0]["detail"]


def test_an_account_of_a_region_writes_rows_that_lie_there(world: World) -> None:
    elsewhere = sent(world, FINE + f"UP3,{EAST},fine,2026-02-01,示例局,1.00,990101\n", division="990200")
    assert elsewhere.status_code == 422
    assert "outside of 990200" in elsewhere.json()["errors"][0]["detail"]
    # F1 is the west's row: another region cannot take it over by naming itself.
    over = sent(world, FINE + f"F1,{WEST},fine,2026-01-10,示例局,9.00,990221\n", division="990200")
    assert "another region" in over.json()["errors"][0]["detail"]
    own = sent(world, FINE + f"UP4,{SHELL},fine,2026-02-01,示例局,1.00,990221\n", division="990200")
    assert (own.status_code, own.json()["added"]) == (201, 1)
    assert sent(world, FINE, division="990200", whole=True).status_code == 403


def test_an_upload_beyond_the_limit_is_refused(world: World) -> None:
    assert sent(world, b"x" * (32 * 1024 * 1024 + 1)).status_code == 413
