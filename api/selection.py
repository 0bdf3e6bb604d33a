"""Hits as an account sees them: selected by filters, then by its region, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.access.view import View
from api.problems import Problem, ProblemError
from facts.errors import UsageError
from facts.names import Level, Role
from pipeline.lookup import attributed, read_prefix, read_time
from pipeline.services import Services
from registry.answers import Attribution
from store.verdicts import HitFilter, StoredVerdict, cursor_after

Shown = tuple[StoredVerdict, Attribution]
MAX_SEEN = 20_000
"""Hits looked at for one page: where the region holds few of them, a page is short and `next` leads on."""
_AT_ONCE = 500


class Filters(BaseModel):
    """Filters; all that are given must hold."""

    model_config = ConfigDict(extra="forbid")  # a misspelt filter must not widen the answer

    level: Level = Field(Level.SUSPECTED, description="At least this level: `cleared` lists everything.")
    role: Role | None = Field(None, description="This role only.")
    coin: str | None = Field(
        None, pattern="^[A-Za-z0-9]{1,16}$", description="Ticker of a coin.", examples=["XMR"]
    )
    since: str | None = Field(
        None,
        description="Last seen at or after this RFC 3339 time (write + as %2B).",
        examples=["2026-03-01T00:00:00Z"],
        json_schema_extra={"format": "date-time"},
    )
    prefix: str | None = Field(
        None, description="Address lies in this prefix, IPv4 or IPv6.", examples=["203.0.113.0/24"]
    )
    uscc: str | None = Field(
        None,
        pattern="^[0-9A-HJ-NPQRTUWXY]{18}$",
        description="Address was held by the enterprise of this unified social credit code when last seen.",
    )
    region: str | None = Field(
        None,
        pattern="^[0-9]{6}$",
        description="Where the line ends lies in this division (GB/T 2260): 330000 is a whole province.",
        examples=["330000"],
    )

    def hit_filter(self) -> HitFilter:
        """Return what the store is asked. Raises AskError."""
        return HitFilter(
            level_at_least=self.level,
            role=self.role,
            coin=self.coin.upper() if self.coin else None,
            since_ns=None if self.since is None else read_time(self.since, "since"),
            prefix=None if self.prefix is None else read_prefix(self.prefix),
            uscc=self.uscc,
        )


FiltersQuery = Annotated[Filters, Query()]


@dataclass(frozen=True, slots=True)
class Page:
    """Some hits, and where the next ones are."""

    hits: list[Shown]
    next_cursor: str | None


def read_page(services: Services, view: View, filters: Filters, cursor: str | None, limit: int) -> Page:
    """Return a page. Raises ProblemError for a strange cursor, AskError for a strange filter."""
    wanted, seen = filters.hit_filter(), 0
    hits: list[Shown] = []
    while True:
        try:
            found = services.verdicts.hits(wanted, cursor, min(limit, _AT_ONCE))
        except UsageError as error:
            raise ProblemError(Problem.INVALID_CURSOR) from error
        hits += view.verdicts(found.hits, attributed(services, found.hits), filters.region)
        seen, cursor = seen + len(found.hits), found.next_cursor
        if len(hits) > limit:
            hits = hits[:limit]
            cursor = cursor_after(hits[-1][0])
        if len(hits) == limit or cursor is None or seen >= MAX_SEEN:
            return Page(hits, cursor)


def every_hit(services: Services, view: View, filters: Filters, most: int) -> Iterator[Shown]:
    """Yield hits in order, `most` at most."""
    cursor: str | None = None
    left = most
    while left > 0:
        page = read_page(services, view, filters, cursor, min(left, _AT_ONCE))
        yield from page.hits
        left -= len(page.hits)
        cursor = page.next_cursor
        if cursor is None:
            return
