"""802.11 frames as a monitoring interface captures them: what lies before the frame, its header, its LLC.

The capture begins with a header of the driver's own (radiotap, Prism, AVS), whose fields are little-endian in
radiotap and big-endian in AVS, or with the frame itself. Fields of the frame are little-endian:

     0    2    4      10     16     22   24      30    32   36
    +----+----+------+------+------+----+-------+-----+----+------------------+-----+
    | FC |dur.|addr.1|addr.2|addr.3|seq.|addr. 4| QoS | HT | LLC, SNAP, IP .. | FCS |
    +----+----+------+------+------+----+-------+-----+----+------------------+-----+
                                         to DS   QoS   QoS
                                        and from data  and
                                           DS         order

    frame control, first byte: subtype (4 bits), type (2), version (2); second byte: order, protected,
    more data, power, retry, more fragments, from DS, to DS

Only data frames carry IP, and of a protected one nothing is read. Of several packets in one frame (A-MSDU)
the first is read; mesh headers are not.

Sources: IEEE 802.11-2020, 9.2.4 and 9.3.2; radiotap.org; tcpdump.org/linktypes (105, 119, 127, 163).
"""

from typing import Any

from capture.compiled import inlined, part
from capture.sieve.octets import be16, be32, octet
from capture.sieve.reasons import ENCRYPTED_LINK, FRAGMENTED_LINK, NOT_IP, PARSED, TRUNCATED_LINK
from capture.words import int64

WIFI, PRISM, RADIOTAP, AVS = 105, 119, 127, 163

LLC = 0
"""In the place of an EtherType: a length, behind which LLC begins; it is of no use here."""

PRISM_LENGTH = 144
AVS_MAGIC = 0x80211000
"""First word of an AVS header, its version in the last four bits. Drivers write it under either link type."""
RADIOTAP_WORDS = 32
"""Words of presence bits in a row; real drivers write up to six."""

_DATA = 2
_NO_DATA, _QOS = 4, 8
"""Bits of the subtype of data frames."""
_TO_DS, _FROM_DS, _MORE_FRAGMENTS, _PROTECTED, _ORDER = 1, 2, 4, 64, 128
_AMSDU = 128
"""Bit of the first byte of QoS control."""
_TSFT, _FLAGS, _MORE_WORDS = 1, 2, 1 << 31
"""Bits of radiotap's presence."""
_PADDED = 32
"""Bit of radiotap's flags: the header is padded to four bytes."""


@inlined
def _le16(d: Any, p: Any) -> Any:
    """Return two bytes, least significant first, as int64."""
    return octet(d, p) | octet(d, p + 1) << 8


@inlined
def _begins_snap(d: Any, p: Any, e: Any) -> Any:
    """Say whether LLC and SNAP of an EtherType lie there: six bytes that no cipher leaves by chance."""
    return p + 8 <= e and int64(be32(d, p)) == 0xAAAA0300 and be16(d, p + 4) == 0


@part
def radiotap(d: Any, p: Any, e: Any) -> Any:
    """Return (where the frame begins, whether its header is padded to four bytes, reason).

     0    1    2        4          8
    +----+----+--------+----------+-----------------+------+-------+----
    | 0  | -  | length | presence | more of presence| TSFT | flags | ..
    +----+----+--------+----------+-----------------+------+-------+----
                                     while bit 31     by 8, bit 0   bit 1
    """
    if p + 8 > e or octet(d, p) != 0:
        return p, False, TRUNCATED_LINK
    begin = p + _le16(d, p + 2)
    present = octet(d, p + 4)
    at = p + 4
    for _ in range(RADIOTAP_WORDS):
        if at + 4 > e or octet(d, at + 3) & 0x80 == 0:
            break
        at += 4
    at += 4
    if begin < at or begin > e:
        return p, False, TRUNCATED_LINK
    if present & _TSFT:
        at += (p - at) & 7  # fields are aligned from the header's begin on
        at += 8
    padded = present & _FLAGS != 0 and at < begin and octet(d, at) & _PADDED != 0
    return begin, padded, PARSED


@part
def wifi(d: Any, p: Any, e: Any, link: Any) -> Any:
    """Return (LLC, where it begins, reason) of a frame behind what its link type puts before it."""
    padded = False
    if link == RADIOTAP:
        p, padded, reason = radiotap(d, p, e)
        if reason != PARSED:
            return LLC, p, reason
    elif link != WIFI:
        if p + 8 > e:
            return LLC, p, TRUNCATED_LINK
        if int64(be32(d, p)) & 0xFFFFFFF0 == AVS_MAGIC:
            p += int64(be32(d, p + 4))
        elif link == PRISM:
            p += PRISM_LENGTH
        else:
            return LLC, p, TRUNCATED_LINK
    return frame(d, p, e, padded)


@part
def frame(d: Any, p: Any, e: Any, padded: Any) -> Any:
    """Return (LLC, where it begins, reason) of an 802.11 frame; the header is drawn above."""
    if p + 24 > e:
        return LLC, p, TRUNCATED_LINK if p + 1 > e or octet(d, p) & 0x0F == _DATA << 2 else NOT_IP
    first, second = octet(d, p), octet(d, p + 1)
    subtype = first >> 4
    if first & 0x0F != _DATA << 2 or subtype & _NO_DATA:
        return LLC, p, NOT_IP
    if second & _MORE_FRAGMENTS or octet(d, p + 22) & 0x0F:
        return LLC, p, FRAGMENTED_LINK
    at = p + 24
    if second & _TO_DS and second & _FROM_DS:
        at += 6
    several = False
    if subtype & _QOS:
        if at + 2 > e:
            return LLC, p, TRUNCATED_LINK
        several = octet(d, at) & _AMSDU != 0
        at += 2
        if second & _ORDER:
            at += 4
    if padded:
        at += (p - at) & 3
    if second & _PROTECTED and not _begins_snap(d, at, e):
        # Some drivers decipher and leave the bit, and with it the cipher's header: of 8 bytes (CCMP, TKIP,
        # GCMP), or 4 (WEP).
        if _begins_snap(d, at + 8, e):
            at += 8
        elif _begins_snap(d, at + 4, e):
            at += 4
        else:
            return LLC, p, ENCRYPTED_LINK
    if several:
        at += 14  # two addresses and a length, as on Ethernet
    if at + 3 > e:
        return LLC, p, TRUNCATED_LINK
    return LLC, at, PARSED
