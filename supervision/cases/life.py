"""The life of a case: its log, and from that its state, who has it, and by when what is due.

    open -> assigned -> inspected -> decided -> rectifying -> replied -> rechecked -> closed -> reopened
              |  ^                    ^ |                        |
       handing-over (accept, return)  | '-> closed (no mining)   |
                                      '----- not passed ---------'

A log is only added to. Notes and documents may come at any time, a joint action as long as it is not closed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from store.access_rules import Department
from supervision.cases.words import ACTIONS, DECISIONS, STATES
from supervision.refusals import Refused

FROM: Mapping[str, frozenset[str]] = {
    "assign": frozenset({"open", "assigned", "inspected", "decided", "rectifying", "replied", "rechecked"}),
    "hand-over": frozenset({"open", "assigned", "inspected", "decided"}),
    "accept": frozenset({"handing-over"}),
    "return": frozenset({"handing-over"}),
    "join": frozenset(STATES) - {"closed"},
    "inspect": frozenset({"assigned", "inspected"}),
    "decide": frozenset({"inspected"}),
    "order": frozenset({"decided"}),
    "extend": frozenset({"rectifying"}),
    "reply": frozenset({"rectifying"}),
    "recheck": frozenset({"replied"}),
    "close": frozenset({"decided", "rechecked"}),
    "reopen": frozenset({"closed"}),
    "attach": frozenset(STATES),
    "note": frozenset(STATES),
}
"""By action, the states in which it may be done."""
MUST_BE_ORDERED = frozenset({"rectify", "close-down"})
"""Decisions that a case cannot be closed on before they were carried out and checked."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOTED = frozenset(
    {"hand-over", "return", "inspect", "decide", "order", "extend", "reply", "recheck", "reopen"}
)
"""Actions that say in a note what was done or why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document by its hash: the file itself is kept where it is."""

    sha256: str
    name: str
    size: int
    """Bytes."""
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a case's log."""

    number: int
    """From 1 over all cases, in the order in which they were entered; 0 before."""
    case: int
    action: str
    at: datetime
    author: str
    role: str
    department: str
    record: Mapping[str, Any]
    """`note`, and what the action needs: see `checked`."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a case is; it never changes."""

    id: int
    division: str
    title: str
    project: str | None
    warning: int | None
    opened: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One case as its log has it."""

    case: Case
    state: str
    department: str
    """That has it."""
    assignee: str
    handing_to: str
    """Department that it was handed over to and that has not accepted yet."""
    before: str
    """The state before the handing over."""
    joined: tuple[str, ...]
    """Departments of the joint action."""
    decision: str
    due: date | None
    """By when the order is to be carried out."""
    orders: int
    failed: int
    """Re-checks that were not passed."""
    documents: tuple[Document, ...]
    inspectors: tuple[str, ...]
    """Who inspected on site."""
    last: datetime

    def days_late(self, as_of: date) -> int:
        """Return the days that an order is overdue on a day."""
        if self.due is None or self.state != "rectifying":
            return 0
        return max(0, (as_of - self.due).days)


def stand(case: Case, entries: Iterable[Entry]) -> Standing:
    """Return where a case stands after its entries, in the order in which they were entered."""
    entries = iter(entries)
    first = next(entries)
    now = Standing(case, "open", first.department, "", "", "", (), "", None, 0, 0, (), (), first.at)
    now = _documented(now, first)
    for entry in entries:
        now = _after(now, entry)
    return now


def checked(held: Standing, action: str, record: Mapping[str, Any], on: date) -> dict[str, Any]:
    """Return what is kept of an action. Raises Refused where it cannot be done now, or lacks what it needs.

    assign: `assignee`; hand-over, join: `departments`; decide: `decision`; order, extend: `due`; recheck:
    `passed`; attach: `document` with sha256, name, size.
    """
    if action not in FROM:
        raise Refused(f"an action is one of {', '.join(FROM)}", f"操作须是 {'、'.join(FROM)} 之一")
    if held.state not in FROM[action]:
        could = [one for one, states in FROM.items() if held.state in states]
        raise Refused(
            f"{action} cannot be done while the case is {STATES[held.state][0]};"
            f" what can: {', '.join(could)}",
            f"案件处于“{STATES[held.state][1]}”，不能“{ACTIONS[action][1]}”；可以："
            + "、".join(ACTIONS[one][1] for one in could),
        )
    note = str(record.get("note") or "").strip()
    if action in _NOTED and not note:
        raise Refused(f"{action}: say in a note what was done, or why", "请在备注中说明情况或理由")
    kept: dict[str, Any] = {"note": note}
    match action:
        case "assign":
            kept["assignee"] = _wanted(record, "assignee", "a person", "请指明承办人")
        case "hand-over" | "join":
            kept["departments"] = _departments(record, held, single=action == "hand-over")
        case "decide":
            decision = record.get("decision")
            if decision not in DECISIONS:
                raise Refused(
                    f"decision is one of {', '.join(DECISIONS)}", f"决定须是 {'、'.join(DECISIONS)} 之一"
                )
            kept["decision"] = decision
        case "order" | "extend":
            kept["due"] = _due(record, held, on, extend=action == "extend")
        case "recheck":
            if not isinstance(record.get("passed"), bool):
                raise Refused("recheck: passed is true or false", "请说明复查是否合格")
            kept["passed"] = record["passed"]
        case "attach":
            kept["document"] = document(record.get("document"))
    if action == "order" and held.decision not in MUST_BE_ORDERED:
        raise Refused(
            f"an order follows the decision {' or '.join(sorted(MUST_BE_ORDERED))}, not {held.decision}",
            "只有责令整改或责令关停的决定可以下达整改通知",
        )
    if action == "close" and held.state == "decided" and held.decision in MUST_BE_ORDERED:
        raise Refused(
            f"the decision {held.decision} is to be ordered, carried out and checked before the case ends",
            "责令整改或关停的案件须经整改并复查合格后方可结案",
        )
    return kept


def document(told: Any) -> dict[str, Any]:
    """Return a document as it is kept. Raises Refused where it is none."""
    if (
        not isinstance(told, Mapping)
        or not isinstance(told.get("sha256"), str)
        or _SHA256.fullmatch(told["sha256"]) is None
        or not isinstance(told.get("name"), str)
        or not 0 < len(told["name"]) <= 200
        or not told["name"].isprintable()
        or type(told.get("size")) is not int
        or told["size"] < 0
    ):
        raise Refused(
            "a document has sha256 (64 hexadecimal digits, lower case), name and size in bytes",
            "附件须有 sha256（64 位小写十六进制）、名称与字节数",
        )
    return {"sha256": told["sha256"], "name": told["name"], "size": told["size"]}


def next_actions(held: Standing) -> tuple[str, ...]:
    """Return the actions that the state lets be done, in their order."""
    return tuple(action for action, states in FROM.items() if held.state in states)


def _after(held: Standing, entry: Entry) -> Standing:
    record = entry.record
    held = _documented(replace(held, last=entry.at), entry)
    match entry.action:
        case "assign":
            state = "assigned" if held.state == "open" else held.state
            return replace(held, state=state, assignee=record["assignee"])
        case "hand-over":
            to = record["departments"][0]
            return replace(held, state="handing-over", handing_to=to, before=held.state)
        case "accept":
            return replace(held, state="open", department=held.handing_to, handing_to="", assignee="")
        case "return":
            return replace(held, state=held.before, handing_to="")
        case "join":
            more = tuple(one for one in record["departments"] if one not in held.joined)
            return replace(held, joined=(*held.joined, *more))
        case "inspect":
            return replace(held, state="inspected", inspectors=(*held.inspectors, entry.author))
        case "decide":
            return replace(held, state="decided", decision=record["decision"])
        case "order":
            due = date.fromisoformat(record["due"])
            return replace(held, state="rectifying", due=due, orders=held.orders + 1)
        case "extend":
            return replace(held, due=date.fromisoformat(record["due"]))
        case "reply":
            return replace(held, state="replied")
        case "recheck" if record["passed"]:
            return replace(held, state="rechecked", due=None)
        case "recheck":
            return replace(held, state="decided", failed=held.failed + 1)
        case "close":
            return replace(held, state="closed", due=None)
        case "reopen":
            return replace(held, state="assigned" if held.assignee else "open", decision="")
        case _:
            return held


def _documented(held: Standing, entry: Entry) -> Standing:
    told = entry.record.get("document")
    if told is None:
        return held
    new = Document(told["sha256"], told["name"], told["size"], entry.author, entry.at)
    return replace(held, documents=(*held.documents, new))


def _wanted(record: Mapping[str, Any], name: str, en: str, zh: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 64:
        raise Refused(f"{name} names {en}", zh)
    return value.strip()


def _departments(record: Mapping[str, Any], held: Standing, single: bool) -> list[str]:
    found = record.get("departments")
    if not isinstance(found, list) or not found or set(map(str, found)) - set(Department):
        raise Refused(f"departments holds some of {', '.join(Department)}", "请指明部门")
    if single and len(found) != 1:
        raise Refused("a case is handed over to one department", "只能移交给一个部门")
    if held.department in found:
        raise Refused(f"{held.department} has the case already", "该部门已是承办部门")
    return [str(one) for one in found]


def _due(record: Mapping[str, Any], held: Standing, on: date, extend: bool) -> str:
    try:
        due = date.fromisoformat(str(record.get("due")))
    except ValueError:
        raise Refused("due is a day such as 2026-12-31", "整改期限须是日期，例如 2026-12-31") from None
    if due <= on:
        raise Refused(
            f"{due} has passed: an order is due on a day to come", f"{due} 已过：期限须是将来的日期"
        )
    if extend and held.due is not None and due <= held.due:
        raise Refused(f"{due} is no later than {held.due}", f"{due} 不晚于原期限 {held.due}")
    return due.isoformat()
