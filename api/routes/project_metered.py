"""What meters count at projects, beside the estimates of traffic, week on week."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access.gate import ToReadFiles
from api.answers import answered
from api.deps import Served
from api.faults import fault
from api.language import Language
from api.models_metered import MeteredWeekModel, ProjectMeteredModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.records import Region, TimeQuery, own_region, see, times, today
from api.routes.projects import ProjectPath
from pipeline.services import Services
from supervision.projects.inventory import Standing, end_of, inventory, week_before, week_end
from supervision.projects.kept import ProjectStore
from supervision.projects.project import latest

router = APIRouter(tags=["projects"])
READ = (*ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE)


class MeteredQuery(TimeQuery):
    """Of when, and how many weeks."""

    weeks: int = Field(2, ge=2, le=53, description="Weeks back from the day.")


class MeteredWeekQuery(TimeQuery):
    """Whose week."""

    region: Region = None


@router.get(
    "/v1/projects/{project_id}/metered",
    operation_id="getProjectMetered",
    summary="What the meters of a project count",
    response_model=ProjectMeteredModel,
    response_description="Energy by weeks and power now, beside the estimate.",
    responses=responses({}, *READ),
)
def read_metered(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    project: ProjectPath,
    query: Annotated[MeteredQuery, Query()],
) -> Response:
    """Return the energy of a project's accounts; the curve of each is `GET /v1/power/scores/{account}`."""
    when = times(request, query, lang)
    held = ProjectStore(services.database).one(project)
    [one] = held.projects
    see(asker, one.division)
    if one.opened > when.known:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    from supervision.projects.metered import metered, metered_json, of_traffic

    standing = inventory(held.events, held.measured, when.as_of, when.known).get(one.id)
    named = latest(held.particulars, when.known)
    found = None
    if services.lake is not None:
        with services.database.reading() as connection:
            lake = _lake(services)
            told = metered(connection, lake, [one], named, when.as_of, when.known, query.weeks)
            found = told.projects.get(one.id)
    kw, basis = _estimate(standing), standing.measured.basis if standing and standing.measured else None
    body = {
        "project": one.id,
        "as_of": when.as_of.isoformat(),
        "known": when.asked,
        "estimated_kw": kw,
        "basis": basis,
        "metered": metered_json(found, of_traffic(standing)),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/inventory/{week}/metered",
    operation_id="getInventoryWeekMetered",
    summary="What meters counted in a week of the inventory",
    response_model=MeteredWeekModel,
    response_description="Totals, and each running project that has an account.",
    responses=responses({}, *READ),
)
def read_metered_week(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    week: Annotated[
        str, Path(pattern="^[0-9]{4}-W[0-9]{2}$", description="ISO week.", examples=["2026-W47"])
    ],
    query: Annotated[MeteredWeekQuery, Query()],
) -> Response:
    """Return the metered energy of the projects that ran at the end of a week, beside that of the week
    before. The inventory is that known at its end, readings are those known now; or both at `known`."""
    try:
        last, earlier = week_end(week), week_before(week)
    except (ValueError, OverflowError) as error:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("week", lang, "path", "week")]) from error
    from supervision.projects.metered import metered, metered_json, of_traffic, totals_json
    from supervision.projects.metering import Counted

    day = min(last, today(request))
    at = times(request, query, lang)
    known = at.known  # readings of a week arrive after it: as known now, unless a time is asked for
    division = own_region(asker, query.region)
    held = ProjectStore(services.database).every(division)
    seen = min(known, end_of(day)) if at.asked is None else known
    standings = inventory(held.events, held.measured, day, seen)
    running = [one for one in held.projects if one.id in standings and standings[one.id].running]
    named = latest(held.particulars, known)
    counted = Counted({}, {})
    if services.lake is not None:
        with services.database.reading() as connection:
            counted = metered(connection, _lake(services), running, named, day, known)
    found = counted.projects
    body = {
        "week": week,
        "before": earlier,
        "division": division,
        "as_of": day.isoformat(),
        "known": at.asked,
        "totals": totals_json(counted),
        "projects": [
            {
                "project": one.id,
                "name": named[one.id].name if one.id in named else "",
                "state": standings[one.id].step.value,
                "estimated_kw": _estimate(standings[one.id]),
                "metered": metered_json(found[one.id], of_traffic(standings[one.id])),
            }
            for one in running
            if one.id in found
        ],
        "without": len(running) - len(found),
    }
    return answered(request, body, lang)


def _estimate(standing: Standing | None) -> dict[str, float] | None:
    measured = standing.measured if standing else None
    if measured is None or measured.kw is None:
        return None
    return {"value": measured.kw.value, "low": measured.kw.low, "high": measured.kw.high}


def _lake(services: Services) -> Any:
    from store.curve_lake import CurveLake  # polars is loaded by the first question, not by the start

    assert services.lake is not None
    return CurveLake(services.lake)
