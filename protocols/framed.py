"""Streams of messages that say how long they are: what every reader of one needs, written once."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar

from facts.errors import ParseError
from protocols.parser import Event, Parser, Side

Outcome = Event | ParseError | None
"""What one step read: an event, what was wrong, or nothing to tell."""


class Half:
    """One direction: what waits for its end, and where in the stream that is."""

    __slots__ = ("begun", "held", "lost", "offset", "skip", "unread")

    def __init__(self) -> None:
        self.held = bytearray()
        """Bytes that no whole message was taken out of yet."""
        self.offset = 0
        """Stream offset of held[0]."""
        self.begun = False
        """A message was read."""
        self.lost = False
        """No message boundary is known."""
        self.unread = 0
        """Bytes passed over since it was lost."""
        self.skip = 0
        """Bytes to come of a message that does not wait in memory."""


H = TypeVar("H", bound=Half)


class Framed(Parser, Generic[H]):
    """Takes whole messages out of both directions, in any cut, and stays aligned over losses.

    A subclass reads the message that is due (`_message`), finds a boundary again (`_search`), and says how
    much of a message is still to come (`_due`). Each returns the place up to which the bytes are done with.
    """

    transport: ClassVar[str] = "tcp"
    max_messages: ClassVar[int]
    """Messages of a connection after which another one says nothing new."""
    max_bytes: ClassVar[int]
    """Bytes of a connection after which it is let go."""
    max_lost: ClassVar[int]
    """Bytes of one direction without a message boundary: it is not this protocol any more."""

    def __init__(self, one: H, other: H) -> None:
        self._halves = (one, other)
        self._messages = 0
        self._bytes = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield what is complete; what follows an error in `data` is read before the error is raised."""
        half = self._halves[side]
        half.held += data
        self._bytes += len(data)
        events, problem = self._read(half, side)
        yield from events
        if problem is not None:
            raise problem

    def gap(self, side: Side, missing: int) -> None:
        """Stay aligned where the loss lies inside one message, else search for the next one."""
        half = self._halves[side]
        todo = half.skip
        if not (todo or half.lost) and half.held:
            todo = max(self._due(half), 0)
        half.offset += len(half.held) + missing
        half.held.clear()
        half.lost = half.lost or todo < missing
        half.skip = max(todo - missing, 0)

    @property
    def finished(self) -> bool:
        """True when the session has said what it can, or has not looked like this protocol for long."""
        one, other = self._halves
        return (
            self._messages >= self.max_messages
            or self._bytes >= self.max_bytes
            or one.unread > self.max_lost
            or other.unread > self.max_lost
        )

    def _read(self, half: H, side: Side) -> tuple[list[Event], ParseError | None]:
        """Take every whole message out of `half.held`; the first error is returned, not raised."""
        held, at = half.held, 0
        events: list[Event] = []
        problem: ParseError | None = None
        while at < len(held):
            before = (at, half.lost)
            outcomes: tuple[Outcome, ...] = ()
            if half.skip:
                at, outcomes = self._pass(half, side, at)
            elif half.lost:
                at = self._search(half, at)
            else:
                at, outcomes = self._message(half, side, at)
            for outcome in outcomes:
                if isinstance(outcome, ParseError):
                    problem = problem or outcome
                elif outcome is not None:
                    events.append(outcome)
            if (at, half.lost) == before:
                break  # the rest is not whole yet
        del held[:at]
        half.offset += at
        return events, problem

    def _pass(self, half: H, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        """Pass over the next bytes of a message that does not wait in memory."""
        taken = min(half.skip, len(half.held) - at)
        half.skip -= taken
        return at + taken, ()

    @abstractmethod
    def _message(self, half: H, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        """Read the message that begins at `at` of `half.held`; return `at` itself while it is not whole."""

    @abstractmethod
    def _search(self, half: H, at: int) -> int:
        """Return where a message may begin, or from where to search on; set `half.lost` accordingly."""

    @abstractmethod
    def _due(self, half: H) -> int:
        """Return how many bytes of the message at held[0] are still to come; 0 where that is not known."""
