"""Keeping what a probe finds, verdicts and their packets, in the database: while it runs and at its end."""

from collections.abc import Callable, Sequence

from classifier.clocks import Clock
from classifier.encrypted import Standing
from facts.evidence import Evidence
from facts.instant import rfc3339
from pipeline.clocks import keep_rhythms
from pipeline.contract import Hit
from pipeline.evidence_packets import LivePackets
from pipeline.settings import load_settings
from store.database import open_database
from store.packets import PacketStore
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
        self.packets = 0
        """Packets saved by all calls."""

    def keep(self, hits: Sequence[Hit], packets: LivePackets | None) -> None:
        """Save verdicts; what this run said of the same address and role before is replaced.

        What an earlier run saw on the interface stands beside it: it was other traffic. Packets of their
        evidence go with them, as far as they were held.
        """
        if hits:
            verdicts = [hit.verdict for hit in hits]
            with open_database(load_settings().database_url) as database:
                VerdictStore(database).save(self._run, self._started_ns, verdicts, self._because)
                fresh = packets.of(verdicts) if packets is not None else []
                self.packets += PacketStore(database).keep(fresh, self._started_ns)
            if packets is not None:
                packets.saved(fresh)
        self.kept = len(hits)

    def keep_rhythms(self, clocks: Sequence[Clock], standings: Sequence[Standing]) -> None:
        """Save what was learned of pools and of sealed traffic."""
        with open_database(load_settings().database_url) as database:
            keep_rhythms(database, clocks, standings)
