"""Stratum of Grin (Cuckatoo, Cuckaroo) and of Epic Cash: words of their own, answers that repeat the method.

`login`, `job` and `submit` are words of many programs: a job has pre_pow and difficulty, a share has
edge_bits and the edges of its cycle, and a login is told once one of them proves it. NiceHash adds `cleanjob`
and `xn`. Epic Cash mines by three algorithms: its jobs name one and list the difficulty of each, its shares
say under the algorithm's name what proves them.
Sources: grin doc/stratum.md, NiceHash's Grin page, epic-miner core/src/types.rs and src/bin/types.rs, epic
servers/src/mining/stratumserver.rs; docs/protocols/stratum-others.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import PoolEvent, Refused, Request, ShareResult, Submit
from protocols.jsonrpc import Message, failure_of, number, small, text
from protocols.stratum_session import GRIN, Asked, Grade, Job, Session, share_answer
from protocols.stratum_shapes import flag, height, is_any_hex, label

_EDGES = 42
"""Of the cycle that proves the work."""
_EDGE_BITS = range(10, 64)
"""What a graph's size may be, as a power of two: 29 to 32 in use."""
_EPIC = "EPIC"
_HASH = 32
"""Bytes, each a number of its own, of a RandomX hash or a ProgPow mix."""
_LEAST_HEADER = 384
"""Hex digits of a header's six hashes alone."""


def job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read a job {difficulty, height, job_id, pre_pow}."""
    found = job_of(message.params)
    return session.work(message, found) if found is not None else []


def job_of(params: object) -> Job | None:
    """Read a job object."""
    if not isinstance(params, dict):
        return None
    algorithm, coin = "cuckatoo", "GRIN"
    if number(params.get("difficulty")) is None:
        if not _by_algorithm(params.get("difficulty")) or not isinstance(params.get("algorithm"), str):
            return None
        algorithm, coin = params["algorithm"].lower(), _EPIC
    header = params.get("pre_pow")
    if not isinstance(header, str) or len(header) < _LEAST_HEADER or not is_any_hex(header):
        return None
    return Job(
        GRIN,
        label(params.get("job_id")),
        text(algorithm),
        coin,
        height(params.get("height")),
        flag(params.get("cleanjob")),
    )


def _by_algorithm(difficulty: object) -> bool:
    """Say whether this is Epic's list of difficulties: [algorithm, number], one or more."""
    return (
        isinstance(difficulty, list)
        and bool(difficulty)
        and all(isinstance(one, list) and len(one) == 2 for one in difficulty)
        and all(isinstance(name, str) and number(value) is not None for name, value in difficulty)
    )


def submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read a share {edge_bits, height, job_id, nonce, pow}, Epic's without edge_bits."""
    params: dict[str, Any] = message.params
    proof = params.get("pow")
    if not (_is_epics(proof) if isinstance(proof, dict) else _is_cycle(params.get("edge_bits"), proof)):
        return []
    session.decide(GRIN, Grade.SHAPE)
    session.ask(message, share_answer_of)
    released = session.release()
    return [*released, session.event(Submit, message, job_id=label(params.get("job_id")))]


def _is_cycle(edge_bits: object, edges: object) -> bool:
    """Say whether these are the edges of a cycle in a graph of 2^edge_bits."""
    if small(edge_bits) not in _EDGE_BITS or not isinstance(edges, list) or len(edges) != _EDGES:
        return False
    return all(type(edge) is int for edge in edges)


def _is_epics(proof: dict[str, Any]) -> bool:
    """Say whether this is {"Cuckoo": [edge_bits, edges]}, {"RandomX": hash} or {"ProgPow": mix}."""
    if len(proof) != 1:
        return False
    [(name, value)] = proof.items()
    if not isinstance(value, list):
        return False
    if name == "Cuckoo":
        return len(value) == 2 and _is_cycle(*value)
    octets = len(value) == _HASH and all(type(one) is int and 0 <= one < 256 for one in value)
    return octets and name in ("RandomX", "ProgPow")


def share_answer_of(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read "ok" or "blockfound - hash", or an error."""
    if isinstance(message.result, str) and message.result.startswith(("ok", "blockfound")):
        return [session.event(ShareResult, message, accepted=True)]
    return share_answer(session, message, asked)


def get_job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read getjobtemplate: a word of Grin's alone, yet a bare one; its answer is a job or nothing."""
    session.ask(message, work_answer)
    if session.protocol != GRIN:
        return []
    return [session.event(Request, message, method="getjobtemplate")]


def work_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the job in an answer; or a refusal (-32000 syncing, -32500 login first), where Grin is spoken."""
    found = job_of(message.result)
    if found is not None:
        return session.work(message, found)
    failure = failure_of(message.error)
    if failure is None or session.protocol != GRIN:
        return []
    return [session.event(Refused, message, method=asked.method, code=failure.code, message=failure.message)]


def other(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read keepalive and status, where Grin is known to be spoken; their answers say nothing new."""
    if session.protocol != GRIN:
        session.ask(message, None)
        return []
    session.ask(message, work_answer)
    return [session.event(Request, message, method=message.method)]
