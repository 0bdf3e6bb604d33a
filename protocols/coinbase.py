"""The first transaction of a block as a Bitcoin-style pool sends it: coinb1, the miner's bytes, coinb2.

    version  [time]   inputs  previous output    script      sequence  outputs ...  lock time  [extra]
    4 bytes  4 bytes  01      32 x 00, ffffffff  n, n bytes  4 bytes   n, each      4 bytes
    '------------------- coinb1 -------------------.......'-------------- coinb2 --------------------'

The script begins with the height (BIP 34) and has the pool's name somewhere; where in it coinb1 ends is the
pool's choice. `time` is in transactions of the Peercoin kind only, `extra` in those of Dash's (DIP 2, 4).
Sources: BIP 34, BIP 141, DIP 2, DIP 4; docs/protocols/coins.md.
"""

import re
from dataclasses import dataclass

from facts.quick import quick

MAX_HEIGHT = 2**27
"""The fastest chain with such a coinbase makes two million blocks a year. A script that begins with nBits, as
they did before BIP 34, reads as a far greater number."""
MAX_SCRIPT = 100
"""Bytes of a coinbase script (consensus)."""
MAX_OUTPUTS = 4096
"""Outputs looked at, over all the places where they might begin."""
MAX_BYTES = 16 * 1024
"""Bytes of coinb2 that are looked at: four hundred payees and more."""

_INPUT = b"\x01" + bytes(32) + b"\xff\xff\xff\xff"
_COINBASE_TYPE = 5
"""Dash's special transaction type of a coinbase (DIP 4)."""
_SEQUENCES = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\xff\xff")
"""What pools and nodes write there; nothing else ends a script."""
_RUN = re.compile(rb"[\x20-\x7e]{4,}")
_TAG = re.compile(rb"/[\x21-\x7e][\x20-\x7e]*/")
_PLAIN_TAG = 6
"""Signs of a name without slashes: shorter runs of letters turn up in random bytes."""


@quick
@dataclass(frozen=True, slots=True)
class Coinbase:
    """What a job's coinbase says."""

    height: int | None = None
    """BIP 34; None where the script does not begin with it."""
    tag: str | None = None
    """Readable text of the script: the pool's name for itself."""
    timed: bool = False
    """Whether the transaction has a time of its own (Peercoin and its kin)."""
    special: bool = False
    """Whether it is a special transaction as Dash and its kin have them."""
    scripts: tuple[bytes, ...] = ()
    """Of the outputs; empty where coinb2 does not tell where they begin."""


def read(coinb1: str, coinb2: str) -> Coinbase | None:
    """Take apart what a job has of its coinbase; None where coinb1 does not begin as one does."""
    try:
        head = bytes.fromhex(coinb1[: 2 * MAX_BYTES])
        tail = bytes.fromhex(coinb2) if len(coinb2) <= 2 * MAX_BYTES else b""
    except ValueError:
        return None
    at = next((place for place in (4, 8) if head.startswith(_INPUT, place)), None)
    if at is None or len(head) <= at + len(_INPUT):
        return None
    special = head[0:4] == bytes((3, 0, _COINBASE_TYPE, 0))
    size = head[at + len(_INPUT)]
    start = at + len(_INPUT) + 1
    script = head[start : start + size]
    if size > MAX_SCRIPT:
        return None
    height, after = read_height(script)
    if len(script) == size:  # the whole of it is in coinb1: the miner's bytes are elsewhere
        return Coinbase(height, _tag(script[after:]), at == 8, special)
    rest, scripts, extra = _tail(tail, size - len(script), special)
    if special and extra is not None and height is not None and not _confirms(extra, height):
        height = None
    return Coinbase(height, _tag(script[after:], rest), at == 8, special, scripts)


def read_height(script: bytes) -> tuple[int | None, int]:
    """Return the height that a coinbase script begins with and where it ends; (None, 0) without one.

    A number pushed as briefly as possible: OP_1 .. OP_16, else 1 to 4 bytes, little-endian, with a sign bit.
    """
    if not script:
        return None, 0
    code = script[0]
    if 0x51 <= code <= 0x60:  # OP_1 .. OP_16
        return code - 0x50, 1
    pushed = script[1 : 1 + code]
    if not 1 <= code <= 4 or len(pushed) != code or pushed[-1] & 0x80:
        return None, 0
    if pushed[-1] == 0 and (code == 1 or not pushed[-2] & 0x80):
        return None, 0  # not the briefest
    number = int.from_bytes(pushed, "little")
    return (number, 1 + code) if number < MAX_HEIGHT else (None, 0)


def kind_of(script: bytes) -> str:
    """Name the form of an output script: p2pkh, p2sh, p2wpkh, p2wsh, p2tr, p2pk, data; `other` else."""
    match script[:2], len(script):
        case b"\x76\xa9", 25 if script[2] == 20 and script[23:] == b"\x88\xac":
            return "p2pkh"
        case b"\xa9\x14", 23 if script[22] == 0x87:
            return "p2sh"
        case b"\x00\x14", 22:
            return "p2wpkh"
        case b"\x00\x20", 34:
            return "p2wsh"
        case b"\x51\x20", 34:
            return "p2tr"
        case _, 35 | 67 if script[0] == len(script) - 2 and script[-1] == 0xAC:
            return "p2pk"
    return "data" if script[:1] == b"\x6a" else "other"


def _tail(tail: bytes, most: int, special: bool) -> tuple[bytes, tuple[bytes, ...], bytes | None]:
    """Find where coinb2 goes from the script (at most so many bytes of it) into outputs that fill the rest.

    Returns the script's part, the outputs' scripts and the extra payload; nothing where several places fit.
    """
    found: list[tuple[bytes, tuple[bytes, ...], bytes | None]] = []
    budget = MAX_OUTPUTS
    for end in range(min(most, len(tail) - 9) + 1):
        if tail[end : end + 4] not in _SEQUENCES:
            continue
        scripts, at, looked = _outputs(tail, end + 4, budget)
        budget -= looked
        if at is None:
            continue
        extra = tail[at + 4 :]
        if not extra and len(tail) == at + 4:
            found.append((tail[:end], scripts, None))
        elif special and extra and extra[0] == len(extra) - 1:
            found.append((tail[:end], scripts, extra[1:]))
    return found[0] if len(found) == 1 else (b"", (), None)


def _outputs(data: bytes, at: int, budget: int) -> tuple[tuple[bytes, ...], int | None, int]:
    """Read a vector of outputs; returns their scripts, where it ends (None: nowhere), how many it tried."""
    count, at = _compact(data, at)
    if count is None or not 1 <= count <= budget or count * 9 > len(data):
        return (), None, 1
    scripts = []
    for looked in range(count):
        size, start = _compact(data, at + 8)
        if size is None or start + size > len(data):
            return (), None, looked + 1
        scripts.append(data[start : start + size])
        at = start + size
    return tuple(scripts), at, count


def _compact(data: bytes, at: int) -> tuple[int | None, int]:
    """Read a compactSize of one or three bytes: no coinbase has a greater one."""
    if at >= len(data):
        return None, at
    if data[at] < 0xFD:
        return data[at], at + 1
    if data[at] == 0xFD and at + 3 <= len(data):
        return int.from_bytes(data[at + 1 : at + 3], "little"), at + 3
    return None, at


def _confirms(extra: bytes, height: int) -> bool:
    """Say whether DIP 4's payload (version, height, ...) states the same height."""
    return len(extra) >= 38 and int.from_bytes(extra[2:6], "little") == height


def _tag(*parts: bytes) -> str | None:
    """Return the longest text between slashes, else the longest long one, of the parts of a script."""
    for pattern, least in ((_TAG, 3), (_RUN, _PLAIN_TAG)):
        runs = [run.strip() for part in parts for run in pattern.findall(part)]
        named = [run for run in runs if len(run) >= least and any(chr(sign).isalpha() for sign in run)]
        if named:
            return str(max(named, key=len), "ascii")
    return None
