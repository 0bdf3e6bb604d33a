"""Stratum for Equihash (ZIP-301), its relatives Zhash (144,5) and Verus: the shapes of jobs and shares.

Sources: ZIP-301; NiceHash's Zhash page; ccminer's Verus path; docs/protocols/stratum-equihash.md.
"""

from typing import Any

from protocols.stratum_session import EQUIHASH, Job
from protocols.stratum_shapes import is_any_hex, is_hex, label
from protocols.targets import hashes_of_bits

_SOLUTIONS = {"fd4005": 1344, "64": 100, "fd9001": 400, "fd4305": 1347}
"""compactSize prefix -> bytes of a solution: (200,9), (144,5), (192,7), Verus."""
_PERSONAL = {"BgoldPoW": "BTG", "BitcoinZ": "BTCZ", "ZelProof": "FLUX"}
"""Personalization of the hash -> the chain that has it to itself; `ZcashPoW` has many."""


def notify(params: list[Any]) -> Job | None:
    """[job, version, prevhash, merkle root, reserved, time, bits, clean(, parameters(, personalization))]."""
    job_id, version, previous, root, reserved, time, bits, clean = params[:8]
    if not (is_hex(version, 8) and is_hex(time, 8) and is_hex(bits, 8) and isinstance(clean, bool)):
        return None
    if not (is_hex(previous, 64) and is_hex(root, 64) and is_hex(reserved, 64)):
        return None
    extra = params[8] if len(params) > 8 else None
    if isinstance(extra, str) and len(params) == 9 and is_any_hex(extra):
        algorithm = "verushash"
    elif isinstance(extra, str) and extra in ("200_9", "144_5", "192_7", "125_4", "96_5"):
        algorithm = f"equihash/{extra}"
    else:
        algorithm = "equihash"
    personal = params[9] if len(params) > 9 else None
    return Job(
        EQUIHASH,
        label(job_id),
        algorithm=algorithm,
        coin=_PERSONAL.get(personal) if isinstance(personal, str) else None,
        clean=clean,
        network_hashes=hashes_of_bits(int.from_bytes(bytes.fromhex(bits), "little")),
    )


def is_subscription(result: list[Any]) -> bool:
    """[session or null, NONCE_1]: the nonce has less than its 32 bytes."""
    session, nonce = result
    return (session is None or isinstance(session, str)) and is_any_hex(nonce) and len(nonce) < 64


def is_share(params: list[Any]) -> bool:
    """[user, job, time, NONCE_2, solution with its compactSize]."""
    if len(params) != 5 or not is_hex(params[2], 8) or not is_any_hex(params[3]) or not is_any_hex(params[4]):
        return False
    solution = params[4].lower()
    return any(
        solution.startswith(prefix) and len(solution) == len(prefix) + 2 * size
        for prefix, size in _SOLUTIONS.items()
    )
