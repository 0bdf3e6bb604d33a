"""Ties kept by source, and the part of the graph that changes reach."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from classifier.ownership_model import Kind, Tie
from classifier.ownership_reach import joins
from facts.endpoint import Address
from facts.where import Where
from store.clusters import batches
from store.database import Database, lock
from store.ownership_tables import ChangeRow, MemberRow, NameRow, RulesRow, StateRow, TieRow
from store.verdict_rows import source_key

Name = tuple[Kind, str]
REGISTRY = b""
"""The source of what the registry tells: lines and enterprises."""
TOPIC = "ownership"
_COLUMNS = (
    TieRow.address,
    TieRow.party,
    TieRow.kind,
    TieRow.name,
    TieRow.first_ns,
    TieRow.last_ns,
    TieRow.count,
    TieRow.source,
    TieRow.frame,
)


@dataclass(frozen=True, slots=True)
class Part:
    """Ties of a part of the graph that nothing outside of it can change."""

    addresses: frozenset[Address]
    ties: list[Tie]
    spread: dict[Name, int]
    """Addresses that use each of the names, in the whole graph."""


def save_ties(db: Database, by_source: Mapping[str, Iterable[Tie]]) -> int:
    """Keep the ties of whole sources in the place of what was kept of them; return how many changed."""
    with db.writing() as connection:
        lock(connection, TOPIC)
        return sum(_save(connection, source_key(source), ties) for source, ties in by_source.items())


def save_places(connection: Connection, addresses: Collection[Address], ties: Iterable[Tie]) -> int:
    """Keep where addresses are, in the place of what was kept of them; return how many ties changed."""
    return _save(connection, REGISTRY, ties, set(addresses))


def changed_addresses(connection: Connection) -> set[Address]:
    """Return the addresses whose ties changed since clusters were made last."""
    return set(connection.scalars(select(ChangeRow.address).distinct()))


def parties_of(
    connection: Connection, addresses: Collection[Address] | None
) -> Iterator[tuple[Address, str, int, int]]:
    """Yield (address, party, first, last) of what was seen at these addresses (None: at all)."""
    asked = (
        select(TieRow.address, TieRow.party, func.min(TieRow.first_ns), func.max(TieRow.last_ns))
        .where(TieRow.source_key != REGISTRY)
        .group_by(TieRow.address, TieRow.party)
    )
    if addresses is None:
        for address, party, first, last in connection.execute(asked):
            yield address, party, first, last
        return
    for part in batches(list(addresses)):
        for address, party, first, last in connection.execute(asked.where(TieRow.address.in_(part))):
            yield address, party, first, last


def every_tie(connection: Connection) -> Iterator[Tie]:
    """Yield all ties."""
    rows = connection.execute(select(*_COLUMNS), execution_options={"yield_per": 10_000})
    return map(_tie, rows)


def reached(connection: Connection) -> Part:
    """Return all that the changes since clusters were made last can have changed.

    From a changed tie on: its address with all its names, the users of those names that may join, the members
    of the clusters that those lie in, and so on until nothing is added.
    """
    changes = connection.execute(select(ChangeRow.address, ChangeRow.kind, ChangeRow.name).distinct()).all()
    changed = {(Kind(kind), name) for _, kind, name in changes}
    waiting = {address for address, _, _ in changes}
    seen: set[Address] = set()
    spread: dict[Name, int] = {}
    ties: list[Tie] = []
    names = set(changed)
    while waiting or names:
        fresh = names - spread.keys()
        names = set()
        for kind, of_kind in _by_kind(fresh).items():
            now = _spread(connection, kind, of_kind)
            before = _spread_before(connection, kind, [name for name in of_kind if (kind, name) in changed])
            follow = []
            for name in of_kind:
                count = spread[kind, name] = now.get(name, 0)
                if joins(kind, count) or ((kind, name) in changed and joins(kind, before.get(name, 0))):
                    follow.append(name)
            waiting |= _users(connection, kind, follow)
        waiting -= seen
        seen |= waiting
        found = _ties_of(connection, waiting)
        ties += found
        names = {(tie.kind, tie.name) for tie in found}
        waiting = _companions(connection, waiting) - seen
        if not waiting:
            names -= spread.keys()
    return Part(frozenset(seen), ties, {name: count for name, count in spread.items() if count})


def settle(connection: Connection, part: Part | None) -> None:
    """Note that clusters are made of all ties as they are now; `part` None where all of them were."""
    if part is None:
        connection.execute(delete(NameRow))
        counted = select(TieRow.kind, TieRow.name, func.count(TieRow.address.distinct()))
        connection.execute(
            insert(NameRow).from_select(
                ["kind", "name", "spread"], counted.group_by(TieRow.kind, TieRow.name)
            )
        )
    else:
        changed = connection.execute(select(ChangeRow.kind, ChangeRow.name).distinct()).all()
        for kind, names in _by_kind({(Kind(kind), name) for kind, name in changed}).items():
            now = _spread(connection, kind, names)
            for some in batches(names):
                connection.execute(delete(NameRow).where(NameRow.kind == kind, NameRow.name.in_(some)))
            rows = [{"kind": int(kind), "name": name, "spread": count} for name, count in now.items()]
            for those in batches(rows):
                connection.execute(insert(NameRow), those)
    connection.execute(delete(ChangeRow))


def rules_of(connection: Connection) -> str | None:
    """Return the digest of the rules by which clusters were made; None before."""
    return connection.scalar(select(RulesRow.digest))


def set_rules(connection: Connection, digest: str) -> None:
    """Note the rules by which all clusters were made."""
    connection.execute(delete(RulesRow))
    connection.execute(insert(RulesRow).values(digest=digest))


def key_of(db: Database) -> bytes:
    """Return the secret of the clusters' ids, drawn where there is none yet: it says nothing of anybody."""
    with db.reading() as connection:
        key: bytes | None = connection.scalar(select(StateRow.key))
    if key is not None:
        return key
    with db.writing() as connection:
        lock(connection, TOPIC)
        return cluster_key(connection)[0]


def cluster_key(connection: Connection) -> tuple[bytes, str]:
    """Return the secret of the clusters' ids, drawn at the first time, and the registry's stamp kept with it.

    To be asked within a transaction that writes and holds the lock of TOPIC.
    """
    row = connection.execute(select(StateRow.key, StateRow.stamp)).one_or_none()
    if row is not None:
        return bytes(row.key), str(row.stamp)
    key = token_bytes(16)
    connection.execute(insert(StateRow).values(id=1, key=key, stamp=""))
    return key, ""


def made_with(connection: Connection, stamp: str) -> None:
    """Note the stamp of the registry that all clusters were made with."""
    connection.execute(update(StateRow).values(stamp=stamp))


def any_ties(connection: Connection) -> bool:
    """Say whether anything is tied to anything: without, there is nothing to make clusters of."""
    return connection.scalar(select(TieRow.id).limit(1)) is not None


def _save(connection: Connection, key: bytes, ties: Iterable[Tie], only: set[Address] | None = None) -> int:
    kept: dict[tuple[Address, str, int, str], Any] = {}
    asked = select(TieRow.id, *_COLUMNS).where(TieRow.source_key == key)
    parts = [None] if only is None else list(batches(sorted(only, key=_order)))
    for part in parts:
        rows = connection.execute(asked if part is None else asked.where(TieRow.address.in_(part)))
        kept |= {(row.address, row.party, row.kind, row.name): row for row in rows}
    new: dict[tuple[Address, str, int, str], Tie] = {}
    for tie in ties:
        place = (tie.address, tie.party, int(tie.kind), tie.name)
        known = new.get(place)
        new[place] = tie if known is None else _both(known, tie)
    gone = [row.id for place, row in kept.items() if place not in new or _differ(row, new[place])]
    come = [tie for place, tie in new.items() if place not in kept or _differ(kept[place], tie)]
    for ids in batches(gone):
        connection.execute(delete(TieRow).where(TieRow.id.in_(ids)))
    for some in batches(come, 2000):
        connection.execute(insert(TieRow), [_row(key, tie) for tie in some])
    changes = [(place[0], place[2], place[3]) for place in kept if place not in new]
    changes += [(tie.address, int(tie.kind), tie.name) for tie in come]
    for few in batches(changes, 2000):
        connection.execute(
            insert(ChangeRow), [{"address": a, "kind": kind, "name": name} for a, kind, name in few]
        )
    return len(changes)


def _both(one: Tie, other: Tie) -> Tie:
    first = min(one, other, key=lambda tie: (tie.first_ns, tie.where.source, tie.where.frame or 0))
    return Tie(
        one.address,
        one.party,
        one.kind,
        one.name,
        first.first_ns,
        max(one.last_ns, other.last_ns),
        one.count + other.count,
        first.where,
    )


def _differ(row: Any, tie: Tie) -> bool:
    return (row.first_ns, row.last_ns, row.count) != (tie.first_ns, tie.last_ns, tie.count)


def _row(key: bytes, tie: Tie) -> dict[str, Any]:
    return {
        "source_key": key,
        "address": tie.address,
        "party": tie.party,
        "kind": int(tie.kind),
        "name": tie.name,
        "first_ns": tie.first_ns,
        "last_ns": tie.last_ns,
        "count": tie.count,
        "source": tie.where.source,
        "frame": tie.where.frame,
    }


def _tie(row: Any) -> Tie:
    where = Where(row.source, row.frame)
    return Tie(row.address, row.party, Kind(row.kind), row.name, row.first_ns, row.last_ns, row.count, where)


def _order(address: Address) -> tuple[int, int]:
    return address.version, int(address)


def _by_kind(names: Iterable[Name]) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {}
    for kind, name in sorted(names):
        found.setdefault(kind, []).append(name)
    return found


def _spread(connection: Connection, kind: Kind, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    asked = select(TieRow.name, func.count(TieRow.address.distinct())).group_by(TieRow.name)
    for part in batches(names):
        rows = connection.execute(asked.where(TieRow.kind == int(kind), TieRow.name.in_(part)))
        found |= {row[0]: row[1] for row in rows}
    return found


def _spread_before(connection: Connection, kind: Kind, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    asked = select(NameRow.name, NameRow.spread)
    for part in batches(names):
        rows = connection.execute(asked.where(NameRow.kind == int(kind), NameRow.name.in_(part)))
        found |= {row[0]: row[1] for row in rows}
    return found


def _users(connection: Connection, kind: Kind, names: Sequence[str]) -> set[Address]:
    found: set[Address] = set()
    for part in batches(names):
        asked = select(TieRow.address).where(TieRow.kind == int(kind), TieRow.name.in_(part))
        found |= set(connection.scalars(asked.distinct()))
    return found


def _ties_of(connection: Connection, addresses: set[Address]) -> list[Tie]:
    found: list[Tie] = []
    for part in batches(sorted(addresses, key=_order)):
        rows = connection.execute(select(*_COLUMNS).where(TieRow.address.in_(part)))
        found += map(_tie, rows)
    return found


def _companions(connection: Connection, addresses: set[Address]) -> set[Address]:
    """Return the addresses that lie in one cluster with any of these."""
    clusters: set[str] = set()
    for part in batches(sorted(addresses, key=_order)):
        asked = select(MemberRow.cluster_id).where(MemberRow.address.in_(part))
        clusters |= set(connection.scalars(asked.distinct()))
    found: set[Address] = set()
    for ids in batches(sorted(clusters)):
        asked_of = select(MemberRow.address).where(MemberRow.cluster_id.in_(ids))
        found |= set(connection.scalars(asked_of.distinct()))
    return found


def ties_of_parties(connection: Connection, parties: Collection[tuple[Address, str]]) -> list[Tie]:
    """Return all ties of these parties, in the order of addresses, parties and names."""
    found = _ties_of(connection, {address for address, _ in parties})
    mine = [tie for tie in found if (tie.address, tie.party) in parties]
    return sorted(mine, key=lambda tie: (*_order(tie.address), tie.party, tie.kind, tie.name, tie.first_ns))
