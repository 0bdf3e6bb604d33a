"""Exit plans: slippage by hand, what a relapse undoes, who mines again, how far regions are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.endpoint import parse_address
from facts.errors import SettingsError
from facts.instant import nanoseconds
from facts.names import Level, Role
from facts.verdict import Machines, Peer, Power, Verdict
from registry.answers import Attribution
from supervision.exits.plan import (
    WAY_OUT,
    Milestone,
    Plan,
    check,
    draft,
    parse_categories,
    progress,
    shipped_categories,
)
from supervision.exits.regions import child, level_of, regions
from supervision.exits.relapse import relapses
from supervision.projects.events import Event, Step
from supervision.projects.inventory import inventory
from supervision.projects.project import Particulars, Project, project_id
from supervision.projects.sightings import Sighting, propose
from supervision.refusals import Refused

EVER = datetime(2099, 1, 1, tzinfo=UTC)
P = project_id("U1", "s1")


def day(n: int) -> date:
    return date(2026, 3, 1) + timedelta(days=n)


def at(n: int) -> datetime:
    return datetime(2026, 3, 1, 4, tzinfo=UTC) + timedelta(days=n)


def event(number: int, step: Step, on: int) -> Event:
    return Event(number, P, step, day(on), at(on), "li", "energy")


def plan(known: int, reason: str = "", **due: int) -> Plan:
    steps = tuple(Milestone(Step(name), day(n), "county") for name, n in due.items())
    return Plan(P, at(known), "li", "energy", "immediate", "county", steps, reason)


FIRST = plan(2, notified=5, cut_off=20, exited=30)
SECOND = plan(25, "winter", notified=5, cut_off=40, exited=50)
LIFE = [event(1, Step.FOUND, 0), event(2, Step.VERIFIED, 1), event(3, Step.NOTIFIED, 8)]


def test_slippage_of_each_step_by_hand() -> None:
    steps = progress([FIRST], LIFE, EVER, day(22))
    assert [(one.milestone.step.value, one.state, one.days_late, one.done) for one in steps] == [
        ("notified", "done-late", 3, day(8)),
        ("cut_off", "late", 2, None),
        ("exited", "open", 0, None),
    ]


def test_a_moved_date_hides_nothing() -> None:
    [_, cut_off, _] = progress([FIRST, SECOND], LIFE, EVER, day(35))
    assert (cut_off.state, cut_off.days_late, cut_off.days_late_at_first) == ("open", 0, 15)
    [_, as_believed, _] = progress([FIRST, SECOND], LIFE, at(24), day(24))
    assert (as_believed.state, as_believed.milestone.due) == ("late", day(20))


def test_a_later_step_makes_those_before_it_done_and_a_relapse_opens_them_again() -> None:
    left = [*LIFE, event(4, Step.EXITED, 18)]
    assert [one.state for one in progress([FIRST], left, EVER, day(60))] == ["done-late", "done", "done"]
    again = [*left, event(5, Step.RELAPSED, 70)]
    assert [one.state for one in progress([FIRST], again, EVER, day(71))] == ["late"] * 3
    anew = plan(72, "relapse", exited=80)
    [one] = progress([FIRST, anew], again, EVER, day(90))
    assert (one.days_late, one.days_late_at_first) == (10, 10)


def test_a_rejected_project_has_nothing_to_do() -> None:
    assert progress([FIRST], [*LIFE[:2], event(3, Step.REJECTED, 3)], EVER, day(90)) == ()


@pytest.mark.parametrize(
    ("new", "before", "says"),
    [
        (plan(2, notified=5), [], "ends with the step exited"),
        (plan(2, cut_off=5, notified=6, exited=7), [], "in this order"),
        (plan(2, notified=9, exited=7), [], "exited is due on 2026-03-08, before notified"),
        (plan(2, exited=7), [FIRST], "says why it is made"),
        (replace(FIRST, milestones=(Milestone(Step.EXITED, day(9), "x", 5.0),)), [], "only a power limit"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(new: Plan, before: list[Plan], says: str) -> None:
    with pytest.raises(Refused, match=says) as error:
        check(new, before)
    assert error.value.told("zh") != error.value.told("en")


def test_every_usual_timetable_is_a_plan_that_can_be() -> None:
    for category in shipped_categories():
        check(draft(category, P, day(0), "county", "li", "energy", at(0)), [])
    with pytest.raises(SettingsError, match="class 1"):
        parse_categories(
            "[[class]]\nid='a'\nen='a'\nzh='a'\nsizes=[]\ndays={notified=9, exited=3}", "own.toml"
        )


@given(
    st.lists(st.integers(0, 100), min_size=4, max_size=4).map(sorted),
    st.lists(st.integers(2, 100), max_size=4).map(sorted),
    st.integers(0, 120),
)
def test_late_is_what_passed_its_date_undone_and_lateness_only_grows(
    due: list[int], done: list[int], today: int
) -> None:
    made = plan(0, **{step.value: n for step, n in zip(WAY_OUT, due, strict=True)})
    steps = [Step.FOUND, Step.VERIFIED, *WAY_OUT[: len(done)]]
    lived = [event(n + 1, step, on) for n, (step, on) in enumerate(zip(steps, [0, 1, *done], strict=True))]
    now = progress([made], lived, EVER, day(today))
    later = progress([made], lived, EVER, day(today + 1))
    for n, (one, after) in enumerate(zip(now, later, strict=True)):
        happened = n < len(done) and done[n] <= today
        assert (one.done is not None) == happened
        assert (one.state == "late") == (not happened and today > due[n])
        assert after.days_late >= one.days_late or after.done is not None


def sighting(
    number: int,
    address: str,
    *,
    uscc: str = "U1",
    site: str = "s1",
    first: int = 0,
    last: int = 1,
    level: Level = Level.LIKELY,
    role: Role = Role.MINER,
    kw: float | None = 10.0,
    peers: tuple[Peer, ...] = (),
    line: str = "l1",
    division: str = "330102",
) -> Sighting:
    verdict = Verdict(
        "a.pcap", parse_address(address), role, level, 0.9, (), (), (), False, peers,
        nanoseconds(at(first)), nanoseconds(at(last)), (), (), None, (), (), (),
        machines=Machines(2, 1, 3, False, "workers"),
        power=None if kw is None else Power(kw, kw * 0.8, kw * 1.5),
    )  # fmt: skip
    held = Attribution(True, "甲", uscc, line, site, division, "road 1")
    return Sighting(number, verdict, held)


PROJECT = Project(P, "running", "U1", "s1", "", "330102", at(0), "li", "energy")
NAMED = {P: Particulars(P, at(0), "li", "hall", sites=("s1",), lines=("l1",))}
LEFT = inventory([*LIFE, event(4, Step.EXITED, 18)], [], day(90), EVER)


def test_who_mines_again_after_the_exit_and_how() -> None:
    found = relapses(
        [PROJECT],
        NAMED,
        LEFT,
        [
            sighting(1, "192.0.2.1", first=0, last=18),  # until the day of the exit itself
            sighting(2, "192.0.2.2", first=30, last=31),
            sighting(3, "192.0.2.3", first=17, last=40),  # before and after
            sighting(4, "192.0.2.4", uscc="U2", first=50, last=51),
            sighting(5, "192.0.2.5", site="s9", line="l9", first=50, last=52, division="330204"),
            sighting(6, "192.0.2.6", uscc="U3", site="s8", line="l8", first=50, last=52),
            sighting(7, "192.0.2.7", first=50, last=52, level=Level.SUSPECTED),
            sighting(8, "192.0.2.8", first=50, last=52, role=Role.NODE),
        ],
    )
    assert [(one.kind, one.seen, one.evidence, one.division) for one in found] == [
        ("moved", day(50), ("verdict:5",), "330000"),  # told where both places are seen
        ("reoccupied", day(50), ("verdict:4",), "330102"),
        ("returned", day(30), ("verdict:2", "verdict:3"), "330102"),
    ]
    standing = inventory(LIFE, [], day(90), EVER)
    assert relapses([PROJECT], NAMED, standing, [sighting(2, "192.0.2.2", first=30, last=31)]) == ()


def test_hits_are_grouped_summed_and_counted_once() -> None:
    proxy, wallet = parse_address("192.0.2.9"), parse_address("203.0.113.9")
    from facts.names import PeerState

    behind = (Peer(proxy, 3333, Role.PROXY, "stratum-bitcoin", PeerState.EXCHANGE),)
    outside = (Peer(wallet, 3333, Role.POOL, "stratum-bitcoin", PeerState.EXCHANGE),)
    hits = [
        sighting(1, "192.0.2.9", role=Role.PROXY, kw=100.0, peers=outside),
        sighting(2, "192.0.2.10", kw=30.0, peers=behind),  # counted by its proxy
        sighting(3, "192.0.2.11", kw=40.0, peers=outside),
        sighting(4, "192.0.2.11", kw=50.0, last=3, peers=outside),  # the same address in another capture
        sighting(5, "192.0.2.12", kw=None, peers=outside),
        sighting(6, "192.0.2.13", uscc="U2", site="s2", kw=5.0),
    ]
    large, small = propose(hits).proposals
    assert large.size.kw is not None
    assert (large.project, large.size.kw.value, large.size.kw.low) == (P, 150.0, 120.0)
    assert (large.size.unmeasured, large.size.sources["kw"]) == (1, ("verdict:1", "verdict:4"))
    assert large.evidence == tuple(f"verdict:{n}" for n in range(1, 6))
    assert small.size.kw is not None
    assert small.size.kw.value == 5.0
    # a proxy of unknown power stands back for what was seen behind it
    [one] = propose([sighting(1, "192.0.2.9", role=Role.PROXY, kw=None, peers=outside), hits[1]]).proposals
    assert one.size.sources["kw"] == ("verdict:2",)
    assert one.size.unmeasured == 0


def test_regions_over_the_four_levels() -> None:
    assert [level_of(code) for code in ("000000", "330000", "330100", "330102")] == [
        "central", "province", "city", "county",
    ]  # fmt: skip
    assert [child("330102", over) for over in ("000000", "330000", "330100")] == [
        "330000", "330100", "330102",
    ]  # fmt: skip
    projects, events = [], []
    for n, (code, steps) in enumerate(
        {
            "330102": [Step.FOUND, Step.VERIFIED, Step.EXITED],
            "330106": [Step.FOUND, Step.VERIFIED],
            "330204": [Step.FOUND, Step.REJECTED],
            "340102": [Step.FOUND],
        }.items()
    ):
        name = project_id(f"U{n}", "s")
        projects.append(replace(PROJECT, id=name, division=code))
        events += [replace(event(10 * n + k, step, k), project=name) for k, step in enumerate(steps)]
    standings = inventory(events, [], day(30), EVER)
    late = progress([FIRST], LIFE, EVER, day(22))
    found = regions(projects, standings, {projects[1].id: late}, "330000")
    told = [(one.division, one.projects, one.running, one.exited, one.late, one.days_late) for one in found]
    assert told == [
        ("330000", 2, 1, 1, 1, 2), ("330100", 2, 1, 1, 1, 2), ("330200", 0, 0, 0, 0, 0),
    ]  # fmt: skip
    assert [one.progress for one in found] == [0.5, 0.5, None]
