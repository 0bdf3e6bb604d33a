"""Reports: asked for, made as a job, taken as files."""

import hashlib
import json
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import FileResponse, Response

from api.access.gate import Asker, Gate, ToExport
from api.access.trail import Asked as Trailed
from api.answers import answered
from api.deps import IdempotencyKey, Served
from api.language import Lang, Language
from api.models_reports import ReportModel
from api.openapi import ASKED, responses
from api.problems import Fault, Problem, ProblemError, pointer
from api.records import Asking, Body, Day, Region, own_region, read_day, today
from api.report_jobs import ReportJobs, new_report
from api.small_body import SmallBodyRoute
from api.writes import once
from facts.instant import rfc3339
from store.access_rules import WHOLE_COUNTRY
from store.decisions import Reply
from store.jobs import Job, JobState, insert_job
from supervision.refusals import Refused
from supervision.reports.asked import PUBLISHER, Asked, Kind, settled
from supervision.reports.document import Language as ReportLanguage

router = APIRouter(tags=["reports"], route_class=SmallBodyRoute)
ReportPath = Annotated[
    str,
    Path(alias="job_id", description="Id of the report.", pattern="^[0-9a-f]{32}$", examples=["0f" * 16]),
]
MEDIA_TYPES: dict[str, str] = {
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class ReportIn(Body):
    """Which report."""

    kind: Literal["weekly", "bulletin", "enterprise", "site", "tariff", "evaluation"]
    region: Region = Field(None, description="Default: the account's own, which the answer tells.")
    subject: str | None = Field(
        None, min_length=1, max_length=200, description="Credit code of the enterprise, or id of the site."
    )
    week: str | None = Field(None, pattern="^[0-9]{4}-W[0-9]{2}$", examples=["2026-W47"])
    month: str | None = Field(None, pattern="^[0-9]{4}-[0-9]{2}$", examples=["2026-11"])
    as_of: Day | None = Field(None, description="As known at the end of this day; default: of week or month.")
    languages: list[Literal["zh", "en"]] = Field(["zh"], min_length=1, max_length=2)
    formats: list[Literal["html", "docx", "xlsx", "pdf"]] = Field(["html"], min_length=1, max_length=4)
    publisher: str = Field(PUBLISHER, min_length=1, max_length=200, description="Who publishes it.")


class FileQuery(Asking):
    """Which file of a report."""

    format: Literal["html", "docx", "xlsx", "pdf"] = Field("html", description="Kind of file.")
    language: Literal["zh", "en"] = Field("zh", description="Language of the file.")


@router.post(
    "/v1/reports",
    operation_id="startReport",
    summary="Have a report made",
    status_code=202,
    response_model=ReportModel,
    response_description="The report waits to be made; `Location` tells where to ask.",
    responses=responses(
        None,
        *ASKED,
        Problem.CSRF,
        Problem.UNKNOWN_RECORD,
        Problem.BODY_TOO_SLOW,
        Problem.BODY_TOO_LARGE,
        Problem.INVALID_REQUEST,
        Problem.KEY_REUSED,
        Problem.STORE_UNAVAILABLE,
    ),
)
def start_report(
    request: Request,
    services: Served,
    asker: ToExport,
    lang: Language,
    body: ReportIn,
    key: IdempotencyKey = None,
) -> Response:
    """Have a report made, as known at the end of a day: the same day gives the same report.

    Reports of a server are made one after the other and hold what the account sees; they are kept for a week.
    Without `region` a report speaks of the account's own; `region` of the answer says of which.
    """
    gate: Gate = request.app.state.gate
    reports: ReportJobs = request.app.state.reports
    region = own_region(asker, body.region)
    as_of = None if body.as_of is None else read_day(body.as_of, lang, "body", "as_of")
    languages: tuple[ReportLanguage, ...] = tuple(dict.fromkeys(body.languages))
    from supervision.reports.writing import FORMATS  # not at the start: it brings the typesetter along

    formats = tuple(one for one in FORMATS if one in body.formats)
    asked = Asked(
        Kind(body.kind),
        region,
        body.subject or "",
        body.week,
        body.month,
        as_of,
        languages,
        body.publisher,
        partners=asker.account.division == WHOLE_COUNTRY,
    )
    asked = _settled(asked, today(request), lang)
    trail: Trailed = request.state.asked
    trail.subject = f"report {asked.what}"
    now = gate.clock()
    job = new_report(asker.account, languages, now)

    def write(connection: Connection) -> Reply:
        insert_job(connection, job)
        return Reply(202, {"Location": f"/v1/reports/{job.id}"}, json.dumps(_waiting(job, asked)))

    digest = hashlib.sha256(f"POST /v1/reports {body.model_dump_json()}".encode("utf-8", "surrogatepass"))
    answer = once(services, asker, key, digest.digest(), now, write, lang)
    if "idempotency-replayed" not in answer.headers:
        reports.start(job, asked, formats)
    return answer


@router.get(
    "/v1/reports/{job_id}",
    operation_id="getReport",
    summary="How a report stands",
    response_model=ReportModel,
    response_description="State and files.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def read_report(request: Request, asker: ToExport, lang: Language, job_id: ReportPath) -> Response:
    """Tell how a report stands, and its files with their hashes. Only the account that asked for it sees it.

    One of an enterprise or a site that the account does not see, or that does not exist, has failed.
    """
    reports: ReportJobs = request.app.state.reports
    return answered(request, reports.told(_own(reports, asker, job_id)), lang)


@router.get(
    "/v1/reports/{job_id}/file",
    operation_id="getReportFile",
    summary="A file of a report",
    response_class=FileResponse,
    responses=responses(
        {
            "description": "The file.",
            "content": {
                name: {"schema": {"type": "string"} | ({} if kind == "html" else {"format": "binary"})}
                for kind, name in MEDIA_TYPES.items()
            },
        },
        *ASKED,
        Problem.UNKNOWN_RECORD,
        Problem.NOT_READY,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def read_report_file(
    request: Request, asker: ToExport, job_id: ReportPath, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return one file of a report that is done; 409 until then, 404 where it was not asked for."""
    reports: ReportJobs = request.app.state.reports
    job = _own(reports, asker, job_id)
    if job.state is not JobState.DONE:
        raise ProblemError(Problem.NOT_READY, state=job.state.value)
    wanted = (query.format, query.language)
    found = next((one for one in reports.files(job) if (one.format, one.language) == wanted), None)
    if found is None:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    return FileResponse(found.path, media_type=MEDIA_TYPES[found.format], filename=found.name)


def _own(reports: ReportJobs, asker: Asker, job_id: str) -> Job:
    job = reports.find(asker.account, job_id)
    if job is None:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    return job


def _settled(asked: Asked, on: date, lang: Lang) -> Asked:
    try:
        return settled(asked, on)
    except Refused as error:
        wrong = Fault(f"{error.told(lang)}{'。' if lang == 'zh' else '.'}", pointer("body"))
        raise ProblemError(Problem.INVALID_REQUEST, faults=[wrong]) from error


def _waiting(job: Job, asked: Asked) -> dict[str, object]:
    return {
        "id": job.id,
        "state": job.state.value,
        "kind": asked.kind.value,
        "region": asked.region,
        "subject": asked.subject or None,
        "week": asked.week,
        "month": asked.month,
        "as_of": None if asked.as_of is None else asked.as_of.isoformat(),
        "created": rfc3339(job.created_ns),
        "finished": None,
        "files": [],
        "missing": {},
        "unread": [],
    }
