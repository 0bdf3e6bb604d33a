"""Examples of the OpenAPI description: generated addresses and names of the documentation ranges."""

import base64
import hashlib
import json
from typing import Any

from api import (
    examples_cases,
    examples_clocks,
    examples_exits,
    examples_ledgers,
    examples_power,
    examples_projects,
    examples_tariff,
    examples_warnings,
)
from api.sheets import COLUMNS
from api.stix import bundle

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
    "attribution": _ATTRIBUTION,
    "cluster": {
        "id": "c-9a0c365d91392bde",
        "sort": "operator",
        "score": 0.999612,
        "certainty": 0.952574,
        "addresses": 4,
        "links": [{"kind": "account", "name": "samplefarm", "addresses": 4, "weight": 7.0}],
    },
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
    "hint": None,
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
_DECISION: dict[str, Any] = {
    "id": 7,
    "address": "203.0.113.7",
    "decision": "confirm",
    "reason": "40 machines seen on site",
    "by": "li",
    "time": "2026-03-02T09:00:00.000000Z",
}
_SITE: dict[str, Any] = {
    "id": "site-0001",
    "name": "示例园区1号楼",
    "division": "990001",
    "address": "示例路1号",
    "longitude": 100.0,
    "latitude": 30.0,
    "datum": "CGCS2000",
    "landlord": "",
    "meters": ["9900000001"],
    "source": "generated sample",
}
_ASSIGNMENT: dict[str, Any] = {
    "prefix": "203.0.113.0/28",
    "line": "line-0001",
    "uscc": _ATTRIBUTION["uscc"],
    "site": "site-0001",
    "valid_from": "2026-01-01T00:00:00.000000Z",
    "valid_to": None,
    "source": "generated sample",
}
_FOUND: dict[str, Any] = {
    "verdicts": [_VERDICT],
    "evidence": [{"address": "203.0.113.7", "packets": 3, "href": "/v1/ips/203.0.113.7/evidence.pcap"}],
    "decisions": [_DECISION],
}
_JOB: dict[str, Any] = {
    "id": "0f" * 16,
    "state": "queued",
    "entries": 250_000,
    "invalid": 2,
    "done": 0,
    "created": "2026-03-02T09:00:00.000000Z",
    "finished": None,
    "result": None,
}
_JOB_DONE = _JOB | {
    "state": "done",
    "done": 250_000,
    "finished": "2026-03-02T09:01:10.000000Z",
    "result": f"/v1/jobs/{'0f' * 16}/result",
}
_SESSION: dict[str, Any] = {
    "name": "li",
    "role": "analyst",
    "division": "990000",
    "department": "cyberspace",
    "permissions": ["decide", "evidence", "export", "files", "hits", "lookup", "personal"],
    "key": None,
    "csrf_token": "5f" * 32,
}
_HEAD: dict[str, Any] = {"seq": 48210, "digest": "a1" * 32}
_PACKET = bytes.fromhex("000000000002000000000001080045000028")


_ENTRY: dict[str, Any] = {
    "list": "allow",
    "entry": "203.0.113.0/24",
    "reason": "our own laboratory",
    "added": "2026-03-01T09:00:00.000000Z",
}


class ByMediaType(dict[str, Any]):
    """Examples by media type; one that is not named has none."""


REQUESTS: dict[str, Any] = {
    **examples_projects.REQUESTS,
    **examples_exits.REQUESTS,
    **examples_warnings.REQUESTS,
    **examples_cases.REQUESTS,
    **examples_tariff.REQUESTS,
    **examples_clocks.REQUESTS,
    "lookupAddresses": _BULK,
    "startJob": _BULK,
    "startReport": {"kind": "weekly", "region": "990000", "week": "2026-W11", "formats": ["html", "pdf"]},
    "decide": {"decision": "confirm", "reason": "40 machines seen on site"},
    "addListEntry": {"entry": "203.0.113.0/24", "reason": "our own laboratory"},
    "logIn": {"name": "li", "password": "correct horse battery", "code": "492039"},
}
"""Example body by operation id."""
_CLUSTER: dict[str, Any] = {
    "type": "cluster",
    "id": "c-9a0c365d91392bde",
    "sort": "operator",
    "says": "one operator",
    "score": 0.999612,
    "certainty": 0.952574,
    "addresses": 2,
    "first_seen": "2026-03-01T08:00:00.000000Z",
    "last_seen": "2026-03-02T08:00:00.000000Z",
    "because": ["100 % of the addresses are in one place"],
    "links": [
        {
            "kind": "account",
            "name": "samplefarm",
            "addresses": 2,
            "weight": 7.0,
            "because": "2 addresses: working for the pool account samplefarm (log-odds +7.0)",
        }
    ],
}
_MEMBER: dict[str, Any] = {
    "party": "account:samplefarm",
    "score": 5.7,
    "first_seen": "2026-03-01T08:00:00.000000Z",
    "last_seen": "2026-03-02T08:00:00.000000Z",
    "line": "line-1004",
    "enterprise": "91990101MADEUP048L",
}

_REPORT: dict[str, Any] = {
    "id": "0f" * 16,
    "state": "queued",
    "kind": "weekly",
    "region": "990000",
    "subject": None,
    "week": "2026-W11",
    "month": None,
    "as_of": "2026-03-15",
    "created": "2026-03-16T09:00:00.000000Z",
    "finished": None,
    "files": [],
    "missing": {},
}
_REPORT_FILE: dict[str, Any] = {
    "name": "weekly-990000-2026-W11-2026-03-15-zh.html",
    "language": "zh",
    "format": "html",
    "bytes": 18_204,
    "sha256": hashlib.sha256(b"").hexdigest(),
    "path": f"/v1/reports/{'0f' * 16}/file?format=html&language=zh",
}

ANSWERS: dict[str, Any] = {
    **examples_projects.ANSWERS,
    "getProjectEvidence": {
        "figure": "kw",
        "evidence": ["verdict:1"],
        "verdicts": [_VERDICT],
        "unseen": 0,
    },
    **examples_exits.ANSWERS,
    **examples_warnings.ANSWERS,
    **examples_cases.ANSWERS,
    **{f"export{name}": ByMediaType() for name in ("Projects", "Exits", "Warnings", "Cases")},
    **examples_ledgers.ANSWERS,
    **{name: ByMediaType(files) for name, files in examples_ledgers.FILES.items()},
    **examples_tariff.ANSWERS,
    **examples_clocks.ANSWERS,
    **examples_power.ANSWERS,
    **{name: ByMediaType(files) for name, files in examples_power.FILES.items()},
    **{name: ByMediaType(files) for name, files in examples_tariff.FILES.items()},
    "startReport": _REPORT,
    "getReport": _REPORT
    | {"state": "done", "finished": "2026-03-16T09:00:01.000000Z", "files": [_REPORT_FILE]},
    "getReportFile": ByMediaType(),
    "listClusters": {"clusters": [_CLUSTER], "next": None},
    "getCluster": {
        **_CLUSTER,
        "members": [{"address": f"203.0.113.{n}", **_MEMBER} for n in (7, 8)],
        "more": False,
    },
    "getAddress": _ADDRESS,
    "lookupAddresses": _LINES,
    "listHits": {"hits": [_VERDICT], "next": None},
    "getHealth": _HEALTH,
    "listEvidencePackets": {
        "address": "203.0.113.7",
        "capture": "/v1/ips/203.0.113.7/evidence.pcap",
        "packets": [
            {
                "source": "captures/office.pcap",
                "frame": 118,
                "time": "2026-03-01T08:01:30.500000Z",
                "kinds": ["stratum.share_accepted"],
                "link_type": 1,
                "length": len(_PACKET),
                "data": base64.b64encode(_PACKET).decode(),
                "sha256": hashlib.sha256(_PACKET).hexdigest(),
                "intact": True,
            }
        ],
    },
    "getEvidenceCapture": ByMediaType(),
    "listDecisions": {"decisions": [_DECISION]},
    "decide": _DECISION,
    "startJob": _JOB,
    "getJob": _JOB_DONE,
    "getJobResult": _LINES,
    "cancelJob": _JOB | {"state": "cancelled", "finished": "2026-03-02T09:00:05.000000Z"},
    "exportHits": ByMediaType(
        {
            "text/csv": ",".join(COLUMNS[:6]) + ",...",
            "application/x-ndjson": json.dumps(_VERDICT, ensure_ascii=False) + "\n",
            "application/stix+json;version=2.1": bundle([_VERDICT]),
        }
    ),
    "getEnterprise": {
        "type": "enterprise",
        "uscc": _ATTRIBUTION["uscc"],
        "name": _ATTRIBUTION["enterprise"],
        "address": "示例路1号",
        "legal_form": "",
        "industry": "",
        "status": "",
        "source": "generated sample",
        "sites": [_SITE],
        "assignments": [_ASSIGNMENT],
        "more": False,
        **_FOUND,
    },
    "getSite": {
        **_SITE,
        "type": "site",
        "enterprises": [{"uscc": _ATTRIBUTION["uscc"], "name": _ATTRIBUTION["enterprise"]}],
        "assignments": [_ASSIGNMENT],
        "more": False,
        **_FOUND,
    },
    "getPool": {
        "type": "pool",
        "name": "example-pool",
        "coins": ["XMR"],
        "addresses": ["198.51.100.20"],
        **_FOUND,
    },
    "listProbes": {
        "runs": [
            {
                "name": "replay 2026-03-01T09:00:00.000000Z",
                "started": "2026-03-01T09:00:00.000000Z",
                "verdicts": 40,
                "sources": 1,
                "last_seen": "2026-03-01T08:40:12.250000Z",
            }
        ]
    },
    "readList": {"entries": [_ENTRY], "count": 1, "next": None},
    "addListEntry": _ENTRY,
    "removeListEntry": _ENTRY,
    "logIn": _SESSION,
    "beginLogIn": None,
    "finishLogIn": ByMediaType(),
    "endLogIn": None,
    "getSession": _SESSION,
    "logOut": None,
    "listAccounts": {
        "accounts": [
            {
                "name": "li",
                "role": "analyst",
                "division": "990000",
                "department": "cyberspace",
                "second_factor": True,
                "disabled": False,
                "locked_until": None,
                "created": "2026-01-02T09:00:00.000000Z",
            }
        ],
        "keys": [
            {
                "account": "li",
                "prefix": "msk_1f2e3d4c",
                "scopes": ["hits", "lookup"],
                "label": "nightly report",
                "expires": "2027-01-02T09:00:00.000000Z",
                "revoked": False,
            }
        ],
    },
    "listAudit": {
        "entries": [
            {
                "seq": 48210,
                "time": "2026-03-02T09:00:00.000000Z",
                "actor": "li/msk_1f2e3d4c",
                "role": "analyst",
                "division": "990000",
                "client": "198.51.100.9",
                "action": "getAddress",
                "subject": "/v1/ips/203.0.113.7",
                "purpose": "case 2026-017",
                "status": 200,
                "digest": _HEAD["digest"],
            }
        ],
        "next": None,
    },
    "getAuditHead": _HEAD,
}
"""Example answer by operation id."""
