"""Addresses that mine, as the store knew them at a time: verdicts, what people decided, who held them.

A verdict is known from the run that brought it until the run that said something newer. What operators' lists
make of verdicts is not asked: a list has no history, and a report is to come out the same again. Who does not
want to see an address again rejects it (a decision), which has a date.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Select, or_, select
from sqlalchemy.orm import aliased

from facts.endpoint import Address
from facts.instant import NS, instant
from facts.names import Level, PeerState, Role
from facts.verdict import Verdict
from registry.answers import Attribution
from registry.attribution import Attributor
from registry.division_table import in_force
from registry.model import Prefix
from store.access_tables import DecisionRow
from store.tables import RunRow, VerdictRow
from store.verdict_rows import BATCH, load_verdicts
from supervision.projects.events import day_in_china
from supervision.projects.sightings import MINES
from supervision.reports import believed, masking
from supervision.reports.known import Estimate, Hit

PREFIXES = 100
"""Prefixes asked for with one statement."""
MOST_EVIDENCE = 8
"""Pieces of evidence that a hit of a report carries."""
TOLERANCE_NS = 2 * NS
"""How far clocks of captures and logs may be apart; the default of the settings, fixed since a report must
not change with them."""


def hits(
    connection: Connection, region: str, known_ns: int, until_ns: int, partners: bool = True
) -> list[Hit]:
    """Return the hits of a region at `likely` or more that were known at a time and seen first up to another.

    In order of address, then role. An address of which one holder alone is possible is the region's where its
    site lies in it; another one where all that may have held it lie in it. The whole country (`000000`) has
    those that nobody holds too.
    """
    found = [one for one in sightings(connection, known_ns, until_ns) if _lies(one[2], region)]
    return as_hits(found, partners)


def as_hits(found: Sequence[tuple[int, Verdict, Attribution]], partners: bool) -> list[Hit]:
    """Return verdicts as reports tell them; those behind a proxy among them are marked."""
    proxies = {one.address for _, one, _ in found if one.role is Role.PROXY and one.power is not None}
    hits = []
    for number, verdict, held in found:
        works_for = {peer.address for peer in verdict.peers if peer.state is PeerState.EXCHANGE}
        behind = verdict.address not in proxies and bool(works_for) and works_for <= proxies
        hits.append(replace(as_hit(number, verdict, held, partners), behind=behind))
    return hits


def sightings(
    connection: Connection, known_ns: int, until_ns: int, within: Sequence[Prefix] | None = None
) -> Iterator[tuple[int, Verdict, Attribution]]:
    """Yield the verdicts that say who mines, as known at a time, by address and role, with who held it.

    `within`: only those whose address lies in one of these prefixes.
    """
    newer = aliased(RunRow)
    query = (
        select(VerdictRow.id, VerdictRow.address)
        .join(RunRow, RunRow.id == VerdictRow.run_id)
        .outerjoin(newer, newer.id == VerdictRow.superseded_by)
        .where(
            RunRow.started_ns <= known_ns,
            or_(VerdictRow.superseded_by.is_(None), newer.started_ns > known_ns),
            VerdictRow.level >= Level.LIKELY,
            VerdictRow.role.in_([role.value for role in MINES]),
            VerdictRow.first_seen_ns <= until_ns,
        )
        .order_by(VerdictRow.address, VerdictRow.role, VerdictRow.id)
    )
    refused = _rejected(connection, known_ns)
    found = connection.execute(query) if within is None else _within(connection, query, within)
    rows = [(number, address) for number, address in found if address not in refused]
    held = believed.of_addresses(connection, {address for _, address in rows}, known_ns)
    attributor = Attributor(held, TOLERANCE_NS)
    numbers = [number for number, _ in rows]
    for begin in range(0, len(numbers), BATCH):
        for number, _, verdict, _ in load_verdicts(connection, numbers[begin : begin + BATCH]):
            holder = attributor.during(verdict.address, verdict.first_seen_ns, verdict.last_seen_ns)
            yield number, verdict, holder


def _within(
    connection: Connection, query: Select[int, Address], prefixes: Sequence[Prefix]
) -> Iterator[tuple[int, Address]]:
    told: set[int] = set()
    for begin in range(0, len(prefixes), PREFIXES):
        some = prefixes[begin : begin + PREFIXES]
        inside = or_(
            *(VerdictRow.address.between(one.network_address, one.broadcast_address) for one in some)
        )
        for number, address in connection.execute(query.where(inside)).all():
            if number not in told and any(one.version == address.version and address in one for one in some):
                told.add(number)
                yield number, address


def _rejected(connection: Connection, known_ns: int) -> set[Address]:
    """Return the addresses whose last decision up to a time was a rejection."""
    row = DecisionRow
    query = select(row.address, row.decision).where(row.at_ns <= known_ns).order_by(row.id)
    last = {row.address: row.decision for row in connection.execute(query)}
    return {address for address, decision in last.items() if decision == "reject"}


def _lies(held: Attribution, region: str) -> bool:
    covered = in_force().covers(region)
    if held.certain:
        return (held.division or "").startswith(covered)
    codes = {one.division for one in held.candidates}
    return all(code.startswith(covered) for code in codes) if codes else covered == ("",)


def as_hit(number: int, verdict: Verdict, held: Attribution, partners: bool = True) -> Hit:
    """Return a verdict as reports tell it; its holder is named where it is certain.

    Without `partners` no other address is told than its own.
    """
    machines, power = verdict.machines, verdict.power
    first, last = (day_in_china(instant(at)) for at in (verdict.first_seen_ns, verdict.last_seen_ns))
    certain = held if held.certain else Attribution(certain=False)
    return Hit(
        verdict=number,
        address=str(verdict.address),
        role=verdict.role.value,
        level=verdict.level.value,
        score=verdict.score,
        first=first,
        last=last,
        protocols=verdict.protocols,
        coins=verdict.coins,
        pools=verdict.pools,
        agents=tuple(masking.text(agent) for agent in verdict.agents),
        encrypted=verdict.encrypted,
        machines=None if machines is None else Estimate(machines.value, machines.low, machines.high),
        computing=tuple((one.algorithm, Estimate(one.value, one.low, one.high)) for one in verdict.hashrate),
        kw=None if power is None else Estimate(power.value, power.low, power.high),
        models=() if power is None else power.models,
        evidence=tuple(
            masking.evidence(one.evidence, partners)
            for one in verdict.evidence[:MOST_EVIDENCE]
            if one.weight > 0
        ),
        peers=tuple(f"{one.address}:{one.port}" for one in verdict.peers) if partners else (),
        uscc=certain.uscc or "",
        enterprise=certain.enterprise or "",
        site=certain.site or "",
        division=certain.division or "",
        line=certain.line or "",
    )
