"""What is remembered of two nodes that spoke: first sightings of what each side said, never the messages.

It does not depend on the order in which independent flows are told.
"""

from classifier.talk import Seen
from facts.endpoint import Address, Endpoint

AGENT_LIMIT = 16
"""Agents kept of one side of a node conversation: clients behind one translated address."""


class Speaker:
    """What one side of a node conversation said."""

    __slots__ = ("agents", "coins", "full", "hello", "light", "message", "sealed", "spv")

    def __init__(self) -> None:
        self.hello: Seen | None = None
        self.message: Seen | None = None
        self.spv: Seen | None = None
        self.light: Seen | None = None
        """A hello that declares to serve no blocks."""
        self.sealed: Seen | None = None
        """What sizes alone told of, under encryption."""
        self.full = False
        self.coins: frozenset[str] | None = None
        """Tickers that everything said leaves possible; None before anything."""
        self.agents: set[str] = set()

    def learn(self, coins: tuple[str, ...], agent: str) -> None:
        """Narrow the coins down, and keep the agent (a few: a node restarts, it does not change its name)."""
        if coins:
            both = frozenset(coins) if self.coins is None else self.coins & frozenset(coins)
            self.coins = both
        if agent and (agent in self.agents or len(self.agents) < AGENT_LIMIT):
            self.agents.add(agent)

    @property
    def spoke(self) -> bool:
        """Whether anything was read of this side."""
        return self.opening is not None

    @property
    def guessed(self) -> bool:
        """Whether nothing of it was read: only sizes told of it, if anything."""
        return self.hello is None and self.message is None

    @property
    def opening(self) -> Seen | None:
        """What it said first, of the surest sort."""
        return self.hello or self.message or self.sealed


class NodeTalk:
    """What two nodes said to one another at one service."""

    __slots__ = ("client", "first_ns", "holes", "last_ns", "open_ns", "protocol", "server", "sides")

    def __init__(self, client: Address, server: Endpoint, protocol: str) -> None:
        self.client = client
        self.server = server
        self.protocol = protocol
        self.sides = (Speaker(), Speaker())
        """Client, server."""
        self.first_ns = self.last_ns = -1
        """Of what was read."""
        self.open_ns = -1
        """When the last of its connections ended that is known to have, read to its end or not."""
        self.holes = False
        """Whether bytes of it are not in the capture, or could not be read."""

    def span(self, first_ns: int, last_ns: int) -> None:
        """Stretch the time in which the talk took place."""
        if self.first_ns < 0 or first_ns < self.first_ns:
            self.first_ns = first_ns
        self.last_ns = max(self.last_ns, last_ns)
