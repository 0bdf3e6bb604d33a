"""What is remembered of a conversation: counters and first sightings, never the messages.

One `Talk` holds all mining traffic between a miner's address and one service of a pool, in one family of
protocols, however many connections it took. It is small, and does not depend on the order in which
independent flows are told. What nodes say to one another is in node_talk.py.
"""

from collections.abc import Set as AbstractSet
from enum import IntEnum, auto

from classifier.connection import Connection, Shares, Stint
from classifier.machines import Machines
from classifier.shares_series import Series
from facts.conversation import Transport
from facts.endpoint import Address, Endpoint
from facts.where import Where
from protocols.observe import Observation

STAY_NS = 120_000_000_000
"""A miner that stays: pools refresh jobs within 60 s, so this is two refreshes; probes hang up within
timeouts of 20 to 60 s."""
POLLS = 3
"""Times that work was given over HTTP before asking for it counts as going on: a probe asks once, a retry
twice."""
NAME_LIMIT = 4096
"""Names (agents, wallets, workers, ...) kept of one conversation: a proxy may carry thousands of workers."""
NAME_LENGTH = 256
"""Characters kept of one name: more than twice the longest wallet address in use."""
ALGORITHM_LIMIT = 32
"""Algorithms of one conversation whose shares are counted: a miner that switches has a dozen."""
FLOW_LIMIT = 4096
"""Live connections followed within one conversation: miners behind one translated address."""


class Fact(IntEnum):
    """What was read in a mining conversation; the first six come from the miner."""

    SUBSCRIBE = 0
    LOGIN = auto()
    LOGIN_WALLET = auto()
    SUBMIT = auto()
    REQUEST = auto()
    REPORTED = auto()
    SUBSCRIBED = auto()
    LOGIN_ACCEPTED = auto()
    DIFFICULTY = auto()
    WORK = auto()
    SHARE_ACCEPTED = auto()
    SHARE_JUDGED = auto()
    """Refused as stale, duplicate or of low difficulty: only one who knows the job can say so."""
    SHARE_REFUSED = auto()
    REFUSED = auto()
    """A request or login was answered with an error."""
    TURNED_AWAY = auto()
    """An account was refused for a reason that only a pool gives: banned, no address to pay to."""
    NOTICE = auto()
    BOTH_SIDES = auto()
    """One side spoke as miner and as pool."""


MINER_FACTS = frozenset(Fact(n) for n in range(6))
PROOFS = frozenset({Fact.SUBSCRIBED, Fact.DIFFICULTY, Fact.WORK, Fact.SHARE_ACCEPTED, Fact.SHARE_JUDGED})
"""Answers that only a pool gives. An accepted login is none by itself: `true` is what many a JSON service
answers to anything; with a subscription, a target, work or a share it speaks as one."""
WEIGHED = frozenset({"stratum", "btcagent", "browser-mining"})
"""Families of protocols whose readers weigh a wallet with the jobs of its conversation."""
ACCOUNTLESS = frozenset({"getwork", "getblocktemplate", "datum"})
"""Protocols in which a miner asks for work without naming an account, or names it sealed."""


_NO_NAMES: frozenset[str] = frozenset()
SEALED = "sealed"
"""The family of conversations that were followed by sizes, under encryption."""


class Sort(IntEnum):
    """What a name on the wire is."""

    AGENT = 0
    WALLET = 1
    WORKER = 2
    COIN = 3
    ALGORITHM = 4
    POOL_HOST = 5
    PAYOUT = 6
    """The coin of a wallet: what is mined only as far as no work tells better."""


class Seen:
    """One fact: first where, how often, and the word that goes with it."""

    __slots__ = ("at_ns", "count", "text", "where")

    def __init__(self, where: Where, at_ns: int, text: str, count: int = 1) -> None:
        self.where = where
        self.at_ns = at_ns
        self.text = text
        self.count = count

    def again(self, where: Where, at_ns: int, text: str, count: int = 1) -> None:
        """Count another sighting; the earliest is the one that is shown."""
        self.count += count
        if at_ns <= self.at_ns and place(Seen(where, at_ns, text)) < place(self):
            self.where, self.at_ns, self.text = where, at_ns, text

    def merged(self, other: "Seen | None") -> "Seen":
        """Return a new sighting that stands for both."""
        both = Seen(self.where, self.at_ns, self.text, self.count)
        if other is not None:
            both.again(other.where, other.at_ns, other.text, other.count)
        return both


def again(known: Seen | None, seen: Observation, text: str) -> Seen:
    """Return the sighting that stands for what was known and one more; the known one is changed."""
    if known is None:
        return Seen(seen.where, seen.at_ns, text)
    known.again(seen.where, seen.at_ns, text)
    return known


def place(seen: Seen) -> tuple[int, str, int, str]:
    """Return the order of sightings: by time, then place, then what was said."""
    return (seen.at_ns, seen.where.source, seen.where.frame or 0, seen.text)


class Course:
    """What the flow table told of a talk's connections, as bits: an Enum's flags take ten times as long."""

    MISSED_START = 1
    """A connection was already open when the capture began: what the miner said first is not in it."""
    MINER_LOST = 2
    """Payload of the miner was lost, cut or could not be read in a connection in which the pool was read."""
    PICKED_UP = 4
    """Work was sent and acknowledged in a connection that was open already."""
    OPEN = 8
    """A connection in which work was given was still open when the capture ended."""
    POOL_UNHEARD = 16
    """The pool's direction is not in the capture, or not whole: what was answered is not known."""
    REVERSED = 32
    """In a connection whose opening was seen, the side that listened spoke as the miner."""
    UNASKED = 64
    """In a connection that was seen whole on the miner's side, the miner said nothing of mining."""


class Talk:
    """All mining traffic of one miner address with one service in one family of protocols."""

    __slots__ = (
        "_names", "_strength", "ambiguous", "connections", "course", "family", "first_ns", "heard", "last_ns",
        "machines", "miner", "newcomers", "pool",
        "protocol", "seen", "series", "shares", "shown", "stay_ns",
        "stints", "transport",
    )  # fmt: skip

    def __init__(self, miner: Address, pool: Endpoint, transport: Transport, family: str) -> None:
        self.miner = miner
        self.pool = pool
        self.transport = transport
        self.family = family
        self.protocol = ""
        self._strength = (-1, -1, "")
        self.seen: dict[Fact, Seen] = {}
        self._names: dict[Sort, set[str]] = {}
        self.connections: dict[tuple[int, int], Connection] = {}
        self.machines: list[Machines] = []
        """Of each connection that carries several, ended or not."""
        self.shares: dict[str, Shares] = {}
        self.series: Series | None = None
        """The same by worker and time."""
        self.heard: dict[str, int] = {}
        """Worker -> when it first logged in."""
        self.shown: dict[str, int] = {}
        """Worker -> shares that it submitted, up to three: few say how many workers have not shown yet."""
        self.newcomers = 0
        """Workers named first by a share: nobody had logged in for them."""
        self.stints: list[Stint] = []
        """Ended connections in which mining went on."""
        self.course = 0
        """Bits of Course."""
        self.ambiguous: Seen | None = None
        """Where the wire does not tell what was received (docs/evasion.md)."""
        self.stay_ns = 0
        self.first_ns = self.last_ns = -1

    def note(self, fact: Fact, where: Where, at_ns: int, text: str) -> None:
        """Remember a fact."""
        seen = self.seen.get(fact)
        if seen is None:
            self.seen[fact] = Seen(where, at_ns, text)
        else:
            seen.again(where, at_ns, text)
        if at_ns > self.last_ns:
            self.last_ns = at_ns
        if self.first_ns < 0 or at_ns < self.first_ns:
            self.first_ns = at_ns

    def span(self, first_ns: int, last_ns: int) -> None:
        """Stretch the time in which the talk took place."""
        if self.first_ns < 0 or first_ns < self.first_ns:
            self.first_ns = first_ns
        self.last_ns = max(self.last_ns, last_ns)

    def decide(self, protocol: str, foundation: int, at_ns: int) -> None:
        """Settle the dialect: the last that was said among the best founded (parsers learn it as they go)."""
        strength = (foundation, at_ns, protocol)
        if strength > self._strength:
            self._strength = strength
            self.protocol = protocol

    def name(self, sort: Sort, value: str | None) -> bool:
        """Keep a name; False where it had to be cut or left out."""
        if not value:
            return True
        known = self._names.get(sort)
        if known is None:
            known = self._names[sort] = set()
        elif value in known:  # most are said again and again
            return True
        cut = value[:NAME_LENGTH]
        if cut not in known:
            if sum(map(len, self._names.values())) >= NAME_LIMIT:
                return False
            known.add(cut)
        return len(cut) == len(value)

    def named(self, sort: Sort) -> AbstractSet[str]:
        """Return the names of one sort; they may be more by and by."""
        return self._names.get(sort, _NO_NAMES)

    @property
    def coins(self) -> AbstractSet[str]:
        """The coins that are mined: by the work, and where none was read, by the wallets.

        Where jobs are those of a pool, readers have weighed the wallet with the job; elsewhere it is all that
        is told.
        """
        mined = self.named(Sort.COIN)
        weighed = Fact.WORK in self.seen and self.family in WEIGHED
        return mined if mined or weighed else self.named(Sort.PAYOUT)

    @property
    def asked(self) -> bool:
        """Whether anything that the miner said was read."""
        return not MINER_FACTS.isdisjoint(self.seen)

    @property
    def proved(self) -> bool:
        """Whether an answer was read that only a pool gives."""
        return not PROOFS.isdisjoint(self.seen)

    @property
    def exchange(self) -> bool:
        """Whether both directions were read: the pool's in mining meaning, and the miner's.

        The miner's part is a mining message; or payload that could not be read (lost or cut) in a connection
        in which the pool answered; or, in a connection that was open before the capture began, acknowledged
        work.
        """
        heard = self.asked or bool(self.course & (Course.MINER_LOST | Course.PICKED_UP))
        return self.proved and heard and not self.quoted

    @property
    def quoted(self) -> bool:
        """Whether it only looks like a conversation: a log that is sent, an echo."""
        if Fact.BOTH_SIDES in self.seen or self.course & Course.REVERSED:
            return True
        if not self.course & Course.UNASKED:
            return False
        return not (self.asked or self.course & (Course.MINER_LOST | Course.PICKED_UP))

    @property
    def two_way(self) -> bool:
        """Whether both directions were read in mining meaning: what `confirmed` asks for."""
        return self.proved and self.asked and not self.quoted and not self.sealed

    @property
    def sealed(self) -> bool:
        """Whether sizes and order told it, under encryption, and no message was read."""
        return self.family == SEALED

    @property
    def logged_in(self) -> bool:
        """Whether the miner named an account."""
        return Fact.LOGIN in self.seen or Fact.LOGIN_WALLET in self.seen

    @property
    def stayed_ns(self) -> int:
        """How long the longest connection lasted after its first work.

        Over HTTP many a miner opens a connection for each request: there, who went on asking has stayed.
        """
        work = self.seen.get(Fact.WORK)
        if self.protocol in ACCOUNTLESS and work is not None and work.count >= POLLS:
            return max(self.stay_ns, self.last_ns - work.at_ns)
        live = (
            one.last_ns - one.first_work_ns
            for one in self.connections.values()
            if one.first_work_ns is not None
        )
        return max(self.stay_ns, *live, 0)

    def opening(self) -> Seen:
        """Return the first thing that was read, counted once."""
        first = min(self.seen.values(), key=place)
        return Seen(first.where, first.at_ns, first.text)
