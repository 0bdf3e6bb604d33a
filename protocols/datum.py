"""DATUM: the link of a gateway that makes its own block templates to its pool; sealed, known by how it opens.

Every frame has a header of four bytes, little-endian, masked by a key that changes with each frame:

    | length 22 | reserved 2 | signed 1 | sealed to a key 1 | sealed to the channel 1 | command 5 |

The first key is a constant of the protocol, so the gateway's hello (command 1, signed, sealed to the pool's
key) shows its header: twelve bits that are given, and the length, which must be all that the gateway sends
before it is answered. The pool's answer is masked by a key that the hello carries, sealed; of it only the
least size is known, and of what follows nothing.
Source: OCEAN-xyz/datum_gateway, datum_protocol; docs/protocols/datum.md.
"""

from collections.abc import Iterator

from protocols.events import Subscribe, Subscribed
from protocols.parser import Event, Heads, Match, Parser, Side

PROTOCOL = "datum"
HEADER = 4  # bytes
MASK = 0xDC871829
"""The key of the first frame that a gateway sends."""
_LENGTH = (1 << 22) - 1
_HELLO = 1 << 27 | 1 << 25 | 1 << 24  # command 1, sealed to a key, signed; reserved bits and channel clear
_KEYS = 4 * 32  # of the gateway and of the session, for signing and for sealing
_SEALED = 48 + 64  # bytes that the seal and the signature add
LEAST_HELLO = _KEYS + 1 + 1 + 4 + 1 + _SEALED  # the agent's NUL, 0xFE, a key, a byte of padding
MOST_HELLO = 1024  # the gateway's buffer
LEAST_ANSWER = HEADER + _KEYS + 2 * 32 + 1 + _SEALED  # our keys, the pool's, the NUL of a greeting


def hello_size(head: bytes) -> int | None:
    """Return the size of the frame whose header begins here, or None where it is no hello."""
    header = int.from_bytes(head[:HEADER], "little") ^ MASK
    length = header & _LENGTH
    if header & ~_LENGTH != _HELLO or not LEAST_HELLO <= length <= MOST_HELLO:
        return None
    return HEADER + length


class Datum(Parser):
    """Tells that a gateway's hello was answered; events are sealed, for no message was read."""

    name = "datum"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES once a hello, and no byte more, was answered with as much as its answer has at least."""
        client, server = heads.get(Side.CLIENT, b""), heads.get(Side.SERVER, b"")
        for head, answer in ((client, server), (server, client)):
            if len(head) < HEADER:
                continue
            size = hello_size(head)
            if size is None or len(head) > size:
                continue
            if len(head) == size and len(answer) >= LEAST_ANSWER:
                return Match.YES
            return Match.MORE if len(head) == size or not answer else Match.NO
        short = 0 < len(client) < HEADER or 0 < len(server) < HEADER
        return Match.MORE if short and not (client and server) else Match.NO

    def __init__(self) -> None:
        self._heard = dict.fromkeys(Side, 0)
        self._hello: Side | None = None
        self._size = 0
        self._over = False
        self._begun = b""

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield both halves of the handshake once the answer is long enough; nothing follows them."""
        if self._over or not data:
            return
        self._heard[side] += len(data)
        if self._hello is None:
            self._begun += data[: HEADER - len(self._begun)]
            if len(self._begun) == HEADER:
                self._hello, self._size = side, hello_size(self._begun) or 0
            return
        answered = self._heard[self._hello.other] >= LEAST_ANSWER
        self._over = answered or self._heard[self._hello] > self._size or self._size == 0
        if answered and self._heard[self._hello] == self._size:
            yield Subscribe(protocol=PROTOCOL, side=self._hello, offset=0, method="hello", sealed=True)
            yield Subscribed(protocol=PROTOCOL, side=self._hello.other, offset=0, sealed=True)

    def gap(self, side: Side, missing: int) -> None:
        """Give up: where bytes are lost, lengths tell nothing."""
        self._over = True

    @property
    def finished(self) -> bool:
        """True once the handshake is told, or was none."""
        return self._over
