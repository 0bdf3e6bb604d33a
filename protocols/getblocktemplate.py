"""getblocktemplate: who mines alone, or runs a pool, asks a node for a block to fill in, over HTTP.

Bitcoin's (BIP 22, BIP 23), CryptoNote's daemon mode (XMRig), and their kin: merged mining (getauxblock),
BSV's mining candidates, P2Pool's get_miner_data. A template is some kilobytes to megabytes long, so one that
is longer than what is kept is told by its two ends. docs/protocols/getblocktemplate.md.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from protocols.events import PoolEvent, Request, ShareResult, Submit, Work
from protocols.http_body import Body
from protocols.http_calls import (
    TEMPLATE,
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
from protocols.jsonrpc import number, text
from protocols.stratum_shapes import height, is_any_hex, is_hex
from protocols.targets import hashes_of_hex
from protocols.template_coins import of_daemon, of_template
from protocols.wallets import quick_coins_of

LEAST_BLOCK = 160
"""Hex digits of the shortest block or solution: 80 bytes of a header."""
HEIGHT_PATHS = frozenset({"/getheight", "/get_height", "/getinfo", "/get_info"})
"""What daemon-mode miners poll for a new block; wallets do, too, so it says nothing by itself."""

Told = tuple[list[PoolEvent], Call | None]

_PAIR = rb'"(?:id|jsonrpc|version)"\s*:\s*(?:"[^"\\\]]{0,128}"|[0-9.null-]{1,24})\s*'
_NAME = rb'"method"\s*:\s*"(submit_?block|submitauxblock)"'
_METHOD = re.compile(rb"\A\s*\{\s*(?:" + _PAIR + rb",\s*)*" + _NAME)
"""The method before its parameters."""
_METHOD_LAST = re.compile(rb"\]\s*(?:,\s*" + _PAIR + rb")*,\s*" + _NAME + rb"[^\[\]{]*\}\s*\Z")
"""The method behind its parameters."""
_PREVIOUS = re.compile(rb'"previousblockhash"\s*:\s*"([0-9a-fA-F]{64})"')
_BITS = re.compile(rb'"bits"\s*:\s*"([0-9a-fA-F]{8})"')
_CURTIME = re.compile(rb'"curtime"\s*:\s*([0-9]{9,11})')
_HEIGHT = re.compile(rb'"height"\s*:\s*([0-9]{1,12})\s*[,}]')
_TARGET = re.compile(rb'"target"\s*:\s*"([0-9a-fA-F]{64})"')
_BLOB = re.compile(rb'"block(?:template|hashing)_blob"\s*:\s*"[0-9a-f]{152}')
_DIFFICULTY = re.compile(rb'"difficulty"\s*:\s*([0-9]{1,18})\s*[,}]')
_PREV_HASH = re.compile(rb'"prev_hash"\s*:\s*"[0-9a-f]{64}"')


def asked(visit: Visit, request: Asked) -> Told | None:
    """Read one request; None where it is none of these, or not in the shape of one."""
    reader = _METHODS.get(request.message.method or "")
    told = reader(request) if reader is not None else None
    if told is None:
        return None
    visit.templates = True
    return [*visit.introduce(request, TEMPLATE), *told[0]], told[1]


def polled(visit: Visit, request: Asked) -> Told | None:
    """Read a poll for the height; nothing unless templates are asked for in the same stream."""
    path = request.head.target.partition("?")[0]
    if path not in HEIGHT_PATHS or not visit.templates:
        return None
    return [event(Request, TEMPLATE, request, method=path[1:])], None


def long_submit(visit: Visit, request: Asked, body: Body) -> Told | None:
    """Read a block too long to be kept whole, by the ends of its message."""
    if body.damaged:
        return None
    found = _METHOD.match(body.data[:4096]) or _METHOD_LAST.search(body.tail)
    if found is None:
        return None
    visit.templates = True
    call = Call(TEMPLATE, found.group(1).decode(), None, _block_answer)
    share = event(Submit, TEMPLATE, request, worker=worker_of(request.head))
    return [*visit.introduce(request, TEMPLATE), share], call


def unasked(reply: Reply) -> list[PoolEvent]:
    """Read a template of which the request was not seen; nothing else has its keys."""
    if not isinstance(reply.message and reply.message.result, dict) or reply.head.status != 200:
        return []
    return list(_template_answer(Call(TEMPLATE, "getblocktemplate", None, _template_answer), reply))


def _params(request: Asked) -> list[Any] | dict[str, Any] | None:
    params = request.message.params
    return [] if params is None else params if isinstance(params, list | dict) else None


def _call(request: Asked, answer: Callable[[Call, Reply], Iterable[PoolEvent]]) -> Call:
    return Call(TEMPLATE, request.message.method or "", request.message.id, answer)


def _template(request: Asked) -> Told | None:
    """Read [], [{capabilities, rules, longpollid, ...}] or, in CryptoNote, {wallet_address, ...}."""
    params = _params(request)
    if params is None:
        return None
    told: list[PoolEvent] = []
    if isinstance(params, dict):
        wallet = params.get("wallet_address")
        if not isinstance(wallet, str):
            return None
        if quick_coins_of(wallet) is not None:
            told.append(login(request, TEMPLATE, wallet))
    elif params and not isinstance(params[0], dict):
        return None
    told.append(event(Request, TEMPLATE, request, method=request.message.method))
    return told, _call(request, _template_answer)


def _plain(request: Asked) -> Told | None:
    """Read a request for work with no parameters that matter."""
    if _params(request) is None:
        return None
    told = event(Request, TEMPLATE, request, method=request.message.method)
    return [told], _call(request, _template_answer)


def _aux(request: Asked) -> Told | None:
    """Read getauxblock []: asks; [hash, proof]: submits."""
    params = request.message.params
    return _submit(request) if isinstance(params, list) and len(params) == 2 else _plain(request)


def _submit(request: Asked) -> Told | None:
    """Read [block hex(, ...)], or [block hash, proof of the parent chain's work]."""
    params = request.message.params
    if not isinstance(params, list) or not params:
        return None
    solution = params[-1] if is_hex(params[0], 64) else params[0]
    if not is_any_hex(solution) or len(solution) < LEAST_BLOCK:
        return None
    told = event(Submit, TEMPLATE, request, worker=worker_of(request.head))
    return [told], _call(request, _block_answer)


def _solution(request: Asked) -> Told | None:
    """Read submitminingsolution [{id, nonce, coinbase, ...}]."""
    match request.message.params:
        case [{"id": str(job_id), "nonce": int()}] | [{"id": str(job_id), "nonce": int()}, *_]:
            told = event(Submit, TEMPLATE, request, job_id=text(job_id), worker=worker_of(request.head))
            return [told], _call(request, _block_answer)
    return None


def _template_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """Read a template, of whichever kind, whole or by its ends."""
    if reply.head.status != 200:
        return refusal(call, reply)
    if reply.message is None:
        return [] if reply.body.whole or reply.body.damaged else _long_template(call, reply)
    result = reply.message.result
    if not isinstance(result, dict):
        return refusal(call, reply)
    for shape in (_bitcoin, _cryptonote, _candidate):
        told = shape(result)
        if told is not None:
            return [call.event(Work, reply, **told)]
    return []


def _bitcoin(result: dict[str, Any]) -> dict[str, Any] | None:
    """BIP 22's template, or a block to be mined along with another chain's (getauxblock)."""
    bits = result.get("bits")
    if not is_hex(result.get("previousblockhash"), 64) or not isinstance(bits, str) or not is_hex(bits, 8):
        return None
    aux = is_hex(result.get("hash"), 64) and type(result.get("chainid")) is int
    block = height(result.get("height"))
    if not aux and (type(result.get("curtime")) is not int or block is None):
        return None
    work_id = result.get("hash") if aux else result.get("workid")
    coin, algorithm = (None, None) if aux else of_template(result)
    return {
        "job_id": text(work_id),
        "algorithm": algorithm,
        "coin": coin,
        "height": block,
        "hashes": hashes_of_hex(result.get("target")),
        "network_hashes": hashes_of_bits(bits),
    }


def _cryptonote(result: dict[str, Any]) -> dict[str, Any] | None:
    """A CryptoNote daemon's template; or what P2Pool asks for to make its own (get_miner_data)."""
    difficulty = result.get("difficulty")
    block = height(result.get("height"))
    if is_hex(result.get("prev_hash"), 64) and is_any_hex(result.get("blocktemplate_blob")):
        hashes = number(difficulty)
    elif is_hex(result.get("prev_id"), 64) and type(result.get("major_version")) is int:
        hashes = _wide(difficulty)
    else:
        return None
    if not hashes or block is None:
        return None
    coin, algorithm = of_daemon(result)
    return {
        "algorithm": algorithm,
        "coin": coin,
        "height": block,
        "hashes": hashes,
        "network_hashes": hashes,
    }


def _wide(difficulty: object) -> float | None:
    """Return a difficulty of up to 128 bits, in hex digits after `0x`; or a plain number."""
    if isinstance(difficulty, str) and difficulty[:2] == "0x":
        digits = difficulty[2:]
        return float(int(digits, 16)) if is_any_hex(digits) and len(digits) <= 32 else None
    return number(difficulty)


def _candidate(result: dict[str, Any]) -> dict[str, Any] | None:
    """BSV's mining candidate: the coinbase and a branch instead of all transactions."""
    bits, job_id = result.get("nBits"), result.get("id")
    if not is_hex(result.get("prevHash"), 64) or not isinstance(bits, str) or not is_hex(bits, 8):
        return None
    if not isinstance(job_id, str) or not isinstance(result.get("merkleProof"), list):
        return None
    block = height(result.get("height"))
    return {"job_id": text(job_id), "height": block, "network_hashes": hashes_of_bits(bits)}


def _long_template(call: Call, reply: Reply) -> list[PoolEvent]:
    """Read a template longer than what is kept; its answer to a request for one is known."""
    ends = (reply.body.data, reply.body.tail)
    block = _last(_HEIGHT, ends)
    if block is None:
        return []
    coin = algorithm = None
    curtime = _last(_CURTIME, ends)
    if _last(_PREVIOUS, ends) and curtime and (bits := _last(_BITS, ends)):
        target = _last(_TARGET, ends)
        told_of = {"bits": bits.decode(), "curtime": int(curtime), "height": int(block)}
        coin, algorithm = of_template(told_of)
        hashes = hashes_of_hex(target.decode()) if target else None
        network = hashes_of_bits(bits.decode())
    elif _last(_PREV_HASH, ends) and _BLOB.search(ends[0]) and (difficulty := _last(_DIFFICULTY, ends)):
        hashes = network = float(difficulty) or None
    else:
        return []
    told = call.event(
        Work,
        reply,
        algorithm=algorithm,
        coin=coin,
        height=height(int(block)),
        hashes=hashes,
        network_hashes=network,
    )
    return [told]


def _last(pattern: re.Pattern[bytes], ends: tuple[bytes, bytes]) -> bytes | None:
    """Return what a pattern finds, in the end of a body rather than in its beginning."""
    for part in reversed(ends):
        found = pattern.search(part)
        if found is not None:
            return found.group(found.lastindex or 0)
    return None


def _block_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """Null, true or {status: "OK"} accepts; a word, an error or false refuses (BIP 22)."""
    message = reply.message
    if message is not None and "result" in message.body and not message.error and reply.head.status == 200:
        result = message.result
        status = result.get("status") if isinstance(result, dict) else None
        if result is None or result is True or status == "OK":
            return [call.event(ShareResult, reply, accepted=True)]
        if result is False or isinstance(result, str) or isinstance(status, str):
            why = text(result) or text(status)
            return [call.event(ShareResult, reply, accepted=False, message=why)]
        return []
    return share_refusal(call, reply)


_METHODS: dict[str, Callable[[Asked], Told | None]] = {
    "getblocktemplate": _template,
    "get_block_template": _template,
    "getauxblock": _aux,
    "createauxblock": _plain,
    "getminingcandidate": _plain,
    "get_miner_data": _plain,
    "submitblock": _submit,
    "submit_block": _submit,
    "submitauxblock": _submit,
    "submitminingsolution": _solution,
}
