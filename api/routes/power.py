"""Judged loads: which accounts mine, farm or data centre, network against meter, private lines."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access.gate import Asker, ToExport, ToReadFiles
from api.answers import answered
from api.deps import Served
from api.faults import fault
from api.language import Lang, Language
from api.models_power import (
    LinesModel,
    PeersPageModel,
    ReconciliationsModel,
    ScoreFileModel,
    ScoresModel,
    SiteKindsModel,
)
from api.openapi import ASKED, responses
from api.power_queries import (
    USUAL_DAYS,
    AccountPath,
    CurveQuery,
    FileQuery,
    LinesQuery,
    PeersQuery,
    PowerPage,
    ReconciliationsQuery,
    ScoresQuery,
    Selection,
    SitesQuery,
)
from api.problems import Problem, ProblemError
from api.records import (
    FILE,
    MAX_ROWS,
    as_file,
    cursor_of,
    own_region,
    place_of,
    read_day,
    see,
    today,
)
from facts.instant import nanoseconds
from pipeline.lookup import read_time
from pipeline.services import Services
from registry.division_table import WHOLE_COUNTRY
from store.access_rules import lies_in
from store.power import BATCH, LINE, RECONCILIATION, SCORE, SITE, USE, KeptFinding, Wanted, of_subject, page
from store.power_accounts import read_accounts
from supervision.power.answers import LEVELS, ROWS, TOLD, row, score_json
from supervision.power.curve import MOST_POINTS, curve_json, finest
from supervision.projects.inventory import end_of

router = APIRouter(tags=["power"])
READ = (*ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE)
MOST_DAYS = 1_100
KIND_OF = {"scores": SCORE, "sites": SITE, "reconciliations": RECONCILIATION, "lines": LINE, "peers": USE}
"""By the last part of a route."""


@router.get(
    "/v1/power/scores",
    operation_id="listPowerScores",
    summary="Accounts that may feed mining machines",
    response_model=ScoresModel,
    response_description="One page, the most probable first.",
    responses=responses({}, *READ),
)
def list_scores(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[ScoresQuery, Query()],
) -> Response:
    """List accounts by what their load curves say, each with its reasons. A meter alone confirms nothing."""
    levels = LEVELS[SCORE][:3] if query.level is None else (query.level,)
    return _listed(request, services, asker, lang, query, "scores", levels, query.least)


@router.get(
    "/v1/power/scores/{account}",
    operation_id="getPowerScore",
    summary="The load of one account",
    response_model=ScoreFileModel,
    response_description="What was found of it, and its curve.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_score(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    account: AccountPath,
    query: Annotated[CurveQuery, Query()],
) -> Response:
    """Return all that was found of an account, and its curve by quarters of an hour, hours or days."""
    known_ns = _known(query.known, lang)
    with services.database.reading() as connection:
        periods = list(read_accounts(connection, [account]))
        if not periods:
            raise ProblemError(Problem.UNKNOWN_RECORD)
        held = max(periods, key=lambda one: one.valid_from_ns)
        see(asker, held.division)
        past = [
            one
            for one in of_subject(connection, SCORE, account, known_ns)
            if lies_in(one.found.division or None, asker.account.division)
        ]
    history = [score_json(one, lang) for one in past]
    body = {
        "account": account,
        "uscc": held.uscc,
        "site": held.site,
        "division": held.division,
        "contracted_kva": held.contracted_kva,
        "meters": len(held.meters),
        "score": history[0] if history else None,
        "history": history,
        "curve": _curve(request, services, account, query, past, known_ns, lang),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/power/sites",
    operation_id="listPowerSites",
    summary="Mining farm or data centre",
    response_model=SiteKindsModel,
    response_description="One page, the most probable farms first.",
    responses=responses({}, *READ),
)
def list_sites(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[SitesQuery, Query()],
) -> Response:
    """List sites by what network and meter say together of what they are."""
    return _listed(request, services, asker, lang, query, "sites", _one(query.kind))


@router.get(
    "/v1/power/reconciliations",
    operation_id="listPowerReconciliations",
    summary="Network against meter",
    response_model=ReconciliationsModel,
    response_description="One page, what is furthest apart first.",
    responses=responses({}, *READ),
)
def list_reconciliations(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[ReconciliationsQuery, Query()],
) -> Response:
    """List sites whose meter does not count what the network shows, with the likeliest reason."""
    apart = [one for one in LEVELS[RECONCILIATION] if one not in ("agree", "unknown")]
    return _listed(
        request, services, asker, lang, query, "reconciliations", _one(query.finding) or tuple(apart)
    )


@router.get(
    "/v1/power/lines",
    operation_id="listPowerLines",
    summary="Plants that deliver less than they should",
    response_model=LinesModel,
    response_description="One page, the largest first.",
    responses=responses({}, *READ),
)
def list_lines(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[LinesQuery, Query()],
) -> Response:
    """List power plants whose delivery fell without a reason, and the load that appeared at the time."""
    return _listed(request, services, asker, lang, query, "lines", _one(query.level))


@router.get(
    "/v1/power/peers",
    operation_id="listPowerPeers",
    summary="High use with low output",
    response_model=PeersPageModel,
    response_description="One page, those furthest above their trade first.",
    responses=responses({}, *READ),
)
def list_peers(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[PeersQuery, Query()],
) -> Response:
    """List enterprises that use far more energy for their output or headcount than their industry peers."""
    return _listed(request, services, asker, lang, query, "peers", _one(query.level))


@router.get(
    "/v1/exports/power",
    operation_id="exportPower",
    summary="Judged loads, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_power(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return the latest word on each account, site, plant or enterprise as CSV, NDJSON or a workbook."""
    kind = KIND_OF[query.what]
    wanted = _wanted(asker, query, kind, None, None, lang)

    def records() -> Iterator[dict[str, Any]]:
        after, left = None, MAX_ROWS
        while left > 0:  # a connection a page: a slow reader of the file holds none
            with services.database.reading() as connection:
                found = page(connection, wanted, min(BATCH, left), after)
            yield from (TOLD[kind](one, lang) for one in found)
            if len(found) < BATCH:
                return
            after, left = (found[-1].found.weight, found[-1].id), left - len(found)

    return as_file(query.what, query.format, ROWS[kind], records(), lambda one: row(kind, one), lang)


def _listed(
    request: Request,
    services: Services,
    asker: Asker,
    lang: Lang,
    query: PowerPage,
    what: str,
    levels: Sequence[str] | None,
    least: float | None = None,
) -> Response:
    kind = KIND_OF[what]
    wanted = _wanted(asker, query, kind, levels, least, lang)
    after = _place(query.cursor)
    with services.database.reading() as connection:
        found = page(connection, wanted, query.limit + 1, after)
    shown = found[: query.limit]
    last = shown[-1] if len(found) > query.limit else None
    following = None if last is None else cursor_of(f"{last.found.weight.hex()} {last.id}")
    return answered(request, {what: [TOLD[kind](one, lang) for one in shown], "next": following}, lang)


def _wanted(
    asker: Asker, query: Selection, kind: str, levels: Sequence[str] | None, least: float | None, lang: Lang
) -> Wanted:
    region = own_region(asker, query.region)
    division = None if region == WHOLE_COUNTRY else region
    known_ns = _known(query.known, lang)
    return Wanted(kind, division, levels, None, query.uscc, query.site, query.run, least, known_ns)


def _known(text: str | None, lang: Lang) -> int | None:
    if text is None:
        return None
    if len(text) != len("2026-11-22"):
        return read_time(text, "known")
    return nanoseconds(end_of(read_day(text, lang, "query", "known")))


def _place(cursor: str | None) -> tuple[float, int] | None:
    """Return the weight and number of a cursor. Raises ProblemError."""
    place = place_of(cursor)
    if place is None:
        return None
    weight, _, number = place.partition(" ")
    try:
        found = float.fromhex(weight), int(number)
    except (ValueError, OverflowError) as error:
        raise ProblemError(Problem.INVALID_CURSOR) from error
    if not abs(found[0]) < float("inf") or not 0 <= found[1] < 1 << 62:
        raise ProblemError(Problem.INVALID_CURSOR)
    return found


def _one(word: str | None) -> tuple[str, ...] | None:
    return None if word is None else (word,)


def _curve(
    request: Request,
    services: Services,
    account: str,
    query: CurveQuery,
    past: Sequence[KeptFinding],
    known_ns: int | None,
    lang: Lang,
) -> dict[str, Any] | None:
    if services.lake is None:
        return None
    from store.curve_lake import CurveLake  # polars is loaded by the first curve, not by the start

    last = date.fromisoformat(past[0].run.as_of) if past else today(request)
    if query.until is not None:
        last = read_day(query.until, lang, "query", "until")
    try:
        first, after = last - timedelta(days=USUAL_DAYS - 1), last + timedelta(days=1)
        if query.since is not None:
            first = read_day(query.since, lang, "query", "since")
        days = (after - first).days
    except OverflowError:  # the first and the last days that a calendar has
        days = 0
    step = query.step or finest(days)
    if not 1 <= days <= MOST_DAYS or step.points(days) > MOST_POINTS:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("days", lang, "query", "since")])
    [kw] = CurveLake(services.lake).curves([account], first, after, known_ns=known_ns)
    return curve_json(kw, first, step)
