"""The province in a box: the same for a seed, read by the product as what it is, with the truth beside it."""

import csv
import json
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from benchmarks.lab.province import MINING, Province, Sort
from benchmarks.lab.province_draw import province
from benchmarks.lab.province_made import Folder, write
from facts.names import Level
from pipeline.registry_import import Options, files_of, import_files
from registry.uscc import fault
from store.database import open_database
from store.registry import RegistryStore
from supervision.projects.sightings import MINES
from tests.lab.reading import verdicts

DOCUMENTATION = [
    ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def small(seed: int = 3) -> Province:
    return province(seed, "test", mining=9, honest=4, victims=3, cities=2, days=35, largest=80)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return write(small(), tmp_path_factory.mktemp("province"), minutes=5, benign=15)


def test_the_same_seed_gives_the_same_province(written: Folder, tmp_path: Path) -> None:
    again = write(small(), tmp_path, minutes=5, benign=15)
    for one in sorted(path for path in written.registry.parent.rglob("*") if path.is_file()):
        assert (tmp_path / one.relative_to(written.registry.parent)).read_bytes() == one.read_bytes(), one
    assert again.truth == written.truth
    assert {site.id: site for site in small(4).sites} != {site.id: site for site in small().sites}


def test_nothing_in_it_is_real(written: Folder) -> None:
    made = written.made
    assert all(code.startswith("99") for code, _ in made.divisions)
    assert all(site.division.startswith("99") for site in made.sites)
    for company in made.companies:
        assert fault(company.uscc) is None
        assert "示例" in company.name
    for site in made.sites:
        for address in site.addresses:
            assert any(ip_address(str(address)) in net for net in DOCUMENTATION), address
    for path in written.registry.glob("*.csv"):
        for row in csv.DictReader(path.read_text("utf-8").splitlines()):
            assert row["source"] == "generated province"


def test_every_sort_comes_in_its_share() -> None:
    made = province(1, mining=50, honest=30, victims=5, cities=4)
    sorts = [site.sort for site in made.sites]
    for sort in Sort:
        assert sort in sorts, sort
    assert len({site.account for site in made.sites}) == len({site.line for site in made.sites}) == len(sorts)
    own = [address for site in made.sites if site.ports is None for address in site.addresses]
    assert len(own) == len(set(own))
    blocks = [(site.addresses[0], site.ports) for site in made.sites if site.ports is not None]
    assert len(blocks) == len(set(blocks))


def test_a_large_province_goes_on_in_ipv6() -> None:
    made = province(2, mining=500, honest=400, victims=20, cities=8)
    assert {address.version for site in made.sites for address in site.addresses} == {4, 6}


def test_the_registry_takes_every_row(written: Folder, tmp_path: Path) -> None:
    said: list[str] = []
    with open_database(f"sqlite:///{tmp_path}/p.db") as db:
        result = import_files(
            db, files_of([written.registry], None), Options(), 1, lambda errors: said.extend(map(str, errors))
        )
        assert result.taken, said
        assert RegistryStore(db).counts()[0] == len(written.made.companies)


def test_the_product_finds_those_who_mine_and_nobody_else(written: Folder) -> None:
    found = {
        str(one.address)
        for path in written.captures
        for one in verdicts(path)
        if one.role in MINES and one.level in (Level.LIKELY, Level.CONFIRMED)
    }
    sites = {str(address): site for site in written.made.sites for address in site.addresses}
    assert {one for one in found if sites[one].sort not in MINING} == set()
    plain = {
        str(site.addresses[0])
        for site in written.made.mining()
        if site.sort is not Sort.HIDDEN and site.ports is None
    }
    assert plain <= found


def test_the_meters_tell_what_is_true(written: Folder) -> None:
    told = {one["site"]: one for one in written.truth["sites"]}
    for site in written.made.sites:
        one = told[site.id]
        if site.sort is Sort.FARM:
            assert one["mining_kwh_last_day"] <= one["metered_kwh_last_day"]
            assert one["mining_kwh_last_day"] == pytest.approx(one["watts"] * 24 / 1000, rel=0.1)
        elif site.sort is Sort.THIEF:
            assert one["metered_kwh_last_day"] < 0.6 * one["mining_kwh_last_day"] + 30
        elif site.sort is Sort.LEFT:
            assert one["mining_kwh_last_day"] == 0
        elif site.sort is Sort.HIDDEN:
            assert 0 < one["hidden_watts"] < one["watts"]
        elif site.sort is Sort.MISPLACED:
            assert one["mining_kwh_last_day"] == 0
            assert told[one["stands_at"]]["mining_kwh_last_day"] > 0
    assert json.loads((written.registry.parent / "truth.json").read_text("utf-8")) == json.loads(
        json.dumps(written.truth)
    )


def test_curves_have_every_day_of_every_account(written: Folder) -> None:
    rows = list(csv.DictReader(written.curves.read_text("utf-8").splitlines()))
    days = {(row["account"], row["quantity"], row["day"]) for row in rows}
    assert len(days) == len(rows)
    active = [row for row in rows if row["quantity"] != "reactive-import"]
    assert len(active) == len(written.made.sites) * written.made.days
    assert all(len(row) == 99 for row in rows)
    assert min(row["day"] for row in rows) == str(written.made.first)
    assert date.fromisoformat(max(row["day"] for row in rows)) < written.made.captured


def test_a_province_has_cities_that_have_names() -> None:
    with pytest.raises(ValueError, match="cities"):
        province(1, cities=99)
