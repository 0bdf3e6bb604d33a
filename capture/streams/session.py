"""One watched flow: who is the client, which bytes belong together, and what they say in which packet."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from capture.records import TaggedKind
from capture.streams.ends import Ends, believed_client
from capture.streams.reassembly import Direction, Packet, Tally
from capture.streams.rows import Taken
from facts.conversation import Flow, Transport
from facts.where import Where
from protocols.events import Cause, NodeEvent, StreamAmbiguous
from protocols.observe import Observation, Observer, Read, client_side
from protocols.parser import Parser, Side

FIN, SYN, RST, ACK, URG = 0x01, 0x02, 0x04, 0x10, 0x20
MARKING = FIN | SYN | RST | URG

MAX_MARKS = 4096  # packets remembered a side, to find the one where a message began: 4 MB in full segments
KEPT_MARKS = 32  # of them, those kept behind an event: few messages are told of later than the next ones
MUTE_BYTES = (
    64 * 1024
)  # bytes since the last event without a parser: many times any protocol's first messages
MUTE_LINES = 256  # lines read without any event: a text protocol, but none of ours
MUTE_NS = 600_000_000_000  # 10 minutes without any event: pools drop miners that stay silent so long
QUIET_BYTES = (
    16 * 1024 * 1024
)  # bytes since the last event with a parser: four times the largest block of a node network
MAX_NODE_EVENTS = 256  # messages between nodes after which another one changes no verdict

Doubt = tuple[int, int, Cause, Packet]
"""Direction, stream offset, cause, packet."""

Told = list[tuple[int, list[Observation]]]
"""What packets said, with their places among those that are read at once."""

_DATAGRAM = int(TaggedKind.DATAGRAM)
_NEW = tuple.__new__  # of Observation: what its own constructor calls, in half the time
_MASK = 0xFFFF_FFFF
_LAST = (1 << 62, 0, 0)  # sorts behind every packet
_SWAPPED = (Side.SERVER, Side.CLIENT)
_STRAIGHT = (Side.CLIENT, Side.SERVER)


class Session:
    """Reads one flow until `reason` says why nothing more of it is wanted.

    A flow of many connections, one after another on the same ports, is one session that starts anew with
    each SYN. `client` is the direction in which the client sends, `certain` where a SYN told it.
    """

    __slots__ = (
        "_doubted",
        "_doubts",
        "_ends",
        "_fins",
        "_flip",
        "_flow",
        "_lines",
        "_marks",
        "_names",
        "_newcomer",
        "_newcomers",
        "_node_events",
        "_observer",
        "_over",
        "_parsers",
        "_quiet",
        "_sides",
        "_since_ns",
        "_streams",
        "_tally",
        "_unread",
        "certain",
        "client",
        "errors",
        "events",
        "last",
        "reason",
    )

    def __init__(
        self, ends: Ends, parsers: Sequence[type[Parser]], names: Sequence[str], tally: Tally, packet: Packet
    ) -> None:
        """`parsers` are those of the flow's transport, `names` the sources' by index, `packet` the first."""
        self.events = 0
        """Events so far."""
        self.last = packet
        """The last packet."""
        self.reason = ""
        """Why the session is to be let go; empty while it is wanted."""
        self.errors = 0
        """Parse errors of the connections before the present one."""
        self.certain = ends.opener is not None
        self.client = believed_client(ends) if ends.opener is None else ends.opener
        self._ends = ends
        self._parsers = parsers
        self._names = names
        self._tally = tally
        self._observer = Observer(parsers)
        self._unread = 0
        self._begin(packet[2])

    @property
    def parse_errors(self) -> int:
        """Parse errors so far."""
        return self.errors + self._observer.errors

    @property
    def reader(self) -> str:
        """The name of the parser that reads it; empty while none is found."""
        parser = self._observer.parser
        return "" if parser is None else parser.name

    @property
    def unread(self) -> int:
        """Directions of which bytes are missing (bits 0, 1), and that could not be read (bits 2, 3)."""
        unread, broken = self._unread, self._observer.broken
        for direction, stream in enumerate(self._streams):
            if stream.gaps or stream.holding:
                unread |= 1 << direction
            if broken >> self._sides[direction] & 1:
                unread |= 4 << direction
        return unread

    def start(self, direction: int, seq: int) -> None:
        """Say where a direction's bytes begin, so that the first ones seen need not be the first sent."""
        self._streams[direction].next = seq

    def read(self, rows: Iterator[Taken], told: Told) -> None:
        """Take rows of this flow until they end or `reason` is set; append to `told` what they complete."""
        for (_, seq, missing, source, direction, flags, _, kind, _, _, time_ns, frame), data, place in rows:
            packet = (source, frame, time_ns)
            if kind == _DATAGRAM:
                found = self.datagram(direction, data, packet)
            else:
                found = self.segment(direction, seq, flags, data, missing, packet)
            if found:
                told.append((place, found))
            if self.reason:
                return

    def segment(
        self, direction: int, seq: int, flags: int, data: bytes, missing: int, packet: Packet
    ) -> list[Observation]:
        """Take one TCP segment; return what it completes."""
        self.last = packet
        if flags & MARKING:
            return self._marking(direction, seq, flags, data, missing, packet)
        out: list[Observation] = []
        if missing or self._newcomers:
            self._push(direction, seq, data, missing, packet, out)
            return out
        if not data:
            return out
        stream = self._streams[direction]
        offset = stream.take(seq, data)
        if offset < 0:
            self._push(direction, seq, data, 0, packet, out)
            return out
        parser = self._observer.parser
        if parser is None or not parser.skim(self._sides[direction], data):
            stream.keep(offset, data)
            self._feed(direction, offset, data, packet, out)
        elif self.events and self._quiet + len(data) <= MUTE_BYTES:
            self._quiet += len(data)  # no message that is told of begins here
        else:
            self._weigh(data, packet[2])
        return out

    def datagram(self, direction: int, data: bytes, packet: Packet) -> list[Observation]:
        """Take one UDP datagram; return what it says."""
        out: list[Observation] = []
        if not data:
            return out
        self.last = packet
        observer, side = self._observer, self._sides[direction]
        if observer.parser is not None and observer.parser.skim(side, data):
            return out
        reads = observer.datagram(side, data)
        if reads:
            self._emit(reads, packet, out)
        else:
            self._weigh(data, packet[2])
        if observer.reason:
            self.reason = observer.reason
        return out

    def end(self) -> list[Observation]:
        """Return what was still waiting: the flow or the run has ended."""
        out: list[Observation] = []
        self._flush(out)
        reads = self._observer.end()
        if reads or self._doubts:
            self._emit(reads, self.last, out)
        self.drop()
        return out

    def doubt(self, direction: int, cause: Cause, packet: Packet) -> list[Observation]:
        """Learn that what one direction says depends on who receives it; return what there is to tell."""
        out: list[Observation] = []
        self._doubt(direction, self._streams[direction].offset, cause, packet, out)
        return out

    def drop(self) -> None:
        """Give back what is held; the session is let go."""
        for stream in self._streams:
            stream.drop()

    def _begin(self, now_ns: int) -> None:
        self._streams = (Direction(self._tally), Direction(self._tally))
        self._marks: tuple[list[tuple[int, Packet]], ...] = ([], [])
        self._sides = _STRAIGHT if self.client == 0 else _SWAPPED
        self._flow: Flow | None = None
        self._flip = False
        self._fins = 0
        self._over = False
        self._newcomers: dict[int, int] = {}  # where directions of a new connection begin, if it is one
        self._newcomer = 0  # its client
        self._doubted = 0  # directions whose ambiguity is known, as bits: one of each says enough
        self._doubts: list[Doubt] = []  # those not told yet
        self._quiet = self._lines = self._node_events = 0
        self._since_ns = now_ns

    def _restart(self, now_ns: int, out: list[Observation]) -> None:
        """Begin anew: another connection has taken the ports over."""
        out += self.end()
        self._unread = self.unread
        self.errors += self._observer.errors
        self._observer = Observer(self._parsers)
        self._begin(now_ns)

    def _marking(
        self, direction: int, seq: int, flags: int, data: bytes, missing: int, packet: Packet
    ) -> list[Observation]:
        """Take a segment with SYN, FIN, RST or URG."""
        out: list[Observation] = []
        if flags & URG and data:  # read in line here; most receivers take the urgent byte out of the stream
            self._doubt(direction, self._streams[direction].offset, "urgent", packet, out)
        if flags & SYN:
            seq = (seq + 1) & _MASK
            self._open(direction, seq, bool(flags & ACK), packet[2], out)
        if data or missing:  # with a SYN: TCP Fast Open
            self._push(direction, seq, data, missing, packet, out)
        if flags & FIN:
            self._fins |= 1 << direction
            stream = self._streams[direction]
            if 0 <= stream.next != (seq + len(data) + missing) & _MASK:
                self._unread |= 1 << direction  # the last bytes, at least
        if flags & RST or self._fins == 3:
            self._over = True
            self._flush(out)
        return out

    def _open(self, direction: int, start: int, answer: bool, now_ns: int, out: list[Observation]) -> None:
        """Learn where a direction of a connection begins, from its SYN (`answer`: SYN and ACK)."""
        stream = self._streams[direction]
        fresh = answer and stream.next < 0 and self.certain  # the answer to the SYN just seen
        if stream.next >= 0 and (stream.next - stream.offset - start) & _MASK == 0:
            return  # repeated
        if fresh:
            stream.next = start
            return
        alive = not self._over and stream.next >= 0
        self._newcomers[direction] = start
        self._newcomer = 1 - direction if answer else direction
        if alive and not (answer and 1 - direction in self._newcomers):
            return  # receivers ignore a stray SYN (RFC 5961): a new connection shows itself by its numbers
        self._follow(now_ns, out)

    def _follow(self, now_ns: int, out: list[Observation]) -> None:
        """Turn to the connection that has taken the ports over."""
        starts = self._newcomers
        self.client, self.certain = self._newcomer, True
        self._restart(now_ns, out)
        for direction, start in starts.items():
            self._streams[direction].next = start

    def _push(
        self, direction: int, seq: int, data: bytes, missing: int, packet: Packet, out: list[Observation]
    ) -> None:
        if self._newcomers and self._newcomers.get(direction) == seq != self._streams[direction].next:
            self._follow(packet[2], out)
        stream = self._streams[direction]
        pieces = stream.push(seq, data, missing, packet)
        if stream.conflict is not None and not self._doubted >> direction & 1:
            self._doubt(direction, stream.conflict, "copies", packet, out)
        if pieces:
            self._deliver(direction, pieces, out)
        elif stream.lost:
            waiting = stream.rivals()
            self._restart(packet[2], out)
            for rival in waiting:
                self._push(direction, *rival, out)

    def _deliver(
        self, direction: int, pieces: Sequence[tuple[int, bytes, int, Packet]], out: list[Observation]
    ) -> None:
        for offset, data, missing, packet in pieces:
            if self.reason:
                return
            if data:
                self._feed(direction, offset, data, packet, out)
            else:
                self._gap(direction, offset, missing, packet, out)

    def _feed(self, direction: int, offset: int, data: bytes, packet: Packet, out: list[Observation]) -> None:
        """Have the next bytes of a direction read."""
        marks = self._marks[direction]
        marks.append((offset, packet))
        if len(marks) > MAX_MARKS:
            del marks[: MAX_MARKS // 2]
        observer, side = self._observer, self._sides[direction]
        parser = observer.parser
        if parser is not None:
            reads = observer.read(parser, side, offset, data)
        else:
            reads = observer.feed(side, offset, data)
        if reads:
            self._emit(reads, packet, out)
        else:
            self._weigh(data, packet[2])
        if observer.reason:
            self.reason = observer.reason

    def _gap(self, direction: int, offset: int, missing: int, packet: Packet, out: list[Observation]) -> None:
        """Have the reader of a direction learn of a gap."""
        observer = self._observer
        reads = observer.gap(self._sides[direction], offset, missing)
        if reads:
            self._emit(reads, packet, out)
        else:
            self._weigh(b"", packet[2])
        if observer.reason:
            self.reason = observer.reason

    def _flush(self, out: list[Observation]) -> None:
        for direction, stream in enumerate(self._streams):
            if stream.holding:
                self._deliver(direction, stream.flush(), out)

    def _emit(self, reads: list[Read], packet: Packet, out: list[Observation]) -> None:
        """Say of each event in which packet its message began; `packet` is what completed it."""
        flow, last, where = self._flow, None, None
        if flow is None and reads:
            flow = self._decide(client_side(reads[0][1]))
        flip = self._flip
        turned = self.client ^ flip
        for offset, event in reads:
            marks = self._marks[event.side ^ turned]
            if marks and marks[-1][0] <= offset:
                at = len(marks) - 1
            else:
                at = bisect_right(marks, (offset, _LAST)) - 1
            begun = marks[at][1] if at >= 0 else packet
            if at > KEPT_MARKS:
                del marks[: at - KEPT_MARKS // 2]
            if flip:
                event = replace(event, side=event.side.other)
            if begun is not last:
                where, last = Where(self._names[begun[0]], begun[1]), begun
            out.append(_NEW(Observation, (event, flow, where, begun[2])))
            if isinstance(event, NodeEvent):
                self._node_events += 1
        self.events += len(reads)
        self._quiet = 0
        if self._doubts:
            self._tell_doubts(out)
        if self._node_events >= MAX_NODE_EVENTS:
            self.reason = "node-known"

    def _doubt(
        self, direction: int, offset: int, cause: Cause, packet: Packet, out: list[Observation]
    ) -> None:
        """Note an ambiguity; it is told once something was read here, or at the end."""
        if self._doubted >> direction & 1:
            return
        self._doubted |= 1 << direction
        self._doubts.append((direction, offset, cause, packet))
        if self._flow is not None:
            self._tell_doubts(out)

    def _tell_doubts(self, out: list[Observation]) -> None:
        for direction, offset, cause, (source, frame, time_ns) in self._doubts:
            flow = self._flow or self._decide(None)
            side = Side.CLIENT if direction == self.client else Side.SERVER
            event = StreamAmbiguous(protocol="tcp", side=side, offset=offset, cause=cause)
            out.append(Observation(event, flow, Where(self._names[source], frame), time_ns))
        self._doubts.clear()

    def _decide(self, client: Side | None) -> Flow:
        """Settle who is the client, by the first event; the belief yields to what only one party can say."""
        if client is Side.SERVER and not self.certain:
            self.client = 1 - self.client
            self._flip = True
        ends = (self._ends.a, self._ends.b)
        transport: Transport = "tcp" if self._ends.tcp else "udp"
        self._flow = Flow(ends[self.client], ends[1 - self.client], transport, self._ends.tunnel)
        return self._flow

    def _weigh(self, data: bytes, now_ns: int) -> None:
        """Charge the budgets for bytes that said nothing; `reason` is set when one is spent."""
        quiet = self._quiet = self._quiet + len(data)
        if quiet > MUTE_BYTES and (quiet > QUIET_BYTES or not self._observer.parser):
            self.reason = "quiet-bytes" if self.events else "mute-bytes"
        elif not self.events:
            self._lines += data.count(b"\n")
            if self._lines > MUTE_LINES:
                self.reason = "mute-lines"
            elif now_ns - self._since_ns > MUTE_NS:
                self.reason = "mute-time"
