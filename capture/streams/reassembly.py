"""TCP reassembly of one direction: segments in any order in, bytes in order and declared gaps out.

Source: RFC 9293, sections 3.4 (sequence numbers) and 3.10.7.4 (which segments are acceptable).

Where copies of the same bytes differ, the first copy wins, as in the receivers that most miners run on
(Linux keeps what it has queued). The last bytes delivered are kept for a while, so that a retransmission
with other content is noticed: which copy the receiver took cannot be told from the wire, and `conflict`
says so. Of a byte at a time that may be a keep-alive probe, whose content means nothing, none is compared.
"""

from bisect import insort
from dataclasses import dataclass

Packet = tuple[int, int, int]
"""The packet that carried something: source index, frame, time in ns since 1970 UTC."""

Piece = tuple[int, bytes, int, Packet]
"""What comes out in order: stream offset, bytes, missing, packet. A gap has no bytes and `missing` above 0;
its packet is the first one behind the gap. Offsets count missing bytes too."""

Rival = tuple[int, bytes, int, Packet]
"""A segment of another numbering: sequence number, bytes, missing, packet."""

MAX_HELD_BYTES = (
    256 * 1024
)  # a direction's bytes behind a hole: four classic windows, more than a miner sends
MAX_HELD_SEGMENTS = 256  # a hole with so many segments behind it was lost by the capture, not by the network
PATIENCE_NS = 10_000_000_000  # senders repeat a lost segment within 3 s; their second attempt is awaited too
MAX_HELD_TOTAL = 32 * 1024 * 1024  # bytes held by all streams of a worker together: bounds hostile captures
KEPT_BYTES = 16 * 1024  # delivered bytes a direction keeps to compare copies with: a window of small messages
MAX_KEPT_TOTAL = 32 * 1024 * 1024  # of all streams of a worker together; those that go beyond it keep none
SEGMENT_COST = 160  # bytes that a held segment costs beside its payload, so that tiny ones are bounded too
REACH = 16 * 1024 * 1024  # bytes ahead or behind that one connection explains: the windows of real stacks
ASTRAY_RUN = 3  # consecutive segments of another numbering that show it is a new connection, not a stray one

_MASK = 0xFFFF_FFFF
_HALF = 0x8000_0000
_NONE = -1  # no sequence number is known yet


@dataclass(slots=True)
class Tally:
    """What reassembly met, counted over all streams of a worker, and what they hold at this moment."""

    gaps: int = 0
    missing: int = 0
    """Bytes in gaps."""
    retransmitted: int = 0
    """Bytes that had been delivered before, keep-alive probes included."""
    overlapped: int = 0
    """Bytes of which a copy was already held."""
    conflicts: int = 0
    """Later copies that differed from the one held or delivered."""
    astray: int = 0
    """Segments far outside what their connection can send."""
    held: int = 0
    """Bytes held now behind holes, overhead included."""
    kept: int = 0
    """Delivered bytes kept now for comparison, overhead included."""


class Direction:
    """One direction of a connection.

    `next` is the sequence number expected next (-1 before the first segment), `offset` the stream offset
    of that byte: 0 is the first byte of the connection, or the first byte seen where it is picked up later
    (which a single byte is not: keep-alive probes repeat one, of any value).
    """

    __slots__ = (
        "_held",
        "_held_bytes",
        "_kept",
        "_kept_bytes",
        "_rival_next",
        "_rivals",
        "_tally",
        "conflict",
        "gaps",
        "next",
        "offset",
    )

    def __init__(self, tally: Tally, start: int = _NONE) -> None:
        """`start` is the sequence number of the first byte where the capture tells it."""
        self.next = start
        self.offset = 0
        self.gaps = 0
        """Gaps declared so far."""
        self.conflict: int | None = None
        """Stream offset of the first bytes of which two copies differ; None while none do."""
        self._tally = tally
        self._kept: list[
            tuple[int, bytes]
        ] = []  # delivered, holes between them only where gaps were declared
        self._kept_bytes = 0
        self._held: list[Piece] = []  # by offset; bytes before losses of the same offset
        self._held_bytes = 0
        self._rivals: list[Rival] = []  # one after another, in another numbering
        self._rival_next = _NONE

    @property
    def holding(self) -> bool:
        """True while something waits behind a hole."""
        return bool(self._held)

    @property
    def lost(self) -> bool:
        """True when the numbering shows that another connection has taken this one's place."""
        return len(self._rivals) >= ASTRAY_RUN

    def rivals(self) -> list[Rival]:
        """Return the segments that show it, and forget them."""
        out = self._rivals
        self._rivals = []
        for _, data, _, _ in out:
            self._tally.held -= len(data) + SEGMENT_COST
        return out

    def push(self, seq: int, data: bytes, missing: int, packet: Packet) -> tuple[Piece, ...] | list[Piece]:
        """Take one segment of at least one byte and return what is in order now.

        `missing` bytes behind `data` were on the wire but cut off by the snap length.
        """
        offset = -1 if missing else self.take(seq, data)
        if offset >= 0:
            piece = (offset, data, 0, packet)
            self.keep(offset, data)
            return (piece,)
        return self._place(seq, data, missing, packet)

    def take(self, seq: int, data: bytes) -> int:
        """Take a segment that is simply the next one, nearly every one of a real capture.

        Returns the stream offset of its first byte; -1 where it is another one, which `push` must take.
        Whoever reads its bytes has them kept as well (`keep`).
        """
        if seq != self.next or self._held:
            return -1
        offset = self.offset
        size = len(data)
        self.offset = offset + size
        self.next = (seq + size) & _MASK
        return offset

    def flush(self) -> list[Piece]:
        """Return all that is held, its holes as gaps: the connection has ended."""
        out: list[Piece] = []
        while self._held:
            self._give_up(out)
        if self._rivals:
            self.rivals()
        return out

    def drop(self) -> None:
        """Forget what is held: nobody reads this direction any more."""
        if self._held:
            self._charge(-self._held_bytes)
            self._held.clear()
        if self._rivals:
            self.rivals()
        if self._kept:
            self._forget(0)

    def _place(self, seq: int, data: bytes, missing: int, packet: Packet) -> list[Piece]:
        """Sort in a segment that is not simply the next one."""
        if self.next < 0:
            if len(data) + missing == 1:
                self._tally.retransmitted += 1  # a keep-alive probe, whose byte is no news
                return []
            self.next = seq
        ahead = (seq - self.next) & _MASK
        if ahead >= _HALF:
            ahead -= _MASK + 1
        if not -REACH <= ahead <= REACH:
            self._tally.astray += 1
            if seq != self._rival_next:
                self.rivals()
            self._rivals.append((seq, data, missing, packet))
            self._tally.held += len(data) + SEGMENT_COST
            self._rival_next = (seq + len(data) + missing) & _MASK
            return []
        start = self.offset + ahead
        end = start + len(data)
        if start < self.offset:
            old = min(self.offset - start, len(data))
            self._tally.retransmitted += old
            if len(data) + missing > 1:
                self._compare(start, data[:old])
            data = data[old:]
            start += old
        self._hold(start, data, packet)
        if missing:
            insort(self._held, (end, b"", missing, packet), key=_order)
            self._charge(SEGMENT_COST)
        out: list[Piece] = []
        self._drain(out)
        while self._held and self._impatient(packet):
            self._give_up(out)
        return out

    def _impatient(self, packet: Packet) -> bool:
        return (
            self._held_bytes > MAX_HELD_BYTES
            or len(self._held) > MAX_HELD_SEGMENTS
            or packet[2] - self._held[0][3][2] > PATIENCE_NS
            or self._tally.held > MAX_HELD_TOTAL
        )

    def _hold(self, start: int, data: bytes, packet: Packet) -> None:
        """Keep those bytes of `data` of which no copy is held."""
        end = start + len(data)
        at = start
        fresh: list[Piece] = []
        for held_at, held, _, _ in self._held:
            held_end = held_at + len(held)
            if held_end <= at:
                continue
            if held_at >= end:
                break
            if held_at > at:
                fresh.append((at, data[at - start : held_at - start], 0, packet))
                at = held_at
            shared_end = min(held_end, end)
            self._tally.overlapped += shared_end - at
            if data[at - start : shared_end - start] != held[at - held_at : shared_end - held_at]:
                self._contradict(at)
            at = shared_end
        if at < end:
            fresh.append((at, data[at - start :], 0, packet))
        for piece in fresh:
            insort(self._held, piece, key=_order)
            self._charge(len(piece[1]) + SEGMENT_COST)

    def _drain(self, out: list[Piece]) -> None:
        """Deliver what touches `offset`; bytes cut off by the snap length become gaps here."""
        while self._held and self._held[0][0] <= self.offset:
            at, data, missing, packet = self._held.pop(0)
            self._charge(-(len(data) + SEGMENT_COST))
            if data:
                self._deliver(out, data[self.offset - at :], packet)
                continue
            end = at + missing
            # Another copy of a part may have been captured whole.
            reach = next((piece[0] for piece in self._held if piece[1] and piece[0] < end), end)
            self._skip(out, reach - self.offset, packet)
            if self.offset < end:
                insort(self._held, (self.offset, b"", end - self.offset, packet), key=_order)
                self._charge(SEGMENT_COST)

    def _give_up(self, out: list[Piece]) -> None:
        """Declare the first hole a gap and deliver what lies behind it."""
        self._skip(out, self._held[0][0] - self.offset, self._held[0][3])
        self._drain(out)

    def _deliver(self, out: list[Piece], data: bytes, packet: Packet) -> None:
        if data:
            piece = (self.offset, data, 0, packet)
            out.append(piece)
            self.keep(self.offset, data)
            self._advance(len(data))

    def _skip(self, out: list[Piece], missing: int, packet: Packet) -> None:
        if missing > 0:
            out.append((self.offset, b"", missing, packet))
            self._tally.gaps += 1
            self.gaps += 1
            self._tally.missing += missing
            self._advance(missing)

    def _advance(self, count: int) -> None:
        self.offset += count
        self.next = (self.next + count) & _MASK

    def keep(self, offset: int, data: bytes) -> None:
        """Remember what was delivered, within limits, to compare later copies with."""
        cost = len(data) + SEGMENT_COST
        self._kept.append((offset, data))
        kept = self._kept_bytes = self._kept_bytes + cost
        tally = self._tally
        total = tally.kept = tally.kept + cost
        if kept > KEPT_BYTES or total > MAX_KEPT_TOTAL:
            self._forget(KEPT_BYTES // 2 if total <= MAX_KEPT_TOTAL else 0)

    def _forget(self, most: int) -> None:
        """Let the oldest delivered bytes go until `most` are left."""
        if not most:
            self._tally.kept -= self._kept_bytes
            self._kept_bytes = 0
            self._kept.clear()
            return
        gone = freed = 0
        while gone < len(self._kept) and self._kept_bytes - freed > most:
            freed += len(self._kept[gone][1]) + SEGMENT_COST
            gone += 1
        del self._kept[:gone]
        self._kept_bytes -= freed
        self._tally.kept -= freed

    def _compare(self, start: int, data: bytes) -> None:
        """Compare another copy of delivered bytes with what is still known of them."""
        end = start + len(data)
        for at, kept in self._kept:
            low, high = max(at, start), min(at + len(kept), end)
            if low < high and kept[low - at : high - at] != data[low - start : high - start]:
                self._contradict(low)
                return

    def _contradict(self, at: int) -> None:
        self._tally.conflicts += 1
        if self.conflict is None:
            self.conflict = at

    def _charge(self, count: int) -> None:
        self._held_bytes += count
        self._tally.held += count


def _order(piece: Piece) -> tuple[int, int]:
    return piece[0], piece[2]
