"""What the makers share: conversations laid on a tape, packet by packet, the same bytes every time.

A maker is `pcaps/makers/<name>.py` for `pcaps/<name>.pcap` (or .pcapng, .gz ...); `python -m pcaps.makers`
builds them all. Every address is from the documentation prefixes (RFC 5737, RFC 3849) and every wallet is the
form's all-zero key.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from Crypto.Hash import keccak
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

FOLDER = Path(__file__).parents[1]
START = 1_772_416_800.0  # 2026-03-02T02:00:00Z: the moment at which every sample begins
MSS = 1460

C, S = 0, 1  # who speaks: the client, the server
Script = Sequence[tuple[float, int, bytes]]
"""(seconds since the last line, C or S, payload)."""
Wrap = Callable[[Packet], Packet]


def ethernet(packet: Packet) -> Packet:
    """Put a packet into a plain Ethernet frame."""
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet


def _network(source: str, target: str, number: int) -> Packet:
    if ":" in source:
        return IPv6(src=source, dst=target, hlim=64)
    return IP(src=source, dst=target, ttl=64, id=number & 0xFFFF)


@dataclass
class Tape:
    """Packets with their times, in the order in which they will be written."""

    wrap: Wrap = ethernet
    packets: list[tuple[float, bytes]] = field(default_factory=list)

    def add(self, at: float, packet: Packet) -> None:
        """Lay one packet on the tape at START + `at` seconds."""
        number = len(self.packets)
        if packet.haslayer(IP) and packet[IP].id == 0:
            packet[IP].id = number
        self.packets.append((START + at, bytes(self.wrap(packet))))

    def tcp(
        self,
        at: float,
        client: tuple[str, int],
        server: tuple[str, int],
        script: Script,
        *,
        opened: bool = True,
        closed: bool = True,
        answered: bool = True,
    ) -> None:
        """Lay a TCP conversation: handshake, the script cut into segments with their ACKs, FIN.

        `opened=False` begins mid-stream; `answered=False` has no handshake reply and no ACKs from the server.
        """
        ends = (client, server)
        sequence = [_start_number(client, server), _start_number(server, client)]

        def send(side: int, flags: str, payload: bytes = b"") -> None:
            nonlocal at
            (source, sport), (target, dport) = ends[side], ends[1 - side]
            segment = TCP(
                sport=sport,
                dport=dport,
                flags=flags,
                seq=sequence[side],
                ack=sequence[1 - side] if "A" in flags else 0,
                window=64240,
            )
            packet = _network(source, target, len(self.packets)) / segment
            self.add(at, packet / Raw(payload) if payload else packet)
            sequence[side] = (sequence[side] + len(payload) + ("S" in flags) + ("F" in flags)) % (1 << 32)
            at += 0.02

        if opened:
            send(C, "S")
            if answered:
                send(S, "SA")
                send(C, "A")
        for pause, side, payload in script:
            at += pause
            for start in range(0, len(payload), MSS):
                send(side, "PA", payload[start : start + MSS])
            if answered:
                send(1 - side, "A")
        if closed and answered:
            send(C, "FA")
            send(S, "FA")
            send(C, "A")

    def udp(self, at: float, source: tuple[str, int], target: tuple[str, int], payload: bytes) -> None:
        """Lay one datagram."""
        packet = _network(source[0], target[0], len(self.packets)) / UDP(sport=source[1], dport=target[1])
        self.add(at, packet / Raw(payload))

    def in_time_order(self) -> "Tape":
        """Interleave what was laid conversation by conversation."""
        self.packets.sort(key=lambda timed: timed[0])
        return self

    def pcap(self) -> bytes:
        """Return the tape as a microsecond pcap of Ethernet frames."""
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        return head + b"".join(
            struct.pack("<IIII", int(at), round(at % 1 * 1e6) % 1_000_000, len(raw), len(raw)) + raw
            for at, raw in self.packets
        )

    def pcapng(self) -> bytes:
        """Return the tape as a pcapng section with one nanosecond interface."""

        def block(kind: int, body: bytes) -> bytes:
            body += b"\0" * (-len(body) % 4)
            return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

        out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        out += block(1, struct.pack("<HHI", 1, 0, 262144) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))
        for at, raw in self.packets:
            ns = int(at) * 1_000_000_000 + round(at % 1 * 1e6) * 1000
            out += block(6, struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(raw), len(raw)) + raw)
        return out


def _start_number(one: tuple[str, int], other: tuple[str, int]) -> int:
    return int.from_bytes(hashlib.sha256(repr((one, other)).encode()).digest()[:4], "big")


def line(message: dict[str, Any], *, spaced: bool = False) -> bytes:
    """Return one JSON message with its LF; `spaced` as Python and cgminer write it."""
    return json.dumps(message, separators=(", ", ": ") if spaced else (",", ":")).encode() + b"\n"


def number(seed: str, digits: int) -> str:
    """Return `digits` hexadecimal digits that look drawn at random and are the same every time."""
    out = ""
    while len(out) < digits:
        out += hashlib.sha256(f"{seed}/{len(out)}".encode()).hexdigest()
    return out[:digits]


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58check(version: bytes, payload: bytes = bytes(20)) -> str:
    """Return a Base58Check address; by default that of the all-zero hash, which nobody can spend from."""
    raw = version + payload
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    value, out = int.from_bytes(raw, "big"), ""
    while value:
        value, digit = divmod(value, 58)
        out = _BASE58[digit] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def monero_address() -> str:
    """Return the Monero mainnet address of two all-zero keys, its keccak checksum right."""
    raw = b"\x12" + bytes(64)
    raw += keccak.new(digest_bits=256, data=raw).digest()[:4]
    sizes = {8: 11, 5: 7}
    out = ""
    for start in range(0, len(raw), 8):
        chunk = raw[start : start + 8]
        value, text = int.from_bytes(chunk, "big"), ""
        for _ in range(sizes[len(chunk)]):
            value, digit = divmod(value, 58)
            text = _BASE58[digit] + text
        out += text
    return out
