"""One machine asks fourteen pools for their banner and leaves: it names no account and stays nowhere."""

import lzma

from pcaps.makers.making import C, S, Tape, line
from pcaps.makers.stratum_lines import notify

FILE = "prober.pcap.xz"


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    hello = line({"id": 1, "method": "mining.subscribe", "params": []}, spaced=True)
    for pool in range(14):
        script = [(0.05, C, hello)]
        if pool % 5 != 4:
            nonce = f"{0xB0000000 + pool:08x}"
            script.append(
                (0.06, S, line({"id": 1, "result": [[["mining.notify", nonce]], nonce, 4], "error": None}))
            )
        if pool % 3 == 0:
            script.append((0.02, S, line({"id": None, "method": "mining.set_difficulty", "params": [8192]})))
            script.append((0.00, S, notify(f"{pool:x}", 938_400, clean=True)))
        tape.tcp(pool * 3.0, ("198.51.100.200", 42000 + pool), (f"203.0.113.{100 + pool}", 3333), script)
    return lzma.compress(tape.in_time_order().pcap())
