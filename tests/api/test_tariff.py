"""The differential price over HTTP: each region its own, money only when told to, one book for all."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pipeline.services import build_services
from pipeline.settings import Settings
from store.access_rules import AccountRole, Department
from supervision.tariff.tables import Table, Taking, take_file
from tests.api.accounts import key_of
from tests.api.stored import PURPOSE, asking
from tests.supervision.filled import FIRM, fill

DAY_NS = 86_400 * 10**9


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home: Path = tmp_path_factory.mktemp("tariff")
    with build_services(Settings(home=home, registry=None)) as services:
        fill(services.database, home / "registry")
        for table, text in (
            (Table.READINGS, "account,month,kwh\nZJ1,2025-01,1000\nZJ2,2025-01,2000\nSX1,2023-01,310\n"),
            (Table.MINING, "account,first,period\nZJ1,2025-01-01,p1\nZJ2,2025-01-01,p2\nSX1,2023-01-01,p3\n"),
        ):
            path = home / f"{table.value}.csv"
            path.write_text(text, "utf-8")
            assert take_file(services.database, path, table, Taking(known_ns=1, author="tests")).taken
        with asking(services) as opened:
            yield opened


def asked(app: Any, division: str, role: AccountRole = AccountRole.SUPERVISOR) -> dict[str, str]:
    assert isinstance(app, FastAPI)
    key = key_of(app, role, division, Department.DEVELOPMENT_REFORM)
    return {**PURPOSE, "Authorization": f"Bearer {key}"}


def test_from_proposal_to_bill_to_collection_each_region_its_own(client: TestClient) -> None:
    whole, city = asked(client.app, "000000"), asked(client.app, "330100")
    listed = client.get("/v1/tariff/mining", headers=city).json()
    assert [one["period"] for one in listed["periods"]] == ["p1"]
    assert client.get("/v1/tariff/accounts/ZJ2", headers=city).status_code == 404
    body = {"state": "confirmed", "why": "seen on site"}
    foreign = client.post("/v1/tariff/mining/p2/decisions", headers=city, json=body)
    assert foreign.status_code == 404
    made = client.post("/v1/tariff/mining/p1/decisions", headers=city, json=body)
    assert (made.status_code, made.json()["state"]) == (201, "confirmed")
    for period in ("p2", "p3"):
        done = client.post(f"/v1/tariff/mining/{period}/decisions", headers=whole, json=body)
        assert done.status_code == 201

    only_said = client.post("/v1/tariff/bills", headers=city, json={"as_of": "2025-12-31"})
    assert only_said.status_code == 200
    dry = only_said.json()
    assert (dry["posted"], dry["accounts"], dry["amount"]) == (False, 1, "500.00")
    assert client.get("/v1/tariff/entries", headers=whole).json()["entries"] == []
    key = {**city, "Idempotency-Key": "bill-1"}
    for _ in range(2):  # asked again: answered again, not billed again
        posted = client.post("/v1/tariff/bills", headers=key, json={"as_of": "2025-12-31", "post": True})
        assert (posted.status_code, posted.json()["amount"]) == (201, "500.00")
    rest = client.post("/v1/tariff/bills", headers=whole, json={"as_of": "2025-12-31", "post": True}).json()
    assert [(one["number"], one["account"]) for one in rest["entries"]] == [(2, "ZJ2")]
    assert [(one["account"], one["reason"]) for one in rest["refusals"]] == [("SX1", "no-rate")]

    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/tariff/entries?limit=1{cursor}", headers=whole).json()
        pages += [one["number"] for one in page["entries"]]
        cursor = None if page["next"] is None else f"&cursor={page['next']}"
    assert pages == [1, 2]
    assert [one["uscc"] for one in client.get("/v1/tariff/entries", headers=city).json()["entries"]] == [FIRM]
    collection = client.get("/v1/tariff/collection?level=prefecture&as_of=2099-01-01", headers=whole).json()
    assert [(one["division"], one["due"], one["rate"]) for one in collection["regions"]] == [
        ("330100", "500.00", "0.0000"),
        ("330200", "1000.00", "0.0000"),
    ]
    arrears = client.get("/v1/tariff/arrears?on=2099-01-01", headers=city).json()
    assert [(one["account"], one["arrears"]) for one in arrears["accounts"]] == [("ZJ1", "500.00")]
    file = client.get("/v1/tariff/accounts/ZJ1", headers=city).json()
    assert (file["readings"][0]["kwh"], file["entries"][0]["amount"]) == ("1000", "500.00")
    assert file["mining"][0]["because"] == "seen on site"


def test_files_hold_what_the_region_sees(client: TestClient) -> None:
    city = asked(client.app, "330200")
    text = client.get("/v1/exports/tariff?what=entries", headers=city).text
    assert text.startswith("\ufeffnumber,kind,account")
    assert "ZJ1" not in text
    lines = client.get("/v1/exports/tariff?what=arrears&format=ndjson&on=2099-01-01", headers=city).text
    assert [json.loads(line)["account"] for line in lines.splitlines()] in ([], ["ZJ2"])
    book = client.get("/v1/exports/tariff?what=collection&format=xlsx", headers=city).content
    assert "xl/workbook.xml" in ZipFile(BytesIO(book)).namelist()
    chinese = client.get("/v1/exports/tariff", headers={**city, "Accept-Language": "zh"}).text
    assert chinese.startswith("\ufeff编号,类别,户号")


def test_who_may_not_is_refused(client: TestClient) -> None:
    operator = asked(client.app, "000000", AccountRole.OPERATOR)
    for method, path, body in (
        ("GET", "/v1/tariff/entries", None),
        ("POST", "/v1/tariff/bills", {"post": True}),
        ("GET", "/v1/exports/tariff", None),
    ):
        assert client.request(method, path, headers=operator, json=body).status_code == 403
    city = asked(client.app, "330100")
    assert client.get("/v1/tariff/arrears?region=330200", headers=city).status_code == 404
    assert client.get("/v1/tariff/arrears?on=2025-02-30", headers=city).status_code == 422
    assert client.get("/v1/tariff/entries?cursor=x", headers=city).status_code in (400, 422)
    bare = {**city, "X-Purpose": ""}
    assert client.get("/v1/tariff/entries", headers=bare).status_code == 400


def test_the_rules_tell_which_of_them_bill(client: TestClient) -> None:
    whole = asked(client.app, "000000")
    rules = client.get("/v1/tariff/rules?division=370102", headers=whole).json()["rules"]
    assert [one["id"] for one in rules] == ["national-floor"]
    every = client.get("/v1/tariff/rules", headers=whole).json()["rules"]
    assert {one["id"]: one["bills"] for one in every}["shandong-2022-draft"] is False
    assert {one["id"]: one["rate"] for one in every}["shaanxi-2022"] is None
