"""The project inventory, read: proposals, projects with their lives, weeks, files."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access.gate import Asker, ToExport, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.faults import fault
from api.language import Lang, Language
from api.models_projects import (
    ProjectEvidenceModel,
    ProjectFileModel,
    ProjectsModel,
    ProposalsModel,
    WeekModel,
)
from api.openapi import ASKED, responses
from api.problems import Fault, Problem, ProblemError, Text, pointer
from api.records import (
    FILE,
    MAX_PAGE,
    MAX_ROWS,
    FileFormat,
    Region,
    TimeQuery,
    When,
    as_file,
    own_region,
    page_of,
    place_of,
    see,
    times,
    today,
)
from pipeline.lookup import attributed
from pipeline.services import Services
from supervision.carbon_in_use import factors_in_use
from supervision.projects import sizes
from supervision.projects.answers import (
    ROW,
    change_json,
    evidence_of,
    figures_of,
    file_json,
    project_json,
    proposal_json,
    row,
    totals_json,
)
from supervision.projects.events import Step
from supervision.projects.inventory import (
    Standing,
    change,
    end_of,
    inventory,
    week_before,
    week_end,
)
from supervision.projects.kept import Held, ProjectStore, numbers_of
from supervision.projects.metered import ROW as METERED
from supervision.projects.metered import metered, metered_json, method, of_traffic
from supervision.projects.metered import row as metered_row
from supervision.projects.project import latest
from supervision.projects.seen import sightings
from supervision.projects.sightings import Proposed, propose
from supervision.victims import sighted

_AT_ONCE = 200
_FIGURE = Text("The figure is one of {known}.", "指标须是 {known} 之一。")
router = APIRouter(tags=["projects"])
ProjectPath = Annotated[
    str,
    Path(
        alias="project_id",
        pattern="^pj-[0-9a-f]{16}$",
        description="Id of a project.",
        examples=["pj-5f0c2a9b7d114e63"],
    ),
]


class Selection(TimeQuery):
    """Filters; all that are given must hold."""

    region: Region = None
    state: Step | None = Field(None, description="Stands at this step.")
    kind: Literal["running", "planned"] | None = Field(None, description="As it was opened.")
    uscc: str | None = Field(
        None, pattern="^[0-9A-HJ-NPQRTUWXY]{18}$", description="Unified social credit code."
    )

    def wants(self, shown: dict[str, Any]) -> bool:
        """Say whether a project is asked for."""
        return (
            (self.state is None or shown["state"] == self.state.value)
            and (self.kind is None or shown["kind"] == self.kind)
            and (self.uscc is None or shown["uscc"] == self.uscc)
        )


class ProjectsQuery(Selection):
    """Filters and the page."""

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Projects a page.")
    cursor: str | None = Field(None, max_length=200, description="`next` of the page before.")


class FileQuery(Selection):
    """Filters and the file."""

    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class WeekQuery(TimeQuery):
    """Whose week."""

    region: Region = None


class FigureQuery(TimeQuery):
    """Which figure."""

    figure: str | None = Field(
        None,
        pattern="^[A-Za-z0-9/_.-]{1,40}$",
        description="`machines`, `kw`, `kwh_day` or an algorithm; default: all.",
    )


class RegionQuery(TimeQuery):
    """Where."""

    region: Region = None


def pages(
    services: Services, division: str, when: When, lang: Lang, after: str = ""
) -> Iterator[tuple[Held, dict[str, Standing], list[dict[str, Any]]]]:
    """Yield projects as they stood, a page at a time: what is kept of them, standings, objects by id."""
    store, classes = ProjectStore(services.database), sizes.shipped()
    while True:
        held = store.page(division, after, _AT_ONCE)
        standings = inventory(held.events, held.measured, when.as_of, when.known)
        named = latest(held.particulars, when.known)
        shown = [
            project_json(one, standings.get(one.id), named.get(one.id), classes, lang)
            for one in held.projects
            if one.opened <= when.known
        ]
        yield held, standings, shown
        if len(held.projects) < _AT_ONCE:
            return
        after = held.projects[-1].id


@router.get(
    "/v1/projects",
    operation_id="listProjects",
    summary="The project inventory",
    response_model=ProjectsModel,
    response_description="One page, by id.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE
    ),
)
def list_projects(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[ProjectsQuery, Query()],
) -> Response:
    """List projects as they stood on a day, as was known at a time: what became known later is left out."""
    when = times(request, query, lang)
    division = own_region(asker, query.region)
    every = pages(services, division, when, lang, place_of(query.cursor) or "")
    records = (one for _, _, shown in every for one in shown)
    found, after = page_of(records, query.wants, query.limit, "id")
    body = {
        "as_of": when.as_of.isoformat(),
        "known": when.asked,
        "projects": found,
        "next": after,
    }
    return answered(request, body, lang)


@router.get(
    "/v1/projects/{project_id}",
    operation_id="getProject",
    summary="The file of a project",
    response_model=ProjectFileModel,
    response_description="What it is, its whole life, every measurement.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_project(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    project: ProjectPath,
    query: Annotated[TimeQuery, Query()],
) -> Response:
    """Return one project with its events as they were known at a time; withdrawn ones stay readable."""
    when = times(request, query, lang)
    return answered(request, file_of(services, asker, project, when, lang), lang)


@router.get(
    "/v1/projects/{project_id}/evidence",
    operation_id="getProjectEvidence",
    summary="What a figure of a project rests on",
    response_model=ProjectEvidenceModel,
    response_description="The verdicts with their evidence, and what else is named.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_project_evidence(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    project: ProjectPath,
    query: Annotated[FigureQuery, Query()],
) -> Response:
    """Return the verdicts behind a figure of the last measurement, also those that were superseded since."""
    when = times(request, query, lang)
    shown = file_of(services, asker, project, when, lang)
    if query.figure is not None and query.figure not in (known := figures_of(shown["measures"])):
        wrong = Fault(_FIGURE.in_language(lang, known=", ".join(known)), pointer("query", "figure"))
        raise ProblemError(Problem.INVALID_REQUEST, faults=[wrong])
    named = evidence_of(shown["measures"], query.figure)
    if query.figure is None:
        events = (one for event in shown["events"] for one in event["evidence"])
        named = list(dict.fromkeys([*named, *events]))
    numbers = numbers_of(named)
    view = View(services, asker.account)
    stored = services.verdicts.of_ids(numbers)
    verdicts = view.verdicts(stored, attributed(services, stored))
    body = {
        "figure": query.figure,
        "evidence": named,
        "verdicts": [view.hit_json(one, held, lang) for one, held in verdicts],
        "unseen": len(numbers) - len(verdicts),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/proposals",
    operation_id="listProposals",
    summary="Projects that traffic proposes",
    response_model=ProposalsModel,
    response_description="By power, the largest first.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def list_proposals(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[RegionQuery, Query()],
) -> Response:
    """Group hits at `likely` and more by enterprise and site, or by cluster; a person confirms them.

    Those whose project is there already are told with its state. Probable victims of malware campaigns are
    told apart and proposed as nothing.
    """
    when = times(request, query, lang)
    found = proposed(services, asker, query.region)
    held = ProjectStore(services.database).every(asker.account.division)
    standings = inventory(held.events, held.measured, when.as_of, when.known)
    view = View(services, asker.account)
    told = [proposal_json(one, standings.get(one.project), lang) for one in found.proposals]
    for one in told:
        one["addresses"] = sorted({view.address(address) for address in one["addresses"]})
    victims = [sighted(one, lang, view.name) for one in found.victims]
    for one in victims:
        one["address"] = view.address(one["address"])
    body = {"proposals": told, "unplaced": len(found.unplaced), "victims": victims}
    return answered(request, body, lang)


@router.get(
    "/v1/inventory/{week}",
    operation_id="getInventoryWeek",
    summary="The inventory of a week",
    response_model=WeekModel,
    response_description="Totals at the end of the week, and what changed since the week before.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_week(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    week: Annotated[
        str, Path(pattern="^[0-9]{4}-W[0-9]{2}$", description="ISO week.", examples=["2026-W47"])
    ],
    query: Annotated[WeekQuery, Query()],
) -> Response:
    """Return the snapshot of a week, as known at its end (or at `known`), beside that of the week before.

    A week that has not ended is told as of today. Hashes of different algorithms are never summed.
    """
    try:
        last = week_end(week)
        earlier = week_before(week)
    except (ValueError, OverflowError) as error:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("week", lang, "path", "week")]) from error
    day = min(last, today(request))
    at = times(request, query, lang)
    known = min(at.known, end_of(day)) if at.asked is None else at.known
    division = own_region(asker, query.region)
    held = ProjectStore(services.database).every(division)
    now = inventory(held.events, held.measured, day, known)
    then_day = week_end(earlier)
    before = inventory(held.events, held.measured, then_day, min(known, end_of(then_day)))
    body = {
        "week": week,
        "before": earlier,
        "division": division,
        "as_of": day.isoformat(),
        "known": at.asked,
        "totals": totals_json(now.values(), sizes.shipped()),
        "change": change_json(change(before, now)),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/exports/projects",
    operation_id="exportProjects",
    summary="The project inventory, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_projects(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return projects as CSV, NDJSON or an Excel workbook, with what their meters counted in the seven days
    up to `as_of` and in the seven before: `metered_...`, each with its interval and method."""
    when = times(request, query, lang)
    division = own_region(asker, query.region)

    def records() -> Iterator[dict[str, Any]]:
        left = MAX_ROWS
        for held, standings, shown in pages(services, division, when, lang):
            wanted = [one for one in shown if query.wants(one)][:left]
            told = _metered(services, held, standings, {one["id"] for one in wanted}, when, lang)
            for one in wanted:
                yield one | {"as_of": when.as_of.isoformat(), "metered": told.get(one["id"])}
            left -= len(wanted)

    columns = (*ROW, "as_of", *METERED)
    return as_file("projects", query.format, columns, records(), _row, lang)


def _row(told: dict[str, Any]) -> list[Any]:
    return [*row(told), told["as_of"], *metered_row(told["metered"])]


def _metered(
    services: Services,
    held: Held,
    standings: Mapping[str, Standing],
    wanted: Collection[str],
    when: When,
    lang: Lang,
) -> dict[str, dict[str, Any]]:
    """Return what the meters of some projects counted, by id."""
    if services.lake is None or not wanted:
        return {}
    from store.curve_lake import CurveLake  # polars is loaded by the first file, not by the start

    named = latest(held.particulars, when.known)
    asked = [one for one in held.projects if one.id in wanted]
    with services.database.reading() as connection:
        counted = metered(connection, CurveLake(services.lake), asked, named, when.as_of, when.known)
    found = {}
    for project, one in counted.projects.items():
        told = metered_json(one, of_traffic(standings.get(project)))
        assert told is not None
        found[project] = told | {"method": method(lang)}
    return found


def file_of(services: Services, asker: Asker, project: str, when: When, lang: Lang) -> dict[str, Any]:
    """Return the file of a project as it is answered. Raises ProblemError, Unknown."""
    return told(ProjectStore(services.database).one(project), asker, when, lang)


def told(held: Held, asker: Asker, when: When, lang: Lang) -> dict[str, Any]:
    """Return the file of the one project that is held. Raises ProblemError where it is another region's."""
    [one] = held.projects
    see(asker, one.division)
    if one.opened > when.known:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    standing = inventory(held.events, held.measured, when.as_of, when.known).get(one.id)
    named = latest(held.particulars, when.known).get(one.id)
    shown = project_json(one, standing, named, sizes.shipped(), lang)
    factors = factors_in_use()
    return file_json(held, when.known, when.as_of, factors, lang, shown, when.asked)


def proposed(services: Services, asker: Asker, region: str | None) -> Proposed:
    """Return what the hits that an account sees propose. Raises ProblemError for a foreign region."""
    division = own_region(asker, region)
    view = View(services, asker.account)
    return propose(sightings(services, see=lambda found, held: view.verdicts(found, held, division)))
