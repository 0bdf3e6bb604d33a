"""The sessions of all watched flows: rows of the sieve in, observations out, ceilings kept."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy.typing as npt

from capture.records import Tag, TaggedKind
from capture.streams.candidates import Candidates
from capture.streams.ends import Ends
from capture.streams.fragments import Fragments
from capture.streams.reassembly import Packet, Tally
from capture.streams.rows import ROW, Row, Taken, Waiting, has_fragments, payloads
from capture.streams.session import ACK, SYN, Session, Told
from protocols.observe import Observation
from protocols.parser import Parser

MAX_SESSIONS = (
    32_768  # at some 3 kB each: 100 MB at the very worst; the idlest quarter goes when it is reached
)
MAX_EARLY = 8  # segments that wait for the first one of a young flow: more are not out of order but lost
MAX_DOUBTED = 1024  # flows without a session of which ambiguous fragments are remembered
MAX_EARLY_TOTAL = 4096  # of all flows together: 6 MB in full segments

_MASK = 0xFFFF_FFFF
_HALF = 0x8000_0000
_FRAGMENT = int(TaggedKind.FRAGMENT)
_SEGMENT = int(TaggedKind.SEGMENT)
_DATAGRAM = int(TaggedKind.DATAGRAM)
_EARLY = int(Tag.EARLY)

Early = tuple[int, int, int, bytes, int, Packet]
"""Direction, sequence number, flags, bytes, missing, packet."""


Group = tuple[str, int, Session | None, list[int]]
"""One flow among some rows: what it is read with, its index, its session, the places of its rows."""


class Sessions:
    """Sessions by flow index."""

    def __init__(
        self,
        parsers: Sequence[type[Parser]],
        names: Sequence[str],
        describe: Callable[[int], Ends],
        watch: Callable[[int], None],
        release: Callable[[int], None],
        together: int = 0,
    ) -> None:
        """`describe` tells a flow's ends; `watch` and `release` tell the sieve what is wanted.

        `together`: so many rows are read at once, those of several pushes; with 0 they are read as they come.
        What flows that are read at once say comes in the order of their packets all the same.
        """
        self.let_go: Counter[str] = Counter()
        """Sessions let go before their flow ended, by reason."""
        self.clients: dict[int, int] = {}
        """Of each inspected flow, until it is taken out: the client's direction, 2 more where a SYN told it,
        and four times what `Session.unread` says."""
        self.stopped: dict[int, int] = {}
        """Of flows whose session was let go, the time at which it was, until it is taken out."""
        self.opened = 0
        """Sessions so far."""
        self.parse_errors = 0
        """Of sessions that have ended."""
        self.early_dropped = 0
        """Early segments whose flow never came to matter."""
        self.tally = Tally()
        self.fragments = Fragments()
        self._parsers = Candidates(parsers, "udp"), Candidates(parsers, "tcp")
        self._names = names
        self._describe = describe
        self._watch = watch
        self._release = release
        self._waiting = Waiting(together)
        self._unwanted: set[int] = set()  # let go within the present rows, which may hold more of them
        self._sessions: dict[int, Session] = {}
        self._early: dict[int, list[Early]] = {}
        self._early_count = 0
        self._doubted: dict[int, tuple[int, Packet]] = {}

    def push(self, data: memoryview, rows: npt.NDArray[Any]) -> list[Observation]:
        """Take TAGGED rows that point into `data`, in order; return what they complete, now or later."""
        if self._waiting.take(data, rows):
            return self.flush() if self._waiting.full else []
        told = self.flush()
        if has_fragments(rows):
            told += self._read_one_by_one(data, rows)
        elif len(rows):
            told += self._read(rows, payloads(data, rows))
        return told

    @property
    def waits(self) -> bool:
        """Whether rows wait to be read."""
        return bool(self._waiting)

    def flush(self) -> list[Observation]:
        """Read the rows that wait; return what they complete."""
        return self._read(*self._waiting.give()) if self._waiting else []

    def _read(self, rows: npt.NDArray[Any], payloads: Sequence[bytes]) -> list[Observation]:
        """Read rows without fragments, flow by flow; return what they say in the order of the rows."""
        groups = self._groups(rows)
        order = [place for *_, places in groups for place in places]
        raw = rows[order].tobytes()
        taken = zip(ROW.iter_unpack(raw), map(payloads.__getitem__, order), order, strict=True)
        told: Told = []
        for _, flow, session, places in groups:
            rest = islice(taken, len(places))
            if session is None or session.reason:  # evicted for one opened just now
                session = self._first_of(flow, rest, told)
            while session is not None:
                if not session.reason:
                    session.read(rest, told)
                if not session.reason:
                    break
                self._close(flow, session)
                session = self._first_of(flow, rest, told)
        self._let_unwanted_go()
        told.sort(key=itemgetter(0))
        return [one for _, found in told for one in found]

    def _first_of(self, flow: int, rest: Iterator[Taken], told: Told) -> Session | None:
        """Take rows of a flow without a session up to the one that opens one, which is returned."""
        for row, payload, place in rest:
            session, found = self._begin(row, payload)
            if found:
                told.append((place, found))
            if session is not None:
                return session
        return None

    def _groups(self, rows: npt.NDArray[Any]) -> list[Group]:
        """Return the flows of some rows in the order in which they are read.

        Flows that one parser reads follow one another, as what it needs is at hand then.
        """
        of_flow: defaultdict[int, list[int]] = defaultdict(list)
        for place, flow in enumerate(rows["flow"].tolist()):
            of_flow[flow].append(place)
        tags = rows["tag"].tolist()
        groups: list[Group] = []
        for flow, places in of_flow.items():
            session = self._sessions.get(flow)
            groups.append(
                (str(tags[places[0]]) if session is None else session.reader, flow, session, places)
            )
        groups.sort(key=itemgetter(0, 1))
        return groups

    def _read_one_by_one(self, data: memoryview, rows: npt.NDArray[Any]) -> list[Observation]:
        """Read rows of which some are fragments, in their order: what a fragment makes whole comes there."""
        told: Told = []
        ends = rows[["payload", "length", "ip"]].tolist()
        for row, (at, length, ip) in zip(ROW.iter_unpack(rows.tobytes()), ends, strict=True):
            flow, _, _, source, direction, _, tag, kind, opposite, known, time_ns, frame = row
            payload = b"" if kind == _FRAGMENT else data[at : at + length].tobytes()
            if kind == _FRAGMENT:
                whole = self.fragments.push(data, ip, length, flow, direction, (source, frame, time_ns))
                if self.fragments.doubted:
                    told.append((0, self._doubt()))
                if whole is None:
                    continue
                flow, payload, (source, frame, time_ns) = whole.flow, whole.payload, whole.packet
                kind = _SEGMENT if whole.tcp else _DATAGRAM
                row = (
                    flow, whole.seq, 0, source, whole.direction, whole.tcp_flags, tag, kind, opposite, known,
                    time_ns, frame,
                )  # fmt: skip
                self._watch(flow)
            session = self._sessions.get(flow)
            if session is None:
                session, found = self._begin(row, payload)
                told.append((0, found))
            else:
                session.read(iter(((row, payload, 0),)), told)
            if session is not None and session.reason:
                self._close(flow, session)
        self._let_unwanted_go()
        return [one for _, found in told for one in found]

    def _begin(self, row: Row, payload: bytes) -> tuple[Session | None, list[Observation]]:
        """Open a session where the packet of a flow without one asks for it; return what it completes."""
        flow, seq, missing, source, direction, flags, tag, kind, opposite, known, time_ns, frame = row
        packet = (source, frame, time_ns)
        if flow in self._unwanted:
            if flags & (SYN | ACK) != SYN:
                return None, []
            self._unwanted.remove(flow)  # another connection on its ports
        segment = (direction, seq, flags, payload, missing, packet)
        if tag == _EARLY:
            self._hold(flow, segment)
            return None, []
        session = self._open(flow, tag, packet)
        if kind == _DATAGRAM:
            return session, session.datagram(direction, payload, packet)
        if known:  # where the other direction's bytes begin
            session.start(1 - direction, opposite)
        return session, self._first(session, flow, segment)

    def ended(self, flows: Collection[int]) -> list[Observation]:
        """Finish the sessions of flows that the flow table gives up; return what was still waiting."""
        told = self.flush()
        for flow in flows:
            if flow in self._early:
                self._drop_early(flow)
            if flow in self._doubted:
                del self._doubted[flow]
            session = self._sessions.pop(flow, None)
            if session is not None:
                told += session.end()
                self._note(flow, session)
        if flows:
            self.fragments.forget(flows)
        return told

    def counts(self) -> dict[str, int]:
        """Return what reassembly, defragmentation and parsing met, without the zeros."""
        tally = self.tally
        counts = {
            "gaps": tally.gaps,
            "missing-bytes": tally.missing,
            "retransmitted-bytes": tally.retransmitted,
            "overlapped-bytes": tally.overlapped,
            "conflicting-overlaps": tally.conflicts,
            "astray-segments": tally.astray,
            "early-segments-dropped": self.early_dropped,
            "parse-errors": self.parse_errors,
            **self.fragments.counts,
        }
        return {name: count for name, count in counts.items() if count}

    def _doubt(self) -> list[Observation]:
        """Tell the sessions of flows in which two copies of a fragment differ."""
        told: list[Observation] = []
        for flow, direction, packet in self.fragments.doubted:
            self.tally.conflicts += 1
            session = self._sessions.get(flow)
            if session is not None:
                told += session.doubt(direction, "fragments", packet)
            elif len(self._doubted) < MAX_DOUBTED:
                self._doubted[flow] = (direction, packet)  # its flow may yet come to matter
        self.fragments.doubted.clear()
        return told

    def _open(self, flow: int, tag: int, packet: Packet) -> Session:
        if len(self._sessions) >= MAX_SESSIONS:
            self._evict()
        ends = self._describe(flow)
        parsers = self._parsers[ends.tcp].of(tag)
        session = self._sessions[flow] = Session(ends, parsers, self._names, self.tally, packet)
        self.clients[flow] = session.client
        self.stopped.pop(flow, None)
        self.opened += 1
        doubted = self._doubted.pop(flow, None)
        if doubted is not None:
            session.doubt(doubted[0], "fragments", doubted[1])  # told when there is something else to tell
        return session

    def _first(self, session: Session, flow: int, segment: Early) -> list[Observation]:
        """Feed the segment for which a session was opened, then those that had come before it, in order."""
        direction, seq, _, payload, _, _ = segment
        early = self._early.pop(flow, [])
        self._early_count -= len(early)
        if payload:
            session.start(direction, seq)
        found = session.segment(*segment)
        early.sort(key=lambda held: (held[1] - seq + _HALF) & _MASK)
        for held in early:
            if not session.reason:
                found += session.segment(*held)
        return found

    def _hold(self, flow: int, row: Early) -> None:
        """Keep a segment that came before the first one of its flow."""
        held = self._early.setdefault(flow, [])
        if len(held) >= MAX_EARLY:
            self.early_dropped += 1
            return
        held.append(row)
        self._early_count += 1
        if self._early_count > MAX_EARLY_TOTAL:
            self._drop_early(next(iter(self._early)))

    def _drop_early(self, flow: int) -> None:
        held = self._early.pop(flow, None)
        if held is not None:
            self._early_count -= len(held)
            self.early_dropped += len(held)

    def _close(self, flow: int, session: Session) -> None:
        """Let a session go before its flow has ended."""
        del self._sessions[flow]
        session.drop()
        self.let_go[session.reason] += 1
        self.stopped[flow] = session.last[2]
        self._note(flow, session)
        self._unwanted.add(flow)

    def _let_unwanted_go(self) -> None:
        for flow in self._unwanted:
            self._release(flow)
        self._unwanted.clear()

    def _note(self, flow: int, session: Session) -> None:
        self.clients[flow] = session.client | session.certain << 1 | session.unread << 2
        self.parse_errors += session.parse_errors

    def _evict(self) -> None:
        """Let the idlest quarter go."""
        idlest = sorted(self._sessions, key=lambda flow: self._sessions[flow].last[2])
        for flow in idlest[: MAX_SESSIONS // 4]:
            session = self._sessions[flow]
            session.reason = "session-table-full"
            self._close(flow, session)
