"""Imported ledgers, read: rows as they are and were believed, standings of a day, flows of money, alarms."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.access.gate import Asker, ToExport, ToReadFiles
from api.access.ledgers_view import LedgerView
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.language import Language
from api.ledger_queries import (
    AlarmsQuery,
    ExportQuery,
    FlowQuery,
    RecordsQuery,
    RowsQuery,
    SupportQuery,
    YearQuery,
    asked_region,
    whole_book,
)
from api.models_ledgers import (
    AlarmsModel,
    ChainsModel,
    LedgerRowsModel,
    LedgersModel,
    PointsListModel,
    RecordsModel,
    SupportsModel,
)
from api.openapi import ASKED, responses
from api.paging import page_by_place
from api.problems import Problem
from api.records import FILE, MAX_ROWS, TimeQuery, as_file, cursor_of, number_of, read_day, times, today
from facts.instant import nanoseconds, rfc3339
from pipeline.services import Services
from store.clusters import ClusterStore
from store.ledgers import Asked, Kept, LedgerStore
from store.ledgers_screening import ScreeningStore
from store.row_security import seeing_everything
from supervision.ledgers import answers
from supervision.ledgers.flows import Flows, Node
from supervision.ledgers.gather import names_for, rulebook_in_use
from supervision.ledgers.model import NodeKind
from supervision.ledgers.points import accounts
from supervision.ledgers.records import fined
from supervision.ledgers.specs import SPECS, Ledger
from supervision.ledgers.standings import alarms_on, of_records_on, of_support_on, traded_again
from supervision.ledgers.support import by_body, by_kind, financial, totals
from supervision.ledgers.words import word

router = APIRouter(tags=["ledgers"])
PROBLEMS = (*ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE)
LedgerPath = Annotated[Ledger, Path(alias="ledger", description="Name of a ledger.", examples=["support"])]


@router.get(
    "/v1/ledgers",
    operation_id="listLedgers",
    summary="List the ledgers",
    response_model=LedgersModel,
    response_description="How much is held of each.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def list_ledgers(request: Request, services: Served, asker: ToReadFiles, lang: Language) -> Response:
    """List all ledgers, with the rows of the region of who asks."""
    regions, _ = asked_region(asker, None)
    held = {one.ledger: one for one in LedgerStore(services.database).counts(regions)}
    told = [
        {
            "ledger": ledger.value,
            "says": word("ledger", ledger.value, lang),
            "rows": one.rows if (one := held.get(ledger.value)) else 0,
            "imported": rfc3339(one.known_ns) if one is not None and one.known_ns is not None else None,
        }
        for ledger in Ledger
    ]
    return answered(request, {"ledgers": told}, lang)


@router.get(
    "/v1/ledgers/support/standings",
    operation_id="listSupport",
    summary="Support and its recovery",
    response_model=SupportsModel,
    response_description="What was given, what came back, what is overdue.",
    responses=responses({}, *PROBLEMS, Problem.INVALID_CURSOR),
)
def list_support(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[SupportQuery, Query()],
) -> Response:
    """List loans, guarantees, securities, subsidies and benefits as they stand at the end of a day."""
    _, here = asked_region(asker, query.region)
    day = today(request) if query.as_of is None else read_day(query.as_of, lang, "query", "as_of")
    held = whole_book(services, day, Ledger.SUPPORT, Ledger.RECOVERIES)
    found = [
        one
        for one in of_support_on(held, here)
        if (query.uscc is None or one.support.uscc == query.uscc)
        and (query.state is None or one.state is query.state)
        and (query.kind is None or one.support.kind is query.kind)
        and (query.body_kind is None or one.support.body_kind is query.body_kind)
    ]
    page, follows = page_by_place(found, number_of(query.cursor), query.limit)
    names = names_for(services.database, held, {one.support.uscc for one in page})
    body = {
        "as_of": day.isoformat(),
        "total": answers.totals_json(totals(found)),
        "by_kind": {kind.value: answers.totals_json(sums) for kind, sums in by_kind(found).items()},
        "by_body": {kind.value: answers.totals_json(sums) for kind, sums in by_body(found).items()},
        "financial": answers.totals_json(totals(financial(found))),
        "support": [answers.support_json(one, day, names, lang) for one in page],
        "next": follows,
    }
    return answered(request, body, lang)


@router.get(
    "/v1/ledgers/records/standings",
    operation_id="listRecords",
    summary="Penalties and credit records",
    response_model=RecordsModel,
    response_description="Each with its publication and repair.",
    responses=responses({}, *PROBLEMS, Problem.INVALID_CURSOR),
)
def list_records(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[RecordsQuery, Query()],
) -> Response:
    """List penalties and credit records as they stand at the end of a day, with their events up to it."""
    _, here = asked_region(asker, query.region)
    day = today(request) if query.as_of is None else read_day(query.as_of, lang, "query", "as_of")
    held = whole_book(services, day, Ledger.PENALTIES, Ledger.CREDIT, Ledger.RECORD_EVENTS)
    found = [
        one
        for one in of_records_on(held, here)
        if (query.uscc is None or one.record.uscc == query.uscc)
        and (query.state is None or one.state is query.state)
        and (query.public is None or one.public == query.public)
    ]
    page, follows = page_by_place(found, number_of(query.cursor), query.limit)
    names = names_for(services.database, held, {one.record.uscc for one in page})
    body = {
        "as_of": day.isoformat(),
        "fined": f"{fined(found):.2f}",
        "records": [answers.record_json(one, names, lang) for one in page],
        "next": follows,
    }
    return answered(request, body, lang)


@router.get(
    "/v1/ledgers/dual-control/points",
    operation_id="listPoints",
    summary="Points of the dual control of energy",
    response_model=PointsListModel,
    response_description="By division and period.",
    responses=responses({}, *PROBLEMS),
)
def list_points(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[YearQuery, Query()],
) -> Response:
    """Sum the assessment points given to and taken off divisions."""
    _, here = asked_region(asker, query.region)
    held = whole_book(services, today(request), Ledger.DUAL_CONTROL)
    found = accounts((one for one in held.points if here(one.division)), query.year)
    return answered(
        request, {"year": query.year, "points": [answers.points_json(one) for one in found]}, lang
    )


@router.get(
    "/v1/ledgers/money-flows/chains",
    operation_id="traceFlows",
    summary="Follow flows of money",
    response_model=ChainsModel,
    response_description="From a wallet onward, or to accounts of an enterprise; the shortest first.",
    responses=responses({}, *PROBLEMS),
)
def trace_flows(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[FlowQuery, Query()],
) -> Response:
    """Follow money from payout addresses over exchanges to accounts, each step with who says so.

    Without `wallet` and `uscc` the chains from all wallets are told. Steps that another region keeps are not
    followed; wallets and accounts are masked for who needs no personal fields.
    """
    _, here = asked_region(asker, query.region)
    held = whole_book(services, today(request), Ledger.MONEY_FLOWS)
    graph = Flows(one for one in held.flows if here(one.division))
    if query.uscc is not None:
        chains = graph.reaching(query.uscc)
        if query.wallet is not None:
            chains = [one for one in chains if one.begin == (NodeKind.WALLET, query.wallet)]
    else:
        wallets = [query.wallet] if query.wallet is not None else graph.wallets()
        chains = [chain for wallet in wallets for chain in graph.onward((NodeKind.WALLET, wallet))]
    veil = LedgerView(services, asker.account)
    holders = {one.holder for one in chains[: query.limit] if one.holder}
    names = names_for(services.database, held, holders)
    working = _working_for(services, asker, {one.begin for one in chains[: query.limit]})
    told = [answers.chain_json(one, names, veil, lang, working[one.begin]) for one in chains[: query.limit]]
    return answered(request, {"chains": told, "more": len(chains) > query.limit}, lang)


@router.get(
    "/v1/ledgers/alarms",
    operation_id="listLedgerAlarms",
    summary="What of the ledgers wants somebody to act",
    response_model=AlarmsModel,
    response_description="The most severe first.",
    responses=responses({}, *PROBLEMS),
)
def list_alarms(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[AlarmsQuery, Query()],
) -> Response:
    """List who mines and trades power, support given too late or not back, decisions not published."""
    _, here = asked_region(asker, query.region)
    day = today(request) if query.as_of is None else read_day(query.as_of, lang, "query", "as_of")
    held, store = whole_book(services, day), ScreeningStore(services.database)
    latest = store.latest()
    with seeing_everything():
        kept = [] if latest is None else store.findings(latest.id)
        traded = traded_again(kept, held, rulebook_in_use(services.database))
    found = [one for one in alarms_on(held, traded, here) if query.uscc in (None, one.uscc)]
    body = {
        "as_of": day.isoformat(),
        "alarms": [answers.alarm_json(one, lang) for one in found[: query.limit]],
        "more": len(found) > query.limit,
    }
    return answered(request, body, lang)


@router.get(
    "/v1/ledgers/{ledger}",
    operation_id="readLedger",
    summary="Rows of a ledger",
    response_model=LedgerRowsModel,
    response_description="One page, in the order in which they came.",
    responses=responses({}, *PROBLEMS, Problem.INVALID_CURSOR),
)
def read_ledger(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    ledger: LedgerPath,
    query: Annotated[RowsQuery, Query()],
) -> Response:
    """List the rows of a ledger as they are believed, or as they were known at a time."""
    regions, _ = asked_region(asker, query.region)
    known_ns = None
    if query.known is not None:
        known_ns = nanoseconds(times(request, TimeQuery(as_of=None, known=query.known), lang).known)
    asked = Asked(query.uscc, query.subject, None, regions, known_ns)
    rows, follows = LedgerStore(services.database).page(
        ledger.value, asked, number_of(query.cursor) or 0, query.limit
    )
    veil = LedgerView(services, asker.account)
    told = [answers.row_json(one, veil) for one in rows]
    return answered(request, {"rows": told, "next": cursor_of(follows)}, lang)


@router.get(
    "/v1/exports/ledgers/{ledger}",
    operation_id="exportLedger",
    summary="A ledger as a file",
    response_class=Response,
    responses=responses(FILE, *PROBLEMS),
)
def export_ledger(
    request: Request,
    services: Served,
    asker: ToExport,
    lang: Language,
    ledger: LedgerPath,
    query: Annotated[ExportQuery, Query()],
) -> Response:
    """Return the rows of a ledger as CSV, NDJSON or an Excel workbook, masked as every answer is."""
    regions, _ = asked_region(asker, query.region)
    spec, veil = SPECS[ledger], LedgerView(services, asker.account)
    fields = [name for name in (*spec.required, *spec.optional) if name != "source"]
    rows: list[Kept]
    rows, _ = LedgerStore(services.database).page(ledger.value, Asked(regions=regions), 0, MAX_ROWS)
    told = (answers.row_json(one, veil) for one in rows)

    def row(one: dict[str, Any]) -> list[Any]:
        return [*(one["record"].get(name) for name in fields), one["source"], one["known_from"]]

    return as_file(ledger.value, query.format, [*fields, "source", "known_from"], told, row, lang)


def _working_for(services: Services, asker: Asker, begins: Collection[Node]) -> dict[Node, list[str]]:
    """Return the clusters with machines that work for each wallet, of those that who asks sees a part of."""
    store, view = ClusterStore(services.database), View(services, asker.account)
    held = services.attributor.during
    found: dict[Node, list[str]] = {}
    for begin in begins:
        names = store.ids_naming(begin[1]) if begin[0] is NodeKind.WALLET else []
        clusters = [one for name in names if (one := store.read(name)) is not None]
        found[begin] = [
            one.id
            for one in clusters
            if view.everywhere
            or any(view.sees(held(each.address, each.first_ns, each.last_ns)) for each in one.members)
        ]
    return found
