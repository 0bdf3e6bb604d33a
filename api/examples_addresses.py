"""Examples of what is known of an address, in the OpenAPI description."""

import json
from typing import Any

ATTRIBUTION: dict[str, Any] = {
    "certain": True,
    "enterprise": "示例企业甲有限公司",
    "uscc": "91990001MA0000001R",
    "line": "line-0001",
    "site": "site-0001",
    "division": "990001",
    "address": "示例路1号",
    "longitude": 100.0,
    "latitude": 30.0,
    "datum": "CGCS2000",
    "valid_from": "2026-01-01T00:00:00.000000Z",
    "valid_to": None,
    "candidates": [],
    "missing": [],
}
VERDICT: dict[str, Any] = {
    "type": "verdict",
    "source": "captures/office.pcap",
    "address": "203.0.113.7",
    "role": "miner",
    "level": "confirmed",
    "score": 0.999981,
    "protocols": ["stratum-cryptonote"],
    "coins": ["XMR"],
    "algorithms": ["rx/0"],
    "encrypted": False,
    "peers": [
        {
            "address": "198.51.100.20",
            "port": 3333,
            "role": "pool",
            "protocol": "stratum-cryptonote",
            "state": "exchange",
        }
    ],
    "first_seen": "2026-03-01T08:00:00.000000Z",
    "last_seen": "2026-03-01T08:40:12.250000Z",
    "agents": ["XMRig/6.21.0"],
    "wallets": [],
    "workers": 1,
    "pools": ["example-pool"],
    "hashrate": [
        {
            "algorithm": "rx/0",
            "value": 4100.0,
            "low": 2942.0,
            "high": 5562.0,
            "unit": "H/s",
            "shares": 41,
            "rejected": 0,
            "stale": 1,
            "reported": None,
            "coverage": 1.0,
            "seconds": 2400.0,
            "series": [
                {
                    "worker": None,
                    "start": "2026-03-01T08:00:12.250000Z",
                    "seconds": 2400.0,
                    "shares": 41,
                    "rejected": 0,
                    "stale": 1,
                    "value": 4100.0,
                    "low": 2942.0,
                    "high": 5562.0,
                }
            ],
        }
    ],
    "rigs": ["rig1"],
    "machines": {"value": 1, "low": 1, "high": 1, "exact": False, "basis": "workers"},
    "power_kw": {
        "value": 0.0607,
        "low": 0.0239,
        "high": 0.136,
        "overhead": [1.0, 1.0],
        "models": [{"name": "desktop, 8 cores", "probability": 0.448}],
    },
    "energy_kwh": {
        "day": {"value": 1.46, "low": 0.574, "high": 3.26},
        "month": {"value": 43.7, "low": 17.2, "high": 97.9},
    },
    "evidence": [
        {
            "kind": "stratum.share_accepted",
            "because": "sent shares that the pool accepted",
            "source": "captures/office.pcap",
            "frame": 118,
            "time": "2026-03-01T08:01:30.500000Z",
            "weight": 9.2,
            "count": 41,
        }
    ],
    "attribution": ATTRIBUTION,
    "cluster": {
        "id": "c-9a0c365d91392bde",
        "sort": "operator",
        "score": 0.999612,
        "certainty": 0.952574,
        "addresses": 4,
        "links": [{"kind": "account", "name": "samplefarm", "addresses": 4, "weight": 7.0}],
    },
}
ADDRESS: dict[str, Any] = {
    "type": "address",
    "address": "203.0.113.7",
    "at": None,
    "port": None,
    "known": True,
    "verdict": {"role": "miner", "level": "confirmed", "score": 0.999981},
    "roles": ["miner"],
    "protocols": ["stratum-cryptonote"],
    "coins": ["XMR"],
    "pools": ["example-pool"],
    "first_seen": "2026-03-01T08:00:00.000000Z",
    "last_seen": "2026-03-01T08:40:12.250000Z",
    "enterprise": {"name": ATTRIBUTION["enterprise"], "uscc": ATTRIBUTION["uscc"]},
    "site": {
        "id": "site-0001",
        "division": "990001",
        "address": "示例路1号",
        "longitude": 100.0,
        "latitude": 30.0,
        "datum": "CGCS2000",
    },
    "attribution": ATTRIBUTION,
    "hint": None,
    "verdicts": [VERDICT],
}
BULK: list[Any] = [
    "203.0.113.7",
    {"address": "2001:db8::7", "at": "2026-03-01T08:00:00Z", "port": 40123},
    "203.0.113.700",
]
BULK_ERROR: dict[str, Any] = {
    "type": "error",
    "input": "203.0.113.700",
    "error": {
        "type": "urn:minescope:problem:invalid-request",
        "title": "The request is not valid",
        "status": 422,
        "detail": "See errors for what is wrong and where.",
        "instance": "/v1/ips:lookup",
        "errors": [{"detail": "This is not an IPv4 or IPv6 address.", "pointer": "#/body/2"}],
    },
}
NOT_KNOWN = (
    ADDRESS
    | {"address": "2001:db8::7", "at": "2026-03-01T08:00:00.000000Z", "port": 40123, "known": False}
    | dict.fromkeys(("verdict", "first_seen", "last_seen", "enterprise", "site"))
    | {name: [] for name in ("roles", "protocols", "coins", "pools", "verdicts")}
    | {
        "attribution": dict.fromkeys(ATTRIBUTION)
        | {"certain": False, "candidates": [], "missing": ["assignment"]}
    }
)
LINES = "\n".join(json.dumps(line, ensure_ascii=False) for line in (ADDRESS, NOT_KNOWN, BULK_ERROR))
