"""Packets as a capture file: pcap where all have one link type, pcapng where they have several.

Sources: draft-ietf-opsawg-pcap (nanosecond magic), draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.
"""

import struct
from collections.abc import Sequence

from facts.instant import NS
from store.packets import Packet

PCAP = "application/vnd.tcpdump.pcap"
PCAPNG = "application/x-pcapng"
_NANOSECOND_MAGIC = 0xA1B23C4D
_SNAP = 262_144


def capture_file(packets: Sequence[Packet]) -> tuple[bytes, str]:
    """Return packets as a file, and its media type."""
    links = {packet.link_type for packet in packets}
    if len(links) > 1:
        return _pcapng(packets, sorted(links)), PCAPNG
    return _pcap(packets, links.pop() if links else 1), PCAP


def _pcap(packets: Sequence[Packet], link: int) -> bytes:
    parts = [struct.pack("<IHHiIII", _NANOSECOND_MAGIC, 2, 4, 0, 0, _SNAP, link)]
    for packet in packets:
        seconds, rest = divmod(max(packet.at_ns, 0), NS)
        parts.append(struct.pack("<IIII", seconds & 0xFFFFFFFF, rest, len(packet.data), packet.wire_length))
        parts.append(packet.data)
    return b"".join(parts)


def _pcapng(packets: Sequence[Packet], links: Sequence[int]) -> bytes:
    parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for link in links:
        in_nanoseconds = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)  # if_tsresol
        parts.append(_block(1, struct.pack("<HHI", link, 0, _SNAP) + in_nanoseconds))
    for packet in packets:
        time = max(packet.at_ns, 0)
        head = struct.pack(
            "<IIIII",
            links.index(packet.link_type),
            time >> 32,
            time & 0xFFFFFFFF,
            len(packet.data),
            packet.wire_length,
        )
        parts.append(_block(6, head + packet.data + bytes(-len(packet.data) % 4)))
    return b"".join(parts)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
