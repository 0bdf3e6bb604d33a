"""What every parser is: bytes of a stream in any cut in, events out. No socket, file, clock or log."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar


class Side(IntEnum):
    """Who sent the bytes. CLIENT opened the connection (or is believed to have, mid-stream)."""

    other: "Side"
    """The opposite side."""

    CLIENT = 0
    SERVER = 1


Side.CLIENT.other, Side.SERVER.other = Side.SERVER, Side.CLIENT
SIDES = (Side.CLIENT, Side.SERVER)
"""Both, for what is made for each of them in every stream: going through an Enum takes ten times as long."""


class Match(Enum):
    """What a probe says of the first bytes."""

    YES = "yes"
    NO = "no"
    MORE = "more"
    """Cannot tell yet; observe.py stops asking at 4 KiB a side."""

    __hash__ = (
        object.__hash__
    )  # there is one of each: its identity will do, and an Enum's costs ten times that


Heads = Mapping[Side, bytes]
"""The first bytes of each side (possibly empty, at most 4 KiB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a stream said. Subclasses are the nouns of protocols/events.py."""

    kind: ClassVar[str] = ""
    """Dotted and stable, e.g. `pool.submit`."""
    protocol: str
    """Protocol name of the output contract, e.g. `stratum-bitcoin`; parsers of names say `dns` or `tls`."""
    side: Side
    """The side whose bytes carried it."""
    offset: int
    """Offset in that side's stream of the first byte of the message that carried it (UDP: 0)."""
    sealed: bool = False
    """True where sizes and order told it, under encryption: the message itself was not read."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A stream within the stream begins: behind a proxy's preamble, after an upgrade of the protocol."""

    parser: "Parser | None"
    """Reads it from here on; None where its first bytes must be probed like those of any stream."""
    rest: tuple[tuple[Side, int, bytes], ...] = ()
    """Bytes of it that the present parser was given already: side, offset in what it was fed, bytes."""


class Parser(ABC):
    """Reads both sides of one TCP stream, or the datagrams of one UDP flow.

    After ParseError, and after `gap`, nothing is believed until the next message boundary of that side;
    a parser that cannot find one again says so by `finished`. After ParseError the parser is fed once more
    with no bytes, so that messages behind the broken one in the same bytes are read.
    """

    name: ClassVar[str]
    """Short, unique: `stratum`, `bitcoin_p2p`."""
    transport: ClassVar[str]
    """`tcp` or `udp`: a UDP parser is fed one whole datagram at a time."""

    @classmethod
    @abstractmethod
    def probe(cls, heads: Heads) -> Match:
        """Say whether these first bytes are this protocol; cheap, never raises."""

    @abstractmethod
    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Take the next bytes of one side, in any cut, and yield what they complete.

        Raises ParseError where the bytes cannot be this protocol; events yielded before it stand.
        """

    def skim(self, side: Side, data: bytes) -> bool:
        """Take the next bytes of one side where they show at a glance that they hold nothing to tell.

        False, with nothing taken, where they must be read, as the first ones of a side always are. It is what
        makes long streams cheap whose parties have said what they are; a parser may ignore it.
        """
        return False

    def gap(self, side: Side, missing: int) -> None:  # noqa: B027 - a parser of datagrams has no gaps
        """Learn that `missing` bytes of one side were lost here: resynchronise.

        They count in the offsets of later events, as if they had been fed.
        """

    @property
    def handover(self) -> Handover | None:
        """What reads on, once this parser has read all that is its own; asked after each feed."""
        return None

    @property
    def finished(self) -> bool:
        """True when nothing further in this stream can matter: its session is let go and counted."""
        return False
