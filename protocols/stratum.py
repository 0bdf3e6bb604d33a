"""Stratum over TCP: one JSON object a line, in every dialect that pools and miners speak.

The reader of the stream; what messages mean is in protocols/stratum_dialects.py and the files it names.
"""

import re
from collections.abc import Iterable, Iterator

from facts.errors import ParseError
from protocols.agent_frames import FRAME, begins, chain
from protocols.btcagent import BtcAgent
from protocols.jsonrpc import Message, messages
from protocols.lines import MAX_LINE, LineBuffer
from protocols.packed_lines import MAGIC, PackedLines
from protocols.parser import SIDES, Event, Handover, Heads, Match, Parser, Side
from protocols.stratum_dialects import read
from protocols.stratum_session import Grade, Session

MAX_QUIET_LINES = 1024
"""Lines without an event after which a stream is let go: a pool's or a miner's every other line is one."""

_WORDS = re.compile(
    rb'"(?:mining\.|agent\.get_cap|eth_(?:submit|getWork)'
    rb'|(?:login|submit|job|getjob|keepalived|getjobtemplate|job_id|solution)"|result"\s*:\s*\[\s*"0x)'
)
_QUOTES = 3
"""The most that one of them holds before its last sign, the first of which begins it."""
_ESCAPE = b"\\u00"
"""A line with none of these is no message of a dialect that begins a conversation."""
_HTTP = re.compile(rb"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|HTTP/[0-9])[ .0-9]")
_HTTP_LINE = re.compile(
    rb"(?:(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT) \S{1,4096} HTTP/1\.[01]|HTTP/1\.[01] 200 .*)\r?\Z"
)
"""A line after which the JSON before it was the body of an HTTP message whose head was not captured. Refusals
of a web server (status 400 and the like) are none: miners try those, too."""
_CLOSED = (b"}", b"\0", b"\r")
"""How a message without LF may end; its sender closes with NUL or CR, or with nothing."""
_PADDING = b"\xef\xbb\xbf \t\r\0"
MAX_OPEN = 16 * 1024
"""Bytes of a message without LF that are tried: pools disconnect at 10 KiB."""
_NO_TEXT = bytes(set(range(32)) - set(b"\t\r\n\0"))
"""Control characters that no JSON text holds; NUL is let pass, keep-alive probes carry it."""


MAX_PLAIN = 64
"""Beginnings of streams that are remembered to be text without a word of mining."""
_BEGINNING = 48
"""Bytes that they are remembered by."""
_plain: dict[bytes, bytes] = {}
"""First bytes -> the last head with these that is such a text. A stream that grows is asked about again and
again, and then only what is new is searched."""


def _has_words(text: bytes, at: int = 0) -> bool:
    return _WORDS.search(text, at) is not None or text.find(_ESCAPE, at) >= 0


def _is_text(head: bytes, at: int = 0) -> bool:
    new = head[at:] if at else head
    return len(new.translate(None, _NO_TEXT)) == len(new)


def _known(head: bytes) -> tuple[int, int]:
    """Return how much of a head is known to be text without words, and where a word may have begun in it."""
    plain = _plain.get(head[:_BEGINNING], b"")
    if not plain or not head.startswith(plain):
        return 0, 0
    begun = len(plain)
    for _ in range(_QUOTES):
        begun = max(plain.rfind(b'"', 0, begun), 0)
    return len(plain), min(begun, max(len(plain) - len(_ESCAPE), 0))


def _remember(head: bytes) -> None:
    key = head[:_BEGINNING]
    if len(_plain) >= MAX_PLAIN and key not in _plain:
        _plain.clear()
    _plain[key] = head


class Stratum(Parser):
    """Reads both sides of one stream; either may be the miner's."""

    name = "stratum"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a line of JSON has a word of mining; NO where a side cannot be lines of JSON."""
        found = False
        for side, head in heads.items():
            if _HTTP.match(head) and (head[:5] != b"HTTP/" or not heads.get(side.other)):
                return Match.NO  # a web server may well answer a miner that tries it, so that is none
            known, begun = _known(head)
            if not _is_text(head, known):
                return Match.NO
            if found:
                continue
            if not _has_words(head, begun):
                _remember(head)
                continue
            broken = False
            for line in head.split(b"\n"):
                first = line.lstrip(_PADDING)[:1]
                if (first in (b"{", b"[") or (broken and first == b'"')) and _has_words(line):
                    found = True
                    break
                broken = broken or line.strip(_PADDING) == b"{"
        return Match.YES if found else Match.MORE

    def __init__(self) -> None:
        self._lines = {side: LineBuffer(MAX_LINE) for side in SIDES}
        self._packed: dict[Side, PackedLines] = {}
        self._session = Session()
        self._quiet = 0
        self._broken: dict[Side, tuple[int, bytes, bytearray]] = {}
        """An object that is broken over lines: its offset, its indentation, its lines."""
        self._held: dict[Side, bytes] = {}
        """What may be the header of a frame of BTCAgent, of which not all is there yet."""
        self._handover: Handover | None = None

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every line that is complete, then raise the first ParseError there was.

        A bad line costs itself alone; the last raise says how many there were.
        """
        session = self._session
        errors: list[ParseError] = []
        pieces: Iterable[bytes] = (data,)
        rest, sure = b"", False
        if FRAME in data or self._held or self._packed or session.packing:
            data = self._held.pop(side, b"") + data
            at, sure = self._frames(side, data)
            rest = data[at:]
            pieces = self._pieces(side, data[:at])
        for piece in pieces:
            try:
                lines = self._push(side, piece)
            except ParseError as error:
                errors.append(error)
                continue
            for offset, line, joined in lines:
                if session.contradicted or self._quiet >= MAX_QUIET_LINES:
                    break
                if line is not None and line[:1] != b"{" and _HTTP_LINE.match(line):
                    start, begun = self._lines[side].unfinished  # where the piece ends
                    behind = start + len(begun) - (offset + len(line) + 1)
                    text = line + b"\n" + piece[len(piece) - behind :]
                    self._handover = Handover(None, ((side, offset, text),))
                    return
                try:
                    if side in self._broken or (line is not None and len(line) < 8 and line.strip() == b"{"):
                        offset, line = self._gathered(side, offset, line)
                    self._quiet += 1
                    for message in _messages(side, offset, line, joined):
                        if self._session.contradicted:
                            break
                        for event in read(session, message):
                            self._quiet = 0
                            yield event
                except ParseError as error:
                    errors.append(error)
        if sure and not self.finished:
            self._hand_over(side, rest)
        elif rest:
            self._held[side] = rest
        if errors:
            more = f" (and {len(errors) - 1} lines more)" if len(errors) > 1 else ""
            raise ParseError(errors[0].why + more, errors[0].offset) from errors[0]

    def _pieces(self, side: Side, data: bytes) -> Iterator[bytes]:
        """Cut data where lines may give way to gzip members, which are fed whole: one limit holds for all."""
        at = 0
        while (at < len(data) or not at) and not self.finished:
            end = 0 if side in self._packed or not self._session.packing else data.find(b"\n", at) + 1
            piece = data[at : end or len(data)]
            at += len(piece) or 1
            yield piece

    def _push(self, side: Side, data: bytes) -> list[tuple[int, bytes | None, bool]]:
        packed, lines = self._packed.get(side), self._lines[side]
        if packed is None and not self._session.packed and data[-1:] == b"\n":
            return lines.push(data)  # as nearly every segment is
        if packed is None and self._session.packed and data[:1] == MAGIC[:1] and lines.sure and lines.empty:
            packed = self._packed[side] = PackedLines(lines.unfinished[0])
        if packed is not None:
            return packed.push(data)
        found = lines.push(data)
        if data[-1:] in _CLOSED and self._whole(side):
            found.append(lines.end())
        return found

    def _whole(self, side: Side) -> bool:
        """Say whether what stands behind the last LF is a message: one side may end none of its own so."""
        offset, begun = self._lines[side].unfinished
        if side in self._broken:
            return begun.rstrip(b" \t\r\0") == self._broken[side][1] + b"}"
        if (
            len(begun) > MAX_OPEN
            or begun.lstrip(_PADDING)[:1] != b"{"
            or begun.count(b"{") != begun.count(b"}")
        ):
            return False
        try:
            return bool(list(messages(begun, side, offset)))
        except ParseError:
            return False

    def _gathered(self, side: Side, offset: int, line: bytes | None) -> tuple[int, bytes]:
        """Put an object together that is written over several lines, as indenting writers do.

        Until it ends, what is returned is empty. Raises ParseError where it does not end in time.
        """
        if side not in self._broken:
            line = line or b""
            self._broken[side] = (offset, line[: len(line) - len(line.lstrip())], bytearray(line))
            return offset, b""
        start, indent, text = self._broken[side]
        if line is None or len(text) + len(line) > MAX_LINE:
            del self._broken[side]
            raise ParseError(f"an object over several lines, longer than {MAX_LINE} bytes", start)
        text += b"\n" + line
        if line.rstrip(b" \t\r\0") != indent + b"}":
            return offset, b""
        del self._broken[side]
        return start, bytes(text)

    def _frames(self, side: Side, data: bytes) -> tuple[int, bool]:
        """Return where a frame of BTCAgent begins between two lines, and whether that is sure.

        It is not where the data ends within its header; where there is none, it is the end of the data.
        """
        if self._session.grade == Grade.NOTHING or side in self._packed or self._handover is not None:
            return len(data), False
        lines = self._lines[side]
        at = -1
        if data[:1] == FRAME and lines.empty and (lines.sure or chain(data, 0, 1)):
            at = 0
        while True:
            if at >= 0 and (begun := begins(data, at)) is not False:
                return at, bool(begun)
            at = data.find(b"\n" + FRAME, max(at, 0)) + 1
            if at == 0:
                return len(data), False

    def _hand_over(self, side: Side, rest: bytes) -> None:
        """Leave the stream, from its first frame on, to the reader of frames."""
        parser = BtcAgent(self._session, {side: True, side.other: self._lines[side.other].sure})
        here, _ = self._lines[side].unfinished
        there, begun = self._lines[side.other].unfinished
        begun += self._held.pop(side.other, b"")
        earlier = ((side.other, there, begun),) if begun else ()
        self._handover = Handover(parser, (*earlier, (side, here, rest)))

    @property
    def handover(self) -> Handover | None:
        """BTCAgent's reader, once a binary frame stands between two lines; none for a stream of HTTP."""
        return self._handover

    def gap(self, side: Side, missing: int) -> None:
        """Pass over the line around the hole, and forget which requests are open."""
        self._broken.pop(side, None)
        if side in self._packed:
            self._packed[side].gap(missing)
        else:
            self._lines[side].gap(missing + len(self._held.pop(side, b"")))
        self._session.gap()

    @property
    def finished(self) -> bool:
        """True after MAX_QUIET_LINES lines in a row that said nothing of mining, or once a side has
        spoken as both parties."""
        return self._session.contradicted or self._quiet >= MAX_QUIET_LINES


def _messages(side: Side, offset: int, line: bytes | None, joined: bool) -> Iterable[Message]:
    if line is None:
        raise ParseError(f"a line longer than {MAX_LINE} bytes", offset)
    if joined and line.lstrip(_PADDING)[:1] not in (b"{", b"[", b""):
        return ()  # the tail of a line whose head was not captured
    return messages(line, side, offset)
