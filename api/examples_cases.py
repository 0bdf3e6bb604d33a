"""Examples of cases: generated names of the documentation ranges."""

from typing import Any

_CASE: dict[str, Any] = {
    "id": 1,
    "title": "示例区机房",
    "division": "990102",
    "project": "pj-5f0c2a9b7d114e63",
    "warning": None,
    "opened": "2026-04-10T08:00:00.000000Z",
    "state": "open",
    "state_word": "open",
    "department": "cyberspace",
    "department_word": "cyberspace administration",
    "assignee": None,
    "handing_to": None,
    "joined": [],
    "decision": None,
    "decision_word": None,
    "due": None,
    "days_late": 0,
    "orders": 0,
    "failed_rechecks": 0,
    "documents": 0,
    "last": "2026-04-10T08:00:00.000000Z",
}

_CASE_FILE: dict[str, Any] = {
    **_CASE,
    "next": ["assign", "hand-over", "join", "attach", "note"],
    "attached": [],
    "log": [
        {
            "number": 1,
            "action": "open",
            "action_word": "opened",
            "time": "2026-04-10T08:00:00.000000Z",
            "author": "zhang",
            "role": "supervisor",
            "department": "cyberspace",
            "note": "",
            "assignee": None,
            "departments": [],
            "decision": None,
            "due": None,
            "passed": None,
            "document": None,
        }
    ],
}

ANSWERS: dict[str, Any] = {
    "listCases": {"cases": [_CASE], "next": None},
    "openCase": _CASE_FILE,
    "getCase": _CASE_FILE,
    "addCaseEntry": _CASE_FILE,
}
"""Example answer by operation id; those of files and of stored verdicts stand in examples.py."""
REQUESTS: dict[str, Any] = {
    "openCase": {"title": "示例机房", "project": "pj-5f0c2a9b7d114e63"},
    "addCaseEntry": {"action": "assign", "assignee": "wang"},
}
"""Example body by operation id."""
