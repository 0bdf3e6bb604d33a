"""A network as a capture file: every frame with sound headers, what was said in clear, noise for the rest.

pcap with nanoseconds (draft-ietf-opsawg-pcap), Ethernet. Checksums of IP are right; those of TCP and UDP are
left at zero as a card that computes them leaves them.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.lab.batch import Batch
from benchmarks.lab.columns import SYN, Kind
from benchmarks.lab.networks import Network

MAGIC_NS, ETHERNET = 0xA1B23C4D, 1
_MACS = bytes.fromhex("020000000001020000000002")
_STAMPS = b"\x01\x01\x08\x0a" + bytes(8)
_SYN_STAMPS = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07"


def write_capture(network: Network, path: Path) -> int:
    """Write a network's frames in order of time; return how many."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", MAGIC_NS, 2, 4, 0, 0, 262_144, ETHERNET))
        count = 0
        for at_ns, packet in packets(network):
            file.write(struct.pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(packet), len(packet)))
            file.write(packet)
            count += 1
    return count


def packets(network: Network) -> Iterator[tuple[int, bytes]]:
    """Yield (ns since 1970, Ethernet frame) in order of time."""
    frames, ends = network.frames, network.ends
    streams = [_Streams(network, flow) for flow in range(len(ends))]
    order = np.argsort(frames["at_ns"], kind="stable")
    columns = (frames[name][order].tolist() for name in ("at_ns", "flow", "offset", "size", "way", "flags"))
    for at_ns, flow, offset, size, way, flags in zip(*columns, strict=True):
        yield network.start_ns + at_ns, streams[flow].packet(offset, size, way, flags)


class _Streams:
    """The two directions of one flow, and how far each has got."""

    def __init__(self, network: Network, flow: int) -> None:
        ends = network.ends
        batch, row = network.origin[flow].tolist()
        self.udp = bool(ends.udp[flow])
        self.bytes = [b"", b""] if self.udp else _said(network.batches[batch], row, flow)
        self.noise = Random(flow)
        self.reached = [0, 0]
        client, server = (
            (int(getattr(ends, f"{who}_hi")[flow]), int(getattr(ends, f"{who}_lo")[flow]))
            for who in ("client", "server")
        )
        ports = int(ends.client_port[flow]), int(ends.server_port[flow])
        self.six = client[0] > 0
        raw = [
            struct.pack(">QQ", *end) if self.six else struct.pack(">I", end[1] & 0xFFFF_FFFF)
            for end in (client, server)
        ]
        self.addresses = (raw[0] + raw[1], raw[1] + raw[0])
        self.ports = (struct.pack(">HH", *ports), struct.pack(">HH", *ports[::-1]))
        self.first = (self.noise.getrandbits(31), self.noise.getrandbits(31))

    def packet(self, offset: int, size: int, way: int, flags: int) -> bytes:
        """Return one frame."""
        if self.udp:
            payload = self.noise.randbytes(size)
            return self._ip(17, self.ports[way] + struct.pack(">HH", 8 + size, 0) + payload, way)
        payload = self.bytes[way][offset : offset + size]
        self.reached[way] = max(self.reached[way], offset + size)
        begins = self.first[way] + (0 if flags & SYN else 1 + (offset if size else self.reached[way]))
        acked = self.first[1 - way] + 1 + self.reached[1 - way] if flags & 16 else 0
        numbers = struct.pack(">II", begins & 0xFFFF_FFFF, acked & 0xFFFF_FFFF)
        options = _SYN_STAMPS if flags & SYN else _STAMPS
        rest = struct.pack(">BBHHH", (20 + len(options)) // 4 << 4, flags, 502, 0, 0)
        return self._ip(6, self.ports[way] + numbers + rest + options + payload, way)

    def _ip(self, protocol: int, segment: bytes, way: int) -> bytes:
        if self.six:
            head = struct.pack(">IHBB", 6 << 28, len(segment), protocol, 64)
            return _MACS + b"\x86\xdd" + head + self.addresses[way] + segment
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, protocol, 0)
        total = sum(struct.unpack(">10H", head + self.addresses[way]))
        total = (total & 0xFFFF) + (total >> 16)
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        return _MACS + b"\x08\x00" + head[:10] + struct.pack(">H", checksum) + self.addresses[way] + segment


def _said(batch: Batch, row: int, seed: int) -> list[bytes]:
    """Return what the two directions of a TCP flow carry."""
    writes = batch.wire.writes
    begin, end = np.searchsorted(writes["flow"], [row, row + 1])
    noise, sides = Random(seed), [bytearray(), bytearray()]
    for _, _, size, text, way, kind in writes[begin:end].tolist():
        sides[way] += batch.texts[text] if text >= 0 and kind == Kind.DATA else _sealed(noise, kind, size)
    return [bytes(side) for side in sides]


def _sealed(noise: Random, kind: int, size: int) -> bytes:
    """Return noise in the frame of its kind."""
    match kind:
        case Kind.RECORD:
            return _record(noise, 23, size)
        case Kind.ALERT:
            return _record(noise, 21, size)
        case Kind.HELLO:
            return _hello(noise, size)
        case Kind.CHANGE:
            return b"\x14\x03\x03\x00\x01\x01" + _record(noise, 23, size - 6)
        case Kind.GREETING if size < 200:  # a client's key exchange, or an abbreviated handshake
            return _record(noise, 22, size)
        case Kind.GREETING:
            hello = b"\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03" + noise.randbytes(84)
            return hello + _record(noise, 23, size - len(hello))
        case _:
            return bytes([0x80 | noise.getrandbits(7)]) + noise.randbytes(size - 1)


def _record(noise: Random, kind: int, size: int) -> bytes:
    """Return one TLS record of so many bytes."""
    return struct.pack(">BHH", kind, 0x0303, size - 5) + noise.randbytes(size - 5)


def _hello(noise: Random, size: int) -> bytes:
    """Return a ClientHello of so many bytes, filled up by padding (RFC 7685); it names no host."""
    versions = struct.pack(">HHBHH", 43, 5, 4, 0x0304, 0x0303)
    groups = struct.pack(">HHHHH", 10, 6, 4, 0x001D, 0x0017)
    kept = struct.pack(">HHHHHH", 13, 8, 6, 0x0403, 0x0804, 0x0401)
    share = struct.pack(">HHHHH", 51, 38, 36, 0x001D, 32) + noise.randbytes(32)
    extensions = versions + groups + kept + (share if size >= 180 else b"")
    ciphers = struct.pack(">H6H", 12, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC030)
    start = b"\x03\x03" + noise.randbytes(32) + b"\x20" + noise.randbytes(32) + ciphers + b"\x01\x00"
    room = size - 5 - 4 - len(start) - 2 - len(extensions) - 4
    extensions += struct.pack(">HH", 21, max(0, room)) + bytes(max(0, room))
    body = start + struct.pack(">H", len(extensions)) + extensions
    body = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(body)) + body
