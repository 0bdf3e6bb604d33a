"""Block templates as Bitcoin's dialect tells them: heights, targets, coinbases that fit chain and time."""

import struct
from dataclasses import dataclass
from random import Random

from benchmarks.lab.players.style import Style

SCRIPT = 100
"""Bytes of a coinbase script at most (consensus)."""
_PAYEE = b"\x76\xa9\x14"


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a chain stood, and how it went on. Source: docs/protocols/coins.md."""

    height: int
    time: int
    """Unix time of that height."""
    pace: float
    """Seconds a block since then."""
    work: float
    """log2 of the hashes of a block."""
    hashed: bool
    """A block's id is the hash that is compared with the target."""


TIPS = {
    "BTC": Tip(840_000, 1_713_571_767, 600, 78.7, True),
    "BCH": Tip(840_000, 1_713_571_767, 600, 71.2, True),
    "LTC": Tip(2_772_730, 1_728_673_449, 150, 58.2, False),
    "DOGE": Tip(4_288_126, 1_656_633_600, 62.8, 57.1, False),
    "DASH": Tip(1_796_500, 1_672_530_000, 157.2, 59.4, True),
}


def bits(work: float) -> str:
    """Return nBits, 8 hex digits, of a target that 2**work hashes meet once."""
    target = int(2.0 ** (256 - work))
    size = (target.bit_length() + 7) // 8
    mantissa = target >> (8 * (size - 3))
    if mantissa & 0x800000:
        size, mantissa = size + 1, mantissa >> 8
    return f"{size << 24 | mantissa:08x}"


def previous(rand: Random, tip: Tip) -> str:
    """Return the last block's id as notify has it: eight words, each turned round."""
    zeros = int(tip.work) if tip.hashed else 0
    number = rand.getrandbits(256 - zeros)
    raw = number.to_bytes(32, "little")
    return b"".join(raw[at : at + 4][::-1] for at in range(0, 32, 4)).hex()


def coinbase(rand: Random, style: Style, tip: Tip, now: int, room: int) -> tuple[str, str]:
    """Return coinb1 and coinb2 around `room` bytes of extranonces, of the lengths that the style has."""
    first, last = style.coinbase
    height = int(tip.height + (now - tip.time) / tip.pace)
    pushed = b"\x03" + height.to_bytes(3, "little")
    junk = rand.randbytes(max(0, min(first - 46, SCRIPT - 4 - room)))
    tail = rand.randbytes(max(0, min(20, SCRIPT - 4 - len(junk) - room)))
    script = len(pushed) + len(junk) + room + len(tail)
    head = b"\x01\x00\x00\x00\x01" + bytes(32) + b"\xff" * 4 + bytes([script]) + pushed + junk
    paid = struct.pack("<Q", 312_500_000) + b"\x19" + _PAYEE + rand.randbytes(20) + b"\x88\xac"
    more = max(0, last - len(tail) - 43 - 11)
    note = (
        struct.pack("<Q", 0) + bytes([min(more, 80) + 2, 0x6A, min(more, 75)]) + rand.randbytes(min(more, 80))
    )
    outputs = b"\x02" + paid + note if more > 2 else b"\x01" + paid
    return head.hex(), (tail + b"\xff" * 4 + outputs + bytes(4)).hex()
