"""The docket: every address with a witness gets its roles, and every role its verdict."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.blocks import Blocks, of_finder
from classifier.contacts import Contact, Contacts
from classifier.gateway import workers
from classifier.hashrate import estimate
from classifier.kinds import Kind
from classifier.roles import (
    SOLO,
    behaviour,
    forwards,
    gathers,
    miner_ceiling,
    pool_basis,
    pool_ceiling,
    stance,
)
from classifier.score import Judgement, judge
from classifier.seeds import Seeds
from classifier.talk import NodeTalk, Shares, Sort, Speaker, Talk
from classifier.weights import Weights
from classifier.witnesses import Statements, of_miner, of_node, of_pool, of_prober, of_proxy
from facts.endpoint import Address, Endpoint
from facts.names import LEVEL_ORDER, Level, PeerState, Role
from facts.verdict import Hashrate, Peer, Verdict

ENCRYPTED = "encrypted"
"""Protocol name of a conversation of which only names and shape were read."""
FAMILY = "bitcoin-p2p"
"""Protocol name of the Bitcoin family where the coin is Bitcoin, or not known."""


@dataclass(slots=True)
class Subject:
    """All that is known of one address."""

    above: list[Talk]
    """Conversations in which it is the miner."""
    below: list[Talk]
    """Conversations in which it is the pool."""
    nodes: list[NodeTalk]
    contacts: list[tuple[tuple[Address, Endpoint], Contact]]
    """Encrypted ones, from either side."""


class Docket:
    """Judges what a casebook remembers; it changes nothing in it."""

    def __init__(
        self,
        source: str,
        weights: Weights,
        contacts: Contacts,
        talks: Iterable[Talk],
        nodes: Iterable[NodeTalk],
        blocks: Blocks,
        seeds: Seeds,
    ) -> None:
        self._source = source
        self._weights = weights
        self._contacts = contacts
        self._blocks = blocks
        self._seeds = seeds
        self._subjects: dict[Address, Subject] = defaultdict(lambda: Subject([], [], [], []))
        for talk in talks:
            self._subjects[talk.miner].above.append(talk)
            self._subjects[talk.pool.address].below.append(talk)
        self._named: dict[tuple[Address, Endpoint], set[str]] = defaultdict(set)
        for node in nodes:
            self._named[node.client, node.server].add(self._by_coin(node))
            for address in {node.client, node.server.address}:
                self._subjects[address].nodes.append(node)
        for key, contact in contacts.found().items():
            for address in {key[0], key[1].address}:
                self._subjects[address].contacts.append((key, contact))
        for address in contacts.askers():
            self._subjects[address]  # a look-up alone is a witness too
        self._behaviour = {
            address: behaviour(subject.above) for address, subject in self._subjects.items() if subject.above
        }
        self._proxies = {
            address
            for address, subject in self._subjects.items()
            if forwards(subject.below, subject.above) or gathers(subject.above)
        }
        self._node_role = {
            address: _node_role(address, subject.nodes)
            for address, subject in self._subjects.items()
            if subject.nodes
        }

    def verdicts(self) -> list[Verdict]:
        """Return all verdicts, by address and role; cleared ones where a witness spoke for mining."""
        found = [verdict for address in self._subjects for verdict in self._judge(address)]
        return sorted(found, key=lambda one: (one.address.version, int(one.address), one.role))

    def _judge(self, address: Address) -> Iterable[Verdict]:
        subject = self._subjects[address]
        if subject.above:
            yield from self._client(address, subject)
        elif any(key[0] == address for key, _ in subject.contacts) or address in self._contacts.askers():
            yield self._miner(address, subject, Role.MINER, ())
        if subject.below or any(key[1].address == address for key, _ in subject.contacts):
            yield self._pool(address, subject)
        if address in self._proxies:
            yield self._proxy(address, subject)
        if subject.nodes:
            yield self._node(address, subject)
            if not any(talk.protocol == SOLO for talk in subject.above):
                yield from self._finder(address, subject)

    def _client(self, address: Address, subject: Subject) -> Iterable[Verdict]:
        course = self._behaviour[address]
        solo = [talk for talk in subject.above if talk.protocol == SOLO]
        alone = self._miner(address, subject, Role.SOLO_MINER, course.basis(True), solo) if solo else None
        if alone is not None and alone.level is Level.CLEARED and len(solo) < len(subject.above):
            alone = None  # many a miner tries a pool for templates before it tries what the pool speaks
        if len(solo) < len(subject.above) or not solo:
            others = [talk for talk in subject.above if talk.protocol != SOLO]
            shown = subject.above if alone is None else others
            yield self._miner(address, subject, Role.MINER, course.basis(False), shown)
        if alone is not None:
            yield alone
        told = Statements(address, Role.PROBER)
        of_prober(told, course)
        if told.kinds:
            read = [talk.exchange and not talk.sealed for talk in subject.above]
            ceiling = Level.CONFIRMED if any(read) else Level.LIKELY
            judgement = judge(told.evidence(), self._weights, ceiling)
            if judgement.level is not Level.CLEARED:  # to have left two services is no witness of mining
                yield self._verdict(address, Role.PROBER, judgement, subject.above, subject.above, ())

    def _miner(
        self,
        address: Address,
        subject: Subject,
        role: Role,
        basis: Sequence[Talk],
        shown: Sequence[Talk] = (),
    ) -> Verdict:
        told = Statements(address, role)
        ceiling = Level.SUSPECTED
        if basis:
            of_miner(told, basis, self._behaviour[address])
            ceiling = miner_ceiling(basis)
            for talk in basis:
                self._state_names(told, talk)
        solo = role is Role.SOLO_MINER
        contacts = [] if solo else [one for one in subject.contacts if one[0][0] == address]
        if not any(talk.proved for talk in basis):
            for key, contact in contacts:
                self._contacts.state_contact(told, key, contact)
        if not solo:
            self._contacts.state_lookups(told)
            self._contacts.state_hidden(told)
        if address in self._proxies:
            told.state(Kind.PROXY_FORWARDS, told.first())
            ceiling = min(ceiling, Level.LIKELY, key=LEVEL_ORDER.index)
        judgement = judge(told.evidence(), self._weights, ceiling)
        return self._verdict(address, role, judgement, basis, shown, contacts)

    def _pool(self, address: Address, subject: Subject) -> Verdict:
        told = Statements(address, Role.POOL)
        contacts = [one for one in subject.contacts if one[0][1].address == address]
        basis = pool_basis(subject.below)
        of_pool(told, basis)
        for talk in basis:
            self._state_names(told, talk)
        if not any(talk.proved for talk in basis):
            for key, contact in contacts:
                self._contacts.state_contact(told, key, contact)
        ceiling = pool_ceiling(basis, bool(contacts))
        if address in self._proxies:
            told.state(Kind.PROXY_FORWARDS, told.first())
            ceiling = min(ceiling, Level.LIKELY, key=LEVEL_ORDER.index)
        judgement = judge(told.evidence(), self._weights, ceiling)
        return self._verdict(address, Role.POOL, judgement, basis, subject.below, contacts)

    def _proxy(self, address: Address, subject: Subject) -> Verdict:
        told = Statements(address, Role.PROXY)
        above = [talk for talk in subject.above if talk.exchange]
        below = [talk for talk in subject.below if talk.exchange]
        of_proxy(told, below, above)
        both = any(talk.two_way for talk in above) and any(talk.two_way for talk in below)
        both |= gathers([talk for talk in above if talk.two_way])
        judgement = judge(told.evidence(), self._weights, Level.CONFIRMED if both else Level.LIKELY)
        return self._verdict(
            address, Role.PROXY, judgement, [*below, *above], [*subject.below, *subject.above], ()
        )

    def _node(self, address: Address, subject: Subject) -> Verdict:
        role = self._node_role[address]
        told = Statements(address, role)
        of_node(told, subject.nodes)
        ceiling = Level.CONFIRMED if Kind.NODE_ANSWERED in told.kinds else Level.LIKELY
        if all(side.guessed for talk in subject.nodes for side in talk.sides):
            ceiling = Level.SUSPECTED
        return self._node_verdict(
            address, role, judge(told.evidence(), self._weights, ceiling), subject.nodes
        )

    def _finder(self, address: Address, subject: Subject) -> Iterable[Verdict]:
        """Judge whether a node finds blocks itself; nothing where it announced none first."""
        groups: dict[tuple[Address, Endpoint], list[NodeTalk]] = defaultdict(list)
        for talk in subject.nodes:
            groups[talk.client, talk.server].append(talk)
        told = Statements(address, Role.SOLO_MINER)
        of_finder(told, self._blocks.finder(address, groups))
        if told.kinds:
            judgement = judge(told.evidence(), self._weights, Level.SUSPECTED)
            yield self._node_verdict(address, Role.SOLO_MINER, judgement, subject.nodes)

    def _node_verdict(
        self, address: Address, role: Role, judgement: Judgement, talks: Sequence[NodeTalk]
    ) -> Verdict:
        own = [
            (side, self._coins(talk, side))
            for talk in talks
            for side, end in zip(talk.sides, (talk.client, talk.server.address), strict=True)
            if end == address
        ]
        return Verdict(
            source=self._source,
            address=address,
            role=role,
            level=judgement.level,
            score=judgement.score,
            protocols=_tidy(self._node_protocol(talk) for talk in talks),
            coins=_tidy(coins[0] for _, coins in own if len(coins) == 1),
            algorithms=(),
            encrypted=all(side.guessed for talk in talks for side in talk.sides),
            peers=tuple(sorted({self._node_peer(address, talk) for talk in talks}, key=_peer_order)),
            first_seen_ns=min(talk.first_ns for talk in talks),
            last_seen_ns=max(talk.last_ns for talk in talks),
            agents=_tidy(agent for side, _ in own for agent in side.agents),
            wallets=(),
            workers=None,
            pools=(),
            hashrate=(),
            evidence=judgement.evidence,
        )

    def _node_peer(self, address: Address, talk: NodeTalk) -> Peer:
        other = talk.server.address if talk.client == address else talk.client
        both = all(side.spoke for side in talk.sides)
        state = PeerState.EXCHANGE if both else PeerState.ATTEMPT
        return Peer(other, talk.server.port, self._node_role[other], self._node_protocol(talk), state)

    def _coins(self, talk: NodeTalk, side: Speaker) -> tuple[str, ...]:
        """Return the tickers that are possible: by what the side said, by the port, by the seeds."""
        return self._seeds.narrow(tuple(sorted(side.coins or ())), talk.server.address, talk.server.port)

    def _node_protocol(self, talk: NodeTalk) -> str:
        """Return the protocol's name: that of the coin, where anything in the conversation told it."""
        others = {name for name in self._named[talk.client, talk.server] if name.endswith("-p2p")} - {FAMILY}
        return others.pop() if talk.protocol == FAMILY and len(others) == 1 else self._by_coin(talk)

    def _by_coin(self, talk: NodeTalk) -> str:
        """Return the protocol's name, by the coin where only the port or a seed told it."""
        found = {coins for side in talk.sides if (coins := self._coins(talk, side))}
        if talk.protocol != FAMILY or len(found) != 1:
            return talk.protocol
        (coins,) = found
        return f"{coins[0].lower()}-p2p" if len(coins) == 1 and coins[0] != "BTC" else FAMILY

    def _state_names(self, told: Statements, talk: Talk) -> None:
        """State the listed names that a conversation's pool goes by."""
        self._contacts.state_address(told, talk.pool.address, talk.first_ns, talk.last_ns)
        for host in talk.named(Sort.POOL_HOST):
            if self._contacts.mines(host.lower(), talk.first_ns):
                told.state(Kind.NAME_POOL_HOST, talk.opening(), peer=str(talk.pool), name=host.lower())

    def _verdict(
        self,
        address: Address,
        role: Role,
        judgement: Judgement,
        basis: Sequence[Talk],
        shown: Sequence[Talk],
        contacts: Sequence[tuple[tuple[Address, Endpoint], Contact]],
    ) -> Verdict:
        """Write a verdict that rests on `basis`, with all of `shown` among its peers."""
        dark = bool(contacts) and not any(talk.proved for talk in basis)
        peers = {self._peer(address, talk) for talk in shown}
        read = {(peer.address, peer.port) for peer in peers}  # behind a proxy's preamble, say
        for (client, server), _ in contacts:
            other = server.address if client == address else client
            if (other, server.port) not in read:
                peers.add(Peer(other, server.port, None, ENCRYPTED, PeerState.ATTEMPT))
        spans = [(talk.first_ns, talk.last_ns) for talk in shown]
        spans += [(contact.first_ns, contact.last_ns) for _, contact in contacts]
        spans += [(one.evidence.at_ns, one.evidence.at_ns) for one in judgement.evidence if not spans]
        protocols = [talk.protocol for talk in basis] + [ENCRYPTED] * dark
        return Verdict(
            source=self._source,
            address=address,
            role=role,
            level=judgement.level,
            score=judgement.score,
            protocols=_tidy(protocols),
            coins=_tidy(coin for talk in basis for coin in talk.coins),
            algorithms=_names(basis, Sort.ALGORITHM),
            encrypted=dark or (bool(basis) and all(talk.sealed for talk in basis)),
            peers=tuple(sorted(peers, key=_peer_order)),
            first_seen_ns=min(first for first, _ in spans),
            last_seen_ns=max(last for _, last in spans),
            agents=_names(basis, Sort.AGENT),
            wallets=_names(basis, Sort.WALLET),
            workers=workers(basis),
            pools=self._operators(basis, contacts),
            hashrate=_hashrates([talk for talk in basis if talk.miner == address]),
            evidence=judgement.evidence,
        )

    def _peer(self, address: Address, talk: Talk) -> Peer:
        state = PeerState.EXCHANGE if talk.exchange else PeerState.ATTEMPT
        role: Role | None
        if talk.miner == address:
            other = talk.pool.address
            role = Role.PROXY if other in self._proxies else Role.POOL
            role = role if talk.proved and not talk.quoted else None
        else:
            other = talk.miner
            role = self._behaviour[other].role_in(talk, stance(talk))
            if role is Role.MINER and other in self._proxies:
                role = Role.PROXY
        return Peer(other, talk.pool.port, role, talk.protocol, state)

    def _operators(
        self, basis: Sequence[Talk], contacts: Sequence[tuple[tuple[Address, Endpoint], Contact]]
    ) -> tuple[str, ...]:
        """Return who runs the pools of these conversations, by every listed name that goes with them."""
        hosts = {(host.lower(), talk.first_ns) for talk in basis for host in talk.named(Sort.POOL_HOST)}
        hosts |= {
            (name.removeprefix("*."), contact.first_ns)
            for _, contact in contacts
            for _, name in contact.names
        }
        for talk in basis:
            found = self._contacts.resolved(talk.pool.address, talk.first_ns, talk.last_ns)
            hosts |= {(name, seen.at_ns) for name, seen in found}
        for key, contact in contacts:
            hosts |= {(name, seen.at_ns) for name, seen in self._contacts.named(key[1].address, contact)}
        return _tidy(self._contacts.operator(host, at_ns) for host, at_ns in hosts)


def _node_role(address: Address, talks: Iterable[NodeTalk]) -> Role:
    """A wallet speaks as light clients do and serves no blocks; everything else is a node."""
    light = full = False
    for talk in talks:
        for side, end in zip(talk.sides, (talk.client, talk.server.address), strict=True):
            if end == address:
                light |= side.spv is not None or side.light is not None
                full |= side.full
    return Role.WALLET if light and not full else Role.NODE


def _hashrates(talks: Sequence[Talk]) -> tuple[Hashrate, ...]:
    """Estimate each algorithm from all shares, over the time from the first to the last."""
    by_algorithm: dict[str, list[Shares]] = defaultdict(list)
    for talk in talks:
        for algorithm, shares in talk.shares.items():
            by_algorithm[algorithm].append(shares)
    found = (
        estimate(
            algorithm,
            sum(one.count for one in group),
            sum(one.hashes for one in group),
            sum(one.squared for one in group),
            max(one.last_ns for one in group)
            - min(one.first_ns for one in group)
            - sum(one.away_ns for one in group),
        )
        for algorithm, group in sorted(by_algorithm.items())
    )
    return tuple(rate for rate in found if rate is not None)


def _names(talks: Iterable[Talk], sort: Sort) -> tuple[str, ...]:
    return _tidy(name for talk in talks for name in talk.named(sort))


def _tidy(words: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if word}))


def _peer_order(peer: Peer) -> tuple[object, ...]:
    return (peer.address.version, int(peer.address), peer.port, peer.protocol, peer.state, peer.role or "")
