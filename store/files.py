"""Files on one enterprise, one site or one pool: what the registry and the verdicts hold under its name."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from sqlalchemy import Connection, Select, Text, func, or_, select, type_coerce

from facts.endpoint import Address, packed16
from registry.model import Prefix
from store.database import Database
from store.registry_tables import AssignmentRow, EnterpriseRow, LineRow, SiteRow
from store.tables import RunRow, VerdictRow
from store.verdicts import StoredVerdict, VerdictStore

MAX_ASSIGNMENTS = 2000
"""Assignments in one file; `more` says that there are others."""
MAX_VERDICTS = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """One prefix in one period."""

    prefix: Prefix
    line: str
    uscc: str
    site: str
    valid_from_ns: int
    valid_to_ns: int | None
    source: str


@dataclass(frozen=True, slots=True)
class EnterpriseFile:
    """What the registry holds on an enterprise."""

    uscc: str
    name: str
    address: str
    legal_form: str
    industry: str
    status: str
    source: str
    held: tuple[Held, ...]
    sites: tuple["SiteRecord", ...]
    more: bool
    """There are more assignments than are told."""


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """A place where lines end."""

    id: str
    name: str
    division: str
    address: str
    longitude: float | None
    latitude: float | None
    datum: str | None
    landlord: str
    meters: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What the registry holds on a site."""

    site: SiteRecord
    held: tuple[Held, ...]
    enterprises: tuple[tuple[str, str], ...]
    """(code, name) of those whose lines end there."""
    more: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the engine left."""

    name: str
    started_ns: int
    verdicts: int
    """Current ones."""
    sources: int
    last_seen_ns: int | None


class FileStore:
    """Reads files."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def enterprise(self, uscc: str) -> EnterpriseFile | None:
        """Return the file of an enterprise; None where the registry has none."""
        row = EnterpriseRow
        with self._db.reading() as connection:
            query = select(
                row.uscc, row.name, row.address, row.legal_form, row.industry, row.status, row.source
            )
            found = connection.execute(query.where(row.uscc == uscc)).first()
            if found is None:
                return None
            held, more = _held(connection, _assignments().where(_who() == uscc))
            sites = _sites(connection, {one.site for one in held})
            return EnterpriseFile(*found, held, sites, more)

    def site(self, site_id: str) -> SiteFile | None:
        """Return the file of a site; None where the registry has none."""
        with self._db.reading() as connection:
            sites = _sites(connection, {site_id})
            if not sites:
                return None
            held, more = _held(connection, _assignments().where(_where() == site_id))
            row = EnterpriseRow
            codes = {one.uscc for one in held}
            names = connection.execute(
                select(row.uscc, row.name).where(row.uscc.in_(codes)).order_by(row.uscc)
            )
            return SiteFile(sites[0], held, tuple((uscc, name) for uscc, name in names), more)

    def pool_verdicts(self, name: str, verdicts: VerdictStore) -> list[StoredVerdict]:
        """Return the current verdicts that name a pool, last seen first, at most MAX_VERDICTS addresses."""
        row = VerdictRow
        named = type_coerce(row.pools, Text).contains(_json_text(name), autoescape=True)
        query = select(row.address).where(row.superseded_by.is_(None), named)
        latest = func.max(row.last_seen_ns).desc()
        with self._db.reading() as connection:
            grouped = query.group_by(row.address).order_by(latest, row.address).limit(MAX_VERDICTS)
            addresses: list[Address] = list(connection.scalars(grouped))
        found = [stored for _, all_of in verdicts.of_addresses(addresses) for stored in all_of]
        return [stored for stored in found if name in stored.verdict.pools]

    def runs(self, limit: int) -> list[Run]:
        """Return the latest runs."""
        run, verdict = RunRow, VerdictRow
        query = (
            select(
                run.name,
                run.started_ns,
                func.count(verdict.id),
                func.count(verdict.source_key.distinct()),
                func.max(verdict.last_seen_ns),
            )
            .outerjoin(verdict, (verdict.run_id == run.id) & verdict.superseded_by.is_(None))
            .group_by(run.id, run.name, run.started_ns)
            .order_by(run.started_ns.desc(), run.id.desc())
            .limit(limit)
        )
        with self._db.reading() as connection:
            return [Run(*fields) for fields in connection.execute(query)]


def _who() -> Any:
    return func.coalesce(AssignmentRow.uscc, LineRow.uscc)


def _where() -> Any:
    return func.coalesce(AssignmentRow.site_id, LineRow.site_id)


def _assignments() -> Select[Any]:
    """Select public assignments, each with its line where the line tells who holds it."""
    row, line = AssignmentRow, LineRow
    overlap = (
        or_(line.valid_to_ns.is_(None), line.valid_to_ns > row.valid_from_ns),
        or_(row.valid_to_ns.is_(None), row.valid_to_ns > line.valid_from_ns),
    )
    same = (row.uscc.is_(None), or_(line.line == row.line, (line.account != "") & (line.account == row.line)))
    return (
        select(
            row.first_address,
            row.prefix_length,
            row.version,
            row.line,
            _who(),
            _where(),
            row.valid_from_ns,
            row.valid_to_ns,
            row.source,
        )
        .outerjoin(line, same[0] & same[1] & overlap[0] & overlap[1])
        .where(row.realm == "")
        .order_by(row.first_address, row.prefix_length, row.valid_from_ns, row.id)
    )


def _held(connection: Connection, query: Select[Any]) -> tuple[tuple[Held, ...], bool]:
    rows = connection.execute(query.limit(MAX_ASSIGNMENTS + 1)).all()
    held = []
    for first, length, version, *rest in rows[:MAX_ASSIGNMENTS]:
        packed = packed16(first)
        prefix = IPv4Network((packed[12:], length)) if version == 4 else IPv6Network((packed, length))
        held.append(Held(prefix, *rest))
    return tuple(held), len(rows) > MAX_ASSIGNMENTS


def _sites(connection: Connection, ids: set[str]) -> tuple[SiteRecord, ...]:
    row = SiteRow
    query = select(
        row.id, row.name, row.division, row.address, row.longitude, row.latitude, row.datum, row.landlord,
        row.meters, row.source,
    )  # fmt: skip
    found = connection.execute(query.where(row.id.in_(ids)).order_by(row.id))
    return tuple(
        SiteRecord(f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], tuple(map(str, f[8] or ())), f[9])
        for f in found
    )


def _json_text(name: str) -> str:
    """Return a name as it stands inside a JSON list."""
    return json.dumps(name)
