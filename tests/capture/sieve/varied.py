"""Copies of packets with other values in their fields: scapy reads a packet faster than it builds one.

Only fields that leave every layer where it is get new values, and where a layer lies is taken from scapy's
dissection. What the copies say is read by scapy anew: nothing here knows what the sieve should find.
"""

import random

import numpy as np
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import NoPayload, Packet, Raw

from tests.capture.sieve.builder import beginning

EPHEMERAL = 49152
"""Source ports from here on name no tunnel, whatever their last 14 bits."""

FREE: dict[type[Packet], str] = {
    Ether: "ffffffffffff ffffffffffff",
    Dot1Q: "ffff",
    Dot1AD: "ffff",
    MPLS: "000000 ff",
    PPPoE: "0000 ffff",
    IP: "00 ff 0000 ffff 0000 ff 00 ffff ffffffff ffffffff",
    IPv6: "0fffffff 0000 00 ff ffffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffff",
    TCP: "ffff ffff ffffffff ffffffff 00 ff ffff ffff ffff",
    GTP_U_Header: "00 00 0000 ffffffff",
    VXLAN: "00 000000 ffffff",
}
"""Per layer the bits that may have any value, from its first byte on: no version, length or next layer."""


def free_bits(link: int, raw: bytes) -> bytes:
    """Return the bits of a packet that may have any value, as scapy finds its layers."""
    layer, whole = beginning(link, raw)
    at, mask = len(raw) - len(whole), bytearray(len(raw))
    while not isinstance(layer, NoPayload) and raw[at:].startswith(layer.original):
        bits = bytes.fromhex(FREE.get(type(layer), ""))
        if isinstance(layer, UDP):
            bits = bytes.fromhex("3fff 0000 0000 ffff" if layer.sport >= EPHEMERAL else "0000 0000 0000 ffff")
        elif isinstance(layer, Raw) and isinstance(layer.underlayer, TCP):
            bits = b"\xff" * len(layer.original)
        mask[at : at + len(bits)] = bits
        header = layer.raw_packet_cache or b""
        at += len(header) or len(layer.original) - len(layer.payload.original)
        layer = layer.payload
    return bytes(mask[: len(raw)])


def copies(link: int, raw: bytes, count: int, chance: random.Random) -> list[bytes]:
    """Return so many copies of a packet with other values in its free bits."""
    mask = np.frombuffer(free_bits(link, raw), np.uint8)
    drawn = np.frombuffer(chance.randbytes(count * len(raw)), np.uint8).reshape(count, len(raw))
    made = (np.frombuffer(raw, np.uint8) & ~mask) | (drawn & mask)
    return [copy.tobytes() for copy in made]
