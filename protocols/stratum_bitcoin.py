"""Stratum v1 as Bitcoin miners speak it (SHA256d, Scrypt, X11, ...): the shapes of its jobs and shares.

Sources: BIP 310 (mining.configure), cpuminer (whose checks of mining.notify are the test here),
node-stratum-pool; docs/protocols/stratum-bitcoin.md.
"""

from typing import Any

from protocols import coinbase
from protocols.chains import Block
from protocols.stratum_session import BITCOIN, DECRED, Job
from protocols.stratum_shapes import flag, is_any_hex, is_hex, label
from protocols.targets import hashes_of_bits

EXTENSIONS = frozenset({"version-rolling", "minimum-difficulty", "subscribe-extranonce", "info"})
"""The extension codes of mining.configure (BIP 310)."""


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
    block = _block(int(version, 16), int(bits, 16), int(time, 16), previous, coinbase.read(coinb1, coinb2))
    return Job(
        BITCOIN,
        label(job_id),
        height=block.height,
        clean=flag(clean),
        network_hashes=block.hashes,
        block=block,
    )


def notify_longer(params: list[Any]) -> Job | None:
    """Read the nine where a pool puts fields of its own behind them: cpuminer passes those over."""
    return notify(params[:9])


def coinbase_height(prefix: str) -> int | None:
    """Return the block height that BIP 34 puts first into the coinbase script; None where it is not there."""
    made = coinbase.read(prefix, "")
    return made.height if made is not None else None


def _block(version: int, bits: int, time: int, previous: str, made: coinbase.Coinbase | None) -> Block:
    hashes = hashes_of_bits(bits)
    if hashes is None:
        return Block(time, version, None, coinbase=made)
    words = bytes.fromhex(previous)  # eight words, each with its bytes turned round
    hash_ = b"".join(words[at : at + 4][::-1] for at in range(0, 32, 4))
    return Block(time, version, hashes, int.from_bytes(hash_, "little"), made)


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
        and is_hex(params[4], 8)
        and is_hex(params[3], 8)
        and is_hex(params[-1], 8)
        and is_any_hex(params[2])
    )
