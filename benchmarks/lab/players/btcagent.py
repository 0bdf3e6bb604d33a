"""BTCAgent: one connection for a farm's machines, binary frames between lines of JSON.

A frame: 0x7F, type u8, total length u16, body; little-endian (docs/protocols/btcagent.md).
"""

import struct
from random import Random

from benchmarks.lab.machines import Machine
from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.dialect import Rig
from benchmarks.lab.players.session import Span, Spoken
from benchmarks.lab.players.style import line
from benchmarks.lab.pools import Pool

ACCEPTED, STALE, LOW = 1798084231, 950395421, 23
TOGETHER = 25
"""Machines that register in one write."""


def ex(kind: int, body: bytes) -> bytes:
    """Return one frame."""
    return struct.pack("<BBH", 0x7F, kind, len(body) + 4) + body


def play_agent(rand: Random, pool: Pool, rig: Rig, machines: list[Machine], span: Span) -> list[Spoken]:
    """Return what passes the capture, in order of time: (s, way, message). Machines keep their difficulty,
    a power of two; no machine joins or leaves before the end."""
    speaker = Bitcoin(rand, pool, rig)
    spoken, at = _opening(speaker, span)
    trip = 2 * span.far + pool.reply
    for begin in range(0, len(machines), TOGETHER):
        joining = enumerate(machines[begin : begin + TOGETHER], begin)
        frames = [
            ex(0x01, struct.pack("<H", n) + f"{m.agent}\0r{n // 50}x{n}\0".encode()) for n, m in joining
        ]
        spoken.append((at, 0, b"".join(frames)))
        at += 0.05
    at += trip
    powers: dict[int, list[int]] = {}
    plans: list[tuple[float, int, int]] = []
    for number, machine in enumerate(machines):
        wanted = pool.gap * machine.hashrate / pool.coin.unit
        exponent = max(0, round(wanted).bit_length() - 1)
        powers.setdefault(exponent, []).append(number)
        gap, when = 2.0**exponent * pool.coin.unit / machine.hashrate, at + 0.1
        while (when := when + rand.expovariate(1 / gap)) < span.stop:
            plans.append((when, 0, number))
    for exponent, some in sorted(powers.items()):
        for begin in range(0, len(some), 1_000):
            part = some[begin : begin + 1_000]
            spoken.append((at, 1, ex(0x05, struct.pack(f"<BH{len(part)}H", exponent, len(part), *part))))
    jobs = pool.jobs[(pool.jobs["at"] > at) & (pool.jobs["at"] < span.stop - 1)].tolist()
    spoken += [(sent + span.far, 1, speaker.job(clean, entries)) for sent, clean, entries in jobs]
    for index, (when, _, number) in enumerate(sorted(plans)):
        body = struct.pack("<BHII", 1, number, rand.getrandbits(32), rand.getrandbits(32))
        kind, more = rand.choice(((0x02, 0), (0x03, 4), (0x12, 4), (0x13, 8)))
        spoken.append((when, 0, ex(kind, body + rand.randbytes(more))))
        status = LOW if rand.random() < pool.rejects else ACCEPTED
        answer = when + trip * (1 + 0.2 * rand.random())
        spoken.append((answer, 1, ex(0x10, struct.pack("<HI", index % 65_536, status))))
    return sorted((one for one in spoken if span.begin <= one[0] < span.stop), key=lambda one: one[0])


def _opening(speaker: Bitcoin, span: Span) -> tuple[list[Spoken], float]:
    """Return what is said before the first frame, and when it is over."""
    own, theirs, rig = speaker.rig.style, speaker.pool.style, speaker.rig
    wanted = {"version-rolling.mask": "ffffffff", "version-rolling.min-bit-count": 0}
    asks: list[dict[str, object]] = [
        {"id": "caps", "method": "agent.get_capabilities", "params": [["verrol", "subres"]]},
        {"id": "conf", "method": "mining.configure", "params": [["version-rolling"], wanted]},
        {"id": "sub", "method": "mining.subscribe", "params": ["btccom-agent/2.0.0-mu"]},
        {"id": "auth", "method": "mining.authorize", "params": [rig.account, ""]},
    ]
    granted = {"version-rolling": True, "version-rolling.mask": "1fffe000"}
    topics = [["mining.set_difficulty", "0a"], ["mining.notify", "0a"]]
    replies: list[dict[str, object]] = [
        {"id": "caps", "result": {"capabilities": ["verrol", "subres"]}},
        {"id": "conf", "result": granted, "error": None},
        {"id": "sub", "result": [topics, speaker.hex(8), 8], "error": None},
        {"id": "auth", "result": True, "error": None},
    ]
    trip = 2 * span.far + speaker.pool.reply
    first = speaker.difficulty(65_536.0) + speaker.job(True, 10)
    return [
        (span.start, 0, b"".join(line(own, ask) for ask in asks)),
        (span.start + trip, 1, b"".join(line(theirs, reply) for reply in replies) + first),
    ], span.start + trip + 2 * span.near + 0.01
