"""An Equihash rig (ZIP-301): the pool's host name in clear, target, notify, 1344-byte solutions."""

import bz2

from pcaps.makers.making import C, S, Tape, base58check, line, number

FILE = "zec_rig.pcap.bz2"
USER = base58check(b"\x1c\xb8") + ".rig1"
TARGET = "0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"  # 16,000 solutions a share


def make() -> bytes:
    """Return the capture."""
    script = [
        (
            0.0,
            C,
            line(
                {
                    "id": 1,
                    "method": "mining.subscribe",
                    "params": ["EWBF 0.3.4b", None, "zec.pool.example", "3333"],
                }
            ),
        ),
        (0.05, S, line({"id": 1, "result": [None, "00c904bd0a"], "error": None})),
        (0.01, C, line({"id": 2, "method": "mining.authorize", "params": [USER, "x"]})),
        (0.05, S, line({"id": 2, "result": True, "error": None})),
        (0.00, S, line({"id": None, "method": "mining.set_target", "params": [TARGET]})),
    ]
    reserved = "0" * 64
    for count in range(4):
        job = number(f"job{count}", 20)
        work = [
            job,
            "04000000",
            number(f"p{count}", 64),
            number(f"m{count}", 64),
            reserved,
            "69a50080",
            "1c0a8bd4",
            True,
        ]
        script.append((0.1, S, line({"id": None, "method": "mining.notify", "params": work})))
        solution = [
            USER,
            job,
            "81a50069",
            number(f"nonce{count}", 54),
            "fd4005" + number(f"sol{count}", 2688),
        ]
        script.append((21.0, C, line({"id": 100 + count, "method": "mining.submit", "params": solution})))
        script.append((0.05, S, line({"id": 100 + count, "result": True, "error": None})))
    tape = Tape()
    tape.tcp(8.0, ("192.0.2.150", 40900), ("203.0.113.60", 3333), script)
    return bz2.compress(tape.pcap())
