"""Jobs: bulk look-ups of more addresses than one answer takes."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from api.access.gate import Gate, ToLookUp
from api.access.trail import Asked
from api.answers import answered
from api.bulk import parse_entries, read_body
from api.deps import IdempotencyKey, Served
from api.jobs import Jobs, new_job
from api.language import Language
from api.models_bulk import JobModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.routes.bulk import NDJSON, Slots
from api.writes import once
from facts.instant import rfc3339
from pipeline.lookup import Ask
from store.decisions import Reply
from store.jobs import Job, JobState, JobStore, insert_job

MAX_JOB_ENTRIES = 1_000_000
MAX_JOB_BODY = 96 * 1024 * 1024
"""Bytes."""
MAX_READ = 2
"""Bodies read at once: bounds their memory."""
router = APIRouter(tags=["jobs"])
JobPath = Annotated[str, Path(description="Id of the job.", pattern="^[0-9a-f]{32}$", examples=["0f" * 16])]
_reading = Slots(MAX_READ)


@router.post(
    "/v1/jobs",
    operation_id="startJob",
    summary="Look very many addresses up",
    status_code=202,
    response_model=JobModel,
    response_description="The job waits; `Location` tells where to ask.",
    responses=responses(
        None,
        *ASKED,
        Problem.CSRF,
        Problem.MALFORMED_JSON,
        Problem.BODY_TOO_SLOW,
        Problem.BODY_TOO_LARGE,
        Problem.TOO_MANY_ADDRESSES,
        Problem.UNSUPPORTED_MEDIA_TYPE,
        Problem.INVALID_REQUEST,
        Problem.KEY_REUSED,
        Problem.STORE_UNAVAILABLE,
        Problem.BUSY,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"At most {MAX_JOB_ENTRIES:,} entries and {MAX_JOB_BODY // 2**20} MiB.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "array",
                        "maxItems": MAX_JOB_ENTRIES,
                        "items": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/EntryModel"}]},
                    },
                }
            },
        }
    },
)
async def start_job(
    request: Request, services: Served, asker: ToLookUp, lang: Language, key: IdempotencyKey = None
) -> Response:
    """Take the addresses and look them up after answering; entries are those of a bulk look-up.

    Jobs of a server run one after the other and see what the account sees. A result is kept for a week.
    """
    gate: Gate = request.app.state.gate
    if not _reading.take():
        raise ProblemError(Problem.BUSY, limit=MAX_READ, headers={"Retry-After": "5"})
    try:
        raw = await read_body(request, MAX_JOB_BODY)
        entries = await run_in_threadpool(parse_entries, raw, lang, MAX_JOB_ENTRIES)
    finally:
        _reading.give()
    trail: Asked = request.state.asked
    trail.of_addresses(entry.address for entry in entries if isinstance(entry, Ask))
    now = gate.clock()
    job = new_job(asker.account, entries, now)

    def write(connection: Connection) -> Reply:
        insert_job(connection, job)
        return Reply(202, {"Location": f"/v1/jobs/{job.id}"}, json.dumps(_told(job)))

    digest = hashlib.sha256(b"POST /v1/jobs " + raw).digest()
    answer = await run_in_threadpool(once, services, asker, key, digest, now, write, lang)
    if "idempotency-replayed" not in answer.headers:
        jobs: Jobs = request.app.state.jobs
        jobs.start(asker.account, job.id, entries, lang)
    return answer


@router.get(
    "/v1/jobs/{job_id}",
    operation_id="getJob",
    summary="How a job stands",
    response_model=JobModel,
    response_description="State and progress.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def read_job(request: Request, asker: ToLookUp, lang: Language, job_id: JobPath) -> Response:
    """Tell how a job stands. Only the account that asked for it sees it."""
    return answered(request, _told(_own(request, asker, job_id)), lang)


@router.get(
    "/v1/jobs/{job_id}/result",
    operation_id="getJobResult",
    summary="The lines of a job",
    response_class=FileResponse,
    responses=responses(
        {
            "description": "One line per entry, as a bulk look-up answers.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        *ASKED,
        Problem.UNKNOWN_RECORD,
        Problem.NOT_READY,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def read_result(request: Request, asker: ToLookUp, job_id: JobPath) -> Response:
    """Return the lines of a job that is done; 409 until then."""
    job = _own(request, asker, job_id)
    jobs: Jobs = request.app.state.jobs
    path = jobs.result(job.id)
    if job.state is not JobState.DONE or not path.is_file():
        raise ProblemError(Problem.NOT_READY, state=job.state.value)
    return FileResponse(path, media_type=NDJSON)


@router.delete(
    "/v1/jobs/{job_id}",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model=JobModel,
    response_description="How it stands now.",
    responses=responses(
        {}, *ASKED, Problem.CSRF, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def cancel_job(
    request: Request, services: Served, asker: ToLookUp, lang: Language, job_id: JobPath
) -> Response:
    """Cancel a job that is not finished; nothing happens to one that is."""
    job = _own(request, asker, job_id)
    gate: Gate = request.app.state.gate
    JobStore(services.database).cancel(job.id, gate.clock())
    return answered(request, _told(_own(request, asker, job_id)), lang)


def _own(request: Request, asker: ToLookUp, job_id: str) -> Job:
    jobs: Jobs = request.app.state.jobs
    job = jobs.find(asker.account, job_id)
    if job is None:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    return job


def _told(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state.value,
        "entries": job.entries,
        "invalid": job.invalid,
        "done": job.done,
        "created": rfc3339(job.created_ns),
        "finished": None if job.finished_ns is None else rfc3339(job.finished_ns),
        "result": f"/v1/jobs/{job.id}/result" if job.state is JobState.DONE else None,
    }
