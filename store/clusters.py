"""Clusters kept: read by address or id, replaced for a part of the graph or for all of it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, literal, select

from classifier.ownership_model import WORDS, Belonging, Cluster, Link, Member, Reason, Sort
from facts.endpoint import Address
from store.database import Database
from store.ownership_tables import ClusterRow, MemberRow
from store.prepared import Prepared, Runs

T = TypeVar("T")
BATCH = 500
"""Rows asked for or written with one statement."""
_KINDS = {word: kind for kind, word in WORDS.items()}
_BRIEF = (
    ClusterRow.id,
    ClusterRow.sort,
    ClusterRow.score,
    ClusterRow.certainty,
    ClusterRow.addresses,
    ClusterRow.links,
)
_SHARED = (
    select(MemberRow.address, MemberRow.score, *_BRIEF)
    .join(ClusterRow, ClusterRow.id == MemberRow.cluster_id)
    .where(ClusterRow.addresses > literal(1))
)
_OF_ADDRESSES = _SHARED.where(MemberRow.address.in_(bindparam("addresses", expanding=True)))
_OF_ONE = Prepared(_SHARED.where(MemberRow.address == bindparam("address")))


@dataclass(frozen=True, slots=True)
class ClusterPage:
    """Some clusters, those with most addresses first."""

    clusters: tuple[Cluster, ...]
    """Without their members."""
    sizes: tuple[int, ...]
    """Addresses of each."""
    next: tuple[int, str] | None
    """Ask with it for the rest; None at the end."""


class ClusterStore:
    """Finds and replaces clusters."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_addresses(self, addresses: Collection[Address]) -> dict[Address, Belonging]:
        """Return for each address that lies in one the cluster it most belongs to; lone ones have none."""
        with self._db.reading() as connection:
            return belongings(connection, addresses)

    def ids_of(self, address: Address) -> list[str]:
        """Return the clusters that an address lies in, lone ones too, in order."""
        with self._db.reading() as connection:
            asked = select(MemberRow.cluster_id).where(MemberRow.address == address).distinct()
            return sorted(connection.scalars(asked))

    def ids_naming(self, name: str) -> list[str]:
        """Return the clusters whose parties are told apart by a payee: a wallet, an account, an e-mail."""
        parties = [f"{word}:{name}" for word in ("wallet", "account", "email")]
        with self._db.reading() as connection:
            asked = select(MemberRow.cluster_id).where(MemberRow.party.in_(parties)).distinct()
            return sorted(connection.scalars(asked))

    def read(self, cluster_id: str, members: int | None = None) -> Cluster | None:
        """Return a cluster with its members, the first so many; None where there is none of this id."""
        with self._db.reading() as connection:
            row = connection.execute(_whole().where(ClusterRow.id == cluster_id)).one_or_none()
            if row is None:
                return None
            asked = (
                select(*MemberRow.__table__.columns)
                .where(MemberRow.cluster_id == cluster_id)
                .order_by(MemberRow.address, MemberRow.party)
            )
            found = tuple(_member(one) for one in connection.execute(asked.limit(members)))
        return _cluster(row, found)

    def page(
        self,
        after: tuple[int, str] | None = None,
        limit: int = 100,
        sort: Sort | None = None,
        at_least: int = 2,
    ) -> ClusterPage:
        """Return clusters of so many addresses or more, the largest first, behind a place in that order.

        Asked for insiders, it returns those: they are alone by nature.
        """
        asked = _whole().order_by(ClusterRow.addresses.desc(), ClusterRow.id).limit(limit + 1)
        if sort is not None:
            asked = asked.where(ClusterRow.sort == sort.value)
        if sort is not Sort.INSIDER:
            asked = asked.where(ClusterRow.addresses >= at_least)
        if after is not None:
            size, last = after
            behind = (ClusterRow.addresses == size) & (ClusterRow.id > last)
            asked = asked.where((ClusterRow.addresses < size) | behind)
        with self._db.reading() as connection:
            rows = connection.execute(asked).all()
        shown = rows[:limit]
        more = (shown[-1].addresses, shown[-1].id) if len(rows) > limit else None
        return ClusterPage(
            tuple(_cluster(row, ()) for row in shown), tuple(row.addresses for row in shown), more
        )

    def size(self, cluster_id: str) -> int | None:
        """Return how many addresses a cluster has; None where there is none of this id."""
        with self._db.reading() as connection:
            return connection.scalar(select(ClusterRow.addresses).where(ClusterRow.id == cluster_id))

    def enterprise(self, uscc: str) -> list[str]:
        """Return the clusters that have an address of this enterprise, in order."""
        with self._db.reading() as connection:
            asked = select(MemberRow.cluster_id).where(MemberRow.enterprise == uscc).distinct()
            return sorted(connection.scalars(asked))


def belongings(connection: Connection, addresses: Collection[Address]) -> dict[Address, Belonging]:
    """Return for each address that lies in a cluster with others the one it most belongs to."""
    if len(addresses) == 1:
        return belongings_of(connection, *addresses)
    rows: list[Sequence[Any]] = []
    for part in batches(list(addresses)):
        rows += connection.execute(_OF_ADDRESSES, {"addresses": part}).all()
    return _best(rows)


def belongings_of(connection: Runs, address: Address) -> dict[Address, Belonging]:
    """Return the same for one address: what every look-up asks."""
    return _best(_OF_ONE.rows(connection, {"address": address}))


def _best(rows: Sequence[Sequence[Any]]) -> dict[Address, Belonging]:
    best: dict[Address, tuple[float, str, Sequence[Any]]] = {}
    for address, score, *row in rows:
        rank = (-score, row[0], row)
        if address not in best or rank[:2] < best[address][:2]:
            best[address] = rank
    return {address: _belonging(row) for address, (_, _, row) in best.items()}


def replace_clusters(
    connection: Connection, addresses: Collection[Address] | None, clusters: Iterable[Cluster]
) -> int:
    """Put clusters in the place of those with members at these addresses (None: of all); return how many.

    The clusters of these addresses must have no member elsewhere.
    """
    if addresses is None:
        connection.execute(delete(MemberRow))
        connection.execute(delete(ClusterRow))
    else:
        old: set[str] = set()
        for part in batches(list(addresses)):
            old |= set(
                connection.scalars(select(MemberRow.cluster_id).where(MemberRow.address.in_(part)).distinct())
            )
        for ids in batches(sorted(old)):
            connection.execute(delete(MemberRow).where(MemberRow.cluster_id.in_(ids)))
            connection.execute(delete(ClusterRow).where(ClusterRow.id.in_(ids)))
    count = 0
    for some in batches(list(clusters)):
        connection.execute(insert(ClusterRow), [_row(one) for one in some])
        members = [_member_row(one.id, member) for one in some for member in one.members]
        for rows in batches(members, 5 * BATCH):
            connection.execute(insert(MemberRow), rows)
        count += len(some)
    return count


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """Yield items in parts of at most `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))


def _whole() -> Any:
    return select(*ClusterRow.__table__.columns)


def _row(one: Cluster) -> dict[str, Any]:
    return {
        "id": one.id,
        "sort": one.sort.value,
        "score": one.score,
        "certainty": one.certainty,
        "first_ns": one.first_ns,
        "last_ns": one.last_ns,
        "addresses": len(one.addresses),
        "links": [(WORDS[link.kind], link.name, link.addresses, link.weight) for link in one.links],
        "reasons": [(reason.kind, reason.params) for reason in one.reasons],
    }


def _member_row(cluster_id: str, member: Member) -> dict[str, Any]:
    return {
        "address": member.address,
        "party": member.party,
        "cluster_id": cluster_id,
        "score": member.score,
        "first_ns": member.first_ns,
        "last_ns": member.last_ns,
        "line": member.line,
        "enterprise": member.enterprise,
    }


def _links(stored: Any) -> tuple[Link, ...]:
    return tuple(Link(_KINDS[kind], name, count, weight) for kind, name, count, weight in stored)


def _belonging(row: Sequence[Any]) -> Belonging:
    cluster_id, sort, score, certainty, addresses, links = row
    return Belonging(cluster_id, Sort(sort), score, certainty, addresses, _links(links))


def _cluster(row: Any, members: tuple[Member, ...]) -> Cluster:
    return Cluster(
        id=row.id,
        sort=Sort(row.sort),
        score=row.score,
        certainty=row.certainty,
        members=members,
        links=_links(row.links),
        reasons=tuple(
            Reason(kind, tuple((name, value) for name, value in params)) for kind, params in row.reasons
        ),
        first_ns=row.first_ns,
        last_ns=row.last_ns,
    )


def _member(row: Any) -> Member:
    return Member(row.address, row.party, row.score, row.first_ns, row.last_ns, row.line, row.enterprise)
