"""The API over PostgreSQL as an ordinary user: both locks at once, and the same answers as over SQLite."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from api.access.gate import Mode
from pipeline.services import Services, build_services
from store.access_rules import AccountRole
from store.row_security import is_locked
from tests.api.accounts import key_of
from tests.api.stored import MINER, NODE, POOL, PURPOSE, app_of, asking, filled


@pytest.fixture
def kept(postgres: str, tmp_path: Path) -> Iterator[Services]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE asking LOGIN")
        connection.execute("CREATE DATABASE asked OWNER asking")
    url = postgres.replace("postgres@/postgres?", "asking@/asked?")
    with build_services(filled(tmp_path, url=url)) as opened:
        yield opened
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE asked WITH (FORCE)")
        connection.execute("DROP ROLE asking")


def test_each_region_is_answered_from_its_own_rows(kept: Services, client: TestClient) -> None:
    with app_of(kept, mode=Mode.CLOSED) as app, TestClient(app) as asked:
        assert is_locked(kept.database)
        for division, expected in (
            ("000000", {MINER, POOL, NODE}),
            ("990100", {MINER, NODE}),
            ("990102", {MINER}),
            ("330000", set()),
        ):
            headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST, division)}"}
            hits = asked.get("/v1/hits", headers=headers).json()["hits"]
            assert {hit["address"] for hit in hits} == expected
            answer = asked.get(f"/v1/ips/{MINER}", headers=headers)
            assert (answer.status_code == 200) == (MINER in expected)
            lines = asked.post("/v1/ips:lookup", json=[MINER, POOL], headers=headers).text
            assert lines.count('"known":true') == len(expected & {MINER, POOL})
            for path in ("/v1/enterprises/91990101MADEUP048L", "/v1/sites/site-west-1"):
                assert (asked.get(path, headers=headers).status_code == 200) == (MINER in expected)
        assert asked.get("/healthz").json()["counts"]["verdicts"] == 5
    with asking(kept) as asked:
        for path in (f"/v1/ips/{MINER}", "/v1/hits", "/v1/enterprises/91990101MADEUP048L", "/v1/probes"):
            assert asked.get(path).json() == client.get(path).json()
