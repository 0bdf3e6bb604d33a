"""Screenings kept: each whole, the latest answered from."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select

from store.clusters import batches
from store.database import Database, lock
from store.ledgers import BATCH, within
from store.ledgers_tables import FindingRow, ScreeningRow

KEPT = 60
"""Screenings that are kept: older ones can be made again from what was known then."""


@dataclass(frozen=True, slots=True)
class Screening:
    """One screening."""

    id: int
    as_of: str
    """YYYY-MM-DD."""
    made_ns: int
    rules: str
    participants: int
    mining: int
    findings: int


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """What it found of one enterprise."""

    uscc: str
    division: str
    sort: str
    level: str
    score: float
    record: Mapping[str, Any]


class ScreeningStore:
    """Keeps and reads screenings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save(
        self,
        as_of: str,
        made_ns: int,
        rules: str,
        participants: int,
        mining: int,
        findings: Iterable[KeptFinding],
    ) -> int:
        """Keep a screening, all or nothing; return its number. The oldest beyond KEPT go."""
        found = list(findings)
        with self._db.writing() as connection:
            lock(connection, "screening")
            new = insert(ScreeningRow).values(
                as_of=as_of,
                made_ns=made_ns,
                rules=rules,
                participants=participants,
                mining=mining,
                findings=len(found),
            )
            number = connection.scalars(new.returning(ScreeningRow.id)).one()
            for part in batches(found, BATCH):
                connection.execute(
                    insert(FindingRow),
                    [
                        {
                            "screening_id": number,
                            "uscc": one.uscc,
                            "division": one.division,
                            "sort": one.sort,
                            "level": one.level,
                            "score": one.score,
                            "record": dict(one.record),
                        }
                        for one in part
                    ],
                )
            old = select(ScreeningRow.id).order_by(ScreeningRow.id.desc()).offset(KEPT)
            for numbers in batches(list(connection.scalars(old)), BATCH):
                connection.execute(delete(FindingRow).where(FindingRow.screening_id.in_(numbers)))
                connection.execute(delete(ScreeningRow).where(ScreeningRow.id.in_(numbers)))
        return number

    def latest(self) -> Screening | None:
        """Return the latest screening; None before the first."""
        row = ScreeningRow
        columns = (row.id, row.as_of, row.made_ns, row.rules, row.participants, row.mining, row.findings)
        with self._db.reading() as connection:
            found = connection.execute(select(*columns).order_by(row.id.desc()).limit(1)).first()
        return None if found is None else Screening(*found)

    def findings(
        self,
        screening: int,
        regions: Collection[str] | None = None,
        *,
        sort: str | None = None,
        at_least: float = 0.0,
        uscc: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[KeptFinding]:
        """Return findings of a screening, the most probable first."""
        row = FindingRow
        query = _findings(screening, regions).where(row.score >= at_least)
        if sort is not None:
            query = query.where(row.sort == sort)
        if uscc is not None:
            query = query.where(row.uscc == uscc)
        query = query.order_by(row.score.desc(), row.uscc, row.division).offset(offset)
        with self._db.reading() as connection:
            found = connection.execute(query if limit is None else query.limit(limit))
            return [KeptFinding(*one) for one in found]

    def finding(
        self, screening: int, uscc: str, regions: Collection[str] | None = None
    ) -> KeptFinding | None:
        """Return what a screening found of an enterprise, in the first of its divisions; None: nothing."""
        with self._db.reading() as connection:
            query = _findings(screening, regions).where(FindingRow.uscc == uscc)
            found = connection.execute(query.order_by(FindingRow.division)).first()
        return None if found is None else KeptFinding(*found)

    def counts(self, screening: int, regions: Collection[str] | None = None) -> dict[str, int]:
        """Return how many findings of each sort there are."""
        query = select(FindingRow.sort, func.count()).where(FindingRow.screening_id == screening)
        if regions is not None:
            query = query.where(within(FindingRow.division, regions))
        with self._db.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(FindingRow.sort))}


def _findings(screening: int, regions: Collection[str] | None) -> Select[Any]:
    row = FindingRow
    query = select(row.uscc, row.division, row.sort, row.level, row.score, row.record)
    query = query.where(row.screening_id == screening)
    return query if regions is None else query.where(within(row.division, regions))
