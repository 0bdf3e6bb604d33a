"""Tunnels over UDP beside those of `tunnels.py`: L2TP of access networks, TZSP of packet taps, VXLAN-GPE.

Sources: RFC 2661 (L2TP); draft-ietf-nvo3-vxlan-gpe; TZSP as Wireshark and MikroTik describe it.
"""

from typing import Any

from capture.compiled import inlined, part
from capture.sieve.octets import be16, be32, octet
from capture.sieve.reasons import PARSED
from capture.sieve.wifi import frame
from capture.words import int64

L2TP, TZSP, VXLAN_GPE = 1701, 37008, 4790

NOTHING = -2
"""link.NO_IP."""
PPP = -3
"""In the place of an EtherType: a PPP protocol number begins there."""

MAX_TAGS = 32
"""Tagged fields of one TZSP packet."""

_CONTROL, _LENGTH, _SEQUENCE, _OFFSET = 0x8000, 0x4000, 0x0800, 0x0200
_PADDING, _END = 0, 1
_OF_ETHERNET, _OF_WIFI = 1, 18


@inlined
def may_be_other(sport: Any, dport: Any) -> Any:
    """Say whether a datagram between these ports may be one of these tunnels."""
    return dport == L2TP or sport == L2TP or dport == TZSP or dport == VXLAN_GPE


@part
def l2tp(d: Any, p: Any, e: Any) -> Any:
    """Return (PPP or NOTHING, where): the ids of tunnel and session differ each way, so they key nothing.

    +------------------------+--------+--------+---------+-------+-------------+-----
    | T L - - S - O P .. ver | length | tunnel | session | Ns Nr | offset, pad | PPP
    +------------------------+--------+--------+---------+-------+-------------+-----
                                if L                        if S      if O
    """
    if p + 6 > e:
        return NOTHING, p
    flags = be16(d, p)
    if flags & _CONTROL or flags & 15 != 2:
        return NOTHING, p
    at = p + 6
    if flags & _LENGTH:
        at += 2
    if flags & _SEQUENCE:
        at += 4
    if flags & _OFFSET:
        if at + 2 > e:
            return NOTHING, p
        at += 2 + be16(d, at)
    if at + 2 <= e and be16(d, at) == 0xFF03:
        at += 2
    return (PPP, at) if at + 2 <= e else (NOTHING, p)


@part
def tzsp(d: Any, p: Any, e: Any) -> Any:
    """Return (EtherType of the frame in it or NOTHING, where): Ethernet, or 802.11 behind its LLC.

    +---------+------+---------------+-----------------------------+-------
    | 1       | type | what it holds | tag, length, value; .. end  | frame
    +---------+------+---------------+-----------------------------+-------
    """
    if p + 5 > e or octet(d, p) != 1 or octet(d, p + 1) > 1:
        return NOTHING, p
    inside = be16(d, p + 2)
    at = p + 4
    for _ in range(MAX_TAGS):
        if at + 2 > e:
            return NOTHING, p
        tag = octet(d, at)
        if tag == _END:
            at += 1
            break
        at += 1 if tag == _PADDING else 2 + octet(d, at + 1)
    if inside == _OF_ETHERNET and at + 14 <= e:
        return be16(d, at + 12), at + 14
    if inside == _OF_WIFI:
        et, at, reason = frame(d, at, e, False)
        if reason == PARSED:
            return et, at
    return NOTHING, p


@part
def vxlan_gpe(d: Any, p: Any, e: Any) -> Any:
    """Return (EtherType or NOTHING, where, network id).

    +---------------+----------+---------------+------------+----------
    | flags (I P .) | reserved | next protocol | network id | reserved
    +---------------+----------+---------------+------------+----------
    """
    if p + 8 > e or octet(d, p) & 0x0C != 0x0C:
        return NOTHING, p, int64(0)
    following = octet(d, p + 3)
    identity = int64(be32(d, p + 4)) >> 8
    p += 8
    if following == 1:
        return 0x0800, p, identity
    if following == 2:
        return 0x86DD, p, identity
    if following == 3 and p + 14 <= e:
        return be16(d, p + 12), p + 14, identity
    return NOTHING, p, int64(0)
