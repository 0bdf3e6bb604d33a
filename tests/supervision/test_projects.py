"""The inventory's events and what follows from them: order, mistakes, what was known when, week on week."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.projects.events import AFTER, Event, NotAllowed, Step, admit, life, state
from supervision.projects.inventory import (
    Measured,
    Power,
    change,
    end_of,
    inventory,
    week_before,
    week_end,
    week_of,
)

EVER = datetime(2099, 1, 1, tzinfo=UTC)


def day(n: int) -> date:
    return date(2026, 1, 1) + timedelta(days=n)


def entered(n: int) -> datetime:
    return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n)


def event(number: int, step: Step, on: int, known: int | None = None, withdraws: int | None = None) -> Event:
    when = entered(on if known is None else known)
    return Event(number, "p1", step, day(on), when, "li", "energy", withdraws=withdraws)


def admitted(*events: Event) -> list[Event]:
    there: list[Event] = []
    for one in events:
        admit(there, one)
        there.append(one)
    return there


WAY_OUT = [Step.FOUND, Step.VERIFIED, Step.NOTIFIED, Step.LIMITED, Step.CUT_OFF, Step.EXITED, Step.RELAPSED]


def test_the_whole_way_out_and_back() -> None:
    lived = admitted(*(event(n + 1, step, n) for n, step in enumerate(WAY_OUT)))
    assert [state(lived, EVER, day(n)) for n in range(7)] == WAY_OUT
    assert state(lived, EVER, day(-1)) is None


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([Step.VERIFIED], "verified on 2026-01-01 cannot follow nothing; what can: found"),
        ([Step.FOUND, Step.EXITED], "exited on 2026-01-02 cannot follow found; what can: rejected, verified"),
        ([Step.FOUND, Step.VERIFIED, Step.RELAPSED], "relapsed on 2026-01-03 cannot follow verified"),
        ([Step.FOUND, Step.FOUND], "found on 2026-01-02 cannot follow found"),
    ],
)
def test_a_step_that_cannot_be_is_refused_with_those_that_can(steps: list[Step], says: str) -> None:
    with pytest.raises(NotAllowed) as error:
        admitted(*(event(n + 1, step, n) for n, step in enumerate(steps)))
    assert says in str(error.value)


def test_late_news_must_fit_between_what_is_there() -> None:
    there = admitted(event(1, Step.FOUND, 0), event(2, Step.VERIFIED, 5), event(3, Step.EXITED, 20))
    late = event(4, Step.NOTIFIED, 8, known=25)
    admit(there, late)
    there.append(late)
    assert [one.step for one in life(there, EVER, day(30))] == [
        Step.FOUND, Step.VERIFIED, Step.NOTIFIED, Step.EXITED,
    ]  # fmt: skip
    # on day 10 it was not known that it had been notified on day 8
    assert state(there, entered(10), day(10)) is Step.VERIFIED
    assert state(there, EVER, day(10)) is Step.NOTIFIED
    with pytest.raises(NotAllowed, match="relapsed on 2026-01-10 cannot follow notified"):
        admit(there, event(5, Step.RELAPSED, 9, known=26))


def test_a_mistake_is_withdrawn_and_stays_readable_as_it_was_believed() -> None:
    there = admitted(
        event(1, Step.FOUND, 0),
        event(2, Step.VERIFIED, 1),
        event(3, Step.EXITED, 5),
        event(4, Step.WITHDRAWN, 9, withdraws=3),
        event(5, Step.NOTIFIED, 10),
    )
    assert state(there, entered(7), day(7)) is Step.EXITED
    assert state(there, EVER, day(7)) is Step.VERIFIED
    with pytest.raises(NotAllowed, match="no event 3 of project p1 stands"):
        admit(there, event(6, Step.WITHDRAWN, 11, withdraws=3))
    with pytest.raises(NotAllowed, match="notified on 2026-01-11 cannot follow found"):
        admit(there, event(6, Step.WITHDRAWN, 11, withdraws=2))


def test_neither_the_future_nor_the_past_of_the_book_can_be_written() -> None:
    there = admitted(event(1, Step.FOUND, 5))
    with pytest.raises(NotAllowed, match="still to come"):
        admit(there, event(2, Step.VERIFIED, 9, known=8))
    with pytest.raises(NotAllowed, match="not known before"):
        admit(there, replace(event(2, Step.VERIFIED, 4), known=entered(4)))
    with pytest.raises(NotAllowed, match="event 1 is entered after event 1"):
        admit(there, event(1, Step.VERIFIED, 6))
    with pytest.raises(NotAllowed, match="only withdrawn withdraws"):
        admit(there, event(2, Step.VERIFIED, 6, withdraws=1))


@given(st.data())
def test_any_admitted_life_is_a_path_however_late_its_events_became_known(data: st.DataObject) -> None:
    there: list[Event] = []
    for number in range(1, 15):
        step = data.draw(st.sampled_from([*AFTER[None], *WAY_OUT, Step.REJECTED, Step.WITHDRAWN]))
        withdraws = data.draw(st.integers(1, number)) if step is Step.WITHDRAWN else None
        known = number * 10
        new = event(number, step, data.draw(st.integers(0, known)), known, withdraws)
        try:
            admit(there, new)
        except NotAllowed:
            continue
        there.append(new)
        for when in {one.known for one in there}:
            before: Step | None = None
            for one in life(there, when, date.max):
                assert one.step in AFTER[before]
                before = one.step


def kw(value: float, low: float, high: float, on: int) -> Measured:
    return Measured("p1", day(on), entered(on), None, {}, Power(value, low, high), ("verdict:1",))


def seen(events: Sequence[Event], measured: Sequence[Measured], on: int):  # type: ignore[no-untyped-def]
    return inventory(events, measured, day(on))


def test_week_on_week() -> None:
    lived = admitted(*(event(n + 1, step, 7 * n) for n, step in enumerate(WAY_OUT)))
    sizes = [kw(100, 90, 110, 0), kw(105, 95, 115, 7), kw(300, 250, 350, 14)]
    weeks = [seen(lived, sizes, 7 * n) for n in range(7)]
    first = change({}, weeks[0])
    assert (first.new, first.gone, first.moved) == (("p1",), (), ())
    assert change(weeks[0], weeks[1]).moved == (("p1", Step.FOUND, Step.VERIFIED),)
    assert change(weeks[0], weeks[1]).grown == ()
    assert change(weeks[1], weeks[2]).grown == (("p1", 105, 300),)
    assert change(weeks[4], weeks[5]).gone == ("p1",)
    last = change(weeks[5], weeks[6])
    assert (last.new, last.back, weeks[6]["p1"].relapses) == ((), ("p1",), 1)


def test_what_becomes_known_after_a_day_does_not_change_that_days_inventory() -> None:
    lived = admitted(event(1, Step.FOUND, 0), event(2, Step.VERIFIED, 1, known=9))
    assert seen(lived, [], 5)["p1"].step is Step.FOUND
    assert inventory(lived, [], day(5), EVER)["p1"].step is Step.VERIFIED
    # a day ends at midnight in China, 16:00 UTC
    assert end_of(date(2026, 11, 20)) == datetime(2026, 11, 20, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "week", "end"),
    [
        (date(2026, 11, 20), "2026-W47", date(2026, 11, 22)),
        (date(2027, 1, 1), "2026-W53", date(2027, 1, 3)),
        (date(2024, 12, 30), "2025-W01", date(2025, 1, 5)),
    ],
)
def test_iso_weeks(on: date, week: str, end: date) -> None:
    assert (week_of(on), week_end(week)) == (week, end)
    assert week_end(week_before(week)) == end - timedelta(days=7)
    with pytest.raises(ValueError, match="a week is written as 2026-W47"):
        week_end("2026-47")
