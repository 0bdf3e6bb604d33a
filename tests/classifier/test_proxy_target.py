"""What a miner asks of a proxy: a name witness like SNI, and never more than a suspicion."""

import pytest

from classifier.kinds import Kind
from facts.names import Level, Role
from protocols import events
from tests.classifier.scenes import MINER, POOL, Line, line, verdicts


def asked(host: str, long: bool) -> Line:
    one = line(port=1080, protocol="socks").miner(events.ProxyTarget, host=host, port=3333)
    if long:
        return one.over(900, packets=(90, 90), payload=(9_000, 18_000))
    return one.over(5, packets=(20, 90), payload=(2_000, 120_000))


@pytest.mark.parametrize(("long", "level"), [(True, Level.SUSPECTED), (False, Level.CLEARED)])
def test_a_listed_name_asked_of_a_proxy_is_suspected_at_most(long: bool, level: Level) -> None:
    found = verdicts(asked("eu.pool.example", long))
    for key in ((MINER, Role.MINER), (POOL, Role.POOL)):
        assert found[key].level is level
        assert Kind.NAME_PROXY_TARGET in {weighed.evidence.kind for weighed in found[key].evidence}
        assert found[key].pools == ("Example Pool",)


def test_a_name_that_is_not_listed_says_nothing() -> None:
    assert verdicts(asked("www.example.org", long=True)) == {}


def test_mining_that_is_read_behind_the_proxy_is_not_shown_as_encrypted() -> None:
    one = line(port=1080, protocol="socks").miner(events.ProxyTarget, host="eu.pool.example", port=3333)
    one.protocol = "stratum-cryptonote"
    one.miner(events.Login, method="login", user="account")
    one.pool(events.Work, algorithm="rx/0")
    one.miner(events.Submit).pool(events.ShareResult, accepted=True)
    verdict = verdicts(one.over(900))[MINER, Role.MINER]
    assert verdict.level is Level.CONFIRMED
    assert not verdict.encrypted
    assert {peer.protocol for peer in verdict.peers} == {"stratum-cryptonote"}
