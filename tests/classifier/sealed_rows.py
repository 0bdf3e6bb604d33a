"""Sealed flows in columns, packet by packet, for the tests of their judgement."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from facts.endpoint import Endpoint, packed16
from facts.flow import A_SYN, B_SYN, FLOW, LIVE
from facts.instant import NS
from facts.rhythm import PACKET
from tests.classifier.scenes import START, end

Rows = npt.NDArray[Any]
SPAN = 900.0


@dataclass
class SealedFlow:
    """One flow; times in seconds after START."""

    client: Endpoint
    server: Endpoint
    down: npt.ArrayLike
    up: npt.ArrayLike = field(default_factory=lambda: np.arange(5.0, SPAN, 30.0))
    opened: bool = True
    tag: int = 0
    state: int = 0
    lost: int = 0


def rows_of(*flows: SealedFlow) -> tuple[Rows, Rows]:
    """FLOW and PACKET rows as the rhythm log hands them out."""
    records, logs = np.zeros(len(flows), FLOW), []
    for number, one in enumerate(flows):
        ends = sorted((one.client, one.server), key=lambda each: (packed16(each.address), each.port))
        way = ends.index(one.client)
        record = records[number]
        for letter, each in zip("ab", ends, strict=True):
            raw = packed16(each.address)
            record[f"{letter}_hi"] = int.from_bytes(raw[:8], "big")
            record[f"{letter}_lo"] = int.from_bytes(raw[8:], "big")
        record["ports"] = ends[0].port << 16 | ends[1].port
        record["proto"], record["state"], record["tag"] = 6, LIVE | one.state, one.tag
        record["syn"] = (A_SYN if way == 0 else B_SYN) if one.opened else 0
        record["first_frame"] = 10 * number + 1
        up, down = np.atleast_1d(np.asarray(one.up, float)), np.atleast_1d(np.asarray(one.down, float))
        log = np.zeros(len(up) + len(down), PACKET)
        log["at_ns"] = START + np.concatenate([up, down]) * NS
        log["way"] = np.concatenate([np.full(len(up), way), np.full(len(down), 1 - way)])
        log["size"] = np.where(log["way"] == way, 190, 420)
        log["flow"] = number
        log = log[np.argsort(log["at_ns"], kind="stable")]
        log["marks"][: one.lost] = 4
        record["first_ns"], record["last_ns"] = log["at_ns"][0], log["at_ns"][-1]
        logs.append(log)
    return records, np.concatenate(logs)


def jobs(seed: int = 1, refresh: float = 31.0) -> npt.NDArray[np.float64]:
    """When a pool tells its clients of work: a refresh that wavers, and blocks between; s after START."""
    rng = np.random.default_rng(seed)
    at = np.concatenate([np.cumsum(rng.normal(refresh, 0.7, 60)) - 300, rng.uniform(-200, 1_000, 9)])
    return np.sort(at)


def following(
    at: npt.NDArray[np.float64],
    client: str = "192.0.2.77",
    server: str = "203.0.113.9",
    port: int = 443,
    delay: float = 0.15,
    seed: int = 2,
    **more: Any,
) -> SealedFlow:
    """A flow whose server pushes at these instants, and answers what the client says at random times."""
    rng = np.random.default_rng(seed)
    heard = at + delay + np.abs(rng.normal(0, 0.03, len(at)))
    up = np.sort(rng.uniform(1, SPAN, 40))
    down = np.concatenate([heard[(heard > 0) & (heard < SPAN)], up + 0.04])
    return SealedFlow(end(client, 50_000 + seed), end(server, port), np.sort(down), up, **more)
