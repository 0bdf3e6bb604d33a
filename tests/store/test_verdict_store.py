import sys
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from subprocess import PIPE, Popen
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from facts.errors import StoreError, UsageError
from facts.names import LEVEL_ORDER, Level, Role
from facts.verdict import Verdict
from registry.attribution import Attributor
from registry.model import Assignment, Enterprise, RegistryData, Site
from store.database import Database, open_database
from store.registry import RegistryStore
from store.tables import EvidenceRow, RunRow, VerdictCoinRow, VerdictPeerRow, VerdictRow
from store.verdicts import MAX_NAME, HitFilter, Saved, VerdictStore
from tests.store.made import SECOND, VERDICTS, verdict

ALL = HitFilter()


@pytest.fixture
def store(db: Database) -> VerdictStore:
    return VerdictStore(db)


def listed(store: VerdictStore, filters: HitFilter = ALL, limit: int = 2) -> list[Verdict]:
    """All hits, page by page."""
    found, cursor = [], None
    while True:
        page = store.hits(filters, cursor, limit)
        assert len(page.hits) <= limit
        found += [hit.verdict for hit in page.hits]
        if (cursor := page.next_cursor) is None:
            return found


def test_a_verdict_comes_back_as_it_was_with_its_run_and_sentences(store: VerdictStore) -> None:
    made = verdict(workers=3)
    saved = store.save("replay a.pcap", 1, [made], because=lambda evidence: f"because {evidence.kind}")
    assert (saved.added, saved.superseded) == (1, 0)
    (stored,) = store.of_address(made.address)
    assert (stored.verdict, stored.run) == (made, "replay a.pcap")
    assert stored.because == ("because stratum.share_accepted", "because dns.pool_name")
    assert store.of_address(ip_address("192.0.2.2")) == []


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(made=st.lists(VERDICTS, min_size=1, max_size=3))
def test_any_verdict_comes_back_as_it_was(store: VerdictStore, made: list[Verdict]) -> None:
    store.save("run", 1, made, because=lambda evidence: evidence.kind, sources={v.source for v in made})
    for expected in {(v.source, v.address, v.role): v for v in made}.values():
        found = [
            stored
            for stored in store.of_address(expected.address)
            if (stored.verdict.source, stored.verdict.role) == (expected.source, expected.role)
        ]
        assert [stored.verdict for stored in found] == [expected]
        assert found[0].because == tuple(weighed.evidence.kind for weighed in expected.evidence)


def test_times_beyond_64_bits_are_kept_as_the_latest_that_fit(store: VerdictStore) -> None:
    store.save("run", 1, [verdict(last_seen_ns=2**64 - 1)])
    (stored,) = store.of_address(ip_address("192.0.2.1"))
    assert stored.verdict.last_seen_ns == 2**63 - 1


def test_a_later_run_supersedes_and_the_history_stays(store: VerdictStore, db: Database) -> None:
    first, second = verdict(score=0.5), verdict(score=0.9)
    store.save("monday", 1, [first])
    assert store.save("tuesday", 2, [second]).superseded == 1
    (current,) = store.of_address(first.address)
    assert (current.run, current.verdict.score) == ("tuesday", 0.9)
    with db.reading() as connection:
        history = connection.execute(
            select(RunRow.name, VerdictRow.score, VerdictRow.superseded_by).join(
                RunRow, RunRow.id == VerdictRow.run_id
            )
        ).all()
    assert [(name, score, by is None) for name, score, by in history] == [
        ("monday", 0.5, False),
        ("tuesday", 0.9, True),
    ]


def test_saving_the_same_run_again_changes_nothing(store: VerdictStore, db: Database) -> None:
    made = [verdict(), verdict("2001:db8::1", role=Role.POOL)]
    for _ in range(3):
        assert store.save("run", 1, made).added == 2
    counts = store.counts()
    assert (counts.runs, counts.verdicts, counts.addresses, counts.evidence) == (1, 2, 2, 4)
    with db.reading() as connection:
        for table, rows in ((VerdictRow, 2), (EvidenceRow, 4), (VerdictPeerRow, 2), (VerdictCoinRow, 2)):
            assert connection.scalar(select(func.count()).select_from(table)) == rows


def test_another_source_role_or_address_supersedes_nothing(store: VerdictStore) -> None:
    store.save("one", 1, [verdict()])
    others = [verdict(source="b.pcap"), verdict(role=Role.PROXY), verdict("192.0.2.2")]
    assert store.save("two", 2, others).superseded == 0
    assert len(store.of_address(ip_address("192.0.2.1"))) == 3


def test_a_source_judged_whole_withdraws_what_is_not_repeated(store: VerdictStore) -> None:
    kept, gone, elsewhere = verdict(), verdict("192.0.2.2"), verdict("192.0.2.3", source="b.pcap")
    store.save("one", 1, [kept, gone, elsewhere])
    assert store.save("two", 2, [kept], sources=["a.pcap"]).superseded == 2
    assert {v.address for v in listed(store)} == {kept.address, elsewhere.address}
    store.save("two", 2, [], sources=["a.pcap"])
    assert {v.address for v in listed(store)} == {elsewhere.address}


def test_of_equal_keys_in_one_save_the_last_counts(store: VerdictStore) -> None:
    assert store.save("run", 1, [verdict(score=0.1), verdict(score=0.2)]).added == 1
    assert [v.score for v in listed(store)] == [0.2]


def test_a_save_that_fails_saves_nothing(store: VerdictStore) -> None:
    store.save("one", 1, [verdict()])
    broken = verdict("192.0.2.2", workers=2**70)  # fits no column
    with pytest.raises(StoreError):
        store.save("two", 2, [verdict(score=0.9), broken])
    assert [v.score for v in listed(store)] == [0.75]
    assert store.counts().runs == 1


def test_a_run_name_has_a_ceiling_and_a_source_has_none(store: VerdictStore) -> None:
    with pytest.raises(UsageError, match="at most 500"):
        store.save("n" * (MAX_NAME + 1), 1, [verdict()])
    long = "/".join(["folder 示例"] * 2000)
    assert store.save("n" * MAX_NAME, 1, [verdict(source=long)]).added == 1
    assert listed(store)[0].source == long


def test_many_addresses_are_answered_in_the_order_asked(store: VerdictStore) -> None:
    store.save("run", 1, [verdict(f"192.0.2.{n}") for n in range(0, 200, 2)])
    asked = [ip_address(f"192.0.2.{n % 200}") for n in range(1999, -1, -1)]
    answers = list(store.of_addresses(iter(asked)))
    assert [address for address, _ in answers] == asked
    for address, found in answers:
        assert [stored.verdict.address for stored in found] == [address] * (int(address) % 2 == 0)
    assert list(store.of_addresses([])) == []


def test_verdicts_on_one_address_come_last_seen_first(store: VerdictStore) -> None:
    store.save("run", 1, [verdict(source=f"{n}", last_seen_ns=n * SECOND) for n in (2, 9, 4)])
    assert [s.verdict.source for s in store.of_address(ip_address("192.0.2.1"))] == ["9", "4", "2"]


def mixed() -> list[Verdict]:
    made = []
    for number in range(40):
        family = "192.0.2.{}" if number % 3 else "2001:db8::{:x}"
        made.append(
            verdict(
                family.format(number),
                role=list(Role)[number % 4],
                level=LEVEL_ORDER[number % 4],
                coins=("XMR", "BTC", "XM")[: number % 4],
                last_seen_ns=(number // 5) * SECOND,  # five share each time, so that the id decides too
            )
        )
    return made


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (ALL, lambda v: True),
        (
            HitFilter(level_at_least=Level.LIKELY),
            lambda v: LEVEL_ORDER.index(v.level) >= LEVEL_ORDER.index(Level.LIKELY),
        ),
        (HitFilter(role=Role.POOL), lambda v: v.role is Role.POOL),
        (HitFilter(coin="BTC"), lambda v: "BTC" in v.coins),
        (HitFilter(coin="XM"), lambda v: "XM" in v.coins),
        (HitFilter(since_ns=3 * SECOND), lambda v: v.last_seen_ns >= 3 * SECOND),
        (HitFilter(prefix=ip_network("192.0.2.16/28")), lambda v: v.address in ip_network("192.0.2.16/28")),
        (HitFilter(prefix=ip_network("::/0")), lambda v: v.address.version == 6),
        (HitFilter(prefix=ip_network("0.0.0.0/0")), lambda v: v.address.version == 4),
        (
            HitFilter(Level.SUSPECTED, Role.MINER, None, SECOND, ip_network("192.0.2.0/24")),
            lambda v: (
                v.level is not Level.CLEARED
                and v.role is Role.MINER
                and v.last_seen_ns >= SECOND
                and v.address.version == 4
            ),
        ),
    ],
)
def test_hits_are_filtered_and_paged_last_seen_first(store: VerdictStore, filters: HitFilter, wanted) -> None:
    made = mixed()
    store.save("run", 1, made)
    for limit in (1, 7, 1000):
        found = listed(store, filters, limit)
        assert sorted(found, key=made.index) == [v for v in made if wanted(v)]
        times = [v.last_seen_ns for v in found]
        assert times == sorted(times, reverse=True)


def test_pages_repeat_nothing_and_lose_nothing_while_others_save(store: VerdictStore) -> None:
    made = mixed()
    store.save("run", 1, made)
    page = store.hits(ALL, None, 15)
    store.save("later", 2, [verdict("198.51.100.1", last_seen_ns=10**12)])
    store.save("replayed", 3, [replace(page.hits[0].verdict, last_seen_ns=10**12)])
    seen = [hit.id for hit in page.hits]
    while page.next_cursor is not None:
        page = store.hits(ALL, page.next_cursor, 15)
        seen += [hit.id for hit in page.hits]
    assert len(seen) == len(set(seen)) == len(made)


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "AAAA", "A" * 22 + "=", "é", "\x00", "A" * 1000])
def test_a_cursor_that_no_page_gave_is_refused(store: VerdictStore, cursor: str) -> None:
    with pytest.raises(UsageError, match="cursor"):
        store.hits(ALL, cursor)
    with pytest.raises(UsageError, match="at least one"):
        store.hits(ALL, None, 0)


@given(cursor=st.text(max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cursor_gives_a_page_or_is_refused(store: VerdictStore, cursor: str) -> None:
    with suppress(UsageError):
        assert store.hits(ALL, cursor).hits == ()


PREFIXES = ("::/0", "2001:db8::/32", "2001:db8::/126", "2001:db8::1/128")
PREFIXES += ("0.0.0.0/0", "192.0.2.0/24", "192.0.2.0/30", "192.0.2.1/32")
GIVEN = st.builds(
    lambda prefix, who, begin, length, source: Assignment(
        ip_network(prefix), "line", f"U{who}", "S", begin, None if length is None else begin + length, source
    ),
    st.sampled_from(PREFIXES),
    st.integers(0, 2),
    st.integers(0, 5),
    st.none() | st.integers(1, 3),
    st.sampled_from("ab"),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(assignments=st.lists(GIVEN, max_size=8, unique_by=lambda a: (a.prefix, a.valid_from_ns, a.source)))
def test_hits_of_an_enterprise_are_those_that_attribution_gives_it(
    db: Database, assignments: list[Assignment]
) -> None:
    data = RegistryData(
        tuple(Enterprise(f"U{n}", "", "", "") for n in range(3)),
        (Site("S", "", "990101", "", None, None, None, ""),),
        tuple(assignments),
    )
    RegistryStore(db).replace(data)
    store = VerdictStore(db)
    store.save(
        "run",
        1,
        [
            verdict(address, last_seen_ns=at, source=f"{at}")
            for address in ("192.0.2.0", "192.0.2.1", "192.0.2.9", "2001:db8::", "2001:db8::1", "2001:db8::9")
            for at in range(9)
        ],
    )
    who = Attributor(data)
    for uscc in ("U0", "U1", "U2", "U3"):
        found = {(v.address, v.last_seen_ns) for v in listed(store, HitFilter(uscc=uscc), 100)}
        expected = set()
        for made in listed(store, limit=100):
            answer = who.attribute(made.address, made.last_seen_ns)
            if uscc in {answer.uscc, *(candidate.uscc for candidate in answer.candidates)}:
                expected.add((made.address, made.last_seen_ns))
        assert found == expected


WRITER = """
import sys
sys.path.insert(0, {root!r})
from tests.store.made import verdict
from store.database import open_database
from store.verdicts import VerdictStore
with open_database({url!r}) as db:
    store = VerdictStore(db)
    for number in range(25):
        store.save({name!r}, number, [verdict(f"10.{place}.{{number}}.{{n}}") for n in range(8)]
                   + [verdict("192.0.2.1", score=number / 100)])
"""


def test_two_writing_processes_lose_nothing(url: str) -> None:
    root = str(Path(__file__).parents[2])
    writers = [
        Popen(
            [
                sys.executable,
                "-c",
                WRITER.format(root=root, url=url, name=name, place=place),
            ],
            stderr=PIPE,
        )
        for place, name in enumerate(("one", "two"))
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors.decode()
    with open_database(url) as db:
        counts = VerdictStore(db).counts()
        assert (counts.runs, counts.verdicts) == (50, 2 * 25 * 8 + 1)
        with db.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(VerdictRow)) == 50 * 9


@pytest.mark.prove
def test_addresses_are_looked_up_in_bulk_fast(store: VerdictStore) -> None:
    """Budget: 1 s of this process's CPU for 10,000 addresses, a tenth of them with verdicts."""
    many = [verdict(f"10.0.{n >> 8}.{n & 255}") for n in range(0, 10_000, 10)]
    assert store.save("run", 1, many) == Saved(1, 1000, 0)
    asked = [ip_address(0x0A00_0000 + n) for n in range(10_000)]
    before = process_time()
    found = sum(len(stored) for _, stored in store.of_addresses(asked))
    assert found == 1000
    assert process_time() - before <= 1


def test_counts_name_every_level_and_role(store: VerdictStore) -> None:
    empty = store.counts()
    assert (empty.runs, empty.verdicts, empty.addresses, empty.evidence) == (0, 0, 0, 0)
    assert set(empty.by_level) == set(Level)
    assert set(empty.by_role) == set(Role)
    store.save("run", 1, mixed())
    counts = store.counts()
    assert sum(counts.by_level.values()) == sum(counts.by_role.values()) == counts.verdicts == 40
    assert counts.by_level[Level.CLEARED] == 10
    assert counts.by_role[Role.MINER] == 10
