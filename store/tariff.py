"""The facts that bills rest on, kept: rules, mining periods, notices and readings, each with who said it.

Nothing is overwritten: the last row said of a thing counts, and `known_ns` asks for what counted earlier.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import DeclarativeBase

from store.registry_rows import BATCH
from store.tariff_tables import MiningRow, NoticeRow, ReadingRow, RulebookRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredRulebook:
    """The operator's own rules. A row of `tariff_rulebooks`."""

    text: str
    enacted: list[str]
    known_ns: int
    author: str
    why: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class StoredMining:
    """One word on a mining period. A row of `tariff_mining`; days are ISO texts."""

    period: str
    account: str
    division: str
    state: str
    first_day: str | None
    last_day: str | None
    found_day: str | None
    share: str
    because: str
    evidence: Any
    known_ns: int
    author: str


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """When a user was told. A row of `tariff_notices`."""

    account: str
    division: str
    told_day: str | None
    document: str
    known_ns: int
    author: str


@dataclass(frozen=True, slots=True)
class StoredReading:
    """Energy of one reading period. A row of `tariff_readings`."""

    account: str
    division: str
    first_day: str
    after_day: str
    kwh: str | None
    way: str
    source: str
    known_ns: int
    author: str


_Stored = StoredMining | StoredNotice | StoredReading
_TABLES: dict[type, type[DeclarativeBase]] = {
    StoredMining: MiningRow,
    StoredNotice: NoticeRow,
    StoredReading: ReadingRow,
}


def add_facts(connection: Connection, facts: Sequence[_Stored]) -> None:
    """Add facts of one kind, in their order: the last of a thing counts."""
    for begin in range(0, len(facts), BATCH):
        rows = [asdict(one) for one in facts[begin : begin + BATCH]]
        connection.execute(insert(_TABLES[type(facts[0])]), rows)


def add_rulebook(connection: Connection, rulebook: StoredRulebook) -> int:
    """Put the operator's rules in the place of those before; return their number."""
    values = {name: value for name, value in asdict(rulebook).items() if name != "id"}
    key = connection.execute(insert(RulebookRow).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def read_rulebook(connection: Connection, known_ns: int | None = None) -> StoredRulebook | None:
    """Return the operator's rules in use, or in use at a time; None where there never were any."""
    query = select(RulebookRow.__table__).order_by(RulebookRow.id.desc()).limit(1)
    if known_ns is not None:
        query = query.where(RulebookRow.known_ns <= known_ns)
    row = connection.execute(query).mappings().first()
    return None if row is None else StoredRulebook(**row)


def read_mining(
    connection: Connection, accounts: Iterable[str] | None = None, known_ns: int | None = None
) -> list[StoredMining]:
    """Return the last word on each mining period, in the order in which the periods were first named."""
    return list(_last(connection, StoredMining, lambda one: one.period, accounts, known_ns).values())


def read_notices(
    connection: Connection, accounts: Iterable[str] | None = None, known_ns: int | None = None
) -> dict[str, StoredNotice]:
    """Return by account the last word on when its user was told."""
    return _last(connection, StoredNotice, lambda one: one.account, accounts, known_ns)


def read_readings(
    connection: Connection, accounts: Iterable[str] | None = None, known_ns: int | None = None
) -> list[StoredReading]:
    """Return the readings that count, by account and day; withdrawn ones are left out."""
    found = _last(connection, StoredReading, lambda one: (one.account, one.first_day), accounts, known_ns)
    held = [one for one in found.values() if one.kwh is not None]
    return sorted(held, key=lambda one: (one.account, one.first_day))


def _last(
    connection: Connection, kind: type[T], key: Any, accounts: Iterable[str] | None, known_ns: int | None
) -> dict[Any, T]:
    table = _TABLES[kind].__table__
    columns = [table.c[name] for name in kind.__dataclass_fields__]  # type: ignore[attr-defined]
    query = select(*columns).order_by(table.c.id)
    if known_ns is not None:
        query = query.where(table.c.known_ns <= known_ns)
    found: dict[Any, T] = {}
    if accounts is None:
        queries = [query]
    else:
        wanted = list(dict.fromkeys(accounts))
        pieces = (wanted[begin : begin + BATCH] for begin in range(0, len(wanted), BATCH))
        queries = [query.where(table.c.account.in_(piece)) for piece in pieces]
    for one in queries:
        for row in connection.execute(one):
            made = kind(*row)
            found[key(made)] = made
    return found
