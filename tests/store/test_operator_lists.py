"""The operator's lists act on what is stored at once, and leave it as it was judged."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from classifier.operator_lists import Entry, ListName, read_subject
from facts.endpoint import parse_address
from facts.errors import UsageError
from facts.evidence import Evidence
from facts.names import Level, Role
from facts.verdict import Verdict, Weighed
from facts.where import Where
from store.database import Database
from store.hit_filter import HitFilter
from store.operator_lists import OperatorListStore
from store.tables import VerdictRow
from store.verdicts import VerdictStore
from tests.store.made import SECOND, verdict

ALLOW, DENY = ListName.ALLOW, ListName.DENY
LIKELY = HitFilter(level_at_least=Level.LIKELY)


def entry(which: ListName, subject: str, reason: str = "because") -> Entry:
    return Entry(which, read_subject(subject), reason, 9 * SECOND)


def named(address: str, name: str, level: Level = Level.CLEARED) -> Verdict:
    made = verdict(address, level=level, score=0.01)
    said = Evidence(made.address, Role.MINER, "name.looked_up", Where("a.pcap", 3), SECOND, (("name", name),))
    return replace(made, evidence=(Weighed(said, 2.0),))


def shown(store: VerdictStore, address: str) -> list[Level]:
    return [one.verdict.level for one in store.of_address(parse_address(address))]


def test_an_entry_acts_at_once_and_is_undone_by_its_removal(db: Database) -> None:
    verdicts, lists = VerdictStore(db), OperatorListStore(db)
    verdicts.save("run", 1, [verdict("192.0.2.1"), verdict("192.0.2.200")])
    assert shown(verdicts, "192.0.2.1") == [Level.LIKELY]
    assert lists.add(entry(ALLOW, "192.0.2.0/25")) is None
    (stored,) = verdicts.of_address(parse_address("192.0.2.1"))
    assert stored.verdict.level is Level.CLEARED
    assert stored.original is not None
    assert stored.original.level is Level.LIKELY
    assert len(stored.because) == len(stored.verdict.evidence)
    assert shown(verdicts, "192.0.2.200") == [Level.LIKELY]
    with db.reading() as connection:
        assert set(connection.scalars(select(VerdictRow.level))) == {Level.LIKELY}
    assert lists.remove(ALLOW, "192.0.2.0/25")
    assert not lists.remove(ALLOW, "192.0.2.0/25")
    assert shown(verdicts, "192.0.2.1") == [Level.LIKELY]


def test_hits_leave_out_what_is_allowed_and_hold_what_is_denied(db: Database) -> None:
    verdicts, lists = VerdictStore(db), OperatorListStore(db)
    made = [verdict(f"192.0.2.{n}", last_seen_ns=n * SECOND, level=Level.LIKELY) for n in range(1, 9)]
    made += [verdict(f"198.51.100.{n}", last_seen_ns=n * SECOND, level=Level.CLEARED) for n in range(1, 9)]
    made += [named("203.0.113.1", "eu.pool.example"), named("203.0.113.2", "notpool.example")]
    verdicts.save("run", 1, made)
    lists.add(entry(ALLOW, "192.0.2.0/29"))
    lists.add(entry(DENY, "198.51.100.4/30"))
    lists.add(entry(DENY, "pool.example"))
    found: list[str] = []
    cursor = None
    for _ in range(20):
        page = verdicts.hits(LIKELY, cursor, 2)
        found += [str(hit.verdict.address) for hit in page.hits]
        assert len(page.hits) == 2 or page.next_cursor is None
        cursor = page.next_cursor
        if cursor is None:
            break
    denied = [f"198.51.100.{n}" for n in (4, 5, 6, 7)]
    assert sorted(found) == sorted(["192.0.2.8", *denied, "203.0.113.1"])
    everything = verdicts.hits(HitFilter(), limit=100).hits
    assert len(everything) == len(made)


def test_a_denied_ipv6_prefix_does_not_span_mapped_ipv4(db: Database) -> None:
    verdicts, lists = VerdictStore(db), OperatorListStore(db)
    verdicts.save("run", 1, [verdict("192.0.2.1", level=Level.CLEARED)])
    lists.add(entry(DENY, "::/0"))
    assert verdicts.hits(LIKELY).hits == ()
    assert shown(verdicts, "192.0.2.1") == [Level.CLEARED]


def test_one_subject_is_in_one_list_and_the_newest_word_counts(db: Database) -> None:
    lists = OperatorListStore(db)
    lists.add(entry(ALLOW, "192.0.2.1", "first"))
    old = lists.add(entry(DENY, "192.0.2.1", "second"))
    assert old is not None
    assert (old.list, old.reason) == (ALLOW, "first")
    assert lists.entries() == (entry(DENY, "192.0.2.1", "second"),)
    assert not lists.remove(ALLOW, "192.0.2.1")
    lists.add(entry(ALLOW, "Pool.Example"))
    assert [one.text for one in lists.entries()] == ["192.0.2.1", "pool.example"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_an_entry_needs_a_reason(db: Database, reason: str) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        OperatorListStore(db).add(entry(ALLOW, "192.0.2.1", reason))
