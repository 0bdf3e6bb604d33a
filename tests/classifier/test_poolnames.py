import csv
from pathlib import Path

import pytest

from classifier.make_pools import clean
from classifier.poolnames import COLUMNS, Likeness, PoolNames, registered_domain
from facts.errors import RowError

DAY = 86_400 * 10**9
NOW = 1_780_000_000 * 10**9  # May 2026
TABLE = Path(__file__).parents[2] / "classifier" / "data" / "pools.csv"
SOURCE_COLUMNS = COLUMNS[:6]


@pytest.fixture(scope="module")
def names() -> PoolNames:
    return PoolNames.load()


def small(*rows: str) -> PoolNames:
    return PoolNames([[*row.split(","), "", ""] for row in rows], "test.csv")


def test_every_row_of_the_table_matches_itself(names: PoolNames) -> None:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 1500
    for row in rows:
        found = names.match(row["domain"], NOW)
        assert found is not None
        assert found.likeness in (Likeness.HOST, Likeness.SITE)
        assert found.listed == found.name == row["domain"]
        assert row["source"]


@pytest.mark.parametrize(
    ("name", "likeness", "operator"),
    [
        ("rvn.2miners.com", Likeness.HOST, "2Miners"),
        ("stratum.braiins.com", Likeness.HOST, "Braiins Pool"),
        ("anything.eu.mine.zpool.ca", Likeness.SUBDOMAIN, "zpool"),
        ("us9.ethermine.org", Likeness.PATTERN, "ethermine.org"),
        ("2miners.com", Likeness.SITE, "2Miners"),
        ("www.2miners.com", Likeness.SITE, "2Miners"),
    ],
)
def test_names_match_as_surely_as_the_table_allows(
    names: PoolNames, name: str, likeness: Likeness, operator: str
) -> None:
    found = names.match(name, NOW)
    assert found is not None
    assert (found.likeness, found.operator) == (likeness, operator)


@pytest.mark.parametrize(
    "name",
    [
        "www.nicehash.com",
        "nicehash.com",
        "braiins.com",
        "www.braiins.com",
        "api.2miners.com",
        "help.f2pool.com",
        "other.ddns.net",
        "ddns.net",
        "github.io",
        "pool.github.io",
        "notf2pool.com",
        "com",
        "",
        ".",
        "pool.example.org",
        "swimming-pool.example.com",
    ],
)
def test_sites_that_serve_other_purposes_do_not_match(names: PoolNames, name: str) -> None:
    assert names.match(name, NOW) is None


def test_a_listed_host_tells_coins_ports_and_protocols(names: PoolNames) -> None:
    found = names.match("rvn.2miners.com", NOW)
    assert found is not None
    assert found.coins == ("RVN",)
    assert 6060 in found.ports
    assert "stratum+tcp" in found.protocols
    assert not found.browser


def test_services_that_mine_in_browsers_say_so(names: PoolNames) -> None:
    for name in ("coinhive.com", "ws001.coinhive.com"):
        found = names.match(name, NOW)
        assert found is not None
        assert found.browser
    assert names.match("api.coinhive.com", NOW) is None


def test_a_pattern_claims_neither_coins_nor_ports(names: PoolNames) -> None:
    found = names.match("us9.ethermine.org", NOW)
    assert found is not None
    assert (found.coins, found.ports) == ((), ())


def test_validity_ends_a_row_and_dates_an_early_match() -> None:
    names = small("a.pool.example,3333,stratum+tcp,BTC,Pool A,list,2020-01-01,2021-01-01")
    begin, end = 1_577_836_800 * 10**9, 1_609_459_200 * 10**9
    early, inside = names.match("a.pool.example", begin - 1), names.match("a.pool.example", begin)
    assert early is not None
    assert not early.current
    assert inside is not None
    assert inside.current
    assert names.match("a.pool.example", end - 1) is not None
    assert names.match("a.pool.example", end) is None


def test_hosts_are_found_by_operator_in_any_case(names: PoolNames) -> None:
    assert "stratum.braiins.com" in names.by_operator("BRAIINS pool")
    assert names.by_operator("nobody") == ()


@pytest.mark.parametrize(
    "row", ["a.example,x,dns,,,list,,", "a.example,,dns,,,list,2020-13-01,", "a.example,,dns"]
)
def test_a_wrong_row_is_refused_with_its_place(row: str) -> None:
    with pytest.raises(RowError, match=r"test\.csv, row 2"):
        small(row)


def test_registered_domains_have_two_labels_or_three() -> None:
    assert registered_domain("a.b.example.com") == "example.com"
    assert registered_domain("a.example.co.uk") == "example.co.uk"


def listed(*rows: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(SOURCE_COLUMNS, row, strict=True)) for row in rows]


def test_the_maker_drops_what_is_no_host_and_says_why() -> None:
    bad = ["", "*.pool.example", "192.0.2.1", "2001:db8::1", "no_dot", "-a.example", "miningrigrentals.com"]
    cleaned = clean(listed(*((domain, "", "dns", "", "", "list") for domain in bad)), "list.csv")
    assert cleaned.rows == ()
    assert [error.row for error in cleaned.dropped] == [2, 3, 4, 5, 6, 7, 8]
    wrong = listed(("a.example", "0", "dns", "", "", "x"), ("a.example", "1", "udp", "", "", "x"))
    assert len(clean(wrong, "list.csv").dropped) == 2


def test_the_maker_cleans_coins_operators_and_repeats() -> None:
    cleaned = clean(
        listed(
            (
                "A.Pool.example.",
                "3333",
                "stratum+tcp",
                "XMR (payout coin varies)",
                "pool.example",
                "xmrig/xmrig:x",
            ),
            ("b.pool.example", "3333", "stratum+tcp", "XMR-family", "Pool (eu)", "list"),
            ("a.pool.example", "3333", "stratum+tcp", "XMR", "other", "list"),
            ("c.hash.example", "1", "stratum+tcp", "BTC/BCH", "HASH (kawpow)", "list"),
            ("d.hash.example", "", "dns", "", "", "list"),
        ),
        "list.csv",
    )
    assert [error.row for error in cleaned.dropped] == [4]
    assert [row[:5] for row in cleaned.rows] == [
        ("a.pool.example", "3333", "stratum+tcp", "XMR", "pool.example"),
        ("b.pool.example", "3333", "stratum+tcp", "", "pool.example"),
        ("c.hash.example", "1", "stratum+tcp", "BTC/BCH", "HASH"),
        ("d.hash.example", "", "dns", "", "HASH"),
    ]
    assert cleaned.rows[0][6:] == ("2026-03-28", "", "host", "2026-03-28")


def test_an_operator_known_by_domain_takes_the_name_of_that_domains_hosts() -> None:
    cleaned = clean(
        listed(
            ("a.bigpool.example", "1", "stratum+tcp", "", "BigPool", "list"),
            ("b.bigpool.example", "1", "stratum+tcp", "", "bigpool.example", "list"),
            ("c.bigpool.test", "1", "stratum+tcp", "", "bigpool.test", "list"),
        ),
        "list.csv",
    )
    assert [row[4] for row in cleaned.rows] == ["BigPool", "BigPool", "bigpool.test"]


def test_a_told_kind_counts_more_than_the_rule() -> None:
    rows = [
        ["pool.example", "", "dns", "", "", "t", "", "", "host", ""],
        ["www.other.example", "3333", "stratum+tcp", "", "", "t", "", "", "site", "2026-01-01"],
    ]
    names = PoolNames(rows, "test.csv")
    for name, likeness in (("pool.example", Likeness.HOST), ("www.other.example", Likeness.SITE)):
        found = names.match(name, NOW)
        assert found is not None
        assert found.likeness is likeness


def test_every_row_of_the_table_has_its_kind_and_days_that_follow_each_other() -> None:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            assert row["kind"] in ("host", "site")
            assert row["valid_from"] <= row["last_seen"]
