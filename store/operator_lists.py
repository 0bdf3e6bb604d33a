"""The operator's allow and deny lists, kept; every answer of the store is given as they stand then."""

from sqlalchemy import Connection, delete, insert, select

from classifier.operator_lists import MAX_REASON, Entry, ListName, OperatorLists, read_subject
from facts.errors import UsageError
from store.database import Database, lock
from store.tables import OperatorEntryRow

MAX_ENTRIES = 100_000
"""All of them are read for each answer."""
_ENTRIES = select(
    OperatorEntryRow.list, OperatorEntryRow.subject, OperatorEntryRow.reason, OperatorEntryRow.added_ns
).order_by(OperatorEntryRow.id)


class OperatorListStore:
    """Adds, removes and lists entries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, entry: Entry) -> Entry | None:
        """Add an entry, in the place of the one with the same subject, which is returned.

        Raises UsageError for a reason that is empty or too long, and where MAX_ENTRIES are held.
        """
        if not 0 < len(entry.reason.strip()) <= MAX_REASON:
            raise UsageError(f"an entry needs a reason of at most {MAX_REASON} characters")
        subject = entry.subject
        ends = (
            (None, None) if isinstance(subject, str) else (subject.network_address, subject.broadcast_address)
        )
        with self._db.writing() as connection:
            lock(connection, "operator entries")
            entries = read_entries(connection)
            old = next((one for one in entries if one.text == entry.text), None)
            if old is None and len(entries) >= MAX_ENTRIES:
                raise UsageError(f"the lists hold {MAX_ENTRIES:,} entries already")
            connection.execute(delete(OperatorEntryRow).where(OperatorEntryRow.subject == entry.text))
            connection.execute(
                insert(OperatorEntryRow).values(
                    list=entry.list.value,
                    subject=entry.text,
                    first_address=ends[0],
                    last_address=ends[1],
                    reason=entry.reason.strip(),
                    added_ns=entry.added_ns,
                )
            )
        return old

    def remove(self, which: ListName, text: str) -> bool:
        """Remove an entry of one list; False where it is not there. Raises UsageError for an odd subject."""
        written = Entry(which, read_subject(text), "", 0).text
        gone = delete(OperatorEntryRow).where(
            OperatorEntryRow.subject == written, OperatorEntryRow.list == which.value
        )
        with self._db.writing() as connection:
            return connection.execute(gone).rowcount > 0

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries, in the order in which they were added."""
        with self._db.reading() as connection:
            return read_entries(connection)

    def lists(self) -> OperatorLists:
        """Return all entries, ready to be asked."""
        return OperatorLists(self.entries())


def read_entries(connection: Connection) -> tuple[Entry, ...]:
    """Read all entries on an open connection, in the order in which they were added."""
    return tuple(
        Entry(ListName(which), read_subject(subject), reason, added_ns)
        for which, subject, reason, added_ns in connection.execute(_ENTRIES)
    )
