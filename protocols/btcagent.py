"""BTCAgent: a farm's gateway speaks for up to 65,536 machines over one stream to a pool.

Lines of JSON (Bitcoin-style Stratum, jobs for all machines) and binary frames (registrations, shares, the
difficulty of each machine) follow each other in any order on both sides. A stream that begins with lines is
read by protocols/stratum.py up to its first frame, and handed over; one picked up among frames is recognised
by a chain of them. Sources: btcagent, btcpool docs/AGENT.md; docs/protocols/btcagent.md.
"""

import struct
from collections.abc import Iterator, Mapping

from facts.errors import ParseError
from protocols.agent_frames import FRAME, HEADER, MIX, SIZES, Type, chain, find_chain, is_exact, size_of
from protocols.agent_shares import Difficulties, OpenShares
from protocols.algorithms import hashes_of_difficulty
from protocols.events import (
    Difficulty,
    Login,
    Notice,
    PoolEvent,
    Request,
    ShareResult,
    Submit,
    Subscribe,
    Work,
)
from protocols.jsonrpc import Message, messages, text
from protocols.lines import MAX_LINE
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.stratum_dialects import read
from protocols.stratum_session import BTCAGENT, Contradiction, Grade, Session

CHAIN = 3
"""Frames in a row that begin a stream picked up among them: each fits by chance once in 2^30 places."""
RESYNC = 2
"""Frames in a row, or one line, after which a known stream is believed again."""
MAX_SEARCH = 8 * 1024
"""Bytes kept of a side in which no chain is found yet."""
MAX_QUIET = 1024
"""Messages without an event after which a stream is let go."""

_ALGORITHM, _ETHEREUM = "sha256d", "ethash"
"""What agents mine where no job tells it; and what is mined where frames have Ethereum's form."""
_SUBMIT = 15
"""Bytes of Bitcoin's shortest share; Ethereum's of the same type has them only for a job of one byte."""
_ETHEREUM_JOB = 14
"""Place of the job in Ethereum's shares, behind machine and nonce."""
_ACCEPTED = {1798084231: None, 950395421: "stale", 1422486894: "solved"}
"""Status -> what is said beside the acceptance."""
_REFUSED = {
    20: "other", 21: "job not found", 22: "duplicate", 23: "low difficulty", 24: "unauthorized",
    25: "not subscribed", 26: "illegal method", 27: "illegal params", 28: "IP banned", 29: "invalid username",
    30: "internal error", 31: "time too old", 32: "time too new", 33: "illegal version mask",
    34: "invalid solution", 35: "wrong nonce prefix", 36: "job not found", 37: "stale",
    38: "NiceHash not supported",
}  # fmt: skip


class _Stream:
    """What is unread of one side."""

    __slots__ = ("at", "buffer", "scanned", "searching")

    def __init__(self, searching: bool) -> None:
        self.buffer = bytearray()
        self.at = 0
        """Offset of its first byte in what this parser was fed."""
        self.scanned = 0
        """Bytes in which there is no LF."""
        self.searching = searching

    def drop(self, size: int) -> None:
        del self.buffer[:size]
        self.at += size
        self.scanned = 0


class BtcAgent(Parser):
    """Reads both sides of one stream, of which either may be the agent's."""

    name = "btcagent"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a side has a chain of frames; MORE where it begins with one that is too short yet."""
        more = False
        for head in heads.values():
            if FRAME not in head:
                continue
            found, sure = find_chain(head, CHAIN)
            if sure and head[found : found + 1] == FRAME:
                return Match.YES
            more |= found < len(head) and bool(chain(head, found, 1))
            more |= head[:1] == FRAME and len(head) >= HEADER.size and chain(head, 0, CHAIN) is None
        return Match.MORE if more else Match.NO

    def __init__(self, session: Session | None = None, sure: Mapping[Side, bool] | None = None) -> None:
        """`session` is the conversation so far; `sure` tells the sides whose next byte begins a message."""
        self._session = session or Session()
        self._session.decide(BTCAGENT, Grade.AGENT)
        self._streams = {side: _Stream(not (sure or {}).get(side, False)) for side in Side}
        self._difficulties = Difficulties()
        self._shares = OpenShares(self._session.begun)
        self._algorithm: str | None = None
        self._quiet = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every message that is complete, then raise the first ParseError there was."""
        stream = self._streams[side]
        stream.buffer += data
        errors: list[ParseError] = []
        read_to = 0
        while not self.finished:
            if stream.searching:
                stream.drop(read_to)
                read_to = 0
                if not _found(stream):
                    break
            message = _next(stream, read_to)
            if message is None:
                break
            size, whole = message
            offset = stream.at + read_to
            read_to += size
            stream.scanned = read_to
            self._quiet += 1
            try:
                for event in self._events(side, offset, whole):
                    self._quiet = 0
                    yield event
            except ParseError as error:
                errors.append(error)
                stream.searching = whole is None or whole[:1] == FRAME or stream.searching
        stream.drop(read_to)
        if errors:
            more = f" (and {len(errors) - 1} messages more)" if len(errors) > 1 else ""
            raise ParseError(errors[0].why + more, errors[0].offset) from errors[0]

    def _events(self, side: Side, offset: int, whole: bytes | None) -> Iterator[Event]:
        if whole is None:
            raise ParseError("neither a frame nor a line", offset)
        if whole[:1] != FRAME:
            for message in messages(whole, side, offset):
                for event in read(self._session, message):
                    self._learn(event)
                    yield event
            return
        if whole[1] in SIZES:
            if not is_exact(whole, 0, len(whole)):
                raise ParseError(f"a frame of type {whole[1]:#04x} with a body that is none", offset)
            yield from self._frame(Message(side, offset, None, None, None, None, None, {}), whole)

    def _learn(self, event: PoolEvent) -> None:
        """Keep of the lines what shares are measured by."""
        if isinstance(event, Work):
            self._difficulties.work(event.job_id)
            self._algorithm = event.algorithm

    def _frame(self, message: Message, frame: bytes) -> list[PoolEvent]:
        try:
            match frame[1]:
                case Type.REGISTER:
                    return [self._register(message, frame)]
                case Type.UNREGISTER:
                    return [self._unregister(message, frame)]
                case Type.SET_DIFFICULTY:
                    return [self._set_difficulty(message, frame)]
                case Type.SET_EXTRANONCE:
                    machine, extranonce = struct.unpack_from("<HI", frame, 4)
                    words = f"{machine} {extranonce:08x}"
                    return [self._session.event(Notice, message, method="set_extranonce", text=words)]
                case Type.SUBMIT_RESPONSE:
                    return self._answer(message, frame)
                case _:
                    return [self._submit(message, frame)]
        except Contradiction:
            return [self._session.contradict(message)]

    def _register(self, message: Message, frame: bytes) -> PoolEvent:
        """A machine is no account, so what is mined is not its name's to tell: no login to the session."""
        said = self._session.event(Subscribe, message, method="register")
        agent, worker, _ = frame[6:].decode("utf-8", "replace").split("\0")
        name = text(worker) or ""
        return Login(
            protocol=said.protocol,
            side=said.side,
            offset=said.offset,
            method="register",
            user=name,
            worker=name or None,
            agent=text(agent) or None,
            session=_machine(frame),
        )

    def _unregister(self, message: Message, frame: bytes) -> PoolEvent:
        machine = _machine(frame)
        event = self._session.event(Request, message, method="unregister", session=machine)
        self._difficulties.unset(machine)
        return event

    def _set_difficulty(self, message: Message, frame: bytes) -> PoolEvent:
        """Tell the difficulty without its hashes: it is not that of the stream, but of some machines."""
        exponent, count = struct.unpack_from("<BH", frame, 4)
        event = self._session.event(Difficulty, message, difficulty=2.0**exponent)
        self._difficulties.set(exponent, struct.unpack_from(f"<{count}H", frame, 7))
        return event

    def _submit(self, message: Message, frame: bytes) -> PoolEvent:
        job: int | None = None
        mix = frame[1] == Type.SUBMIT_MIX
        if mix or (frame[1] == Type.SUBMIT and (self._algorithm == _ETHEREUM or len(frame) != _SUBMIT)):
            machine = _machine(frame)
            end = len(frame) - MIX if mix and len(frame) > _ETHEREUM_JOB + MIX else len(frame)
            job_id = frame[_ETHEREUM_JOB:end].hex()
        else:
            job, machine = struct.unpack_from("<BH", frame, 4)
            job_id = str(job)
        event = self._session.event(Submit, message, job_id=job_id, session=machine)
        difficulty = self._difficulties.of(machine, job, self._session.difficulty)
        if difficulty is None:
            self._shares.ask(machine, None)
        else:
            self._shares.ask(machine, hashes_of_difficulty(self._algorithm or _ALGORITHM, difficulty))
        return event

    def _answer(self, message: Message, frame: bytes) -> list[PoolEvent]:
        """Read an answer to a share. Where shares were missed it is nobody's, yet an answer to a share."""
        index, status = struct.unpack_from("<HI", frame, 4)
        share = self._shares.answer(index)
        if share is None and self._shares.counted:
            return []
        machine, hashes = share or (None, None)
        accepted = status in _ACCEPTED
        event = self._session.event(
            ShareResult,
            message,
            accepted=accepted,
            code=None if accepted else status,
            message=_ACCEPTED[status] if accepted else _REFUSED.get(status),
            session=machine,
            hashes=hashes,
            algorithm=self._algorithm if hashes is not None else None,
        )
        return [event]

    def gap(self, side: Side, missing: int) -> None:
        """Pass over what is around the hole; forget what may have changed in it."""
        stream = self._streams[side]
        stream.drop(len(stream.buffer))
        stream.at += missing
        stream.searching = True
        self._session.gap()
        if side is not self._session.miner:
            self._difficulties.clear()
        if self._session.miner is None or side is self._session.miner:
            self._shares.lose()

    @property
    def finished(self) -> bool:
        """True after MAX_QUIET messages in a row without an event, or once a side spoke as both parties."""
        return self._session.contradicted or self._quiet >= MAX_QUIET


def _machine(frame: bytes) -> int:
    return int.from_bytes(frame[4:6], "little")


def _found(stream: _Stream) -> bool:
    """Drop what comes before the next messages that can be believed; False where there are none yet."""
    at, sure = find_chain(stream.buffer, RESYNC)
    if not sure and len(stream.buffer) - at > MAX_SEARCH:
        at = len(stream.buffer) - 1  # its last byte may be the LF before a line
    if not sure and at == len(stream.buffer):
        at -= stream.buffer[-1:] == b"\n"
    stream.drop(at)
    stream.searching = not sure
    return sure


def _next(stream: _Stream, at: int) -> tuple[int, bytes | None] | None:
    """Return the size and the bytes of the message that begins at `at`; None where it is not complete.

    None for its bytes stands for one that cannot be: its first byte is passed over.
    """
    buffer = stream.buffer
    if at >= len(buffer):
        return None
    if buffer[at : at + 1] == FRAME:
        if len(buffer) - at < HEADER.size:
            return None
        size = size_of(buffer, at)
        if size is None:
            return 1, None
        return (size, bytes(buffer[at : at + size])) if len(buffer) - at >= size else None
    end = buffer.find(b"\n", max(at, stream.scanned))
    if end >= 0:
        return end + 1 - at, bytes(buffer[at:end])
    stream.scanned = len(buffer)
    return (len(buffer) - at, None) if len(buffer) - at > MAX_LINE else None
