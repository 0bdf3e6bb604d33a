"""One parsed packet: what the layers write, and what the flow table and the tagger read."""

import numpy as np

from capture.words import array, uint8

PACKET = np.dtype(
    [
        ("a_hi", "<u8"),
        ("a_lo", "<u8"),
        ("b_hi", "<u8"),
        ("b_lo", "<u8"),
        ("hash", "<u8"),
        ("slot", "<u8"),
        ("time_ns", "<i8"),
        ("frame", "<u8"),
        ("ip", "<i8"),  # offset of the innermost IP header
        ("payload", "<i8"),  # offset of the payload
        ("captured", "<i8"),  # payload bytes captured
        ("on_wire", "<i8"),  # payload bytes on the wire
        ("ends", "<i8"),  # offset at which the innermost IP packet ends, had all of it been captured
        ("cut", "<i8"),  # offset at which it ends as captured
        ("ports", "<u4"),
        ("tunnel", "<u4"),
        ("wirelen", "<u4"),
        ("seq", "<u4"),
        ("vlan", "<u2"),
        ("source", "<u2"),
        ("ip_id", "<u2"),
        ("proto", "u1"),
        ("direction", "u1"),
        ("flags", "u1"),
        ("fragment", "u1"),  # 0: whole, 1: first fragment, 2: later fragment
    ],
    align=True,
)
"""One parsed packet: what the flow table and the tagger need; 64 of them stay in the first-level cache."""

TCP, UDP = 6, 17

BYTES = uint8[::1]
PACKETS = array(PACKET)
