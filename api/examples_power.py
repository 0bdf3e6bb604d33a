"""Examples of the answers about judged loads: generated numbers, names and codes."""

from typing import Any

_ACCOUNT, _CODE, _PLACE, _SITE = "3300001", "91990001MA0000001R", "330102", "site-0001"
_JUDGED = {
    "run": 7,
    "first": "2026-01-01",
    "as_of": "2026-03-31",
    "model": "5f3a9c0d1e2b",
    "known": "2026-04-01T02:00:00.000000Z",
}
_SCORE = {
    "account": _ACCOUNT,
    "uscc": _CODE,
    "site": _SITE,
    "division": _PLACE,
    "level": "likely",
    "level_word": "likely mines",
    "probability": 0.971,
    "log_odds": 11.8,
    "unusual": 0.0021,
    "kw": 412.5,
    "reasons": [
        {
            "kind": "load_factor",
            "value": 0.983,
            "log_odds": 2.4,
            "text": "its mean is 98 % of its highest load",
        }
    ],
    "judged": _JUDGED,
}
_SITE_KIND = {
    "site": _SITE,
    "uscc": _CODE,
    "division": _PLACE,
    "kind": "mining_farm",
    "kind_word": "mining farm",
    "probability": 0.997,
    "log_odds": 5.8,
    "metered_kw": 412.5,
    "reasons": [{"kind": "pue", "value": 1.04, "log_odds": 1.1, "text": "its PUE is 1.04"}],
    "judged": _JUDGED,
}
_RECONCILIATION = {
    "site": _SITE,
    "uscc": _CODE,
    "division": _PLACE,
    "finding": "hidden_machines",
    "finding_word": "hidden or encrypted machines",
    "hours": 672,
    "network_kw": {"value": 150.0, "low": 130.0, "high": 175.0},
    "metered_kw": 412.5,
    "kw_apart": 262.5,
    "ratio": 2.75,
    "follows": {"part": 2.6, "error": 0.08},
    "joules_per_th": None,
    "alarm": None,
    "better_site": None,
    "hours_inside": {"inside": 3, "above": 669, "below": 0, "unknown": 0},
    "first_hour": "2026-03-03T16:00:00Z",
    "reasons": [
        {
            "kind": "load_follows",
            "figures": {"percent": 95.0},
            "text": "95 % of the whole load stops together with the machines that are seen",
        }
    ],
    "judged": _JUDGED,
}
_LINE = {
    "plant": "示例水电站一号",
    "division": _PLACE,
    "level": "suspected",
    "level_word": "suspected private line",
    "day": "2026-02-11",
    "missing_kw": {"value": 1850.0, "low": 1600.0, "high": 2100.0},
    "part": 0.14,
    "signal": 13.2,
    "by": "resource",
    "load": _SITE,
    "load_kw": 1790.0,
    "judged": _JUDGED,
}

_PEERS = {
    "uscc": _CODE,
    "division": _PLACE,
    "level": "high",
    "level_word": "high use with low output",
    "deviations": 9.3,
    "kw": 1027.4,
    "uses": [
        {
            "basis": "output",
            "ratio": 9.0,
            "median": 0.2,
            "peers": "C3216",
            "count": 40,
            "percentile": 100.0,
            "deviations": 9.3,
            "high": True,
            "text": "9 kWh/CNY: 45 times as much energy for each yuan of output as the median 0.2 of "
            "40 peers of C3216",
        }
    ],
    "judged": _JUDGED,
}
_ESTIMATE = {"value": 380.0, "low": 330.0, "high": 440.0}
_METERED = {
    "accounts": [_ACCOUNT],
    "weeks": [
        {"first": "2026-03-09", "kwh": 69_300.0, "low": 68_607.0, "high": 69_993.0, "days": 7},
        {"first": "2026-03-02", "kwh": 66_000.0, "low": 65_340.0, "high": 66_660.0, "days": 7},
    ],
    "change": 0.05,
    "last": "2026-03-15",
    "kw": 412.5,
    "beside_estimate": "inside",
    "evidence": [f"reading:{_ACCOUNT}/2026-03-02/2026-03-15"],
}
_PROJECT = "pj-5f0c2a9b7d114e63"

ANSWERS: dict[str, Any] = {
    "getProjectMetered": {
        "project": _PROJECT,
        "as_of": "2026-03-15",
        "known": None,
        "estimated_kw": _ESTIMATE,
        "basis": "traffic",
        "metered": _METERED,
    },
    "getInventoryWeekMetered": {
        "week": "2026-W11",
        "before": "2026-W10",
        "division": _PLACE,
        "as_of": "2026-03-15",
        "known": None,
        "totals": {
            "projects": 1,
            "accounts": 1,
            "kwh": 69_300.0,
            "before_kwh": 66_000.0,
            "change": 0.05,
            "kw": 412.5,
            "not_whole": 0,
        },
        "projects": [
            {
                "project": _PROJECT,
                "name": "示例矿场",
                "state": "verified",
                "estimated_kw": _ESTIMATE,
                "metered": _METERED,
            }
        ],
        "without": 2,
    },
    "listPowerScores": {"scores": [_SCORE], "next": None},
    "getPowerScore": {
        "account": _ACCOUNT,
        "uscc": _CODE,
        "site": _SITE,
        "division": _PLACE,
        "contracted_kva": 630.0,
        "meters": 1,
        "score": _SCORE,
        "history": [_SCORE],
        "curve": {
            "first": "2026-03-30",
            "last": "2026-03-31",
            "step": "day",
            "minutes": 1440,
            "kw": [411.2, None],
            "low": [405.0, None],
            "high": [418.3, None],
            "missing": [0, 96],
        },
    },
    "listPowerSites": {"sites": [_SITE_KIND], "next": None},
    "listPowerReconciliations": {"reconciliations": [_RECONCILIATION], "next": None},
    "listPowerLines": {"lines": [_LINE], "next": None},
    "listPowerPeers": {"peers": [_PEERS], "next": None},
}
"""Example answer by operation id."""
FILES: dict[str, dict[str, Any]] = {
    "exportPower": {
        "text/csv": "account,uscc,level,probability\n3300001,91990001MA0000001R,likely mines,0.971\n",
        "application/x-ndjson": '{"account":"3300001","level":"likely","probability":0.971}\n',
    }
}
"""Example files by operation id and media type."""
