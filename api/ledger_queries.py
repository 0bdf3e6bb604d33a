"""What the routes of ledgers and of the screening are asked with, and how they read for a region."""

from collections.abc import Callable, Collection
from datetime import date

from pydantic import Field

from api.access.gate import Asker
from api.paging import PageQuery
from api.records import MAX_PAGE, Asking, Day, FileFormat, Region, own_region
from pipeline.services import Services
from registry.division_table import WHOLE_COUNTRY, in_force
from store.access_rules import lies_in
from store.row_security import seeing_everything
from supervision.ledgers.gather import Book, read_book
from supervision.ledgers.model import InstitutionKind, SupportKind
from supervision.ledgers.records import State
from supervision.ledgers.screening import FindingSort
from supervision.ledgers.specs import Ledger
from supervision.ledgers.support import SupportState

USCC = "^[0-9A-HJ-NPQRTUWXY]{18}$"


class OwnQuery(PageQuery):
    """Where, whose, and the page."""

    region: Region = None
    uscc: str | None = Field(None, pattern=USCC, description="Unified social credit code.")


class RowsQuery(OwnQuery):
    """Which rows of a ledger."""

    subject: str | None = Field(None, max_length=100, description="Id that events are joined by.")
    known: str | None = Field(
        None,
        description="As known at this RFC 3339 time (+ is %2B), or by the end of this day; default: now.",
        max_length=40,
        examples=["2026-11-22"],
    )


class DayQuery(OwnQuery):
    """Of which day."""

    as_of: Day | None = Field(None, description="The day that is spoken of; default: today in China.")


class SupportQuery(DayQuery):
    """Which support."""

    state: SupportState | None = Field(None, description="Stands so on the day.")
    kind: SupportKind | None = Field(None, description="Kind of support.")
    body_kind: InstitutionKind | None = Field(None, description="Kind of the body that gave it.")


class RecordsQuery(DayQuery):
    """Which penalties and credit records."""

    state: State | None = Field(None, description="Stands so on the day.")
    public: bool | None = Field(None, description="Is shown to the public on the day, or is not.")


class ExportQuery(Asking):
    """What file, of where."""

    region: Region = None
    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class YearQuery(Asking):
    """Of which year and where."""

    region: Region = None
    year: int | None = Field(None, ge=1949, le=2199, description="Year of the periods; default: all.")


class FlowQuery(Asking):
    """Which flows of money."""

    region: Region = None
    wallet: str | None = Field(None, min_length=1, max_length=100, description="They begin at this wallet.")
    uscc: str | None = Field(None, pattern=USCC, description="They reach accounts of this enterprise.")
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Chains that are told.")


class AlarmsQuery(Asking):
    """Which alarms."""

    region: Region = None
    as_of: Day | None = Field(None, description="The day that is spoken of; default: today in China.")
    uscc: str | None = Field(None, pattern=USCC, description="Unified social credit code.")
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Alarms that are told.")


class FindingsQuery(OwnQuery):
    """Which findings."""

    sort: FindingSort | None = Field(None, description="What they are.")
    at_least: float = Field(0.5, ge=0, le=1, description="Of this probability or more.")


def regions_of(division: str) -> Collection[str] | None:
    """Return the beginnings of the codes that a right on a division covers; None for the whole country."""
    return None if division == WHOLE_COUNTRY else in_force().covers(division)


def asked_region(asker: Asker, region: str | None) -> tuple[Collection[str] | None, Callable[[str], bool]]:
    """Return a region as the store and as rules are asked by it. Raises ProblemError for a foreign one."""
    division = own_region(asker, region)
    return regions_of(division), lambda code: lies_in(code, division)


def whole_book(services: Services, day: date, *only: Ledger) -> Book:
    """Return ledgers of a day, whosever: an answer shows of them what its region may see. None named: all.

    What a region's loan is judged by, the mining list, may be another authority's row.
    """
    with seeing_everything():
        return read_book(services.database, day, only=only or frozenset(Ledger))
