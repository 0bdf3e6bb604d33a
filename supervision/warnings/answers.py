"""Risk warnings as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from supervision.projects.words import moment, said
from supervision.warnings.kept import RiskWarning
from supervision.warnings.life import Entry, Standing
from supervision.warnings.rules import Rulebook
from supervision.warnings.sentences import worded
from supervision.warnings.words import DEPARTMENTS, KINDS, LEVELS, SEVERITIES, STATES

Json = dict[str, Any]


def warning_json(book: Rulebook, held: Standing, now: datetime, lang: str) -> Json:
    """Return one warning as it stands."""
    head = held.head
    return {
        "id": head.id,
        "rule": head.rule,
        "because": because(book, held, lang),
        "division": head.division,
        "project": head.project,
        "state": held.state,
        "state_word": said(STATES, held.state, lang),
        "severity": held.severity,
        "severity_word": said(SEVERITIES, held.severity, lang),
        "score": held.score,
        "owner": held.owner,
        "owner_word": said(DEPARTMENTS, held.owner, lang),
        "assignee": held.assignee or None,
        "level": held.level,
        "level_word": said(LEVELS, held.level, lang),
        "raised": moment(head.raised),
        "last": moment(held.last),
        "count": held.count,
        "acknowledged": None if held.acknowledged is None else moment(held.acknowledged),
        "deadline": moment(held.deadline),
        "overdue": held.overdue(now),
        "evidence": list(held.evidence),
    }


def file_json(book: Rulebook, found: RiskWarning, now: datetime, lang: str) -> Json:
    """Return one warning with its log."""
    shown = warning_json(book, found.standing, now, lang)
    return {
        **shown,
        "texts": dict(found.standing.texts),
        "figures": dict(found.standing.figures),
        "log": [entry_json(one, lang) for one in found.entries],
    }


def entry_json(entry: Entry, lang: str) -> Json:
    """Return one event of a warning."""
    record = entry.record
    return {
        "number": entry.number,
        "kind": entry.kind,
        "kind_word": said(KINDS, entry.kind, lang),
        "time": moment(entry.at),
        "author": entry.author,
        "department": entry.department,
        "note": record.get("note", ""),
        "level": record.get("level"),
        "severity": record.get("severity"),
        "owner": record.get("owner") or None,
        "assignee": record.get("assignee") or None,
        "evidence": list(record.get("evidence", ())),
    }


def because(book: Rulebook, held: Standing, lang: str) -> str:
    """Return the sentence of a warning; the rule's name and key where the rule is not there any more."""
    rule = book.rule(held.head.rule)
    if rule is None:
        return f"{held.head.rule}: {held.head.key}"
    return worded(rule, held.texts, held.figures, lang)


ROW = (
    "id", "rule", "because", "division", "project", "state", "severity", "score", "owner", "assignee",
    "level", "raised", "last", "count", "acknowledged", "deadline", "overdue", "evidence",
)  # fmt: skip
"""Columns of an export."""


def row(shown: Mapping[str, Any]) -> list[Any]:
    """Return what `warning_json` says as a row of ROW."""
    words = {name: shown[f"{name}_word"] for name in ("state", "severity", "owner", "level")}
    told = {**shown, **words}
    return [told[name] for name in ROW]
