"""The mining session that the matrix rewrites: as a script, as TCP segments, as frames, and as a verdict."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw

from facts.names import Level, PeerState, Role
from facts.verdict import Verdict
from pcaps.makers.making import START, C, S, Script, Tape, ethernet
from pcaps.makers.stratum_lines import answer, notify, opening, share
from pipeline.contract import Hit
from pipeline.scan import Scan

MINER, POOL, PORTS = "192.0.2.10", "203.0.113.5", (50_001, 3333)
MINER6, POOL6 = "2001:db8::10", "2001:db8:f00d::5"
MSS = 1460


def script() -> list[tuple[float, int, bytes]]:
    """A subscription, a login, two jobs, six shares: the last three are for the second job."""
    said: list[tuple[float, int, bytes]] = opening("w1", "cgminer/4.12.1", "a0000001")
    said.append((0.0, S, notify("6a1f", 938_400, clean=True)))
    for one in range(4, 10):
        if one == 7:
            said.append((9.0, S, notify("6a20", 938_401, clean=True)))
        said.append((15.0, C, share(one, "w1", "6a1f" if one < 7 else "6a20")))
        said.append((0.04, S, answer(one, accepted=True)))
    return said


@dataclass(frozen=True)
class Segment:
    """One TCP segment: everything that a rewrite may change."""

    at: float
    side: int
    seq: int
    ack: int = 0
    flags: str = "PA"
    data: bytes = b""
    ttl: int = 64
    window: int = 64_240
    urgent: int = 0
    options: tuple[tuple[str, Any], ...] = ()
    sound: bool = True
    """False for a segment with a wrong checksum."""

    def but(self, **fields: Any) -> "Segment":
        return replace(self, **fields)


def segments(
    said: Script | None = None,
    mss: int = MSS,
    numbers: tuple[int, int] = (1_000, 500_000),
    opened: bool = True,
    closed: bool = True,
) -> list[Segment]:
    """Lay a script out as a sender does: cut at `mss`, each message acknowledged."""
    out: list[Segment] = []
    at, seq = 0.0, list(numbers)

    def send(side: int, flags: str, data: bytes = b"") -> None:
        nonlocal at
        ack = seq[1 - side] if "A" in flags else 0
        out.append(Segment(at, side, seq[side], ack, flags, data))
        seq[side] = (seq[side] + len(data) + ("S" in flags) + ("F" in flags)) % (1 << 32)
        at += 0.002

    if opened:
        send(C, "S")
        send(S, "SA")
        send(C, "A")
    else:
        seq = [(one + 1) % (1 << 32) for one in seq]
    for pause, side, data in said if said is not None else script():
        at += pause
        for start in range(0, len(data), mss):
            send(side, "PA", data[start : start + mss])
        send(1 - side, "A")
    if closed:
        send(C, "FA")
        send(S, "FA")
        send(C, "A")
    return out


def ip_packet(segment: Segment, number: int, six: bool = False) -> Packet:
    """Return a segment in an IP packet."""
    hosts = (MINER6, POOL6) if six else (MINER, POOL)
    source, target = hosts[segment.side], hosts[1 - segment.side]
    sport, dport = PORTS[segment.side], PORTS[1 - segment.side]
    if six:
        network = IPv6(src=source, dst=target, hlim=segment.ttl)
    else:
        network = IP(src=source, dst=target, ttl=segment.ttl, id=number & 0xFFFF)
    tcp = TCP(
        sport=sport,
        dport=dport,
        flags=segment.flags,
        seq=segment.seq % (1 << 32),
        ack=segment.ack % (1 << 32),
        window=segment.window,
        urgptr=segment.urgent,
        options=list(segment.options),
    )
    if not segment.sound:
        tcp.chksum = 0xBAD1
    return network / tcp / Raw(segment.data) if segment.data else network / tcp


Spread = Callable[[Packet], Iterable[Packet]]


def laid(
    told: Sequence[Segment],
    wrap: Callable[[Packet], Packet] = ethernet,
    spread: Spread = lambda packet: [packet],
    six: bool = False,
) -> Tape:
    """Lay segments on a tape in the order given; `spread` makes other IP packets of each."""
    tape = Tape(wrap=wrap)
    for number, segment in enumerate(told):
        for packet in spread(ip_packet(segment, number + 1, six)):
            tape.packets.append((START + segment.at, bytes(wrap(packet))))
    return tape


@dataclass(frozen=True)
class Finding:
    """What must not depend on how the session travelled."""

    role: Role
    level: Level
    protocols: tuple[str, ...]
    peers: tuple[tuple[str, int, Role | None, str, PeerState], ...]
    coins: tuple[str, ...]
    workers: int | None
    wallets: tuple[str, ...]
    agents: tuple[str, ...]


def finding(verdict: Verdict) -> Finding:
    peers = tuple((_plain(str(p.address)), p.port, p.role, p.protocol, p.state) for p in verdict.peers)
    return Finding(
        verdict.role,
        verdict.level,
        verdict.protocols,
        peers,
        verdict.coins,
        verdict.workers,
        verdict.wallets,
        verdict.agents,
    )


def _plain(address: str) -> str:
    return {MINER6: MINER, POOL6: POOL}.get(address, address)


Captures = dict[str, bytes]
"""File name and content; several are read as one network."""


def verdicts(captures: Captures, folder: Path) -> list[Verdict]:
    paths = []
    for name, data in captures.items():
        path = folder / name
        path.write_bytes(data)
        paths.append(str(path))
    return [hit.verdict for hit in Scan(paths) if isinstance(hit, Hit)]


def findings(found: Sequence[Verdict]) -> dict[str, list[Finding]]:
    """Findings by address."""
    out: dict[str, list[Finding]] = {}
    for verdict in found:
        out.setdefault(_plain(str(verdict.address)), []).append(finding(verdict))
    return out


def one(tape: Tape) -> Captures:
    return {"session.pcap": tape.pcap()}
