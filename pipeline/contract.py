"""The output contract: verdicts, skips and summaries as JSON-ready dictionaries, every key always present.

docs/output.md describes it; other programs read it, so keys are added but never renamed or removed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facts.evidence import Evidence
from facts.instant import rfc3339
from facts.verdict import Verdict
from facts.where import Skipped
from pipeline.contract_quantities import quantities_json

if TYPE_CHECKING:
    from classifier.ownership_model import Belonging
    from registry.attribution import Attribution

Json = dict[str, Any]
Sentence = Callable[[Evidence], str]

LINKS = 5
"""Links of a cluster that stand beside a verdict."""
SCORE_DIGITS = 6
"""Decimals of a score: 1 - 1e-6 is as sure as a passive observer gets."""

WEIGHT_DIGITS = 3
"""Decimals of a weight, in nats."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A verdict with the answer to whose address it was at the time of the traffic."""

    verdict: Verdict
    attribution: "Attribution | None"
    """None where no registry was asked."""
    cluster: "Belonging | None" = None
    """What the address belongs to; None where it shares a cluster with no other address."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What was read of one file, or of all of them: packets = parsed + sum(skipped), exactly."""

    source: str
    packets: int
    parsed: int
    skipped: Mapping[str, int]
    """Packets by the reason for which they were not parsed."""
    damage: Mapping[str, int]
    """Damaged places by reason: what lay behind them is no packet and is not among `packets`."""
    flows: int
    bytes: int
    """Bytes on the wire of all packets, as their records state."""
    tagged_flows: int
    """Flows whose payload was inspected."""
    released: Mapping[str, int]
    """Inspected flows let go before their end, by reason."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The last line of a run."""

    counts: FileCounts
    files: int
    seconds: float
    """Wall-clock seconds that the run took."""


def verdict_json(hit: Hit, sentence: Sentence) -> Json:
    """Return a `verdict` object; `sentence` renders evidence in the language asked for."""
    verdict = hit.verdict
    return {
        "type": "verdict",
        "source": verdict.source,
        "address": str(verdict.address),
        "role": str(verdict.role),
        "level": str(verdict.level),
        "score": round(verdict.score, SCORE_DIGITS),
        "protocols": list(verdict.protocols),
        "coins": list(verdict.coins),
        "algorithms": list(verdict.algorithms),
        "encrypted": verdict.encrypted,
        "peers": [
            {
                "address": str(peer.address),
                "port": peer.port,
                "role": str(peer.role) if peer.role else None,
                "protocol": peer.protocol,
                "state": str(peer.state),
            }
            for peer in verdict.peers
        ],
        "first_seen": rfc3339(verdict.first_seen_ns),
        "last_seen": rfc3339(verdict.last_seen_ns),
        "agents": list(verdict.agents),
        "wallets": list(verdict.wallets),
        "workers": verdict.workers,
        "pools": list(verdict.pools),
        **quantities_json(verdict),
        "evidence": [
            {
                "kind": one.kind,
                "because": sentence(one),
                "source": one.where.source,
                "frame": one.where.frame,
                "time": rfc3339(one.at_ns),
                "weight": round(weighed.weight, WEIGHT_DIGITS),
                "count": one.count,
            }
            for weighed in verdict.evidence
            for one in (weighed.evidence,)
        ],
        "attribution": hit.attribution.to_json() if hit.attribution else None,
        "cluster": _cluster(hit.cluster) if hit.cluster else None,
    }


def _cluster(one: "Belonging") -> Json:
    return {
        "id": one.id,
        "sort": one.sort.value,
        "score": round(one.score, SCORE_DIGITS),
        "certainty": round(one.certainty, SCORE_DIGITS),
        "addresses": one.addresses,
        "links": [
            {
                "kind": link.kind.name.lower(),
                "name": link.name,
                "addresses": link.addresses,
                "weight": round(link.weight, WEIGHT_DIGITS),
            }
            for link in one.links[:LINKS]
        ],
    }


def skipped_json(skipped: Skipped) -> Json:
    """Return a `skipped` object."""
    return {
        "type": "skipped",
        "source": skipped.where.source,
        "frame": skipped.where.frame,
        "offset": skipped.where.offset,
        "reason": skipped.reason,
        "detail": skipped.detail or None,
    }


def _counts(counts: FileCounts) -> Json:
    return {
        "packets": counts.packets,
        "parsed": counts.parsed,
        "skipped": dict(sorted(counts.skipped.items())),
        "damage": dict(sorted(counts.damage.items())),
        "flows": counts.flows,
        "bytes": counts.bytes,
        "tagged_flows": counts.tagged_flows,
        "released": dict(sorted(counts.released.items())),
    }


def file_json(counts: FileCounts) -> Json:
    """Return a `file` object, written with --each when a file is done."""
    return {"type": "file", "source": counts.source, **_counts(counts)}


def summary_json(totals: Totals) -> Json:
    """Return the `summary` object that ends a run."""
    return {
        "type": "summary",
        **_counts(totals.counts),
        "files": totals.files,
        "seconds": round(totals.seconds, 3),
        "packets_per_second": round(totals.counts.packets / totals.seconds) if totals.seconds > 0 else None,
    }
