"""What was believed, and when: the rows of today and those that imports changed or ended."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from registry.cells import parse_prefix
from registry.model import Prefix
from registry.table_specs import SPECS, Kind
from store.database import Database
from store.registry_import import history_row
from store.registry_tables import (
    AssignmentRow,
    DivisionRow,
    EnterpriseRow,
    HistoryRow,
    HostingRow,
    LineRow,
    PowerAccountRow,
    SiteRow,
)


def history(
    db: Database, key: str, known_at_ns: int | None = None, valid_at_ns: int | None = None
) -> list[dict[str, Any]]:
    """Return what is and was believed of a code, site, line, account, division or prefix; latest first.

    Each entry: kind, key, record, valid_from_ns, valid_to_ns, known_from_ns, known_to_ns (None while it is
    believed). `known_at_ns` and `valid_at_ns` leave what was believed, or true, at that time.
    """
    found: list[dict[str, Any]] = []
    with db.reading() as connection:
        rows = connection.execute(select(HistoryRow.__table__).where(HistoryRow.key == key)).mappings()
        names = ("kind", "key", "record", "valid_from_ns", "valid_to_ns", "known_from_ns", "known_to_ns")
        found += [{name: row[name] for name in names} for row in rows]
        found += _believed(connection, key)
    if known_at_ns is not None:
        found = [one for one in found if _holds(one["known_from_ns"], one["known_to_ns"], known_at_ns)]
    if valid_at_ns is not None:
        found = [one for one in found if _holds(one["valid_from_ns"], one["valid_to_ns"], valid_at_ns)]
    return sorted(found, key=lambda one: (-one["known_from_ns"], -(one["valid_from_ns"] or 0)))


def _holds(begin: int | None, end: int | None, at_ns: int) -> bool:
    return (begin is None or begin <= at_ns) and (end is None or at_ns < end)


def _believed(connection: Connection, key: str) -> Iterator[dict[str, Any]]:
    """Yield the rows that are believed now, as `history` shows them."""
    columns: dict[Kind, Any] = {
        Kind.ENTERPRISES: EnterpriseRow.uscc == key,
        Kind.SITES: SiteRow.id == key,
        Kind.DIVISIONS: DivisionRow.code == key,
        Kind.LINES: or_(LineRow.line == key, LineRow.account == key),
        Kind.HOSTING: HostingRow.site_id == key,
        Kind.POWER_ACCOUNTS: PowerAccountRow.number == key,
        Kind.ASSIGNMENTS: AssignmentRow.line == key,
    }
    if (prefix := _prefix_of(key)) is not None:
        columns = {
            Kind.ASSIGNMENTS: and_(
                AssignmentRow.first_address == prefix.network_address,
                AssignmentRow.prefix_length == prefix.prefixlen,
            )
        }
    for kind, condition in columns.items():
        table = EnterpriseRow.metadata.tables[SPECS[kind].table]
        for row in connection.execute(select(table).where(condition)).mappings():
            entry = history_row(SPECS[kind], row, 0, 0)
            del entry["import_id"]
            yield entry | {"known_to_ns": None}


def _prefix_of(key: str) -> Prefix | None:
    try:
        return parse_prefix(key)
    except ValueError:
        return None
