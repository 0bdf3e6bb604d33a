"""Clocks, sealed dependencies and scanned days, kept on both databases."""

from dataclasses import replace
from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

import store.clocks
from classifier.clocks import Clock, clock_of
from classifier.encrypted import Standing
from classifier.poolclock import Match
from facts.endpoint import Endpoint
from facts.errors import StoreError
from facts.instant import NS
from facts.where import Where
from store.clocks import ClockStore, _columns, _unpacked
from store.database import Database
from store.rhythm_tables import ClockRow, RhythmRow
from store.rhythms import FADED_NS, RhythmStore

BEGIN = 1_770_000_000 * NS


def clock(name: str, *seconds: float, coin: str | None = "XMR") -> Clock:
    return clock_of(name, coin, "jobs", BEGIN + np.array([round(one * NS) for one in seconds], np.int64))


def same(one: Clock, other: Clock) -> bool:
    mine, theirs = ((each.name, each.coin, each.told, each.at_ns.tolist()) for each in (one, other))
    return mine == theirs


def test_clocks_come_back_as_they_were_and_grow_together(db: Database) -> None:
    kept = ClockStore(db)
    first, other = clock("a pool", 0, 30, 60), clock("b", 5, 1_000, coin=None)
    assert kept.add([first, other]) == 2
    assert kept.add([first]) == 0
    assert kept.add([clock("a pool", 30.5, 60, 91)]) == 1  # 30.5 s is the instant of 30 s
    a, b = kept.all()
    assert same(a, clock("a pool", 0, 30, 60, 91))
    assert same(b, other)
    assert [(one.name, one.instants) for one in kept.summaries()] == [("a pool", 4), ("b", 2)]


def test_clocks_of_a_time_are_found_and_names_forgotten(db: Database) -> None:
    kept = ClockStore(db)
    kept.add([clock("early", 0, 50), clock("late", 500, 550), clock("long", 0, 600)])
    assert [one.name for one in kept.all(BEGIN + 100 * NS, BEGIN + 400 * NS)] == ["long"]
    assert [one.name for one in kept.all(BEGIN + 550 * NS)] == ["late", "long"]
    assert kept.forget(["late", "nobody"]) == 1
    assert [one.name for one in kept.all()] == ["early", "long"]


def test_beyond_the_limit_those_that_ended_first_go(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.clocks, "MOST", 2)
    kept = ClockStore(db)
    kept.add([clock("a", 0, 900), clock("b", 0, 100), clock("c", 0, 500)])
    assert [one.name for one in kept.all()] == ["a", "c"]


def test_a_damaged_clock_is_named(db: Database) -> None:
    kept = ClockStore(db)
    kept.add([clock("a", 0, 900)])
    with db.writing() as connection:
        connection.execute(update(ClockRow).values(at_ns=b"no"))
    with pytest.raises(StoreError, match="clock a: its instants are damaged"):
        kept.all()


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=50))
def test_instants_survive_packing(times: list[int]) -> None:
    made = clock_of("x", None, "jobs", np.array(times, np.int64))
    packed = _columns(made)["at_ns"]
    assert isinstance(packed, bytes)
    assert _unpacked("x", packed).tolist() == made.at_ns.tolist()


def standing(last_s: float, clock_nats: float = 5.5) -> Standing:
    match = Match(clock("a pool"), 1e-9, 20, 19, 0.4, 150_000_000, 30_000_000)
    return Standing(
        client=ip_address("2001:db8::7"),
        server=Endpoint(ip_address("203.0.113.9"), 443),
        first_ns=BEGIN,
        last_ns=BEGIN + round(last_s * NS),
        begun_ns=BEGIN,
        windows=3,
        clock=clock_nats,
        shape=-1.25,
        tested=True,
        sample=0.86,
        match=match,
        measures=(("answered", 0.98, 0.4),),
        unlike=0.5,
        connections=2,
        packets=300,
        lost=4,
        named_other=True,
        rate=None,
        where=Where("eth1", 77),
    )


def test_a_standing_comes_back_as_it_was(db: Database) -> None:
    kept = RhythmStore(db)
    one = standing(900)
    assert kept.keep([one]) == 1
    (back,) = kept.before(BEGIN + 900 * NS)
    assert back.match is not None
    assert one.match is not None
    assert (back.match.clock.name, back.match.clock.coin) == ("a pool", "XMR")
    assert replace(back, match=None) == replace(one, match=None)
    assert replace(back.match, clock=one.match.clock) == one.match


def test_what_an_older_version_kept_was_seen_whole(db: Database) -> None:
    kept = RhythmStore(db)
    kept.keep([standing(900)])
    with db.writing() as connection:
        told = dict(connection.scalar(select(RhythmRow.told)) or {})
        del told["sample"]
        connection.execute(update(RhythmRow).values(told=told))
    (back,) = kept.before(BEGIN + 900 * NS)
    assert back.sample == 0.0


def test_only_what_is_older_and_not_faded_is_told(db: Database) -> None:
    kept = RhythmStore(db)
    kept.keep([standing(900)])
    assert kept.before(BEGIN + 899 * NS) == []
    assert len(kept.before(BEGIN + FADED_NS)) == 1
    assert kept.before(BEGIN + FADED_NS + 901 * NS) == []


def test_the_same_capture_again_changes_nothing_and_a_rescan_does(db: Database) -> None:
    kept = RhythmStore(db)
    assert kept.keep([standing(900)]) == 1
    assert kept.keep([standing(900, 9.0)]) == 0
    assert kept.keep([standing(300, 9.0)], again=True) == 0
    assert kept.keep([standing(900, 9.0)], again=True) == 1
    assert kept.keep([standing(1_800, 2.0)]) == 1
    assert [one.clock for one in kept.before(BEGIN + 1_800 * NS)] == [2.0]


def test_what_was_scanned_is_remembered_with_its_version(db: Database) -> None:
    kept = RhythmStore(db)
    kept.scanned_now("2026-05-01", "eth1", "v1")
    kept.scanned_now("2026-05-01", "eth1", "v2")
    kept.scanned_now("2026-05-01", "eth2", "v1")
    assert kept.scanned() == {("2026-05-01", "eth1"): "v2", ("2026-05-01", "eth2"): "v1"}
