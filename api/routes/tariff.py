"""The differential price: rules, mining periods, the book of charges, who owes, what regions collected."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.access.gate import ToExport, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.faults import fault
from api.language import Lang, Language
from api.models_tariff import (
    ArrearsModel,
    CollectionModel,
    EntriesModel,
    MiningListModel,
    RulesModel,
    TariffAccountModel,
)
from api.openapi import ASKED, responses
from api.paging import page_by_key
from api.problems import Problem, ProblemError
from api.records import (
    FILE,
    MAX_ROWS,
    as_file,
    own_region,
    read_day,
    see,
    today,
)
from api.small_body import SmallBodyRoute
from api.tariff_queries import (
    ArrearsQuery,
    CollectionQuery,
    DayQuery,
    EntriesQuery,
    MiningQuery,
    RulesQuery,
    SheetQuery,
)
from api.tariff_told import mining_told, right_of
from registry import divisions
from registry.division_table import WHOLE_COUNTRY
from store.access_rules import lies_in
from store.power_accounts import read_accounts
from store.tariff import read_mining, read_notices, read_readings, read_rulebook
from store.tariff_money import read_entries, read_payments
from supervision.tariff import answers
from supervision.tariff.collection import by_region, owed_on
from supervision.tariff.rows import rulebook_of

router = APIRouter(tags=["tariff"], route_class=SmallBodyRoute)
READ = (*ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE)
AccountPath = Annotated[
    str, Path(alias="account", max_length=100, description="Account number (户号).", examples=["3300001"])
]


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
    if query.division is not None and query.division != WHOLE_COUNTRY and divisions.fault(query.division):
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("division", lang, "query", "division")])
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
            "mining": [mining_told(one, view, lang) for one in read_mining(connection, [account])],
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
def listmining_told(
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
    page, after = page_by_key(found, [one.period for one in found], query)
    return answered(request, {"periods": [mining_told(one, view, lang) for one in page], "next": after}, lang)


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
    page, after = page_by_key(found, [str(one.number) for one in found], query)
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
    on = _day(request, query, lang)
    with services.database.reading() as connection:
        found = owed_on(connection, on, right_of(region))
    page, after = page_by_key(found, [one.standing.account for one in found], query)
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
    on = _day(request, query, lang)
    with services.database.reading() as connection:
        found = by_region(owed_on(connection, on, right_of(region)), answers.LEVELS[query.level])
    body = {"on": on.isoformat(), "regions": [answers.collected_json(one) for one in found]}
    return answered(request, body, lang)


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
    on = _day(request, query, lang)
    with services.database.reading() as connection:
        heads, rows = answers.sheet(connection, query.what, on, right_of(region), query.level, lang)
    records = [
        {
            head: str(cell) if isinstance(cell, Decimal) else cell
            for head, cell in zip(heads, row, strict=True)
        }
        for row in rows[:MAX_ROWS]
    ]
    return as_file(query.what, query.format, heads, records, lambda one: list(one.values()), lang)


def _day(request: Request, query: DayQuery, lang: Lang) -> date:
    text, name = (query.on, "on") if query.as_of is None else (query.as_of, "as_of")
    return today(request) if text is None else read_day(text, lang, "query", name)
