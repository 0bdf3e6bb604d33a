"""The live job: rings in; verdicts as they firm up, and at the end what a replay of the same packets says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from capture.live import DEFAULT, Live, Standing
from capture.sources.source import LiveSource
from capture.timeouts import Timeouts
from capture.windows import Window, WindowSettings
from classifier.casebook import Casebook
from classifier.clocks import Clock
from classifier.encrypted import Standing as Sealed
from classifier.ownership_model import Tie
from classifier.resolvers import resolvers
from facts.conversation import Conversation
from facts.endpoint import Address
from facts.names import Level, Role
from facts.verdict import Verdict
from facts.where import Skipped
from pipeline.clocks import Known
from pipeline.contract import FileCounts, Hit
from pipeline.holders import holder
from pipeline.keep_lake import WINDOW_NS
from pipeline.machine_table import table_at_hand
from pipeline.pool_list import pool_names
from pipeline.rhythms import hear
from registry.attribution import Attributor

if TYPE_CHECKING:
    from pipeline.evidence_packets import LivePackets

LATER: Final = (
    "Crypto.Hash.keccak",
    "Crypto.Cipher.AES",
)
"""Modules that a parser imports when it first needs them, so that most replays need not: a tenth of a second,
in which a ring of a fast network would fill."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What stands when a probe has ended."""

    hits: tuple[Hit, ...]
    skips: tuple[Skipped, ...]
    counts: FileCounts


class Probe:
    """One world of live packets: `take` until that says False, asking what is `new`, then `end`."""

    def __init__(
        self,
        name: str,
        sources: Sequence[LiveSource],
        *,
        cap: int,
        cpus: Sequence[int] = (),
        timeouts: Timeouts = DEFAULT,
        attributor: Attributor | None = None,
        hold: bool = False,
        records: bool = False,
        known: Known | None = None,
    ) -> None:
        """`name` is the source of all verdicts; `cap` bounds the flows that each source's worker holds, and
        `timeouts` say when idle ones leave it.

        With `hold`, the packets behind verdicts are taken as they are judged (`packets`). `records`: whether
        windows hold the records of all flows. `known`: clocks and sealed traffic from before.
        """
        pools = pool_names()
        self._name = name
        self._casebook = Casebook(name, pools, machines=table_at_hand())
        windows = WindowSettings(WINDOW_NS, records)
        self._live = Live(
            sources,
            pools.domains | resolvers(),
            cap,
            cpus,
            hold=hold,
            timeouts=timeouts,
            windows=windows,
        )
        self.packets: LivePackets | None = None
        """The packets behind the verdicts so far; None without `hold`."""
        if hold:
            from pipeline import evidence_packets  # and with it the store

            self.packets = evidence_packets.LivePackets(self._live.matched)
        self._attributor = attributor
        self._known = known
        self._told: dict[tuple[Address, Role], Level] = {}
        self._verdicts: Sequence[Verdict] = ()
        self._withdrawn: set[tuple[Address, Role]] = set()
        self._unjudged = False
        self._windows: list[Window] = []

    def start(self) -> None:
        """Take packets from now on; what parsers will ask for is loaded before the first of them comes."""
        for module in LATER:
            import_module(module)
        self._live.start()

    def stop(self) -> None:
        """Take no more packets; `take` goes on until those that were taken are read."""
        self._live.stop()

    def close(self) -> None:
        """Give the rings back."""
        self._live.close()

    @property
    def standing(self) -> Standing:
        """Where the workers are."""
        return self._live.standing

    def take(self, seconds: float) -> bool:
        """Take in what was observed next, waiting at most `seconds` for it; False when all has been read."""
        seen = self._live.take(seconds)
        for one in seen or ():
            if isinstance(one, Conversation):
                self._casebook.conclude(one)
            elif isinstance(one, Window):
                self._windows.append(one)
                hear(self._casebook, one.candidates, [self._name], self._known)
            else:
                self._casebook.observe(one)
        self._unjudged |= bool(seen)
        return seen is not None

    def new(self) -> list[Hit]:
        """Judge what is known, and return the verdicts that are new or have another level than when told.

        Those that were told and hold no more are `withdrawn`.
        """
        if not self._unjudged:
            return []
        self._unjudged = False
        found = []
        self._verdicts = list(self._casebook.verdicts())
        self._withdraw()
        for verdict in self._verdicts:
            if self.packets is not None:
                self.packets.take((verdict,))
            key = verdict.address, verdict.role
            if self._told.get(key) != verdict.level:
                self._told[key] = verdict.level
                found.append(Hit(verdict, holder(self._attributor, verdict) if self._attributor else None))
        return found

    @property
    def has_withdrawn(self) -> bool:
        """Whether `withdrawn` has something to tell."""
        return bool(self._withdrawn)

    def withdrawn(self) -> set[tuple[Address, Role]]:
        """Return the addresses and roles whose verdicts hold no more, since the last call."""
        gone, self._withdrawn = self._withdrawn, set()
        return gone

    def _withdraw(self) -> None:
        """Take back what was told and is not among the verdicts any more."""
        gone = self._told.keys() - {(one.address, one.role) for one in self._verdicts}
        for key in gone:
            del self._told[key]
        self._withdrawn |= gone

    def ties(self) -> list[Tie]:
        """Return what ties the addresses that mine, as last judged, to names."""
        return list(self._casebook.ties(self._verdicts))

    def windows(self) -> list[Window]:
        """Return the windows that have ended since the last call, each worker's for itself."""
        ended, self._windows = self._windows, []
        return ended

    @property
    def clocks(self) -> list[Clock]:
        """What was learned so far of when pools and coins told of work."""
        return self._casebook.clocks()

    @property
    def standings(self) -> list[Sealed]:
        """What is known of sealed dependencies so far."""
        return self._casebook.standings()

    def end(self) -> Ended:
        """Return the final verdicts and the counts. To be called when `take` has said False."""
        counts, skips = self._counts()
        self._verdicts = verdicts = list(self._casebook.verdicts())
        self._withdraw()
        if self.packets is not None:
            self.packets.take(verdicts)
        hits = (Hit(one, holder(self._attributor, one) if self._attributor else None) for one in verdicts)
        return Ended(tuple(hits), skips, counts)

    def _counts(self) -> tuple[FileCounts, tuple[Skipped, ...]]:
        """Add up the counts of all workers; every packet is parsed or skipped, or this raises."""
        summaries = self._live.summaries
        skipped, damage, released = Counter[str](), Counter[str](), Counter[str]()
        for summary in summaries:
            skipped.update(summary.skipped)
            damage.update(summary.damage)
            released.update(summary.released)
            released.update(summary.unlogged)
            if summary.idle:
                released["flow-idle"] += summary.idle
            if summary.evicted:
                released["flow-table-full"] += summary.evicted
        released.update({f"casebook-{name}": count for name, count in self._casebook.dropped.items()})
        counts = FileCounts(
            source=self._name,
            packets=sum(summary.packets for summary in summaries),
            parsed=sum(summary.parsed for summary in summaries),
            skipped=skipped,
            damage=damage,
            flows=sum(summary.flows for summary in summaries),
            bytes=sum(summary.bytes for summary in summaries),
            tagged_flows=sum(summary.tagged_flows for summary in summaries),
            released=released,
        )
        if counts.packets != counts.parsed + skipped.total():
            raise AssertionError(
                f"{self._name}: {counts.packets} packets are not {counts.parsed} + {dict(skipped)}"
            )
        return counts, tuple(skip for summary in summaries for skip in summary.skips)
