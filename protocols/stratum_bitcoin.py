"""Stratum v1 as Bitcoin miners speak it (SHA256d, Scrypt, X11, ...): the shapes of its jobs and shares.

Sources: BIP 310 (mining.configure), cpuminer (whose checks of mining.notify are the test here),
node-stratum-pool; docs/protocols/stratum-bitcoin.md.
"""

from typing import Any

from protocols.stratum_session import BITCOIN, DECRED, Job
from protocols.stratum_shapes import MAX_HEIGHT, flag, is_any_hex, is_hex, label

EXTENSIONS = frozenset({"version-rolling", "minimum-difficulty", "subscribe-extranonce", "info"})
"""The extension codes of mining.configure (BIP 310)."""

_COINBASE_INPUT = "01" + "00" * 32 + "ffffffff"
"""One input, and it spends nothing: what follows the 4 bytes of the transaction version."""
_SCRIPT_AT = 2 * (4 + 1 + 36 + 1)
"""Hex digit at which the coinbase script begins, its own length byte passed."""


def notify(params: list[Any]) -> Job | None:
    """[job, prevhash, coinb1, coinb2, merkle branch, version, nbits, ntime, clean]; Decred has p6 empty."""
    job_id, previous, coinb1, coinb2, branch, version, bits, time, clean = params
    if not isinstance(branch, list) or not is_hex(previous, 64) or not is_hex(time, 8):
        return None
    if bits == "" and branch == [] and is_any_hex(coinb1):
        return Job(DECRED, label(job_id), clean=flag(clean))
    if (
        not is_hex(version, 8)
        or not is_hex(bits, 8)
        or not isinstance(coinb1, str)
        or not isinstance(coinb2, str)
    ):
        return None
    if not all(isinstance(node, str) and len(node) == 64 for node in branch):
        return None
    return Job(BITCOIN, label(job_id), height=coinbase_height(coinb1), clean=flag(clean))


def coinbase_height(coinb1: str) -> int | None:
    """Return the block height that BIP 34 puts first into the coinbase script; None where it is not there."""
    if not coinb1.startswith(_COINBASE_INPUT, 8):
        return None
    try:
        size = int(coinb1[_SCRIPT_AT : _SCRIPT_AT + 2], 16)
        pushed = bytes.fromhex(coinb1[_SCRIPT_AT + 2 : _SCRIPT_AT + 2 + 2 * size])
    except ValueError:
        return None
    if not 1 <= size <= 5 or len(pushed) != size:
        return None
    number = int.from_bytes(pushed, "little")
    return number if 0 < number < MAX_HEIGHT else None


def is_subscription(result: list[Any]) -> bool:
    """[subscriptions, extranonce1, extranonce2_size]: a list of pairs or one pair, hex, a small number."""
    subscriptions, extranonce, size = result[:3]
    return (
        (subscriptions is None or isinstance(subscriptions, list | str))
        and (extranonce == "" or is_any_hex(extranonce))
        and type(size) is int
        and 0 <= size <= 64
    )


def is_share(params: list[Any]) -> bool:
    """[user, job, extranonce2, ntime, nonce(, version bits)]."""
    return (
        len(params) in (5, 6)
        and is_any_hex(params[2])
        and is_hex(params[3], 8)
        and all(is_hex(field, 8) for field in params[4:])
    )
