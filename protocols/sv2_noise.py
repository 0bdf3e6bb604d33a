"""Stratum V2 under Noise, told by the sizes of its flights: which messages there were, never what they said.

The handshake has no magic and all bytes look random, but every flight of the handshake and of the set-up
has an exact size or a narrow range, and so have jobs, shares and their answers. Nothing is told before the
first job; what follows is counted from sums, the least of what they allow.
Source: Stratum V2 specification, chapters 4, 5 and 8; docs/protocols/stratum-v2.md.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, ClassVar, TypeVar

from protocols.events import (
    Login,
    LoginResult,
    PoolEvent,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
    Work,
)
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.sv2_keys import DRAFTS, FRAMES, MAGIC, NOISE_FRAMES, Draft, looks_random, probe_keys
from protocols.sv2_session import PROTOCOL
from protocols.sv2_sizes import (
    EXTENDED_JOB,
    EXTENDED_OPENED,
    EXTENDED_SHARE,
    EXTENSIONS,
    EXTENSIONS_ANSWER,
    FUTURE_JOB,
    OPEN,
    PREV_HASH,
    SETUP,
    SETUP_SUCCESS,
    SHARE,
    SHARE_SUCCESS,
    STANDARD_OPENED,
    TARGET,
    Tally,
    extended_tally,
    fewest,
    standard_tally,
)

MAX_OPENING = 16 * 1024  # bytes of a flight that opens channels, or answers that: dozens of channels
MAX_RUN = 256  # segments of one side that wait for the other side to speak; then they are weighed
MAX_FIRST = 64  # segments in which the first job comes
PROOFS = 3  # shares answered alone that prove a session whose first jobs left in one piece
MAX_UNPROVED = 16  # flights of the client within which they must come
MAX_STRANGE = 64  # flights in a row that hold nothing known: it is not this protocol
FULL_SEGMENT = 536  # bytes: the least that a full TCP segment carries (RFC 9293)
MAX_SIZES = 16  # sizes of shares that are remembered: one, or one for each length of a worker's name
MAX_PENDING = 1 << 20  # shares without an answer


class Stage(Enum):
    """What is due next."""

    PROPOSAL = auto()
    CHOICE = auto()
    ACT1 = auto()
    ACT2 = auto()
    SETUP = auto()
    SETUP_ANSWER = auto()
    OPEN = auto()
    EXTENSIONS_ANSWER = auto()
    CHANNEL = auto()
    PROOF = auto()
    MINING = auto()
    OVER = auto()


SEALED = frozenset(Stage) - {Stage.PROPOSAL, Stage.CHOICE, Stage.MINING, Stage.OVER}
"""Stages in which all bytes must look random."""

_E = TypeVar("_E", bound=PoolEvent)
Segment = tuple[int, int]
"""Offset in its side's stream, bytes."""


class StratumV2Noise(Parser):
    """Follows both sides of one connection from its first byte on."""

    name: ClassVar[str] = "sv2_noise"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES once both keys have passed with exactly their sizes, and looked random."""
        return probe_keys(heads)

    def __init__(self) -> None:
        self._stage = Stage.ACT1
        self._draft: Draft | None = None
        self._overhead = FRAMES
        self._ends = [0, 0]  # bytes of each side
        self._speaker = Side.CLIENT
        self._run: list[Segment] = []
        self._total = 0
        self._prefix = 0  # bytes of the length before each frame in clear
        self._at: dict[str, int] = {}  # where the messages of the set-up began
        self._extended = False
        self._unproved = 0
        self._strange = 0
        self._shares: tuple[int, ...] = ()  # sizes of a share
        self._standard_shares = False  # shares of a standard channel were counted
        self._proofs: list[tuple[list[Segment], int]] = []  # shares, and where their answers began
        self._said: list[Segment] = []  # the client's last run
        self._pending = 0
        self._open = 0  # the most that may have no answer
        self._doubt = 0  # answers that may be a refusal as stale, which has the size of an acceptance
        self._certain = True
        self._largest = FULL_SEGMENT

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Take one segment; yields nothing before the first job of a session."""
        size = len(data)
        offset = self._ends[side]
        self._ends[side] += size
        if not size or self._stage is Stage.OVER:
            return
        if side is Side.CLIENT and not offset and MAGIC in data[:6]:
            self._stage = Stage.PROPOSAL
            self._prefix = data.find(MAGIC)
        if self._stage in SEALED and not looks_random(data):
            self._stage = Stage.OVER
            return
        if side is not self._speaker or (self._stage is Stage.MINING and len(self._run) >= MAX_RUN):
            yield from self._turn()
            self._speaker = side
            self._clear()
        if len(self._run) < MAX_RUN:
            self._run.append((offset, size))
        self._total += size
        yield from self._eager()

    def gap(self, side: Side, missing: int) -> None:
        """Believe nothing further: of a set-up at all, of a session until a share is answered alone again."""
        self._ends[side] += missing
        self._clear()
        self._said = []
        self._pending = 0
        self._open = MAX_PENDING
        self._certain = False
        if self._stage is not Stage.MINING:
            self._stage = Stage.OVER

    @property
    def finished(self) -> bool:
        """True when it cannot be a mining conversation, or has not looked like one for long."""
        return self._stage is Stage.OVER

    # the set-up

    def _turn(self) -> Iterator[Event]:
        """Weigh a flight that has ended: the other side speaks."""
        match self._stage:
            case Stage.MINING:
                yield from self._weigh()
            case Stage.PROOF:
                yield from self._prove()
            case Stage.OVER:
                return
            case stage:
                self._stage = self._after(stage, self._total - self._overhead)

    def _after(self, stage: Stage, payload: int) -> Stage:
        """Return what is due after a flight of the set-up; `payload` is its size without sealing."""
        total = self._total
        begun = self._run[0][0] if self._run else 0
        match stage:
            case Stage.PROPOSAL if self._speaker is Side.CLIENT:
                return Stage.CHOICE
            case Stage.CHOICE if total == 4 + self._prefix:
                self._overhead = NOISE_FRAMES
                return Stage.ACT1
            case Stage.ACT1:
                return self._keys(total - self._prefix)
            case Stage.ACT2 if self._draft is not None and total == self._draft.act2 + self._prefix:
                return Stage.SETUP
            case Stage.SETUP if payload in SETUP:
                self._at["setup"] = begun
                return Stage.SETUP_ANSWER
            case Stage.SETUP_ANSWER if payload == SETUP_SUCCESS:
                self._at["success"] = begun
                return Stage.OPEN
            case Stage.OPEN if payload in EXTENSIONS and "extensions" not in self._at:
                self._at["extensions"] = begun
                return Stage.EXTENSIONS_ANSWER
            case Stage.EXTENSIONS_ANSWER if payload in EXTENSIONS_ANSWER:
                return Stage.OPEN
            case Stage.OPEN if OPEN.start <= payload <= MAX_OPENING:
                self._at["open"] = begun
                return Stage.CHANNEL
            case Stage.CHANNEL if payload >= EXTENDED_OPENED.start + EXTENDED_JOB + PREV_HASH:
                self._at["channel"] = begun
                return Stage.PROOF
        return Stage.OVER

    def _keys(self, size: int) -> Stage:
        known = [draft for draft in DRAFTS if draft.act1 == size]
        self._draft = known[0] if known else None
        return Stage.ACT2 if known else Stage.OVER

    def _eager(self) -> Iterator[Event]:
        """Look at a flight that goes on: too long to be what is due, or the first job is there."""
        total = self._total
        match self._stage:
            case Stage.SETUP if total - self._overhead > SETUP.stop:
                self._stage = Stage.OVER
            case Stage.SETUP_ANSWER if total - self._overhead > SETUP_SUCCESS:
                self._stage = Stage.OVER
            case Stage.ACT2 if self._draft is None or total > self._draft.act2 + self._prefix:
                self._stage = Stage.OVER
            case Stage.OPEN | Stage.CHANNEL if total > MAX_OPENING:
                self._stage = Stage.OVER
            case Stage.CHANNEL if self._speaker is Side.SERVER and len(self._run) <= MAX_FIRST:
                standard = self._is_standard()
                if standard or self._is_extended():
                    self._at["channel"] = self._run[0][0]
                    self._at["block"] = self._run[-1][0]
                    yield from self._believe(extended=not standard)
                    self._clear()

    def _is_standard(self) -> bool:
        """Whether the flight so far opens a standard channel, and gives a future job and its block."""
        over, first = self._overhead, self._run[0][1]
        jobs = {FUTURE_JOB + PREV_HASH, FUTURE_JOB + 1 + PREV_HASH}  # a draft's merkle root has a length
        jobs = {size + 2 * over for size in jobs}
        jobs |= {size + TARGET + over for size in jobs}
        if len(self._run) > 1 and first - over in STANDARD_OPENED:
            return self._total - first in jobs
        return any(self._total - size - over in STANDARD_OPENED for size in jobs)

    def _is_extended(self) -> bool:
        """Whether the segments so far are an extended channel, its first job and, alone, the block."""
        over = self._overhead
        sizes = [size for _, size in self._run]
        block = sizes[-1] in (PREV_HASH + over, PREV_HASH + TARGET + 2 * over)
        opened = sizes[0] - over in EXTENDED_OPENED
        return len(sizes) > 2 and opened and block and sum(sizes[1:-1]) >= EXTENDED_JOB + over

    def _prove(self) -> Iterator[Event]:
        """Look for shares that are answered alone: the first jobs left in one piece, of any size."""
        if self._speaker is Side.CLIENT:
            self._unproved += 1
            self._stage = Stage.OVER if self._unproved > MAX_UNPROVED else Stage.PROOF
            self._said = self._run
            return
        said, size = self._said, self._said[0][1]
        share = size - self._overhead
        if share != SHARE and share not in EXTENDED_SHARE:
            return
        if self._total != SHARE_SUCCESS + self._overhead or any(other != size for _, other in said):
            return
        if self._shares != (size,):
            self._shares, self._proofs = (size,), []
        self._proofs.append((said, self._run[0][0]))
        if len(self._proofs) == PROOFS:
            yield from self._believe(extended=share != SHARE)
            for sent, answered in self._proofs:
                for offset, _ in sent:
                    yield self._event(Submit, Side.CLIENT, offset)
                yield self._event(ShareResult, Side.SERVER, answered, accepted=True)
            self._said = []

    def _believe(self, *, extended: bool) -> Iterator[Event]:
        """Tell the set-up: it ends with the first job."""
        self._stage = Stage.MINING
        self._extended = extended
        if not extended:
            self._shares = (SHARE + self._overhead,)
        at = self._at
        yield self._event(Subscribe, Side.CLIENT, at["setup"], method="SetupConnection")
        yield self._event(Subscribed, Side.SERVER, at["success"])
        yield self._event(Login, Side.CLIENT, at["open"], method="OpenMiningChannel", user="")
        yield self._event(LoginResult, Side.SERVER, at["channel"], accepted=True)
        yield self._event(Work, Side.SERVER, at["channel"], clean=False)
        if "block" in at:
            yield self._event(Work, Side.SERVER, at["block"], clean=True)

    def _event(self, kind: type[_E], side: Side, offset: int, **fields: Any) -> _E:
        return kind(protocol=PROTOCOL, side=side, offset=offset, sealed=True, **fields)

    # jobs and shares

    def _weigh(self) -> Iterator[Event]:
        """Count what a flight holds; the client's is counted once it is answered."""
        if not self._run:
            return
        if self._speaker is Side.CLIENT:
            self._said = [*self._said, *self._run][-MAX_RUN:]
            return
        said, self._said = self._said, []
        least = min(self._shares, default=SHARE + 1 + self._overhead)
        self._open = min(self._open + sum(size // least for _, size in said), MAX_PENDING)
        tally = self._tally()
        if not self._certain:
            alone = sum(size for _, size in said) in self._shares
            self._certain = alone and self._total == SHARE_SUCCESS + self._overhead
            return
        self._learn(said, 0 if tally is None else tally.successes)
        sent = self._counted(said, answered=tally is not None and tally.successes > 0)
        for offset, count in sent:
            for _ in range(count):
                yield self._event(Submit, Side.CLIENT, offset)
            self._pending = min(self._pending + count, MAX_PENDING)
        if tally is not None:
            yield from self._told(tally)
        self._strange = 0 if sent or tally is not None else self._strange + 1
        if self._strange > MAX_STRANGE:
            self._stage = Stage.OVER

    def _learn(self, said: list[Segment], answered: int) -> None:
        """Learn the size of an extended share: all of a channel have one, but for the worker's name."""
        size = said[0][1] if said else 0
        if size - self._overhead not in EXTENDED_SHARE or answered != len(said) or self._pending:
            return
        if any(other != size for _, other in said) or fewest(size, self._shares) is not None:
            return
        if not self._extended:
            if self._standard_shares:
                return
            self._extended, self._shares = True, ()  # a small extended job passed for a standard one
        if len(self._shares) < MAX_SIZES:
            self._shares = (*self._shares, size)

    def _counted(self, said: list[Segment], *, answered: bool) -> list[Segment]:
        """Return where shares were sent, and how many at the least."""
        parts = [(offset, fewest(size, self._shares)) for offset, size in said]
        if any(count is None for _, count in parts):
            whole = fewest(sum(size for _, size in said), self._shares)
            if whole is not None:
                parts = [(said[0][0], whole)]
        # Two shares and more that left together may also be a request for a channel: until they are answered.
        sent = [(offset, count) for offset, count in parts if count == 1 or (count and answered)]
        self._standard_shares |= bool(sent) and not self._extended
        return sent

    def _tally(self) -> Tally | None:
        """Return what the server's flight holds at the least; None where that cannot be told."""
        taken = extended_tally if self._extended else standard_tally
        pieces: list[int] = []
        full = False
        for _, size in self._run:
            if full and pieces:
                pieces[-1] += size  # the rest of what filled the segment before
            else:
                pieces.append(size)
            full = size >= self._largest
            self._largest = max(self._largest, size)
        found = [taken(size, self._overhead, self._open) for size in pieces]
        known = [one for one in found if one is not None]
        tally = sum(known, Tally()) if known else None
        if len(known) < len(found) and not self._extended:
            # A message not known by its size, or one cut at an odd place: then only the whole is sure.
            whole = taken(self._total, self._overhead, self._open)
            return tally.least(whole) if tally and whole else tally or whole
        return tally

    def _told(self, tally: Tally) -> Iterator[Event]:
        offset = self._run[0][0]
        for _ in range(tally.jobs):
            yield self._event(Work, Side.SERVER, offset, clean=False)
        for _ in range(tally.blocks):
            yield self._event(Work, Side.SERVER, offset, clean=True)
        # `stale-share` has the size of an acceptance, and is said of the first share after a block, if ever.
        if tally.blocks or tally.maybe_blocks:
            self._doubt = 1
        answered = min(tally.successes, self._pending)
        self._pending -= answered
        self._open -= answered
        doubtful = min(self._doubt, answered)
        self._doubt -= doubtful
        if answered > doubtful:
            yield self._event(ShareResult, Side.SERVER, offset, accepted=True, count=answered - doubtful)

    def _clear(self) -> None:
        self._run = []
        self._total = 0
