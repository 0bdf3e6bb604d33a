"""Cases: what may follow what, who may do it, what is kept; on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from facts.errors import StoreError
from facts.instant import nanoseconds
from store.database import Database
from supervision.cases.kept import CaseStore, do, open_case
from supervision.cases.life import FROM, Case, Entry, checked, next_actions, stand
from supervision.cases.rights import ROLES, permit
from supervision.cases.words import ACTIONS, DECISIONS, STATES
from supervision.refusals import Forbidden, Refused, Unknown
from supervision.warnings.acts import Actor
from tests.store.conftest import db as db
from tests.store.conftest import postgres as postgres
from tests.store.conftest import postgres_db as postgres_db

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
TODAY = date(2026, 3, 1)
CASE = Case(1, "330102", "hall", None, None, START)
LI = Actor("li", "supervisor", "330102", "cyberspace")
NEEDED: dict[str, dict[str, Any]] = {
    "assign": {"assignee": "wang"},
    "hand-over": {"departments": ["energy"]},
    "join": {"departments": ["finance"]},
    "decide": {"decision": "rectify"},
    "order": {"due": "2026-04-01"},
    "extend": {"due": "2026-05-01"},
    "recheck": {"passed": True},
    "attach": {"document": {"sha256": "0" * 64, "name": "photo.jpg", "size": 7}},
}


def log(*actions: str | tuple[str, dict[str, Any]], author: str = "li") -> list[Entry]:
    entries = [Entry(1, 1, "open", START, author, "supervisor", "cyberspace", {"note": ""})]
    for n, action in enumerate(actions, 2):
        name, more = action if isinstance(action, tuple) else (action, {})
        record = {"note": "done", **NEEDED.get(name, {}), **more}
        kept = checked(stand(CASE, entries), name, record, TODAY)
        at = START + timedelta(hours=n)
        entries.append(Entry(n, 1, name, at, author, "supervisor", "cyberspace", kept))
    return entries


WHOLE = ("assign", "inspect", "decide", "order", "reply", "recheck", "close")


def test_the_whole_way() -> None:
    states = [stand(CASE, log(*WHOLE[:n])).state for n in range(len(WHOLE) + 1)]
    assert states == [
        "open", "assigned", "inspected", "decided", "rectifying", "replied", "rechecked", "closed",
    ]  # fmt: skip
    assert stand(CASE, log(*WHOLE, "reopen")).state == "assigned"


def test_an_order_is_late_by_the_day_and_a_failed_check_leads_to_another_order() -> None:
    held = stand(CASE, log(*WHOLE[:4]))
    assert [held.days_late(date(2026, 4, n)) for n in (1, 2, 9)] == [0, 1, 8]
    assert stand(CASE, log(*WHOLE[:4], "extend")).days_late(date(2026, 4, 9)) == 0
    failed = stand(CASE, log(*WHOLE[:5], ("recheck", {"passed": False})))
    assert (failed.state, failed.failed) == ("decided", 1)
    again = stand(CASE, log(*WHOLE[:5], ("recheck", {"passed": False}), "order"))
    assert (again.state, again.orders) == ("rectifying", 2)


def test_handed_over_it_belongs_to_the_other_one_only_when_that_accepts() -> None:
    moving = stand(CASE, log("assign", "hand-over"))
    assert (moving.state, moving.department, moving.handing_to) == ("handing-over", "cyberspace", "energy")
    assert stand(CASE, log("assign", "hand-over", "accept")).department == "energy"
    back = stand(CASE, log("assign", "hand-over", "return"))
    assert (back.state, back.department, back.assignee) == ("assigned", "cyberspace", "wang")


@pytest.mark.parametrize(
    ("before", "action", "record", "says"),
    [
        ((), "inspect", {"note": "x"}, "cannot be done while the case is open; what can: assign"),
        (("assign",), "inspect", {}, "say in a note"),
        (("assign", "inspect"), "decide", {"note": "x", "decision": "maybe"}, "decision is one of"),
        (WHOLE[:3], "close", {}, "to be ordered, carried out and checked"),
        (
            WHOLE[:3],
            "order",
            {"note": "x", "due": "2026-02-01"},
            "has passed: an order is due on a day to come",
        ),
        (WHOLE[:3], "order", {"note": "x", "due": "soon"}, "due is a day"),
        (WHOLE[:4], "extend", {"note": "x", "due": "2026-03-20"}, "no later than 2026-04-01"),
        (WHOLE[:5], "recheck", {"note": "x"}, "passed is true or false"),
        ((), "hand-over", {"note": "x", "departments": ["energy", "finance"]}, "to one department"),
        ((), "join", {"departments": ["cyberspace"]}, "has the case already"),
        ((), "join", {"departments": ["nobody"]}, "departments holds some of"),
        ((), "attach", {"document": {"sha256": "0", "name": "x", "size": 1}}, "64 hexadecimal"),
        ((), "burn", {}, "an action is one of"),
        (
            ("assign", "inspect", ("decide", {"decision": "no-mining"})),
            "order",
            {"note": "x", "due": "2026-09-01"},
            "an order follows the decision",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    before: tuple[Any, ...], action: str, record: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused, match=says) as error:
        checked(stand(CASE, log(*before)), action, record, TODAY)
    assert error.value.told("zh") != error.value.told("en")


@given(st.lists(st.sampled_from(sorted(FROM)), max_size=25), st.booleans())
def test_any_log_that_was_admitted_stands_at_a_known_state(actions: list[str], passed: bool) -> None:
    entries = log()
    for n, action in enumerate(actions, 2):
        held = stand(CASE, entries)
        record = {"note": "x", **NEEDED.get(action, {})}
        if action == "recheck":
            record["passed"] = passed
        try:
            kept = checked(held, action, record, TODAY)
        except Refused:
            continue
        assert action in next_actions(held)
        entries.append(Entry(n, 1, action, START, "li", "supervisor", "cyberspace", kept))
        after = stand(CASE, entries)
        assert after.state in STATES
        assert (after.state == "handing-over") == bool(after.handing_to)
        assert after.state != "closed" or next_actions(after) == ("reopen", "attach", "note")
    assert set(ACTIONS) == {"open", *FROM} == set(ROLES)


@pytest.mark.parametrize(
    ("actor", "before", "action", "refused"),
    [
        (LI, (), "assign", None),
        (replace(LI, role="analyst"), (), "assign", "is for the roles supervisor"),
        (replace(LI, role="operator"), (), "note", "is for the roles"),
        (replace(LI, division="330103"), (), "note", "another region"),
        (replace(LI, division="330000"), (), "assign", None),
        (replace(LI, department="energy"), ("assign",), "inspect", "cyberspace has the case"),
        (replace(LI, department="energy"), ("assign",), "note", None),
        (replace(LI, department="finance"), ("assign", "join"), "inspect", None),
        (replace(LI, department="finance"), ("assign", "join"), "hand-over", "has the case"),
        (replace(LI, department="development-reform"), ("assign",), "join", None),
        (replace(LI, department="development-reform"), WHOLE[:2], "decide", "has the case"),
        (LI, ("assign", "hand-over"), "accept", "only energy may accept"),
        (replace(LI, department="energy"), ("assign", "hand-over"), "accept", None),
        (LI, WHOLE[:5], "recheck", "who inspected does not re-check"),
        (replace(LI, name="wu"), WHOLE[:5], "recheck", None),
    ],
)
def test_who_may_do_what_by_role_region_and_department(
    actor: Actor, before: tuple[Any, ...], action: str, refused: str | None
) -> None:
    held = stand(CASE, log(*before))
    if refused is None:
        permit(held, actor, action)
        return
    with pytest.raises(Forbidden, match=refused):
        permit(held, actor, action)


def test_a_case_is_kept_and_its_log_is_never_changed(db: Database) -> None:
    now = nanoseconds(START)
    with db.writing() as connection:
        opened = open_case(connection, LI, "330102", " hall ", now, "seen")
        number = opened.standing.case.id
        do(connection, number, LI, "assign", {"assignee": "wang"}, now, TODAY)
    with pytest.raises(Forbidden), db.writing() as connection:
        open_case(connection, LI, "340000", "hall", now)
    with pytest.raises(Refused), db.writing() as connection:
        do(connection, number, LI, "close", {}, now, TODAY)
    with pytest.raises(Unknown), db.writing() as connection:
        do(connection, 999, LI, "note", {}, now, TODAY)
    kept = CaseStore(db).one(number)
    assert [(one.action, one.author) for one in kept.entries] == [("open", "li"), ("assign", "li")]
    assert kept.standing.case.title == "hall"
    for change in ("UPDATE case_entries SET author = 'x'", "DELETE FROM case_entries", "DELETE FROM cases"):
        with pytest.raises(StoreError, match="added and never changed"), db.writing() as connection:
            connection.execute(text(change))
    assert [log.standing.case.id for log in CaseStore(db).page("330000")] == [number]
    assert CaseStore(db).page("340000") == []
    assert set(DECISIONS) >= {"rectify", "close-down"}
