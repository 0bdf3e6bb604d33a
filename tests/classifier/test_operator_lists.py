"""What the operator allows is shown cleared, what he denies is shown as found; nothing else changes."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.operator_lists import Entry, ListName, OperatorLists, overruled, read_subject
from facts.errors import UsageError
from facts.names import Level, Role
from facts.verdict import Verdict
from tests.classifier.scenes import MINER, POOL, line, login, share, verdicts
from tests.classifier.test_contacts import quiet, resolved

ALLOW, DENY = ListName.ALLOW, ListName.DENY


def entry(which: ListName, subject: str, reason: str = "our own laboratory") -> Entry:
    return Entry(which, read_subject(subject), reason, 7)


def mined() -> dict[tuple[str, Role], Verdict]:
    return verdicts(share(login(line())).over(200))


def suspected() -> Verdict:
    return verdicts(resolved(0, 60), quiet(5))[MINER, Role.MINER]


def test_an_allowed_miner_is_shown_cleared_with_the_reason_and_all_evidence() -> None:
    before = mined()[MINER, Role.MINER]
    after = overruled(before, OperatorLists([entry(ALLOW, "192.0.2.0/24")]))
    assert before.level is Level.CONFIRMED
    assert after is not None
    assert after.level is Level.CLEARED
    assert after.score <= 0.01
    said = [one for one in after.evidence if one.evidence.kind == "operator.allowed"]
    assert len(after.evidence) == len(before.evidence) + 1
    assert dict(said[0].evidence.params) == {"entry": "192.0.2.0/24", "reason": "our own laboratory"}
    assert said[0].weight < 0
    assert said[0].evidence.at_ns == 7


def test_a_denied_suspect_is_shown_as_likely_and_never_as_confirmed() -> None:
    before = suspected()
    after = overruled(before, OperatorLists([entry(DENY, MINER)]))
    assert before.level is Level.CLEARED
    assert after is not None
    assert after.level is Level.LIKELY
    assert after.score >= 0.9
    assert after.evidence[0].evidence.kind == "operator.denied"


def test_what_was_confirmed_stays_so_when_it_is_denied() -> None:
    after = overruled(mined()[MINER, Role.MINER], OperatorLists([entry(DENY, MINER)]))
    assert after is not None
    assert after.level is Level.CONFIRMED


def test_other_addresses_and_empty_lists_change_nothing() -> None:
    verdict = mined()[MINER, Role.MINER]
    assert overruled(verdict, OperatorLists()) is None
    assert overruled(verdict, OperatorLists([entry(ALLOW, "198.51.100.0/24")])) is None
    assert overruled(verdict, OperatorLists([entry(ALLOW, "::/0")])) is None


def test_the_longest_prefix_counts() -> None:
    lists = OperatorLists([entry(ALLOW, "192.0.2.0/24"), entry(DENY, MINER), entry(DENY, "0.0.0.0/0")])
    found = lists.of_address(ip_address(MINER))
    assert found is not None
    assert found.text == MINER
    other = lists.of_address(ip_address("192.0.2.99"))
    assert other is not None
    assert other.list is ALLOW
    assert lists.of_address(ip_address("2001:db8::1")) is None


@pytest.mark.parametrize("subject", ["eu.pool.example", "pool.example", "*.pool.example", "POOL.example."])
def test_a_name_stands_for_all_below_it(subject: str) -> None:
    after = overruled(suspected(), OperatorLists([entry(DENY, subject)]))
    assert after is not None
    assert after.level is Level.LIKELY


def test_an_address_counts_before_a_name_and_one_denied_name_before_allowed_ones() -> None:
    lists = OperatorLists([entry(DENY, "pool.example"), entry(ALLOW, MINER)])
    after = overruled(suspected(), lists)
    assert after is not None
    assert after.level is Level.CLEARED


def test_a_node_stays_a_node() -> None:
    node = Verdict(**{name: getattr(suspected(), name) for name in Verdict.__slots__} | {"role": Role.NODE})
    assert overruled(node, OperatorLists([entry(DENY, MINER)])) is None


def test_the_pool_of_an_allowed_name_is_cleared_only_where_all_its_names_are() -> None:
    verdict = verdicts(resolved(0, 60), quiet(5))[POOL, Role.POOL]
    allowed = overruled(verdict, OperatorLists([entry(ALLOW, "pool.example")]))
    assert allowed is not None
    assert allowed.level is Level.CLEARED


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("203.0.113.7", ip_network("203.0.113.7/32")),
        (" 203.0.113.0/24 ", ip_network("203.0.113.0/24")),
        ("::ffff:203.0.113.7", ip_network("203.0.113.7/32")),
        ("2001:DB8::/32", ip_network("2001:db8::/32")),
        ("Pool.Example.ORG.", "pool.example.org"),
        ("*.pool.example.org", "pool.example.org"),
    ],
)
def test_subjects_are_read_as_people_write_them(text: str, subject: object) -> None:
    assert read_subject(text) == subject


@pytest.mark.parametrize(
    "text",
    ["", "pool", "203.0.113.1/24", "203.0.113.999", "a b.example", "-a.example", "x" * 300 + ".example"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_subject(text)


@given(st.text(max_size=60))
def test_any_text_is_a_subject_or_refused(text: str) -> None:
    try:
        subject = read_subject(text)
    except UsageError:
        return
    assert read_subject(Entry(ALLOW, subject, "x", 0).text) == subject


prefixes = st.builds(
    lambda number, length: ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@given(st.lists(prefixes, max_size=12), st.integers(0, 2**32 - 1))
def test_the_entry_of_an_address_is_the_longest_prefix_that_holds_it(
    subjects: list[object], number: int
) -> None:
    address = ip_address(number)
    made = [Entry(ALLOW, subject, "x", 0) for subject in subjects]  # type: ignore[arg-type]
    holding = [subject for subject in subjects if address in subject]  # type: ignore[operator]
    found = OperatorLists(made).of_address(address)
    longest = max(holding, key=lambda one: one.prefixlen, default=None)  # type: ignore[attr-defined]
    assert (found.subject if found else None) == longest
