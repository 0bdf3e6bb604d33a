"""Jobs, kept: what asked for them and how far they are; their results are files."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from store.access_tables import JobRow
from store.database import Database


class JobState(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Job:
    """One job."""

    id: str
    actor: str
    """Name of the account that asked for it: no other one sees it."""
    state: JobState
    entries: int
    invalid: int
    """Entries that could not be read."""
    done: int
    created_ns: int
    finished_ns: int | None


class JobStore:
    """Keeps jobs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, actor: str, job_id: str) -> Job | None:
        """Return a job of an account."""
        row = JobRow
        query = select(*row.__table__.columns).where(row.id == job_id, row.actor == actor)
        with self._db.reading() as connection:
            found = connection.execute(query).first()
        if found is None:
            return None
        return Job(found[0], found[1], JobState(found[2]), *found[3:])

    def advance(self, job_id: str, done: int) -> bool:
        """Tell how many entries are done; False where the job is to run no longer."""
        row = JobRow
        with self._db.writing() as connection:
            running = update(row).where(row.id == job_id, row.state == JobState.RUNNING.value)
            return connection.execute(running.values(done=done)).rowcount > 0

    def set_state(
        self, job_id: str, state: JobState, before: JobState | None, finished_ns: int | None
    ) -> bool:
        """Change the state of a job that is in the state `before` (None: in any); False where it is not."""
        row = JobRow
        change = update(row).where(row.id == job_id)
        if before is not None:
            change = change.where(row.state == before.value)
        with self._db.writing() as connection:
            return connection.execute(change.values(state=state.value, finished_ns=finished_ns)).rowcount > 0

    def cancel(self, job_id: str, at_ns: int) -> bool:
        """Cancel a job that is not finished; False where it is."""
        return self._end(JobState.CANCELLED, at_ns, job_id)

    def cancel_all(self, at_ns: int) -> None:
        """Cancel all that is not finished."""
        self._end(JobState.CANCELLED, at_ns)

    def fail_unfinished(self, at_ns: int) -> None:
        """Mark as failed what an earlier process left unfinished."""
        self._end(JobState.FAILED, at_ns)

    def purge(self, before_ns: int) -> list[str]:
        """Delete jobs made before a time; return their ids."""
        row = JobRow
        with self._db.writing() as connection:
            return list(connection.scalars(delete(row).where(row.created_ns < before_ns).returning(row.id)))

    def _end(self, state: JobState, at_ns: int, job_id: str | None = None) -> bool:
        row = JobRow
        change = update(row).where(row.state.in_(_UNFINISHED))
        if job_id is not None:
            change = change.where(row.id == job_id)
        with self._db.writing() as connection:
            return connection.execute(change.values(state=state.value, finished_ns=at_ns)).rowcount > 0


def insert_job(connection: Connection, job: Job) -> None:
    """Add a job on an open connection."""
    connection.execute(
        insert(JobRow).values(
            id=job.id,
            actor=job.actor,
            state=job.state.value,
            entries=job.entries,
            invalid=job.invalid,
            done=job.done,
            created_ns=job.created_ns,
            finished_ns=job.finished_ns,
        )
    )
