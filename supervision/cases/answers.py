"""Cases as JSON."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from supervision.cases.kept import Log
from supervision.cases.life import Entry, Standing, next_actions
from supervision.cases.words import ACTIONS, DECISIONS, STATES
from supervision.projects.words import moment, said
from supervision.warnings.words import DEPARTMENTS

Json = dict[str, Any]


def case_json(held: Standing, today: date, lang: str) -> Json:
    """Return one case as it stands."""
    case = held.case
    return {
        "id": case.id,
        "title": case.title,
        "division": case.division,
        "project": case.project,
        "warning": case.warning,
        "opened": moment(case.opened),
        "state": held.state,
        "state_word": said(STATES, held.state, lang),
        "department": held.department,
        "department_word": said(DEPARTMENTS, held.department, lang),
        "assignee": held.assignee or None,
        "handing_to": held.handing_to or None,
        "joined": list(held.joined),
        "decision": held.decision or None,
        "decision_word": said(DECISIONS, held.decision, lang) if held.decision else None,
        "due": None if held.due is None else held.due.isoformat(),
        "days_late": held.days_late(today),
        "orders": held.orders,
        "failed_rechecks": held.failed,
        "documents": len(held.documents),
        "last": moment(held.last),
    }


def file_json(log: Log, today: date, lang: str) -> Json:
    """Return one case with its log and documents."""
    held = log.standing
    return {
        **case_json(held, today, lang),
        "next": list(next_actions(held)),
        "attached": [
            {
                "sha256": one.sha256,
                "name": one.name,
                "size": one.size,
                "by": one.by,
                "time": moment(one.at),
            }
            for one in held.documents
        ],
        "log": [entry_json(one, lang) for one in log.entries],
    }


def entry_json(entry: Entry, lang: str) -> Json:
    """Return one entry of a log."""
    record = entry.record
    return {
        "number": entry.number,
        "action": entry.action,
        "action_word": said(ACTIONS, entry.action, lang),
        "time": moment(entry.at),
        "author": entry.author,
        "role": entry.role,
        "department": entry.department,
        "note": record.get("note", ""),
        "assignee": record.get("assignee"),
        "departments": list(record.get("departments", ())),
        "decision": record.get("decision"),
        "due": record.get("due"),
        "passed": record.get("passed"),
        "document": record.get("document"),
    }


ROW = (
    "id", "title", "division", "project", "warning", "opened", "state", "department", "assignee", "joined",
    "decision", "due", "days_late", "orders", "failed_rechecks", "documents", "last",
)  # fmt: skip
"""Columns of an export."""


def row(shown: Mapping[str, Any]) -> list[Any]:
    """Return what `case_json` says as a row of ROW."""
    told = {**shown, **{name: shown[f"{name}_word"] for name in ("state", "department", "decision")}}
    return [told[name] for name in ROW]
