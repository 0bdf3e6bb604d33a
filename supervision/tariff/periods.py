"""Mining periods: proposed from confirmed hits, decided on by a person; only what was confirmed is billed.

Traffic shows from when to when somebody was seen to mine, not when the machines were switched on: the first
and the last day of a proposal are bounds that a person may widen when confirming it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from classifier.ownership_suspect import Suspicion
from facts.names import Level, Role
from pipeline.lookup import attributed
from pipeline.services import Services
from registry.power_accounts import PowerAccount
from store.power_accounts import read_accounts
from store.tariff import StoredMining, add_facts, read_mining, read_rulebook
from store.verdicts import HitFilter
from supervision.meters.days import day_of, day_start_ns
from supervision.refusals import Refused, Unknown
from supervision.tariff.figures import period_id
from supervision.tariff.rows import day, rulebook_of
from supervision.tariff.shares import unshared
from supervision.tariff.words import seen_text
from supervision.victims import among

DAY = timedelta(days=1)
APART = timedelta(days=30)
"""Hits further apart than this make two periods: nobody watches a line on every day, and farms do pause."""
MINES = frozenset({Role.MINER, Role.PROXY, Role.SOLO_MINER})
STATES = ("proposed", "confirmed", "rejected", "withdrawn")
FROM_TRAFFIC = "traffic"
_PAGE = 500
_NAMED = 50  # verdicts and addresses named in one proposal


@dataclass(frozen=True, slots=True)
class Seen:
    """A confirmed hit whose holder is certain."""

    verdict: int
    address: str
    line: str
    uscc: str
    site: str
    first: date
    last: date
    victim: Suspicion | None = None
    """Why its machines probably mine for somebody else: then its enterprise is not billed for them."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What confirmed hits come to."""

    periods: tuple[StoredMining, ...]
    """To be decided on by a person; by account and day."""
    victims: tuple[Seen, ...]
    """Hits that no period is proposed from; by address."""


def seen(services: Services) -> Iterator[Seen]:
    """Yield what the store holds of them, in no order."""
    filters, cursor = HitFilter(Level.CONFIRMED), None
    while True:
        page = services.verdicts.hits(filters, cursor, _PAGE)
        victims = among(services, page.hits)
        for stored, held in zip(page.hits, attributed(services, page.hits), strict=True):
            verdict = stored.verdict
            if verdict.role in MINES and held.certain and held.uscc and held.site:
                yield Seen(
                    stored.id,
                    str(verdict.address),
                    held.line or "",
                    held.uscc,
                    held.site,
                    day_of(verdict.first_seen_ns),
                    day_of(verdict.last_seen_ns),
                    victims.get(verdict.address),
                )
        if (cursor := page.next_cursor) is None:
            return


def proposals(
    hits: Iterable[Seen],
    accounts: Iterable[PowerAccount],
    held: Iterable[StoredMining],
    known_ns: int,
    author: str,
) -> list[StoredMining]:
    """Return periods to propose that `held` does not have yet, by account and day.

    A hit belongs to the accounts that its enterprise had at its site then. Where there were several, each is
    proposed and says so. Days that a decided period of the account covers are not proposed again.
    """
    by_place: dict[tuple[str, str], list[PowerAccount]] = defaultdict(list)
    for account in accounts:
        by_place[account.uscc, account.site].append(account)
    days: dict[str, list[tuple[Seen, PowerAccount, int]]] = defaultdict(list)
    for hit in hits:
        there = [one for one in by_place[hit.uscc, hit.site] if _held_during(one, hit)]
        numbers = {one.number for one in there}
        for one in there:
            days[one.number].append((hit, one, len(numbers)))
    known: dict[str, list[StoredMining]] = defaultdict(list)
    for period in held:
        known[period.account].append(period)
    made = []
    for number in sorted(days):
        for group in _groups(days[number]):
            proposal = _proposal(number, group, known[number], known_ns, author)
            if proposal is not None:
                made.append(proposal)
    return made


def propose(
    services: Services, connection: Connection, known_ns: int, author: str, *, with_victims: bool = False
) -> Proposals:
    """Return what `proposals` makes of all that is held; adds nothing.

    Who is probably a campaign's victim is told apart; `with_victims` proposes periods from them as well.
    """
    hits = list(seen(services))
    victims = [] if with_victims else [one for one in hits if one.victim is not None]
    mining = hits if with_victims else [one for one in hits if one.victim is None]
    periods = proposals(mining, read_accounts(connection), read_mining(connection), known_ns, author)
    return Proposals(tuple(periods), tuple(sorted(victims, key=lambda one: (one.address, one.verdict))))


def decide(
    connection: Connection,
    period: str,
    state: str,
    why: str,
    known_ns: int,
    author: str,
    first: date | None = None,
    last: date | None = None,
    going_on: bool = False,
    share: Decimal | None = None,
) -> StoredMining:
    """Confirm, reject or withdraw a period, with other days or another share where they are given.

    `going_on` takes the last day away. Raises Unknown for no such period, and Refused; also for a share where
    the rules in force charge all energy of the account: it would be ignored.
    """
    kept = next((one for one in read_mining(connection) if one.period == period), None)
    if kept is None:
        raise Unknown(period)
    if state not in STATES[1:]:
        raise Refused(f"{state!r} is none of {', '.join(STATES[1:])}", f"{state!r} 不是可用的决定")
    if not why.strip():
        raise Refused("say why", "请说明理由")
    made = replace(
        kept,
        state=state,
        first_day=kept.first_day if first is None else first.isoformat(),
        last_day=None if going_on else kept.last_day if last is None else last.isoformat(),
        share=kept.share if share is None else str(share),
        because=why.strip(),
        known_ns=known_ns,
        author=author,
    )
    begin, end = day(made.first_day), day(made.last_day)
    if begin is not None and end is not None and end < begin:
        raise Refused("mining stopped before it began", "停止日期早于开始日期")
    if not 0 < Decimal(made.share) <= 1:
        raise Refused("the share is more than 0, up to 1", "比例应大于 0 且不超过 1")
    if share is not None and share < 1 and state == STATES[1]:
        rules = unshared(rulebook_of(read_rulebook(connection)), made)
        if rules:
            raise Refused(
                f"a share changes nothing here: {', '.join(rules)} charges all energy of the account",
                f"此处比例无效：{'、'.join(rules)} 按该户号全部电量加价",
            )
    add_facts(connection, [made])
    return made


def _held_during(account: PowerAccount, hit: Seen) -> bool:
    begin, after = day_start_ns(hit.first), day_start_ns(hit.last + DAY)
    return account.valid_from_ns < after and (account.valid_to_ns is None or begin < account.valid_to_ns)


_Group = list[tuple[Seen, PowerAccount, int]]


def _groups(found: _Group) -> Iterator[_Group]:
    """Yield hits that follow one another within APART."""
    group: _Group = []
    last = date.min
    for one in sorted(found, key=lambda one: (one[0].first, one[0].last, one[0].verdict)):
        if group and one[0].first - last > APART:
            yield group
            group = []
        group.append(one)
        last = max(last, one[0].last) if len(group) > 1 else one[0].last
    if group:
        yield group


def _proposal(
    number: str, group: _Group, known: Sequence[StoredMining], known_ns: int, author: str
) -> StoredMining | None:
    hits = [hit for hit, _, _ in group]
    first, last = min(hit.first for hit in hits), max(hit.last for hit in hits)
    decided = [one for one in known if one.state != STATES[0]]
    for one in sorted(decided, key=lambda one: one.first_day or ""):
        begin, end = day(one.first_day) or date.min, day(one.last_day) or date.max
        if begin <= first <= end:
            if end >= last:
                return None
            first = min(max(hit.first, end + DAY) for hit in hits if hit.last > end)
    period = period_id(number, first, None, FROM_TRAFFIC)
    several = max(count for _, _, count in group)
    count = len({hit.address for hit in hits})
    because = seen_text(count, several)
    evidence = {
        "source": FROM_TRAFFIC,
        "seen": {"addresses": count, "accounts": several},
        "verdicts": sorted({hit.verdict for hit in hits})[:_NAMED],
        "addresses": sorted({hit.address for hit in hits})[:_NAMED],
        "lines": sorted({hit.line for hit in hits if hit.line})[:_NAMED],
    }
    days = first.isoformat(), last.isoformat()
    division = max((account for _, account, _ in group), key=lambda one: one.valid_from_ns).division
    same = [one for one in known if one.period == period]
    if same and (same[-1].first_day, same[-1].last_day) == days:
        return None
    return StoredMining(
        period, number, division, STATES[0], *days, days[1], "1", because, evidence, known_ns, author
    )
