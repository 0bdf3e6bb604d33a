"""Chia's node network: TLS on port 8444, of which a certificate shows where TLS 1.2 is spoken.

All services of a Chia node use certificates of one authority, whose key comes with the software: that one is
shown proves no more than that somebody takes part, or wants to be taken for it.

Source: Chia-Network/chia-blockchain chia/ssl/create_ssl.py; docs.chia.net, "Networking";
docs/protocols/chia_p2p.md.
"""

from protocols.events import NodeMessage, TlsCertificate

PROTOCOL = "chia-p2p"
AUTHORITY = "Chia CA"
HOST = "chia.net"
COINS = ("XCH",)


def node_of(certificate: TlsCertificate) -> NodeMessage | None:
    """Return what a certificate tells of its sender: a peer of Chia's network, or nothing (None)."""
    if certificate.issuer != AUTHORITY or HOST not in certificate.names:
        return None
    return NodeMessage(
        protocol=PROTOCOL,
        side=certificate.side,
        offset=certificate.offset,
        command="certificate",
        coins=COINS,
        sealed=True,
    )
