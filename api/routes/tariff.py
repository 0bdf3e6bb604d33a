"""The differential price: rules, mining periods, the book of charges, who owes, what regions collected."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Gate, ToDecide, ToExport, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import IdempotencyKey, Served
from api.language import Language
from api.models_tariff import (
    ArrearsModel,
    BillingRunModel,
    CollectionModel,
    EntriesModel,
    MiningListModel,
    MiningPeriodModel,
    RulesModel,
    TariffAccountModel,
)
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.records import (
    FILE,
    MAX_PAGE,
    MAX_ROWS,
    Asking,
    Body,
    Day,
    FileFormat,
    Region,
    as_file,
    cursor_of,
    digest,
    own_region,
    place_of,
    read_day,
    see,
    today,
)
from api.routes.project_writes import WRITTEN
from api.small_body import SmallBodyRoute
from api.writes import once
from registry.division_table import WHOLE_COUNTRY
from store.access_rules import lies_in
from store.database import lock
from store.decisions import Reply
from store.power_accounts import read_accounts
from store.row_security import seeing_everything
from store.tariff import StoredMining, read_mining, read_notices, read_readings, read_rulebook
from store.tariff_money import read_entries, read_payments
from supervision.refusals import Unknown
from supervision.tariff import answers
from supervision.tariff.book import TOPIC, Run, plan, post_within
from supervision.tariff.collection import by_region, owed_on
from supervision.tariff.periods import decide
from supervision.tariff.rows import rulebook_of

router = APIRouter(tags=["tariff"], route_class=SmallBodyRoute)
READ = (*ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE)
AccountPath = Annotated[
    str, Path(alias="account", max_length=100, description="Account number (户号).", examples=["3300001"])
]
PeriodPath = Annotated[
    str, Path(alias="period", max_length=32, description="Id of a period.", examples=["4b0f0f0e3d0e"])
]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="Records a page.")]
Cursor = Annotated[str | None, Field(max_length=300, description="`next` of the page before.")]


class RulesQuery(Asking):
    """Which rules."""

    division: str | None = Field(None, pattern="^[0-9]{6}$", description="Those that concern this division.")


class MiningQuery(Asking):
    """Filters and the page."""

    region: Region = None
    state: Literal["proposed", "confirmed", "rejected", "withdrawn"] | None = Field(
        None, description="Stands so."
    )
    limit: Limit = 100
    cursor: Cursor = None


class EntriesQuery(Asking):
    """Filters and the page."""

    region: Region = None
    limit: Limit = 100
    cursor: Cursor = None


class ArrearsQuery(EntriesQuery):
    """Filters, the day and the page."""

    on: Day | None = Field(None, description="How it stands at the end of this day; default: today.")


class CollectionQuery(Asking):
    """Which regions, on which day."""

    region: Region = None
    on: Day | None = Field(None, description="How it stands at the end of this day; default: today.")
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


@router.get(
    "/v1/tariff/rules",
    operation_id="listTariffRules",
    summary="Rules of the differential price",
    response_model=RulesModel,
    response_description="Shipped and own rules; of a division the nearest jurisdiction first.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def list_rules(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[RulesQuery, Query()],
) -> Response:
    """List the rules, with what bills and what is a draft."""
    with services.database.reading() as connection:
        book = rulebook_of(read_rulebook(connection))
    rules = book.rules if query.division is None else book.of(query.division)
    body = {"rules": [answers.rule_json(rule, bills=book.applies(rule)) for rule in rules]}
    return answered(request, body, lang)


@router.get(
    "/v1/tariff/accounts/{account}",
    operation_id="getTariffAccount",
    summary="The price of one account",
    response_model=TariffAccountModel,
    response_description="What is billed on it, and why.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_account(
    request: Request, services: Served, asker: ToReadFiles, lang: Language, account: AccountPath
) -> Response:
    """Return readings, mining periods, charges, payments and arrears of one account."""
    view = View(services, asker.account)
    with services.database.reading() as connection:
        periods = list(read_accounts(connection, [account]))
        if not periods:
            raise ProblemError(Problem.UNKNOWN_RECORD)
        held = max(periods, key=lambda one: one.valid_from_ns)
        see(asker, held.division)
        owed = [one for one in owed_on(connection, today(request)) if one.standing.account == account]
        body = {
            "account": account,
            "uscc": held.uscc,
            "site": held.site,
            "division": held.division,
            "notice": answers.notice_json(read_notices(connection, [account]).get(account)),
            "mining": [_mining(one, view) for one in read_mining(connection, [account])],
            "readings": [answers.reading_json(one) for one in read_readings(connection, [account])],
            "entries": [answers.entry_json(one) for one in read_entries(connection, [account])],
            "payments": [answers.payment_json(one) for one in read_payments(connection, [account])],
            "standing": answers.owed_json(owed[0]) if owed else None,
        }
    return answered(request, body, lang)


@router.get(
    "/v1/tariff/mining",
    operation_id="listMiningPeriods",
    summary="Mining periods of accounts",
    response_model=MiningListModel,
    response_description="One page, in the order in which they were first named.",
    responses=responses({}, *READ),
)
def list_mining(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[MiningQuery, Query()],
) -> Response:
    """List mining periods: those proposed from traffic wait for a person."""
    region = own_region(asker, query.region)
    view = View(services, asker.account)
    with services.database.reading() as connection:
        found = [
            one
            for one in read_mining(connection)
            if lies_in(one.division, region) and (query.state is None or one.state == query.state)
        ]
    page, after = _page(found, [one.period for one in found], query.limit, query.cursor)
    return answered(request, {"periods": [_mining(one, view) for one in page], "next": after}, lang)


@router.post(
    "/v1/tariff/mining/{period}/decisions",
    operation_id="decideMiningPeriod",
    summary="Confirm, reject or withdraw a mining period",
    status_code=201,
    response_model=MiningPeriodModel,
    response_description="The period after it.",
    responses=responses(None, *WRITTEN),
)
def decide_period(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    period: PeriodPath,
    body: DecisionIn,
    key: IdempotencyKey = None,
) -> Response:
    """Decide on a mining period: only what is confirmed is billed, by the next billing run."""
    gate: Gate = request.app.state.gate
    now = gate.clock()
    first = None if body.first is None else read_day(body.first, lang, "body", "first")
    last = None if body.last is None else read_day(body.last, lang, "body", "last")
    share = None if body.share is None else Decimal(body.share)
    view = View(services, asker.account)

    def write(connection: Connection) -> Reply:
        lock(connection, TOPIC)
        held = next((one for one in read_mining(connection) if one.period == period), None)
        if held is None:
            raise ProblemError(Problem.UNKNOWN_RECORD)
        see(asker, held.division)
        author, why = asker.account.name, body.why.strip()
        try:
            made = decide(connection, period, body.state, why, now, author, first, last, body.going_on, share)
        except Unknown as error:
            raise ProblemError(Problem.UNKNOWN_RECORD) from error
        return Reply(201, {"Location": "/v1/tariff/mining"}, json.dumps(_mining(made, view)))

    return once(services, asker, key, digest(f"POST mining {period}", body), now, write, lang)


@router.get(
    "/v1/tariff/entries",
    operation_id="listTariffEntries",
    summary="The book of charges",
    response_model=EntriesModel,
    response_description="One page, by number.",
    responses=responses({}, *READ),
)
def list_entries(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[EntriesQuery, Query()],
) -> Response:
    """List charges and reversals: entries are added and never changed."""
    region = own_region(asker, query.region)
    with services.database.reading() as connection:
        found = answers.entries_in(connection, region)
    page, after = _page(found, [str(one.number) for one in found], query.limit, query.cursor)
    return answered(request, {"entries": [answers.entry_json(one) for one in page], "next": after}, lang)


@router.get(
    "/v1/tariff/arrears",
    operation_id="listTariffArrears",
    summary="Due against paid, by account",
    response_model=ArrearsModel,
    response_description="One page, by account.",
    responses=responses({}, *READ, Problem.INVALID_REQUEST),
)
def list_arrears(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[ArrearsQuery, Query()],
) -> Response:
    """List how accounts stand at the end of a day: due, paid, overdue by age."""
    region = own_region(asker, query.region)
    on = _day(request, query.on, lang)
    with services.database.reading() as connection:
        found = owed_on(connection, on, _right(region))
    page, after = _page(found, [one.standing.account for one in found], query.limit, query.cursor)
    shown = [answers.owed_json(one) for one in page]
    return answered(request, {"on": on.isoformat(), "accounts": shown, "next": after}, lang)


@router.get(
    "/v1/tariff/collection",
    operation_id="listTariffCollection",
    summary="What regions collected",
    response_model=CollectionModel,
    response_description="By division.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def list_collection(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[CollectionQuery, Query()],
) -> Response:
    """List what is due and paid in each region, with the rate of collection."""
    region = own_region(asker, query.region)
    on = _day(request, query.on, lang)
    with services.database.reading() as connection:
        found = by_region(owed_on(connection, on, _right(region)), answers.LEVELS[query.level])
    body = {"on": on.isoformat(), "regions": [answers.collected_json(one) for one in found]}
    return answered(request, body, lang)


@router.post(
    "/v1/tariff/bills",
    operation_id="billTariff",
    summary="Bill, or say what a bill would come to",
    status_code=201,
    response_model=BillingRunModel,
    response_description="What was added, or would be.",
    responses=responses(None, *WRITTEN),
)
def make_bills(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    body: BillIn,
    key: IdempotencyKey = None,
) -> Response:
    """Bill what today's facts come to; what they make wrong in the book is reversed and charged anew.

    Nothing is changed unless `post` is true.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    made = today(request)
    as_of = made if body.as_of is None else read_day(body.as_of, lang, "body", "as_of")
    accounts = None if body.accounts is None else tuple(body.accounts)
    run = Run(as_of, made, accounts, _right(asker.account.division), body.why.strip())

    def write(connection: Connection) -> Reply:
        author = asker.account.name
        found = post_within(connection, run, now, author) if body.post else plan(connection, run)
        return Reply(201, {}, json.dumps(answers.plan_json(found, posted=body.post)))

    with seeing_everything():  # numbers follow those of the whole book; the run itself keeps to the region
        return once(services, asker, key, digest("POST bills", body), now, write, lang)


@router.get(
    "/v1/exports/tariff",
    operation_id="exportTariff",
    summary="Charges, arrears or collection, as a file",
    response_class=Response,
    responses=responses(
        FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def export_tariff(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[SheetQuery, Query()]
) -> Response:
    """Return the book of charges, the arrears or the collection as CSV, NDJSON or an Excel workbook."""
    region = own_region(asker, query.region)
    on = _day(request, query.on, lang)
    with services.database.reading() as connection:
        heads, rows = answers.sheet(connection, query.what, on, _right(region), query.level, lang)
    records = [
        {
            head: str(cell) if isinstance(cell, Decimal) else cell
            for head, cell in zip(heads, row, strict=True)
        }
        for row in rows[:MAX_ROWS]
    ]
    return as_file(query.what, query.format, heads, records, lambda one: list(one.values()), lang)


def _mining(kept: StoredMining, view: View) -> dict[str, Any]:
    told = answers.mining_json(kept)
    evidence = kept.evidence if isinstance(kept.evidence, dict) else {}
    told["evidence"] = {
        "source": evidence.get("source", ""),
        "verdicts": evidence.get("verdicts", []),
        "addresses": [view.address(one) for one in evidence.get("addresses", [])],
        "lines": evidence.get("lines", []),
    }
    return told


def _right(region: str) -> str | None:
    return None if region == WHOLE_COUNTRY else region


def _day(request: Request, text: str | None, lang: Any) -> date:
    return today(request) if text is None else read_day(text, lang, "query", "on")


def _page(
    found: Sequence[Any], keys: Sequence[str], limit: int, cursor: str | None
) -> tuple[Sequence[Any], str | None]:
    """Return a page of records after the cursor's one, and the next cursor. Raises ProblemError."""
    begin = 0
    if cursor is not None:
        place = place_of(cursor)
        if place not in keys:
            raise ProblemError(Problem.INVALID_CURSOR)
        begin = keys.index(place) + 1
    page = found[begin : begin + limit]
    more = begin + limit < len(found)
    return page, cursor_of(keys[begin + len(page) - 1]) if more else None
