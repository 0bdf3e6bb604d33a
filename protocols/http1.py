"""HTTP/1.x messages out of one side of a byte stream that arrives in any cut, is joined late, loses pieces.

A `MessageReader` gives each message as a `Head` and then a `Body`. It reads requests and responses alike, as
the start line tells; what a response's length depends on beside its own head (the request was HEAD, CONNECT)
its user says by `bodiless`. Sources: RFC 9110, RFC 9112; docs/protocols/http.md.
"""

import re
from enum import Enum, auto

from facts.errors import ParseError
from protocols.http_body import Body, BodyBuilder, JsonEnd
from protocols.http_head import LOOK_BACK, Head, is_start, read_head, start_before

MAX_HEAD = 16 * 1024
"""Bytes of a head; servers refuse longer ones from 8 KiB on."""
MAX_FRAMING = 8 * 1024
"""Lines around the chunks of one body, two a chunk: senders put kilobytes into a chunk."""
MAX_CHUNK_LINE = 256
"""Bytes of the line before a chunk; nothing that mines sends chunk extensions."""
WINDOW = 64 * 1024
"""Bytes looked at at a time of what is pushed at once; a longer body is passed over without being copied."""
MAX_SEARCH = 1024 * 1024
"""Bytes searched for a start line of what is pushed at once: the rest is passed over."""
MAX_FALSE_STARTS = 256
"""Places that look like a start line and are none, in what is searched at a time: the rest is passed over."""

_LENGTH = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)
_END_OF_HEAD = re.compile(rb"\n\r?\n")


class _State(Enum):
    START = auto()
    HUNT = auto()
    FIXED = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    TO_CLOSE = auto()
    SWALLOW = auto()
    """The rest of a body that the end of the connection ends is of no interest."""


class MessageReader:
    """Reads one side. `push` bytes, then call `next` until it returns None."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._pushed = b""
        self._rest = memoryview(b"")
        """What was pushed beyond `_unread`, which it follows: the end of `_pushed`."""
        self._offset = 0
        """Offset of the first byte of `_unread`."""
        self._state = _State.START
        self._joined = True
        """True until the first message: what stands before it may be the rest of one."""
        self._left = 0
        """Bytes that the body or the chunk still lacks."""
        self._framing = 0
        self._body = BodyBuilder("")
        self._end = JsonEnd()
        self._looked = 0
        """Bytes of `_unread` in which the end of a head, or a start line, was looked for in vain."""

    @property
    def unread(self) -> int:
        """Bytes pushed and not read yet."""
        return len(self._unread) + len(self._rest)

    @property
    def foreign(self) -> bool:
        """Whether a JSON text stands where the next message should begin: another protocol goes on here."""
        begun = self._state is _State.START and not self._joined and self.unread <= MAX_SEARCH
        if begun and not self._unread:
            self._refill()
        return begun and self._unread.lstrip(b"\r\n")[:1] == b"{"

    def push(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._rest:
            self._pushed = bytes(self._rest) + data
            self._rest = memoryview(self._pushed)
        elif len(data) > WINDOW:
            self._unread += data[:WINDOW]
            self._pushed = data
            self._rest = memoryview(data)[WINDOW:]
        else:
            self._unread += data

    def take(self) -> tuple[int, bytes]:
        """Give all unread bytes away, with the offset of the first."""
        offset, unread = self._offset, bytes(self._unread)
        start = len(self._pushed) - self.unread
        if start >= 0 and self._pushed.startswith(unread, start):
            taken = self._pushed[start:]
        else:
            taken = unread + bytes(self._rest)
        self._drop_all()
        return offset, taken

    def bodiless(self) -> None:
        """Learn that the message whose head was returned last has no body, whatever its head says."""
        self._expect(0)

    def hunt(self) -> None:
        """Believe nothing until the next start line."""
        self._state = _State.HUNT
        self._joined = True
        self._looked = 0

    def gap(self, missing: int) -> None:
        """Learn that `missing` bytes were lost here. Inside a body of known length the place is not lost."""
        if self._state in (_State.FIXED, _State.CHUNK) and missing <= self._left and not self.unread:
            self._left -= missing
            self._body.lose()
        elif self._state in (_State.TO_CLOSE, _State.SWALLOW):
            self._state = _State.SWALLOW
        else:
            self._drop_all()
            self.hunt()
        self._offset += missing

    @property
    def lost(self) -> bool:
        """Whether the place in the stream is not known: the next message may come after others, unseen."""
        return self._state is _State.HUNT

    def next(self) -> Head | Body | None:
        """Return the next thing that is complete, None for want of bytes.

        Raises ParseError where no HTTP goes on; the next call looks for a start line behind the error.
        """
        while True:
            found = self._step()
            if found is not None or not self._refill():
                return found

    def _step(self) -> Head | Body | None:
        """Return the next thing that is complete in `_unread`, None for want of bytes."""
        while True:
            match self._state:
                case _State.START:
                    head = self._start()
                    if not self.lost:
                        return head
                case _State.HUNT:
                    if not self._found():
                        return None
                    self._state = _State.START
                case _State.FIXED:
                    self._take_body()
                    return self._finish() if self._left == 0 else None
                case _State.CHUNK:
                    self._take_body()
                    if self._left:
                        return None
                    self._state = _State.CHUNK_END
                case _State.CHUNK_LINE | _State.CHUNK_END | _State.TRAILER:
                    line = self._line()
                    if line is None:
                        return None
                    if self._framed(line):
                        return self._finish()
                case _State.TO_CLOSE:
                    return self._to_close()
                case _State.SWALLOW:
                    self._drop_all()
                    return None

    def _refill(self) -> bool:
        """Move the next bytes of `_rest` to `_unread`; return whether there were any."""
        if not self._rest:
            return False
        if self._state is _State.HUNT:
            self._skip()
        self._unread += self._rest[:WINDOW]
        self._rest = self._rest[WINDOW:]
        if not self._rest:
            self._pushed = b""
        return True

    def _skip(self) -> None:
        """Pass over what cannot hold a start line."""
        start = len(self._pushed) - len(self._rest)
        at = self._pushed.find(b"HTTP/1.", start, start + MAX_SEARCH)
        ahead = (at if at >= 0 else len(self._pushed)) - LOOK_BACK - start
        if ahead > 0:
            self._drop(len(self._unread))
            self._offset += ahead
            self._rest = self._rest[ahead:]

    def _drop_all(self) -> None:
        self._offset += len(self._rest)
        self._pushed = b""
        self._rest = memoryview(b"")
        self._drop(len(self._unread))

    def _drop(self, count: int) -> None:
        del self._unread[:count]
        self._offset += count
        self._looked = max(self._looked - count, 0)

    def _fail(self, why: str, passed: int = 1) -> ParseError:
        """Return the error, and hunt behind it; `passed` bytes of it are still unread."""
        error = ParseError(why, self._offset)
        self._drop(min(passed, len(self._unread)))
        self.hunt()
        return error

    def _start(self) -> Head | None:
        unread = self._unread
        skipped = len(unread) - len(unread.lstrip(b"\r\n"))
        if skipped:
            self._drop(skipped)
        if not unread:
            return None
        if self._looked == 0:
            started = is_start(bytes(unread[: LOOK_BACK + 1]))
            if started is None and len(unread) <= LOOK_BACK:
                return None
            if not started:
                if not self._joined:
                    raise self._fail("no HTTP message begins here")
                self.hunt()
                return None
        end = _END_OF_HEAD.search(unread, max(self._looked - 2, 0))
        if end is None or end.end() > MAX_HEAD:
            if len(unread) > MAX_HEAD:
                raise self._fail(f"a head longer than {MAX_HEAD} bytes")
            self._looked = len(unread)
            return None
        head = read_head(bytes(unread[: end.end()]), self._offset)
        if isinstance(head, str):
            raise self._fail(head)
        self._frame(head)
        self._drop(end.end())
        self._looked = 0
        self._joined = False
        return head

    def _frame(self, head: Head) -> None:
        """Decide how long the body is (RFC 9112 section 6.3)."""
        if head.status // 100 == 1 or head.status in (204, 304):
            self._expect(0)
            return
        self._body = BodyBuilder(head.value("content-encoding"))
        coding = head.value("transfer-encoding").lower()
        if coding:
            if coding.rpartition(",")[2].strip() == "chunked":
                if coding.count(","):
                    self._body.lose()  # compressed on the way, which nothing that mines does
                self._framing = 0
                self._state = _State.CHUNK_LINE
                return
            if head.method:
                raise self._fail("a request without a length")
            self._body.lose()
        length = head.value("content-length")
        if length and not coding:
            values = {part.strip() for part in length.split(",")}
            value = values.pop()
            if values or not _LENGTH.match(value):
                raise self._fail("lengths that contradict one another, or are none")
            self._expect(int(value), self._body)
        elif head.method:
            self._expect(0)
        else:
            self._end = JsonEnd()
            self._state = _State.TO_CLOSE

    def _expect(self, length: int, body: BodyBuilder | None = None) -> None:
        self._body = body or BodyBuilder("")
        self._left = length
        self._state = _State.FIXED

    def _finish(self) -> Body:
        self._state = _State.START
        self._looked = 0
        return self._body.build()

    def _take_body(self) -> None:
        part = bytes(self._unread[: self._left])
        self._left -= len(part)
        self._drop(len(part))
        if part:
            self._body.add(part)
        if self._left and self._rest:
            following = self._rest[: self._left]
            self._left -= len(following)
            self._offset += len(following)
            self._rest = self._rest[len(following) :]
            self._body.add(following)

    def _line(self) -> bytes | None:
        """Return the next line of the framing around chunks."""
        end = self._unread.find(b"\n", 0, MAX_CHUNK_LINE) + 1
        if not end:
            if len(self._unread) >= MAX_CHUNK_LINE:
                raise self._fail("a chunk whose length is not told")
            return None
        line = bytes(self._unread[:end])
        self._drop(end)
        return line

    def _framed(self, line: bytes) -> bool:
        """Read a line of the framing around chunks; return whether the body is complete."""
        self._framing += 1
        if self._framing > MAX_FRAMING:
            raise self._fail("a body in more chunks than any sender makes", passed=0)
        if self._state is _State.CHUNK_END:
            if line.strip(b"\r\n"):
                raise self._fail("a chunk longer than it says", passed=0)
            self._state = _State.CHUNK_LINE
        elif self._state is _State.TRAILER:
            return not line.strip(b"\r\n")
        else:
            size = _CHUNK.match(line)
            if size is None:
                raise self._fail("a chunk whose length is no number", passed=0)
            self._left = int(size.group(1), 16)
            self._state = _State.CHUNK if self._left else _State.TRAILER
        return False

    def _to_close(self) -> Body | None:
        """Read a body without length: it ends where its JSON text does; any other is given at once."""
        data = bytes(self._unread)
        self._drop(len(data))
        if not data:
            return None
        complete = self._end.push(bytes(self._body.add(data)))
        if not complete and not self._end.other and not self._body.damaged:
            return None
        if not complete:
            self._body.lose()
        self._state = _State.SWALLOW
        return self._body.build()

    def _found(self) -> bool:
        """Look for a start line; drop what stands before it."""
        unread = self._unread
        at = self._looked
        false_starts = 0
        while (at := unread.find(b"HTTP/1.", at)) >= 0:
            line_end = unread.find(b"\n", at, at + 600)
            if line_end < 0 and len(unread) < at + 600:
                break  # the rest of the line is still to come
            begin = start_before(unread, at)
            if begin is not None:
                self._drop(begin)
                self._looked = 0
                return True
            at += 7
            false_starts += 1
            if false_starts > MAX_FALSE_STARTS:
                at = -1
                break
        resume = at if at >= 0 else max(len(unread) - 6, 0)
        passed = max(resume - LOOK_BACK, 0)
        self._drop(passed)
        self._looked = resume - passed
        return False
