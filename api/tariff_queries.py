"""What the routes of the differential price are asked with."""

from typing import Annotated, Literal

from pydantic import Field

from api.paging import PageQuery
from api.records import Asking, Body, Day, FileFormat, Region


class RulesQuery(Asking):
    """Which rules."""

    division: str | None = Field(None, pattern="^[0-9]{6}$", description="Those that concern this division.")


class MiningQuery(PageQuery):
    """Filters and the page."""

    region: Region = None
    state: Literal["proposed", "confirmed", "rejected", "withdrawn"] | None = Field(
        None, description="Stands so."
    )


class EntriesQuery(PageQuery):
    """Filters and the page."""

    region: Region = None


class DayQuery(Asking):
    """Of which day."""

    as_of: Day | None = Field(None, description="How it stands at the end of this day; default: today.")
    on: Day | None = Field(
        None, description="The same by its first name.", json_schema_extra={"deprecated": True}
    )


class ArrearsQuery(EntriesQuery, DayQuery):
    """Filters, the day and the page."""


class CollectionQuery(DayQuery):
    """Which regions, on which day."""

    region: Region = None
    level: Literal["province", "prefecture", "county"] = Field("prefecture", description="Of the regions.")


class SheetQuery(CollectionQuery):
    """Which file."""

    what: Literal["entries", "arrears", "collection"] = Field("entries", description="What it holds.")
    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class DecisionIn(Body):
    """What a person decided on a mining period."""

    state: Literal["confirmed", "rejected", "withdrawn"]
    why: str = Field(min_length=3, max_length=1000, pattern=r"\S.*\S", description="Why.")
    first: Day | None = Field(None, description="Another first day.")
    last: Day | None = Field(None, description="Another last day, inclusive.")
    going_on: bool = Field(False, description="It has not stopped.")
    share: str | None = Field(None, pattern=r"^(0\.[0-9]{1,6}|1(\.0{1,6})?)$", description="Part that mines.")


class BillIn(Body):
    """What to bill."""

    as_of: Day | None = Field(
        None, description="Mining that goes on is billed up to this day; default: today."
    )
    accounts: list[Annotated[str, Field(min_length=1, max_length=100)]] | None = Field(
        None, max_length=1000, description="Only these; default: all of the region."
    )
    post: bool = Field(False, description="Do it; else only say what would be done.")
    why: str = Field("", max_length=1000, description="Kept with the entries.")
