"""Flows and packets drawn at random for the tests of the lake."""

from typing import Any

import numpy as np
import numpy.typing as npt

from facts.flow import FLOW
from facts.rhythm import PACKET

Rows = npt.NDArray[Any]

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BEGIN = 19_700 * DAY
"""2023-12-09."""


def flows_of(count: int, seed: int = 1, days: int = 1) -> Rows:
    """FLOW rows with any values in any column, all of them different flows, over so many days."""
    draw = np.random.default_rng(seed)
    rows = np.frombuffer(draw.bytes(count * FLOW.itemsize), FLOW).copy()
    rows["source"] = draw.integers(0, 2, count)
    rows["first_ns"] = BEGIN + draw.integers(0, days * DAY, count)
    rows["last_ns"] = rows["first_ns"] + draw.integers(60 * SECOND, 3600 * SECOND, count)
    rows["last_ns"] = np.minimum(rows["last_ns"], BEGIN + days * DAY - 1)
    rows["expected"] = 0
    rows["next"] = 0
    return rows


def packets_of(flows: Rows, each: int = 20, seed: int = 2) -> Rows:
    """PACKET rows of flows, in the order of flow and time."""
    draw = np.random.default_rng(seed)
    rows = np.zeros(len(flows) * each, PACKET)
    rows["flow"] = np.repeat(np.arange(len(flows)), each)
    life = (flows["last_ns"] - flows["first_ns"]).astype(float)
    at = np.sort(draw.random((len(flows), each)), axis=1) * life[:, None]
    rows["at_ns"] = flows["first_ns"][rows["flow"]] + at.reshape(-1).astype(np.int64)
    rows["size"] = draw.integers(1, 65_536, len(rows))
    rows["way"] = draw.integers(0, 2, len(rows))
    rows["marks"] = draw.integers(0, 16, len(rows))
    return rows
