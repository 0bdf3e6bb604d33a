"""Nodes that speak BIP 324, beside random-looking streams at the same and at other ports that do not.

Two connections between nodes; a try that a node of the old version hangs up on, and that goes on in the old
version; an upload of random bytes that nobody answers; a session of the same shape at another port; random
bytes answered by few.
"""

import random

from pcaps.makers.making import C, S, Script, Tape
from pcaps.makers.nodes import cut, message, repeat, version

FILE = "bip324.pcap"
VERSION, VERACK, PING, INV, FEEFILTER, SENDCMPCT, HEADERS = 13 + 102, 13, 9, 38, 9, 10, 83


def session(seed: int) -> list[tuple[float, int, bytes]]:
    """Return a connection: keys with garbage, then packets of their contents and 20 bytes."""
    drawn = random.Random(seed)

    def packets(*contents: int) -> bytes:
        return b"".join(drawn.randbytes(size + 20) for size in contents)

    finish = drawn.randbytes(16)
    return [
        (0.00, C, drawn.randbytes(64 + drawn.randrange(3900))),
        (0.04, S, drawn.randbytes(64 + drawn.randrange(4096)) + drawn.randbytes(16)),
        (0.04, C, finish + packets(0) + packets(VERSION)),
        (0.04, S, packets(7) + packets(0) + packets(VERSION) + packets(13, 13, VERACK)),
        (0.04, C, packets(13) + packets(13) + packets(VERACK)),
        (0.01, C, packets(SENDCMPCT) + packets(PING)),
        (0.04, S, packets(PING)),
        (0.01, S, packets(FEEFILTER, HEADERS)),
        *((9.0, drawn.randrange(2), packets(*(INV,) * drawn.randrange(1, 5))) for _ in range(12)),
        (30.0, S, packets(PING)),
        (0.04, C, packets(PING)),
    ]


def old_style() -> Script:
    """Return the same in the old version."""
    return [
        (0.0, C, version("/Satoshi:29.0.0/", 0xC09, 938_400, 9)),
        (0.04, S, version("/Satoshi:22.0.0/", 0x409, 938_400, 10) + message("verack")),
        (0.04, C, message("verack")),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    drawn = random.Random(324)
    tape.tcp(0.0, ("192.0.2.61", 41_000), ("203.0.113.61", 8333), session(1))
    tape.tcp(2.0, ("2001:db8:61::1", 41_001), ("2001:db8:f00d::61", 8333), cut(session(2), 1200))
    first_try = [(0.0, C, drawn.randbytes(64 + 777))]
    tape.tcp(4.0, ("192.0.2.62", 41_002), ("203.0.113.62", 8333), first_try)
    tape.tcp(5.0, ("192.0.2.62", 41_003), ("203.0.113.62", 8333), old_style())
    tape.tcp(6.0, ("192.0.2.63", 41_004), ("203.0.113.63", 8388), session(3))
    upload = [(0.1, C, drawn.randbytes(1400)) for _ in range(3)]
    tape.tcp(7.0, ("192.0.2.64", 41_005), ("203.0.113.64", 8333), upload)
    short = [(0.1, side, drawn.randbytes(200 if side == C else 24)) for side in (C, S) * 6]
    tape.tcp(8.0, ("192.0.2.65", 41_006), ("203.0.113.65", 8333), short)
    repeat(tape, 11)
    return tape.in_time_order().pcap()
