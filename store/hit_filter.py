"""Which hits to list, as SQL: the same conditions for SQLite and PostgreSQL."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address

from sqlalchemy import ColumnElement, Select, Text, and_, exists, not_, or_, select, type_coerce
from sqlalchemy.orm import aliased

from facts.names import LEVEL_ORDER, Level, Role
from registry.model import PUBLIC, Prefix
from store.registry_tables import AssignmentRow, LineRow
from store.tables import EvidenceRow, OperatorEntryRow, VerdictCoinRow, VerdictRow

_FIRST_IPV4, _LAST_IPV4 = IPv4Address(0), IPv4Address(2**32 - 1)


@dataclass(frozen=True, slots=True)
class HitFilter:
    """Which current verdicts to list; None asks nothing."""

    level_at_least: Level | None = None
    role: Role | None = None
    coin: str | None = None
    since_ns: int | None = None
    """Last seen at or after this time."""
    prefix: Prefix | None = None
    """The address lies in this prefix."""
    uscc: str | None = None
    """The address was assigned to this enterprise when it was last seen (longest prefix valid then)."""

    def admits(self, level: Level) -> bool:
        """Say whether a level is high enough."""
        least = self.level_at_least
        return least is None or LEVEL_ORDER.index(level) >= LEVEL_ORDER.index(least)


def conditions(filters: HitFilter, denied_names: Collection[str] | None = None) -> list[ColumnElement[bool]]:
    """Return what a current verdict must meet.

    Where `denied_names` is given, verdicts of a lower level pass too that the operator's deny list may raise:
    by an address of it, or by a name in their evidence. Who asks so looks at the level again.
    """
    asked: list[ColumnElement[bool]] = [VerdictRow.superseded_by.is_(None)]
    if filters.level_at_least is not None:
        high = VerdictRow.level >= filters.level_at_least
        asked.append(high if denied_names is None else or_(high, *_denied(denied_names)))
    if filters.role is not None:
        asked.append(VerdictRow.role == filters.role.value)
    if filters.coin is not None:
        coin = select(VerdictCoinRow.verdict_id).where(VerdictCoinRow.coin == filters.coin)
        asked.append(VerdictRow.id.in_(coin))
    if filters.since_ns is not None:
        asked.append(VerdictRow.last_seen_ns >= filters.since_ns)
    if filters.prefix is not None:
        first, last = filters.prefix.network_address, filters.prefix.broadcast_address
        asked.append(VerdictRow.address.between(first, last))
        if filters.prefix.version == 6:
            asked.append(not_(VerdictRow.address.between(_FIRST_IPV4, _LAST_IPV4)))
    if filters.uscc is not None:
        asked.append(VerdictRow.id.in_(_held_by(filters.uscc)))
    return asked


def _denied(names: Collection[str]) -> list[ColumnElement[bool]]:
    """Return what a verdict meets that the deny list may raise."""
    entry = OperatorEntryRow
    within = exists().where(
        entry.list == "deny", VerdictRow.address.between(entry.first_address, entry.last_address)
    )
    if not names:
        return [within]
    params = type_coerce(EvidenceRow.params, Text)
    below = [or_(params.contains(f'"{name}"'), params.contains(f'.{name}"')) for name in sorted(names)]
    named = select(EvidenceRow.verdict_id).where(EvidenceRow.kind.startswith("name."), or_(*below))
    return [within, VerdictRow.id.in_(named)]


def _held_by(uscc: str) -> Select[int]:
    """Select the ids of verdicts whose address an enterprise held when last seen, by longest prefix.

    It begins with the enterprise's own assignments, of which there are few, and then asks whether a longer
    prefix inside was valid at that time: its first address lies between the assignment's and the verdict's.
    Port blocks are not asked: a verdict knows no public port of its address.
    """
    verdict, held, longer = aliased(VerdictRow), aliased(AssignmentRow), aliased(AssignmentRow)
    covered = exists().where(
        longer.first_address.between(held.first_address, verdict.address),
        longer.last_address >= verdict.address,
        longer.prefix_length > held.prefix_length,
        longer.version == held.version,
        longer.realm == PUBLIC,
        _valid(longer, verdict),
    )
    line = LineRow
    by_line = exists().where(
        or_(line.line == held.line, line.account == held.line),
        line.uscc == uscc,
        line.valid_from_ns <= verdict.last_seen_ns,
        or_(line.valid_to_ns.is_(None), line.valid_to_ns > verdict.last_seen_ns),
    )
    return (
        select(verdict.id)
        .join(held, verdict.address.between(held.first_address, held.last_address))
        .where(or_(held.uscc == uscc, and_(held.uscc.is_(None), by_line)), held.realm == PUBLIC)
        .where(_valid(held, verdict), _same_family(held, verdict), not_(covered))
    )


def _valid(assignment: type[AssignmentRow], verdict: type[VerdictRow]) -> ColumnElement[bool]:
    return and_(
        assignment.valid_from_ns <= verdict.last_seen_ns,
        or_(assignment.valid_to_ns.is_(None), assignment.valid_to_ns > verdict.last_seen_ns),
    )


def _same_family(assignment: type[AssignmentRow], verdict: type[VerdictRow]) -> ColumnElement[bool]:
    """A short IPv6 prefix spans the mapped IPv4 addresses but does not hold them."""
    return or_(assignment.version == 4, not_(verdict.address.between(_FIRST_IPV4, _LAST_IPV4)))
