"""Opening the gate of a running API over its services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.access.gate import RATE, Gate, Mode
from pipeline.services import Services
from store.access import AccessStore
from store.audit import AuditStore
from store.audit_writer import AuditWriter
from store.row_security import lock_rows


@contextmanager
def opened_gate(
    services: Services, mode: Mode, clock: Callable[[], int], rate: str = RATE, *, durable: bool = True
) -> Iterator[Gate]:
    """Give the gate; the services' database is held to the region of who asks, the audit ended at the end.

    `durable`: an answer leaves once its entry is on the disk, not only in the database.
    """
    lock_rows(services.database)
    audit = AuditStore(services.database, durable=durable)
    with AuditWriter(audit) as writer:
        yield Gate(AccessStore(services.database, clock), audit, writer, mode, clock, rate)
