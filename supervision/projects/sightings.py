"""What traffic shows of projects: hits by enterprise and site, or by cluster where nobody is registered.

A person confirms what is proposed: an attribution is no proof that a project exists, and none is opened by
itself. One address is counted once, however many captures show it, and machines behind a proxy that is itself
among the hits are counted as the proxy counts them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from classifier.ownership_suspect import Suspicion
from facts.endpoint import Address
from facts.instant import instant
from facts.names import LEVEL_ORDER, Level, PeerState, Role
from facts.verdict import Verdict
from registry.answers import Attribution
from supervision.projects.events import day_in_china
from supervision.projects.inventory import Power
from supervision.projects.project import project_id

MINES = frozenset({Role.MINER, Role.PROXY, Role.SOLO_MINER})
"""Roles that make a place a project: a node, a wallet or a pool does not mine."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One hit with who held its address while its traffic flowed."""

    number: int
    """Id of the stored verdict."""
    verdict: Verdict
    held: Attribution
    cluster: str = ""
    """Id of the ownership cluster that its address lies in; empty where it lies in none."""
    victim: Suspicion | None = None
    """Why its machines probably mine for somebody else (supervision/victims.py); None where they do not."""

    @property
    def mines(self) -> bool:
        """Whether it is mining at `likely` or more."""
        high = LEVEL_ORDER.index(self.verdict.level) >= LEVEL_ORDER.index(Level.LIKELY)
        return high and self.verdict.role in MINES

    @property
    def evidence(self) -> str:
        """How it is named as evidence."""
        return f"verdict:{self.number}"


@dataclass(frozen=True, slots=True)
class Size:
    """How large something is, with intervals, and what each figure rests on."""

    machines: Power | None
    computing: dict[str, Power]
    """Hashes a second by algorithm; never to be summed over algorithms."""
    kw: Power | None
    sources: dict[str, tuple[str, ...]]
    unmeasured: int
    """Addresses whose power is not known: `kw` holds nothing of them."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hits that belong together."""

    project: str
    """The id that the project has, or would have."""
    uscc: str
    enterprise: str
    site: str
    cluster: str
    division: str
    """Of the site; empty for a cluster that nobody knows the place of."""
    address: str
    lines: tuple[str, ...]
    addresses: tuple[str, ...]
    level: Level
    """The highest of its hits."""
    first: date
    """In China's time."""
    last: date
    size: Size
    evidence: tuple[str, ...]
    clusters: tuple[str, ...]
    """Ownership clusters that its addresses lie in: other projects of one may belong to the same hand."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What hits come to."""

    proposals: tuple[Proposal, ...]
    """Largest power first, then by id."""
    unplaced: tuple[Sighting, ...]
    """Hits that several may have held and that lie in no cluster: no project can be named from them."""
    victims: tuple[Sighting, ...] = ()
    """Hits of a malware campaign's victims, by address: they are proposed as nothing."""


def propose(sightings: Iterable[Sighting]) -> Proposed:
    """Group hits into projects; what does not mine at `likely` or more is left out, victims stand apart."""
    mining: list[Sighting] = []
    victims: list[Sighting] = []
    for one in sightings:
        if one.mines:
            (mining if one.victim is None else victims).append(one)
    groups: dict[tuple[str, str, str], list[Sighting]] = {}
    unplaced = []
    for one in mining:
        held = one.held
        if held.certain and (held.uscc or held.site):
            groups.setdefault((held.uscc or "", held.site or "", ""), []).append(one)
        elif one.cluster:
            groups.setdefault(("", "", one.cluster), []).append(one)
        else:
            unplaced.append(one)
    made = [_proposal(*key, found) for key, found in groups.items()]
    made.sort(key=lambda one: (-(one.size.kw.value if one.size.kw else 0.0), one.project))
    victims.sort(key=lambda one: (one.verdict.address.version, one.verdict.address.packed, one.number))
    return Proposed(tuple(made), tuple(unplaced), tuple(victims))


def size(sightings: Sequence[Sighting]) -> Size:
    """Return how large hits are together.

    Ends of intervals are summed: errors of one method go the same way, so this is never too narrow.
    """
    counted = _counted(sightings)
    sources: dict[str, list[str]] = {}
    machines: list[Power] = []
    kws: list[Power] = []
    computing: dict[str, list[Power]] = {}
    for one in counted:
        verdict = one.verdict
        if verdict.machines is not None:
            found = verdict.machines
            machines.append(Power(found.value, found.low, found.high))
            sources.setdefault("machines", []).append(one.evidence)
        if verdict.power is not None:
            kws.append(Power(verdict.power.value, verdict.power.low, verdict.power.high))
            sources.setdefault("kw", []).append(one.evidence)
        for rate in verdict.hashrate:
            computing.setdefault(rate.algorithm, []).append(Power(rate.value, rate.low, rate.high))
            sources.setdefault(f"computing:{rate.algorithm}", []).append(one.evidence)
    return Size(
        summed(machines),
        {name: total for name in sorted(computing) if (total := summed(computing[name])) is not None},
        summed(kws),
        {name: tuple(found) for name, found in sorted(sources.items())},
        len(counted) - len(kws),
    )


def summed(parts: Iterable[Power]) -> Power | None:
    """Return the sum of estimates with the sum of their ends; None of none."""
    parts = tuple(parts)
    if not parts:
        return None
    return Power(
        sum(one.value for one in parts), sum(one.low for one in parts), sum(one.high for one in parts)
    )


def _counted(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return for each address the hit that counts, without the machines that a proxy among them counts."""
    best: dict[Address, Sighting] = {}
    for one in sightings:
        there = best.get(one.verdict.address)
        if there is None or _weight(one) > _weight(there):
            best[one.verdict.address] = one
    proxies = {one.verdict.address for one in best.values() if one.verdict.role is Role.PROXY}
    measured = {address for address in proxies if best[address].verdict.power is not None}
    # A proxy whose power is not known stands back for the machines behind it, where those were seen.
    told = {peer for one in best.values() for peer in _works_for(one, proxies)} - measured
    return [one for one in best.values() if not _works_for(one, measured) and one.verdict.address not in told]


def _weight(one: Sighting) -> tuple[bool, int, int, int]:
    verdict = one.verdict
    level = LEVEL_ORDER.index(verdict.level)
    return verdict.power is not None, level, verdict.last_seen_ns, one.number


def _works_for(one: Sighting, proxies: set[Address]) -> set[Address]:
    """Return the proxies that an address exchanged work with, where it did so with nobody else."""
    if one.verdict.address in proxies:
        return set()
    peers = {peer.address for peer in one.verdict.peers if peer.state is PeerState.EXCHANGE}
    return set(peers) if peers and peers <= proxies else set()


def _proposal(uscc: str, site: str, cluster: str, found: Sequence[Sighting]) -> Proposal:
    held = max(found, key=lambda one: one.verdict.last_seen_ns).held
    known = held.certain
    return Proposal(
        project_id(uscc, site, cluster),
        uscc,
        (held.enterprise or "") if known else "",
        site,
        cluster,
        (held.division or "") if known else _common_division(found),
        (held.address or "") if known else "",
        tuple(sorted({one.held.line for one in found if one.held.certain and one.held.line})),
        tuple(sorted({str(one.verdict.address) for one in found})),
        max((one.verdict.level for one in found), key=LEVEL_ORDER.index),
        day_in_china(instant(min(one.verdict.first_seen_ns for one in found))),
        day_in_china(instant(max(one.verdict.last_seen_ns for one in found))),
        size(found),
        tuple(one.evidence for one in sorted(found, key=lambda one: one.number)),
        tuple(sorted({one.cluster for one in found if one.cluster})),
    )


def _common_division(found: Sequence[Sighting]) -> str:
    """Return the smallest division that all possible holders lie in; empty where there is none."""
    codes = {one.division for hit in found for one in hit.held.candidates if one.division}
    for width in (6, 4, 2):
        if len(parts := {code[:width] for code in codes}) == 1:
            return parts.pop().ljust(6, "0")
    return ""
