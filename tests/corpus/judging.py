"""Judges a run over the corpus by its truth table: one function says what is wrong with one row."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SURE = {"likely", "confirmed"}
MINING = {"miner", "proxy", "pool", "solo_miner"}


@dataclass(frozen=True)
class Row:
    """One verified endpoint pair of truth.csv."""

    path: str
    label: str
    role: str
    words: str
    protocol: str
    server: str
    port: int
    client: str


OVERLOOKED = Row(
    "nesfit+DI-cryptominingdetection/PCAPs/cgminer.g0.pcapng",
    "mining_attempt",
    "prober",
    "getwork over HTTP",
    "getwork",
    "5.196.74.100",
    9171,
    "192.168.1.100",
)
"""The prober's only getwork that was answered with work (P2Pool, HTTP 200): no mere attempt."""


def truth(corpus: Path) -> list[Row]:
    """Read truth.csv with its protocol words mapped to the names of the output contract."""
    with (corpus / "protocol_names.csv").open(encoding="utf-8") as names:
        protocols = {row["words"]: row["protocol"] for row in csv.DictReader(names)}
    with (corpus / "truth.csv").open(encoding="utf-8") as rows:
        return [
            Row(
                row["path"],
                row["label"],
                row["role"],
                row["protocol"],
                protocols.get(row["protocol"], ""),
                row["server_ip"],
                int(row["server_port"] or 0),
                row["client_ip"],
            )
            for row in csv.DictReader(rows)
        ]


Verdicts = Mapping[tuple[str, str], Mapping[str, Json]]
"""(path, address) -> role -> verdict."""


def by_address(verdicts: Sequence[Json], root: Path) -> Verdicts:
    """Index the verdicts of a run with --each over `root`."""
    found: dict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
    for verdict in verdicts:
        path = str(Path(verdict["source"]).relative_to(root))
        found[path, verdict["address"]][verdict["role"]] = verdict
    return found


def _peers(verdict: Json | None, address: str, port: int) -> list[Json]:
    peers = verdict["peers"] if verdict else []
    return [peer for peer in peers if peer["address"] == address and peer["port"] == port]


def answered(rows: Sequence[Row]) -> set[tuple[str, str, int, str]]:
    """Return (path, server, port, client) of the rows that were answered: an attempt there says nothing."""
    return {(row.path, row.server, row.port, row.client) for row in rows if row.label == "mining"}


def wrong_with(row: Row, found: Verdicts, also_answered: bool) -> str | None:
    """Say what a run got wrong of one row; None where it is right.

    `also_answered`: another row of the same pair and port was answered: the pool is a pool, and what counts
    is the attempt's own protocol; where both are stratum they are one conversation.
    """
    server, client = found.get((row.path, row.server), {}), found.get((row.path, row.client), {})
    pool = server.get("pool")
    if row.label == "mining":
        if pool is None or pool["level"] not in SURE:
            return f"pool is {pool and pool['level']}"
        peers = _peers(pool, row.client, row.port)
        if not any(p["protocol"] == row.protocol and p["state"] == "exchange" for p in peers):
            return f"peers with the client: {[(p['protocol'], p['state']) for p in peers]}"
        if row.role not in client or client[row.role]["level"] not in SURE:
            return f"client is {[(role, v['level']) for role, v in client.items()]}, not {row.role}"
    elif row.label == "mining_attempt":
        if also_answered and row.protocol.startswith("stratum"):
            return None
        peers = [p for v in client.values() for p in _peers(v, row.server, row.port)]
        if not also_answered and any(p["state"] == "exchange" for p in _peers(pool, row.client, row.port)):
            return "a pool verdict rests on it"
        if not also_answered and any(p["state"] != "attempt" for p in peers):
            return f"states of the peer: {[p['state'] for p in peers]}"
        own = {p["state"] for p in peers if p["protocol"] == row.protocol}
        if own != ({"exchange"} if row == OVERLOOKED else {"attempt"}):
            return f"states of the peer in its protocol: {own}"
    elif row.label == "p2p_node":
        for address, roles in ((row.server, server), (row.client, client)):
            if "node" not in roles or roles["node"]["level"] not in SURE:
                return f"{address} is {[(role, v['level']) for role, v in roles.items()]}"
            if row.protocol not in roles["node"]["protocols"]:
                return f"{address} speaks {roles['node']['protocols']}"
            if any(v["level"] != "cleared" for role, v in roles.items() if role in MINING):
                return f"{address} has a mining role"
    return None


def false_alarms(
    verdicts: Sequence[Json], root: Path, negatives: set[str]
) -> list[tuple[str, str, str, str]]:
    """Return (path, address, role, level) of mining roles above `cleared` in negative captures."""
    return [
        (str(Path(v["source"]).relative_to(root)), v["address"], v["role"], v["level"])
        for v in verdicts
        if v["role"] in MINING
        and v["level"] != "cleared"
        and str(Path(v["source"]).relative_to(root)) in negatives
    ]
