"""From the link layer to the EtherType of IP: link types, VLAN tags, LLC/SNAP, PPPoE, MPLS and pseudowires.

802.11 has a file of its own, wifi.py, and so have rarer link types, link_other.py.

Sources: tcpdump.org/linktypes; IEEE 802.1Q, 802.1ah (PBB), 802.1BR; RFC 3032 (MPLS), 4385 and 4448
(pseudowires), 2516 (PPPoE).
"""

from typing import Any

from capture.compiled import inlined, part
from capture.sieve.link_other import other_link
from capture.sieve.octets import be16, be32
from capture.sieve.reasons import (
    BAD_IP_VERSION,
    NESTING_TOO_DEEP,
    NOT_IP,
    PARSED,
    TRUNCATED_IP,
    TRUNCATED_LINK,
)
from capture.sieve.wifi import AVS, PRISM, RADIOTAP, WIFI, wifi
from capture.words import int64

MAX_TAGS = 16
"""VLAN tags or MPLS labels in a row."""

ETHERNET, NULL, RAW_12, RAW_14, PPP, PPP_HDLC, C_HDLC = 1, 0, 12, 14, 9, 50, 104
PPPOE, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 51, 101, 108, 113, 228, 229, 276

ET_IPV4, ET_IPV6, ET_MPLS, ET_MPLS_UP, ET_PPPOE = 0x0800, 0x86DD, 0x8847, 0x8848, 0x8864
ET_PBB, ET_VN_TAG = 0x88E7, 0x8926
IP_BY_VERSION, NO_IP = -1, -2
"""In the place of an EtherType: IP of the version that its first byte tells, and no IP at all."""


@inlined
def ppp_ethertype(protocol: Any) -> Any:
    """Return the EtherType of a PPP protocol number, -2 where it carries no IP."""
    if protocol == 0x0021:
        return ET_IPV4
    if protocol == 0x0057:
        return ET_IPV6
    if protocol == 0x0281:
        return ET_MPLS
    return NO_IP


@part
def link_layer(d: Any, p: Any, e: Any, link: Any) -> Any:
    """Return (EtherType, where it begins, reason); EtherType -1: told by the IP version."""
    if link == ETHERNET:
        if p + 14 > e:
            return NO_IP, p, TRUNCATED_LINK
        return be16(d, p + 12), p + 14, PARSED
    if link == RAW or link == RAW_12 or link == RAW_14:
        return IP_BY_VERSION, p, PARSED
    if link == IPV4:
        return ET_IPV4, p, PARSED
    if link == IPV6:
        return ET_IPV6, p, PARSED
    if link == SLL:
        if p + 16 > e:
            return NO_IP, p, TRUNCATED_LINK
        return be16(d, p + 14), p + 16, PARSED
    if link == SLL2:
        if p + 20 > e:
            return NO_IP, p, TRUNCATED_LINK
        return be16(d, p), p + 20, PARSED
    if link == NULL or link == LOOP:
        if p + 4 > e:
            return NO_IP, p, TRUNCATED_LINK
        family = int64(be32(d, p))
        if family > 0xFFFF:  # written by a machine of the other byte order
            family = int64(d[p]) | int64(d[p + 1]) << 8
        if family == 2:
            return ET_IPV4, p + 4, PARSED
        # AF_INET6 of Linux, Windows, the BSDs and macOS
        if family == 10 or family == 23 or family == 24 or family == 28 or family == 30:
            return ET_IPV6, p + 4, PARSED
        et = be16(d, p + 2)  # some writers put an EtherType there
        return et if et == ET_IPV4 or et == ET_IPV6 else NO_IP, p + 4, PARSED
    if link == PPP or link == PPP_HDLC:
        if p + 2 <= e and (d[p] == 0xFF or d[p] == 0x0F or d[p] == 0x8F) and (d[p + 1] == 3 or d[p + 1] == 0):
            if p + 4 > e:
                return NO_IP, p, TRUNCATED_LINK
            if d[p] != 0xFF:
                return be16(d, p + 2), p + 4, PARSED  # Cisco HDLC carries an EtherType
            p += 2
        if p + 2 > e:
            return NO_IP, p, TRUNCATED_LINK
        if d[p] & 1:  # protocol field compression
            return ppp_ethertype(int64(d[p])), p + 1, PARSED
        return ppp_ethertype(be16(d, p)), p + 2, PARSED
    if link == C_HDLC:
        if p + 4 > e:
            return NO_IP, p, TRUNCATED_LINK
        return be16(d, p + 2), p + 4, PARSED
    if link == PPPOE:
        return ET_PPPOE, p, PARSED
    if link == WIFI or link == RADIOTAP or link == PRISM or link == AVS:
        return wifi(d, p, e, link)
    return other_link(d, p, e, link)


@inlined
def _is_opened(et: Any) -> Any:
    """Say whether an EtherType names a layer opened here: nothing else tells an Ethernet pseudowire."""
    return et == ET_IPV4 or et == ET_IPV6 or et == 0x8100 or et == 0x88A8 or et == ET_PPPOE or et == ET_MPLS


@part
def between(d: Any, p: Any, e: Any, et: Any) -> Any:
    """Open VLAN tags, LLC/SNAP, PPPoE and MPLS: return (EtherType of IP or -2, where, VLAN id, reason)."""
    vlan = int64(0)
    for _ in range(MAX_TAGS):
        if et == 0x8100 or et == 0x88A8 or et == 0x9100:
            if p + 4 > e:
                return NO_IP, p, vlan, TRUNCATED_LINK
            vlan = be16(d, p) & 0xFFF
            et = be16(d, p + 2)
            p += 4
        elif 0 <= et <= 1500:  # a length: LLC, and behind SNAP an EtherType
            if p + 3 <= e and d[p] == 0x06 and d[p + 1] == 0x06 and d[p + 2] == 3:  # IP's own LLC address
                et, p = ET_IPV4, p + 3
                continue
            if p + 8 > e:
                return NO_IP, p, vlan, NOT_IP
            if d[p] != 0xAA or d[p + 1] != 0xAA or d[p + 3] | d[p + 4] | d[p + 5] != 0:
                return NO_IP, p, vlan, NOT_IP
            et = be16(d, p + 6)
            p += 8
            if et <= 1500:
                return NO_IP, p, vlan, NOT_IP
        elif et == ET_PBB or et == ET_VN_TAG:
            # Behind the tag of a service, and with PBB the addresses of the frame that is carried.
            at = p + 16 if et == ET_PBB else p + 4
            if at + 2 > e:
                return NO_IP, p, vlan, TRUNCATED_LINK
            et = be16(d, at)
            p = at + 2
        elif et == ET_PPPOE:
            if p + 8 > e:
                return NO_IP, p, vlan, TRUNCATED_LINK
            if d[p] != 0x11 or d[p + 1] != 0:
                return NO_IP, p, vlan, NOT_IP
            et = ppp_ethertype(be16(d, p + 6))
            p += 8
        elif et == ET_MPLS or et == ET_MPLS_UP:
            if p + 4 > e:
                return NO_IP, p, vlan, TRUNCATED_LINK
            bottom = d[p + 2] & 1
            p += 4
            if bottom:
                if p >= e:
                    return NO_IP, p, vlan, TRUNCATED_IP
                nibble = d[p] >> 4
                if nibble == 4:
                    et = ET_IPV4
                elif nibble == 6:
                    et = ET_IPV6
                elif nibble == 0 and p + 18 <= e and _is_opened(be16(d, p + 16)):
                    et, p = be16(d, p + 16), p + 18  # a pseudowire's control word (RFC 4385), then Ethernet
                elif nibble != 1 and p + 14 <= e and _is_opened(be16(d, p + 12)):
                    et, p = be16(d, p + 12), p + 14  # a pseudowire without one (RFC 4448)
                else:
                    return NO_IP, p, vlan, NOT_IP
        else:
            break
    if et == IP_BY_VERSION:
        if p >= e:
            return NO_IP, p, vlan, TRUNCATED_IP
        et = ET_IPV4 if d[p] >> 4 == 4 else ET_IPV6 if d[p] >> 4 == 6 else NO_IP
        if et == NO_IP:
            return NO_IP, p, vlan, BAD_IP_VERSION
    if et == ET_IPV4 or et == ET_IPV6:
        return et, p, vlan, PARSED
    if et == 0x8100 or et == 0x88A8 or et == 0x9100 or et == ET_MPLS or et == ET_MPLS_UP or et == ET_PPPOE:
        return NO_IP, p, vlan, NESTING_TOO_DEEP
    if et == ET_PBB or et == ET_VN_TAG:
        return NO_IP, p, vlan, NESTING_TOO_DEEP
    return NO_IP, p, vlan, NOT_IP
