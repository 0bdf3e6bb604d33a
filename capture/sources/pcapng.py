"""pcapng: blocks in sections; each section has its own byte order, and its own interfaces.

Source: draft-ietf-opsawg-pcapng. Frames are numbered as Wireshark numbers them: across sections, and
counting the custom, journal and system call blocks that it shows as frames though they are no packets.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from capture.records import Block
from capture.sources import pcapng_kernel as kernel
from capture.sources.reader import Reader
from capture.sources.source import MAX_PACKET, SourceError
from capture.sources.window import WINDOW, ByteStream
from facts.where import Where

MAGIC: Final = b"\x0a\x0d\x0d\x0a"
"""The type of a section header block: a palindrome, the same in both byte orders."""

MAX_INTERFACES: Final = 65_536
"""Interfaces of one section (the obsolete packet block has 16 bits for them); bounds the table."""

_BYTE_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_SECTION_HEADER: Final = 28
_INTERFACE_HEADER: Final = 20
_TSRESOL, _TSOFFSET = 9, 14
_MICROSECONDS: Final = 6
"""if_tsresol where the interface does not state it: 10**-6 s."""
_NS: Final = 1_000_000_000


class _Damage(NamedTuple):
    """Why the chain of blocks cannot be followed from the block at hand on."""

    reason: str
    why: str


class PcapngSource(Reader):
    """One pcapng. Raises SourceError where its first section header is cut, damaged or not of version 1."""

    def __init__(self, stream: ByteStream, name: str, index: int, window: int = WINDOW) -> None:
        super().__init__(stream, name, index, window, kernel.MAX_BLOCK, kernel.FIELDS)
        self._interfaces: npt.NDArray[Any] = np.zeros(8, kernel.INTERFACE)
        self._known = 0
        self._big = False
        self._section_end: int | None = None
        self._state[kernel.FRAME] = 1
        while not (done := self._read_section()):
            if not self._window.fill():
                why = f"the section header is cut: {self._unfinished()}"
                raise SourceError(why, Where(name, None, 0), "truncated-header")
        if isinstance(done, _Damage):
            raise SourceError(done.why, Where(name, None, 0), done.reason)

    @property
    def ignored(self) -> int:
        """Blocks that are neither section, interface nor packet, and were passed over so far."""
        return int(self._state[kernel.IGNORED])

    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order; a block is valid until the next one is asked for. To be called once."""
        window, state = self._window, self._state
        while True:
            state[kernel.AT] = window.begin
            reason = kernel.locate(
                window.words,
                window.end,
                self._big,
                kernel.MAX_BLOCK,
                MAX_PACKET,
                self.index,
                self._interfaces,
                self._known,
                self._rows,
                state,
            )
            window.begin = int(state[kernel.AT])
            if reason in (kernel.BAD_PACKET, kernel.NO_INTERFACE):
                self._miss_packet(reason)
                continue
            done: bool | _Damage = False
            if reason == kernel.AT_INTERFACE:
                done = self._read_interface()
            elif reason == kernel.AT_SECTION:
                done = self._read_section()
            elif reason in (kernel.BAD_LENGTH, kernel.BAD_TRAILER):
                done = self._broken_chain(reason)
            if done is True:
                continue
            # From here on the window moves: what was located must be handed out before.
            if count := int(state[kernel.COUNT]):
                self.records += count
                self.wire_bytes += int(state[kernel.WIRE])
                self.untimed = int(state[kernel.UNTIMED])
                state[kernel.COUNT] = state[kernel.WIRE] = 0
                yield self._block(count)
            if done:
                if not self._resume(done):
                    return
            elif reason != kernel.FULL and not window.fill():
                self._end(self._frame, self._unfinished())
                return

    @property
    def _frame(self) -> int:
        """Number of the next frame."""
        return int(self._state[kernel.FRAME])

    def _read_section(self) -> bool | _Damage:
        """Take the section header at hand; False where it does not lie in memory whole."""
        window = self._window
        if window.remaining < _SECTION_HEADER:
            return False
        head = window.data[window.begin : window.begin + _SECTION_HEADER].tobytes()
        if head[:4] != MAGIC:
            return _Damage("not-a-capture", "not a pcapng")
        order = _BYTE_ORDERS.get(head[8:12])
        if order is None:
            return _Damage("damaged-header", f"the byte-order magic of the section is {head[8:12].hex()}")
        length, major, minor, section_length = struct.unpack(order + "4xI4xHHq", head[:24])
        if not _SECTION_HEADER <= length <= kernel.MAX_BLOCK or length % 4:
            return _Damage("damaged-header", f"the section header claims {length:,} bytes")
        if window.remaining < length:
            return False
        (trailer,) = struct.unpack_from(order + "I", window.data.data, window.begin + length - 4)
        if trailer != length:
            return _Damage(
                "damaged-header",
                f"the section header says {length:,} bytes at its begin, {trailer:,} at its end",
            )
        if major != 1:
            return _Damage("unknown-version", f"version {major}.{minor} of pcapng is not known; 1.x is")
        window.begin += length
        self._big = order == ">"
        self._known = 0
        self._section_end = window.offset + section_length if section_length >= 0 else None
        return True

    def _read_interface(self) -> bool | _Damage:
        """Take the interface description at hand; the kernel has seen that it lies in memory whole."""
        window = self._window
        order = ">" if self._big else "<"
        (length,) = struct.unpack_from(order + "4xI", window.data.data, window.begin)
        if length < _INTERFACE_HEADER:
            return _Damage("damaged-block", f"an interface description of {length} bytes is too short")
        if self._known == MAX_INTERFACES:
            return _Damage("damaged-block", f"more than {MAX_INTERFACES:,} interfaces in one section")
        body = window.data[window.begin : window.begin + length - 4].tobytes()
        link, snap_length = struct.unpack_from(order + "H2xI", body, 8)
        resolution, offset_s = _MICROSECONDS, 0
        at = 16
        while at + 4 <= len(body):
            code, size = struct.unpack_from(order + "HH", body, at)
            value = body[at + 4 : at + 4 + size]
            if code == 0:
                break
            if len(value) < size:
                why = f"an option of the interface claims {size:,} bytes, {len(value):,} remain"
                self.note_damage(self._frame, window.offset + at, "damaged-option", why)
                break
            if code == _TSRESOL and size == 1:
                resolution = value[0]
            elif code == _TSOFFSET and size == 8:
                (offset_s,) = struct.unpack(order + "q", value)
            at += 4 + size + -size % 4
        if self._known == len(self._interfaces):
            self._interfaces = np.concatenate([self._interfaces, np.zeros_like(self._interfaces)])
        unit, scale = _unit(resolution)
        if abs(offset_s) > kernel.MAX_TIME // _NS:
            unit, offset_s = kernel.NEVER, 0
        self._interfaces[self._known] = (link, unit, snap_length, scale, offset_s * _NS)
        self._known += 1
        window.begin += length + -length % 4
        return True

    def _miss_packet(self, reason: int) -> None:
        """Note a packet that its block does not hold, or whose interface nobody described."""
        frame, place = self._frame - 1, self._window.base + int(self._state[kernel.PLACE])
        detail = int(self._state[kernel.DETAIL])
        if reason == kernel.NO_INTERFACE:
            why = f"interface {detail:,} is not described; the section has {self._known:,}"
            self.note_packet(frame, place, "unknown-interface", why)
        elif detail < 0:
            self.note_packet(frame, place, "damaged-packet", "the block is too short for its fields")
        else:
            why = f"packet claims {detail:,} bytes, more than its block holds or than {MAX_PACKET:,}"
            self.note_packet(frame, place, "damaged-packet", why)

    def _broken_chain(self, reason: int) -> _Damage:
        """Say what is wrong with the lengths of the block at hand."""
        claimed, told = self._length(), int(self._state[kernel.DETAIL])
        if reason == kernel.BAD_LENGTH:
            why = f"block claims {claimed:,} bytes; 12 to {kernel.MAX_BLOCK:,} can be"
        else:
            why = f"block says {claimed:,} bytes at its begin and {told:,} at its end"
        return _Damage("damaged-block", why)

    def _resume(self, damage: _Damage) -> bool:
        """Note damage and go to the next section, where this one tells its length; False where not."""
        window, frame, offset = self._window, self._frame, self._window.offset
        behind = self._section_end
        resumes = (
            behind is not None
            and behind > offset
            and window.skip_to(behind)
            and window.need(4)
            and window.data[window.begin : window.begin + 4].tobytes() == MAGIC
        )
        went = f"reading resumes with the section at offset {behind}" if resumes else "the rest is not read"
        self.note_damage(frame, offset, damage.reason, f"{damage.why}; {went}")
        return resumes

    def _length(self) -> int:
        """Length that the block at hand claims."""
        order = ">" if self._big else "<"
        return int(struct.unpack_from(order + "4xI", self._window.data.data, self._window.begin)[0])

    def _unfinished(self) -> str:
        left = self._window.remaining
        if left < 12:
            return f"block header needs 12 bytes, {left} remain"
        return f"block claims {self._length():,} bytes, {left:,} remain"


def _unit(resolution: int) -> tuple[int, int]:
    """Return unit and scale for the kernel from if_tsresol: a power of ten, of two with the high bit set."""
    exponent = resolution & 0x7F
    if resolution & 0x80:
        return kernel.SHIFT, exponent
    if exponent <= 9:
        return kernel.MULTIPLY, 10 ** (9 - exponent)
    if exponent <= 28:
        return kernel.DIVIDE, 10 ** (exponent - 9)
    return kernel.SHIFT, 127  # finer units make less than a nanosecond of every stamp, as these do
