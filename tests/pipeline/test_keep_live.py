"""What a probe keeps while it runs and at its end is one consistent run of the store."""

from dataclasses import replace
from pathlib import Path

import pytest

from classifier.ownership_model import Kind, Tie
from facts.endpoint import Address, parse_address
from facts.errors import StoreError
from facts.evidence import Evidence
from facts.names import Level
from facts.verdict import Verdict
from facts.where import Where
from pipeline.contract import Hit
from pipeline.keep_live import Keeper
from pipeline.scan import Scan
from pipeline.settings import load_settings
from store.clusters import ClusterStore
from store.database import open_database
from store.verdicts import VerdictStore

FARM = Path(__file__).parents[2] / "pcaps" / "btc_farm.pcap"
ETH1 = "eth1"


def because(evidence: Evidence) -> str:
    return evidence.kind


@pytest.fixture
def hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Hit]:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    found = [one for one in Scan([str(FARM)]) if isinstance(one, Hit)]
    assert len(found) >= 2
    return [replace(hit, verdict=replace(hit.verdict, source=ETH1)) for hit in found]


def current(address: Address) -> list[Verdict]:
    with open_database(load_settings().database_url) as database:
        return [one.verdict for one in VerdictStore(database).of_address(address)]


def test_a_verdict_that_changes_is_replaced_and_one_that_is_withdrawn_is_gone(hits: list[Hit]) -> None:
    first, other = hits[0], hits[1]
    suspected = replace(first, verdict=replace(first.verdict, level=Level.SUSPECTED))
    keeper = Keeper(ETH1, 1, because)
    keeper.keep([suspected, other], None)
    assert [one.level for one in current(first.verdict.address)] == [Level.SUSPECTED]
    keeper.keep([first], None, {(other.verdict.address, other.verdict.role)})
    assert [one.level for one in current(first.verdict.address)] == [first.verdict.level]
    assert current(other.verdict.address) == []
    keeper.keep([other], None)
    assert len(current(other.verdict.address)) == 1, "it may come again"
    keeper.keep_all([first], None)
    assert current(other.verdict.address) == [], "what the final verdicts do not repeat is withdrawn"
    assert current(first.verdict.address) == [first.verdict]


def test_what_a_run_before_said_holds_again_where_this_one_takes_it_back(hits: list[Hit]) -> None:
    Keeper(ETH1, 1, because).keep_all(hits, None)
    keeper = Keeper(ETH1, 2, because)
    keeper.keep([replace(hits[0], verdict=replace(hits[0].verdict, level=Level.SUSPECTED))], None)
    keeper.keep_all([], None)
    for hit in hits:
        assert [one.level for one in current(hit.verdict.address) if one.role is hit.verdict.role] == [
            hit.verdict.level
        ]


def test_what_could_not_be_kept_is_made_up_for(hits: list[Hit], monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(ETH1, 1, because)
    keeper.keep(hits, None)
    monkeypatch.setenv("MINESCOPE_DATABASE_URL", "sqlite:////proc/none/minescope.db")
    with pytest.raises(StoreError):
        keeper.keep([], None, {(hits[0].verdict.address, hits[0].verdict.role)})
    monkeypatch.delenv("MINESCOPE_DATABASE_URL")
    keeper.keep([], None)
    assert [one for one in current(hits[0].verdict.address) if one.role is hits[0].verdict.role] == []


def test_ties_of_every_run_stand_and_make_clusters(hits: list[Hit]) -> None:
    def tie(address: str) -> Tie:
        return Tie(parse_address(address), "wallet:0xaa", Kind.WALLET, "0xaa", 1, 2, 3, Where(ETH1, 7))

    monday, tuesday = Keeper(ETH1, 1, because), Keeper(ETH1, 2, because)
    assert monday.keep_ties([tie("192.0.2.1")]) == 1
    assert tuesday.keep_ties([tie("192.0.2.2")]) >= 1
    assert tuesday.keep_ties([tie("192.0.2.2")]) == 0, "nothing changed"
    with open_database(load_settings().database_url) as database:
        (name,) = ClusterStore(database).ids_naming("0xaa")
        found = ClusterStore(database).read(name)
    assert found is not None
    assert sorted(str(member.address) for member in found.members) == ["192.0.2.1", "192.0.2.2"]
