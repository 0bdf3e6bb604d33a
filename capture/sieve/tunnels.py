"""Tunnels that carry IP or Ethernet: GRE with what lies over it, and those over UDP.

Sources: RFC 2784 and 2890 (GRE), 7637 (NVGRE), 2637 (PPTP), 7348 (VXLAN), 8926 (Geneve), 7510 (MPLS in UDP),
8086 (GRE in UDP); draft-foschiano-erspan; draft-param-wccp; 3GPP TS 29.281 (GTP-U).
"""

from typing import Any

from capture.compiled import inlined, part
from capture.sieve.link import ET_IPV4, ET_MPLS, IP_BY_VERSION, NO_IP, ppp_ethertype
from capture.sieve.octets import be16, be32
from capture.sieve.reasons import PARSED
from capture.sieve.tunnels_other import L2TP, PPP, TZSP, VXLAN_GPE, l2tp, may_be_other, tzsp, vxlan_gpe
from capture.sieve.wifi import frame
from capture.words import int64, uint8

ET_TEB, ET_ERSPAN2, ET_ERSPAN3, ET_PPP, ET_WCCP = 0x6558, 0x88BE, 0x22EB, 0x880B, 0x883E
ET_EOIP = 0x6400
ET_ARUBA = 0x8200
"""802.11 of an Aruba access point: its number and class stand in five of the bits."""
VXLAN, VXLAN_OLD, GENEVE, GTP_U, MPLS_IN_UDP, GRE_IN_UDP = 4789, 8472, 6081, 2152, 6635, 4754

MAX_GTP_EXTENSIONS = 16
"""GTP-U extension headers in a row."""


@part
def gre(d: Any, p: Any, e: Any) -> Any:
    """Return (EtherType inside GRE or -2, where, tunnel id).

    RFC 2784 and 2890, NVGRE, ERSPAN, PPTP, EoIP, WCCP, and 802.11 of an access point of Aruba. An ERSPAN
    session id names a mirror, often one of each direction, so it is no part of a flow's key.
    """
    if p + 4 > e or d[p + 1] & 7 > 1:
        return NO_IP, p, int64(0)
    flags = d[p]
    version = d[p + 1] & 7
    acknowledged = d[p + 1] & 0x80 != 0
    et = be16(d, p + 2)
    p += 4
    identity = int64(0)
    if flags & 0x40:  # source routes, which RFC 2784 did away with
        return NO_IP, p, int64(0)
    if flags & 0x80:
        p += 4
    if flags & 0x20:
        if p + 4 > e:
            return NO_IP, p, identity
        identity = int64(be32(d, p))
        p += 4
    if flags & 0x10:
        p += 4
    if version == 1 and et == ET_EOIP:  # MikroTik's: in the key a length and the tunnel's number
        if flags & 0x20 == 0 or p + 14 > e:
            return NO_IP, p, int64(0)
        return be16(d, p + 12), p + 14, identity & 0xFFFF
    if version == 1:  # PPTP (RFC 2637): the key is a length and a call id, another one each way
        p += 4 if acknowledged else 0
        if p + 2 <= e and d[p] == 0xFF and d[p + 1] == 3:
            p += 2
        if et != ET_PPP or p + 2 > e:
            return NO_IP, p, int64(0)
        if d[p] & 1:
            return ppp_ethertype(int64(d[p])), p + 1, int64(0)
        return ppp_ethertype(be16(d, p)), p + 2, int64(0)
    if et == ET_ERSPAN2:
        if flags & 0x10:
            if p + 8 > e:
                return NO_IP, p, identity
            p += 8
        et = ET_TEB
    elif et == ET_ERSPAN3:
        if p + 12 > e:
            return NO_IP, p, identity
        extra = d[p + 11] & 1
        kind = (d[p + 10] >> 2) & 0x1F  # behind one bit: 0 is Ethernet, 2 is IP
        p += 12 + 8 * int64(extra)
        et = ET_TEB if kind == 0 else IP_BY_VERSION if kind == 2 else NO_IP
    elif et & 0xFE0F == ET_ARUBA:  # 802.11 as an access point passes it on to its controller
        et, p, reason = frame(d, p, e, False)
        if reason != PARSED:
            return NO_IP, p, identity
    elif et == ET_WCCP:  # what a router redirects; version 2 writes four bytes ahead of the IPv4 header
        if p < e and d[p] >> 4 != 4:
            p += 4
        et = ET_IPV4
    if et == ET_TEB:
        if p + 14 > e:
            return NO_IP, p, identity
        return be16(d, p + 12), p + 14, identity
    return et, p, identity


@part
def over_udp(d: Any, p: Any, e: Any, sport: Any, dport: Any) -> Any:
    """Return (EtherType in a UDP tunnel or -2, where, tunnel id) for the payload at p, told by its port."""
    if dport == VXLAN or dport == VXLAN_OLD or sport == VXLAN:  # RFC 7348 answers to 4789, some from it
        if p + 22 > e or d[p] & 0x08 == 0:
            return NO_IP, p, int64(0)
        return be16(d, p + 20), p + 22, int64(be32(d, p + 4)) >> 8
    if dport == GENEVE:
        if p + 8 > e or d[p] >> 6 != 0:
            return NO_IP, p, int64(0)
        identity = int64(be32(d, p + 4)) >> 8
        et = be16(d, p + 2)
        p += 8 + 4 * int64(d[p] & 0x3F)
        if et == ET_TEB:
            if p + 14 > e:
                return NO_IP, p, int64(0)
            return be16(d, p + 12), p + 14, identity
        return et, p, identity
    if dport == MPLS_IN_UDP:
        return ET_MPLS, p, int64(0)
    if dport == GRE_IN_UDP:
        return gre(d, p, e)
    if dport == TZSP:
        et, at = tzsp(d, p, e)
        return et, at, int64(0)
    if dport == VXLAN_GPE:
        return vxlan_gpe(d, p, e)
    if dport == L2TP or sport == L2TP:
        et, at = l2tp(d, p, e)
        if et != PPP:
            return NO_IP, p, int64(0)
        if d[at] & 1:
            return ppp_ethertype(int64(d[at])), at + 1, int64(0)
        return ppp_ethertype(be16(d, at)), at + 2, int64(0)
    # GTP-U version 1 with a G-PDU; its TEID differs each way, so it cannot be part of a flow's key.
    if (dport == GTP_U or sport == GTP_U) and p + 8 <= e and d[p] >> 4 == 3 and d[p + 1] == 0xFF:
        flags = d[p]
        p += 8
        if flags & 7:
            if p + 4 > e:
                return NO_IP, p, int64(0)
            following = d[p + 3] if flags & 4 else uint8(0)
            p += 4
            for _ in range(MAX_GTP_EXTENSIONS):
                if following == 0:
                    break
                if p >= e or d[p] == 0:
                    return NO_IP, p, int64(0)
                p += 4 * int64(d[p])
                if p > e:
                    return NO_IP, p, int64(0)
                following = d[p - 1]
        return IP_BY_VERSION, p, int64(0)
    return NO_IP, p, int64(0)


@inlined
def may_be_tunnel(sport: Any, dport: Any) -> Any:
    """Say whether `over_udp` opens a datagram between these ports."""
    there = dport == VXLAN or dport == VXLAN_OLD or dport == GENEVE or dport == GTP_U
    there = there or dport == MPLS_IN_UDP or dport == GRE_IN_UDP
    return there or sport == GTP_U or sport == VXLAN or may_be_other(sport, dport)
