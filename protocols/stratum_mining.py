"""The `mining.*` and `client.*` vocabulary: Bitcoin's, which most coins borrowed, each with jobs of its own.

NOTIFY is the decision by the shape of a job, `submit` that by the shape of a share, `subscribe_answer` that
by the shape of an answer; grades (protocols/stratum_session.py) say which of them holds.
Source of the methods and codes: docs/protocols/stratum-bitcoin.md.
"""

from collections.abc import Callable, Iterable
from typing import Any

from protocols import stratum_alephium as alephium
from protocols import stratum_bitcoin as bitcoin
from protocols import stratum_equihash as equihash
from protocols import stratum_ethereum as ethereum
from protocols import stratum_ethproxy as ethproxy
from protocols import stratum_handshake as handshake
from protocols import stratum_kawpow as kawpow
from protocols import stratum_others as others
from protocols.events import (
    Difficulty,
    Login,
    LoginResult,
    Notice,
    PoolEvent,
    Submit,
    Subscribe,
    Subscribed,
)
from protocols.jsonrpc import Message, failure_of, number, text
from protocols.stratum_session import (
    ALEO,
    ALEPHIUM,
    BITCOIN,
    BTCAGENT,
    EQUIHASH,
    ETHEREUM,
    HANDSHAKE,
    KASPA,
    KAWPOW,
    XELIS,
    Asked,
    Grade,
    Job,
    Session,
    share_answer,
)
from protocols.stratum_shapes import is_any_hex, is_hex, label, may_be_nonce
from protocols.targets import hashes_of_hex
from protocols.wallets import read_account

Shape = Callable[[list[Any]], Job | None]

NOTIFY: dict[int, tuple[Shape, ...]] = {
    2: (others.kaspa,),
    3: (others.kaspa, others.kadena, alephium.notify, ethproxy.notify),
    4: (ethereum.notify, ethproxy.notify, others.conflux),
    5: (others.ckb, ethereum.notify_generic),
    7: (kawpow.notify,),
    8: (equihash.notify,),
    9: (bitcoin.notify, equihash.notify, others.ergo, handshake.notify),
    10: (equihash.notify, handshake.notify, bitcoin.notify_longer),
    11: (handshake.notify, bitcoin.notify_longer),
    12: (handshake.notify_coinbase,),
}
"""Number of parameters of mining.notify -> the shapes it may have; no two of a row hold for one message."""
NAMED: dict[str, Shape] = {ALEO: others.aleo, XELIS: others.xelis}
"""Dialects whose jobs of four parameters look like others': read so where the connection has named them."""

_DECLARED = {"AleoStratum/": ALEO, "AlephiumStratum/": ALEPHIUM, "EthereumStratum/": ETHEREUM}
_WALLET_DIALECT = {"KAS": KASPA, "HNS": HANDSHAKE, "XEL": XELIS}
"""Coins whose addresses name the chain they mine, where the vocabulary alone is known."""
_AGENT = "btccom-agent"
"""How BTCAgent names itself."""


def subscribe(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.subscribe: [agent(, session or dialect(, host, port))], {agent}, or nothing."""
    session.attempt()
    session.decide(BITCOIN, Grade.WORDS)
    params = message.params
    if isinstance(params, dict):
        params = [params.get("agent")]
    elif not isinstance(params, list):
        params = []
    agent, second, host = (*params[:3], None, None, None)[:3]
    session.begun = True
    if isinstance(agent, str) and agent.startswith(_AGENT):
        session.decide(BTCAGENT, Grade.AGENT)
    zip301 = len(params) >= 4 and isinstance(host, str)
    if isinstance(second, str) and (dialect := _dialect_named(second)) is not None:
        session.decide(dialect, Grade.DECLARED)
    elif zip301:
        session.decide(EQUIHASH, Grade.DECLARED)
    event = session.event(
        Subscribe,
        message,
        method="mining.subscribe",
        agent=None if _is_worker(agent, second) else text(agent),
        pool_host=text(host) if zip301 else None,
    )
    session.ask(message, subscribe_answer, declared=zip301)
    return [event]


def subscribe_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the answer to mining.subscribe: a subscription only if it has the structure of a dialect.

    Two strings are ZIP-301's structure, and any JSON server's as well: they count only where the request
    named the dialect; else it is the target or the job that follows that proves the pool.
    """
    result = message.result
    if isinstance(result, list) and len(result) >= 2:
        dialect = _subscription(session, result, asked)
        if dialect is not None:
            session.decide(dialect, Grade.DECLARED)
            return [session.event(Subscribed, message)]
        return []
    if (
        isinstance(result, str)
        and session.protocol in (ETHEREUM, ALEPHIUM)
        and session.grade >= Grade.DECLARED
    ):
        return [session.event(Subscribed, message)]
    return ethproxy.refused(session, message, asked)


def _subscription(session: Session, result: list[Any], asked: Asked) -> str | None:
    if ethereum.is_declared(result):
        return ETHEREUM
    if result[0] is True and isinstance(result[1], str) and result[1].startswith(ethereum.NAME):
        return KASPA
    named = session.protocol if session.grade >= Grade.DECLARED else None
    if named == ALEO:
        return ALEO if len(result) == 3 else None
    if len(result) >= 3:
        if not bitcoin.is_subscription(result):
            return None
        if len(result) == 4 and is_hex(result[3], 64):
            return XELIS
        return BITCOIN if isinstance(result[0], list) or named is None else named
    pair = isinstance(result[0], list) and result[0][:1] == ["mining.notify"] and is_any_hex(result[1])
    if pair:
        return named or BITCOIN
    known = asked.declared or named in (EQUIHASH, KAWPOW, ETHEREUM)
    return (named or EQUIHASH) if known and equihash.is_subscription(result) else None


def _is_worker(first: object, second: object) -> bool:
    """Tell Conflux' [worker, secret] from [agent, session]: agents have a version, sessions are hex."""
    if not isinstance(first, str) or not isinstance(second, str) or not second:
        return False
    return not (is_any_hex(second) or _dialect_named(second) or "/" in first or " " in first)


def _dialect_named(value: str) -> str | None:
    return next((dialect for name, dialect in _DECLARED.items() if value.startswith(name)), None)


def configure(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.configure [[extension codes], {parameters}]."""
    params = message.params
    if not isinstance(params, list) or not params or not isinstance(params[0], list):
        return []
    session.decide(BITCOIN, Grade.WORDS)
    session.ask(message, configure_answer)
    return [session.event(Subscribe, message, method="mining.configure")]


def configure_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read {extension code: true, false or text, ...}."""
    result = message.result
    if isinstance(result, dict) and any(
        isinstance(result.get(code), bool | str) for code in bitcoin.EXTENSIONS
    ):
        return [session.event(Subscribed, message)]
    return ethproxy.refused(session, message, asked)


def authorize(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.authorize [user, password]."""
    params = message.params
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        return []
    session.decide(BITCOIN, Grade.WORDS)
    account = read_account(params[0])
    dialect = _WALLET_DIALECT.get(account.coin or "")
    weak = session.grade == Grade.WORDS or session.protocol == (BITCOIN if dialect == XELIS else ETHEREUM)
    if dialect is not None and weak:
        session.decide(dialect, Grade.DECLARED)
    session.ask(message, authorize_answer)
    return [
        session.event(
            Login,
            message,
            method="mining.authorize",
            user=text(params[0]),
            wallet=text(account.wallet),
            coin=account.coin,
            worker=text(account.worker) or text(message.body.get("worker")) or None,
        )
    ]


def authorize_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read true, or the worker token of EthereumStratum/2.0.0 and AlephiumStratum; false or an error."""
    tokens = session.protocol in (ETHEREUM, ALEPHIUM)  # AlephiumStratum's may be empty
    token = (
        isinstance(message.result, str) and tokens and (message.result != "" or session.protocol == ALEPHIUM)
    )
    if token and failure_of(message.error) is None:
        return [session.event(LoginResult, message, accepted=True)]
    return ethproxy.login_answer(session, message, asked)


def notify(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.notify, the message that decides for a dialect."""
    params = message.params
    if not isinstance(params, list) or not params:
        return []
    session.decide(BITCOIN, Grade.WORDS)
    named = NAMED.get(session.protocol) if len(params) == 4 else None
    if named is not None and (job := named(params)) is not None:
        return session.work(message, job)
    if (job := alephium.jobs(params)) is not None:
        return session.work(message, job)
    for shape in NOTIFY.get(len(params), ()):
        if (job := shape(params)) is not None:
            return session.work(message, job)
    if label(params[0]) is not None and any(is_any_hex(field) and len(field) >= 64 for field in params[1:]):
        return session.work(message, Job(None, label(params[0])))  # a job of a dialect not known by shape
    return [session.event(Notice, message, method="mining.notify")]


def set_difficulty(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.set_difficulty [number]."""
    params = message.params
    value = number(params[0]) if isinstance(params, list) and params else None
    if value is None or value <= 0:
        return []
    session.decide(BITCOIN, Grade.WORDS)
    event = session.event(Difficulty, message, difficulty=value, hashes=session.hashes_of(value))
    session.difficulty = value
    return [event]


def set_target(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.set_target [64 hex]: Equihash's word, which KawPow and CKB use as well."""
    params = message.params
    first = params[0] if isinstance(params, list) and params else params  # AlephiumStratum has it bare
    whole = isinstance(first, str) and (len(first) in (64, 66) or session.protocol == ALEPHIUM)
    hashes = hashes_of_hex(first) if whole else None
    if hashes is not None:
        if session.grade <= Grade.WORDS or session.protocol == EQUIHASH:
            session.decide(EQUIHASH, Grade.SHAPE)
        event = session.event(Difficulty, message, hashes=hashes)
        session.difficulty = None
        return [event]
    if session.protocol == ALEO and (value := number(first)) is not None and value > 0:
        return [session.event(Difficulty, message, difficulty=value)]
    return []


def submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.submit [user, job, ...], whose shape tells the dialect where no job was seen."""
    params = message.params
    if isinstance(params, dict):
        return alephium.submit(session, message, params)
    fewest = 2 if session.protocol == ALEPHIUM else 3
    if not isinstance(params, list) or len(params) < fewest:
        return []
    if not any(map(may_be_nonce, params[1:])):
        session.ask(message, None)  # the word alone: a share of every dialect carries what was computed
        return []
    session.decide(BITCOIN, Grade.WORDS)
    generic = "worker" in message.body  # ethminer's mode `stratum`: KawPow's shape with a key of its own
    if session.grade < Grade.WORK and (dialect := _share_dialect(session, params, generic)) is not None:
        session.decide(dialect, Grade.SHAPE)
    job, user = params[1], params[0]
    if session.protocol == ETHEREUM and len(params) == 3 and is_any_hex(job) and not is_any_hex(params[2]):
        job, user = params[0], None  # EIP-1571: [job, nonce, worker token]
    elif session.protocol == ALEPHIUM:
        job, user = params[0], None  # AlephiumStratum: [job, nonce(, worker token)]
    account = read_account(user) if isinstance(user, str) else None
    worker = text(account.worker) if account is not None else None
    session.ask(message, share_answer)
    return [
        session.event(
            Submit,
            message,
            job_id=label(job),
            worker=worker or text(message.body.get("worker")) or None,
            space=params[2].lower() if session.protocol == BITCOIN and bitcoin.is_share(params) else None,
        )
    ]


def _share_dialect(session: Session, params: list[Any], generic: bool) -> str | None:
    if bitcoin.is_share(params):
        return BITCOIN if session.grade <= Grade.WORDS else None
    if equihash.is_share(params):
        return EQUIHASH
    if kawpow.is_share(params):
        return KAWPOW if session.protocol != ETHEREUM and not generic else None
    if session.grade <= Grade.WORDS:
        return others.share_dialect(params) or (ETHEREUM if ethereum.is_share(params) else None)
    return None


def bare(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read notify and set_difficulty without `mining.`, as HNSPool has them, where mining is spoken."""
    if session.grade == Grade.NOTHING:
        session.ask(message, None)
        return []
    return notify(session, message) if message.method == "notify" else set_difficulty(session, message)
