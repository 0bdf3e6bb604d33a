"""Examples of risk warnings: generated names of the documentation ranges."""

from typing import Any

_WARNING: dict[str, Any] = {
    "id": 1,
    "rule": "new-mining",
    "because": "Mining at a place that is in no inventory: 示例企业乙有限公司 site-0002, 1 addresses, 900 kW",
    "division": "990101",
    "project": "pj-fb13536556eb55da",
    "state": "open",
    "state_word": "open",
    "severity": "high",
    "severity_word": "high",
    "score": 75,
    "owner": "cyberspace",
    "owner_word": "cyberspace administration",
    "assignee": None,
    "level": "county",
    "level_word": "county",
    "raised": "2026-04-10T08:00:00.000000Z",
    "last": "2026-04-10T08:00:00.000000Z",
    "count": 1,
    "acknowledged": None,
    "deadline": "2026-04-20T08:00:00.000000Z",
    "overdue": True,
    "evidence": ["verdict:6"],
}

_WARNING_FILE: dict[str, Any] = {
    **_WARNING,
    "texts": {
        "project": "pj-fb13536556eb55da",
        "uscc": "91990002MA0000002N",
        "enterprise": "示例企业乙有限公司",
        "site": "site-0002",
        "known": "no",
    },
    "figures": {"hits": 1.0, "confirmed": 1.0, "kw": 900.0},
    "log": [
        {
            "number": 1,
            "kind": "raised",
            "kind_word": "raised",
            "time": "2026-04-10T08:00:00.000000Z",
            "author": "minescope",
            "department": "",
            "note": "",
            "level": "county",
            "severity": "high",
            "owner": "cyberspace",
            "assignee": None,
            "evidence": ["verdict:6"],
        }
    ],
}

ANSWERS: dict[str, Any] = {
    "listWarnings": {"warnings": [_WARNING], "next": None},
    "getWarning": _WARNING_FILE,
    "actOnWarning": _WARNING_FILE,
}
"""Example answer by operation id; those of files and of stored verdicts stand in examples.py."""
REQUESTS: dict[str, Any] = {
    "actOnWarning": {"action": "acknowledge", "note": "on its way to the site"},
}
"""Example body by operation id."""
