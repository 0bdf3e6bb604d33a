"""Hits: filters and pages."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.models import HitsModel
from facts.instant import NS
from facts.names import Level, Role
from tests.api.stored import CLEARED, MINER, NODE, POOL, SEEN_NS, asking, serving, verdict


def addresses(client: TestClient, **params: object) -> list[str]:
    answer = client.get("/v1/hits", params=params)
    assert answer.status_code == 200, answer.text
    return [hit.address for hit in HitsModel.model_validate(answer.json()).hits]


def test_hits_are_listed_last_seen_first_and_cleared_ones_left_out(client: TestClient) -> None:
    assert addresses(client) == [POOL, MINER, NODE]


def test_every_filter_narrows(client: TestClient) -> None:
    assert addresses(client, level="confirmed") == [MINER, NODE]
    assert set(addresses(client, level="cleared")) == {POOL, MINER, NODE, CLEARED}
    assert addresses(client, role="pool") == [POOL]
    assert addresses(client, coin="btc") == [NODE]
    assert addresses(client, coin="BTC", role="pool") == []
    assert addresses(client, since="2026-03-01T08:00:01Z") == [POOL]
    assert addresses(client, since="2026-03-01T16:00:00+08:00") == [POOL, MINER]
    assert addresses(client, prefix="2001:db8::/32") == [NODE]
    assert addresses(client, prefix="192.0.2.0/24") == [MINER]
    assert addresses(client, prefix="::ffff:192.0.2.0/120") == [MINER]
    assert addresses(client, uscc="91990101MADEUP048L") == [MINER]


def test_a_hit_says_whose_the_address_was(client: TestClient) -> None:
    [hit] = client.get("/v1/hits", params={"role": "miner"}).json()["hits"]
    assert hit["attribution"]["line"] == "line-1004"


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": 0}, "#/query/limit"),
        ({"limit": 1001}, "#/query/limit"),
        ({"limit": "many"}, "#/query/limit"),
        ({"level": "certain"}, "#/query/level"),
        ({"role": "boss"}, "#/query/role"),
        ({"coin": "x y"}, "#/query/coin"),
        ({"since": "yesterday"}, "#/query/since"),
        ({"prefix": "192.0.2.1/24"}, "#/query/prefix"),
        ({"uscc": "1"}, "#/query/uscc"),
        ({"levle": "likely"}, "#/query/levle"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_a_wrong_filter_is_named(client: TestClient, params: dict, pointer: str, lang: str) -> None:
    answer = client.get("/v1/hits", params=params, headers={"Accept-Language": lang})
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert fault["detail"].isascii() == (lang == "en")


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "示例", "eyJ9", "0" * 512])
def test_a_cursor_that_was_never_given_is_a_400(client: TestClient, cursor: str) -> None:
    answer = client.get("/v1/hits", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:minescope:problem:invalid-cursor"


@pytest.fixture(scope="module")
def crowd() -> Iterator[tuple[TestClient, list[str]]]:
    """A store in which many were last seen at the same instant: what a page cut is hardest on."""
    verdicts = [
        verdict(
            f"198.51.{n >> 8}.{n & 255}",
            role,
            Level.LIKELY,
            last_seen_ns=SEEN_NS + (n // 37) * NS,
            source=f"captures/{n % 3}.pcap",
        )
        for n in range(150)
        for role in (Role.MINER, Role.POOL)
    ]
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), verdicts) as services,
        asking(services) as client,
    ):
        everything = client.get("/v1/hits", params={"limit": 1000}).json()
        assert everything["next"] is None
        yield client, [f"{hit['address']} {hit['role']}" for hit in everything["hits"]]


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(1, 310))
def test_pages_of_any_size_hold_every_hit_once(crowd: tuple[TestClient, list[str]], limit: int) -> None:
    client, expected = crowd
    assert len(set(expected)) == 300
    seen: list[str] = []
    params: dict[str, object] = {"limit": limit}
    for _ in range(-(-300 // limit) + 1):
        page = client.get("/v1/hits", params=params).json()
        assert 1 <= len(page["hits"]) <= limit
        seen += [f"{hit['address']} {hit['role']}" for hit in page["hits"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == expected
