"""Examples of the OpenAPI description: generated addresses and names of the documentation ranges."""

import json
from typing import Any

_ATTRIBUTION: dict[str, Any] = {
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
_VERDICT: dict[str, Any] = {
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
    "hashrate": [{"algorithm": "rx/0", "value": 4100.0, "low": 3300.0, "high": 5000.0, "unit": "H/s"}],
    "power_kw": None,
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
    "attribution": _ATTRIBUTION,
}
_ADDRESS: dict[str, Any] = {
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
    "enterprise": {"name": _ATTRIBUTION["enterprise"], "uscc": _ATTRIBUTION["uscc"]},
    "site": {
        "id": "site-0001",
        "division": "990001",
        "address": "示例路1号",
        "longitude": 100.0,
        "latitude": 30.0,
        "datum": "CGCS2000",
    },
    "attribution": _ATTRIBUTION,
    "verdicts": [_VERDICT],
}
_BULK: list[Any] = [
    "203.0.113.7",
    {"address": "2001:db8::7", "at": "2026-03-01T08:00:00Z", "port": 40123},
    "203.0.113.700",
]
_BULK_ERROR: dict[str, Any] = {
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
_NOT_KNOWN = (
    _ADDRESS
    | {"address": "2001:db8::7", "at": "2026-03-01T08:00:00.000000Z", "port": 40123, "known": False}
    | dict.fromkeys(("verdict", "first_seen", "last_seen", "enterprise", "site"))
    | {name: [] for name in ("roles", "protocols", "coins", "pools", "verdicts")}
    | {
        "attribution": dict.fromkeys(_ATTRIBUTION)
        | {"certain": False, "candidates": [], "missing": ["assignment"]}
    }
)
_LINES = "\n".join(json.dumps(line, ensure_ascii=False) for line in (_ADDRESS, _NOT_KNOWN, _BULK_ERROR))

_HEALTH: dict[str, Any] = {
    "status": "ok",
    "version": "0.1.0",
    "database": "reachable",
    "counts": {
        "runs": 12,
        "verdicts": 480,
        "addresses": 451,
        "evidence": 2950,
        "enterprises": 6,
        "assignments": 16,
    },
}
REQUESTS: dict[str, Any] = {"lookupAddresses": _BULK}
"""Example body by operation id."""
ANSWERS: dict[str, Any] = {
    "getAddress": _ADDRESS,
    "lookupAddresses": _LINES,
    "listHits": {"hits": [_VERDICT], "next": None},
    "getHealth": _HEALTH,
}
"""Example answer (200) by operation id."""
