"""Bulk look-ups: what is known of many addresses, as a stream."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.access.gate import ToLookUp
from api.access.trail import Asked
from api.access.view import View
from api.bulk import (
    MAX_BODY,
    MAX_ENTRIES,
    BadEntry,
    answer_lines,
    answer_lines_or_errors,
    batches,
    parse_entries,
    read_body,
)
from api.deps import Served
from api.language import TAGS, Language
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from pipeline.lookup import Ask

NDJSON = "application/x-ndjson"
MAX_BULKS = 8  # at once: bounds their memory to 8 x (MAX_BODY + some 30 MB of entries)
router = APIRouter(tags=["addresses"])


class Slots:
    """Counts what runs at once; used from the event loop's thread only."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    def take(self) -> bool:
        """Take a slot; False where none is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    def give(self) -> None:
        """Give a slot back."""
        self._free += 1


class _BulkResponse(StreamingResponse):
    """A stream that gives its slot back when it ends, also where the client went away."""

    def __init__(self, lines: AsyncIterator[bytes], slots: Slots, headers: Mapping[str, str]) -> None:
        super().__init__(lines, headers=headers, media_type=NDJSON)
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._slots.give()


_BULK_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"At most {MAX_ENTRIES:,} entries and {MAX_BODY // 2**20} MiB.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "maxItems": MAX_ENTRIES,
                    "items": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/EntryModel"}]},
                },
            }
        },
    }
}


@router.post(
    "/v1/ips:lookup",
    operation_id="lookupAddresses",
    summary="Look many addresses up",
    response_class=StreamingResponse,
    responses=responses(
        {
            "description": "One line per entry, in the order asked: an AddressModel or an EntryErrorModel.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
            "headers": {
                "MineScope-Entries": {"description": "Entries answered.", "schema": {"type": "integer"}},
                "MineScope-Invalid": {
                    "description": "Entries that could not be read and are answered with an error.",
                    "schema": {"type": "integer"},
                },
            },
        },
        *ASKED,
        Problem.MALFORMED_JSON,
        Problem.BODY_TOO_SLOW,
        Problem.BODY_TOO_LARGE,
        Problem.TOO_MANY_ADDRESSES,
        Problem.UNSUPPORTED_MEDIA_TYPE,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
        Problem.BUSY,
    ),
    openapi_extra=_BULK_OPENAPI,
)
async def look_addresses_up(
    request: Request, services: Served, asker: ToLookUp, lang: Language
) -> StreamingResponse:
    """Answer up to 100,000 addresses as newline-delimited JSON, a line per entry, while they are looked up.

    An entry is an address, or an object with `address` and perhaps `at` and `port`. An entry that cannot be
    read is answered in its place by a line of type `error` and counted in the header `MineScope-Invalid`.
    Where the database fails midway, the entries not yet answered get a line of type `error` each.
    """
    slots: Slots = request.app.state.bulks
    if not slots.take():
        raise ProblemError(Problem.BUSY, limit=MAX_BULKS, headers={"Retry-After": "5"})
    with ExitStack() as undo:
        undo.callback(slots.give)
        entries = await run_in_threadpool(parse_entries, await read_body(request), lang)
        trail: Asked = request.state.asked
        trail.of_addresses(entry.address for entry in entries if isinstance(entry, Ask))
        rest = batches(entries)
        instance = request.url.path
        view = View(services, asker.account)
        # The first batch before the status line, so that a database that is down is a 503.
        first = await run_in_threadpool(answer_lines, services, view, next(rest, ()), lang, instance)
        undo.pop_all()  # the response gives the slot back when it ends

    async def lines() -> AsyncIterator[bytes]:
        yield first
        for batch in rest:
            yield await run_in_threadpool(answer_lines_or_errors, services, view, batch, lang, instance)

    headers = {
        "MineScope-Entries": str(len(entries)),
        "MineScope-Invalid": str(sum(isinstance(entry, BadEntry) for entry in entries)),
        "Content-Language": TAGS[lang],
        "Vary": "Accept-Language",
    }
    return _BulkResponse(lines(), slots, headers)
