"""Stratum of Alephium (BLAKE3): the reference pool's, and AlephiumStratum/1.0.0.

The reference pool speaks first (mining.set_difficulty), puts an array of job objects into mining.notify, and
takes an object in mining.submit. Its `targetBlob` is the block's target where the pool sets a difficulty.
AlephiumStratum/1.0.0 is EIP-1571's vocabulary with arrays and bare values, and may be compressed.
Sources: alephium/mining-pool, Alephium wiki "Alephium Stratum"; docs/protocols/stratum-others.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import Notice, PoolEvent, ReportedHashrate, Request, Submit
from protocols.jsonrpc import Message, text
from protocols.stratum_ethereum import read_hashrate
from protocols.stratum_session import ALEPHIUM, Asked, Grade, Job, Session, no_answer, share_answer
from protocols.stratum_shapes import flag, height, is_any_hex, label
from protocols.targets import hashes_of_hex
from protocols.wallets import read_account

_ALGORITHM, _COIN = "blake3", "ALPH"
_HEADER = 200
"""Hex digits that a header has at least: 21 hashes of dependencies alone are over a thousand."""


def jobs(params: list[Any]) -> Job | None:
    """[{jobId, fromGroup, toGroup, headerBlob, txsBlob, height, targetBlob}, ...], one a shard: the first."""
    first = params[0]
    if not isinstance(first, dict) or not is_any_hex(first.get("headerBlob")) or "fromGroup" not in first:
        return None
    return Job(
        ALEPHIUM,
        label(first.get("jobId")),
        _ALGORITHM,
        _COIN,
        height(first.get("height")),
        hashes=hashes_of_hex(first.get("targetBlob")),
    )


def notify(params: list[Any]) -> Job | None:
    """[job, chain index in hex, header]: AlephiumStratum/1.0.0."""
    job_id, chain, header = params
    if not is_any_hex(chain) or len(chain) > 4 or not is_any_hex(header) or len(header) < _HEADER:
        return None
    return Job(ALEPHIUM, label(job_id), _ALGORITHM, _COIN)


def submit(session: Session, message: Message, params: dict[str, Any]) -> Iterable[PoolEvent]:
    """Read {jobId, fromGroup, toGroup, nonce, worker}."""
    if label(params.get("jobId")) is None or not is_any_hex(params.get("nonce")):
        return []
    session.decide(ALEPHIUM, Grade.SHAPE)
    worker = params.get("worker")
    account = read_account(worker) if isinstance(worker, str) else None
    session.ask(message, share_answer)
    return [
        session.event(
            Submit, message, job_id=label(params["jobId"]), worker=text(account.worker) if account else None
        )
    ]


def hashrate(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read alph_submitHashrate [hex, worker]."""
    claimed = read_hashrate(message.params)
    if claimed is None:
        return []
    session.decide(ALEPHIUM, Grade.DECLARED)
    session.ask(message, no_answer)
    return [session.event(ReportedHashrate, message, hashrate=claimed)]


def clean_jobs(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.set_cleanjobs: true where later jobs make older ones void."""
    params = message.params
    said = flag(params[0] if isinstance(params, list) and len(params) == 1 else params)
    if said is None:
        return []
    session.decide(ALEPHIUM, Grade.DECLARED)
    session.clean = said
    return [session.event(Notice, message, method="mining.set_cleanjobs", text=str(said).lower())]


def set_gzip(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read connection.set_gzip: once it is granted, all that follows is compressed."""
    if session.grade < Grade.WORDS:
        session.ask(message, None)
        return []
    session.packing = True
    session.ask(message, gzip_answer)
    return [session.event(Request, message, method="connection.set_gzip")]


def gzip_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read true or false."""
    session.packed |= message.result is True
    return []
