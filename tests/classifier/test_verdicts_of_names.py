"""Verdicts that rest on names: looked up, resolved, greeted by TLS."""

from ipaddress import ip_address

import pytest

from facts.instant import NS
from facts.names import Level, Role
from protocols import events
from tests.classifier.scenes import (
    MINER,
    POOL,
    START,
    WALLET,
    greeted,
    line,
    login,
    resolved,
    verdicts,
)


@pytest.mark.parametrize("looks", [1, 50])
def test_a_looked_up_name_alone_is_cleared(looks: int) -> None:
    one = line(server="192.0.2.53", port=53, transport="udp", protocol="dns")
    for _ in range(looks):
        one.miner(events.DnsQuery, name="eu.pool.example", qtype=1)
        one.pool(events.DnsAnswer, name="eu.pool.example", addresses=(ip_address(POOL),))
    found = verdicts(one.over())
    assert set(found) == {(MINER, Role.MINER)}
    assert found[MINER, Role.MINER].level is Level.CLEARED


def test_names_that_are_not_listed_leave_nothing() -> None:
    one = line(server="192.0.2.53", port=53, transport="udp", protocol="dns")
    one.miner(events.DnsQuery, name="www.example.org", qtype=1)
    one.pool(events.DnsAnswer, name="www.example.org", addresses=(ip_address(POOL),))
    tls = line(port=443, protocol="tls").miner(events.TlsHello, sni="www.example.org", alpn=(), ja4="")
    assert verdicts(one.over(), tls.over(900, payload=(9_000, 9_000))) == {}


@pytest.mark.parametrize(
    ("sni", "long", "level"),
    [
        ("eu.pool.example", True, Level.SUSPECTED),
        ("eu.pool.example", False, Level.CLEARED),
        (None, True, Level.CLEARED),
    ],
)
def test_encrypted_mining_is_suspected_at_most(sni: str | None, long: bool, level: Level) -> None:
    found = verdicts(resolved(), greeted(sni, long))
    for key in ((MINER, Role.MINER), (POOL, Role.POOL)):
        assert found[key].level is level
        assert found[key].encrypted
        assert found[key].protocols == ("encrypted",)
        assert found[key].pools == ("Example Pool",)


def test_a_name_that_resolves_later_says_nothing_of_an_earlier_connection() -> None:
    assert verdicts(resolved(START + 10_000 * NS), greeted(None, True)) == {}


def test_names_and_many_attempts_never_make_a_pool() -> None:
    lines = [resolved()]
    for number in range(40):
        one = line(client=f"192.0.2.{number + 100}", at_ns=START + number * NS)
        lines.append(one.miner(events.Login, method="login", user="x", wallet=WALLET).over())
    pool = verdicts(*lines)[POOL, Role.POOL]
    assert pool.level is Level.CLEARED
    assert pool.score < 0.5


def test_a_pool_that_was_resolved_names_its_operator() -> None:
    found = verdicts(resolved(), login(line()).over())
    assert found[MINER, Role.MINER].pools == found[POOL, Role.POOL].pools == ("Example Pool",)
