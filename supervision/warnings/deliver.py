"""Delivery to webhooks: a bounded queue in the store, retries that wait ever longer, at least once each."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from facts.instant import NS, instant, nanoseconds
from store.database import Database, lock
from store.warnings_tables import WarningDeliveryRow, WarningEventRow, WarningHookRow
from supervision.warnings.guard import NotReachable, Resolve, Target, resolve, target
from supervision.warnings.hooks import SIGNATURE, Hook, message, signature
from supervision.warnings.kept import read_one
from supervision.warnings.life import Entry, stand
from supervision.warnings.rules import Rulebook

MAX_WAITING = 10_000
"""Messages that wait for one hook at most; what is beyond is counted, and the warning itself is kept."""
MAX_TRIES = 12
"""With the waits below the last try is about two days after the first."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30, 6 * 3600
TIMEOUT_S, LONGEST_S = 10, 30
"""Seconds without a byte, and seconds in all, after which a message has failed."""
_LEASE_S = 120  # nobody else takes a message that is being delivered for so long
_row = WarningDeliveryRow
Send = Callable[[Hook, Target, Mapping[str, str], bytes], int]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    delivered: int
    failed: int
    """To be tried again."""
    given_up: int


def enqueue(connection: Connection, hooks: Iterable[Hook], entries: Sequence[Entry], now: datetime) -> int:
    """Let hooks be told of events that were added; return how many messages wait for it.

    The queue of a hook is bounded: what finds it full is counted at the hook and left out.
    """
    count = 0
    for hook in hooks:
        lock(connection, f"hook {hook.name}")
        waiting = select(func.count()).where(_row.hook == hook.name, _row.state == "waiting")
        room = MAX_WAITING - (connection.scalar(waiting) or 0)
        dropped = 0
        for entry in entries:
            found = read_one(connection, entry.warning)
            # As it stood right after the event: that is what the message tells.
            log = [one for one in found.entries if one.number <= entry.number]
            held = stand(found.standing.head, log)
            if not hook.wants(held, entry):
                continue
            if room <= 0:
                dropped += 1
                continue
            room -= 1
            count += 1
            connection.execute(
                insert(_row).values(
                    event_number=entry.number,
                    division=held.head.division,
                    hook=hook.name,
                    state="waiting",
                    tries=0,
                    next_ns=nanoseconds(now),
                    done_ns=None,
                    error="",
                )
            )
        _told(connection, hook.name, dropped=dropped)
    return count


def deliver(
    database: Database,
    hooks: Iterable[Hook],
    book: Rulebook,
    clock: Callable[[], int],
    find: Resolve = resolve,
    send: Send | None = None,
    most: int = 1000,
) -> Delivered:
    """Send what is due, oldest first, `most` messages at most. Several may do so at once.

    `clock` gives nanoseconds since 1970 UTC. A message whose hook is not set any more is given up.
    """
    by_name = {hook.name: hook for hook in hooks}
    counts = {"delivered": 0, "waiting": 0, "given-up": 0}
    for _ in range(most):
        taken = _take(database, clock())
        if taken is None:
            break
        number, event_number, hook_name, tries = taken
        hook = by_name.get(hook_name)
        error = "the hook is not set any more" if hook is None else ""
        if hook is not None:
            body = _body(database, book, event_number)
            error = _try(hook, number, body, clock() // NS, find, send or post)
        state = "delivered" if not error else "waiting"
        if error and (hook is None or tries + 1 >= MAX_TRIES):
            state = "given-up"
        _done(database, number, hook_name, state, tries + 1, error, clock())
        counts[state] += 1
    return Delivered(counts["delivered"], counts["waiting"], counts["given-up"])


def wait_s(tries: int, number: int) -> int:
    """Return the seconds until a message is tried again after so many tries.

    It doubles; up to a quarter more, by the message's number, so that those that failed together do not come
    back together.
    """
    wait = min(FIRST_WAIT_S << min(tries - 1, 20), LONGEST_WAIT_S)
    return wait + wait * (number * 2_654_435_761 % 1024) // 4096


def post(hook: Hook, to: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Send one message to the address that was checked; return the status of the answer."""
    connection = _Pinned(to)
    # An answer that comes a byte at a time would never run into the timeout of a socket.
    watch = threading.Timer(LONGEST_S, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", to.path, body, dict(headers))
        return connection.getresponse().status  # its body is nobody's concern, and is not read
    finally:
        watch.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to an address, under the name that it was found by."""

    def __init__(self, to: Target) -> None:
        super().__init__(to.host, to.port, timeout=TIMEOUT_S)
        self._to = to

    def connect(self) -> None:
        """Connect, and prove the name where the target is secure."""
        plain = socket.create_connection((self._to.address, self._to.port), TIMEOUT_S)
        self.sock = plain
        if self._to.secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._to.host)

    def cut(self) -> None:
        """End it from another thread."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _try(hook: Hook, number: int, body: bytes, now_s: int, find: Resolve, send: Send) -> str:
    """Return what went wrong; empty where it was taken."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "MineScope",
        "X-MineScope-Delivery": str(number),
        SIGNATURE: signature(hook.secret, now_s, body),
    }
    try:
        status = send(hook, target(hook.url, hook.allow, find), headers, body)
    except NotReachable as error:
        return str(error)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"[:300]
    return "" if 200 <= status < 300 else f"answered {status}"


def _take(database: Database, now_ns: int) -> tuple[int, int, str, int] | None:
    """Take the message that is due first, so that nobody else does meanwhile."""
    due = select(_row.id, _row.event_number, _row.hook, _row.tries, _row.next_ns)
    due = due.where(_row.state == "waiting", _row.next_ns <= now_ns).order_by(_row.next_ns, _row.id).limit(1)
    while True:
        with database.reading() as connection:
            found = connection.execute(due).first()
        if found is None:
            return None
        mine = update(_row).where(_row.id == found.id, _row.next_ns == found.next_ns, _row.state == "waiting")
        with database.writing() as connection:
            if connection.execute(mine.values(next_ns=now_ns + _LEASE_S * NS)).rowcount:
                return found.id, found.event_number, found.hook, found.tries


def _body(database: Database, book: Rulebook, event_number: int) -> bytes:
    event = WarningEventRow
    with database.reading() as connection:
        query = select(event.warning_id).where(event.number == event_number)
        found = read_one(connection, connection.scalars(query).one())
    log = [one for one in found.entries if one.number <= event_number]
    return message(book, stand(found.standing.head, log), log[-1])


def _done(
    database: Database, number: int, hook: str, state: str, tries: int, error: str, now_ns: int
) -> None:
    done = update(_row).where(_row.id == number)
    later = now_ns + wait_s(tries, number) * NS
    with database.writing() as connection:
        connection.execute(
            done.values(
                state=state,
                tries=tries,
                error=error,
                next_ns=later,
                done_ns=None if state == "waiting" else now_ns,
            )
        )
        if state == "delivered":
            _told(connection, hook, last_ok_ns=now_ns)


def _told(connection: Connection, hook: str, dropped: int = 0, last_ok_ns: int | None = None) -> None:
    """Keep how it goes with a hook."""
    row = WarningHookRow
    known = connection.execute(select(row.dropped, row.last_ok_ns).where(row.name == hook)).first()
    if known is None:
        connection.execute(insert(row).values(name=hook, dropped=dropped, last_ok_ns=last_ok_ns))
        return
    if dropped or last_ok_ns is not None:
        values = {"dropped": known.dropped + dropped, "last_ok_ns": last_ok_ns or known.last_ok_ns}
        connection.execute(update(row).where(row.name == hook).values(**values))


@dataclass(frozen=True, slots=True)
class HookState:
    """How deliveries to one hook go."""

    name: str
    waiting: int
    given_up: int
    dropped: int
    last_ok: datetime | None
    error: str
    """Of the message that was tried last and did not go."""


def hook_states(database: Database) -> list[HookState]:
    """Return how deliveries go, by hook."""
    with database.reading() as connection:
        counted = select(_row.hook, _row.state, func.count()).group_by(_row.hook, _row.state)
        counts = {(hook, state): count for hook, state, count in connection.execute(counted)}
        states = []
        for row in connection.execute(
            select(WarningHookRow.name, WarningHookRow.dropped, WarningHookRow.last_ok_ns)
        ):
            failed = select(_row.error).where(_row.hook == row.name, _row.error != "")
            error = connection.scalar(failed.order_by(_row.next_ns.desc()).limit(1)) or ""
            waiting, given_up = (counts.get((row.name, state), 0) for state in ("waiting", "given-up"))
            last = None if row.last_ok_ns is None else instant(row.last_ok_ns)
            states.append(HookState(row.name, waiting, given_up, row.dropped, last, error))
    return sorted(states, key=lambda one: one.name)
