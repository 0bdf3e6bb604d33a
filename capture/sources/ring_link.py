"""What a network interface of Linux is and what it lost, asked by rtnetlink: nobody needs a right for that.

Source: rtnetlink(7); include/uapi/linux/if_link.h (struct rtnl_link_stats64).
"""

import socket
import struct
from dataclasses import dataclass
from typing import Final

_GETLINK, _NEWLINK, _REQUEST = 18, 16, 1
_MESSAGE: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, number, port
_LINK: Final = struct.Struct("=BxHiII")  # ifinfomsg: family, hardware type, index, flags, change
_ATTRIBUTE: Final = struct.Struct("=HH")
_STATS64: Final = 23
_OVER, _FIFO, _MISSED = 11, 14, 15
"""Places in the statistics. A card that ran over counts in one of them or in several alike."""
_UP: Final = 1


@dataclass(frozen=True, slots=True)
class Link:
    """One interface as it is now."""

    index: int
    hardware: int
    """ARPHRD_ value: 1 is Ethernet, 772 loopback."""
    is_up: bool
    missed: int
    """Packets that the card lost before the system had them: no filter and no ring ever sees these."""


def link_of(interface: str) -> Link:
    """Ask for an interface by name, in this thread's network namespace. Raises OSError for none."""
    index = socket.if_nametoindex(interface)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        body = _LINK.pack(0, 0, index, 0, 0)
        sock.send(_MESSAGE.pack(_MESSAGE.size + len(body), _GETLINK, _REQUEST, 1, 0) + body)
        answer = sock.recv(1 << 16)
    length, kind, *_ = _MESSAGE.unpack_from(answer)
    if kind != _NEWLINK:
        raise OSError(19, f"no such interface: {interface}")
    _, hardware, index, flags, _ = _LINK.unpack_from(answer, _MESSAGE.size)
    return Link(index, hardware, bool(flags & _UP), _missed(answer[_MESSAGE.size + _LINK.size : length]))


def _missed(attributes: bytes) -> int:
    at = 0
    while at + _ATTRIBUTE.size <= len(attributes):
        length, kind = _ATTRIBUTE.unpack_from(attributes, at)
        if kind == _STATS64:
            counts = struct.unpack_from("=16Q", attributes, at + _ATTRIBUTE.size)
            return int(max(counts[_OVER], counts[_FIFO], counts[_MISSED]))
        at += max(length + 3 & ~3, _ATTRIBUTE.size)
    return 0
