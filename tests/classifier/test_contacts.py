"""A name stands for an address from an answer until its TTL has passed, and no longer."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.contacts import SPAN_LIMIT, USE_NS, Resolution
from classifier.talk import Seen
from facts.instant import NS
from facts.names import Role
from facts.where import Where
from protocols import events
from tests.classifier.scenes import MINER, POOL, START, Line, line, login, verdicts

POOL_NAME = "eu.pool.example"


def resolved(at_s: int, ttl: int | None, address: str = POOL) -> Line:
    one = line(server="192.0.2.53", port=53, transport="udp", protocol="dns", at_ns=START + at_s * NS)
    return one.pool(
        events.DnsAnswer, after=0, name=POOL_NAME, addresses=(ip_address(address),), ttl=ttl
    ).over()


def quiet(at_s: int, own: int = 0) -> Line:
    """A long quiet TLS connection without a name."""
    one = line(port=443, protocol="tls", at_ns=START + at_s * NS, own=own)
    one.miner(events.TlsHello, after=0, sni=None, alpn=(), ja4="")
    return one.over(900, packets=(90, 90), payload=(9_000, 18_000))


def kinds(*scenes: Line) -> set[str]:
    found = verdicts(*scenes)
    verdict = found.get((MINER, Role.MINER))
    return {weighed.evidence.kind for weighed in verdict.evidence} if verdict else set()


@pytest.mark.parametrize(
    ("ttl", "begins_after", "named"),
    [
        (60, 0, True),
        (60, 59, True),
        (60, 61, False),
        (0, 5, True),  # what is not to be cached is used at once
        (0, 30, False),
        (86_400, 80_000, True),
        (None, 1_000_000, True),  # an answer whose TTL is unknown
        (60, -5, False),  # it had begun before
    ],
)
def test_an_answer_names_the_connections_that_begin_within_its_ttl(
    ttl: int | None, begins_after: int, named: bool
) -> None:
    found = kinds(resolved(0, ttl), quiet(begins_after))
    assert ("name.resolved" in found) is named


def test_a_connection_that_began_in_time_stays_named_however_long_it_lasts() -> None:
    assert "name.resolved" in kinds(resolved(0, 30), quiet(20))


def test_a_new_answer_begins_a_new_time() -> None:
    old, new = resolved(0, 60), resolved(5_000, 60)
    assert "name.resolved" not in kinds(old, new, quiet(3_000))
    assert "name.resolved" in kinds(old, new, quiet(5_010))


def test_one_of_several_connections_in_time_is_enough() -> None:
    assert "name.resolved" in kinds(resolved(0, 60), quiet(30), quiet(4_000, own=1))


def test_a_name_that_stood_for_the_address_before_the_talk_names_no_operator() -> None:
    talk = login(line()).over()
    assert verdicts(resolved(-5_000, 60), talk)[POOL, Role.POOL].pools == ()
    assert verdicts(resolved(-30, 60), talk)[POOL, Role.POOL].pools == ("Example Pool",)


spans = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40)), max_size=30)


@given(spans, st.integers(0, 350))
def test_spans_hold_exactly_the_times_that_were_added(added: list[tuple[int, int]], at: int) -> None:
    one = Resolution(Seen(Where("a", 1), 0, ""))
    for first, length in added:
        assert one.add(first, first + length)
    assert one.covers(at, at) is any(first <= at <= first + length for first, length in added)
    assert all(a[1] < b[0] for a, b in zip(one.spans, one.spans[1:], strict=False))


def test_spans_have_a_ceiling() -> None:
    one = Resolution(Seen(Where("a", 1), 0, ""))
    taken = [one.add(n * 10, n * 10 + 1) for n in range(SPAN_LIMIT + 5)]
    assert taken.count(False) == 5
    assert one.add(0, 10**6)
    assert one.spans == [(0, 10**6)]
    assert USE_NS == 10 * NS
