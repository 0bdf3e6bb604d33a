from ipaddress import ip_address, ip_network
from pathlib import Path

import registry.sample.make_sample as maker
from registry import divisions, uscc
from registry.attribution import Attributor
from registry.csv_import import load_folder, load_sample, parse_instant
from registry.division_table import shipped

FOLDER = Path(maker.__file__).parent
DOCUMENTATION = [
    ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def test_the_maker_builds_the_same_bytes_again() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.csv")} == maker.sample_files()


def test_every_row_of_the_sample_is_accepted_and_marked_as_generated() -> None:
    imported = load_folder(FOLDER, all_or_nothing=True)
    assert (imported.errors, imported.notices) == ((), ())
    data = load_sample()
    assert imported.data == data
    for row in (*data.enterprises, *data.sites, *data.assignments):
        assert row.source.startswith(maker.MARK)


def test_nothing_in_the_sample_can_be_taken_for_real() -> None:
    data = load_sample()
    for enterprise in data.enterprises:
        assert enterprise.name.startswith("示例企业")
        assert uscc.fault(enterprise.uscc) is None
        assert enterprise.uscc[2:4] == divisions.SAMPLE_PROVINCE
    for site in data.sites:
        assert site.division in shipped()
        assert site.longitude is None or abs(site.longitude) < 1
    for given in data.assignments:
        assert any(
            given.prefix.version == allowed.version and given.prefix.subnet_of(allowed)  # type: ignore[arg-type]
            for allowed in DOCUMENTATION
        )


def test_the_same_address_belongs_to_different_enterprises_at_different_times() -> None:
    who = Attributor(load_sample())
    for address in ("192.0.2.70", "198.51.100.200", "2001:db8:1::9"):
        before = who.attribute(ip_address(address), parse_instant("2018-06-01"))
        after = who.attribute(ip_address(address), parse_instant("2024-06-01"))
        assert before.certain
        assert after.certain
        assert before.uscc != after.uscc


def test_the_sample_shows_a_gap_and_a_contradiction() -> None:
    who = Attributor(load_sample())
    gap = who.attribute(ip_address("198.51.100.1"), parse_instant("2020-03-01"))
    assert gap.missing == ("assignment",)
    doubt = who.attribute(ip_address("203.0.113.200"), parse_instant("2024-03-01"))
    assert (doubt.enterprise, doubt.missing, len(doubt.candidates)) == (None, ("agreement",), 2)
