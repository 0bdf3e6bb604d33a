"""The API answers as the operator's lists stand at the time of the question."""

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from classifier.operator_lists import Entry, ListName, read_subject
from pipeline.settings import Settings
from store.database import open_database
from store.operator_lists import OperatorListStore
from tests.api.stored import CLEARED, MINER, NODE, POOL, asking, serving


def hits(client: TestClient) -> list[str]:
    return [hit["address"] for hit in client.get("/v1/hits").json()["hits"]]


def best(client: TestClient, address: str) -> dict[str, Any]:
    verdict: dict[str, Any] = client.get(f"/v1/ips/{address}").json()["verdict"]
    return verdict


def test_look_ups_and_hits_follow_the_lists_at_once_in_both_languages(tmp_path: Path) -> None:
    with serving(tmp_path) as services, asking(services) as client:
        assert hits(client) == [POOL, MINER, NODE]
        with open_database(Settings(home=tmp_path).database_url) as database:
            lists = OperatorListStore(database)
            lists.add(Entry(ListName.ALLOW, read_subject(f"{MINER}/32"), "our laboratory", 5))
            lists.add(Entry(ListName.DENY, read_subject(CLEARED), "seized", 5))
            assert set(hits(client)) == {POOL, NODE, CLEARED}
            assert best(client, MINER)["level"] == "cleared"
            assert best(client, CLEARED)["level"] == "likely"
            told = client.get(f"/v1/ips/{MINER}", headers={"Accept-Language": "zh-CN"}).text
            assert "运营方已将" in told
            bulk = client.post("/v1/ips:lookup", json=[MINER]).json()
            assert bulk["verdict"]["level"] == "cleared"
            assert lists.remove(ListName.ALLOW, MINER)
            assert lists.remove(ListName.DENY, CLEARED)
        assert hits(client) == [POOL, MINER, NODE]
        assert best(client, MINER)["level"] == "confirmed"
