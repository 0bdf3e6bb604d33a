"""The registry, kept: put in whole, read whole, and read row by row for the index."""

from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.orm import DeclarativeBase

from facts.endpoint import packed16
from registry.index import RegistryIndex
from registry.index_build import IndexBuilder
from registry.model import Enterprise, RegistryData
from store.database import Database, lock
from store.registry_checks import refuse_dangling
from store.registry_import import Changes, finish_import, new_import
from store.registry_rows import (
    ASSIGNMENTS,
    DIVISIONS,
    ENTERPRISES,
    HOSTING,
    LINES,
    NAT_BLOCKS,
    POWER_ACCOUNTS,
    SITES,
    assignment_told,
    line_told,
    put,
    site_told,
    streamed,
)
from store.registry_rows import BATCH as BATCH  # part of this file's interface
from store.registry_tables import (
    AssignmentRow,
    DivisionRow,
    EnterpriseRow,
    HistoryRow,
    HostingRow,
    ImportRow,
    LineRow,
    NatBlockRow,
    PowerAccountRow,
    SiteRow,
)

_TABLES: tuple[type[DeclarativeBase], ...] = (
    NatBlockRow,
    AssignmentRow,
    HostingRow,
    PowerAccountRow,
    LineRow,
    SiteRow,
    EnterpriseRow,
    DivisionRow,
    HistoryRow,
    ImportRow,
)


class RegistryStore:
    """Keeps one registry."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def replace(self, data: RegistryData, known_ns: int = 0) -> None:
        """Put `data` in the place of what was held, its history included, all or nothing.

        Raises StoreError where the database fails, and where an assignment names an enterprise or a site that
        `data` does not hold.
        """
        with self._db.writing() as connection:
            lock(connection, "registry")
            for table in _TABLES:
                connection.execute(delete(table))
            import_id = new_import(connection, "registry", "", "", known_ns)
            rows = {
                EnterpriseRow: ENTERPRISES.rows(data.enterprises),
                SiteRow: SITES.rows(data.sites),
                DivisionRow: DIVISIONS.rows(data.divisions),
                LineRow: LINES.rows(data.lines),
                HostingRow: HOSTING.rows(data.hosting),
                AssignmentRow: ASSIGNMENTS.rows(data.assignments),
                NatBlockRow: NAT_BLOCKS.rows(data.nat_blocks),
                PowerAccountRow: POWER_ACCOUNTS.rows(data.power_accounts),
            }
            count = 0
            for table, values in rows.items():
                count += put(connection, table, values, {"known_from_ns": known_ns, "import_id": import_id})
            refuse_dangling(connection)
            finish_import(connection, import_id, count, 0, Changes(added=count))

    def load(self) -> RegistryData:
        """Return the registry held: enterprises and sites by their keys, the rest as it was put in."""
        with self._db.reading() as connection:
            return RegistryData(
                enterprises=tuple(ENTERPRISES.read(connection)),
                sites=tuple(SITES.read(connection)),
                assignments=tuple(ASSIGNMENTS.read(connection)),
                lines=tuple(LINES.read(connection)),
                nat_blocks=tuple(NAT_BLOCKS.read(connection)),
                hosting=tuple(HOSTING.read(connection)),
                divisions=tuple(DIVISIONS.read(connection)),
                power_accounts=tuple(POWER_ACCOUNTS.read(connection)),
            )

    def stamp(self) -> str:
        """Return what changes whenever the registry does: equal stamps of one database, equal registries."""
        with self._db.reading() as connection:
            return _stamp(connection)

    def counts(self) -> tuple[int, int]:
        """Return how many enterprises and assignments are held."""
        with self._db.reading() as connection:
            held = connection.scalar(select(func.count()).select_from(EnterpriseRow)) or 0
            return held, connection.scalar(select(func.count()).select_from(AssignmentRow)) or 0

    def index(self) -> tuple[RegistryIndex, str]:
        """Return the index of the registry held and its stamp; rows pass one by one."""
        with self._db.reading() as connection:
            builder = IndexBuilder(
                ENTERPRISES.read(connection),
                SITES.read(connection),
                LINES.read(connection),
                HOSTING.read(connection),
                DIVISIONS.read(connection),
            )
            row = AssignmentRow
            query = select(
                row.first_address,
                row.prefix_length,
                row.version,
                row.line,
                row.uscc,
                row.site_id,
                row.valid_from_ns,
                row.valid_to_ns,
                row.realm,
                row.use,
            ).order_by(row.id)
            for first, *rest in streamed(connection, query):
                builder.row(int.from_bytes(packed16(first), "big"), *rest)
            for block in NAT_BLOCKS.read(connection):
                builder.nat_block(block)
            return builder.build(), _stamp(connection)

    def known_at(self, known_ns: int) -> RegistryData:
        """Return the registry as it was believed at `known_ns`: enterprises, sites and assignments."""
        with self._db.reading() as connection:
            held = select(HistoryRow.kind, HistoryRow.record).where(
                HistoryRow.known_from_ns <= known_ns, HistoryRow.known_to_ns > known_ns
            )
            since = {
                table: table.known_from_ns <= known_ns for table in (EnterpriseRow, SiteRow, AssignmentRow)
            }
            told: dict[str, list[dict[str, Any]]] = {}
            for kind, record in connection.execute(held):
                told.setdefault(kind, []).append(record)
            assigned = [*told.get("assignments", ()), *told.get("leases", ())]
            return RegistryData(
                enterprises=(
                    *ENTERPRISES.read(connection, since[EnterpriseRow]),
                    *(Enterprise(**record) for record in told.get("enterprises", ())),
                ),
                sites=(
                    *SITES.read(connection, since[SiteRow]),
                    *(site_told(record) for record in told.get("sites", ())),
                ),
                assignments=(
                    *ASSIGNMENTS.read(connection, since[AssignmentRow]),
                    *(assignment_told(record) for record in assigned),
                ),
                lines=(
                    *LINES.read(connection, LineRow.known_from_ns <= known_ns),
                    *(line_told(record) for record in told.get("lines", ())),
                ),
            )


def _stamp(connection: Connection) -> str:
    row = connection.execute(select(func.max(ImportRow.id), func.max(ImportRow.known_ns))).one()
    counts = [
        connection.scalar(select(func.max(table.id))) or 0
        for table in (AssignmentRow, NatBlockRow, LineRow, HostingRow, DivisionRow)
    ]
    return "-".join(str(part or 0) for part in (*row, *counts))
