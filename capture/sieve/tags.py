"""The payload test: which payloads may matter, by structure alone; cheap on those that do not.

One table look-up by the first byte says which tests are worth asking; most payloads need none.
"""

from typing import Any

import numpy as np

from capture.compiled import inlined, part
from capture.records import Tag
from capture.sieve.names import dns_matters, hello_matters
from capture.sieve.octets import be16
from capture.sieve.quic import FOREIGN, UNTOLD, quic_name
from capture.sieve.tags_binary import (
    SV2_FLIGHT,
    WHOAREYOU,
    is_agent_frame,
    is_bitcoin,
    is_datum_hello,
    is_discv4,
    is_levin,
    is_node_port,
    is_noise,
    is_quic_initial,
    is_rlpx,
    is_socks,
    is_stratum_v2,
    looks_random,
)
from capture.sieve.tags_text import http_matters, is_cut_json, is_json_rpc, is_websocket_text
from capture.words import int64, uint8

JSON, BITCOIN, LEVIN, DISCV4 = int(Tag.JSON), int(Tag.BITCOIN_P2P), int(Tag.LEVIN), int(Tag.DISCV4)
TLS, DNS, NONE, HTTP = int(Tag.TLS), int(Tag.DNS), int(Tag.NONE), int(Tag.HTTP)
WEBSOCKET, AGENT, STRATUM_V2 = int(Tag.WEBSOCKET), int(Tag.AGENT), int(Tag.STRATUM_V2)
NOISE, RLPX, HTTP2, QUIC = int(Tag.NOISE), int(Tag.RLPX), int(Tag.HTTP2), int(Tag.QUIC)
DISCV5, SEALED, SOCKS, DATUM = int(Tag.DISCV5), int(Tag.SEALED), int(Tag.SOCKS), int(Tag.DATUM)
DULL = 255
"""No tag: a TLS greeting whose server name is of no interest."""

LATER, FROM_CLIENT, FROM_OTHER = 0, 1, 2
"""Where a payload stands in a connection whose opening was seen: the client's first, before anything of the
server's; any other side's first; or later. Of other connections all are later."""

DNS_OVER_TLS = 853

_PREFACE = np.frombuffer(b"PRI * HTTP/2.0\r\n", np.uint8).copy()


def _firsts() -> Any:
    """Return which test the first byte of a TCP payload calls for, (256,) uint8: a Tag, or NONE."""
    table = np.zeros(256, np.uint8)
    for byte in b'{[\t\n\r "':
        table[byte] = JSON
    for byte in b"GPCH":
        table[byte] = HTTP
    table[0x16], table[0x7F], table[0x00], table[0x01] = TLS, AGENT, STRATUM_V2, LEVIN
    table[0x81] = WEBSOCKET
    return table


_FIRSTS = _firsts()


@inlined
def _dns_header(d: Any, p: Any) -> Any:
    """Say whether twelve bytes can be a DNS header: a standard opcode, one question or an answer, zero Z."""
    return (d[p + 2] & 0x78) <= 0x28 and (d[p + 3] & 0x40) == 0 and be16(d, p + 4) <= 8


@inlined
def _is_preface(d: Any, p: Any, n: Any) -> Any:
    """Say whether a client opens HTTP/2 without TLS here: gRPC between nodes."""
    if n < len(_PREFACE):
        return False
    different = 0
    for at in range(len(_PREFACE)):
        different += int64(d[p + at] != _PREFACE[at])
    return different == 0


@part
def _opening_tag(d: Any, p: Any, n: Any, sport: Any, dport: Any, standing: Any) -> Any:
    """Return the tag of a side's first bytes, by what only the first ones show."""
    end = p + n
    if standing == FROM_CLIENT:
        if is_noise(d, p, n):
            return uint8(NOISE)
        if is_socks(d, p, n):
            return uint8(SOCKS)
        if is_datum_hello(d, p, n):
            return uint8(DATUM)
        if _is_preface(d, p, n):
            return uint8(HTTP2)
    if n >= SV2_FLIGHT and (is_node_port(sport) or is_node_port(dport)) and looks_random(d, p, end):
        return uint8(SEALED)
    return uint8(NONE)


@part
def tcp_tag(
    d: Any, p: Any, end: Any, sport: Any, dport: Any, standing: Any, dull: Any, names: Any, scratch: Any
) -> Any:
    """Return the tag of a TCP payload d[p:end]; DULL for a TLS greeting to a name of no interest.

    `standing` is LATER, FROM_CLIENT or FROM_OTHER. `dull` says that this flow had a greeting of no interest:
    the rest of its handshake does not matter either.
    """
    n = end - p
    if n < 6:
        if standing == FROM_CLIENT and n >= 3 and is_socks(d, p, n):
            return uint8(SOCKS)
        return uint8(JSON) if standing != LATER and n > 0 and is_cut_json(d, p, end) else uint8(NONE)
    test = _FIRSTS[d[p]]
    if test != NONE:
        if test == JSON:
            if is_json_rpc(d, p, end) or (standing != LATER and is_cut_json(d, p, end)):
                return uint8(JSON)
        elif test == TLS:
            if d[p + 1] == 3 and d[p + 2] <= 4:
                kind = d[p + 5]
                if kind == 1:
                    if sport == DNS_OVER_TLS or dport == DNS_OVER_TLS:
                        return uint8(TLS)  # that names are hidden matters, whoever's server it is
                    return uint8(TLS) if hello_matters(d, p, end, names, scratch) else uint8(DULL)
                if (kind == 2 or kind == 11) and not dull:
                    return uint8(TLS)
        elif test == HTTP:
            if http_matters(d, p, end):
                return uint8(HTTP)
        elif test == LEVIN:
            if is_levin(d, p, n):
                return uint8(LEVIN)
        elif test == STRATUM_V2:
            if is_stratum_v2(d, p, end):
                return uint8(STRATUM_V2)
        elif test == WEBSOCKET:
            if is_websocket_text(d, p, end, scratch):
                return uint8(WEBSOCKET)
        elif is_agent_frame(d, p, end):
            return uint8(AGENT)
    second = d[p + 4]
    if 0x61 <= second <= 0x7A and is_bitcoin(d, p, end):
        return uint8(BITCOIN)
    if (sport == 53 or dport == 53) and n >= 14 and _dns_header(d, p + 2) and be16(d, p) >= 12:
        return uint8(DNS) if dns_matters(d, p + 2, end, names, scratch) else uint8(NONE)
    if d[p + 2] == 0x04 or d[p] == 0x04:
        if is_rlpx(d, p, n):
            return uint8(RLPX)
    if standing != LATER:
        return _opening_tag(d, p, n, sport, dport, standing)
    return uint8(NONE)


@part
def udp_tag(
    d: Any,
    p: Any,
    end: Any,
    sport: Any,
    dport: Any,
    answers: Any,
    behind: Any,
    dull: Any,
    names: Any,
    scratch: Any,
) -> Any:
    """Return the tag of a UDP payload d[p:end]; DULL for a QUIC greeting to a name of no interest.

    `answers` says that it is its side's first datagram, in answer to others; `behind` that the other side
    spoke first; `dull` that this flow had a greeting of no interest.
    """
    n = end - p
    if sport == 53 or dport == 53:
        if n >= 17 and _dns_header(d, p):  # a header and the shortest question
            return uint8(DNS) if dns_matters(d, p, end, names, scratch) else uint8(NONE)
        return uint8(NONE)
    if is_discv4(d, p, n):
        return uint8(DISCV4)
    if is_quic_initial(d, p, n) and not (behind and dull):
        told = quic_name(d, p, end, names, scratch)
        if told == FOREIGN:
            return uint8(DULL)
        return uint8(NONE) if dull and told == UNTOLD else uint8(QUIC)
    if answers and n == WHOAREYOU and looks_random(d, p, end):
        return uint8(DISCV5)
    return uint8(NONE)
