"""eth-proxy: Ethereum's getwork methods over plain TCP, one JSON object a line, jobs pushed.

A pushed job looks like a response to nothing: `result` with header hash, seed hash and target, under a fixed
id. Node RPC answers with arrays of hashes, too (eth_getFilterChanges), so the third has to be a target: asked
for, or said where mining is spoken, or beginning with zeros as every pool's target does.
Sources: open-ethereum-pool docs/STRATUM.md, ethminer; docs/protocols/stratum-ethproxy.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import Login, LoginResult, PoolEvent, Refused, ReportedHashrate, Request, Submit
from protocols.jsonrpc import Message, failure_of, text
from protocols.stratum_ethereum import ALGORITHM, read_hashrate
from protocols.stratum_session import ETHPROXY, Asked, Grade, Job, Session, no_answer, share_answer
from protocols.stratum_shapes import MAX_HEIGHT, is_0x, is_any_hex
from protocols.targets import hashes_of_hex
from protocols.wallets import read_account

_MOST_HASHES = 2.0**80
"""No share and no block of an Ethash chain is worth as much; an address padded to 32 bytes would be 2^96."""
_TARGET_ZEROS = "0x00000"
"""A share worth 2^20 hashes: pools of the Ethash family ask for more, and one hash in a million begins so."""


def notify(params: list[Any]) -> Job | None:
    """[header hash, seed hash, target(, block number)], all `0x`: the result of eth_getWork."""
    header, seed, target = params[:3]
    if not (is_0x(header, 64) and is_0x(seed, 64) and _is_target(target)):
        return None
    block = None
    if len(params) == 4:
        if not isinstance(params[3], str) or params[3][:2] != "0x" or not is_any_hex(params[3][2:]):
            return None
        block = int(params[3], 16) if len(params[3]) <= 18 else MAX_HEIGHT
        if block >= MAX_HEIGHT:
            return None
    return Job(ETHPROXY, text(header), ALGORITHM, height=block, hashes=hashes_of_hex(target))


def _is_target(value: object) -> bool:
    if not isinstance(value, str) or value[:2] != "0x":
        return False
    hashes = hashes_of_hex(value)
    return hashes is not None and hashes < _MOST_HASHES


def pushed(session: Session, message: Message, asked: Asked | None) -> list[PoolEvent]:
    """Tell of the job in an array result, whether asked for or not; nothing where it is none."""
    result = message.result
    if len(result) not in (3, 4) or (job := notify(result)) is None:
        return []
    known = session.protocol == ETHPROXY and session.grade >= Grade.DECLARED
    if (
        not known
        and (asked is None or asked.method != "eth_getWork")
        and not result[2].startswith(_TARGET_ZEROS)
    ):
        return []
    return session.work(message, job)


def login(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read eth_submitLogin [user, password], the worker in a key of its own."""
    params = message.params
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        return []
    session.decide(ETHPROXY, Grade.DECLARED)
    session.ask(message, login_answer)
    account = read_account(params[0])
    return [
        session.event(
            Login,
            message,
            method="eth_submitLogin",
            user=text(params[0]),
            wallet=text(account.wallet),
            coin=account.coin,
            worker=text(account.worker) or text(message.body.get("worker")) or None,
        )
    ]


def login_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read true, or false or an error."""
    failure = failure_of(message.error)
    if failure is not None or message.result is False:
        return [
            session.event(LoginResult, message, accepted=False, message=failure.message if failure else None)
        ]
    return [session.event(LoginResult, message, accepted=True)] if message.result is True else []


def get_work(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read eth_getWork; its answer is read by `pushed`."""
    if message.params not in (None, []):
        return []
    session.decide(ETHPROXY, Grade.WORDS)
    session.ask(message, refused)
    return [session.event(Request, message, method="eth_getWork")]


def refused(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the refusal of a request."""
    failure = failure_of(message.error)
    if failure is None and message.result is not False:
        return []
    code, words = (failure.code, failure.message) if failure else (None, None)
    return [session.event(Refused, message, method=asked.method, code=code, message=words)]


def submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read eth_submitWork [nonce, header hash, mix hash]."""
    params = message.params
    if not isinstance(params, list) or len(params) < 3:
        return []
    if not (is_0x(params[0], 16) and is_0x(params[1], 64) and is_0x(params[2], 64)):
        return []
    session.decide(ETHPROXY, Grade.SHAPE)
    session.ask(message, share_answer)
    return [
        session.event(
            Submit, message, job_id=text(params[1]), worker=text(message.body.get("worker")) or None
        )
    ]


def hashrate(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read eth_submitHashrate [hex, client id]; miners of other dialects send it, too."""
    claimed = read_hashrate(message.params)
    if claimed is None:
        return []
    session.decide(ETHPROXY, Grade.WORDS)
    session.ask(message, no_answer)
    return [session.event(ReportedHashrate, message, hashrate=claimed)]
