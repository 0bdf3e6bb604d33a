"""The docket of nodes: what peers of blockchain networks, and wallets, are judged to be.

A node does not mine by being one. What may be more is judged apart: announcing blocks first (blocks.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from classifier.blocks import Blocks, of_finder
from classifier.kinds import Kind
from classifier.node_talk import NodeTalk, Speaker
from classifier.score import Judgement, judge
from classifier.seeds import Seeds
from classifier.statements import Statements
from classifier.tidy import peer_order, tidy
from classifier.weights import Weights
from classifier.witnesses import of_node
from facts.endpoint import Address, Endpoint
from facts.names import Level, PeerState, Role
from facts.verdict import Peer, Verdict

FAMILY = "bitcoin-p2p"
"""Protocol name of the Bitcoin family where the coin is Bitcoin, or not known."""

_Pair = tuple[Address, Endpoint]


class Nodes:
    """Judges what a casebook remembers of conversations between nodes; it changes nothing in it."""

    def __init__(
        self, source: str, weights: Weights, talks: Iterable[NodeTalk], blocks: Blocks, seeds: Seeds
    ) -> None:
        self._source = source
        self._weights = weights
        self._blocks = blocks
        self._seeds = seeds
        self._talks: dict[Address, list[NodeTalk]] = defaultdict(list)
        self._named: dict[_Pair, set[str]] = defaultdict(set)
        self._coins_of: dict[
            int, tuple[tuple[str, ...], ...]
        ] = {}  # by the identity of a talk, for each side
        self._protocol_of: dict[int, str] = {}
        talks = list(talks)
        for talk in talks:
            self._coins_of[id(talk)] = tuple(self._coins(talk, side) for side in talk.sides)
        for talk in talks:
            self._named[talk.client, talk.server].add(self._by_coin(talk))
            for address in {talk.client, talk.server.address}:
                self._talks[address].append(talk)
        for talk in talks:
            self._protocol_of[id(talk)] = self._protocol(talk)
        self._roles = {address: _role(address, group) for address, group in self._talks.items()}

    @property
    def addresses(self) -> Iterable[Address]:
        """Everybody who took part in such a conversation."""
        return self._talks.keys()

    def node(self, address: Address) -> Verdict:
        """Judge one of `addresses` as a node or a wallet."""
        role, talks = self._roles[address], self._talks[address]
        told = Statements(address, role)
        of_node(told, talks)
        ceiling = Level.CONFIRMED if Kind.NODE_ANSWERED in told.kinds else Level.LIKELY
        if _guessed(talks):
            ceiling = Level.SUSPECTED
        return self._verdict(address, role, judge(told.evidence(), self._weights, ceiling))

    def finder(self, address: Address) -> Verdict | None:
        """Judge whether one of `addresses` finds blocks itself; None where it announced none first."""
        if not self._blocks.may_find(address):
            return None
        groups: dict[_Pair, list[NodeTalk]] = defaultdict(list)
        for talk in self._talks[address]:
            groups[talk.client, talk.server].append(talk)
        told = Statements(address, Role.SOLO_MINER)
        of_finder(told, self._blocks.finder(address, groups))
        if not told.kinds:
            return None
        judgement = judge(told.evidence(), self._weights, Level.SUSPECTED)
        return self._verdict(address, Role.SOLO_MINER, judgement)

    def _verdict(self, address: Address, role: Role, judgement: Judgement) -> Verdict:
        talks = self._talks[address]
        agents: set[str] = set()
        coins: set[str] = set()
        for talk in talks:
            for side, possible, end in zip(talk.sides, self._coins_of[id(talk)], _ends(talk), strict=True):
                if end == address:
                    agents |= side.agents
                    if len(possible) == 1:
                        coins.add(possible[0])
        peers = {self._peer(address, talk) for talk in talks}
        return Verdict(
            source=self._source,
            address=address,
            role=role,
            level=judgement.level,
            score=judgement.score,
            protocols=tidy([self._protocol_of[id(talk)] for talk in talks]),
            coins=tuple(sorted(coins)),
            algorithms=(),
            encrypted=_guessed(talks),
            peers=tuple(sorted(peers, key=peer_order)) if len(peers) > 1 else tuple(peers),
            first_seen_ns=min([talk.first_ns for talk in talks]),
            last_seen_ns=max([talk.last_ns for talk in talks]),
            agents=tuple(sorted(agents)),
            wallets=(),
            workers=None,
            pools=(),
            hashrate=(),
            evidence=judgement.evidence,
        )

    def _peer(self, address: Address, talk: NodeTalk) -> Peer:
        other = talk.server.address if talk.client == address else talk.client
        client, server = talk.sides
        both = client.spoke and server.spoke
        state = PeerState.EXCHANGE if both else PeerState.ATTEMPT
        return Peer(other, talk.server.port, self._roles[other], self._protocol_of[id(talk)], state)

    def _coins(self, talk: NodeTalk, side: Speaker) -> tuple[str, ...]:
        """Return the tickers that are possible: by what the side said, by the port, by the seeds."""
        return self._seeds.narrow(tuple(sorted(side.coins or ())), talk.server.address, talk.server.port)

    def _protocol(self, talk: NodeTalk) -> str:
        """Return the protocol's name: that of the coin, where anything in the conversation told it."""
        others = {name for name in self._named[talk.client, talk.server] if name.endswith("-p2p")} - {FAMILY}
        return others.pop() if talk.protocol == FAMILY and len(others) == 1 else self._by_coin(talk)

    def _by_coin(self, talk: NodeTalk) -> str:
        """Return the protocol's name, by the coin where only the port or a seed told it."""
        found = {coins for coins in self._coins_of[id(talk)] if coins}
        if talk.protocol != FAMILY or len(found) != 1:
            return talk.protocol
        (coins,) = found
        return f"{coins[0].lower()}-p2p" if len(coins) == 1 and coins[0] != "BTC" else FAMILY


def _ends(talk: NodeTalk) -> tuple[Address, Address]:
    """Return whose sides are which: client, server."""
    return talk.client, talk.server.address


def _guessed(talks: Sequence[NodeTalk]) -> bool:
    """Whether sizes alone told of everything."""
    for talk in talks:
        client, server = talk.sides
        if not (client.guessed and server.guessed):
            return False
    return True


def _role(address: Address, talks: Iterable[NodeTalk]) -> Role:
    """A wallet speaks as light clients do and serves no blocks; everything else is a node."""
    light = full = False
    for talk in talks:
        for side, end in zip(talk.sides, _ends(talk), strict=True):
            if end == address:
                light |= side.spv is not None or side.light is not None
                full |= side.full
    return Role.WALLET if light and not full else Role.NODE
