"""Examples of reports in the OpenAPI description."""

import hashlib
from typing import Any

REPORT: dict[str, Any] = {
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
    "unread": [],
}
REPORT_FILE: dict[str, Any] = {
    "name": "weekly-990000-2026-W11-2026-03-15-zh.html",
    "language": "zh",
    "format": "html",
    "bytes": 18_204,
    "sha256": hashlib.sha256(b"").hexdigest(),
    "path": f"/v1/reports/{'0f' * 16}/file?format=html&language=zh",
}
