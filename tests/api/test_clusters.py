"""Clusters over HTTP: whole for the centre, the own part for a region, masked for who needs no names."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.models_clusters import ClusterFileModel, ClustersModel
from store.access_rules import AccountRole, Department
from tests.api.accounts import key_of
from tests.api.stored import CLUSTER, MINER, POOL, PURPOSE, WALLET, app_of, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    home = tmp_path_factory.mktemp("clusters")
    with serving(home) as services, app_of(services, mode=Mode.CLOSED) as app, TestClient(app) as client:
        yield app, client


def asked(
    world: tuple[FastAPI, TestClient],
    path: str,
    division: str = "000000",
    department: Department = Department.CYBERSPACE,
    language: str = "en",
) -> "object":
    app, client = world
    key = key_of(app, AccountRole.ANALYST, division, department)
    headers = PURPOSE | {"Authorization": f"Bearer {key}", "Accept-Language": language}
    return client.get(path, headers=headers)


def test_a_cluster_tells_its_members_and_why_they_are_together(world: tuple[FastAPI, TestClient]) -> None:
    answer = asked(world, f"/v1/clusters/{CLUSTER}")
    told = ClusterFileModel.model_validate(answer.json())
    assert [member.address for member in told.members] == [MINER, POOL]
    assert told.addresses == 2
    assert told.links[0].kind == "wallet"
    assert WALLET in (told.links[0].because or "")
    listed = ClustersModel.model_validate(asked(world, "/v1/clusters").json())
    assert [one.id for one in listed.clusters] == [CLUSTER]
    assert listed.next is None
    of_address = ClustersModel.model_validate(asked(world, f"/v1/clusters?address={POOL}").json())
    assert [one.id for one in of_address.clusters] == [CLUSTER]


def test_sentences_come_in_chinese(world: tuple[FastAPI, TestClient]) -> None:
    told = asked(world, f"/v1/clusters/{CLUSTER}", language="zh-CN").json()
    assert told["says"] == "同一经营者"
    assert "收款钱包同为" in told["links"][0]["because"]


def test_a_region_sees_its_own_members_and_no_count_of_others(world: tuple[FastAPI, TestClient]) -> None:
    told = asked(world, f"/v1/clusters/{CLUSTER}", "990102").json()
    assert [member["address"] for member in told["members"]] == [MINER]
    assert told["addresses"] == 1
    assert told["because"] == []
    assert {link["kind"] for link in told["links"]} == {"wallet", "scheme"}
    assert {link["addresses"] for link in told["links"]} == {None}
    assert POOL not in str(told)
    [listed] = asked(world, "/v1/clusters", "990102").json()["clusters"]
    assert listed["addresses"] == 1
    assert asked(world, "/v1/clusters", "330000").json()["clusters"] == []
    assert asked(world, f"/v1/clusters/{CLUSTER}", "330000").status_code == 404


def test_wallets_and_rig_names_are_masked(world: tuple[FastAPI, TestClient]) -> None:
    for path in (f"/v1/clusters/{CLUSTER}", "/v1/clusters", f"/v1/ips/{MINER}", "/v1/hits"):
        answer = asked(world, path, department=Department.ENERGY)
        assert answer.status_code == 200
        assert WALLET not in answer.text
        assert "hallxyz" not in answer.text
        assert f"{WALLET[:4]}…{WALLET[-4:]}" in answer.text


def test_a_look_up_names_the_cluster(world: tuple[FastAPI, TestClient]) -> None:
    verdicts = asked(world, f"/v1/ips/{MINER}").json()["verdicts"]
    by_role = {verdict["role"]: verdict["cluster"] for verdict in verdicts}
    assert by_role["miner"]["id"] == CLUSTER
    assert by_role["miner"]["addresses"] == 2
    assert by_role["prober"] is None
    part = asked(world, f"/v1/ips/{MINER}", "990102").json()["verdicts"]
    assert {one["cluster"]["addresses"] for one in part if one["cluster"]} == {None}


def test_a_cursor_of_no_page_is_refused(world: tuple[FastAPI, TestClient]) -> None:
    answer = asked(world, "/v1/clusters?cursor=c-0123456789abcdef")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("invalid-cursor")
