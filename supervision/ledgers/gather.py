"""Everything that ledgers, registry, ownership graph and verdicts say on a day, read for the pure rules."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from classifier.ownership_model import Sort
from facts.instant import instant, nanoseconds
from facts.names import Level, Role
from pipeline.lookup import attributed
from pipeline.services import Services
from store.database import Database
from store.ledgers import Asked, Kept, read
from store.ledgers_ties import Tied, divisions_of, names_of, of_clusters, of_registry
from store.tariff import read_rulebook
from store.verdicts import HitFilter
from supervision.ledgers import read as nouns
from supervision.ledgers.flows import Flows
from supervision.ledgers.model import (
    Flow,
    Listed,
    Participant,
    Penalty,
    Points,
    RecordEvent,
    Recovery,
    Relation,
    RelationKind,
    Support,
)
from supervision.ledgers.screening import Seed
from supervision.ledgers.specs import Ledger
from supervision.projects.inventory import end_of
from supervision.tariff.rows import rulebook_of
from supervision.tariff.rules import Rulebook
from supervision.victims import among

_MINES = frozenset({Role.MINER, Role.SOLO_MINER, Role.PROXY})
"""Roles whose address is a place that mines; pools, nodes and wallets are not."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Book:
    """The ledgers as known at a time."""

    day: date
    participants: tuple[Participant, ...]
    lists: Mapping[str, tuple[Listed, ...]]
    """By credit code, the earliest first."""
    relations: tuple[Relation, ...]
    """Those that hold on the day: of the ledgers alone."""
    support: tuple[Support, ...]
    recoveries: Mapping[str, tuple[Recovery, ...]]
    """By support."""
    flows: tuple[Flow, ...]
    records: tuple[Penalty, ...]
    """Penalties, then credit records."""
    events: Mapping[str, tuple[RecordEvent, ...]]
    """By record."""
    points: tuple[Points, ...]
    names: Mapping[str, str]
    """Of enterprises by credit code: the registry's, else those of the ledgers."""


def book(
    connection: Connection,
    day: date,
    known_ns: int | None = None,
    only: Collection[Ledger] = frozenset(Ledger),
) -> Book:
    """Read ledgers on an open connection; those that are not wanted are left empty.

    `known_ns`: as they were known then, None: as they are now. Without the market its names are not among
    `names`: a market has a hundred thousand rows, and `names_for` finds the few that are shown.
    """
    asked = Asked(known_ns=known_ns)

    def records(ledger: Ledger) -> Iterator[Kept]:
        return read(connection, ledger.value, asked) if ledger in only else iter(())

    market = [kept.record for kept in records(Ledger.MARKET)]
    lists: dict[str, list[Listed]] = {}
    for kept in records(Ledger.MINING_LIST):
        entry = nouns.listed(kept.record)
        lists.setdefault(entry.uscc, []).append(entry)
    recoveries: dict[str, list[Recovery]] = {}
    for kept in records(Ledger.RECOVERIES):
        recoveries.setdefault(kept.subject, []).append(nouns.recovery(kept.record))
    events: dict[str, list[RecordEvent]] = {}
    for kept in records(Ledger.RECORD_EVENTS):
        events.setdefault(kept.subject, []).append(nouns.record_event(kept.record))
    relations = [one for record in market for one in nouns.relations_of_participant(record)]
    relations += [
        nouns.relation(kept.record) for kept in records(Ledger.RELATIONS) if nouns.holds(kept.record, day)
    ]
    for entries in lists.values():
        relations += [
            Relation(entry.uscc, RelationKind.ACCOUNT, one) for entry in entries for one in entry.accounts
        ]
    participants = tuple(nouns.participant(record) for record in market)
    names = {entry.uscc: entry.name for entries in lists.values() for entry in entries if entry.name}
    names |= {one.uscc: one.name for one in participants if one.name}
    return Book(
        day,
        participants,
        {code: tuple(sorted(held, key=lambda one: one.listed)) for code, held in lists.items()},
        tuple(relations),
        tuple(nouns.support(kept.record) for kept in records(Ledger.SUPPORT)),
        {name: tuple(held) for name, held in recoveries.items()},
        tuple(_flow(kept) for kept in records(Ledger.MONEY_FLOWS)),
        tuple(
            replace(nouns.penalty(kept.record), ledger=ledger.value)
            for ledger in (Ledger.PENALTIES, Ledger.CREDIT)
            for kept in records(ledger)
        ),
        {name: tuple(held) for name, held in events.items()},
        tuple(nouns.points(kept.record) for kept in records(Ledger.DUAL_CONTROL)),
        {**names, **{code: name for code, name in names_of(connection).items() if name}},
    )


def read_book(
    database: Database,
    day: date,
    known_ns: int | None = None,
    only: Collection[Ledger] = frozenset(Ledger),
) -> Book:
    """Read ledgers in one consistent view."""
    with database.reading() as connection:
        return book(connection, day, known_ns, only)


def names_for(database: Database, held: Book, codes: Iterable[str]) -> dict[str, str]:
    """Return the names of enterprises, those that only the market knows among them."""
    found = {code: held.names.get(code, "") for code in codes}
    with database.reading() as connection:
        for code in [code for code, name in found.items() if not name]:
            rows = read(connection, Ledger.MARKET.value, Asked(uscc=code))
            found[code] = next((kept.record["name"] or "" for kept in rows), "")
    return found


def rulebook_in_use(database: Database) -> Rulebook:
    """Return the rules of the market in use: the shipped ones, and over them the operator's own."""
    with database.reading() as connection:
        return rulebook_of(read_rulebook(connection))


def relations_of(connection: Connection, held: Book) -> list[Relation]:
    """Return all relations of a day: of the ledgers, the registry, the ownership graph, flows of money."""
    at_ns = nanoseconds(end_of(held.day))
    tied = (*of_registry(connection, at_ns), *of_clusters(connection))
    return [*held.relations, *map(_relation, tied), *of_flows(held.flows)]


def of_flows(flows: Iterable[Flow]) -> list[Relation]:
    """Return what flows of money tie enterprises to: accounts that they hold, wallets that pay them."""
    told = tuple(flows)
    graph = Flows(told)
    found = [
        Relation(one.holder, RelationKind.BANK_ACCOUNT, f"{one.institution} {one.to_id}".strip())
        for one in told
        if one.holder
    ]
    found += [
        Relation(code, RelationKind.WALLET, wallet)
        for wallet in graph.wallets()
        for code in graph.holders_of(wallet)
    ]
    return list(dict.fromkeys(found))


def places_of(connection: Connection, held: Book) -> dict[str, set[str]]:
    """Return the divisions in which enterprises are known: by lines and machines, markets, lists."""
    found = divisions_of(connection)
    for one in held.participants:
        found.setdefault(one.uscc, set()).add(one.division)
    for code, entries in held.lists.items():
        found.setdefault(code, set()).update(entry.division for entry in entries)
    return found


def seeds_of(services: Services, held: Book) -> list[Seed]:
    """Return the enterprises known to mine on the day: by the list, or by mining on their own lines.

    Traffic counts at `likely` and above, where one holder is certain. Addresses that are probably a malware
    campaign's, and those of insiders, are somebody's victims: their enterprises are not taken for miners.
    """
    found = [
        Seed(code, 1.0, True, entry.listed, entry.document)
        for code, entries in held.lists.items()
        for entry in entries
        if entry.on_list(held.day)
    ]
    until_ns = nanoseconds(end_of(held.day))
    cursor: str | None = None
    while True:
        page = services.verdicts.hits(HitFilter(Level.LIKELY), cursor, _PAGE)
        suspected = among(services, page.hits)
        for stored, holder in zip(page.hits, attributed(services, page.hits), strict=True):
            verdict = stored.verdict
            insider = stored.cluster is not None and stored.cluster.sort is Sort.INSIDER
            victim = insider or verdict.address in suspected
            mines = verdict.role in _MINES and verdict.last_seen_ns <= until_ns
            if mines and not victim and holder.certain and holder.uscc:
                seen = instant(verdict.last_seen_ns).date()
                found.append(Seed(holder.uscc, verdict.score, False, seen, str(verdict.address)))
        if (cursor := page.next_cursor) is None:
            return found


def _relation(tied: Tied) -> Relation:
    share = None if tied.part >= 1 else Decimal(str(round(tied.part * 100, 4)))
    return Relation(tied.uscc, RelationKind(tied.kind), tied.value, "", share)


def _flow(kept: Kept) -> Flow:
    return nouns.flow({**kept.record, "source": kept.source})
