"""pcap: a file header, then packets, each behind a header of 16 bytes.

Source: draft-ietf-opsawg-pcap; LINKTYPE values: tcpdump.org/linktypes.html.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

from capture.compiled import compiled, part
from capture.records import Block
from capture.sources.reader import ROWS, STATE, WORDS, Reader
from capture.sources.source import MAX_PACKET, SourceError
from capture.sources.window import WINDOW, ByteStream
from capture.words import boolean, int64, uint64
from facts.where import Where

MICROSECONDS: Final = 0xA1B2C3D4
NANOSECONDS: Final = 0xA1B23C4D

REFUSED: Final = {
    0xA1B2CD34: "the modified pcap of Kuznetzov's Linux patch",
    0xA1B234CD: "Mesquita's modified pcap",
    0xA12B3C4D: "Navtel's modified pcap",
    0x1C0001AC: "Ixia's modified pcap (hardware capture)",
    0x1C0001AB: "Ixia's modified pcap (software capture)",
    0xA1B2C3CB: "a savefile of compiled filters, not of packets",
}
"""Magic numbers of formats whose headers differ: reading them as pcap would give rubbish."""

HEADER: Final = 24
"""Bytes of the file header."""
RECORD_HEADER: Final = 16
"""Bytes of the header before each packet."""

_MAJOR, _LAST_MINOR = 2, 4
_RESERVED: Final = 0x03FF0000
"""Bits of the link type field between the link type and the length of the frame check sequence."""

# Which of the two lengths of a packet header comes first: before version 2.3 it was the length on the wire,
# and writers of 2.3 did either, so there the smaller one is taken for the length captured.
_CAPTURED_FIRST, _WIRE_FIRST, _SMALLER_CAPTURED = 0, 1, 2

# What the kernel stopped for.
_MORE, _FULL, _DAMAGED = 0, 1, 2

# The kernel's state.
_AT, _COUNT, _WIRE, _FRAME = range(4)


def byte_order(head: bytes) -> tuple[str, int] | None:
    """Return `<` or `>` and the magic number of a pcap of whatever kind, None where `head` begins none."""
    for order in "<>":
        (magic,) = struct.unpack(order + "I", head[:4].ljust(4, b"\0"))
        if magic in (MICROSECONDS, NANOSECONDS) or magic in REFUSED:
            return order, magic
    return None


@part
def swap32(word: Any) -> Any:
    """Turn the bytes of a word of 32 bits around."""
    return ((word & 0xFF) << 24) | ((word & 0xFF00) << 8) | ((word >> 8) & 0xFF00) | (word >> 24)


@compiled(int64(WORDS, int64, boolean, int64, int64, int64, int64, int64, ROWS, STATE))
def _locate(
    words: Any,
    end: Any,
    big: Any,
    scale: Any,
    lengths: Any,
    longest: Any,
    source: Any,
    link: Any,
    rows: Any,
    state: Any,
) -> Any:
    """Walk packet headers from state[_AT] up to `end` and fill rows; return what it stopped for.

    Offsets are unsigned here, so that no checked index can wrap to the end of the array.
    """
    at = uint64(state[_AT])
    last = uint64(end)
    count = uint64(0)
    ceiling = uint64(len(rows))
    frame = state[_FRAME]
    wire = int64(0)
    reason = _MORE
    while at + uint64(16) <= last:
        if count == ceiling:
            reason = _FULL
            break
        seconds = int64(words[at])
        fraction = int64(words[at + uint64(4)])
        captured = int64(words[at + uint64(8)])
        on_wire = int64(words[at + uint64(12)])
        if big:
            seconds, fraction = swap32(seconds), swap32(fraction)
            captured, on_wire = swap32(captured), swap32(on_wire)
        if lengths != _CAPTURED_FIRST and (lengths == _WIRE_FIRST or captured > on_wire):
            captured, on_wire = on_wire, captured
        if captured > longest:
            reason = _DAMAGED
            break
        start = at + uint64(16)
        if start + uint64(captured) > last:
            break
        row = rows[count]
        row.start = start
        row.caplen = captured
        row.wirelen = on_wire
        row.source = source
        row.link = link
        row.time_ns = seconds * 1_000_000_000 + fraction * scale
        row.frame = frame
        frame += 1
        wire += on_wire
        count += uint64(1)
        at = start + uint64(captured)
    state[_AT] = int64(at)
    state[_COUNT] = int64(count)
    state[_WIRE] = wire
    state[_FRAME] = frame
    return reason


class PcapSource(Reader):
    """One pcap. Raises SourceError where its header is cut, damaged or of a kind that is not read."""

    def __init__(self, stream: ByteStream, name: str, index: int, window: int = WINDOW) -> None:
        super().__init__(stream, name, index, window, MAX_PACKET + RECORD_HEADER, 4)
        if not self._window.need(HEADER):
            why = f"the file header needs {HEADER} bytes, {self._window.remaining} are there"
            raise SourceError(why, Where(name, None, 0), "truncated-header")
        head = self._window.take(HEADER)
        kind = byte_order(head)
        if kind is None:
            raise SourceError("not a pcap", Where(name), "not-a-capture")
        order, magic = kind
        if magic in REFUSED:
            why = f"{REFUSED[magic]} (magic number {magic:#010x}) is not read; convert it with editcap"
            raise SourceError(why, Where(name, None, 0), "refused-variant")
        major, minor, snap_length, network = struct.unpack(order + "4xHH8xII", head)
        if major != _MAJOR or minor > _LAST_MINOR:
            why = f"version {major}.{minor} of pcap is not known; 2.0 to 2.4 are"
            raise SourceError(why, Where(name, None, 4), "unknown-version")
        if network & _RESERVED:
            why = f"the link type {network:#010x} has bits set that no link type has"
            raise SourceError(why, Where(name, None, 20), "damaged-header")
        self.link: int = network & 0xFFFF
        self.snap_length: int = snap_length
        """As the header states it; nothing rests on it, since writers state 0 and 4 GiB alike."""
        self._big = order == ">"
        self._scale = 1 if magic == NANOSECONDS else 1000
        self._lengths = _WIRE_FIRST if minor < 3 else _SMALLER_CAPTURED if minor == 3 else _CAPTURED_FIRST
        self._state[_FRAME] = 1

    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order; a block is valid until the next one is asked for. To be called once."""
        window, state = self._window, self._state
        while True:
            state[_AT] = window.begin
            reason = _locate(
                window.words,
                window.end,
                self._big,
                self._scale,
                self._lengths,
                MAX_PACKET,
                self.index,
                self.link,
                self._rows,
                state,
            )
            window.begin = int(state[_AT])
            if count := int(state[_COUNT]):
                self.records += count
                self.wire_bytes += int(state[_WIRE])
                yield self._block(count)
            if reason == _DAMAGED:
                why = f"record claims {self._claimed():,} bytes, more than {MAX_PACKET:,}"
                self.note_damage(
                    int(state[_FRAME]), window.offset, "damaged-record", f"{why}; the rest is not read"
                )
                return
            if reason == _MORE and not window.fill():
                self._end(int(state[_FRAME]), self._unfinished())
                return

    def _claimed(self) -> int:
        """Captured length that the header at hand claims."""
        order = ">" if self._big else "<"
        first, second = struct.unpack_from(order + "8xII", self._window.data.data, self._window.begin)
        return int((first, second, min(first, second))[self._lengths])

    def _unfinished(self) -> str:
        left = self._window.remaining
        if left < RECORD_HEADER:
            return f"record header needs {RECORD_HEADER} bytes, {left} remain"
        return f"record claims {self._claimed():,} bytes, {left - RECORD_HEADER:,} remain"
