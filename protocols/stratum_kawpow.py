"""Stratum for KawPow and ProgPow (Ravencoin, Neurai, Evrmore, Firo): the shapes of jobs and shares.

Sources: kawpow-stratum-pool; NiceHash's KawPow page; docs/protocols/stratum-equihash.md has the differences.
"""

from typing import Any

from protocols.stratum_session import KAWPOW, Job
from protocols.stratum_shapes import height, is_0x, is_hex, label
from protocols.targets import hashes_of_bits, hashes_of_hex


def notify(params: list[Any]) -> Job | None:
    """[job, header hash, seed hash, target, clean, height, bits]."""
    job_id, header, seed, target, clean, block, bits = params
    if not (is_hex(header, 64) and is_hex(seed, 64) and is_hex(target, 64) and is_hex(bits, 8)):
        return None
    if not isinstance(clean, bool) or height(block) is None:
        return None
    return Job(
        KAWPOW,
        label(job_id),
        "kawpow",
        height=height(block),
        clean=clean,
        hashes=hashes_of_hex(target),
        network_hashes=hashes_of_bits(int(bits, 16)),
    )


def is_share(params: list[Any]) -> bool:
    """[user, job, nonce, header hash, mix hash], all `0x`; Ethereum's generic mode sends the same."""
    return len(params) == 5 and is_0x(params[2], 16) and is_0x(params[3], 64) and is_0x(params[4], 64)
