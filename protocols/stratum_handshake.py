"""Stratum of Handshake (BLAKE2b and SHA3): authorize before subscribe, string ids, a mask in the share.

HNSPool leaves `mining.` out of its methods and sends numbers for time and nonce.
Sources: HandyMiner, hstratum docs/spec.md; docs/protocols/stratum-others.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import PoolEvent, Submit
from protocols.jsonrpc import Message, small, text
from protocols.stratum_session import HANDSHAKE, Grade, Job, Session, share_answer
from protocols.stratum_shapes import flag, is_any_hex, is_hex, label
from protocols.wallets import read_account

_ALGORITHM = "blake2b+sha3"


def notify(params: list[Any]) -> Job | None:
    """[job, previous block, merkle, witness, tree and reserved root, version, bits, time(, ..., clean)]."""
    if not all(is_hex(root, 64) for root in params[1:6]):
        return None
    version, bits, time = params[6:9]
    if not (is_hex(version, 8) and is_hex(bits, 8) and (is_hex(time, 8) or is_hex(time, 16))):
        return None
    return Job(HANDSHAKE, label(params[0]), _ALGORITHM, "HNS", clean=flag(params[-1]))


def notify_coinbase(params: list[Any]) -> Job | None:
    """[job, previous block, coinb1, coinb2, merkle branch, three roots, version, bits, time, clean]."""
    job_id, previous, coinb1, coinb2, branch, tree, witness, reserved, version, bits, time, clean = params
    if not isinstance(branch, list) or not all(is_hex(root, 64) for root in (previous, tree, reserved)):
        return None
    if not (is_hex(witness, 64) and is_any_hex(coinb1) and is_any_hex(coinb2)):
        return None
    if not all(is_hex(field, 8) for field in (version, bits, time)):
        return None
    return Job(HANDSHAKE, label(job_id), _ALGORITHM, "HNS", clean=flag(clean))


def is_share(params: list[Any]) -> bool:
    """[user, job, nonce2, time, nonce, mask of 32 bytes]; time and nonce in hex or as numbers."""
    if len(params) != 6 or not is_hex(params[5], 64) or not is_any_hex(params[2]):
        return False
    return all(is_hex(field, 8) or small(field) is not None for field in params[3:5])


def submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read HNSPool's `submit` with an array."""
    params = message.params
    if not isinstance(params, list) or not is_share(params) or not isinstance(params[0], str):
        session.ask(message, None)
        return []
    session.decide(HANDSHAKE, Grade.SHAPE)
    session.ask(message, share_answer)
    worker = text(read_account(params[0]).worker)
    return [session.event(Submit, message, job_id=label(params[1]), worker=worker)]
