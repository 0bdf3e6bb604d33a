"""The compiled walk over one block of a TPACKET_V3 ring: packets located where the system put them.

Source: Documentation/networking/packet_mmap.rst and include/uapi/linux/if_packet.h of Linux.

    block header (tpacket_block_desc)             packet header (tpacket3_hdr)
      0  version            u32                     0  offset to the next packet   u32
      4  offset to private  u32                     4  seconds                     u32
      8  status             u32                     8  nanoseconds                 u32
     12  packets            u32                    12  bytes captured              u32
     16  offset to first    u32                    16  bytes on the wire           u32
     20  length             u32                    20  status                      u32
     24  number             u64                    24  offset to the link layer    u16
     32  time of the first  u32 s, u32 ns          26  offset to the network layer u16
     40  time of the last   u32 s, u32 ns          28  receive hash                u32
                                                   32  VLAN tag control            u32
                                                   36  VLAN tag protocol           u16
                                                   48  sockaddr_ll, 20 bytes; then room, then the packet
"""

from typing import Any, Final

from capture.compiled import compiled, part
from capture.sieve.memory import fetch
from capture.sieve.packet import BYTES
from capture.sources.reader import ROWS, STATE, WORDS
from capture.words import int64, uint8, uint64

BLOCK_STATUS: Final = 8
"""Offset of the block's status, whose lowest bit says that the block is ours."""

LEFT, AT, COUNT, WIRE, FRAME, FIELDS = range(6)
"""The kernel's state: packets of the block not yet located, where the next lies; rows filled by this call and
their bytes on the wire; number of the next frame."""

FETCH_AHEAD: Final = 4096
"""Bytes fetched ahead of the packet at hand. Each header tells where the next one is, and another processor
wrote both, so waiting for one after the other is slow. Locating a packet took 70 ns where the kibibyte ahead
was read, 54 where four are fetched, and no less where eight are (measured on blocks written elsewhere)."""
_LINE: Final = 64

TAG: Final = 4
"""Bytes of a VLAN tag: the ring is asked to keep so much room before each packet (PACKET_RESERVE)."""

_VLAN_VALID, _TPID_VALID = 1 << 4, 1 << 6
_DOT1Q: Final = 0x8100
_ADDRESSES: Final = 12
"""Bytes before the place of a VLAN tag: the two addresses of an Ethernet frame."""
_ETHERNET: Final = 1


@part
def restore_tag(data: Any, start: Any, protocol: Any, control: Any) -> None:
    """Put the outer VLAN tag back that the system or the card took off: the addresses move TAG bytes down."""
    for i in range(uint64(_ADDRESSES)):
        data[start - uint64(TAG) + uint64(i)] = data[start + uint64(i)]
    at = start + uint64(_ADDRESSES - TAG)
    data[at] = uint8(protocol >> 8)
    data[at + uint64(1)] = uint8(protocol & 0xFF)
    data[at + uint64(2)] = uint8(control >> 8)
    data[at + uint64(3)] = uint8(control & 0xFF)


@compiled(int64(BYTES, WORDS, int64, int64, ROWS, STATE))
def locate(data: Any, words: Any, source: Any, link: Any, rows: Any, state: Any) -> Any:
    """Fill rows with the next packets of a block (`words` are those of `data`); return how many are left.

    Offsets are unsigned here, so that no checked index can wrap to the end of the array.
    """
    at = uint64(state[AT])
    left = state[LEFT]
    frame = state[FRAME]
    wire = int64(0)
    count = uint64(0)
    ahead = at
    while left > 0 and count < uint64(len(rows)):
        ahead = max(ahead, at)
        while ahead < min(at + uint64(FETCH_AHEAD), uint64(len(data))):
            fetch(data, int64(ahead), 0)
            ahead += uint64(_LINE)
        captured = int64(words[at + uint64(12)])
        on_wire = int64(words[at + uint64(16)])
        status = int64(words[at + uint64(20)])
        start = at + uint64(words[at + uint64(24)] & 0xFFFF)
        if status & _VLAN_VALID and link == _ETHERNET and captured >= _ADDRESSES:
            told = int64(words[at + uint64(36)] & 0xFFFF)
            protocol = told if status & _TPID_VALID else int64(_DOT1Q)
            restore_tag(data, start, protocol, int64(words[at + uint64(32)] & 0xFFFF))
            start -= uint64(TAG)
            captured += TAG
            on_wire += TAG
        row = rows[count]
        row.start = start
        row.caplen = captured
        row.wirelen = on_wire
        row.source = source
        row.link = link
        row.time_ns = int64(words[at + uint64(4)]) * 1_000_000_000 + int64(words[at + uint64(8)])
        row.frame = frame
        frame += 1
        wire += on_wire
        count += uint64(1)
        left -= 1
        at += uint64(words[at])
    state[AT] = int64(at)
    state[LEFT] = left
    state[COUNT] = int64(count)
    state[WIRE] = wire
    state[FRAME] = frame
    return left
