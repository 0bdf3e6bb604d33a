"""Encrypted resolvers: a client that uses one looks names up unseen. That is no sign of mining.

The table is classifier/data/resolvers.csv; docs/protocols/dns.md tells its sources.
"""

import csv
from functools import cache
from importlib.resources import files

from facts.conversation import Transport
from protocols.events import TlsHello

PORT = 853
"""Of DNS over TLS (RFC 7858, TCP) and of DNS over QUIC (RFC 9250, UDP)."""
OWN_PROTOCOLS = frozenset({"dot", "doq"})
"""What ALPN calls DNS over TLS and over QUIC (RFC 7858, RFC 9250)."""
WEB_PROTOCOLS = frozenset({"h2", "h3", "http/1.1"})
"""What DNS over HTTPS rides on (RFC 8484)."""


@cache
def resolvers() -> frozenset[str]:
    """Return the host names of well-known resolvers that answer by HTTPS, TLS or QUIC."""
    text = files("classifier").joinpath("data/resolvers.csv").read_text("utf-8")
    return frozenset(row["name"] for row in csv.DictReader(text.splitlines()))


def hidden_dns(event: TlsHello, port: int, transport: Transport) -> str | None:
    """Return how a hello to a server's port shows encrypted DNS: `DoT`, `DoQ` or `DoH`; None where not.

    DoT and DoQ by their protocol or port; DoH, which looks like the web, by a well-known resolver's name.
    """
    own = "DoT" if transport == "tcp" else "DoQ"
    if not OWN_PROTOCOLS.isdisjoint(event.alpn):
        return own
    if port == PORT and WEB_PROTOCOLS.isdisjoint(event.alpn):
        return own
    if event.sni in resolvers() and (not event.alpn or not WEB_PROTOCOLS.isdisjoint(event.alpn)):
        return "DoH"
    return None
