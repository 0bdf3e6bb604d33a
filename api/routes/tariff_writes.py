"""The differential price, written: decisions on mining periods, billing runs."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Gate, ToDecide
from api.access.view import View
from api.deps import IdempotencyKey, Served
from api.language import Language
from api.models_tariff import BillingRunModel, MiningPeriodModel
from api.openapi import responses
from api.problems import Problem, ProblemError
from api.records import digest, read_day, see, today
from api.routes.project_writes import WRITTEN
from api.small_body import SmallBodyRoute
from api.tariff_queries import BillIn, DecisionIn
from api.tariff_told import mining_told, right_of
from api.writes import once
from pipeline.services import Services
from store.database import lock
from store.decisions import Reply
from store.row_security import seeing_everything
from store.tariff import read_mining
from supervision.refusals import Unknown
from supervision.tariff import answers
from supervision.tariff.book import TOPIC, Run, plan, post_within
from supervision.tariff.periods import decide

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

router = APIRouter(tags=["tariff"], route_class=SmallBodyRoute)
PeriodPath = Annotated[
    str, Path(alias="period", max_length=32, description="Id of a period.", examples=["4b0f0f0e3d0e"])
]


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
        return Reply(201, {"Location": "/v1/tariff/mining"}, json.dumps(mining_told(made, view, lang)))

    return once(services, asker, key, digest(f"POST mining {period}", body), now, write, lang)


@router.post(
    "/v1/tariff/bills",
    operation_id="billTariff",
    summary="Bill, or say what a bill would come to",
    response_model=BillingRunModel,
    response_description="What a run would add: nothing was changed.",
    responses={
        **responses({}, *WRITTEN),
        201: {"model": BillingRunModel, "description": "What was added to the book."},
    },
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

    Nothing is changed unless `post` is true: then the answer is 201, else 200. A run that reverses charges
    says `why`.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    made = today(request)
    as_of = made if body.as_of is None else read_day(body.as_of, lang, "body", "as_of")
    accounts = None if body.accounts is None else tuple(body.accounts)
    run = Run(as_of, made, accounts, right_of(asker.account.division), body.why.strip())

    def write(connection: Connection) -> Reply:
        author, lake = asker.account.name, _lake(services)
        if body.post:
            found = post_within(connection, run, now, author, lake)
        else:
            found = plan(connection, run, lake, now, author)
        return Reply(201 if body.post else 200, {}, json.dumps(answers.plan_json(found, posted=body.post)))

    with seeing_everything():  # numbers follow those of the whole book; the run itself keeps to the region
        return once(services, asker, key, digest("POST bills", body), now, write, lang)


def _lake(services: Services) -> "CurveLake | None":
    from store.curve_lake import CurveLake  # polars is loaded by the first question, not by the start

    return None if services.lake is None else CurveLake(services.lake)
