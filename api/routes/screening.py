"""The screening of the power market, read: who trades power and mines, or belongs to who mines."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.access.gate import ToExport, ToReadFiles
from api.access.ledgers_view import LedgerView
from api.answers import answered
from api.deps import Served
from api.language import Language
from api.ledger_queries import ExportQuery, FindingsQuery, asked_region
from api.models_ledgers import FindingsModel, ScreenedModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.records import FILE, MAX_ROWS, as_file, cursor_of, number_of
from facts.instant import rfc3339
from pipeline.services import Services
from store.access import Account
from store.access_rules import lies_in
from store.files import FileStore
from store.ledgers import Asked, LedgerStore
from store.ledgers_screening import ScreeningStore
from supervision.ledgers.answers_findings import FINDING_ROW, finding_json, finding_row
from supervision.ledgers.specs import Ledger

router = APIRouter(tags=["screening"])
PROBLEMS = (*ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE)


@router.get(
    "/v1/screening",
    operation_id="listFindings",
    summary="Who trades power and mines, or belongs to who mines",
    response_model=FindingsModel,
    response_description="One page of the latest screening, the most probable first.",
    responses=responses({}, *PROBLEMS, Problem.INVALID_CURSOR),
)
def list_findings(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[FindingsQuery, Query()],
) -> Response:
    """List findings of the latest screening, with the way to each and the day to leave by."""
    regions, _ = asked_region(asker, query.region)
    store, veil = ScreeningStore(services.database), LedgerView(services, asker.account)
    latest = store.latest()
    offset = number_of(query.cursor) or 0
    found = []
    if latest is not None:
        found = store.findings(
            latest.id,
            regions,
            sort=None if query.sort is None else query.sort.value,
            at_least=query.at_least,
            uscc=query.uscc,
            offset=offset,
            limit=query.limit + 1,
        )
    body = {
        "as_of": None if latest is None else latest.as_of,
        "made": None if latest is None else rfc3339(latest.made_ns),
        "counts": {} if latest is None else store.counts(latest.id, regions),
        "findings": [finding_json(one, veil, lang) for one in found[: query.limit]],
        "next": cursor_of(offset + query.limit if len(found) > query.limit else None),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/screening/{uscc}",
    operation_id="getFinding",
    summary="What the screening says of an enterprise",
    response_model=ScreenedModel,
    response_description="The finding with its way, or null.",
    responses=responses({}, *PROBLEMS),
)
def read_finding(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    uscc: Annotated[
        str,
        Path(
            description="Unified social credit code.",
            pattern="^[0-9A-HJ-NPQRTUWXY]{18}$",
            examples=["91990001MA0000001R"],
        ),
    ],
) -> Response:
    """Return what the latest screening found of one enterprise: why, step by step, and what follows."""
    regions, _ = asked_region(asker, None)
    store = ScreeningStore(services.database)
    latest = store.latest()
    found = None if latest is None else store.finding(latest.id, uscc, regions)
    if found is None and not _known(services, asker.account, uscc):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    veil = LedgerView(services, asker.account)
    body = {
        "uscc": uscc,
        "as_of": None if latest is None else latest.as_of,
        "made": None if latest is None else rfc3339(latest.made_ns),
        "finding": None if found is None else finding_json(found, veil, lang),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/exports/screening",
    operation_id="exportFindings",
    summary="The screening as a file",
    response_class=Response,
    responses=responses(FILE, *PROBLEMS),
)
def export_findings(
    request: Request,
    services: Served,
    asker: ToExport,
    lang: Language,
    query: Annotated[ExportQuery, Query()],
) -> Response:
    """Return all findings of the latest screening as CSV, NDJSON or an Excel workbook."""
    regions, _ = asked_region(asker, query.region)
    store, veil = ScreeningStore(services.database), LedgerView(services, asker.account)
    latest = store.latest()
    found = [] if latest is None else store.findings(latest.id, regions, limit=MAX_ROWS)
    told = (finding_json(one, veil, lang) for one in found)
    return as_file("screening", query.format, FINDING_ROW, told, finding_row, lang)


def _known(services: Services, account: Account, uscc: str) -> bool:
    """Say whether an enterprise is known in the region of an account: by its sites, or as a participant."""
    file = FileStore(services.database).enterprise(uscc)
    division = account.division
    if file is not None and (
        any(lies_in(site.division, division) for site in file.sites)
        or (not file.sites and lies_in(None, division))
    ):
        return True
    held = LedgerStore(services.database).rows(Ledger.MARKET.value, Asked(uscc=uscc))
    return any(lies_in(one.division, division) for one in held)
