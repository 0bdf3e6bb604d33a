"""Witnesses: events become remembered facts, these become evidence. They state; they never score."""

import re
from collections.abc import Iterable, Mapping, Sequence

from classifier.gateway import at_once
from classifier.kinds import Kind
from classifier.node_talk import NodeTalk, Speaker
from classifier.roles import Behaviour, Stance
from classifier.sealed import sealed_kind
from classifier.statements import ONCE, Statements
from classifier.talk import ACCOUNTLESS, STAY_NS, Course, Fact, Seen, Talk, place
from facts.instant import NS
from facts.names import Role
from protocols import events

NAMELESS_NS = 20 * NS
"""The response timeout of common miners: whoever has named no account by then does not mean to."""
IDLE_NS = 600 * NS
"""Pools aim at a share in 10 to 30 s: ten minutes without one are at least twenty shares missed."""
PERSISTENT = 3
"""Unanswered logins with a wallet, or shares to a pool that is not heard, that make a suspicion: miners go on
for ever, scanners do not."""
JUDGED_CODES = frozenset({21, 22, 23})
"""Stratum's error codes for a stale, a duplicate and a low-difficulty share (ZIP-301, eth-proxy)."""
OWN_CODES: Mapping[str, frozenset[int]] = {
    "stratum-bitcoin": frozenset({36, 37}),  # BTC.com's pool: job not found, stale
    "btcagent": frozenset({36, 37}),
    "stratum-grin": frozenset({-32501, -32503}),  # low difficulty, too late
    "stratum-beam": frozenset({3}),  # expired
}
"""What dialects with numbers of their own say instead of JUDGED_CODES."""
ACCOUNT_WORDS = re.compile(
    r"(?i:payment address|address used for login|\bIP\b.{0,20}\bbanned|algorithm negotiation)"
)
"""Why CryptoNote pools refuse an account (docs/protocols/stratum-cryptonote.md)."""
SHARE_WORDS = re.compile(r"(?i:(?:stale|duplicate|low[ -]?diff(?:iculty)?) share|block expired)")
"""How the pools of CryptoNote say it, whose every error has the code -1 or none (nodejs-pool, P2Pool)."""
JUDGED_WORDS = re.compile(r"(?i:stale|duplicate|high-hash|unknown-work|time-|bad-|inconclusive)")
"""How the reasons begin for which work over HTTP is refused by one who knows it (BIP 22, X-Reject-Reason)."""
SHARE_CODES = frozenset({"stale-share", "duplicate-share", "difficulty-too-low", "too-low-difficulty"})
"""What Stratum V2 says instead of the numbers of JUDGED_CODES."""
POLL = "eth_getWork"
"""A node's request for work, which miners repeat every second or so; pools want a login before it."""
NODE_SPOKEN = frozenset({Kind.NODE_HELLO, Kind.NODE_MESSAGE, Kind.NODE_SEALED, Kind.WALLET_LIGHT_MESSAGE})
"""What shows that a node or wallet was heard itself."""
MESSAGE_LENGTH = 80
"""Characters of a method or agent that a sentence quotes."""

MINER_KINDS: Mapping[Fact, Kind] = {
    Fact.SUBSCRIBE: Kind.MINER_SUBSCRIBE,
    Fact.LOGIN: Kind.MINER_LOGIN,
    Fact.LOGIN_WALLET: Kind.MINER_LOGIN_WALLET,
    Fact.SUBMIT: Kind.MINER_SUBMIT,
    Fact.REQUEST: Kind.MINER_REQUEST,
    Fact.REPORTED: Kind.MINER_REPORTED_HASHRATE,
    Fact.SUBSCRIBED: Kind.MINER_SUBSCRIBED,
    Fact.LOGIN_ACCEPTED: Kind.MINER_LOGIN_ACCEPTED,
    Fact.DIFFICULTY: Kind.MINER_DIFFICULTY,
    Fact.WORK: Kind.MINER_WORK,
    Fact.SHARE_ACCEPTED: Kind.MINER_SHARE_ACCEPTED,
    Fact.SHARE_JUDGED: Kind.MINER_SHARE_JUDGED,
    Fact.SHARE_REFUSED: Kind.MINER_SHARE_REFUSED,
    Fact.TURNED_AWAY: Kind.MINER_TURNED_AWAY,
}
POOL_KINDS: Mapping[Fact, Kind] = {
    Fact.SUBSCRIBED: Kind.POOL_SUBSCRIBED,
    Fact.LOGIN_ACCEPTED: Kind.POOL_LOGIN_ACCEPTED,
    Fact.DIFFICULTY: Kind.POOL_DIFFICULTY,
    Fact.WORK: Kind.POOL_WORK,
    Fact.SHARE_ACCEPTED: Kind.POOL_SHARE_ACCEPTED,
    Fact.SHARE_JUDGED: Kind.POOL_SHARE_JUDGED,
    Fact.NOTICE: Kind.POOL_NOTICE,
    Fact.SUBSCRIBE: Kind.POOL_ASKED,
    Fact.LOGIN: Kind.POOL_ASKED,
    Fact.LOGIN_WALLET: Kind.POOL_ASKED,
    Fact.SUBMIT: Kind.POOL_ASKED,
    Fact.REQUEST: Kind.POOL_ASKED,
    Fact.REPORTED: Kind.POOL_ASKED,
}


PLAIN_FACTS: Mapping[type[events.PoolEvent], tuple[Fact, str]] = {
    events.Submit: (Fact.SUBMIT, ""),
    events.Subscribed: (Fact.SUBSCRIBED, ""),
    events.Difficulty: (Fact.DIFFICULTY, ""),
    events.Work: (Fact.WORK, ""),
    events.Refused: (Fact.REFUSED, ""),
    events.PoolAsMiner: (Fact.BOTH_SIDES, ""),
    events.MinerAsPool: (Fact.BOTH_SIDES, ""),
}
"""Events that always show the same."""


def fact_of(event: events.PoolEvent) -> tuple[Fact, str]:
    """Return what an event shows, and the words that a sentence may quote: never an account or a wallet."""
    plain = PLAIN_FACTS.get(type(event))
    if plain is not None:
        return plain
    match event:
        case events.ShareResult(accepted=accepted, code=code, message=message):
            if accepted:
                return Fact.SHARE_ACCEPTED, ""
            return (Fact.SHARE_JUDGED if _judged(event.protocol, code, message) else Fact.SHARE_REFUSED), ""
        case events.Subscribe(method=method, agent=agent):
            return Fact.SUBSCRIBE, f"{method} ({agent})"[:MESSAGE_LENGTH] if agent else method[
                :MESSAGE_LENGTH
            ]
        case events.Login(method=method, wallet=wallet):
            return (Fact.LOGIN_WALLET if wallet else Fact.LOGIN), method[:MESSAGE_LENGTH]
        case events.ReportedHashrate(hashrate=hashrate):
            return Fact.REPORTED, f"{hashrate:.4g} H/s"
        case events.LoginResult(accepted=True):
            return Fact.LOGIN_ACCEPTED, ""
        case events.LoginResult(message=message):
            turned = message is not None and ACCOUNT_WORDS.search(message)
            return (Fact.TURNED_AWAY, str(message)[:MESSAGE_LENGTH]) if turned else (Fact.REFUSED, "")
        case events.Notice(method=method):
            return Fact.NOTICE, method[:MESSAGE_LENGTH]
        case events.Request(method=method):
            return Fact.REQUEST, method[:MESSAGE_LENGTH]
    raise TypeError(f"an unknown pool event: {event!r}")  # a new noun in events.py needs its fact here


def _judged(protocol: str, code: int | None, message: str | None) -> bool:
    """Tell whether a share was refused by one who knows its job: as stale, duplicate or of low difficulty."""
    if code in JUDGED_CODES or code in OWN_CODES.get(protocol, ()) or message in SHARE_CODES:
        return True
    words = JUDGED_WORDS if protocol in ACCOUNTLESS else SHARE_WORDS
    return words.match(message or "") is not None


def of_miner(told: Statements, basis: Sequence[Talk], behaviour: Behaviour) -> None:
    """State what the conversations that a verdict of miner rests on show, for and against."""
    for talk in basis:
        pool = str(talk.pool)
        for fact, seen in talk.seen.items():
            kind = sealed_kind(talk, fact) if talk.sealed else MINER_KINDS.get(fact)
            if kind is not None:
                told.state(kind, seen, peer=pool, message=seen.text)
        if Fact.WORK in talk.seen and (stayed_ns := talk.stayed_ns) >= STAY_NS:
            minutes = stayed_ns // (60 * NS)
            told.state(Kind.MINER_STAYED, talk.seen[Fact.WORK], ONCE, peer=pool, minutes=minutes)
        if talk.course & Course.PICKED_UP:
            told.state(Kind.MINER_ACKNOWLEDGED, talk.opening(), peer=pool)
        _of_quotes(told, talk, pool)
        _of_ambiguity(told, talk, pool)
    if not any(talk.proved for talk in basis):
        _of_attempts(told, basis)
        return
    _of_missing(told, basis)
    if behaviour.sweeps and not behaviour.committed:
        told.state(Kind.MINER_SWEEP, _first(basis), services=behaviour.services)


def _of_quotes(told: Statements, talk: Talk, peer: str) -> None:
    """What shows that a talk is none: mining that is quoted."""
    if not talk.quoted:
        return
    if Fact.BOTH_SIDES in talk.seen:
        told.state(Kind.QUOTED_BOTH_SIDES, talk.seen[Fact.BOTH_SIDES], peer=peer)
    elif talk.course & Course.REVERSED:
        told.state(Kind.QUOTED_REVERSED, talk.opening(), peer=peer)
    else:
        told.state(Kind.QUOTED_UNASKED, talk.opening(), peer=peer)


def _of_ambiguity(told: Statements, talk: Talk, peer: str) -> None:
    """What warns that something else may have been received than was read."""
    if talk.ambiguous is not None:
        told.state(Kind.STREAM_AMBIGUOUS, talk.ambiguous, peer=peer, message=talk.ambiguous.text)


def _of_attempts(told: Statements, basis: Sequence[Talk]) -> None:
    """What speaks in requests that nobody answered as a pool does."""
    logins = [talk.seen[Fact.LOGIN_WALLET] for talk in basis if Fact.LOGIN_WALLET in talk.seen]
    if sum(seen.count for seen in logins) >= PERSISTENT:
        for seen in logins:
            told.state(Kind.MINER_LOGIN_REPEATED, seen)
    for talk in basis:
        refusals = [talk.seen[fact] for fact in (Fact.REFUSED, Fact.SHARE_REFUSED) if fact in talk.seen]
        for seen in refusals:
            told.state(Kind.MINER_REFUSED, seen, peer=str(talk.pool))
        submits = talk.seen.get(Fact.SUBMIT)
        if talk.course & Course.POOL_UNHEARD:
            if submits and submits.count >= PERSISTENT and talk.last_ns - talk.first_ns >= STAY_NS:
                told.state(Kind.MINER_SUBMIT_REPEATED, submits, peer=str(talk.pool))
        elif not refusals and Fact.TURNED_AWAY not in talk.seen:
            told.state(Kind.MINER_NO_REPLY, talk.opening(), peer=str(talk.pool))


def _of_missing(told: Statements, basis: Sequence[Talk]) -> None:
    """What a miner would have said in these conversations, and did not."""
    nameless = [talk for talk in basis if _nameless(talk)]
    if len(nameless) == len(basis):
        seconds = max(talk.last_ns - talk.first_ns for talk in basis) // NS
        long = seconds * NS >= NAMELESS_NS
        kind = Kind.MINER_NO_ACCOUNT_LONG if long else Kind.MINER_NO_ACCOUNT
        told.state(kind, _first(basis), seconds=seconds)
    if all(Fact.SUBMIT not in talk.seen for talk in basis):
        idle = [talk for talk in basis if talk.exchange and talk.stayed_ns >= IDLE_NS]
        for talk in idle:
            minutes = talk.stayed_ns // (60 * NS)
            told.state(Kind.MINER_NO_SHARE, talk.opening(), peer=str(talk.pool), minutes=minutes)


def _nameless(talk: Talk) -> bool:
    """Whether the miner had every chance to name an account, in full view, and did not."""
    if talk.logged_in or Fact.SUBMIT in talk.seen or talk.protocol in ACCOUNTLESS:
        return False
    asked = talk.seen.get(Fact.REQUEST)
    if asked is not None and asked.text == POLL and asked.count >= PERSISTENT:
        return False  # a node gives work without an account to who goes on asking
    return talk.asked and not talk.course & (Course.MISSED_START | Course.MINER_LOST)


def of_pool(told: Statements, basis: Sequence[Talk]) -> None:
    """State what the conversations that a verdict of pool rests on show, for and against."""
    miners = len({talk.miner for talk in basis})
    for talk in basis:
        miner = str(talk.miner)
        for fact, seen in talk.seen.items():
            kind = sealed_kind(talk, fact) if talk.sealed else POOL_KINDS.get(fact)
            if kind is Kind.POOL_ASKED:
                told.state(kind, seen, miners=miners)
            elif kind is not None:
                told.state(kind, seen, peer=miner, message=seen.text)
        if talk.course & Course.PICKED_UP:
            told.state(Kind.POOL_ACKNOWLEDGED, talk.opening(), peer=miner)
        _of_quotes(told, talk, miner)
        _of_ambiguity(told, talk, miner)
        if talk.proved:
            continue
        turned = (Fact.REFUSED, Fact.SHARE_REFUSED, Fact.TURNED_AWAY)
        refusals = [talk.seen[fact] for fact in turned if fact in talk.seen]
        for seen in refusals:
            told.state(Kind.POOL_REFUSED, seen, peer=miner)
        accepted = talk.seen.get(Fact.LOGIN_ACCEPTED) or talk.seen.get(Fact.NOTICE)
        if accepted:
            told.state(Kind.POOL_NO_WORK, accepted, ONCE, peer=miner)
        elif not refusals and not talk.course & Course.POOL_UNHEARD:
            told.state(Kind.POOL_NO_REPLY, talk.opening(), peer=miner)


def of_proxy(told: Statements, below: Sequence[Talk], above: Sequence[Talk]) -> None:
    """State both halves of a proxy's work."""
    miners = len({talk.miner for talk in below})
    for talk in below:
        told.state(Kind.PROXY_BELOW, talk.opening(), miners=miners)
    for talk in above:
        told.state(Kind.PROXY_ABOVE, talk.opening(), peer=str(talk.pool))
        if (machines := at_once([talk])) > 1:
            told.state(Kind.PROXY_MACHINES, talk.opening(), peer=str(talk.pool), machines=machines)


def of_prober(told: Statements, behaviour: Behaviour) -> None:
    """State what a client did that goes from one service to the next."""
    if behaviour.sweep is None:
        return
    talks = [talk for talk, one in behaviour.talks if one not in (Stance.COMMITTED, Stance.ONE_SIDED)]
    answered = [talk for talk in talks if talk.exchange]
    told.state(
        behaviour.sweep,
        _first(talks),
        left=behaviour.left,
        services=behaviour.services,
        answered=len(answered),
    )
    if answered and not any(talk.logged_in or talk.protocol in ACCOUNTLESS for talk in answered):
        told.state(Kind.PROBER_NO_ACCOUNT, _first(answered), answered=len(answered))
    worked = [talk for talk in answered if Fact.WORK in talk.seen]
    if len(worked) > 1:
        told.state(Kind.PROBER_LEFT_WORK, _first(worked), services=len(worked))


def of_node(told: Statements, talks: Iterable[NodeTalk]) -> None:
    """State what one address said, and was told, between nodes."""
    addressed: list[tuple[Seen, str]] = []
    for talk in talks:
        client, server = talk.sides
        for own, other, address, end in (
            (client, server, talk.client, talk.server),
            (server, client, talk.server.address, talk.client),
        ):
            if address != told.address:
                continue
            peer = str(end)
            _of_speaker(told, own, peer)
            if (heard := other.opening) is None:
                continue
            if (first := own.opening) is not None:
                told.state(Kind.NODE_ANSWERED, first, ONCE, peer=peer)
            else:
                addressed.append((heard, peer))
    if addressed and not NODE_SPOKEN & told.kinds.keys():
        for seen, peer in addressed:
            told.state(Kind.NODE_ADDRESSED, seen, peer=peer)


def _of_speaker(told: Statements, own: Speaker, peer: str) -> None:
    """State what one side said; what it says all the time counts once: its parser tells of no more of it,
    once the side is known by it."""
    if told.role is Role.WALLET:
        if own.spv is not None:
            told.state(Kind.WALLET_LIGHT_MESSAGE, own.spv, ONCE, peer=peer, message=own.spv.text)
        if own.light is not None:
            told.state(Kind.WALLET_LIGHT_HELLO, own.light, peer=peer, message=own.light.text)
        return
    if own.hello is not None:
        told.state(Kind.NODE_HELLO, own.hello, ONCE, peer=peer, message=own.hello.text)
    if own.message is not None:
        told.state(Kind.NODE_MESSAGE, own.message, ONCE, peer=peer, message=own.message.text)
    if own.sealed is not None:
        told.state(Kind.NODE_SEALED, own.sealed, peer=peer, message=own.sealed.text)


def _first(talks: Sequence[Talk]) -> Seen:
    return min((talk.opening() for talk in talks), key=place)
