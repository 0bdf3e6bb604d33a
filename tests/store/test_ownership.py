"""Ties and clusters in both databases: an update leaves what a rebuild would make."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from classifier import ownership_hubs, ownership_merge, ownership_reach
from classifier.ownership import clusters
from classifier.ownership_model import Cluster, Kind, Sort, Tie
from facts.endpoint import parse_address
from facts.where import Where
from pipeline import ownership
from pipeline.ownership import Updated, follow_registry, rebuild, registered, update
from pipeline.registry_import import Options, files_of, import_files
from pipeline.settings import Settings
from store.clusters import ClusterStore
from store.database import Database, open_database
from store.ties import key_of, save_ties
from tests.supervision.filled import OTHER, fill

DAY = 86_400_000_000_000


def tie(address: str, kind: Kind, name: str, party: str = "", day: int = 1, source: str = "a.pcap") -> Tie:
    return Tie(parse_address(address), party, kind, name, day * DAY, (day + 1) * DAY, 3, Where(source, 7))


def logged(address: str, wallet: str, *more: tuple[Kind, str], day: int = 1) -> list[Tie]:
    """One party's ties: its wallet, and other names."""
    return [
        tie(address, kind, name, f"wallet:{wallet}", day) for kind, name in ((Kind.WALLET, wallet), *more)
    ]


def everything(db: Database) -> list[Cluster]:
    """All clusters as they are stored."""
    store = ClusterStore(db)
    with db.reading() as connection:
        ids = connection.scalars(text("SELECT id FROM ownership_clusters ORDER BY id")).all()
    found = [store.read(one) for one in ids]
    return [one for one in found if one is not None]


def test_the_key_of_an_installation_is_drawn_once(db: Database) -> None:
    assert key_of(db) == key_of(db)
    assert len(key_of(db)) == 16


def test_a_change_of_the_registry_makes_all_anew(url: str, tmp_path: Path) -> None:
    with open_database(url) as db:
        made_anew(db, Settings(home=tmp_path / "home", database_url=url), tmp_path)


def made_anew(db: Database, settings: Settings, tmp_path: Path) -> None:
    fill(db, tmp_path / "registry")
    save_ties(db, {"a": logged("192.0.2.3", "0xaa", day=20_000)})
    assert follow_registry(db, settings) is not None
    [one] = everything(db)
    assert [member.line for member in one.members] == ["L-hz"]
    assert update(db, registered(db, settings)) == Updated(0, 0, False)
    moved = "line,uscc,site,valid_from\nL-hz," + OTHER + ",hz,2020-01-01\n"
    (tmp_path / "registry" / "lines.csv").write_text(moved, "utf-8")
    refused: list[object] = []
    paths = files_of([tmp_path / "registry" / "lines.csv"], None)
    assert import_files(db, paths, Options(), 2, refused.extend).taken, refused
    done = follow_registry(db, settings)
    assert done is not None
    assert done.whole
    assert [member.enterprise for one in everything(db) for member in one.members] == [OTHER]


def test_what_is_stored_is_what_was_made(db: Database) -> None:
    told = [
        *logged("192.0.2.1", "0xaa", (Kind.SCHEME, "hallx#"), day=3),
        *logged("198.51.100.7", "0xaa", (Kind.AGENT, "\x00\\udc80 示例"), day=2),
        *logged("2001:db8::7", "0xbb"),
    ]
    save_ties(db, {"a.pcap": told})
    done = update(db)
    assert done.whole
    assert everything(db) == clusters(told, key=key_of(db))
    assert {one.id for one in everything(db)}.isdisjoint(one.id for one in clusters(told))
    [large] = [one for one in everything(db) if len(one.members) == 2]
    assert [str(member.address) for member in large.members] == ["192.0.2.1", "198.51.100.7"]
    store = ClusterStore(db)
    addresses = [parse_address(one) for one in ("192.0.2.1", "2001:db8::7", "203.0.113.1")]
    assert {str(a): b.id for a, b in store.of_addresses(addresses).items()} == {"192.0.2.1": large.id}
    assert store.ids_naming("0xaa") == [large.id]
    page = store.page()
    assert [one.id for one in page.clusters] == [large.id]
    assert page.sizes == (2,)
    assert page.next is None


def test_a_source_read_again_takes_the_place_of_what_it_said(db: Database) -> None:
    save_ties(db, {"a.pcap": [*logged("192.0.2.1", "0xaa"), *logged("192.0.2.2", "0xaa")]})
    update(db)
    assert len(everything(db)) == 1
    assert save_ties(db, {"a.pcap": [*logged("192.0.2.1", "0xaa"), *logged("192.0.2.2", "0xaa")]}) == 0
    assert update(db).addresses == 0
    save_ties(db, {"a.pcap": logged("192.0.2.1", "0xaa")})
    update(db)
    assert [[str(m.address) for m in one.members] for one in everything(db)] == [["192.0.2.1"]]


def test_a_cluster_keeps_its_id_while_it_grows_and_two_become_the_older_one(db: Database) -> None:
    save_ties(db, {"a": logged("192.0.2.1", "0xaa", day=5)})
    update(db)
    [first] = everything(db)
    save_ties(db, {"b": [*logged("192.0.2.2", "0xaa", day=6), *logged("192.0.2.3", "0xbb", day=7)]})
    update(db)
    assert first.id in {one.id for one in everything(db)}
    bridge = tie("192.0.2.2", Kind.EMAIL, "m@x.cn", "wallet:0xaa", 8)
    save_ties(db, {"c": [bridge, tie("192.0.2.3", Kind.EMAIL, "m@x.cn", "wallet:0xbb", 8)]})
    update(db)
    [merged] = everything(db)
    assert merged.id == first.id
    assert len(merged.addresses) == 3


def test_other_rules_make_all_anew(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    save_ties(db, {"a": logged("192.0.2.1", "0xaa")})
    assert update(db).whole
    assert not update(db).whole
    monkeypatch.setattr(ownership, "rules_digest", lambda: "other")
    assert update(db).whole


ADDRESSES = [f"192.0.2.{n}" for n in range(1, 41)]
WALLETS = [f"0x{n:x}" for n in range(30)]
OTHERS = [
    *((kind, f"{kind.name}{n}") for kind in (Kind.SCHEME, Kind.AGENT, Kind.ENTERPRISE) for n in range(6)),
    *((kind, f"203.0.113.{n}:80") for kind in (Kind.UPSTREAM, Kind.HIDDEN) for n in range(4)),
    *((Kind.UPSTREAM, f"192.0.2.{n}:3333") for n in range(1, 4)),
    *((Kind.EMAIL, f"m{n}@b.cn") for n in range(3)),
    *((Kind.LINE, f"line-{n}") for n in range(4)),
]


def drawn(address: str, wallet: str, others: list[tuple[Kind, str]], day: int) -> list[Tie]:
    """What one login tells; some wallets' miners also speak without naming who is paid."""
    silent = [tie(address, *other, day=day) for other in others if wallet > "0x15"]
    return [*logged(address, wallet, *others, day=day), *silent]


TIES = st.builds(
    drawn,
    st.sampled_from(ADDRESSES),
    st.sampled_from(WALLETS),
    st.lists(st.sampled_from(OTHERS), min_size=1, max_size=3, unique=True),
    st.integers(1, 9),
)
RUNS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.lists(TIES, max_size=8).map(lambda many: [t for m in many for t in m])
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS)
def test_an_update_leaves_what_a_rebuild_makes(
    sqlite: Database, few_are_many: None, runs: Sequence[tuple[str, list[Tie]]]
) -> None:
    with sqlite.writing() as connection:
        for table in ("members", "clusters", "rules", "changes", "names", "ties"):
            connection.execute(text(f"DELETE FROM ownership_{table}"))
    for source, ties in runs:
        save_ties(sqlite, {source: ties})
        update(sqlite)
    left = everything(sqlite)
    rebuild(sqlite)
    assert left == everything(sqlite)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path_factory.mktemp('ownership') / 'x.db'}") as opened:
        yield opened


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names reach their limits with a handful of addresses."""
    few = {
        kind: {**row, "most": 3} if isinstance(row, dict) and "most" in row else row
        for kind, row in ownership_reach.weights().items()
    }
    for module in (ownership_reach, ownership_merge):
        monkeypatch.setattr(module, "weights", lambda: few)
    for module in (ownership_reach, ownership_hubs):
        monkeypatch.setattr(module, "MOST_CLIENTS", 3)


def test_insiders_are_listed_though_they_are_alone(db: Database) -> None:
    save_ties(
        db, {"a": [*logged("192.0.2.1", "0xaa"), tie("192.0.2.1", Kind.ENTERPRISE, "E", "wallet:0xaa")]}
    )
    update(db, sizes={"E": 5000})
    [one] = ClusterStore(db).page(sort=Sort.INSIDER).clusters
    assert one.sort is Sort.INSIDER
    assert replace(one, members=()) == one
