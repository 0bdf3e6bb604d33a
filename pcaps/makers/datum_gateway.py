"""A DATUM gateway: two miners below it speak Bitcoin-style Stratum, its link to the pool above is sealed."""

import random

from pcaps.makers.making import C, S, Script, Tape
from pcaps.makers.stratum_lines import answer, notify, opening, share

FILE = "datum_gateway.pcap"
GATEWAY = "198.51.100.60"


def _first_header(length: int) -> bytes:
    """Return the header of a hello: length, then signed (bit 24), sealed to a key (25), command 1 (27 on)."""
    plain = length + (1 << 24) + (1 << 25) + (1 << 27)
    return (plain ^ 0xDC871829).to_bytes(4, "little")


def _link() -> Script:
    chance = random.Random(60)
    keys, agent, signature, seal = 4 * 32, 31, 64, 48
    hello = keys + agent + 1 + 1 + 4 + 143 + signature + seal  # NUL, 0xFE, the next key, padding
    script = [
        (0.0, C, _first_header(hello) + chance.randbytes(hello)),
        (0.09, S, chance.randbytes(4 + 6 * 32 + 24 + signature + seal)),
        (0.02, S, chance.randbytes(4 + 180)),
    ]
    for _ in range(8):
        script.append((9.0, C, chance.randbytes(4 + chance.randrange(60, 140) + 16)))
        script.append((0.08, S, chance.randbytes(4 + chance.randrange(10, 60) + 16)))
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(2.0, (GATEWAY, 51200), ("203.0.113.60", 28915), _link())
    for place, worker in enumerate(("s9a", "s9b")):
        script = opening(worker, "bmminer/1.0.0", f"0a0b0c0{place}")
        script.append((0.02, S, notify("d1", 941_000, clean=True)))
        for turn in range(4):
            script.append((13.0, C, share(10 + turn, worker, "d1")))
            script.append((0.02, S, answer(10 + turn, accepted=True)))
        tape.tcp(5.0 + place, (f"198.51.100.{61 + place}", 42000 + place), (GATEWAY, 23334), script)
    return tape.in_time_order().pcap()
