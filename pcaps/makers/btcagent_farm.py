"""A farm's gateway: BTCAgent speaks for 300 machines over one connection, frames between lines of JSON.

The agent asks for capabilities, configures, subscribes and authorizes in JSON; then every machine registers,
gets its difficulty, and sends shares in the four forms that frames have. The pool answers each by its number.
Sizes are those that the agent's source gives: the total counts the header. One machine leaves in the end.
"""

import gzip
import struct

from pcaps.makers.making import C, S, Tape, line
from pcaps.makers.stratum_lines import notify

FILE = "btcagent_farm.pcap.gz"
MACHINES = 300
ACCEPTED, REFUSED_LOW, STALE = 1798084231, 23, 950395421


def ex(kind: int, body: bytes) -> bytes:
    """Return an ExMessage: magic, type, total size, body."""
    return b"\x7f" + bytes([kind]) + struct.pack("<H", len(body) + 4) + body


def opening() -> list[tuple[float, int, bytes]]:
    """Return what both sides say before the first frame."""
    capabilities = {"id": "caps", "method": "agent.get_capabilities", "params": [["verrol", "subres"]]}
    mask = {"version-rolling.mask": "ffffffff", "version-rolling.min-bit-count": 0}
    ours = [
        capabilities,
        {"id": "conf", "method": "mining.configure", "params": [["version-rolling"], mask]},
        {"id": "sub", "method": "mining.subscribe", "params": ["btccom-agent/2.0.0-mu"]},
        {"id": "auth", "method": "mining.authorize", "params": ["samplefarm", ""]},
        capabilities | {"id": "caps_again"},
    ]
    granted = {"capabilities": ["verrol", "subres"]}
    theirs = [
        {"id": "caps", "result": granted},
        {
            "id": "conf",
            "result": {"version-rolling": True, "version-rolling.mask": "1fffe000"},
            "error": None,
        },
        {"id": "sub", "result": [[["mining.set_difficulty", "0a"], ["mining.notify", "0a"]], "0a0b0c0d", 8]},
        {"id": "auth", "result": True, "error": None},
        {"id": "caps_again", "result": granted},
        {"id": None, "method": "mining.set_difficulty", "params": [65536]},
    ]
    return [
        (0.0, C, line(capabilities | {"id": "conn_test"})),
        (0.03, S, line({"id": "conn_test", "result": granted})),
        (0.01, C, b"".join(line(one) for one in ours)),
        (0.03, S, b"".join(line(one) for one in theirs)),
    ]


def share(machine: int, job: int, turn: int) -> bytes:
    """Return one of the four forms of a share."""
    base = struct.pack("<BHII", job, machine, 0x01000000 + turn, 0x5EED0000 + machine)
    time, mask = struct.pack("<I", 0x69A50081 + turn), struct.pack("<I", 0x00800000)
    return (
        ex(0x02, base),
        ex(0x03, base + time),
        ex(0x12, base + mask),
        ex(0x13, base + time + mask),
    )[turn % 4]


def make() -> bytes:
    """Return the capture, compressed."""
    script = opening()
    script.append((0.02, S, notify("1", 941_000, clean=True)))
    machines = range(MACHINES)
    for begin in range(0, MACHINES, 25):
        joining = b"".join(
            ex(
                0x01,
                struct.pack("<H", machine)
                + b"cgminer/4.11.1\0"
                + f"r{machine // 50}x{machine}".encode()
                + b"\0",
            )
            for machine in machines[begin : begin + 25]
        )
        script.append((0.2, C, joining))
    for exponent, some in ((16, machines[::2]), (17, machines[1::2])):
        script.append((0.1, S, ex(0x05, struct.pack(f"<BH{len(some)}H", exponent, len(some), *some))))
    script.append((0.3, S, notify("2", 941_000, clean=False)))
    index = 0
    for turn in range(4):
        for begin in range(0, MACHINES, 60):
            sent = machines[begin : begin + 60]
            script.append((12.0, C, b"".join(share(machine, 2 + turn // 2, turn) for machine in sent)))
            answers = b""
            for machine in sent:
                status = REFUSED_LOW if machine == 7 else STALE if machine == 8 and turn == 2 else ACCEPTED
                answers += ex(0x10, struct.pack("<HI", index, status))
                index += 1
            script.append((0.05, S, answers))
        if turn == 1:
            script.append((0.1, S, notify("3", 941_001, clean=True)))
    script.append((1.0, C, ex(0x04, struct.pack("<H", 299))))
    tape = Tape()
    tape.tcp(4.0, ("198.51.100.77", 40112), ("203.0.113.18", 1800), script)
    return gzip.compress(tape.pcap(), mtime=0)
