"""Examples of exit plans and progress: generated names of the documentation ranges."""

from typing import Any

_EXIT: dict[str, Any] = {
    "project": "pj-5f0c2a9b7d114e63",
    "name": "示例企业甲有限公司",
    "enterprise": "示例企业甲有限公司",
    "uscc": "91990001MA0000001R",
    "division": "990102",
    "state": "verified",
    "state_word": "verified",
    "class": "immediate",
    "body": "示例区发展改革局",
    "next": "notified",
    "due": "2026-03-11",
    "days_late": 260,
    "days_late_at_first": 260,
    "relapses": 0,
    "progress": [
        {
            "step": "notified",
            "step_word": "notified",
            "body": "示例区发展改革局",
            "limit_kw": None,
            "due": "2026-03-11",
            "first_due": "2026-03-11",
            "done": None,
            "state": "late",
            "state_word": "late",
            "days_late": 260,
            "days_late_at_first": 260,
        },
        {
            "step": "cut_off",
            "step_word": "power cut off",
            "body": "示例区发展改革局",
            "limit_kw": None,
            "due": "2026-03-18",
            "first_due": "2026-03-18",
            "done": None,
            "state": "late",
            "state_word": "late",
            "days_late": 253,
            "days_late_at_first": 253,
        },
        {
            "step": "exited",
            "step_word": "exited",
            "body": "示例区发展改革局",
            "limit_kw": None,
            "due": "2026-03-23",
            "first_due": "2026-03-23",
            "done": None,
            "state": "late",
            "state_word": "late",
            "days_late": 248,
            "days_late_at_first": 248,
        },
    ],
}

_EXIT_FILE: dict[str, Any] = {
    **_EXIT,
    "as_of": "2026-04-10",
    "known": None,
    "plans": [
        {
            "class": "immediate",
            "class_word": "leaves at once",
            "body": "示例区发展改革局",
            "known": "2026-03-08T08:00:00.000000Z",
            "author": "wang",
            "department": "development-reform",
            "reason": "",
            "milestones": [
                {
                    "step": "notified",
                    "step_word": "notified",
                    "due": "2026-03-11",
                    "body": "示例区发展改革局",
                    "limit_kw": None,
                },
                {
                    "step": "cut_off",
                    "step_word": "power cut off",
                    "due": "2026-03-18",
                    "body": "示例区发展改革局",
                    "limit_kw": None,
                },
                {
                    "step": "exited",
                    "step_word": "exited",
                    "due": "2026-03-23",
                    "body": "示例区发展改革局",
                    "limit_kw": None,
                },
            ],
        }
    ],
}

_PROGRESS: dict[str, Any] = {
    "as_of": "2026-04-10",
    "known": None,
    "regions": [
        {
            "division": "000000",
            "name": "",
            "level": "central",
            "level_word": "central",
            "projects": 1,
            "running": 1,
            "planned": 1,
            "exited": 0,
            "relapses": 0,
            "late": 1,
            "days_late": 260,
            "progress": 0.0,
            "kw": {"value": 120.0, "low": 100.0, "high": 150.0},
            "kw_left": None,
        },
        {
            "division": "990000",
            "name": "示例省",
            "level": "province",
            "level_word": "province",
            "projects": 1,
            "running": 1,
            "planned": 1,
            "exited": 0,
            "relapses": 0,
            "late": 1,
            "days_late": 260,
            "progress": 0.0,
            "kw": {"value": 120.0, "low": 100.0, "high": 150.0},
            "kw_left": None,
        },
    ],
}

_RELAPSE: dict[str, Any] = {
    "project": "pj-5f0c2a9b7d114e63",
    "name": "示例企业甲有限公司",
    "division": "990102",
    "kind": "returned",
    "kind_word": "the same enterprise mines at the site again",
    "exited": "2026-03-23",
    "seen": "2026-04-02",
    "uscc": "91990001MA0000001R",
    "site": "site-west-1",
    "kw": {"value": 120.0, "low": 100.0, "high": 150.0},
    "machines": {"value": 40.0, "low": 38.0, "high": 44.0},
    "evidence": ["verdict:17"],
}

ANSWERS: dict[str, Any] = {
    "listExits": {"as_of": "2026-04-10", "known": None, "exits": [_EXIT], "next": None},
    "listRelapses": {"as_of": "2026-04-10", "relapses": [_RELAPSE], "next": None},
    "getProgress": _PROGRESS,
    "getExit": _EXIT_FILE,
    "planExit": _EXIT_FILE,
}
"""Example answer by operation id; those of files and of stored verdicts stand in examples.py."""
REQUESTS: dict[str, Any] = {
    "planExit": {"class": "limited-period", "body": "示例区发展改革局", "begin": "2026-03-10"},
}
"""Example body by operation id."""
