"""Stratum as CryptoNote miners speak it (Monero, RandomX, XMRig): login, job, submit with object params.

The words are common ones, so structure decides: a job has blob (or pool_wallet, in self-select mode), target
(4 or 8 bytes) and job_id; a share has a 4- or 8-byte nonce and a 32-byte result; a login has login and agent,
and is held back until a job comes unless its algorithms or its wallet tell what it is.
Sources: xmrig, xmrig-proxy, nodejs-pool, p2pool; docs/protocols/stratum-cryptonote.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols import cryptonote_blob
from protocols.events import Login, LoginResult, PoolEvent, Refused, Request, Submit
from protocols.jsonrpc import Message, failure_of, number, small, text
from protocols.stratum_session import CRYPTONOTE, Asked, Grade, Job, Session, share_answer
from protocols.stratum_shapes import height, is_any_hex, is_hex, label, texts
from protocols.targets import hashes_of_cryptonote
from protocols.wallets import read_account

MAX_ALGORITHMS = 64
"""XMRig lists 28."""


def job_of(params: object) -> Job | None:
    """Read a job object: {blob, job_id, target, algo, height, seed_hash}, or self-select's without blob."""
    if not isinstance(params, dict):
        return None
    if "blocktemplate_blob" in params:
        return _proxy_job_of(params)
    job_id, blob, target = label(params.get("job_id")), params.get("blob"), params.get("target")
    if job_id is None or not isinstance(target, str):
        return None
    if blob is None:
        if not isinstance(params.get("pool_wallet"), str) or not is_any_hex(params.get("extra_nonce")):
            return None
    elif not is_any_hex(blob) or len(blob) < 86:  # the nonce ends at byte 43
        return None
    algorithm = text(params.get("algo"), 32)
    hashes = hashes_of_cryptonote(target, algorithm)
    if hashes is None:
        return None
    return Job(
        CRYPTONOTE,
        job_id,
        algorithm,
        height=height(params.get("height")),
        hashes=hashes,
        blob=cryptonote_blob.read(blob) if blob is not None else None,
        seeded=is_hex(params.get("seed_hash"), 64),
    )


def _proxy_job_of(params: dict[str, Any]) -> Job | None:
    """Read the job that older node pools send to a proxy: a template, and places for its nonces."""
    job_id, blob = label(params.get("job_id")), params["blocktemplate_blob"]
    difficulty = number(params.get("target_diff"))
    if (
        job_id is None
        or not is_any_hex(blob)
        or len(blob) < 86
        or small(params.get("reserved_offset")) is None
    ):
        return None
    algorithm = text(params.get("algo"), 32)
    hashes = difficulty if difficulty is not None and difficulty > 0 else None
    return Job(
        CRYPTONOTE,
        job_id,
        algorithm,
        height=height(params.get("height")),
        hashes=hashes,
        blob=cryptonote_blob.read(blob),
        seeded=is_hex(params.get("seed_hash"), 64),
    )


def login(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read login {login, pass, agent, rigid, algo, mode}."""
    params: dict[str, Any] = message.params
    user, agent = params.get("login"), params.get("agent")
    if not isinstance(user, str) or not isinstance(agent, str | None):
        session.ask(message, None)
        return []
    account = read_account(user)
    algorithms = texts(params.get("algo"), MAX_ALGORITHMS)
    wallet = account.wallet is not None and len(account.wallet) != 64  # 64 hex may be any hash
    sure = agent is not None and (bool(algorithms) or wallet or session.protocol == CRYPTONOTE)
    if sure:
        session.decide(CRYPTONOTE, Grade.DECLARED)
    fields: dict[str, Any] = {
        "method": "login",
        "user": text(user),
        "wallet": text(account.wallet),
        "coin": account.coin,
        "worker": text(params.get("rigid")) or text(account.worker) or None,
        "agent": text(agent),
        "algorithms": algorithms,
    }
    session.ask(message, login_answer)
    if sure:
        session.held = session.held_answer = None
        return [session.event(Login, message, **fields)]
    session.held_answer = None
    session.held = Login(protocol=CRYPTONOTE, side=message.side, offset=message.offset, **fields)
    return []


def login_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read {id, job, extensions, status}, an error, or Grin's "ok"."""
    failure = failure_of(message.error)
    if session.held is not None:
        if failure is not None:
            session.held = None
            return []
    elif failure is not None:
        return [session.event(LoginResult, message, accepted=False, message=failure.message)]
    result = message.result
    if not isinstance(result, dict):
        return _accepted(session, message) if result == "ok" else []
    job = job_of(result.get("job"))
    if job is not None:
        session.decide(CRYPTONOTE, Grade.WORK)
        work = session.work(message, job)
        return [*work[:-1], session.event(LoginResult, message, accepted=True), work[-1]]
    autoconfig = isinstance(result.get("algo"), str) and is_any_hex(result.get("extra_nonce"))
    if autoconfig:  # XMRig's: KawPow or GhostRider follow, in Bitcoin's vocabulary
        session.algorithm = text(result["algo"], 32)
    told = autoconfig or (result.get("status") == "OK" and "id" in result)
    return _accepted(session, message) if told else []


def _accepted(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Tell that a login was accepted: at once, or once the login itself is told."""
    if session.held is None:
        return [session.event(LoginResult, message, accepted=True)]
    session.held_answer = LoginResult(
        protocol=session.protocol, side=message.side, offset=message.offset, accepted=True
    )
    return []


def unasked(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Tell of a job in a response whose request was not seen: its structure is proof enough."""
    result = message.result
    if not isinstance(result, dict):
        return []
    job = job_of(result.get("job")) or job_of(result)
    return session.work(message, job) if job is not None else []


def job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read a job notification."""
    found = job_of(message.params)
    return session.work(message, found) if found is not None else []


def submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read submit {id, job_id, nonce, result}."""
    params: dict[str, Any] = message.params
    nonce, job_id = params.get("nonce"), label(params.get("job_id"))
    if job_id is None or not is_hex(params.get("result"), 64) or not (is_hex(nonce, 8) or is_hex(nonce, 16)):
        session.ask(message, None)
        return []
    session.decide(CRYPTONOTE, Grade.SHAPE)
    session.ask(message, share_answer)
    released = session.release()
    space = bytes.fromhex(nonce)[::-1].hex() if isinstance(nonce, str) and len(nonce) == 8 else None
    return [*released, session.event(Submit, message, job_id=job_id, space=space)]


def other(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read keepalived, getjob and block_template, where CryptoNote is known to be spoken."""
    if session.protocol != CRYPTONOTE:
        session.ask(message, None)
        return []
    session.ask(message, other_answer)
    return [session.event(Request, message, method=message.method)]


def other_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read a job, or a refusal; "KEEPALIVED" says nothing new."""
    failure = failure_of(message.error)
    if failure is not None:
        return [
            session.event(Refused, message, method=asked.method, code=failure.code, message=failure.message)
        ]
    return unasked(session, message)
