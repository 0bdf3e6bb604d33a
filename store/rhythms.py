"""What is known of sealed dependencies, kept from window to window, and which days were scanned anew."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.poolclock import Match
from facts.endpoint import Endpoint
from facts.where import Where
from store.database import Database, lock
from store.rhythm_tables import RescanRow, RhythmRow

TOPIC = "rhythms"
FADED_NS = 14 * 86_400 * 10**9
"""Age after which nothing is left of what a window said: a ten-thousandth."""
_NONE = np.empty(0, np.int64)
"""Instants of a clock that only lends its name."""
_REST = ("connections", "packets", "lost", "named_other", "unlike", "tested", "sample")
_LATER = {"sample": 0.0}
"""What is true of rows that older versions wrote without it."""


class RhythmStore:
    """Keeps and finds standings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def before(self, at_ns: int) -> list[Standing]:
        """Return the standings whose latest window ended by then, faded ones left out."""
        asked = select(RhythmRow).where(RhythmRow.last_ns <= at_ns, RhythmRow.last_ns >= at_ns - FADED_NS)
        with self._db.reading() as connection:
            return [_standing(row) for row in connection.execute(asked)]

    def keep(self, standings: Iterable[Standing], *, again: bool = False) -> int:
        """Keep standings that are newer than what is kept of the same ends, or all where they were scanned
        `again`; return how many."""
        with self._db.writing() as connection:
            lock(connection, TOPIC)
            return sum(_keep(connection, one, again) for one in standings)

    def scanned(self) -> dict[tuple[str, str], str]:
        """Return day and probe of what was scanned, with the version that it was scanned with."""
        with self._db.reading() as connection:
            rows = connection.execute(select(RescanRow.day, RescanRow.probe, RescanRow.version))
            return {(day, probe): version for day, probe, version in rows}

    def scanned_now(self, day: str, probe: str, version: str) -> None:
        """Remember that a day of a probe was scanned."""
        with self._db.writing() as connection:
            lock(connection, TOPIC)
            connection.execute(delete(RescanRow).where(RescanRow.day == day, RescanRow.probe == probe))
            connection.execute(insert(RescanRow).values(day=day, probe=probe, version=version))


def _keep(connection: Connection, one: Standing, again: bool) -> bool:
    ends = (
        RhythmRow.client == one.client,
        RhythmRow.server == one.server.address,
        RhythmRow.port == one.server.port,
    )
    known = connection.scalar(select(RhythmRow.last_ns).where(*ends))
    if known is not None and (known > one.last_ns or (known == one.last_ns and not again)):
        return False
    connection.execute(delete(RhythmRow).where(*ends))
    connection.execute(
        insert(RhythmRow).values(
            client=one.client,
            server=one.server.address,
            port=one.server.port,
            first_ns=one.first_ns,
            last_ns=one.last_ns,
            begun_ns=one.begun_ns,
            windows=one.windows,
            clock=one.clock,
            shape=one.shape,
            told=_told(one),
        )
    )
    return True


def _told(one: Standing) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(one, name) for name in _REST}
    told["measures"] = one.measures
    told["where"] = asdict(one.where)
    if one.match is not None:
        match = one.match
        told["match"] = [match.p_value, match.instants, match.followed, match.expected]
        told["match"] += [match.delay_ns, match.scatter_ns]
        told["clock"] = [match.clock.name, match.clock.coin, match.clock.told]
    return told


def _standing(row: Any) -> Standing:
    told = row.told
    match = None
    if "match" in told:
        name, coin, source = told["clock"]
        match = Match(Clock(name, coin, source, _NONE), *told["match"])
    return Standing(
        client=row.client,
        server=Endpoint(row.server, row.port),
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        begun_ns=row.begun_ns,
        windows=row.windows,
        clock=row.clock,
        shape=row.shape,
        match=match,
        measures=tuple((name, value, usual) for name, value, usual in told["measures"]),
        rate=None,
        where=Where(**told["where"]),
        **{name: {**_LATER, **told}[name] for name in _REST},
    )
