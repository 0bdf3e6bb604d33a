"""What one conversation has told of the coin that is mined and of what its shares are worth.

A share is worth what its job asked for, not what the pool has set since: pools change the difficulty for
later jobs only. So the worth of each job is kept, and a share's is looked up by the job that it names.
"""

from dataclasses import dataclass
from typing import Any

from facts.quick import quick
from protocols.algorithms import hashes_of_difficulty
from protocols.coins import Named, Told, Wanted, name, wanted
from protocols.wallets import proved, read_account

MAX_JOBS = 256
"""Jobs whose worth is kept, the oldest forgotten first: pools let go of a job within minutes."""
MAX_SUMS = 64
"""Wallets of Groestlcoin that are verified, 0.7 ms each; further ones are taken for accounts of the pool."""


@quick
@dataclass(frozen=True, slots=True)
class Worth:
    """What a share of a job stands for."""

    hashes: float | None
    algorithm: str | None


class Naming:
    """The state of one conversation; protocols/stratum_session.py tells it what is said."""

    def __init__(self) -> None:
        self.target: float | None = None
        """Expected hashes of a share by the target that was last set apart from the jobs."""
        self._wanted: Wanted | None = None
        self._sums = 0
        self._jobs: dict[str, Worth] = {}
        self._latest = Worth(None, None)

    def login(self, user: str, password: object) -> tuple[bool, bool]:
        """Take an account; say whether its wallet is one, and whether it may be of the coin that is mined."""
        account = read_account(user)
        if account.unproved:
            self._sums += 1
            if self._sums > MAX_SUMS or not proved(account):
                self._wanted = Wanted()
                return False, False
        asked = wanted(account, password)
        self._wanted = asked if self._wanted in (None, asked) else Wanted()  # many accounts: none decides
        return True, bool(asked.coins) or not account.coins

    def share_by(self, user: str) -> None:
        """Take the account of a share, where no login was seen."""
        if self._wanted is None:
            self.login(user, None)

    def name(self, protocol: str, job: Told) -> Named:
        """Return coin and algorithm of a job."""
        return name(protocol, job, self._wanted or Wanted())

    def hashes(self, difficulty: float | None, algorithm: str | None) -> float | None:
        """Return the worth of a share of a job that does not state it: by what was set apart from jobs."""
        return self.target if difficulty is None else hashes_of_difficulty(algorithm, difficulty)

    def job(self, job_id: str | None, hashes: float | None, algorithm: str | None) -> None:
        """Keep what a share of this job will be worth."""
        self._latest = Worth(hashes, algorithm)
        if job_id is None:
            return
        self._jobs.pop(job_id, None)
        if len(self._jobs) >= MAX_JOBS:
            del self._jobs[next(iter(self._jobs))]
        self._jobs[job_id] = self._latest

    def share_of(self, job_id: str | None) -> Worth | None:
        """Return what a share of this job is worth; None for a job that was not seen."""
        return self._jobs.get(job_id) if job_id is not None else None

    def apart(self, worth: Worth | None) -> dict[str, Any]:
        """Return the fields of an accepted share whose worth is not that of the last job told."""
        if worth is None or worth is self._latest or worth == self._latest:
            return {}
        return {"hashes": worth.hashes or 0.0, "algorithm": worth.algorithm}

    def lost(self) -> None:
        """Learn that messages were lost: a new target may have been among them."""
        self.target = None
