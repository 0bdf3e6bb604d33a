"""What passes from sources to the sieve and from the sieve to the streams: columns, no objects per packet."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

RECORD = np.dtype(
    [
        ("start", "<u4"),  # byte offset of the packet in Block.data
        ("caplen", "<u4"),  # bytes captured; start + caplen <= len(data) is guaranteed by the source
        ("wirelen", "<u4"),  # bytes on the wire
        ("source", "<u2"),  # index into the run's list of sources
        ("link", "<u2"),  # LINKTYPE_ value of the packet's interface (tcpdump.org/linktypes)
        ("time_ns", "<i8"),  # nanoseconds since 1970 UTC
        ("frame", "<u8"),  # frame number in its source, from 1
    ]
)
"""One located packet: 32 bytes. Sources make them, the sieve reads them."""

TAGGED = np.dtype(
    [
        ("flow", "<u4"),  # index of the flow in the flow table; stable until the flow is expired
        ("seq", "<u4"),  # TCP sequence number of the first payload byte (SYN: of the SYN itself)
        ("payload", "<u4"),  # byte offset of the TCP or UDP payload in Block.data
        ("length", "<u4"),  # payload bytes captured
        ("missing", "<u4"),  # payload bytes on the wire beyond those captured (snap length)
        ("source", "<u2"),
        ("direction", "u1"),  # 0: from the flow's endpoint a to b, 1: from b to a
        ("tcp_flags", "u1"),  # 0 for UDP
        ("tag", "u1"),  # a Tag
        ("kind", "u1"),  # a TaggedKind
        ("ip_id", "<u2"),  # fragments: low 16 bits of the identification
        ("ip", "<u4"),  # byte offset of the innermost IP header
        ("opposite", "<u4"),  # sequence number at which the other direction's bytes begin, where known
        ("opposite_known", "u1"),  # 1 where a SYN of the other direction, and no data yet, told it
        ("spare", "u1", (3,)),
        ("time_ns", "<i8"),
        ("frame", "<u8"),
    ]
)
"""One packet that the sieve hands to the streams; 56 bytes."""


class Tag(IntEnum):
    """Why a payload may matter: the first test that holds; NONE for later packets of a watched flow."""

    NONE = 0
    JSON = 1
    BITCOIN_P2P = 2
    LEVIN = 3
    DISCV4 = 4
    TLS = 5
    DNS = 6
    HTTP = 8
    WEBSOCKET = 9
    AGENT = 10
    """A binary frame of BTCAgent (0x7F)."""
    STRATUM_V2 = 11
    """A plain Stratum V2 SetupConnection."""
    NOISE = 12
    """A first flight of exactly 64 bytes, as the Noise handshake of Stratum V2 begins."""
    RLPX = 13
    HTTP2 = 14
    QUIC = 15
    DISCV5 = 16
    SEALED = 17
    """Random-looking first bytes at a port of a node network: BIP324."""
    SOCKS = 18
    DATUM = 19
    EARLY = 7
    """Payload of a young flow out of order: the streams hold it in case its flow turns out to matter."""


class TaggedKind(IntEnum):
    """What a tagged packet is."""

    SEGMENT = 0
    DATAGRAM = 1
    FRAGMENT = 2
    """An IP fragment: `ip` is set, `length` is the captured bytes from `ip` to the end of the IP packet and
    `missing` those cut off by the snap length; `payload` and `seq` are not set, nor `flow` and `direction`
    where the fragment is not the first."""


@dataclass(slots=True)
class Block:
    """A buffer with the packets located in it; valid until its source is asked for the next one."""

    data: npt.NDArray[np.uint8]
    """(n,) uint8."""
    records: npt.NDArray[Any]
    """(m,) RECORD, in the order of the source."""
