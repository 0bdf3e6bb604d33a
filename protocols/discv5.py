"""discv5: how Ethereum nodes find each other since discv4, over UDP; told by sizes, since headers are masked.

The key that masks a packet's header is the receiver's node id, which is nowhere on the wire. What can be seen
is the exchange that opens a session: a challenge of exactly 63 bytes, answered by a handshake and that by a
message, all of them random to an onlooker. Other sealed protocols can have such sizes: a judge believes it
only at the port of a node network, and never far.

Source: ethereum/devp2p discv5-wire.md; docs/protocols/discv5.md.
"""

from collections.abc import Iterator
from typing import ClassVar

from protocols.bitcoin_p2p_v2 import looks_drawn
from protocols.events import NodeMessage
from protocols.parser import Event, Heads, Match, Parser, Side

PROTOCOL = "ethereum-p2p"
MAX_PACKET = 1280  # bytes: the specification's limit
MAX_DATAGRAMS = 16  # within which a challenge is met: later ones belong to something else

# A packet: masking-iv 16 | static header 23 | authdata | message, the last two by its kind
MASK, STATIC, TAG = 16, 23, 16
WHOAREYOU = MASK + STATIC + 24
"""Bytes of the challenge: its authdata is a nonce and a sequence number, and it has no message."""
HANDSHAKE = MASK + STATIC + 34 + 64 + 33 + TAG
"""Bytes of the smallest answer: id and sizes, a signature, a key; then a message."""
MESSAGE = MASK + STATIC + 32 + TAG
"""Bytes of the smallest message: the sender's id, and what is sealed."""
SHORT_HEADER = 0x40
"""How the two high bits of all of QUIC's datagrams after its handshake are; a mask has any."""


class Discv5(Parser):
    """Waits for the answers to one challenge, and tells of all three packets at once."""

    name: ClassVar[str] = "discv5"
    transport: ClassVar[str] = "udp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a datagram of a challenge's size that may be random; `feed` wants what follows it."""
        return Match.YES if any(_is_challenge(bytes(head)) for head in heads.values()) else Match.NO

    def __init__(self) -> None:
        self._challenge: tuple[Side, bytes] | None = None
        self._handshake: bytes | None = None
        self._datagrams = 0
        self._done = False

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield NodeMessage `whoareyou`, `handshake` and `message` when the last of them comes."""
        self._datagrams += 1
        if self._done:
            return
        if _is_challenge(data):
            self._challenge, self._handshake = (side, data), None
            return
        if self._challenge is None or not len(data) <= MAX_PACKET or not looks_drawn(data):
            self._challenge = None
            return
        by, challenge = self._challenge
        if side is by.other:
            if self._handshake is None:
                self._handshake = data if len(data) >= HANDSHAKE else None
            return
        if self._handshake is None or len(data) < MESSAGE:
            self._challenge = None
            return
        packets = (challenge, self._handshake, data)
        self._challenge = None
        if len({packet[0] >> 6 for packet in packets}) == 1 and data[0] >> 6 == SHORT_HEADER >> 6:
            return
        self._done = True
        for sender, command in ((by, "whoareyou"), (by.other, "handshake"), (by, "message")):
            yield NodeMessage(protocol=PROTOCOL, side=sender, offset=0, command=command, sealed=True)

    @property
    def finished(self) -> bool:
        """True when a challenge was met, or none was for long."""
        return self._done or self._datagrams >= MAX_DATAGRAMS


def _is_challenge(datagram: bytes) -> bool:
    return len(datagram) == WHOAREYOU and looks_drawn(datagram)
