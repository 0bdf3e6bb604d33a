"""What the registry and the ownership graph tie enterprises to, for the screening of the power market.

Rows of plain values: credit code, kind of tie, value, and the part of its weight that counts, 0 to 1.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from classifier.ownership_model import Sort
from store.ownership_tables import ClusterRow, MemberRow
from store.registry_tables import (
    AssignmentRow,
    EnterpriseRow,
    HostingRow,
    LineRow,
    PowerAccountRow,
    SiteRow,
)

_OWN = (Sort.OPERATOR.value, Sort.SINGLE.value)
"""Sorts of clusters that are somebody's: the places of a campaign share malware, not an owner."""


class Tied(NamedTuple):
    """An enterprise is tied to something."""

    uscc: str
    kind: str
    value: str
    part: float = 1.0


def of_registry(connection: Connection, at_ns: int) -> Iterator[Tied]:
    """Yield addresses, lines, places, hosts and electricity accounts of enterprises, valid at a time."""
    row = EnterpriseRow
    for code, address in connection.execute(select(row.uscc, row.address).where(row.address != "")):
        yield Tied(code, "address", address)
    line = LineRow
    for code, name, site in connection.execute(
        select(line.uscc, line.line, line.site_id).where(*_valid(line, at_ns))
    ):
        yield Tied(code, "line", name)
        yield Tied(code, "site", site)
    held = AssignmentRow
    given = select(held.uscc, held.line, held.site_id).where(held.uscc.is_not(None), *_valid(held, at_ns))
    for holder, name, place in connection.execute(given.distinct()):
        if holder is not None:
            if name:
                yield Tied(holder, "line", name)
            if place:
                yield Tied(holder, "site", place)
    yield from _hosting(connection, at_ns)
    account = PowerAccountRow
    for code, number, meters in connection.execute(
        select(account.uscc, account.number, account.meters).where(*_valid(account, at_ns))
    ):
        yield Tied(code, "account", number)
        for meter, _ in meters or ():
            yield Tied(code, "meter", meter)


def of_clusters(connection: Connection) -> Iterator[Tied]:
    """Yield the clusters and wallets of enterprises; campaigns and insiders say nothing of their places."""
    member, cluster = MemberRow, ClusterRow
    asked = (
        select(member.enterprise, member.party, member.score, cluster.id, cluster.addresses)
        .join(cluster, cluster.id == member.cluster_id)
        .where(member.enterprise != "", cluster.sort.in_(_OWN))
    )
    for code, party, score, cluster_id, addresses in connection.execute(asked):
        kind, _, name = party.partition(":")
        if kind == "wallet" and name:
            yield Tied(code, "wallet", name)
        if addresses > 1:
            yield Tied(code, "cluster", cluster_id, 1 / (1 + math.exp(-min(max(score, -50.0), 50.0))))


def names_of(connection: Connection) -> dict[str, str]:
    """Return the names of the registry's enterprises by credit code."""
    return {row[0]: row[1] for row in connection.execute(select(EnterpriseRow.uscc, EnterpriseRow.name))}


def divisions_of(connection: Connection) -> dict[str, set[str]]:
    """Return the divisions in which lines and machines of enterprises stand, by credit code, at any time."""
    found: dict[str, set[str]] = {}
    site = SiteRow
    for column, place in (
        (LineRow.uscc, LineRow.site_id),
        (AssignmentRow.uscc, AssignmentRow.site_id),
        (HostingRow.tenant, HostingRow.site_id),
        (HostingRow.operator, HostingRow.site_id),
    ):
        asked = select(column, site.division).join(site, site.id == place).where(column.is_not(None))
        for code, division in connection.execute(asked.distinct()):
            if code is not None:
                found.setdefault(code, set()).add(division)
    return found


def _hosting(connection: Connection, at_ns: int) -> Iterator[Tied]:
    row = HostingRow
    asked = select(row.operator, row.tenant, row.site_id).where(*_valid(row, at_ns))
    for operator, tenant, site in connection.execute(asked):
        if operator != tenant:
            yield Tied(tenant, "partner", operator)
        yield Tied(tenant, "site", site)
        yield Tied(operator, "site", site)


def _valid(table: Any, at_ns: int) -> tuple[Any, Any]:
    return table.valid_from_ns <= at_ns, or_(table.valid_to_ns.is_(None), table.valid_to_ns > at_ns)
