"""Keeping what a probe finds: its verdicts in the database, while it runs and at its end."""

from collections.abc import Callable, Sequence

from facts.evidence import Evidence
from facts.instant import rfc3339
from pipeline.contract import Hit
from pipeline.settings import load_settings
from store.database import open_database
from store.verdicts import MAX_NAME, VerdictStore


class Keeper:
    """Saves what a probe finds in the database, while it runs and at its end: one run of the store."""

    def __init__(self, name: str, started_ns: int, because: Callable[[Evidence], str]) -> None:
        """`started_ns`: a door's clock, which names the run."""
        self._run = f"probe {name} {rfc3339(started_ns)}"[:MAX_NAME]
        self._started_ns = started_ns
        self._because = because
        self.kept = 0
        """Verdicts saved by the last call."""

    def keep(self, hits: Sequence[Hit]) -> None:
        """Save verdicts; what this run said of the same address and role before is replaced.

        What an earlier run saw on the interface stands beside it: it was other traffic.
        """
        if hits:
            with open_database(load_settings().database_url) as database:
                VerdictStore(database).save(
                    self._run, self._started_ns, (hit.verdict for hit in hits), self._because
                )
        self.kept = len(hits)
