"""Exports: the hits of a selection as a file."""

import tempfile
from collections.abc import Iterator
from enum import StrEnum
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from api.access.gate import ToExport
from api.access.view import View
from api.answers import answer_bytes
from api.deps import Served
from api.language import TAGS, Lang, Language
from api.openapi import ASKED, responses
from api.problems import Problem
from api.selection import Filters, every_hit
from api.sheets import csv_parts, ndjson_parts, write_xlsx
from api.stix import bundle
from pipeline.contract import Json
from pipeline.services import Services

MAX_ROWS = 100_000
"""Hits in one export."""
MAX_OBJECTS = 10_000
"""Hits in one STIX bundle, which is made in memory."""
_CHUNK = 1 << 18
router = APIRouter(tags=["hits"])


class Format(StrEnum):
    """What file."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"
    STIX = "stix"


MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.NDJSON: "application/x-ndjson",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.STIX: "application/stix+json;version=2.1",
}
_SUFFIX = {Format.STIX: "json"}


class ExportQuery(Filters):
    """Filters and the file."""

    format: Format = Field(Format.CSV, description="Kind of file.")


@router.get(
    "/v1/exports/hits",
    operation_id="exportHits",
    summary="Who mines, as a file",
    response_class=StreamingResponse,
    responses=responses(
        {
            "description": f"At most {MAX_ROWS:,} hits ({MAX_OBJECTS:,} in a STIX bundle), last seen first.",
            "content": {
                name: {"schema": {"type": "string"} | ({"format": "binary"} if kind is Format.XLSX else {})}
                if kind is not Format.STIX
                else {"schema": {"type": "object"}}
                for kind, name in MEDIA_TYPES.items()
            },
        },
        *ASKED,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def export_hits(
    request: Request,
    services: Served,
    asker: ToExport,
    lang: Language,
    query: Annotated[ExportQuery, Query()],
) -> Response:
    """Return the hits of a selection as CSV, NDJSON, an Excel workbook or a STIX 2.1 bundle.

    Fields are masked as in every answer to the account.
    """
    query.hit_filter()  # what is wrong with it is told before the status line
    suffix = _SUFFIX.get(query.format, query.format.value)
    headers = {
        "Content-Disposition": f'attachment; filename="hits.{suffix}"',
        "Content-Language": TAGS[lang],
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    media_type = MEDIA_TYPES[query.format]
    most = MAX_OBJECTS if query.format is Format.STIX else MAX_ROWS
    hits = _told(services, View(services, asker.account), query, lang, most)
    match query.format:
        case Format.CSV:
            return StreamingResponse(csv_parts(hits), headers=headers, media_type=media_type)
        case Format.NDJSON:
            return StreamingResponse(ndjson_parts(hits), headers=headers, media_type=media_type)
        case Format.STIX:
            return Response(answer_bytes(bundle(hits)), 200, headers, media_type)
        case Format.XLSX:
            file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer has been sent
            write_xlsx(hits, file)
            file.seek(0)
            parts = iter(lambda: file.read(_CHUNK), b"")
            return StreamingResponse(
                parts, headers=headers, media_type=media_type, background=BackgroundTask(file.close)
            )


def _told(services: Services, view: View, query: Filters, lang: Lang, most: int) -> Iterator[Json]:
    for stored, held in every_hit(services, view, query, most):
        yield view.hit_json(stored, held, lang)
