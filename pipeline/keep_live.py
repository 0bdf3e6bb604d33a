"""Keeping what a probe finds in the database, while it runs and at its end: verdicts, packets and ties."""

from collections.abc import Callable, Collection, Sequence

from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.ownership_model import Tie
from facts.endpoint import Address
from facts.evidence import Evidence
from facts.instant import rfc3339
from facts.names import Role
from pipeline.clocks import keep_rhythms
from pipeline.contract import Hit
from pipeline.evidence_packets import LivePackets
from pipeline.ownership import registered, update
from pipeline.settings import load_settings
from store.database import open_database
from store.packets import PacketStore
from store.ties import save_ties
from store.verdicts import MAX_NAME, VerdictStore


class Keeper:
    """Saves what a probe finds in the database, while it runs and at its end: one run of the store.

    A call that fails (StoreError) leaves what it was to do for the next.
    """

    def __init__(self, name: str, started_ns: int, because: Callable[[Evidence], str]) -> None:
        """`name` is the source of all verdicts; `started_ns`: a door's clock, which names the run."""
        self._source = name
        self._run = f"probe {name} {rfc3339(started_ns)}"[:MAX_NAME]
        self._started_ns = started_ns
        self._because = because
        self._said: set[tuple[Address, Role]] = set()
        self._taken_back: set[tuple[Address, Role]] = set()
        self.kept = 0
        """Verdicts saved by the last call."""
        self.packets = 0
        """Packets saved by all calls."""

    def keep(
        self,
        hits: Sequence[Hit],
        packets: LivePackets | None,
        withdrawn: Collection[tuple[Address, Role]] = (),
    ) -> None:
        """Save verdicts; what this run said of the same address and role before is replaced.

        What an earlier run saw on the interface stands beside it: it was other traffic. Packets of their
        evidence go with them, as far as they were held. `withdrawn`: what was told and holds no more; where
        an earlier run had said something of it, that holds again.
        """
        verdicts = [hit.verdict for hit in hits]
        now = {(verdict.address, verdict.role) for verdict in verdicts}
        self._taken_back = (self._taken_back | set(withdrawn)) - now
        back = self._taken_back & self._said
        if hits or back:
            with open_database(load_settings().database_url) as database:
                store = VerdictStore(database)
                store.withdraw(self._run, self._started_ns, [(self._source, *key) for key in back])
                self._said -= back
                store.save(self._run, self._started_ns, verdicts, self._because)
                self._said |= now
                fresh = packets.of(verdicts) if packets is not None else []
                self.packets += PacketStore(database).keep(fresh, self._started_ns)
            if packets is not None:
                packets.saved(fresh)
        self._taken_back = set()
        self.kept = len(hits)

    def keep_all(self, hits: Sequence[Hit], packets: LivePackets | None) -> None:
        """Save the final verdicts: what this run said before and they do not repeat is withdrawn."""
        self.keep(hits, packets, self._said - {(hit.verdict.address, hit.verdict.role) for hit in hits})

    def keep_ties(self, ties: Sequence[Tie]) -> int:
        """Save who belongs together, in the place of what this run said of it; return the clusters made anew.

        They are kept under the name of the run, not of the interface: those of earlier runs stand.
        """
        settings = load_settings()
        with open_database(settings.database_url) as database:
            if not save_ties(database, {f"{self._run} {self._started_ns}": ties}):
                return 0
            return update(database, registered(database, settings)).clusters

    def keep_rhythms(self, clocks: Sequence[Clock], standings: Sequence[Standing]) -> None:
        """Save what was learned of pools and of sealed traffic."""
        with open_database(load_settings().database_url) as database:
            keep_rhythms(database, clocks, standings)
