"""What people decided about addresses, and writes that are done once however often they are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from facts.endpoint import Address
from facts.instant import NS
from store.access_tables import DecisionRow, IdempotencyRow
from store.database import Database, lock

ONCE_S = 86_400
"""Seconds for which an idempotency key stands."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision."""

    id: int
    address: Address
    decision: str
    """`confirm` or `reject`."""
    reason: str
    by_name: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a write."""

    status: int
    headers: Mapping[str, str]
    body: str
    """JSON."""
    again: bool = False
    """It was given before."""


class KeyReusedError(Exception):
    """The idempotency key was used for another request."""


class DecisionStore:
    """Keeps decisions; none is ever changed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_addresses(self, addresses: Sequence[Address]) -> list[Decision]:
        """Return the decisions about addresses, the latest first."""
        row = DecisionRow
        query = select(row.id, row.address, row.decision, row.reason, row.by_name, row.at_ns)
        with self._db.reading() as connection:
            found = connection.execute(query.where(row.address.in_(addresses)).order_by(row.id.desc()))
            return [Decision(*fields) for fields in found]


def decide(
    connection: Connection, address: Address, decision: str, reason: str, by_name: str, at_ns: int
) -> Decision:
    """Add a decision on an open connection."""
    new = insert(DecisionRow).values(
        address=address, decision=decision, reason=reason, by_name=by_name, at_ns=at_ns
    )
    number = connection.scalars(new.returning(DecisionRow.id)).one()
    return Decision(number, address, decision, reason, by_name, at_ns)


def write_once(
    db: Database,
    actor: str,
    key: str | None,
    request: bytes,
    at_ns: int,
    write: Callable[[Connection], Reply],
) -> Reply:
    """Do a write and keep its reply, in one transaction; asked with the same key again, give it again.

    `request` is the digest of the whole request. Raises KeyReusedError where the key was another one's.
    """
    with db.writing() as connection:
        if key is None:
            return write(connection)
        lock(connection, "idempotency")
        row = IdempotencyRow
        connection.execute(delete(row).where(row.at_ns < at_ns - ONCE_S * NS))
        known = connection.execute(
            select(row.request, row.status, row.headers, row.body).where(row.actor == actor, row.key == key)
        ).first()
        if known is not None:
            if known.request != request:
                raise KeyReusedError
            return Reply(known.status, known.headers, known.body, again=True)
        reply = write(connection)
        connection.execute(
            insert(row).values(
                actor=actor,
                key=key,
                request=request,
                status=reply.status,
                headers=dict(reply.headers),
                body=reply.body,
                at_ns=at_ns,
            )
        )
        return reply
