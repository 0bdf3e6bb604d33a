"""Examples of projects: generated names of the documentation ranges."""

from typing import Any

_MEASURE: dict[str, Any] = {
    "on": "2026-03-01",
    "known": "2026-03-06T08:00:00.000000Z",
    "basis": "traffic",
    "machines": {"value": 8, "low": 8, "high": 8, "evidence": ["verdict:1"]},
    "kw": {"value": 120.0, "low": 100.0, "high": 150.0, "evidence": ["verdict:1"]},
    "kwh_day": {"value": 2880.0, "low": 2400.0, "high": 3600.0, "evidence": ["verdict:1"]},
    "metered": False,
    "computing": [
        {
            "algorithm": "rx/0",
            "value": 40000.0,
            "low": 35000.0,
            "high": 46000.0,
            "unit": "H/s",
            "evidence": ["verdict:1"],
        }
    ],
    "evidence": ["verdict:1"],
}
_PROJECT: dict[str, Any] = {
    "id": "pj-5f0c2a9b7d114e63",
    "kind": "running",
    "kind_word": "running",
    "name": "示例企业甲有限公司",
    "uscc": "91990001MA0000001R",
    "enterprise": "示例企业甲有限公司",
    "site": "site-0001",
    "sites": ["site-0001"],
    "lines": ["line-0001"],
    "accounts": [],
    "address": "示例路1号",
    "park": "",
    "cluster": "",
    "division": "990102",
    "state": "verified",
    "state_word": "verified",
    "running": True,
    "since": "2026-03-07",
    "first": "2026-03-01",
    "relapses": 0,
    "measured": _MEASURE,
    "size": {"id": "small", "word": "small"},
    "size_could_be": ["small"],
    "energy_level": {"id": "minor", "word": "below 1,000 tce a year"},
    "coal_t_year": {"value": 129.19248000000002, "low": 107.66040000000001, "high": 161.49060000000003},
    "planned": None,
    "note": "",
}

_FILE: dict[str, Any] = {
    **_PROJECT,
    "as_of": "2026-04-10",
    "known": None,
    "described": [
        {"known": "2026-03-06T08:00:00.000000Z", "author": "li", "why": "", "changed": []},
        {
            "known": "2026-03-09T08:00:00.000000Z",
            "author": "wang",
            "why": "account named by the supplier",
            "changed": ["accounts"],
        },
    ],
    "events": [
        {
            "number": 1,
            "step": "found",
            "step_word": "found",
            "on": "2026-03-01",
            "known": "2026-03-06T08:00:00.000000Z",
            "author": "li",
            "department": "cyberspace",
            "note": "",
            "evidence": ["verdict:1"],
            "withdraws": None,
            "stands": True,
        },
        {
            "number": 2,
            "step": "verified",
            "step_word": "verified",
            "on": "2026-03-07",
            "known": "2026-03-07T08:00:00.000000Z",
            "author": "li",
            "department": "cyberspace",
            "note": "seen",
            "evidence": [],
            "withdraws": None,
            "stands": True,
        },
    ],
    "next": ["rejected", "notified", "limited", "cut_off", "exited"],
    "measures": [_MEASURE],
    "carbon": {
        "kg_day": 1604,
        "t_year": 585.308,
        "households": 424,
        "factor": "sample-2021",
        "kg_per_kwh": "0.5568",
        "source": "generated: the nation's, for the sample province",
        "mark": "G",
        "carried": True,
    },
}

_PROPOSALS: dict[str, Any] = {
    "proposals": [
        {
            "project": "pj-fb13536556eb55da",
            "uscc": "91990002MA0000002N",
            "enterprise": "示例企业乙有限公司",
            "site": "site-0002",
            "cluster": "",
            "division": "990101",
            "address": "示例省示例市东区示例路2号",
            "lines": ["line-3001"],
            "addresses": ["203.0.113.50"],
            "level": "confirmed",
            "first": "2026-03-01",
            "last": "2026-03-01",
            "machines": None,
            "kw": {"value": 900.0, "low": 700.0, "high": 1200.0},
            "computing": [],
            "unmeasured": 0,
            "evidence": ["verdict:6"],
            "clusters": [],
            "state": None,
            "state_word": None,
        }
    ],
    "unplaced": 0,
    "victims": [
        {
            "address": "203.0.113.77",
            "uscc": "91990001MA0000001R",
            "site": "site-0001",
            "division": "990102",
            "grade": "campaign",
            "probability": 0.97,
            "cluster": "c-5f0c2a9b7d114e63",
            "evidence": ["verdict:9"],
            "because": "victim of a campaign, not billed: 7 places that have nothing else in common",
        }
    ],
}

_WEEK: dict[str, Any] = {
    "week": "2026-W10",
    "before": "2026-W09",
    "division": "000000",
    "as_of": "2026-03-08",
    "known": None,
    "totals": {
        "projects": 1,
        "running": 1,
        "by_state": {"verified": 1},
        "gone": 0,
        "relapses": 0,
        "by_size": {"single": 0, "small": 1, "medium": 0, "large": 0},
        "kw": {"value": 120.0, "low": 100.0, "high": 150.0},
        "machines": {"value": 8, "low": 8, "high": 8},
        "unmeasured": 0,
        "computing": [
            {"algorithm": "rx/0", "value": 40000.0, "low": 35000.0, "high": 46000.0, "unit": "H/s"}
        ],
    },
    "change": {"new": ["pj-5f0c2a9b7d114e63"], "back": [], "gone": [], "moved": [], "grown": []},
}

ANSWERS: dict[str, Any] = {
    "listProposals": _PROPOSALS,
    "listProjects": {"as_of": "2026-04-10", "known": None, "projects": [_PROJECT], "next": None},
    "openProject": _FILE,
    "getProject": _FILE,
    "addProjectEvent": _FILE,
    "describeProject": _FILE,
    "measureProject": _FILE,
    "getInventoryWeek": _WEEK,
}
"""Example answer by operation id; those of files and of stored verdicts stand in examples.py."""
REQUESTS: dict[str, Any] = {
    "describeProject": {"accounts": ["3300001"], "why": "account named by the supplier"},
    "openProject": {"proposal": "pj-5f0c2a9b7d114e63", "note": "confirmed with the carrier"},
    "addProjectEvent": {
        "step": "notified",
        "on": "2026-03-11",
        "note": "notice 2026-12 handed over",
        "evidence": ["file:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    },
    "measureProject": {
        "basis": "inspection",
        "on": "2026-03-09",
        "machines": {"value": 40, "low": 40, "high": 40},
        "evidence": ["file:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    },
}
"""Example body by operation id."""
