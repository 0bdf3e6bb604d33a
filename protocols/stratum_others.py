"""Coins that use Bitcoin's vocabulary with jobs of their own: Kaspa, Ergo, CKB, Conflux, Kadena, Xelis, Aleo.

Told by the structure of their jobs and shares; Xelis and Aleo, whose jobs look like others', by what the
connection named before. Sources: docs/protocols/stratum-others.md.
"""

from typing import Any

from protocols.jsonrpc import small
from protocols.stratum_handshake import is_share as is_handshake_share
from protocols.stratum_session import (
    ALEO,
    CKB,
    CONFLUX,
    ERGO,
    HANDSHAKE,
    KADENA,
    KASPA,
    XELIS,
    Job,
)
from protocols.stratum_shapes import flag, height, is_0x, is_any_hex, is_hex, label
from protocols.targets import hashes_of_hex, hashes_of_target

_KADENA_HEADER = 572
"""Hex digits of the 286 bytes that Kadena's miners hash."""
_MAX_U64 = 2**64 - 1


def kaspa(params: list[Any]) -> Job | None:
    """[job, four u64 of the pre-proof-of-work hash, timestamp] or [job, 80 hex]."""
    words = params[1]
    if len(params) == 2:
        return Job(KASPA, label(params[0]), "kheavyhash") if is_hex(words, 80) else None
    if not isinstance(words, list) or len(words) != 4 or small(params[2]) is None:
        return None
    if not all(type(word) is int and 0 <= word <= _MAX_U64 for word in words):
        return None
    return Job(KASPA, label(params[0]), "kheavyhash")


def ergo(params: list[Any]) -> Job | None:
    """[job, height, message, "", "", version, b in decimal, "", clean]."""
    job_id, block, header, empty, vacant, _, boundary, _, clean = params
    if height(block) is None or not is_hex(header, 64) or empty != "" or vacant != "":
        return None
    hashes = None
    if isinstance(boundary, str) and len(boundary) <= 78 and boundary.isascii() and boundary.isdigit():
        hashes = hashes_of_target(int(boundary))
    return Job(ERGO, label(job_id), "autolykos2", "ERG", height(block), flag(clean), hashes)


def ckb(params: list[Any]) -> Job | None:
    """[job, proof-of-work hash, height, parent hash, clean]."""
    job_id, header, block, parent, clean = params
    if (
        not (is_hex(header, 64) and is_hex(parent, 64))
        or height(block) is None
        or not isinstance(clean, bool)
    ):
        return None
    return Job(CKB, label(job_id), "eaglesong", "CKB", height(block), clean)


def conflux(params: list[Any]) -> Job | None:
    """[job, height in decimal, `0x` proof-of-work hash, `0x` boundary]."""
    job_id, block, header, boundary = params
    if not isinstance(block, str) or not block.isascii() or not block.isdigit() or len(block) > 12:
        return None
    if not is_0x(header, 64) or (hashes := hashes_of_hex(boundary)) is None or boundary[:2] != "0x":
        return None
    return Job(CONFLUX, label(job_id), "octopus", "CFX", int(block), hashes=hashes)


def kadena(params: list[Any]) -> Job | None:
    """[job, header of 286 bytes, clean]."""
    job_id, header, clean = params
    if not is_hex(header, _KADENA_HEADER) or not isinstance(clean, bool):
        return None
    return Job(KADENA, label(job_id), "blake2s", "KDA", clean=clean)


def xelis(params: list[Any]) -> Job | None:
    """[job, work, public key or version, clean]; told only where subscription or wallet is Xelis'."""
    job_id, work, _, clean = params
    if not is_any_hex(work) or not isinstance(clean, bool):
        return None
    return Job(XELIS, label(job_id), "xelishash", "XEL", clean=clean)


def aleo(params: list[Any]) -> Job | None:
    """[job, epoch challenge, address or null, clean]; told only where AleoStratum was named."""
    job_id, challenge, address, clean = params
    if not is_any_hex(challenge) or not (address is None or isinstance(address, str)):
        return None
    return Job(ALEO, label(job_id), coin="ALEO", clean=clean) if isinstance(clean, bool) else None


def share_dialect(params: list[Any]) -> str | None:
    """Return the dialect of a share: Handshake's mask, Ergo's empty time, Kaspa's `0x` nonce, CKB's long one,
    Conflux's pair."""
    match len(params):
        case 6 if is_handshake_share(params):
            return HANDSHAKE
        case 5 if params[3] == "" and is_hex(params[4], 16) and is_any_hex(params[2]):
            return ERGO
        case 3 if is_0x(params[2], 16):
            return KASPA
        case 3 if is_any_hex(params[2]) and len(params[2]) in (24, 32):
            return CKB
        case 4 if is_0x(params[3], 64) and isinstance(params[2], str) and params[2][:2] == "0x":
            return CONFLUX
    return None
