"""What verdicts tell of sites in a time: which mine, with how much, each machine counted once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from datetime import timezone as fixed

from classifier.quantities_site import SiteMining
from facts.endpoint import Address
from facts.errors import UsageError
from facts.instant import nanoseconds
from facts.names import LEVEL_ORDER, Level, PeerState, Role
from facts.verdict import Machines, Power, Verdict
from pipeline.holders import holder
from registry.answers import MISSING_TENANT, Attribution
from registry.attribution import Attributor
from store.database import Database
from store.verdicts import HitFilter, VerdictStore

CHINA = fixed(timedelta(hours=8))
PAGE = 500
_MINES = frozenset({Role.MINER, Role.SOLO_MINER, Role.PROXY})


@dataclass(frozen=True, slots=True)
class Span:
    """A time, [first, after) in nanoseconds since 1970 UTC."""

    first_ns: int
    after_ns: int

    @classmethod
    def of_days(cls, first: date, after: date) -> "Span":
        """Return the span of days of China's time; `after` is not among them. Raises UsageError."""
        if after <= first:
            raise UsageError(f"{first} to {after}: no day lies between")
        begin, end = (nanoseconds(datetime.combine(day, time(), CHINA)) for day in (first, after))
        return cls(begin, end)


@dataclass(frozen=True, slots=True)
class SiteVerdicts:
    """The verdicts on a site's addresses in a time."""

    mining: tuple[Verdict, ...]
    """Those of mining at `likely` or more, all sources'."""
    sealed: int
    """Encrypted conversations that are suspected of mining at least."""

    @property
    def counted(self) -> tuple[Verdict, ...]:
        """Return one verdict an address, without the machines that a proxy among them counts."""
        return counted(self.mining)

    @property
    def told(self) -> SiteMining:
        """Return what they say together."""
        whole = self.counted
        powers = [one.power for one in whole if one.power is not None]
        machines = [one.machines for one in whole if one.machines is not None]
        peers = {peer for one in self.mining for peer in one.peers}
        return SiteMining(tuple(sorted(peers, key=str)), _power(powers), _machines(machines), "store")


NO_VERDICTS = SiteVerdicts((), 0)


def site_verdicts(database: Database, attributor: Attributor, span: Span) -> dict[str, SiteVerdicts]:
    """Return the verdicts of a time by the site that held the address all the while."""
    mining: dict[str, list[Verdict]] = defaultdict(list)
    sealed: dict[str, int] = defaultdict(int)
    wanted = HitFilter(level_at_least=Level.SUSPECTED, since_ns=span.first_ns)
    store, cursor = VerdictStore(database), None
    while True:
        page = store.hits(wanted, cursor, PAGE)
        for stored in page.hits:
            one = stored.verdict
            if one.role not in _MINES or one.first_seen_ns >= span.after_ns:
                continue
            site = certain_site(holder(attributor, one))
            if site is None:
                continue
            if one.encrypted:
                sealed[site] += max(len(one.peers), 1)
            if LEVEL_ORDER.index(one.level) >= LEVEL_ORDER.index(Level.LIKELY):
                mining[site].append(one)
        cursor = page.next_cursor
        if cursor is None:
            break
    names = sorted({*mining, *sealed})
    return {name: SiteVerdicts(tuple(mining.get(name, ())), sealed.get(name, 0)) for name in names}


def certain_site(held: Attribution) -> str | None:
    """Return the site of an answer; of one that names several tenants of one site too. None: not certain."""
    if held.certain:
        return held.site or None
    sites = {one.site for one in held.candidates}
    return sites.pop() or None if held.missing == (MISSING_TENANT,) and len(sites) == 1 else None


def counted(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return for each address the verdict that counts, in the order of addresses.

    The one that knows the power, the level, the latest; and where a proxy is among them that counts the
    machines behind it, those of its clients that exchange work with nobody else are left out.
    """
    best: dict[Address, Verdict] = {}
    for one in verdicts:
        there = best.get(one.address)
        if there is None or _weight(one) > _weight(there):
            best[one.address] = one
    proxies = {a for a, one in best.items() if one.role is Role.PROXY and one.power is not None}
    kept = []
    for address in sorted(best, key=lambda a: (a.version, int(a))):
        peers = {peer.address for peer in best[address].peers if peer.state is PeerState.EXCHANGE}
        if address in proxies or not peers or not peers <= proxies:
            kept.append(best[address])
    return tuple(kept)


def _weight(one: Verdict) -> tuple[bool, int, int, str]:
    return one.power is not None, LEVEL_ORDER.index(one.level), one.last_seen_ns, one.source


def _power(parts: list[Power]) -> Power | None:
    """Return the sum; ends are summed, since errors of one method go the same way."""
    if not parts:
        return None
    return Power(sum(p.value for p in parts), sum(p.low for p in parts), sum(p.high for p in parts))


def _machines(parts: list[Machines]) -> Machines | None:
    if not parts:
        return None
    bases = {one.basis for one in parts}
    return Machines(
        sum(one.value for one in parts),
        sum(one.low for one in parts),
        sum(one.high for one in parts),
        all(one.exact for one in parts),
        bases.pop() if len(bases) == 1 else "addresses",
    )
