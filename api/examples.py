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
from api.examples_addresses import ADDRESS, ATTRIBUTION, BULK, LINES, VERDICT
from api.examples_clusters import CLUSTER, MEMBER
from api.examples_reports import REPORT, REPORT_FILE
from api.sheets import COLUMNS
from api.stix import bundle

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
    "uscc": ATTRIBUTION["uscc"],
    "site": "site-0001",
    "valid_from": "2026-01-01T00:00:00.000000Z",
    "valid_to": None,
    "source": "generated sample",
}
_FOUND: dict[str, Any] = {
    "verdicts": [VERDICT],
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
    "lookupAddresses": BULK,
    "startJob": BULK,
    "startReport": {"kind": "weekly", "region": "990000", "week": "2026-W11", "formats": ["html", "pdf"]},
    "decide": {"decision": "confirm", "reason": "40 machines seen on site"},
    "addListEntry": {"entry": "203.0.113.0/24", "reason": "our own laboratory"},
    "logIn": {"name": "li", "password": "correct horse battery", "code": "492039"},
}
"""Example body by operation id."""
ANSWERS: dict[str, Any] = {
    **examples_projects.ANSWERS,
    "getProjectEvidence": {
        "figure": "kw",
        "evidence": ["verdict:1"],
        "verdicts": [VERDICT],
        "unseen": 0,
    },
    **examples_exits.ANSWERS,
    **examples_warnings.ANSWERS,
    **examples_cases.ANSWERS,
    **{f"export{name}": ByMediaType() for name in ("Projects", "Exits", "Relapses", "Warnings", "Cases")},
    **examples_ledgers.ANSWERS,
    **{name: ByMediaType(files) for name, files in examples_ledgers.FILES.items()},
    **examples_tariff.ANSWERS,
    **examples_clocks.ANSWERS,
    **examples_power.ANSWERS,
    **{name: ByMediaType(files) for name, files in examples_power.FILES.items()},
    **{name: ByMediaType(files) for name, files in examples_tariff.FILES.items()},
    "startReport": REPORT,
    "getReport": REPORT
    | {"state": "done", "finished": "2026-03-16T09:00:01.000000Z", "files": [REPORT_FILE]},
    "getReportFile": ByMediaType(),
    "listClusters": {"clusters": [CLUSTER], "next": None},
    "getCluster": {
        **CLUSTER,
        "members": [{"address": f"203.0.113.{n}", **MEMBER} for n in (7, 8)],
        "more": False,
    },
    "getAddress": ADDRESS,
    "lookupAddresses": LINES,
    "listHits": {"hits": [VERDICT], "next": None},
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
    "getJobResult": LINES,
    "cancelJob": _JOB | {"state": "cancelled", "finished": "2026-03-02T09:00:05.000000Z"},
    "exportHits": ByMediaType(
        {
            "text/csv": ",".join(COLUMNS[:6]) + ",...",
            "application/x-ndjson": json.dumps(VERDICT, ensure_ascii=False) + "\n",
            "application/stix+json;version=2.1": bundle([VERDICT]),
        }
    ),
    "getEnterprise": {
        "type": "enterprise",
        "uscc": ATTRIBUTION["uscc"],
        "name": ATTRIBUTION["enterprise"],
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
        "enterprises": [{"uscc": ATTRIBUTION["uscc"], "name": ATTRIBUTION["enterprise"]}],
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
