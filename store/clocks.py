"""Clocks kept: learned by runs, imported from other sites and from files of block times."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from classifier.clocks import Clock, Times, Told, joined
from facts.errors import StoreError
from store.database import Database, lock
from store.rhythm_tables import ClockRow

MOST = 4_096
"""Clocks that are kept: the ones that ended first go first."""
TOPIC = "clocks"
_WHOLE = (ClockRow.name, ClockRow.coin, ClockRow.told, ClockRow.at_ns)


@dataclass(frozen=True, slots=True)
class ClockSummary:
    """A clock without its instants."""

    name: str
    coin: str | None
    told: str
    first_ns: int
    last_ns: int
    instants: int


class ClockStore:
    """Keeps and finds clocks."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, clocks: Iterable[Clock]) -> int:
        """Join clocks with what is kept of the same name, coin and source; return how many changed."""
        fresh = [clock for clock in joined(clocks) if len(clock.at_ns)]
        if not fresh:
            return 0
        with self._db.writing() as connection:
            lock(connection, TOPIC)
            changed = sum(_add(connection, clock) for clock in fresh)
            over = connection.scalar(select(func.count()).select_from(ClockRow)) or 0
            if over > MOST:
                oldest = select(ClockRow.id).order_by(ClockRow.last_ns, ClockRow.id).limit(over - MOST)
                connection.execute(delete(ClockRow).where(ClockRow.id.in_(oldest.scalar_subquery())))
        return changed

    def all(self, first_ns: int | None = None, last_ns: int | None = None) -> list[Clock]:
        """Return the clocks that tell of any of that time, in the order of names."""
        asked = select(*_WHOLE)
        if first_ns is not None:
            asked = asked.where(ClockRow.last_ns >= first_ns)
        if last_ns is not None:
            asked = asked.where(ClockRow.first_ns <= last_ns)
        return self._read(asked)

    def named(self, name: str) -> list[Clock]:
        """Return the clocks of one name: by coin, and by what told them."""
        return self._read(select(*_WHOLE).where(ClockRow.name == name))

    def _read(self, asked: Select[str, str, str, bytes]) -> list[Clock]:
        with self._db.reading() as connection:
            rows = connection.execute(asked.order_by(ClockRow.name, ClockRow.coin, ClockRow.told)).all()
        return [
            Clock(name, coin or None, cast(Told, told), _unpacked(name, at_ns))
            for name, coin, told, at_ns in rows
        ]

    def summaries(self) -> list[ClockSummary]:
        """Return what there is, in the order of names."""
        asked = select(
            ClockRow.name,
            ClockRow.coin,
            ClockRow.told,
            ClockRow.first_ns,
            ClockRow.last_ns,
            ClockRow.instants,
        ).order_by(ClockRow.name, ClockRow.coin, ClockRow.told)
        with self._db.reading() as connection:
            rows = connection.execute(asked).all()
        return [
            ClockSummary(name, coin or None, told, first_ns, last_ns, instants)
            for name, coin, told, first_ns, last_ns, instants in rows
        ]

    def forget(self, names: Sequence[str]) -> int:
        """Remove the clocks of these names; return how many."""
        with self._db.writing() as connection:
            lock(connection, TOPIC)
            return connection.execute(delete(ClockRow).where(ClockRow.name.in_(names))).rowcount


def _add(connection: Connection, clock: Clock) -> bool:
    """Join one clock; False where all of it was known."""
    coin = clock.coin or ""
    same = (ClockRow.name == clock.name, ClockRow.coin == coin, ClockRow.told == clock.told)
    found = connection.execute(select(ClockRow.id, ClockRow.at_ns).where(*same)).one_or_none()
    if found is None:
        connection.execute(
            insert(ClockRow).values(name=clock.name, coin=coin, told=clock.told, **_columns(clock))
        )
        return True
    known = Clock(clock.name, clock.coin, clock.told, _unpacked(clock.name, found.at_ns))
    (both,) = joined([known, clock])
    if np.array_equal(both.at_ns, known.at_ns):
        return False
    connection.execute(update(ClockRow).where(ClockRow.id == found.id).values(**_columns(both)))
    return True


def _columns(clock: Clock) -> dict[str, int | bytes]:
    return {
        "first_ns": int(clock.at_ns[0]),
        "last_ns": int(clock.at_ns[-1]),
        "instants": len(clock.at_ns),
        "at_ns": zlib.compress(np.diff(clock.at_ns, prepend=0).astype("<i8").tobytes()),
    }


def _unpacked(name: str, packed: bytes) -> Times:
    try:
        return np.cumsum(np.frombuffer(zlib.decompress(packed), "<i8")).astype(np.int64)
    except (zlib.error, ValueError) as error:
        raise StoreError(f"clock {name}: its instants are damaged: {error}") from error
