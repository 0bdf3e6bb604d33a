"""One round of watching: signals of the store to warnings, levels that rise, messages on their way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from facts.errors import SettingsError
from facts.instant import instant
from pipeline.services import Services
from registry.division_table import WHOLE_COUNTRY
from store.ledgers_screening import ScreeningStore
from store.power import LINE, RECONCILIATION, SCORE, USE, Wanted, every
from supervision.exits.again import loads_of
from supervision.exits.kept import PlanStore
from supervision.ledgers.gather import read_book, rulebook_in_use
from supervision.ledgers.specs import Ledger
from supervision.ledgers.standings import alarms_on, traded_again
from supervision.power.uses import HIGH
from supervision.projects.events import day_in_china
from supervision.projects.inventory import inventory
from supervision.projects.kept import ProjectStore
from supervision.projects.project import latest
from supervision.projects.seen import sightings
from supervision.tariff.collection import owed_on
from supervision.warnings.books import alarming
from supervision.warnings.chain import LEAST, trading, unpaid
from supervision.warnings.deliver import Delivered, deliver, enqueue
from supervision.warnings.gather import drawing, signals
from supervision.warnings.hooks import Hook, read_hooks
from supervision.warnings.kept import Scanned, WarningStore
from supervision.warnings.life import Entry
from supervision.warnings.loads import ABNORMAL, abnormal, apart, lost, wasteful
from supervision.warnings.rules import Rulebook, parse, shipped
from supervision.warnings.signals import Signal

_BOOKS = frozenset(
    {
        *(Ledger.MINING_LIST, Ledger.SUPPORT, Ledger.RECOVERIES),
        *(Ledger.PENALTIES, Ledger.CREDIT, Ledger.RECORD_EVENTS),
    }
)
"""Ledgers that alarms come from; the market's rows are read only where the screening found something."""
FILE = "warnings.toml"
"""In the home folder: the operator's rules, severities and hooks."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What warnings are raised by, and who is told."""

    book: Rulebook
    hooks: tuple[Hook, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    scanned: Scanned
    escalated: int
    delivered: Delivered


def read_watch(home: Path) -> Watch:
    """Read the shipped rules and over them the operator's file, where there is one. Raises SettingsError."""
    path = home / FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Watch(shipped(), ())
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"cannot be read: {error}", str(path)) from error
    return Watch(parse(text, str(path), shipped()), read_hooks(text, str(path)))


def gathered(services: Services, now_ns: int) -> list[Signal]:
    """Return the signals of the store as it is now."""
    held = ProjectStore(services.database).every(WHOLE_COUNTRY)
    plans = PlanStore(services.database).of([one.id for one in held.projects])
    now = instant(now_ns)
    today = day_in_china(now)
    with services.database.reading() as connection:
        owed = owed_on(connection, today)
        loads = {
            kind: list(every(connection, Wanted(kind, levels=levels)))
            for kind, levels in ((SCORE, ABNORMAL), (RECONCILIATION, None), (LINE, None), (USE, (HIGH,)))
        }
    screenings = ScreeningStore(services.database)
    last = screenings.latest()
    findings = [] if last is None else screenings.findings(last.id, at_least=LEAST)
    book = read_book(services.database, today, only=_BOOKS | ({Ledger.MARKET} if findings else set()))
    traded = traded_again(findings, book, rulebook_in_use(services.database)) if findings else []
    seen = list(sightings(services))
    named, standings = latest(held.particulars, now), inventory(held.events, held.measured, today, now)
    drawn = loads_of(services, held.projects, named, standings, now, seen)
    return [
        *signals(held, plans, seen, now),
        *drawing(drawn, named),
        *unpaid(owed, today, now),
        *trading(findings, now),
        *abnormal(loads[SCORE], seen, book.names, now),
        *apart(loads[RECONCILIATION], book.names, now),
        *lost(loads[LINE], now),
        *wasteful(loads[USE], book.names, now),
        *alarming(alarms_on(book, traded), now),
    ]


def watch(services: Services, watched: Watch, clock: Callable[[], int], more: Iterable[Signal] = ()) -> Round:
    """Do one round, with signals of other systems where there are any. Several may do so at once."""
    now_ns = clock()
    now = instant(now_ns)
    store = WarningStore(services.database)

    def queue(connection: Connection, entries: Sequence[Entry]) -> None:
        enqueue(connection, watched.hooks, entries, now)

    scanned = store.scan(watched.book, [*gathered(services, now_ns), *more], now, queue)
    lifted = store.escalate(now, queue)
    sent = deliver(services.database, watched.hooks, watched.book, clock)
    return Round(scanned, len(lifted), sent)
