"""Reports that are made on their own: one at a time, their files in a folder, gone after a week."""

import json
import logging
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.jobs import KEPT_S
from facts.errors import MineScopeError
from facts.instant import NS, instant, rfc3339
from pipeline.services import Services
from store.access import Account
from store.jobs import Job, JobState, JobStore
from supervision.refusals import Unknown
from supervision.reports.asked import Asked
from supervision.reports.document import Language

if TYPE_CHECKING:
    from supervision.reports.writing import Format

ABOUT = "about.json"
_log = logging.getLogger("minescope.api")


@dataclass(frozen=True, slots=True)
class Made:
    """One file of a report."""

    name: str
    path: Path
    language: str
    format: str


class ReportJobs:
    """Makes reports in a thread of this process; one that the process did not outlive has failed."""

    def __init__(self, services: Services, clock: Callable[[], int], environ: Mapping[str, str]) -> None:
        self._services = services
        self._clock = clock
        self._environ = dict(environ)
        self._store = JobStore(services.database)
        self._folder = services.home / "reports"
        self._thread: ThreadPoolExecutor | None = None

    def start(self, job: Job, asked: Asked, formats: "Sequence[Format]") -> None:
        """Make a report, held already as a job, as soon as those before it are done."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "reports")
        self._sweep()
        folder = self._folder / job.id
        folder.mkdir(mode=0o700, parents=True)
        about = {
            "kind": asked.kind.value,
            "region": asked.region,
            "subject": asked.subject or None,
            "week": asked.week,
            "month": asked.month,
            "as_of": None if asked.as_of is None else asked.as_of.isoformat(),
        }
        (folder / ABOUT).write_text(json.dumps(about), "utf-8")
        self._thread.submit(copy_context().run, self._run, job.id, asked, tuple(formats))

    def find(self, account: Account, job_id: str) -> Job | None:
        """Return a report of this account; None for a job of another sort too."""
        if not (self._folder / job_id / ABOUT).is_file():
            return None
        return self._store.find(account.name, job_id)

    def files(self, job: Job) -> list[Made]:
        """Return the files of a report that is done, by name."""
        if job.state is not JobState.DONE:
            return []
        folder = self._folder / job.id
        return [
            Made(path.name, path, path.stem.rpartition("-")[2], path.suffix[1:])
            for path in sorted(folder.iterdir())
            if path.name != ABOUT and path.suffix != ".json"
        ]

    def told(self, job: Job) -> dict[str, Any]:
        """Return a report's job as JSON."""
        folder = self._folder / job.id
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        hashes: dict[str, str] = {}
        missing: dict[str, str] = {}
        unread: list[str] = []
        if job.state is JobState.DONE:
            for path in sorted(folder.glob("*.json")):
                if path.name != ABOUT:
                    listed = json.loads(path.read_text("utf-8"))
                    hashes |= listed["sha256"]
                    missing |= listed["missing"]
                    unread += listed.get("unread", [])  # a report made before an update has none
        return {
            "id": job.id,
            "state": job.state.value,
            **about,
            "created": rfc3339(job.created_ns),
            "finished": None if job.finished_ns is None else rfc3339(job.finished_ns),
            "files": [
                {
                    "name": one.name,
                    "language": one.language,
                    "format": one.format,
                    "bytes": one.path.stat().st_size,
                    "sha256": hashes.get(one.name, ""),
                    "path": f"/v1/reports/{job.id}/file?format={one.format}&language={one.language}",
                }
                for one in self.files(job)
            ],
            "missing": missing,
            "unread": unread,
        }

    def close(self) -> None:
        """Let no further report begin; the one that is being made is waited for."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def _run(self, job_id: str, asked: Asked, formats: "Sequence[Format]") -> None:
        from supervision.reports.making import documents, made_at  # not at the start, which they would double
        from supervision.reports.writing import write

        store, folder = self._store, self._folder / job_id
        try:
            if not store.set_state(job_id, JobState.RUNNING, JobState.QUEUED, None):
                return
            made = made_at(self._environ, instant(self._clock()))
            held = self._services
            for done, document in enumerate(documents(held.database, asked, made, held.lake), 1):
                write(document, folder, formats)
                if not store.advance(job_id, done):
                    return
            store.set_state(job_id, JobState.DONE, JobState.RUNNING, self._clock())
        except Unknown:
            self._fail(job_id)  # unknown, or another region's: told alike
        except (MineScopeError, OSError) as error:
            _log.error("report %s failed: %s", job_id, error)
            self._fail(job_id)
        except BaseException:
            self._fail(job_id)
            raise

    def _fail(self, job_id: str) -> None:
        try:
            self._store.set_state(job_id, JobState.FAILED, None, self._clock())
        except MineScopeError as error:
            _log.error("report %s cannot be marked as failed: %s", job_id, error)

    def _sweep(self) -> None:
        """Delete reports made a week ago or more."""
        before = self._clock() / NS - KEPT_S
        for folder in self._folder.glob("*"):
            about = folder / ABOUT
            if about.is_file() and about.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)


def new_report(account: Account, languages: Sequence[Language], at_ns: int) -> Job:
    """Return a job that waits; its entries are the documents to be made."""
    return Job(secrets.token_hex(16), account.name, JobState.QUEUED, len(languages), 0, 0, at_ns, None)
