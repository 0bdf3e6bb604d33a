"""Examples of the ledgers' and the screening's answers: generated names and codes."""

from typing import Any

_CODE, _OTHER = "91990001MA0000001R", "91990101MADEUP0132"
_SUMS = {
    "count": 1,
    "amount": "1200000.00",
    "recovered": "350000.10",
    "outstanding": "849999.90",
    "due": "1200000.00",
    "overdue": "849999.90",
    "written_off": "0.00",
}
_SUPPORT = {
    "id": "L-2021-017",
    "uscc": _CODE,
    "name": "示例企业甲有限公司",
    "kind": "loan",
    "kind_says": "loan",
    "body": "示例银行",
    "body_kind": "bank",
    "body_says": "bank",
    "financial": True,
    "division": "990001",
    "document": None,
    "granted": "2021-01-05",
    "stop_by": None,
    "recover_by": "2022-03-31",
    "stopped": None,
    "state": "overdue",
    "says": "overdue",
    "amount": "1200000.00",
    "recovered": "350000.10",
    "written_off": "0.00",
    "outstanding": "849999.90",
    "due": "1200000.00",
    "overdue": "849999.90",
    "overdue_since": "2022-04-01",
    "overdue_days": 30,
    "excess": "0.00",
}
_FLOW = {
    "from": {"kind": "wallet", "id": "4888…8888"},
    "to": {"kind": "payment-account", "id": "…"},
    "institution": "示例支付公司",
    "institution_kind": "non-bank-payment",
    "institution_says": "non-bank payment institution",
    "financial": True,
    "holder": _CODE,
    "coin": "XMR",
    "amount": "12.5",
    "first_on": "2026-01-01",
    "last_on": "2026-02-01",
    "authority": "示例公安局",
    "document": "〔2026〕1号",
    "source": "flows-2026.csv",
}
_FINDING = {
    "uscc": _OTHER,
    "name": "示例企业乙有限公司",
    "division": "990001",
    "sort": "attached",
    "level": "strong",
    "score": 0.952574,
    "says": "attached to an enterprise that mines (strongly suspected, 0.95)",
    "participations": [
        {
            "participant": "P-0017",
            "exchange": "示例电力交易中心",
            "division": "990001",
            "accounts": ["3300000017"],
            "retailer": None,
            "entered": "2025-01-01",
            "left": None,
            "trades": True,
            "leaving": {
                "basis": "not-named",
                "leave_by": None,
                "overdue_days": 0,
                "rule": "national-floor",
                "document": "发改运行〔2021〕1283号",
                "consequences": ["barred"],
                "says": "the rule 发改运行〔2021〕1283号 wants a day to leave by, and none is entered",
                "consequences_say": ["may not trade power under any name"],
            },
        }
    ],
    "mining": {
        "enterprise": {"uscc": _CODE, "name": "示例企业甲有限公司"},
        "probability": 1.0,
        "listed": True,
        "since": "2026-01-05",
        "because": "示例名单",
    },
    "steps": [
        {
            "from": {"uscc": _CODE, "name": "示例企业甲有限公司"},
            "to": {"uscc": _OTHER, "name": "示例企业乙有限公司"},
            "probability": 0.952574,
            "ties": [
                {
                    "kind": "account",
                    "name": "3300000017",
                    "sharers": 2,
                    "weight": 10.0,
                    "hub": False,
                    "because": "the electricity account 3300000017, shared by 2 enterprises (+10.0)",
                }
            ],
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "importLedger": {
        "ledger": "support",
        "taken": False,
        "rows": 2,
        "refused": 1,
        "added": 1,
        "changed": 0,
        "ended": 0,
        "unchanged": 0,
        "reasons": 1,
        "errors": [{"row": 3, "column": "amount", "code": "empty", "because": "row 3, column amount: empty"}],
        "notices": [],
    },
    "listLedgers": {
        "ledgers": [
            {
                "ledger": "support",
                "says": "loans, guarantees, securities, subsidies and benefits",
                "rows": 214,
                "imported": "2026-03-02T09:00:00.000000Z",
            }
        ]
    },
    "listSupport": {
        "as_of": "2022-04-30",
        "total": _SUMS,
        "by_kind": {"loan": _SUMS},
        "by_body": {"bank": _SUMS},
        "financial": _SUMS,
        "support": [_SUPPORT],
        "next": None,
    },
    "listRecords": {
        "as_of": "2026-03-02",
        "fined": "50000.00",
        "records": [
            {
                "id": "P-2026-004",
                "ledger": "penalties",
                "uscc": _CODE,
                "name": "示例企业甲有限公司",
                "kind": "fine",
                "on": "2026-02-01",
                "authority": "示例发展和改革局",
                "division": "990001",
                "document": "〔2026〕4号",
                "amount": "50000.00",
                "until": None,
                "state": "published",
                "says": "published",
                "since": "2026-02-05",
                "public": True,
                "events": [
                    {
                        "step": "published",
                        "says": "published",
                        "on": "2026-02-05",
                        "authority": None,
                        "document": None,
                    }
                ],
            }
        ],
        "next": None,
    },
    "listPoints": {
        "year": 2026,
        "points": [
            {
                "division": "990000",
                "period": "2026",
                "given": "0",
                "taken": "-2.5",
                "total": "-2.5",
                "entries": 1,
            }
        ],
    },
    "traceFlows": {
        "chains": [
            {
                "from": _FLOW["from"],
                "to": _FLOW["to"],
                "holder": _CODE,
                "holder_name": "示例企业甲有限公司",
                "clusters": ["c-9a0c365d91392bde"],
                "authorities": ["示例公安局"],
                "in_time": True,
                "first_on": "2026-01-01",
                "last_on": "2026-02-01",
                "steps": [_FLOW],
            }
        ],
        "more": False,
    },
    "listLedgerAlarms": {
        "as_of": "2022-04-30",
        "alarms": [
            {
                "kind": "support.overdue",
                "severity": "medium",
                "uscc": _CODE,
                "division": "990001",
                "about": "L-2021-017",
                "on": "2022-04-01",
                "because": "loan L-2021-017 of 示例企业甲有限公司: 849999.90 CNY are overdue for 30 days",
                "params": {
                    "name": "示例企业甲有限公司",
                    "id": "L-2021-017",
                    "kind": "loan",
                    "overdue": "849999.90",
                    "days": "30",
                },
            }
        ],
        "more": False,
    },
    "readLedger": {
        "rows": [
            {
                "ledger": "dual-control",
                "key": "D-2026-001",
                "subject": None,
                "uscc": None,
                "division": "990000",
                "record": {
                    "id": "D-2026-001",
                    "period": "2026",
                    "points": "-2.5",
                    "reason": "新增项目",
                    "uscc": "",
                    "project": "",
                    "authority": "",
                    "document": "",
                    "division": "990000",
                },
                "source": "dual-control-2026.xlsx",
                "known_from": "2026-03-02T09:00:00.000000Z",
                "known_to": None,
            }
        ],
        "next": None,
    },
    "listFindings": {
        "as_of": "2026-03-02",
        "made": "2026-03-02T09:00:00.000000Z",
        "counts": {"attached": 1, "listed": 3},
        "findings": [_FINDING],
        "next": None,
    },
    "getFinding": {
        "uscc": _OTHER,
        "as_of": "2026-03-02",
        "made": "2026-03-02T09:00:00.000000Z",
        "finding": _FINDING,
    },
}
"""Example answer by operation id."""
FILES: dict[str, dict[str, Any]] = {
    "exportLedger": {
        "text/csv": "id,uscc,kind\nL-2021-017,91990001MA0000001R,loan\n",
        "application/x-ndjson": '{"ledger":"support","key":"L-2021-017"}\n',
    },
    "exportFindings": {"text/csv": "uscc,name\n91990101MADEUP0132,示例企业乙有限公司\n"},
}
"""Example files by operation id and media type."""
