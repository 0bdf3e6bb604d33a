"""Examples of the answers of the differential price: generated numbers, names and codes."""

from typing import Any

_ACCOUNT, _CODE, _PLACE = "3300001", "91990001MA0000001R", "330102"
_LINE = {
    "rule": "zhejiang-2022",
    "first": "2025-01-11",
    "last": "2025-01-31",
    "days": 21,
    "share": "1",
    "kwh": "8363.1958",
    "rate": "0.50",
    "amount": "4181.60",
    "net": None,
}
_MINING = {
    "period": "4b0f0f0e3d0e",
    "account": _ACCOUNT,
    "division": _PLACE,
    "state": "confirmed",
    "first": "2025-01-11",
    "last": None,
    "found": "2025-02-03",
    "share": "1",
    "because": "40 machines seen on site",
    "evidence": {
        "source": "traffic",
        "verdicts": [17],
        "addresses": ["203.0.113.7"],
        "lines": ["line-0001"],
    },
    "known": "2025-02-04T02:00:00.000000Z",
    "author": "li",
}
_ENTRY = {
    "number": 1,
    "kind": "charge",
    "account": _ACCOUNT,
    "uscc": _CODE,
    "division": _PLACE,
    "month": "2025-01",
    "reading": {"first": "2025-01-01", "after": "2025-02-01"},
    **_LINE,
    "basis": "5f3a9c0d1e2b4a68",
    "made": "2025-02-05",
    "reverses": None,
    "why": "first bill",
}
_OWED = {
    "account": _ACCOUNT,
    "uscc": _CODE,
    "division": _PLACE,
    "due": "4181.60",
    "paid": "1000.00",
    "credit": "0.00",
    "not_yet_due": "0.00",
    "overdue": ["3181.60", "0.00", "0.00"],
    "arrears": "3181.60",
    "months": [{"month": "2025-01", "due_on": "2025-02-16", "due": "4181.60", "paid": "1000.00"}],
}
REQUESTS: dict[str, Any] = {
    "decideMiningPeriod": {"state": "confirmed", "why": "40 machines seen on site", "going_on": True},
    "billTariff": {"as_of": "2025-02-05", "post": False, "why": "first bill"},
}
"""Example body by operation id."""
ANSWERS: dict[str, Any] = {
    "listTariffRules": {
        "rules": [
            {
                "id": "zhejiang-2022",
                "jurisdiction": "330000",
                "rate": "0.50",
                "tax": "unstated",
                "scope": "account",
                "valid_from": "2022-02-14",
                "valid_to": None,
                "start": "mining",
                "part_period": "daily-average",
                "unknown_months": None,
                "backpay_penalty": None,
                "market": [],
                "document": "浙江省发展改革委 2022-02-14",
                "status": "in-force",
                "mark": "V",
                "note": "Mixed use on one account: all its energy.",
                "bills": True,
            }
        ]
    },
    "getTariffAccount": {
        "account": _ACCOUNT,
        "uscc": _CODE,
        "site": "site-0001",
        "division": _PLACE,
        "notice": {"told": "2025-02-04", "document": "杭发改告〔2025〕1号"},
        "mining": [_MINING],
        "readings": [
            {
                "first": "2025-01-01",
                "after": "2025-02-01",
                "kwh": "12345.67",
                "way": "bill",
                "source": "bills-2025-01.xlsx",
                "known": "2025-02-03T02:00:00.000000Z",
            }
        ],
        "entries": [_ENTRY],
        "payments": [
            {"on": "2025-02-10", "amount": "1000.00", "reference": "T-0001", "source": "payments.csv"}
        ],
        "standing": _OWED,
    },
    "listMiningPeriods": {"periods": [_MINING], "next": None},
    "decideMiningPeriod": _MINING,
    "listTariffEntries": {"entries": [_ENTRY], "next": None},
    "listTariffArrears": {"on": "2025-03-01", "accounts": [_OWED], "next": None},
    "listTariffCollection": {
        "on": "2025-03-01",
        "regions": [
            {
                "division": "330100",
                "accounts": 1,
                "due": "4181.60",
                "paid": "1000.00",
                "credit": "0.00",
                "arrears": "3181.60",
                "rate": "0.2391",
            }
        ],
    },
    "billTariff": {
        "posted": False,
        "accounts": 2,
        "amount": "4181.60",
        "entries": [
            {
                "number": 1,
                "kind": "charge",
                "account": _ACCOUNT,
                "month": "2025-01",
                "reverses": None,
                **_LINE,
            }
        ],
        "refusals": [
            {
                "account": "6100001",
                "month": "2023-01",
                "reason": "no-rate",
                "rule": "shaanxi-2022",
                "first": "2023-01-01",
                "last": "2023-01-31",
                "days": 31,
            }
        ],
        "drafts": [],
        "unmetered": [],
        "recounted": [{"account": "3300002", "month": "2025-02", "kwh": None}],
        "faults": [],
    },
}
"""Example answer by operation id."""
FILES: dict[str, dict[str, Any]] = {
    "exportTariff": {
        "text/csv": "number,kind,account,amount\n1,charge,3300001,4181.60\n",
        "application/x-ndjson": '{"number":1,"kind":"charge","account":"3300001","amount":"4181.60"}\n',
    }
}
"""Example files by operation id and media type."""
