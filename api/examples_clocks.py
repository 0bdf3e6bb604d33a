"""Examples of the answers about clocks: a made pool."""

from typing import Any

_CLOCK: dict[str, Any] = {
    "name": "example-pool",
    "coin": "XMR",
    "told": "jobs",
    "instants": 3,
    "first": "2026-03-01T08:00:00.000000Z",
    "last": "2026-03-01T08:01:10.000000Z",
}
FILE: dict[str, Any] = {
    "format": "minescope-clocks-1",
    "clocks": [
        {
            "name": "example-pool",
            "coin": "XMR",
            "told": "jobs",
            "at_ns": [1_772_352_000_000_000_000, 1_772_352_031_500_000_000, 1_772_352_070_000_000_000],
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "listClocks": {"clocks": [_CLOCK]},
    "getClock": {
        "clocks": [
            {
                **_CLOCK,
                "jobs": [
                    "2026-03-01T08:01:10.000000Z",
                    "2026-03-01T08:00:31.500000Z",
                    "2026-03-01T08:00:00.000000Z",
                ],
            }
        ]
    },
    "exportClocks": FILE,
    "importClocks": {"clocks": 1, "changed": 1},
}
REQUESTS: dict[str, Any] = {"importClocks": FILE}
