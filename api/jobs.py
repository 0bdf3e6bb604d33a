"""Bulk look-ups that run on their own: one at a time, their lines in a file, gone after a week."""

import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

from api.access.view import View
from api.bulk import BadEntry, Entry, answer_lines, batches
from api.language import Lang
from facts.errors import StoreError
from facts.instant import NS
from pipeline.services import Services
from store.access import Account
from store.jobs import Job, JobState, JobStore

KEPT_S = 7 * 86_400
"""Seconds after which a job and its result are deleted."""
_log = logging.getLogger("minescope.api")


class Jobs:
    """Runs jobs in a thread of this process; a job that the process did not outlive has failed."""

    def __init__(self, services: Services, clock: Callable[[], int]) -> None:
        self._services = services
        self._clock = clock
        self._store = JobStore(services.database)
        self._folder = services.home / "jobs"
        self._thread: ThreadPoolExecutor | None = None

    def start(self, account: Account, job_id: str, entries: Sequence[Entry], lang: Lang) -> None:
        """Run a job that is held already as soon as those before it are done."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "jobs")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for gone in self._store.purge(self._clock() - KEPT_S * NS):
            self.result(gone).unlink(missing_ok=True)
        view = View(self._services, account)
        self._thread.submit(copy_context().run, self._run, view, job_id, entries, lang)

    def find(self, account: Account, job_id: str) -> Job | None:
        """Return a job of this account."""
        return self._store.find(account.name, job_id)

    def result(self, job_id: str) -> Path:
        """Return where the lines of a job lie once it is done."""
        return self._folder / f"{job_id}.ndjson"

    def close(self) -> None:
        """Let no further job begin, and cancel the one that runs."""
        if self._thread is not None:
            self._store.cancel_all(self._clock())
            self._thread.shutdown(cancel_futures=True)

    def _run(self, view: View, job_id: str, entries: Sequence[Entry], lang: Lang) -> None:
        store, part = self._store, self.result(job_id).with_suffix(".part")
        try:
            store.set_state(job_id, JobState.RUNNING, JobState.QUEUED, None)
            done = 0
            with part.open("wb") as file:
                for batch in batches(entries):
                    file.write(answer_lines(self._services, view, batch, lang, f"/v1/jobs/{job_id}"))
                    done += len(batch)
                    if not store.advance(job_id, done):
                        return  # it was cancelled
            part.rename(self.result(job_id))
            store.set_state(job_id, JobState.DONE, JobState.RUNNING, self._clock())
        except (StoreError, OSError) as error:
            _log.error("job %s failed: %s", job_id, error)
            self._fail(job_id)
        except BaseException:
            self._fail(job_id)
            raise
        finally:
            part.unlink(missing_ok=True)

    def _fail(self, job_id: str) -> None:
        try:
            self._store.set_state(job_id, JobState.FAILED, None, self._clock())
        except StoreError as error:
            _log.error("job %s cannot be marked as failed: %s", job_id, error)


def new_job(account: Account, entries: Sequence[Entry], at_ns: int) -> Job:
    """Return a job that waits."""
    invalid = sum(isinstance(entry, BadEntry) for entry in entries)
    return Job(secrets.token_hex(16), account.name, JobState.QUEUED, len(entries), invalid, 0, at_ns, None)
