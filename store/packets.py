"""Evidence packets, kept: the frames that evidence names and nothing else, and not for ever."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, tuple_

from facts.instant import NS
from facts.where import Where
from store.access_tables import PacketRow
from store.database import Database
from store.verdict_rows import source_key

MAX_KEPT_DAYS = 365 * 3
_DAY_NS = 86_400 * NS
_BATCH = 400


class Place(NamedTuple):
    """Where a packet was seen, and when: another run on the same interface, or another capture on standard
    input, counts the same frames, and the time tells them apart."""

    source: str
    frame: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it was captured."""

    where: Where
    """Its capture and frame; the frame is never None."""
    link_type: int
    at_ns: int
    wire_length: int
    data: bytes
    """From the first byte of the link layer; shorter than `wire_length` where the capture cut it."""
    sha256: str
    """Of `data`, as it was when the packet was kept."""

    @property
    def place(self) -> Place:
        """Where and when it was seen."""
        return Place(self.where.source, self.where.frame or 0, self.at_ns)

    @property
    def is_whole(self) -> bool:
        """Whether the bytes are those that were kept."""
        return hashlib.sha256(self.data).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge did, counted anew behind it."""

    deleted: int
    left: int
    overdue: int
    """Packets older than the limit that are still held: 0 proves the purge."""
    oldest_ns: int | None


class PacketStore:
    """Keeps packets."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, packets: Iterable[Packet], kept_ns: int) -> int:
        """Keep packets in the place of those of the same capture, frame and time; return how many."""
        rows = {
            (source_key(p.where.source), p.where.frame, p.at_ns): {
                "link_type": p.link_type,
                "wire_length": p.wire_length,
                "data": p.data,
                "sha256": bytes.fromhex(p.sha256),
                "kept_ns": kept_ns,
            }
            for p in packets
        }
        values = [
            {"source_key": key, "frame": frame, "at_ns": at_ns, **row}
            for (key, frame, at_ns), row in rows.items()
        ]
        keys = list(rows)
        with self._db.writing() as connection:
            for start in range(0, len(keys), _BATCH):
                same = tuple_(PacketRow.source_key, PacketRow.frame, PacketRow.at_ns).in_(
                    keys[start : start + _BATCH]
                )
                connection.execute(delete(PacketRow).where(same))
                connection.execute(insert(PacketRow), values[start : start + _BATCH])
        return len(rows)

    def at(self, places: Iterable[Place]) -> list[Packet]:
        """Return the packets that are kept of some places, by time."""
        named = {(source_key(place.source), place.frame, place.at_ns): place for place in places}
        keys, row, found = list(named), PacketRow, []
        query = select(
            row.source_key, row.frame, row.at_ns, row.link_type, row.wire_length, row.data, row.sha256
        )
        with self._db.reading() as connection:
            for start in range(0, len(keys), _BATCH):
                same = tuple_(row.source_key, row.frame, row.at_ns).in_(keys[start : start + _BATCH])
                for key, frame, at_ns, link, wire, data, digest in connection.execute(query.where(same)):
                    where = Where(named[key, frame, at_ns].source, frame)
                    found.append(Packet(where, link, at_ns, wire, data, digest.hex()))
        return sorted(found, key=lambda packet: (packet.at_ns, packet.where.source, packet.where.frame or 0))

    def purge(self, before_ns: int) -> Purged:
        """Delete packets kept before a time, then count what is held."""
        row = PacketRow
        with self._db.writing() as connection:
            deleted = connection.execute(delete(row).where(row.kept_ns < before_ns)).rowcount
        with self._db.reading() as connection:
            left, oldest = connection.execute(
                select(func.count(), func.min(row.kept_ns)).select_from(row)
            ).one()
            overdue = connection.scalar(select(func.count()).select_from(row).where(row.kept_ns < before_ns))
        return Purged(deleted, left, overdue or 0, oldest)
