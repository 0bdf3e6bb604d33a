"""Analysts' decisions as labels: what the lake holds of addresses that were confirmed or rejected, measured.

Of a confirmed address those dependencies are labelled mining for which the current model speaks: the address
does other things, too. Of a rejected one all are labelled as not mining. The latest decision counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier import shape
from classifier.shape_features import NAMES
from facts.endpoint import Address, packed16
from pipeline.shape import scored
from store.access_tables import DecisionRow
from store.database import Database
from store.lake import EVERYTHING, Lake, Wanted

Array = npt.NDArray[Any]

CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lake holds, measured."""

    table: Array
    """(n, len(NAMES)) f8, a row a dependency and day."""
    log_odds: Array
    """(n,) by the current model."""
    label: Array
    """(n,) i1: 1 mining, 0 not, -1 not decided."""
    damaged: int
    """Files that could not be read."""


def decided(database: Database) -> dict[Address, bool]:
    """Return all addresses that analysts decided on, True where confirmed. Raises StoreError."""
    from sqlalchemy import select

    with database.reading() as connection:
        rows = connection.execute(
            select(DecisionRow.address, DecisionRow.decision).order_by(DecisionRow.id)
        ).all()
    return {address: decision == CONFIRM for address, decision in rows}


def seen(
    lake: Lake,
    decisions: Mapping[Address, bool],
    model: shape.Model | None = None,
    wanted: Wanted = EVERYTHING,
) -> Seen:
    """Measure the candidates that the lake keeps, a day and probe at a time, and label what was decided."""
    words = {_words(address): confirmed for address, confirmed in decisions.items()}
    tables: list[Array] = [np.empty((0, len(NAMES)))]
    odds: list[Array] = [np.empty(0)]
    labels: list[Array] = [np.empty(0, np.int8)]
    damaged = 0
    for flows, packets, left_out in lake.rhythms(wanted):
        damaged += len(left_out)
        if not len(flows):
            continue
        said = scored(flows, packets, model)
        tables.append(said.measures)
        odds.append(said.together)
        labels.append(_labels(flows, said, words))
    return Seen(np.concatenate(tables), np.concatenate(odds), np.concatenate(labels), damaged)


def _labels(flows: Array, said: shape.Scores, words: Mapping[tuple[int, int], bool]) -> Array:
    made = np.full(len(said.together), -1, np.int8)
    names = (("a_hi", "a_lo"), ("b_hi", "b_lo"))
    for row, (way, place) in enumerate(zip(said.client, said.dependency, strict=True)):
        ends: Iterable[tuple[str, str]] = (names[way], names[1 - way])
        for high, low in ends:
            confirmed = words.get((int(flows[high][row]), int(flows[low][row])))
            if confirmed is not None and (not confirmed or said.together[place] > 0):
                made[place] = int(confirmed)
    return made


def _words(address: Address) -> tuple[int, int]:
    raw = packed16(address)
    return int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:], "big")
