"""getwork: a miner asks a node or pool for a block header over HTTP, and brings the solved one back.

Two generations: Bitcoin's `getwork` (one method for both, a header padded to hash, a target), and Ethereum's
`eth_getWork`, `eth_submitWork`, `eth_submitHashrate`. What the pool says beside the work is in headers.
Sources: cpuminer, cgminer (X-Mining-Extensions, X-Long-Polling, X-Roll-NTime, X-Reject-Reason, X-Stratum,
X-Mining-Hashrate), ethminer; docs/protocols/getwork.md.
"""

from collections.abc import Callable, Iterable
from typing import Any

from protocols.events import (
    LoginResult,
    Notice,
    PoolEvent,
    ReportedHashrate,
    Request,
    ShareResult,
    Submit,
    Work,
)
from protocols.http_calls import (
    GETWORK,
    Asked,
    Call,
    Reply,
    Visit,
    event,
    hashes_of_bits,
    login,
    refusal,
    share_refusal,
    worker_of,
)
from protocols.http_head import Head
from protocols.jsonrpc import text
from protocols.stratum_ethereum import read_hashrate
from protocols.stratum_ethproxy import notify
from protocols.stratum_shapes import is_0x, is_any_hex, is_hex
from protocols.targets import hashes_of_target

HEADER_DIGITS = 256
"""Hex digits of `data`: a Bitcoin header padded to two blocks of SHA-256."""
LEAST_DIGITS, MOST_DIGITS = 160, 512
"""Hex digits of `data` in other coins: from a bare Bitcoin header to twice Decred's padded one (384)."""
_BITS_AT = 2 * 72  # hex digit of nBits: the words of `data` are swapped, so it reads highest byte first

Told = tuple[list[PoolEvent], Call | None]


def asked(visit: Visit, request: Asked) -> Told | None:
    """Read one request; None where it is none of these, or not in the shape of one."""
    reader = _METHODS.get(request.message.method or "")
    told = reader(request) if reader is not None else None
    if told is None:
        return None
    ethereum = (request.message.method or "").startswith("eth_")
    return [*visit.introduce(request, GETWORK, wallet=ethereum), *told[0]], told[1]


def long_poll(visit: Visit, request: Asked) -> Told:
    """Read a request without a body that says itself to be a miner's (X-Mining-Extensions)."""
    told = visit.introduce(request, GETWORK)
    call = Call(GETWORK, "getwork", None, _work_answer)
    return [*told, event(Request, GETWORK, request, method="getwork")], call


def unasked(reply: Reply) -> list[PoolEvent]:
    """Read work of which the request was not seen, or was no more than a path: in Bitcoin's shape only."""
    result = reply.message.result if reply.message is not None else None
    if not isinstance(result, dict) or not is_hex(result.get("data"), HEADER_DIGITS):
        return []
    return list(_work_answer(Call(GETWORK, "getwork", None, _work_answer), reply))


def notices(call: Call, reply: Reply) -> list[PoolEvent]:
    """Tell where the pool sends its miners instead: X-Stratum."""
    elsewhere = text(reply.head.value("x-stratum"))
    return [call.event(Notice, reply, method="X-Stratum", text=elsewhere)] if elsewhere else []


def speaks(head: Head) -> bool:
    """Say whether a request's head is a miner's, whatever it asks for."""
    return bool(head.value("x-mining-extensions") or head.value("x-mining-hashrate"))


def _params(request: Asked) -> list[Any] | None:
    params = request.message.params
    return [] if params is None else params if isinstance(params, list) else None


def _request(request: Asked, answer: Callable[[Call, Reply], Iterable[PoolEvent]]) -> Told:
    method = request.message.method or ""
    call = Call(GETWORK, method, request.message.id, answer)
    return [event(Request, GETWORK, request, method=method)], call


def _getwork(request: Asked) -> Told | None:
    """`getwork` []: asks; [data]: submits."""
    params = _params(request)
    if params is None:
        return None
    if not params:
        return _request(request, _work_answer)
    data = params[0]
    if not is_any_hex(data) or not LEAST_DIGITS <= len(data) <= MOST_DIGITS:
        return None
    return [event(Submit, GETWORK, request, worker=worker_of(request.head))], _share(request)


def _share(request: Asked) -> Call:
    return Call(GETWORK, request.message.method or "", request.message.id, _share_answer)


def _work_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """{data, target(, midstate, hash1)}: the header to solve and the target, little-endian."""
    result = reply.message.result if reply.message is not None else None
    if not isinstance(result, dict) or reply.head.status != 200:
        return refusal(call, reply)
    data, target = result.get("data"), result.get("target")
    if not isinstance(data, str) or not is_any_hex(data):
        return []
    if not isinstance(target, str) or not is_hex(target, 64):
        return []
    if len(data) % 2 or not LEAST_DIGITS <= len(data) <= MOST_DIGITS:
        return []
    hashes = hashes_of_target(int.from_bytes(bytes.fromhex(target), "little"))
    if hashes is None:
        return []
    bitcoin = len(data) == HEADER_DIGITS
    network = hashes_of_bits(data[_BITS_AT : _BITS_AT + 8]) if bitcoin else None
    return [call.event(Work, reply, hashes=hashes, network_hashes=network)]


def _share_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """True or false, the reason in X-Reject-Reason."""
    result = reply.message.result if reply.message is not None else None
    if result is True and reply.head.status == 200:
        return [call.event(ShareResult, reply, accepted=True)]
    refused = share_refusal(call, reply)
    if refused or result is not False:
        return refused
    why = text(reply.head.value("x-reject-reason")) or None
    return [call.event(ShareResult, reply, accepted=False, message=why)]


def _eth_get_work(request: Asked) -> Told | None:
    return _request(request, _eth_work_answer) if _params(request) == [] else None


def _eth_work_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """[header hash, seed hash, target(, block number)]."""
    result = reply.message.result if reply.message is not None else None
    if not isinstance(result, list) or len(result) not in (3, 4) or reply.head.status != 200:
        return refusal(call, reply)
    job = notify(result)
    if job is None or job.hashes is None:
        return []
    return [
        call.event(
            Work, reply, job_id=job.job_id, algorithm=job.algorithm, height=job.height, hashes=job.hashes
        )
    ]


def _eth_submit(request: Asked) -> Told | None:
    """[nonce, header hash, mix hash], the worker in a key of its own or in the URL."""
    params = _params(request)
    if params is None or len(params) < 3:
        return None
    if not (is_0x(params[0], 16) and is_0x(params[1], 64) and is_0x(params[2], 64)):
        return None
    worker = text(request.message.body.get("worker")) or worker_of(request.head)
    return [event(Submit, GETWORK, request, job_id=text(params[1]), worker=worker)], _share(request)


def _eth_hashrate(request: Asked) -> Told | None:
    claimed = read_hashrate(request.message.params)
    if claimed is None:
        return None
    if claimed == 0:
        return _request(request, _no_answer)  # nothing is claimed yet
    return [event(ReportedHashrate, GETWORK, request, hashrate=claimed)], _call(request, _no_answer)


def _eth_login(request: Asked) -> Told | None:
    params = _params(request)
    if not params or not isinstance(params[0], str):
        return None
    return [login(request, GETWORK, params[0])], _call(request, _login_answer)


def _call(request: Asked, answer: Callable[[Call, Reply], Iterable[PoolEvent]]) -> Call:
    return Call(GETWORK, request.message.method or "", request.message.id, answer)


def _login_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    result = reply.message.result if reply.message is not None else None
    if result is True and reply.head.status == 200:
        return [call.event(LoginResult, reply, accepted=True)]
    refused = refusal(call, reply)
    return [call.event(LoginResult, reply, accepted=False)] if result is False and not refused else refused


def _no_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    return refusal(call, reply)


_METHODS: dict[str, Callable[[Asked], Told | None]] = {
    "getwork": _getwork,
    "eth_getWork": _eth_get_work,
    "eth_submitWork": _eth_submit,
    "eth_submitHashrate": _eth_hashrate,
    "eth_submitLogin": _eth_login,
}
