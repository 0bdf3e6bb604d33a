"""Link types of firewalls, switches, macOS and older networks, each with a short header.

Sources: tcpdump.org/linktypes and what it names; RFC 2625 (Fibre Channel), 2684 (ATM), 2427 (frame relay).
"""

from typing import Any

from capture.compiled import inlined, part
from capture.sieve.octets import be16, octet
from capture.sieve.reasons import NOT_IP, PARSED, TRUNCATED_LINK, UNSUPPORTED_LINK
from capture.sieve.wifi import LLC, RADIOTAP, WIFI, frame, radiotap

FDDI, ATM, FRAME_RELAY, ENC, PFLOG, FIBRE = 10, 100, 107, 109, 117, 122
PPI, NFLOG, PKTAP = 192, 239, 258
BROADCOM, BROADCOM_AHEAD, MARVELL, MARVELL_ETHERTYPE = 281, 282, 284, 285

BY_VERSION = -1
"""link.IP_BY_VERSION."""

MAX_FIELDS = 32
"""Fields of one NFLOG packet, and bytes of one frame relay address, at most."""

_ENC_HEADER, _FDDI_HEADER, _FIBRE_HEADER = 12, 13, 16
_NFLOG_PAYLOAD = 9
_LEAST_PKTAP = 108
_ETHERNET, _NULL, _RAW_12, _RAW = 1, 0, 12, 101
_UI = 3
_NLPID_IPV4, _NLPID_IPV6, _NLPID_SNAP = 0xCC, 0x8E, 0x80


@inlined
def _le16(d: Any, p: Any) -> Any:
    return octet(d, p) | octet(d, p + 1) << 8


@inlined
def _le32(d: Any, p: Any) -> Any:
    return _le16(d, p) | _le16(d, p + 2) << 16


@inlined
def _typed(d: Any, p: Any, e: Any, before: Any) -> Any:
    """Return (EtherType, what follows it, reason) where the EtherType stands so many bytes behind p."""
    at = p + before
    return (be16(d, at), at + 2, PARSED) if at + 2 <= e else (LLC, p, TRUNCATED_LINK)


@inlined
def _behind(p: Any, e: Any, header: Any, et: Any) -> Any:
    """Return (et, where, reason) behind a header of so many bytes."""
    return (et, p + header, PARSED) if p + header < e else (LLC, p, TRUNCATED_LINK)


@part
def carried(d: Any, p: Any, e: Any, link: Any) -> Any:
    """Return (EtherType, where, reason) of a frame whose link type a header ahead of it names.

    PPI (Kismet) and PKTAP (macOS) carry Ethernet, raw IP, loopback or 802.11.
    """
    if link == _ETHERNET:
        return _typed(d, p, e, 12)
    if link == _RAW or link == _RAW_12:
        return _behind(p, e, 0, BY_VERSION)
    if link == _NULL:
        return _behind(p, e, 4, BY_VERSION)
    if link == RADIOTAP:
        at, padded, reason = radiotap(d, p, e)
        if reason != PARSED:
            return LLC, p, reason
        return frame(d, at, e, padded)
    if link == WIFI:
        return frame(d, p, e, False)
    return LLC, p, NOT_IP


@part
def nflog(d: Any, p: Any, e: Any) -> Any:
    """Return (EtherType, where, reason) of what Linux's packet filter logged: the field that is the packet.

    +--------+---------+----------+------------------------+-----
    | family | version | resource | length, type, value .. | ..
    +--------+---------+----------+------------------------+-----
                                   in the writer's byte order, padded to four
    """
    at = p + 4
    for _ in range(MAX_FIELDS):
        if at + 4 > e:
            break
        length, kind = _le16(d, at), _le16(d, at + 2)
        if length < 4 or kind > 255:
            length, kind = be16(d, at), be16(d, at + 2)
        if length < 4:
            break
        if kind == _NFLOG_PAYLOAD:
            return _behind(at, e, 4, BY_VERSION)
        at += (length + 3) & ~3
    return LLC, p, TRUNCATED_LINK


@part
def frame_relay(d: Any, p: Any, e: Any) -> Any:
    """Return (EtherType, where, reason): RFC 2427's protocol number, or Cisco's EtherType.

    +------------------------+---------+-------+-------+---------
    | address, 2 to 4 bytes  | control | (pad) | NLPID | IP, SNAP
    +------------------------+---------+-------+-------+---------
     the last has bit 0 set    3
    """
    at = p
    for _ in range(4):
        if at >= e or octet(d, at) & 1:
            break
        at += 1
    at += 1
    if at + 3 > e:
        return LLC, p, TRUNCATED_LINK
    if octet(d, at) != _UI:
        return be16(d, at), at + 2, PARSED
    at += 1
    if octet(d, at) == 0:
        at += 1
    kind = octet(d, at)
    if kind == _NLPID_IPV4 or kind == _NLPID_IPV6:
        return _behind(at, e, 1, BY_VERSION)
    if kind == _NLPID_SNAP and at + 6 <= e and octet(d, at + 1) | be16(d, at + 2) == 0:
        return be16(d, at + 4), at + 6, PARSED
    return LLC, p, NOT_IP


@part
def other_link(d: Any, p: Any, e: Any, link: Any) -> Any:
    """Return (EtherType, where what it names begins, reason) of a packet of one of these link types."""
    if link == ENC:
        return _behind(p, e, _ENC_HEADER, BY_VERSION)
    if link == ATM:
        return _behind(p, e, 0, LLC)
    if link == FIBRE:
        return _behind(p, e, _FIBRE_HEADER, LLC)
    if link == FDDI:  # frame control of an LLC frame, two addresses
        return _behind(p, e, _FDDI_HEADER, LLC) if p < e and octet(d, p) & 0xF0 == 0x50 else (LLC, p, NOT_IP)
    if link == BROADCOM or link == BROADCOM_AHEAD or link == MARVELL:
        return _typed(d, p, e, 16)  # a switch's tag of four bytes behind the addresses, or ahead of them
    if link == MARVELL_ETHERTYPE:
        return _typed(d, p, e, 20)
    if link == FRAME_RELAY:
        return frame_relay(d, p, e)
    if link != NFLOG and link != PFLOG and link != PPI and link != PKTAP:
        return LLC, p, UNSUPPORTED_LINK
    if p + 12 > e:
        return LLC, p, TRUNCATED_LINK
    if link == NFLOG:
        return nflog(d, p, e)
    if link == PFLOG:  # the header tells its length, without what pads it to four
        return _behind(p, e, (octet(d, p) + 3) & ~3, BY_VERSION)
    if link == PPI:
        return carried(d, p + _le16(d, p + 2), e, _le32(d, p + 4))
    length = _le32(d, p)
    if length >= _LEAST_PKTAP and _le32(d, p + 4) == 1:
        return carried(d, p + length, e, _le32(d, p + 8))
    return LLC, p, NOT_IP
