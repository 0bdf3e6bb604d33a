"""Clusters: what joins, what does not, how it is explained; values by hand."""

import random
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ownership import cluster_id, clusters
from classifier.ownership_model import Cluster, Kind, Link, Reason, Sort, Tie
from classifier.ownership_names import at_pool, is_common, party_of, payees, rig, scheme
from classifier.ownership_words import link_words, reason_words, sort_words
from facts.endpoint import packed16, parse_address
from facts.where import Where

DAY = 86_400_000_000_000
WALLET = "0x" + "a1" * 20
OTHER = "0x" + "b2" * 20
LOUD = "0x" + "A1" * 20


def ties(address: str, wallet: str, *names: tuple[Kind, str], day: int = 1) -> list[Tie]:
    """What one party told; no wallet: a party that nobody is told of."""
    party = f"wallet:{wallet}" if wallet else ""
    own = ((Kind.WALLET, wallet),) if wallet else ()
    at = parse_address(address)
    return [
        Tie(at, party, kind, name, day * DAY, (day + 1) * DAY, 1, Where("a.pcap", 7))
        for kind, name in (*own, *names)
    ]


def together(found: list[Cluster]) -> set[frozenset[str]]:
    """Sets of addresses that share a cluster."""
    return {frozenset(map(str, one.addresses)) for one in found if len(one.addresses) > 1}


def test_a_wallet_joins_and_default_names_do_not() -> None:
    told = [*ties("192.0.2.1", WALLET), *ties("198.51.100.2", WALLET), *ties("203.0.113.3", OTHER)]
    [large] = [one for one in clusters(told) if len(one.members) > 1]
    assert together([large]) == {frozenset({"192.0.2.1", "198.51.100.2"})}
    assert large.links == (Link(Kind.WALLET, WALLET, 2, 9.0),)
    # By hand: 9.0 for the wallet, prior -3.5, of both members.
    assert [member.score for member in large.members] == pytest.approx([5.5, 5.5])
    for name in ("x", "worker1", "rig01", "RIG-7", "gpu1", "DESKTOP-4F7K2B1", "ip-10-0-0-7", "S19-3", "007"):
        assert scheme(name) is None, name


def test_weak_names_add_up_by_hand() -> None:
    shared = (Kind.SCHEME, "hallxyz#"), (Kind.AGENT, "odd/1.0")
    one, other = ties("192.0.2.1", WALLET, *shared), ties("198.51.100.2", OTHER, *shared)
    # 4.4 + 2.2 - 3.5 = 3.1 >= 1.5: joined; the pattern alone (0.9) or the program alone (-1.3) is too little.
    [cluster] = clusters([*one, *other])
    assert [member.score for member in cluster.members] == pytest.approx([3.1, 3.1])
    assert cluster.score == pytest.approx(1 / (1 + 2.718281828**-3.1), abs=1e-6)
    for left in shared:
        alone = [*ties("192.0.2.1", WALLET, left), *ties("198.51.100.2", OTHER, left)]
        assert together(clusters(alone)) == set()


def test_a_name_of_many_owners_weighs_less() -> None:
    shared = (Kind.SCHEME, "hallxyz#"), (Kind.AGENT, "odd/1.0")
    crowd = [
        tie for n in range(40) for tie in ties(f"198.51.{n}.7", "0x" + f"{n:02x}" * 20, *shared)
    ]  # forty owners: 4.4 - 0.5 ln 20 + 2.2 - 1.0 ln 20 - 3.5 = -1.4
    assert 4.4 + 2.2 - 1.5 * log(20) - 3.5 < 1.5
    assert together(clusters(crowd)) == set()


def test_a_deposit_address_with_e_mails_of_many_joins_nobody() -> None:
    told = [
        tie
        for n in range(8)
        for tie in ties(f"198.51.{n}.7", WALLET, (Kind.EMAIL, f"owner{n}@example.cn"), (Kind.AGENT, f"p/{n}"))
    ]
    assert together(clusters(told)) == set()


def test_a_deposit_address_whose_users_name_their_rigs_their_own_way_joins_nobody() -> None:
    words = ("wangba", "likuang", "zhaoji", "sunyun", "wubtc", "mahash", "zhufarm", "xulab")
    told = [
        tie
        for n, word in enumerate(words)
        for tie in ties(f"198.51.{n}.7", WALLET, (Kind.SCHEME, f"{word}#"), (Kind.AGENT, f"p/{n % 4}"))
    ]
    assert together(clusters(told)) == set()
    uniform = [tie for tie in told if tie.kind is not Kind.AGENT]
    uniform += [tie for n in range(8) for tie in ties(f"198.51.{n}.7", WALLET, (Kind.AGENT, "xmrig/6.2"))]
    assert len(together(clusters(uniform))) == 1  # one program on all of them: malware on named machines


def test_a_developers_share_joins_nobody() -> None:
    told = [
        tie
        for n in range(12)
        for own in (f"0x{n:040x}", OTHER)
        for tie in ties(f"198.51.{n}.7", own, (Kind.AGENT, "common/1"))
    ]
    found = clusters(told)
    owners = {one.id for one in found for member in one.members if member.party != f"wallet:{OTHER}"}
    assert len(owners) == 12


def test_a_proxy_that_rewrites_names_is_joined_with_its_rigs() -> None:
    service = (Kind.UPSTREAM, "192.0.2.99:3333")
    told = ties("192.0.2.99", WALLET, service, (Kind.POOL, "example-pool"))
    told += [tie for n in range(1, 9) for tie in ties(f"198.51.{n}.7", "", service)]
    [farm] = clusters(told)
    assert len(farm.addresses) == 9
    assert farm.sort is Sort.OPERATOR
    assert "own_proxy" in {reason.kind for reason in farm.reasons}


def test_an_unlisted_pool_joins_none_of_its_customers() -> None:
    service = (Kind.UPSTREAM, "203.0.113.99:3333")
    told = [tie for n in range(9) for tie in ties(f"198.51.{n}.7", f"0x{n:040x}", service)]
    assert together(clusters(told)) == set()


def test_two_owners_behind_one_address_stay_two_when_one_is_malware() -> None:
    told = [tie for n in range(60) for tie in ties(f"198.51.{n}.7", WALLET, (Kind.AGENT, "m/1"))]
    told += ties("198.51.3.7", OTHER, (Kind.SCHEME, "hallxyz#"))
    found = {member.party: one.id for one in clusters(told) for member in one.members}
    assert found[f"wallet:{WALLET}"] != found[f"wallet:{OTHER}"]


def test_two_wallets_that_are_always_together_are_one_owners() -> None:
    told = [tie for n in range(6) for w in (WALLET, OTHER) for tie in ties(f"198.51.{n}.7", w)]
    assert len(clusters(told)) == 1


def placed(n: int, *names: tuple[Kind, str], enterprise: str) -> list[Tie]:
    return ties(f"198.51.{n}.7", WALLET, (Kind.ENTERPRISE, enterprise), *names)


def test_operators_campaigns_and_insiders_are_told_apart() -> None:
    malware = [t for n in range(30) for t in placed(n, (Kind.AGENT, "xmrig/6.2"), enterprise=f"E{n}")]
    [campaign] = clusters(malware)
    assert campaign.sort is Sort.CAMPAIGN
    assert {reason.kind for reason in campaign.reasons} == {"places", "no_scheme", "one_agent", "one_wallet"}
    # By hand: min(1.5 ln(30/4), 3) = 3.0, + 1.5 + 0.8 + 0.7 - 1.0 = 5.0.
    assert campaign.certainty == pytest.approx(1 / (1 + 2.718281828**-5.0), abs=1e-4)
    farm = [t for n in range(30) for t in placed(n, (Kind.SCHEME, "hallxyz#"), enterprise=f"E{n % 2}")]
    [operator] = clusters(farm)
    assert operator.sort is Sort.OPERATOR
    [insider] = clusters(placed(1, enterprise="E1"), {"E1": 5000})
    assert insider.sort is Sort.INSIDER
    [single] = clusters(placed(1, enterprise="E1"), {"E1": 16})
    assert single.sort is Sort.SINGLE


NAMES = [(kind, f"{kind.name}-{n}") for kind in (Kind.SCHEME, Kind.AGENT, Kind.EMAIL) for n in range(4)]
PARTIES = st.builds(
    lambda n, w, names, day: ties(f"192.0.2.{n}", f"0x{w:02x}", *names, day=day),
    st.integers(1, 20),
    st.integers(0, 9),
    st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
    st.integers(1, 9),
)


@given(st.lists(PARTIES, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_ties_changes_nothing(parts: list[list[Tie]], rng: random.Random) -> None:
    told = [tie for part in parts for tie in part]
    shuffled = list(told)
    rng.shuffle(shuffled)
    assert clusters(told) == clusters(shuffled)


@given(st.lists(PARTIES, max_size=12))
def test_every_party_is_in_one_cluster_and_ids_are_its_oldest_partys(parts: list[list[Tie]]) -> None:
    told = [tie for part in parts for tie in part]
    found = clusters(told)
    members = [(member.address, member.party) for one in found for member in one.members]
    assert sorted(members, key=str) == sorted({(tie.address, tie.party) for tie in told}, key=str)
    for one in found:
        oldest = min(one.members, key=lambda m: (m.first_ns, packed16(m.address), m.party))
        assert one.id == cluster_id((packed16(oldest.address), oldest.party))
        assert 0 <= one.score <= 1


@pytest.mark.parametrize(
    ("user", "wallet", "paid", "named"),
    [
        ("zhang.hall2-001", None, [(Kind.ACCOUNT, "zhang")], (Kind.SCHEME, "hall#-#")),
        ("lisi88", None, [], (Kind.SCHEME, "lisi#")),
        ("x", None, [], None),
        ("test.rig1", None, [], None),
        (f"{WALLET}/rig/A@b.CN", WALLET, [(Kind.EMAIL, "a@b.cn"), (Kind.WALLET, WALLET)], None),
        (LOUD, LOUD, [(Kind.WALLET, WALLET)], None),
        ("0x" + "0" * 40, "0x" + "0" * 40, [], None),
    ],
)  # fmt: skip
def test_logins_are_taken_apart(
    user: str, wallet: str | None, paid: list[tuple[Kind, str]], named: tuple[Kind, str] | None
) -> None:
    from protocols.wallets import read_account

    assert payees(user, wallet) == paid
    assert rig(user, read_account(user).worker, wallet) == named


def test_parties_and_accounts_are_named() -> None:
    assert party_of([(Kind.EMAIL, "a@b.cn"), (Kind.WALLET, "w")]) == "wallet:w"
    assert at_pool((Kind.ACCOUNT, "zhang"), ["Pool B", "Pool A"]) == (Kind.ACCOUNT, "zhang@pool a")
    assert at_pool((Kind.ACCOUNT, "zhang"), []) == (Kind.ACCOUNT, "zhang")
    assert is_common(Kind.ACCOUNT, "abc")


@given(st.text(max_size=80))
def test_any_user_name_is_taken_apart(user: str) -> None:
    for kind, name in payees(user, None):
        assert kind in (Kind.ACCOUNT, Kind.EMAIL)
        assert name == name.lower()
    scheme(user)


def test_everything_is_said_in_both_languages() -> None:
    for lang, mark in (("en", "addresses"), ("zh", "个地址")):
        for kind in Kind:
            assert mark in link_words(Link(kind, "n", 3, 2.0), lang)  # type: ignore[arg-type]
        for sort in Sort:
            assert sort_words(sort, lang)  # type: ignore[arg-type]
    assert reason_words(Reason("places", (("addresses", 5), ("places", 4))), "zh") == "5 个地址，分布于 4 处"
    assert reason_words(Reason("no.such")) == "no.such"
    assert "\x1b" not in link_words(Link(Kind.AGENT, "\x1b[2J", 2, 1.0))
