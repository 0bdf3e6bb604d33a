"""The flow table's record: names and dtypes used by the sieve, the classifier and the lake."""

import numpy as np

FLOW = np.dtype(
    [
        ("a_hi", "<u8"),  # endpoint a, the lower (address, port): 128 bits, IPv4 mapped into ::ffff:0:0/96
        ("a_lo", "<u8"),
        ("b_hi", "<u8"),  # endpoint b
        ("b_lo", "<u8"),
        (
            "ports",
            "<u4",
        ),  # port of a << 16 | port of b; 0 where the protocol has none, and for later fragments
        ("tunnel", "<u4"),  # identity of the tunnel around the flow (part of the key); 0 outside tunnels
        ("proto", "u1"),  # IP protocol of the innermost header
        ("state", "u1"),  # bits of State
        ("syn", "u1"),  # bits of Syn
        ("tag", "u1"),  # the last Tag that hit
        ("vlan", "<u2"),  # innermost VLAN id of the first packet; recorded, not keyed
        ("source", "<u2"),  # source of the first packet
        ("first_ns", "<i8"),  # time of the earliest packet, nanoseconds since 1970 UTC
        ("last_ns", "<i8"),  # time of the latest packet
        # -- second cache line: what is counted --
        ("first_frame", "<u8"),  # frame number of the first packet in its source
        ("packets", "<u4", (2,)),  # a to b, b to a
        ("bytes", "<u8", (2,)),  # on the wire, link layer included
        ("payload", "<u8", (2,)),  # TCP or UDP payload on the wire, retransmissions included
        ("expected", "<u4", (2,)),  # next TCP sequence number of each direction, once a SYN or data was seen
        ("flags", "u1", (2,)),  # TCP flags seen, ORed
        ("data", "u1", (2,)),  # packets with payload, saturating at 255
        ("next", "<u4"),  # index + 1 of the next flow in the same queue, 0 at its end; for the sieve alone
    ]
)
"""One flow: 128 bytes, two cache lines; the first holds all that a look-up touches."""

LIVE, WATCHED, RELEASED, B_FIRST, DULL, HASTY, CUT_NEXT = 1, 2, 4, 8, 16, 32, 64
"""Bits of `state`: the row is in use; its packets go to the streams; they no longer do; b sent first; its TLS
greeting named a host of no interest; it sends too much for the rhythm log; what the log holds of it is not
wanted any more, and its next row there is marked CUT."""

A_SYN, B_SYN, A_SYN_ACK, B_SYN_ACK = 1, 2, 4, 8
"""Bits of `syn`: who sent SYN without ACK, who sent SYN with ACK."""
