"""Which parsers are asked first: those of the protocol whose structure the sieve saw."""

from collections.abc import Sequence
from functools import cache

from capture.records import Tag
from protocols.parser import Parser

_NAMES: dict[Tag, tuple[str, ...]] = {
    Tag.JSON: ("electrum", "stratum"),
    Tag.BITCOIN_P2P: ("bitcoin_p2p",),
    Tag.LEVIN: ("levin",),
    Tag.DISCV4: ("discv4",),
    Tag.TLS: ("tls",),
    Tag.DNS: ("dns", "dns_tcp"),
    Tag.HTTP: ("http",),
    Tag.WEBSOCKET: ("websocket",),
    Tag.AGENT: ("btcagent",),
    Tag.STRATUM_V2: ("sv2",),
    Tag.NOISE: ("sv2_noise",),
    Tag.RLPX: ("rlpx",),
    Tag.HTTP2: ("kaspa_p2p",),
    Tag.QUIC: ("quic",),
    Tag.DISCV5: ("discv5",),
    Tag.SEALED: ("bitcoin_p2p_v2",),
    Tag.SOCKS: ("socks",),
    Tag.DATUM: ("datum",),
}
"""Tag -> the names of the parsers that read it; of other streams all are asked in the table's order."""


class Candidates:
    """The parsers of one transport in the order in which a stream of each tag asks them."""

    def __init__(self, parsers: Sequence[type[Parser]], transport: str) -> None:
        self._parsers = tuple(parser for parser in parsers if parser.transport == transport)
        self.of = cache(self._of)
        """Return all parsers of the transport, those that the tag names first."""

    def _of(self, tag: int) -> tuple[type[Parser], ...]:
        first = _NAMES.get(Tag(tag), ())
        return tuple(sorted(self._parsers, key=lambda parser: parser.name not in first))
