"""EthereumStratum/1.0.0 (NiceHash), 2.0.0 (EIP-1571), and the generic mode that ethminer calls `stratum`.

The generic mode is Bitcoin's vocabulary around the (header, seed, target) of eth_getWork. With `0x` it is
work of eth-proxy in other clothes and named so; without, nothing on the wire names a dialect, and it keeps
the name of its words. Sources: EthereumStratum_NiceHash_v1.0.0, EIP-1571, ethminer;
docs/protocols/stratum-ethereum.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import Difficulty, Notice, PoolEvent, ReportedHashrate, Request, Subscribe, Subscribed
from protocols.jsonrpc import Message, text
from protocols.stratum_session import (
    ALEPHIUM,
    ETHEREUM,
    ETHPROXY,
    Asked,
    Grade,
    Job,
    Session,
    no_answer,
)
from protocols.stratum_shapes import flag, is_any_hex, is_hex, label
from protocols.targets import hashes_of_hex

NAME = "EthereumStratum/"
ALEPHIUM_NAME = "AlephiumStratum/"
"""Whose mining.hello has the same words."""
ALGORITHM = "ethash"
"""The family: nothing on the wire tells Ethash from Etchash."""
MAX_HASHRATE_DIGITS = 64
"""ethminer pads hashrates to 32 bytes."""


def notify(params: list[Any]) -> Job | None:
    """1.0.0: [job, seed hash, header hash, clean]; 2.0.0: [job, height, header hash, clean as "0" or "1"]."""
    job_id, seed, header, clean = params
    if not is_hex(header, 64):
        return None
    if is_hex(seed, 64) and isinstance(clean, bool):
        return Job(ETHEREUM, label(job_id), ALGORITHM, clean=clean)
    if is_any_hex(seed) and len(seed) <= 8 and clean in ("0", "1"):
        return Job(ETHEREUM, label(job_id), height=int(seed, 16), clean=clean == "1")
    return None


def notify_generic(params: list[Any]) -> Job | None:
    """[job, header hash, seed hash, target, clean], as ethminer's mode `stratum` has it."""
    job_id, clean = params[0], flag(params[4])
    header, seed, target = (_bare(value) for value in params[1:4])
    if clean is None or not (is_hex(header, 64) and is_hex(seed, 64) and is_hex(target, 64)):
        return None
    protocol = ETHPROXY if params[1][:2] in ("0x", "0X") else None
    return Job(protocol, label(job_id), ALGORITHM, clean=clean, hashes=hashes_of_hex(target))


def is_declared(result: list[Any]) -> bool:
    """Tell an answer [["mining.notify", id, "EthereumStratum/1.0.0"], extranonce]."""
    return isinstance(result[0], list) and any(
        isinstance(part, str) and part.startswith(NAME) for part in result[0]
    )


def is_share(params: list[Any]) -> bool:
    """[user, job, nonce of at most 8 bytes without the pool's part]."""
    return len(params) == 3 and is_any_hex(params[2]) and len(params[2]) <= 16


def hello(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.hello {agent, host, port, proto}, or AlephiumStratum's [agent, proto]."""
    params = message.params if isinstance(message.params, dict) else {}
    if isinstance(message.params, list) and len(message.params) >= 2:
        params = {"agent": message.params[0], "proto": message.params[1]}
    proto = params.get("proto")
    named = isinstance(proto, str) and proto.startswith((NAME, ALEPHIUM_NAME))
    alephium = named and str(proto).startswith(ALEPHIUM_NAME)
    session.decide(ALEPHIUM if alephium else ETHEREUM, Grade.DECLARED if named else Grade.WORDS)
    session.begun = session.packing = True
    event = session.event(
        Subscribe,
        message,
        method="mining.hello",
        agent=text(params.get("agent")),
        pool_host=text(params.get("host")),
    )
    session.ask(message, hello_answer)
    return [event]


def hello_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read {proto, encoding, resume, timeout, maxerrors, node}, or AlephiumStratum's array of them."""
    result = message.result
    if isinstance(result, list) and result and isinstance(result[0], str):
        if not result[0].startswith(ALEPHIUM_NAME):
            return []
        session.decide(ALEPHIUM, Grade.DECLARED)
        return [session.event(Subscribed, message)]
    if isinstance(result, dict) and isinstance(proto := result.get("proto"), str) and proto.startswith(NAME):
        session.decide(ETHEREUM, Grade.DECLARED)
        session.packed |= result.get("encoding") == "gzip"
        return [session.event(Subscribed, message)]
    return []


def set_parameters(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.set {epoch, target, algo, extranonce}: what later jobs leave out."""
    params = message.params
    if not isinstance(params, dict) or not params.keys() & {"epoch", "target", "algo", "extranonce"}:
        return []
    session.decide(ETHEREUM, Grade.SHAPE)
    hashes = hashes_of_hex(params.get("target"))
    if hashes is None:
        event: PoolEvent = session.event(Notice, message, method="mining.set")
    else:
        event = session.event(Difficulty, message, hashes=hashes)
        session.difficulty = None
    session.algorithm = text(params.get("algo"), 32) or session.algorithm
    return [event]


def hashrate(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.hashrate [hex, worker]."""
    claimed = read_hashrate(message.params)
    if claimed is None:
        return []
    session.decide(ETHEREUM, Grade.WORDS)
    session.ask(message, no_answer)
    return [session.event(ReportedHashrate, message, hashrate=claimed)]


def read_hashrate(params: object) -> float | None:
    """Return the hashes a second of [hex with or without `0x`, ...]."""
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        return None
    digits = _bare(params[0])
    if not is_any_hex(digits) or len(digits) > MAX_HASHRATE_DIGITS:
        return None
    return float(int(digits, 16))


def either(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.noop and mining.bye, which both sides say."""
    if session.miner is None:
        return []
    if message.side is session.miner:
        session.ask(message, no_answer)
        return [session.event(Request, message, method=message.method)]
    return [session.event(Notice, message, method=message.method)]


def _bare(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value[2:] if value[:2] in ("0x", "0X") else value
