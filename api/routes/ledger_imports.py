"""Ledgers, written: a file as the body, judged row by row, taken whole or its good rows only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide
from api.answers import answered
from api.deps import Served
from api.language import Lang, Language
from api.models_ledgers import LedgerImportModel
from api.openapi import ASKED, responses
from api.problems import Fault, Problem, ProblemError, pointer
from api.records import Asking
from api.routes.ledgers import LedgerPath
from api.uploads import MAX_UPLOAD, uploaded
from facts.errors import ReadError, RowError
from pipeline.services import Services
from registry.division_table import WHOLE_COUNTRY
from registry.reasons import code_of, worded
from store.row_security import seeing_everything
from supervision.ledgers.importing import Options, import_files
from supervision.ledgers.specs import Ledger
from supervision.refusals import Forbidden

router = APIRouter(tags=["ledgers"])
MAX_TOLD = 200
"""Refused rows that are told one by one; `reasons` counts all."""
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"CSV (UTF-8 or GB18030), XLSX or JSON, at most {MAX_UPLOAD // 2**20} MiB; "
        "docs/ledgers.md tells the columns.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


class ImportQuery(Asking):
    """How the file is taken."""

    dry_run: bool = Field(False, description="Judge every row and change nothing.")
    accept_good: bool = Field(False, description="Take the good rows although others are refused.")
    whole: bool = Field(
        False,
        description="The file is all its sources say: end what it leaves out. For accounts of the country.",
    )
    source: str = Field(
        "",
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Source of rows that name none; default: the ledger's own name.",
    )


@router.post(
    "/v1/ledgers/{ledger}/imports",
    operation_id="importLedger",
    summary="Import a file into a ledger",
    response_model=LedgerImportModel,
    response_description="What became of the rows; nothing was changed by a dry run.",
    responses={
        **responses(
            {},
            *ASKED,
            Problem.CSRF,
            Problem.NOT_PERMITTED,
            Problem.BODY_TOO_SLOW,
            Problem.BODY_TOO_LARGE,
            Problem.UNSUPPORTED_MEDIA_TYPE,
            Problem.STORE_UNAVAILABLE,
        ),
        201: {"model": LedgerImportModel, "description": "The rows were taken."},
    },
    openapi_extra=_BODY,
)
async def import_ledger(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    ledger: LedgerPath,
    query: Annotated[ImportQuery, Query()],
) -> Response:
    """Take a file into a ledger: all rows or, where `accept_good` says so, the good ones; 201.

    The same file again changes nothing, and a changed row stays readable as it was known before. Accounts of
    a part of the country write rows that lie there. Where rows are refused and nothing is taken the answer is
    a 422 that names each with row and column; a dry run answers 200 with the same list.
    """
    if query.whole and asker.account.division != WHOLE_COUNTRY:
        raise Forbidden("`whole` ends rows of all regions", "whole 会终止所有地区的记录")
    async with uploaded(request, f"{ledger.value}.upload") as path:
        told = await run_in_threadpool(_imported, services, request, asker, lang, ledger, query, path)
    if not told["taken"] and not query.dry_run:
        wrong = [Fault(one["because"], pointer("body", one["row"])) for one in told["errors"]]
        raise ProblemError(Problem.INVALID_REQUEST, faults=wrong)
    return answered(request, told, lang, status=201 if told["taken"] else 200)


def _imported(
    services: Services,
    request: Request,
    asker: Asker,
    lang: Lang,
    ledger: Ledger,
    query: ImportQuery,
    path: Path,
) -> dict[str, Any]:
    gate: Gate = request.app.state.gate
    source = query.source.strip() or ledger.value
    options = Options(query.accept_good, query.dry_run, query.whole, source, asker.account.division)
    errors: list[RowError] = []

    def refuse(found: Sequence[RowError]) -> None:
        errors.extend(found)

    try:
        with (
            seeing_everything()
        ):  # rows are judged against all that is held; what is written keeps to the region
            done = import_files(services.database, [(path, ledger)], options, gate.clock(), refuse)
    except ReadError as error:
        raise ProblemError(
            Problem.INVALID_REQUEST, faults=[Fault(f"{error.why}.", pointer("body"))]
        ) from error
    [file] = done.files
    return {
        "ledger": ledger.value,
        "taken": done.taken,
        "rows": file.rows,
        "refused": file.refused,
        "added": file.changes.added,
        "changed": file.changes.changed,
        "ended": file.changes.ended,
        "unchanged": file.changes.unchanged,
        "reasons": len(errors),
        "errors": [
            {
                "row": one.row,
                "column": one.column,
                "code": code_of(one.why),
                "because": _sentence(one, lang),
            }
            for one in errors[:MAX_TOLD]
        ],
        "notices": [notice.replace(str(path), ledger.value) for notice in done.notices],
    }


def _sentence(error: RowError, lang: Lang) -> str:
    column = error.column or ""
    if lang == "zh":
        return f"第 {error.row} 行" + (f"，{column} 列" if column else "") + f"：{worded(error.why, lang)}"
    return f"row {error.row}" + (f", column {column}" if column else "") + f": {error.why}"
