"""Verdicts to rows and back: nothing is lost on the way."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, select
from sqlalchemy.orm import DeclarativeBase

from facts.endpoint import Address
from facts.evidence import Evidence
from facts.names import PeerState, Role
from facts.verdict import Peer, Verdict, Weighed
from facts.where import Where
from store.prepared import Prepared, Runs
from store.quantity_rows import from_json, to_json
from store.tables import EvidenceRow, RunRow, VerdictCoinRow, VerdictPeerRow, VerdictRow

Row = dict[str, Any]
Loaded = tuple[int, str, Verdict, tuple[str, ...]]
"""Id, name of the run, verdict, the sentence of each piece of evidence."""

BATCH = 500
"""Verdicts written or read with one statement: far below SQLite's 32,766 values a statement."""

_PARTS = (
    VerdictRow.id,
    RunRow.name,
    VerdictRow.source,
    VerdictRow.address,
    VerdictRow.role,
    VerdictRow.level,
    VerdictRow.score,
    VerdictRow.protocols,
    VerdictRow.coins,
    VerdictRow.algorithms,
    VerdictRow.encrypted,
    VerdictRow.first_seen_ns,
    VerdictRow.last_seen_ns,
    VerdictRow.agents,
    VerdictRow.wallets,
    VerdictRow.workers,
    VerdictRow.pools,
    VerdictRow.hashrate,
)
_EVIDENCE_PARTS = (
    EvidenceRow.verdict_id,
    EvidenceRow.address,
    EvidenceRow.role,
    EvidenceRow.kind,
    EvidenceRow.because,
    EvidenceRow.params,
    EvidenceRow.source,
    EvidenceRow.frame,
    EvidenceRow.byte_offset,
    EvidenceRow.at_ns,
    EvidenceRow.count,
    EvidenceRow.weight,
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_VERDICTS = select(*_PARTS).join(RunRow, RunRow.id == VerdictRow.run_id).where(VerdictRow.id.in_(_IDS))
_PEERS = (
    select(*VerdictPeerRow.__table__.columns)
    .where(VerdictPeerRow.verdict_id.in_(_IDS))
    .order_by(VerdictPeerRow.verdict_id, VerdictPeerRow.place)
)
_EVIDENCE = (
    select(*_EVIDENCE_PARTS)
    .where(EvidenceRow.verdict_id.in_(_IDS))
    .order_by(EvidenceRow.verdict_id, EvidenceRow.place)
)
_CURRENT_OF = (VerdictRow.superseded_by.is_(None), VerdictRow.address == bindparam("of"))
_CURRENT = Prepared(
    select(*_PARTS)
    .join(RunRow, RunRow.id == VerdictRow.run_id)
    .where(*_CURRENT_OF)
    .order_by(VerdictRow.last_seen_ns.desc(), VerdictRow.id.desc())
)
_CURRENT_PEERS = Prepared(
    select(*VerdictPeerRow.__table__.columns)
    .where(VerdictPeerRow.verdict_id.in_(select(VerdictRow.id).where(*_CURRENT_OF)))
    .order_by(VerdictPeerRow.verdict_id, VerdictPeerRow.place)
)
_CURRENT_EVIDENCE = Prepared(
    select(*_EVIDENCE_PARTS)
    .where(EvidenceRow.verdict_id.in_(select(VerdictRow.id).where(*_CURRENT_OF)))
    .order_by(EvidenceRow.verdict_id, EvidenceRow.place)
)


def source_key(source: str) -> bytes:
    """Return the 16-byte digest under which a source is looked for."""
    return hashlib.blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def insert_verdicts(
    connection: Connection, run_id: int, verdicts: Sequence[Verdict], because: Callable[[Evidence], str]
) -> None:
    """Insert at most BATCH verdicts of one run with all that belongs to them."""
    new = insert(VerdictRow).returning(VerdictRow.id, sort_by_parameter_order=True)
    ids = connection.scalars(new, [_verdict_row(run_id, verdict) for verdict in verdicts]).all()
    numbered = list(zip(ids, verdicts, strict=True))
    _insert(connection, VerdictCoinRow, (row for i, verdict in numbered for row in _coin_rows(i, verdict)))
    _insert(connection, VerdictPeerRow, (row for i, verdict in numbered for row in _peer_rows(i, verdict)))
    _insert(
        connection,
        EvidenceRow,
        (row for i, verdict in numbered for row in _evidence_rows(i, verdict, because)),
    )


def load_verdicts(connection: Connection, ids: Sequence[int]) -> Iterator[Loaded]:
    """Yield at most BATCH verdicts, in the order of `ids`."""
    asked = {"ids": ids}
    found = _assembled(
        connection.execute(_VERDICTS, asked),
        connection.execute(_PEERS, asked),
        connection.execute(_EVIDENCE, asked),
    )
    by_id = {loaded[0]: loaded for loaded in found}
    for verdict_id in ids:
        yield by_id[verdict_id]


def load_current(connection: Runs, address: Address, most: int | None = None) -> list[Loaded] | None:
    """Return the current verdicts on one address, last seen first: what every look-up asks.

    None where they have more than `most` rows of a kind.
    """
    asked, parts = {"of": address}, []
    for statement in (_CURRENT, _CURRENT_PEERS, _CURRENT_EVIDENCE):
        rows = statement.rows(connection, asked, None if most is None else most + 1)
        if most is not None and len(rows) > most:
            return None
        parts.append(rows)
        if not parts[0]:
            return []
    return list(_assembled(*parts))


def _assembled(
    rows: Iterable[Sequence[Any]], peer_rows: Iterable[Sequence[Any]], evidence_rows: Iterable[Sequence[Any]]
) -> Iterator[Loaded]:
    """Yield the verdicts of rows, in their order."""
    peers: dict[int, list[Peer]] = defaultdict(list)
    for verdict_id, _, address, port, role, protocol, state in peer_rows:
        played = None if role is None else Role(role)
        peers[verdict_id].append(Peer(address, port, played, protocol, PeerState(state)))
    evidence: dict[int, list[Weighed]] = defaultdict(list)
    sentences: dict[int, list[str]] = defaultdict(list)
    for verdict_id, address, role, kind, sentence, params, *rest in evidence_rows:
        source, frame, offset, at_ns, count, weight = rest
        named = tuple((name, value) for name, value in params)
        seen = Evidence(address, Role(role), kind, Where(source, frame, offset), at_ns, named, count)
        evidence[verdict_id].append(Weighed(seen, weight))
        sentences[verdict_id].append(sentence)
    for verdict_id, run, *fields in rows:
        verdict = _verdict(fields, tuple(peers[verdict_id]), tuple(evidence[verdict_id]))
        yield verdict_id, run, verdict, tuple(sentences[verdict_id])


def _insert(connection: Connection, table: type[DeclarativeBase], rows: Iterable[Row]) -> None:
    if listed := list(rows):
        connection.execute(insert(table), listed)


def _verdict_row(run_id: int, verdict: Verdict) -> Row:
    return {
        "run_id": run_id,
        "source": verdict.source,
        "source_key": source_key(verdict.source),
        "address": verdict.address,
        "role": verdict.role.value,
        "level": verdict.level,
        "score": verdict.score,
        "protocols": verdict.protocols,
        "coins": verdict.coins,
        "algorithms": verdict.algorithms,
        "encrypted": verdict.encrypted,
        "first_seen_ns": verdict.first_seen_ns,
        "last_seen_ns": verdict.last_seen_ns,
        "agents": verdict.agents,
        "wallets": verdict.wallets,
        "workers": verdict.workers,
        "pools": verdict.pools,
        "hashrate": to_json(verdict),
    }


def _coin_rows(verdict_id: int, verdict: Verdict) -> Iterator[Row]:
    for coin in dict.fromkeys(verdict.coins):
        yield {"verdict_id": verdict_id, "coin": coin}


def _peer_rows(verdict_id: int, verdict: Verdict) -> Iterator[Row]:
    for place, peer in enumerate(verdict.peers):
        yield {
            "verdict_id": verdict_id,
            "place": place,
            "address": peer.address,
            "port": peer.port,
            "role": None if peer.role is None else peer.role.value,
            "protocol": peer.protocol,
            "state": peer.state.value,
        }


def _evidence_rows(verdict_id: int, verdict: Verdict, because: Callable[[Evidence], str]) -> Iterator[Row]:
    for place, weighed in enumerate(verdict.evidence):
        seen = weighed.evidence
        yield {
            "verdict_id": verdict_id,
            "place": place,
            "address": seen.address,
            "role": seen.role.value,
            "kind": seen.kind,
            "because": because(seen),
            "params": seen.params,
            "source": seen.where.source,
            "frame": seen.where.frame,
            "byte_offset": seen.where.offset,
            "at_ns": seen.at_ns,
            "count": seen.count,
            "weight": weighed.weight,
            "source_key": source_key(seen.where.source),
        }


def _verdict(fields: Sequence[Any], peers: tuple[Peer, ...], evidence: tuple[Weighed, ...]) -> Verdict:
    source, address, role, level, score, protocols, coins, algorithms, encrypted, *rest = fields
    first_seen_ns, last_seen_ns, agents, wallets, workers, pools, hashrate = rest
    return Verdict(
        source=source,
        address=address,
        role=Role(role),
        level=level,
        score=score,
        protocols=tuple(protocols),
        coins=tuple(coins),
        algorithms=tuple(algorithms),
        encrypted=encrypted,
        peers=peers,
        first_seen_ns=first_seen_ns,
        last_seen_ns=last_seen_ns,
        agents=tuple(agents),
        wallets=tuple(wallets),
        workers=workers,
        pools=tuple(pools),
        evidence=evidence,
        **from_json(hashrate),
    )
