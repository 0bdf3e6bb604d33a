"""Pages of lists that are made anew with each question: by the key of the last one shown, or by its place."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field

from api.problems import Problem, ProblemError
from api.records import MAX_PAGE, Asking, cursor_of, place_of

_T = TypeVar("_T")


class PageQuery(Asking):
    """The page."""

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Records a page.")
    cursor: str | None = Field(None, max_length=300, description="`next` of the page before.")


def page_by_key(
    found: Sequence[_T], keys: Sequence[str], query: PageQuery
) -> tuple[Sequence[_T], str | None]:
    """Return a page after the record that the cursor names, and the next cursor. Raises ProblemError."""
    begin = 0
    if query.cursor is not None:
        place = place_of(query.cursor)
        if place not in keys:
            raise ProblemError(Problem.INVALID_CURSOR)
        begin = keys.index(place) + 1
    page = found[begin : begin + query.limit]
    more = begin + query.limit < len(found)
    return page, cursor_of(keys[begin + len(page) - 1]) if more else None


def page_by_place(found: Sequence[_T], after: int | None, limit: int) -> tuple[Sequence[_T], str | None]:
    """Return a page after a place in the list, and its cursor: the place behind it."""
    begin = after or 0
    more = len(found) > begin + limit
    return found[begin : begin + limit], cursor_of(begin + limit if more else None)
