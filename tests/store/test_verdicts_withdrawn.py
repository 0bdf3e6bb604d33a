"""A verdict that a run takes back is gone, and what it had put aside holds again: in both databases."""

from ipaddress import ip_address

from facts.names import Role
from store.database import Database
from store.verdicts import VerdictStore
from tests.store.made import verdict

MINER = (verdict().source, ip_address("192.0.2.1"), Role.MINER)


def test_what_is_withdrawn_is_gone_and_the_rest_stands(db: Database) -> None:
    store = VerdictStore(db)
    made = [verdict(), verdict(role=Role.POOL), verdict("192.0.2.2"), verdict(source="eth2")]
    store.save("probe eth1", 1, made)
    assert store.withdraw("probe eth1", 1, [MINER]) == 1
    left = store.of_address(MINER[1]) + store.of_address(ip_address("192.0.2.2"))
    told = {(one.verdict.source, str(one.verdict.address), one.verdict.role) for one in left}
    assert told == {(one.source, str(one.address), one.role) for one in made[1:]}
    assert store.withdraw("probe eth1", 1, [MINER]) == 0


def test_what_an_older_run_had_said_holds_again(db: Database) -> None:
    store = VerdictStore(db)
    store.save("probe eth1", 1, [verdict(score=0.5)])
    store.save("probe eth1", 2, [verdict(score=0.7)])
    store.save("probe eth1", 3, [verdict(score=0.9)])
    assert store.withdraw("probe eth1", 3, [MINER]) == 1
    (current,) = store.of_address(MINER[1])
    assert current.verdict.score == 0.7


def test_what_is_history_can_be_withdrawn_and_what_is_current_stays(db: Database) -> None:
    store = VerdictStore(db)
    for run, score in enumerate((0.5, 0.7, 0.9), start=1):
        store.save("probe eth1", run, [verdict(score=score)])
    assert store.withdraw("probe eth1", 2, [MINER]) == 1
    assert [one.verdict.score for one in store.of_address(MINER[1])] == [0.9]
    assert store.withdraw("probe eth1", 3, [MINER]) == 1
    assert [one.verdict.score for one in store.of_address(MINER[1])] == [0.5]


def test_a_verdict_withdrawn_may_be_said_again(db: Database) -> None:
    store = VerdictStore(db)
    for score in (0.5, 0.9):
        store.save("probe eth1", 1, [verdict(score=score)])
        assert store.withdraw("probe eth1", 1, [MINER]) == 1
        assert store.of_address(MINER[1]) == []
    store.save("probe eth1", 1, [verdict(score=0.6)])
    assert [one.verdict.score for one in store.of_address(MINER[1])] == [0.6]
