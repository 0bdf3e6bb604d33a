"""The order in which verdicts list things: the same input gives the same output."""

from collections.abc import Iterable

from facts.verdict import Peer


def tidy(words: Iterable[str | None]) -> tuple[str, ...]:
    """Return each word once, in order; nothing for what is not known."""
    return tuple(sorted({word for word in words if word}))


def peer_order(peer: Peer) -> tuple[object, ...]:
    """Return what peers are sorted by: address, port, then what is said of them."""
    return (peer.address.version, int(peer.address), peer.port, peer.protocol, peer.state, peer.role or "")
