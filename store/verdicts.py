"""Verdicts kept by run: the current ones are those that no later run of the same source replaced."""

import struct
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from classifier.logins import has_owner
from classifier.operator_lists import OPERATOR_KINDS, ListName, OperatorLists, overruled
from classifier.ownership_model import Belonging
from facts.endpoint import Address
from facts.errors import StoreError, UsageError
from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, Level, Role
from facts.verdict import Verdict
from store.clusters import belongings, belongings_of
from store.database import Database, lock
from store.held import Held
from store.hit_filter import HitFilter as HitFilter  # part of this file's interface
from store.hit_filter import conditions
from store.operator_lists import lists_now, lists_remembered
from store.tables import EvidenceRow, RunRow, VerdictRow
from store.verdict_rows import BATCH, Loaded, insert_verdicts, load_current, load_verdicts, source_key

MAX_NAME = 500
"""Characters of a run's name: it is part of an index entry."""
MOST_AT_ONCE = 64
"""Rows of a kind that `at_once` reads: more would keep others waiting."""

_T = TypeVar("_T")
_PLACE = struct.Struct(">qq")  # last seen, id
# Made once, as are those of load_verdicts: to form a statement takes longer than to run it.
_OF_ADDRESSES = (
    select(VerdictRow.id)
    .where(VerdictRow.superseded_by.is_(None), VerdictRow.address.in_(bindparam("addresses", expanding=True)))
    .order_by(VerdictRow.last_seen_ns.desc(), VerdictRow.id.desc())
)
_STRANGE_CURSOR = "this cursor was given by no page of hits"


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict as it was saved, or as the operator's lists show it now."""

    id: int
    """Never used again, not even after deletion."""
    run: str
    """Name of the run that made it."""
    verdict: Verdict
    because: tuple[str, ...]
    """The sentence of each piece of `verdict.evidence`, as worded when it was saved; "" where none was."""
    original: Verdict | None = None
    """The verdict as it was judged, where the operator's lists show another one."""
    cluster: Belonging | None = None
    """What the address belongs to; None where it shares a cluster with no other address."""


@dataclass(frozen=True, slots=True)
class HitPage:
    """Some hits, last seen first."""

    hits: tuple[StoredVerdict, ...]
    next_cursor: str | None
    """Ask with it for the rest; None at the end."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What one `save` did."""

    run_id: int
    added: int
    superseded: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the store holds. Verdicts are the current ones."""

    runs: int
    verdicts: int
    addresses: int
    evidence: int
    by_level: dict[Level, int]
    by_role: dict[Role, int]


class VerdictStore:
    """Saves and finds verdicts."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held = Held(db, "busy_timeout = 0") if db.engine.dialect.name == "sqlite" else None
        self._turn = Lock()

    def save(
        self,
        run_name: str,
        started_ns: int,
        verdicts: Iterable[Verdict],
        because: Callable[[Evidence], str] | None = None,
        sources: Collection[str] = (),
    ) -> Saved:
        """Save verdicts of one run, all or none; `run_name` and `started_ns` together name the run.

        What other runs said of the same source, address and role is superseded and kept as their history;
        what this run said of it before is replaced, so that saving twice is saving once. Of several verdicts
        with the same source, address and role the last counts. `because` words each piece of evidence for a
        person. `sources` were judged whole by this call: what was said of them before and is not repeated
        now is superseded (or, where this run said it, deleted) too.

        Raises UsageError for a name longer than MAX_NAME and StoreError where the database fails.
        """
        if len(run_name) > MAX_NAME:
            raise UsageError(f"the name of a run has at most {MAX_NAME} characters, not {len(run_name)}")
        latest = list({(v.source, v.address, v.role): v for v in verdicts}.values())
        superseded = 0
        with self._db.writing() as connection:
            lock(connection, "verdicts")
            run_id = _run_id(connection, run_name, started_ns)
            if whole := [{"key": source_key(source)} for source in sources]:
                superseded += _give_way(connection, run_id, VerdictRow.source_key == bindparam("key"), whole)
            for batch in _batches(latest):
                same = and_(
                    VerdictRow.source_key == bindparam("key"),
                    VerdictRow.address == bindparam("of"),
                    VerdictRow.role == bindparam("in_role"),
                )
                keys = [
                    {"key": source_key(v.source), "of": v.address, "in_role": v.role.value} for v in batch
                ]
                superseded += _give_way(connection, run_id, same, keys)
                insert_verdicts(connection, run_id, batch, because or _unworded)
        return Saved(run_id, len(latest), superseded)

    def withdraw(self, run_name: str, started_ns: int, keys: Collection[tuple[str, Address, Role]]) -> int:
        """Take back what this run said of these sources, addresses and roles; return how many verdicts.

        What an older run had said of them, and this run had superseded, is as if this run had not spoken.
        """
        taken = 0
        with self._db.writing() as connection:
            lock(connection, "verdicts")
            run_id = _run_id(connection, run_name, started_ns)
            for source, address, role in keys:
                same = and_(
                    VerdictRow.source_key == source_key(source),
                    VerdictRow.address == address,
                    VerdictRow.role == role.value,
                )
                ours = select(VerdictRow.id, VerdictRow.superseded_by).where(
                    same, VerdictRow.run_id == run_id
                )
                for row, by in connection.execute(ours).all():
                    connection.execute(delete(VerdictRow).where(VerdictRow.id == row))
                    older = update(VerdictRow).where(same, VerdictRow.superseded_by == run_id)
                    connection.execute(older.values(superseded_by=by))
                    taken += 1
        return taken

    def of_address(self, address: Address) -> list[StoredVerdict]:
        """Return the current verdicts on one address, last seen first; empty where there is none."""
        return next(self.of_addresses([address]))[1]

    def of_addresses(self, addresses: Iterable[Address]) -> Iterator[tuple[Address, list[StoredVerdict]]]:
        """Yield every address asked, in that order, with its current verdicts, last seen first; perhaps none.

        Reads BATCH addresses at a time, each batch with one consistent view; no connection is held between
        them.
        """
        for batch in _batches(addresses):
            if len(batch) == 1:
                yield batch[0], self._of_one(batch[0])
                continue
            with self._db.reading() as connection:
                ids = connection.scalars(_OF_ADDRESSES, {"addresses": list(set(batch))}).all()
                found: dict[Address, list[StoredVerdict]] = {}
                for stored in _loaded(connection, ids, lists_now(connection)):
                    found.setdefault(stored.verdict.address, []).append(stored)
            for address in batch:
                yield address, found.get(address, [])

    def _of_one(self, address: Address) -> list[StoredVerdict]:
        with self._db.reading() as connection:
            loaded = load_current(connection, address)
            return list(_shown(connection, loaded, lists_now(connection))) if loaded else []

    def at_once(self, address: Address) -> list[StoredVerdict] | None:
        """Return what `of_address` returns, in well under a millisecond and without waiting for anybody.

        None where that cannot be: the database is no file of this machine, or is busy, or has much to tell.
        """
        if self._held is None or not self._turn.acquire(blocking=False):
            return None
        try:
            with self._held.reading() as held:
                loaded = load_current(held, address, MOST_AT_ONCE)
                if not loaded:
                    return loaded  # type: ignore[return-value]  # None or no verdict
                lists = lists_remembered(held)
                if lists is None:
                    return None
                owned = any(has_owner(verdict) for _, _, verdict, _ in loaded)
                clusters = belongings_of(held, address) if owned else {}
                return list(_overruled(loaded, lists, clusters))
        except StoreError:
            return None  # who asks with patience is told what it is
        finally:
            self._turn.release()

    def of_ids(self, ids: Sequence[int]) -> list[StoredVerdict]:
        """Return verdicts by their ids, in that order, superseded ones too; deleted ones are left out.

        For what named a verdict as evidence: it stays readable as it was then.
        """
        with self._db.reading() as connection:
            return list(_loaded(connection, ids, lists_now(connection)))

    def hits(self, filters: HitFilter, cursor: str | None = None, limit: int = 100) -> HitPage:
        """Return one page of current verdicts, last seen first.

        Paging by cursor repeats none and leaves none out that stays as it is meanwhile. Raises UsageError for
        a cursor that no page gave and for a limit below 1.
        """
        if limit < 1:
            raise UsageError(f"a page holds at least one hit, not {limit}")
        hits: list[StoredVerdict] = []
        place = None if cursor is None else _place_of(cursor)
        with self._db.reading() as connection:
            lists = lists_now(connection)
            asked = conditions(filters, lists.names(ListName.DENY) if lists else None)
            while len(hits) <= limit:
                query = select(VerdictRow.id, VerdictRow.last_seen_ns).where(*asked)
                if place is not None:
                    query = query.where(_behind(*place))
                order = (VerdictRow.last_seen_ns.desc(), VerdictRow.id.desc())
                rows = connection.execute(query.order_by(*order).limit(limit + 1)).all()
                hits += [
                    stored
                    for stored in _loaded(connection, [verdict_id for verdict_id, _ in rows], lists)
                    if filters.admits(stored.verdict.level)
                ]
                if len(rows) <= limit:
                    break
                place = (rows[-1][1], rows[-1][0])
        page = tuple(hits[:limit])
        more = len(hits) > limit
        return HitPage(page, _cursor(page[-1].verdict.last_seen_ns, page[-1].id) if more else None)

    def counts(self) -> Counts:
        """Count what is held."""
        current = VerdictRow.superseded_by.is_(None)
        with self._db.reading() as connection:
            verdicts = select(VerdictRow.level, VerdictRow.role, func.count()).where(current)
            by_both = connection.execute(verdicts.group_by(VerdictRow.level, VerdictRow.role)).all()
            addresses = select(func.count(VerdictRow.address.distinct())).where(current)
            evidence = (
                select(func.count())
                .select_from(EvidenceRow)
                .join(VerdictRow, VerdictRow.id == EvidenceRow.verdict_id)
            )
            return Counts(
                runs=connection.scalar(select(func.count()).select_from(RunRow)) or 0,
                verdicts=sum(count for _, _, count in by_both),
                addresses=connection.scalar(addresses) or 0,
                evidence=connection.scalar(evidence.where(current)) or 0,
                by_level={level: sum(n for of, _, n in by_both if of is level) for level in LEVEL_ORDER},
                by_role={role: sum(n for _, of, n in by_both if of == role.value) for role in Role},
            )


def cursor_after(stored: StoredVerdict) -> str:
    """Return the cursor of the hits that follow one in the order of hits."""
    return _cursor(stored.verdict.last_seen_ns, stored.id)


def _unworded(evidence: Evidence) -> str:
    return ""


def _run_id(connection: Connection, name: str, started_ns: int) -> int:
    """Return the id of a run, a new one where it was never saved."""
    known = select(RunRow.id).where(RunRow.name == name, RunRow.started_ns == started_ns)
    if (run_id := connection.scalar(known)) is not None:
        return run_id
    new = insert(RunRow).values(name=name, started_ns=started_ns).returning(RunRow.id)
    return connection.scalars(new).one()


def _give_way(
    connection: Connection, run_id: int, which: ColumnElement[bool], keys: list[dict[str, Any]]
) -> int:
    """Delete what this run said, supersede what others did; return how many others. `keys` fill `which`."""
    connection.execute(delete(VerdictRow).where(which, VerdictRow.run_id == run_id), keys)
    older = update(VerdictRow).where(which, VerdictRow.superseded_by.is_(None), VerdictRow.run_id != run_id)
    return connection.execute(older.values(superseded_by=run_id), keys).rowcount


def _loaded(connection: Connection, ids: Sequence[int], lists: OperatorLists) -> Iterator[StoredVerdict]:
    """Yield verdicts in the order of `ids`, as the operator's lists show them."""
    for batch in _batches(ids):
        yield from _shown(connection, load_verdicts(connection, batch), lists)


def _shown(connection: Connection, loaded: Iterable[Loaded], lists: OperatorLists) -> Iterator[StoredVerdict]:
    loaded = list(loaded)
    owned = {verdict.address for _, _, verdict, _ in loaded if has_owner(verdict)}
    yield from _overruled(loaded, lists, belongings(connection, owned) if owned else {})


def _overruled(
    loaded: Iterable[Loaded], lists: OperatorLists, clusters: Mapping[Address, Belonging]
) -> Iterator[StoredVerdict]:
    for verdict_id, run, verdict, because in loaded:
        shown = overruled(verdict, lists)
        cluster = clusters.get(verdict.address) if has_owner(verdict) else None
        if shown is None:
            yield StoredVerdict(verdict_id, run, verdict, because, cluster=cluster)
            continue
        at = next(i for i, one in enumerate(shown.evidence) if one.evidence.kind in OPERATOR_KINDS)
        worded = (*because[:at], "", *because[at:])
        yield StoredVerdict(verdict_id, run, shown, worded, verdict, cluster)


def _behind(last_seen_ns: int, verdict_id: int) -> ColumnElement[bool]:
    """What comes after a place in the order of hits."""
    same = and_(VerdictRow.last_seen_ns == last_seen_ns, VerdictRow.id < verdict_id)
    return or_(VerdictRow.last_seen_ns < last_seen_ns, same)


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _cursor(last_seen_ns: int, verdict_id: int) -> str:
    return urlsafe_b64encode(_PLACE.pack(last_seen_ns, verdict_id)).decode().rstrip("=")


def _place_of(cursor: str) -> tuple[int, int]:
    """Return (last seen, id) of the last hit of the page before. Raises UsageError."""
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        last_seen_ns, verdict_id = _PLACE.unpack(raw)
    except (ValueError, struct.error) as error:
        raise UsageError(_STRANGE_CURSOR) from error
    if cursor != _cursor(last_seen_ns, verdict_id):  # one place has one cursor
        raise UsageError(_STRANGE_CURSOR)
    return last_seen_ns, verdict_id
