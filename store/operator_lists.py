"""The operator's allow and deny lists, kept; every answer of the store is given as they stand then."""

import secrets
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, delete, insert, select

from classifier.operator_lists import MAX_REASON, Entry, ListName, OperatorLists, read_subject
from facts.errors import UsageError
from store.access_tables import VersionRow
from store.database import Database, lock
from store.prepared import Prepared, Runs
from store.tables import OperatorEntryRow

MAX_ENTRIES = 100_000
"""All of them are held in memory while they are asked."""
_TOPIC = "operator lists"
_VERSION = Prepared(select(VersionRow.version).where(VersionRow.topic == _TOPIC))
_remembered: WeakKeyDictionary[Engine, tuple[int, OperatorLists]] = WeakKeyDictionary()
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
        with self._db.writing() as connection:
            return add_entry(connection, entry)

    def remove(self, which: ListName, text: str) -> bool:
        """Remove an entry of one list; False where it is not there. Raises UsageError for an odd subject."""
        with self._db.writing() as connection:
            return remove_entry(connection, which, text)

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries, in the order in which they were added."""
        with self._db.reading() as connection:
            return read_entries(connection)

    def lists(self) -> OperatorLists:
        """Return all entries, ready to be asked."""
        with self._db.reading() as connection:
            return lists_now(connection)


def read_entries(connection: Connection) -> tuple[Entry, ...]:
    """Read all entries on an open connection, in the order in which they were added."""
    return tuple(
        Entry(ListName(which), read_subject(subject), reason, added_ns)
        for which, subject, reason, added_ns in connection.execute(_ENTRIES)
    )


def add_entry(connection: Connection, entry: Entry) -> Entry | None:
    """Add an entry on an open connection, as `OperatorListStore.add` does."""
    if not 0 < len(entry.reason.strip()) <= MAX_REASON:
        raise UsageError(f"an entry needs a reason of at most {MAX_REASON} characters")
    subject = entry.subject
    ends = (None, None) if isinstance(subject, str) else (subject.network_address, subject.broadcast_address)
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
    _changed(connection)
    return old


def remove_entry(connection: Connection, which: ListName, text: str) -> bool:
    """Remove an entry on an open connection, as `OperatorListStore.remove` does."""
    written = Entry(which, read_subject(text), "", 0).text
    gone = delete(OperatorEntryRow).where(
        OperatorEntryRow.subject == written, OperatorEntryRow.list == which.value
    )
    lock(connection, "operator entries")
    there = connection.execute(gone).rowcount > 0
    if there:
        _changed(connection)
    return there


def version_now(connection: Runs) -> int:
    """Return a number that is another one after each change of the lists; 0 before the first."""
    found = _VERSION.rows(connection, {})
    return found[0][0] if found else 0


def lists_now(connection: Connection) -> OperatorLists:
    """Return the lists as they stand in an open transaction; read anew only where they have changed."""
    version = version_now(connection)
    known = _remembered.get(connection.engine)
    if known is None or known[0] != version:
        known = _remembered[connection.engine] = version, OperatorLists(read_entries(connection))
    return known[1]


def lists_remembered(connection: Runs) -> OperatorLists | None:
    """Return the lists as they stand in an open transaction; None where they have to be read anew."""
    known = _remembered.get(connection.engine)
    return known[1] if known is not None and known[0] == version_now(connection) else None


def _changed(connection: Connection) -> None:
    """Say that the lists are others now: by a random number, which no restored backup can bring back."""
    connection.execute(delete(VersionRow).where(VersionRow.topic == _TOPIC))
    connection.execute(insert(VersionRow).values(topic=_TOPIC, version=secrets.randbits(62)))
