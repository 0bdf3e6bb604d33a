import json
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.endpoint import Address, packed16
from registry.attribution import Attribution, Attributor
from registry.model import Assignment, Datum, Enterprise, RegistryData, Site

SECOND = 1_000_000_000
ENTERPRISES = tuple(Enterprise(f"U{n}", f"enterprise {n}", "", "test") for n in range(4))
SITES = tuple(
    Site(f"S{n}", f"site {n}", "990101", f"street {n}", 0.5, -0.5, Datum.WGS_84, "test") for n in range(3)
)


def given_to(
    prefix: str, holder: int, from_s: int, to_s: int | None, line: str = "L", source: str = "a"
) -> Assignment:
    to_ns = None if to_s is None else to_s * SECOND
    return Assignment(ip_network(prefix), line, f"U{holder}", "S1", from_s * SECOND, to_ns, source)


def attributor(*assignments: Assignment) -> Attributor:
    return Attributor(RegistryData(ENTERPRISES, SITES, assignments))


def holder(answer: Attribution) -> str | None:
    assert answer.certain == (answer.uscc is not None)
    return answer.uscc


def pairs(addresses: list[Address]) -> np.ndarray:
    return np.frombuffer(b"".join(map(packed16, addresses)), ">u8").astype(np.uint64).reshape(-1, 2)


def test_the_longest_prefix_valid_at_the_time_of_the_traffic_answers() -> None:
    who = attributor(given_to("192.0.2.0/24", 0, 0, None), given_to("192.0.2.128/25", 1, 100, 200))
    inside = IPv4Address("192.0.2.200")
    assert [holder(who.attribute(inside, s * SECOND)) for s in (50, 100, 199, 200)] == [
        "U0",
        "U1",
        "U1",
        "U0",
    ]
    assert holder(who.attribute(IPv4Address("192.0.2.1"), 150 * SECOND)) == "U0"


def test_a_period_begins_with_its_first_nanosecond_and_ends_before_its_last() -> None:
    who = attributor(given_to("2001:db8::/32", 0, 10, 20))
    asked = IPv6Address("2001:db8::7")
    edges = [10 * SECOND - 1, 10 * SECOND, 20 * SECOND - 1, 20 * SECOND]
    assert [who.attribute(asked, edge).certain for edge in edges] == [False, True, True, False]


def test_an_address_that_changes_hands_belongs_to_each_in_its_time() -> None:
    who = attributor(given_to("192.0.2.0/24", 0, 0, 100), given_to("192.0.2.0/24", 1, 100, None))
    address = IPv4Address("192.0.2.9")
    assert holder(who.attribute(address, 100 * SECOND - 1)) == "U0"
    assert holder(who.attribute(address, 100 * SECOND)) == "U1"


def test_without_a_valid_assignment_the_missing_fact_is_named() -> None:
    who = attributor(given_to("192.0.2.0/24", 0, 100, 200))
    for address, at in (("192.0.2.1", 99), ("192.0.3.0", 150), ("192.0.1.255", 150), ("2001:db8::1", 150)):
        assert who.attribute(ip_address(address), at * SECOND) == Attribution(False, missing=("assignment",))
    assert attributor().attribute(IPv4Address("192.0.2.1"), None).missing == ("assignment",)


def test_sources_that_contradict_each_other_give_candidates_and_no_name() -> None:
    who = attributor(
        given_to("192.0.2.0/24", 0, 0, None, source="a"),
        given_to("192.0.2.0/24", 1, 50, 150, source="b"),
        given_to("192.0.2.0/24", 1, 60, 150, source="c"),
    )
    answer = who.attribute(IPv4Address("192.0.2.1"), 100 * SECOND)
    assert (answer.certain, answer.enterprise, answer.missing) == (False, None, ("agreement",))
    ranked = [(c.uscc, c.probability) for c in answer.candidates]
    assert ranked == [("U1", pytest.approx(2 / 3)), ("U0", pytest.approx(1 / 3))]
    assert holder(who.attribute(IPv4Address("192.0.2.1"), 150 * SECOND)) == "U0"


def test_sources_that_agree_on_the_holder_are_certain() -> None:
    who = attributor(
        given_to("192.0.2.0/24", 2, 0, None, source="a"), given_to("192.0.2.0/24", 2, 5, 9, source="b")
    )
    answer = who.attribute(IPv4Address("192.0.2.1"), 6 * SECOND)
    assert (answer.certain, answer.valid_from_ns, answer.valid_to_ns) == (True, 5 * SECOND, 9 * SECOND)


def test_without_a_time_the_answer_is_the_set_of_all_holders_latest_first() -> None:
    who = attributor(
        given_to("192.0.0.0/16", 3, 0, None),
        given_to("192.0.2.0/24", 0, 0, 100),
        given_to("192.0.2.0/24", 1, 120, None),
        given_to("192.0.9.0/24", 2, 0, None),
    )
    answer = who.attribute(IPv4Address("192.0.2.1"), None)
    assert (answer.certain, answer.missing) == (False, ("time",))
    assert [c.uscc for c in answer.candidates] == ["U1", "U0", "U3"]
    assert sum(c.probability for c in answer.candidates) == pytest.approx(1)


def test_a_mapped_address_is_the_ipv4_address_it_means_and_no_ipv6_prefix_takes_it() -> None:
    who = attributor(given_to("::/0", 0, 0, None), given_to("192.0.2.0/24", 1, 0, None))
    assert holder(who.attribute(IPv6Address("::ffff:192.0.2.1"), SECOND)) == "U1"
    assert holder(who.attribute(IPv4Address("192.0.3.1"), SECOND)) is None
    assert holder(who.attribute(IPv6Address("ffff::"), SECOND)) == "U0"


def test_the_contract_object_has_every_key_always() -> None:
    who = attributor(given_to("192.0.2.0/24", 0, 1, 2), given_to("198.51.100.0/24", 1, 0, None))
    holders_fields = ["enterprise", "uscc", "line", "site", "division", "address"]
    holders_fields += ["longitude", "latitude", "datum", "valid_from", "valid_to"]
    keys = ["certain", *holders_fields, "candidates", "missing"]
    for address, at in (("192.0.2.1", SECOND), ("192.0.2.1", 9 * SECOND), ("192.0.2.1", None)):
        answer = json.loads(json.dumps(who.attribute(ip_address(address), at).to_json()))
        assert list(answer) == keys
    answer = who.attribute(IPv4Address("192.0.2.1"), SECOND).to_json()
    assert answer == {
        "certain": True,
        "enterprise": "enterprise 0",
        "uscc": "U0",
        "line": "L",
        "site": "S1",
        "division": "990101",
        "address": "street 1",
        "longitude": 0.5,
        "latitude": -0.5,
        "datum": "WGS-84",
        "valid_from": "1970-01-01T00:00:01.000000Z",
        "valid_to": "1970-01-01T00:00:02.000000Z",
        "candidates": [],
        "missing": [],
    }
    candidate = who.attribute(IPv4Address("192.0.2.1"), None).to_json()["candidates"][0]
    assert list(candidate) == ["probability", *holders_fields]


def test_an_assignment_to_an_unknown_enterprise_is_refused() -> None:
    with pytest.raises(ValueError, match="U9"):
        attributor(given_to("192.0.2.0/24", 9, 0, None))


# Few distinct bits, so that prefixes nest, touch and repeat and addresses fall on their edges.
V4 = st.builds(
    lambda low, length: ip_network((low << 28 | 0x0A00_0000, length), strict=False),
    st.integers(0, 15),
    st.sampled_from([0, 1, 2, 3, 4, 8, 31, 32]),
)
V6 = st.builds(
    lambda high, middle, low, length: ip_network((high << 126 | middle << 63 | low, length), strict=False),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([0, 1, 2, 60, 63, 64, 65, 126, 127, 128]),
)
PERIODS = st.tuples(st.integers(0, 8), st.one_of(st.none(), st.integers(1, 4)))
GIVEN = st.builds(
    lambda prefix, period, who, line: Assignment(
        prefix,
        f"L{line}",
        f"U{who}",
        "S0",
        period[0],
        None if period[1] is None else period[0] + period[1],
        "t",
    ),
    st.one_of(V4, V6),
    PERIODS,
    st.integers(0, 3),
    st.integers(0, 1),
)


def edges(assignments: list[Assignment]) -> list[Address]:
    """Every first and last address, and their neighbours outside."""
    found: set[Address] = {IPv4Address(0), IPv6Address(0), IPv4Address(2**32 - 1), IPv6Address(2**128 - 1)}
    for given_ in assignments:
        kind = IPv4Address if given_.prefix.version == 4 else IPv6Address
        first, last = int(given_.prefix.network_address), int(given_.prefix.broadcast_address)
        top = 2**given_.prefix.max_prefixlen
        found.update(kind(n) for n in (first - 1, first, last, last + 1, (first + last) // 2) if 0 <= n < top)
    return [a for a in found if a.version == 4 or a.ipv4_mapped is None]


def brute_force(assignments: list[Assignment], address: Address, at: int) -> set[tuple[str, str, str]]:
    """The holders that the longest prefix valid at that time names."""
    valid = [
        a
        for a in assignments
        if address in a.prefix and a.valid_from_ns <= at and (a.valid_to_ns is None or at < a.valid_to_ns)
    ]
    longest = max((a.prefix.prefixlen for a in valid), default=-1)
    return {(a.uscc, a.line, a.site) for a in valid if a.prefix.prefixlen == longest}


@settings(max_examples=250, deadline=None)
@given(st.lists(GIVEN, max_size=14))
def test_single_and_bulk_answers_equal_brute_force_on_every_edge(assignments: list[Assignment]) -> None:
    who = attributor(*assignments)
    questions = [(address, at) for address in edges(assignments) for at in range(-1, 14)]
    bulk = who.attribute_many(
        pairs([address for address, _ in questions]), np.array([at for _, at in questions], np.int64)
    )
    for place, (address, at) in enumerate(questions):
        answer = bulk.attribution(place)
        assert answer == who.attribute(address, at)
        expected = brute_force(assignments, address, at)
        if len(expected) == 1:
            assert (answer.uscc, answer.line, answer.site) == next(iter(expected))
            assert not answer.missing
        else:
            assert not answer.certain
            assert answer.uscc is None
            assert {(c.uscc, c.line, c.site) for c in answer.candidates} == expected
            assert answer.missing == (("agreement",) if expected else ("assignment",))


@settings(max_examples=60, deadline=None)
@given(st.lists(GIVEN, max_size=10))
def test_without_a_time_exactly_the_holders_of_some_time_are_candidates(
    assignments: list[Assignment],
) -> None:
    who = attributor(*assignments)
    for address in edges(assignments):
        ever = set().union(*(brute_force(assignments, address, at) for at in range(14)))
        answer = who.attribute(address, None)
        assert {(c.uscc, c.line, c.site) for c in answer.candidates} == ever
        assert answer.missing == (("time",) if ever else ("assignment",))


def test_a_hundred_thousand_assignments_answer_a_million_questions_rightly() -> None:
    assignments = [
        given_to(
            f"10.{n >> 8}.{n & 255}.{128 * half}/25", (n + half + hand) % 4, hand * 500, hand * 500 + 500
        )
        for n in range(25_000)
        for half in range(2)
        for hand in range(2)
    ]
    who = attributor(*assignments)
    rng = np.random.default_rng(7)
    offsets = rng.integers(0, 25_000 << 8, 1_000_000)
    times = rng.integers(0, 1000, 1_000_000)
    numbers = (offsets + 0x0A00_0000).astype(np.uint64)
    addresses = np.stack([np.zeros_like(numbers), numbers | np.uint64(0xFFFF_0000_0000)], axis=1)
    bulk = who.attribute_many(addresses, times * SECOND)
    assert (bulk.codes == ((offsets >> 7) << 1) + (times >= 500)).all()

    singles = [(IPv4Address(int(n)), int(t) * SECOND) for n, t in zip(numbers[:5000], times, strict=False)]
    for place, (address, at) in enumerate(singles):
        assert who.attribute(address, at) == bulk.attribution(place)
