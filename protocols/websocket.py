"""WebSocket: both sides' messages, read as those of browser miners, of Nimiq or of any line-JSON dialect; as
they stand, or as events of Socket.IO.

Handed the stream by the HTTP parser once the upgrade was read, or found in mid-stream by a frame that begins
with a JSON object. Frames are read in protocols/websocket_frames.py; docs/protocols/websocket.md.
"""

import re
from collections.abc import Iterator

from facts.errors import ParseError
from protocols.browser_mining import BrowserMining
from protocols.events import PoolEvent
from protocols.jsonrpc import Message, messages
from protocols.nimiq import Nimiq
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.socket_io import SocketIo
from protocols.stratum_dialects import read
from protocols.stratum_session import Contradiction, Session
from protocols.websocket_frames import FrameReader, Opcode, begins_object, header_of
from protocols.websocket_inflate import Inflater

MAX_QUIET = 1024
"""Messages without an event after which a connection is let go: chats and price feeds have no other end. A
long one counts as one for each QUIET_BYTES begun, so that what inflates a thousandfold is soon let go."""
QUIET_BYTES = 512

_TEXT = 0x80 | Opcode.TEXT
_TELLING = re.compile(
    rb'"(?:method|result|identifier|params|message"\s{0,64}:\s{0,64}"(?:regist|settings|new-block|share|payout|error))|\\'
)
"""What makes an object worth reading though nothing is asked: the keys of every vocabulary, and escapes."""
_OBJECTS = re.compile(rb"[ \t\r\n]*(?:\[[ \t\r\n]*)?\{")
"""A JSON object, or an array that begins with one (a batch)."""


class WebSocket(Parser):
    """Reads both sides of one connection; the side that masks its frames opened it."""

    name = "websocket"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a side begins with a whole text frame that begins with a JSON object in clear."""
        answer = Match.NO if any(heads.values()) else Match.MORE
        for head in heads.values():
            match = _begins(head) if head else False
            if match:
                return Match.YES
            if match is None:
                answer = Match.MORE
        return answer

    def __init__(
        self,
        deflate: bool | None = None,
        client_no_takeover: bool = False,
        server_no_takeover: bool = False,
        opened: bool | None = None,
    ) -> None:
        """`deflate` is whether the upgrade agreed on permessage-deflate, the two after it its parameters.

        `opened`: the first bytes fed are the first ones of the connection; by default where `deflate` is
        given. Where the upgrade was not seen, compressed messages are read as far as they stand alone.
        """
        synchronous = deflate is not None if opened is None else opened
        self._frames = {
            side: FrameReader(
                None if deflate is False else Inflater(not no_takeover, whole=synchronous), synchronous
            )
            for side, no_takeover in ((Side.CLIENT, client_no_takeover), (Side.SERVER, server_no_takeover))
        }
        self._session = Session()
        self._browser = BrowserMining(self._session)
        self._nimiq = Nimiq(self._session)
        self._socket_io = SocketIo()
        self._quiet = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every message that is complete."""
        frames, other = self._frames[side], self._frames[side.other]
        if frames.masked is None and other.masked is not None:
            frames.masked = not other.masked
        for offset, text in frames.push(data):
            self._quiet += 1 + len(text) // QUIET_BYTES
            if self.finished:
                return
            if _OBJECTS.match(text):
                found = messages(text, side, offset)
            elif text[:1] == b"4":
                found = self._socket_io.read(text, side, offset)
            else:
                continue
            for message in found:
                message.offset = offset  # where the frame begins: its text may have been compressed
                for event in self._read(message):
                    self._quiet = 0
                    yield event
                if self._session.contradicted:
                    return

    def skim(self, side: Side, data: bytes) -> bool:
        """Pass over one whole object that has no key of any vocabulary, where nobody waits for an answer."""
        frames = self._frames[side]
        text = None if self._session.waits else frames.whole(data)
        if text is None or text[:1] != b"{" or text[-1:] != b"}" or _TELLING.search(text):
            return False
        quiet = self._quiet + 1 + len(text) // QUIET_BYTES
        if quiet >= MAX_QUIET:
            return False
        self._quiet = quiet
        frames.skip(len(data))
        return True

    def _read(self, message: Message) -> Iterator[PoolEvent]:
        session = self._session
        reader = self._browser.reader(message) or self._nimiq.reader(message)
        if reader is None:
            yield from read(session, message)
            return
        decided = session.protocol, session.grade
        try:
            yield from reader(message)
        except Contradiction:
            session.protocol, session.grade = decided
            yield session.contradict(message)
        except ParseError:
            session.protocol, session.grade = decided  # what is not believed decides nothing
            raise

    def gap(self, side: Side, missing: int) -> None:
        """Pass over the message around the hole, and forget what is open."""
        self._frames[side].gap(missing)
        self._session.gap()
        self._browser.gap()
        self._nimiq.gap()

    @property
    def finished(self) -> bool:
        """True after MAX_QUIET messages in a row that said nothing of mining, or once a side has spoken as
        both parties: nothing more is read."""
        return self._session.contradicted or self._quiet >= MAX_QUIET


def _begins(head: bytes) -> bool | None:
    """Say whether the first bytes of a side are such a frame; None while that is not certain."""
    if head[0] != _TEXT:
        return False
    try:
        header = header_of(head)
    except ValueError:
        return False
    return None if header is None else begins_object(head, 0, header)
