"""The registry, kept: one registry at a time, replaced and loaded whole."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import DeclarativeBase

from facts.endpoint import packed16
from registry.model import Assignment, Datum, Enterprise, Prefix, RegistryData, Site
from store.database import Database, lock
from store.registry_checks import refuse_dangling
from store.registry_tables import AssignmentRow, EnterpriseRow, SiteRow

BATCH = 5000  # rows sent to the database at once: bounds what lies in memory twice


class RegistryStore:
    """Keeps one registry."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def replace(self, data: RegistryData) -> None:
        """Put `data` in the place of what was held, all or nothing.

        Raises StoreError where the database fails, and where an assignment names an enterprise or a site that
        `data` does not hold.
        """
        with self._db.writing() as connection:
            lock(connection, "registry")
            for table in (AssignmentRow, SiteRow, EnterpriseRow):
                connection.execute(delete(table))
            _insert(connection, EnterpriseRow, map(_enterprise_row, data.enterprises))
            _insert(connection, SiteRow, map(_site_row, data.sites))
            _insert(connection, AssignmentRow, map(_assignment_row, data.assignments))
            refuse_dangling(connection)

    def load(self) -> RegistryData:
        """Return the registry held, in the order it was put in; empty where none was."""
        with self._db.reading() as connection:
            return RegistryData(
                enterprises=tuple(_enterprises(connection)),
                sites=tuple(_sites(connection)),
                assignments=tuple(_assignments(connection)),
            )


def _insert(connection: Connection, table: type[DeclarativeBase], rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(table), batch)


def _enterprise_row(enterprise: Enterprise) -> dict[str, Any]:
    return {
        "uscc": enterprise.uscc,
        "name": enterprise.name,
        "address": enterprise.address,
        "source": enterprise.source,
        "legal_form": "",
        "industry": "",
        "status": "",
        "known_from_ns": 0,
    }


def _site_row(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name,
        "division": site.division,
        "address": site.address,
        "longitude": site.longitude,
        "latitude": site.latitude,
        "datum": None if site.datum is None else site.datum.value,
        "source": site.source,
        "landlord": "",
        "meters": [],
        "known_from_ns": 0,
    }


def _assignment_row(given: Assignment) -> dict[str, Any]:
    return {
        "first_address": given.prefix.network_address,
        "last_address": given.prefix.broadcast_address,
        "prefix_length": given.prefix.prefixlen,
        "version": given.prefix.version,
        "line": given.line,
        "uscc": given.uscc,
        "site_id": given.site,
        "valid_from_ns": given.valid_from_ns,
        "valid_to_ns": given.valid_to_ns,
        "source": given.source,
        "realm": "",
        "use": "line",
        "known_from_ns": 0,
    }


def _enterprises(connection: Connection) -> Iterable[Enterprise]:
    row = EnterpriseRow
    for fields in connection.execute(select(row.uscc, row.name, row.address, row.source)):
        yield Enterprise(*fields)


def _sites(connection: Connection) -> Iterable[Site]:
    row = SiteRow
    place = (row.longitude, row.latitude, row.datum)
    query = select(row.id, row.name, row.division, row.address, *place, row.source)
    for key, name, division, address, longitude, latitude, datum, source in connection.execute(query):
        known = None if datum is None else Datum(datum)
        yield Site(key, name, division, address, longitude, latitude, known, source)


def _assignments(connection: Connection) -> Iterable[Assignment]:
    row = AssignmentRow
    network = (row.first_address, row.prefix_length, row.version)
    period = (row.valid_from_ns, row.valid_to_ns)
    query = select(*network, row.line, row.uscc, row.site_id, *period, row.source).order_by(row.id)
    for first, length, version, line, uscc, site, from_ns, to_ns, source in connection.execute(query):
        prefix = _prefix(packed16(first), length, version)
        yield Assignment(prefix, line, uscc, site, from_ns, to_ns, source)


def _prefix(packed: bytes, length: int, version: int) -> Prefix:
    """Return the prefix; the version counts, since the IPv6 prefix ::/0 begins where no address tells it."""
    return IPv4Network((packed[12:], length)) if version == 4 else IPv6Network((packed, length))
