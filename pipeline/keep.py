"""Keeping what a run found: the verdicts of a replay, and the packets of their evidence, in the database."""

from collections.abc import Callable, Collection, Mapping, Sequence

from capture.matched import Matched
from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.ownership_model import Tie
from facts.evidence import Evidence
from facts.instant import rfc3339
from pipeline.clocks import keep_rhythms
from pipeline.contract import Hit
from pipeline.evidence_packets import packets_of
from pipeline.ownership import registered, update
from pipeline.settings import load_settings
from store.database import open_database
from store.packets import PacketStore
from store.ties import save_ties
from store.verdicts import VerdictStore


def keep(
    hits: Sequence[Hit],
    sources: Collection[str],
    started_ns: int,
    because: Callable[[Evidence], str],
    ties: Mapping[str, Sequence[Tie]],
    held: Sequence[Matched] = (),
    clocks: Sequence[Clock] = (),
    standings: Sequence[Standing] = (),
) -> str:
    """Save the verdicts of one run; return a sentence that says what was kept.

    Of `sources`, which were judged whole, older verdicts that this run does not repeat are superseded. `ties`
    tell by source who belongs together: the clusters that they change are made anew. `held`: packets of what
    cannot be read once more. `clocks` and `standings` are what was learned of pools and of sealed traffic.
    """
    verdicts = [hit.verdict for hit in hits]
    settings = load_settings()
    with open_database(settings.database_url) as database:
        saved = VerdictStore(database).save(
            f"replay {rfc3339(started_ns)}", started_ns, verdicts, because, sources
        )
        packets = PacketStore(database).keep(packets_of(verdicts, held), started_ns)
        learned = keep_rhythms(database, clocks, standings)
        changed = save_ties(database, ties)
        clusters = update(database, registered(database, settings)).clusters if changed else 0
    told = f"kept {saved.added:,} verdicts and {packets:,} packets of their evidence"
    told = f"{told}, {saved.superseded:,} older verdicts superseded, {clusters:,} clusters made anew"
    return f"{told}, {learned:,} clocks learned" if learned else told
