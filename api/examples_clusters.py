"""Examples of clusters in the OpenAPI description."""

from typing import Any

CLUSTER: dict[str, Any] = {
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
MEMBER: dict[str, Any] = {
    "party": "account:samplefarm",
    "score": 5.7,
    "first_seen": "2026-03-01T08:00:00.000000Z",
    "last_seen": "2026-03-02T08:00:00.000000Z",
    "line": "line-1004",
    "enterprise": "91990101MADEUP048L",
}
