"""The docket: every address with a witness gets its roles, and every role its verdict."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from classifier.blocks import Blocks
from classifier.contacts import Contacts
from classifier.encrypted_docket import ENCRYPTED, Heard
from classifier.gateway import workers
from classifier.kinds import Kind
from classifier.node_talk import NodeTalk
from classifier.nodes import Nodes
from classifier.power_table import Catalogue, shipped
from classifier.quantities import Quantities, quantities
from classifier.roles import (
    SOLO,
    Stance,
    behaviour,
    forwards,
    gathers,
    gives_templates,
    miner_ceiling,
    pool_basis,
    pool_ceiling,
    stance,
)
from classifier.score import Judgement, judge
from classifier.seeds import Seeds
from classifier.statements import Statements
from classifier.subjects import Call, Subject, subjects
from classifier.talk import Seen, Sort, Talk, place
from classifier.tidy import peer_order, tidy
from classifier.weights import Weights
from classifier.witnesses import of_miner, of_pool, of_prober, of_proxy
from facts.endpoint import Address
from facts.names import LEVEL_ORDER, Level, PeerState, Role
from facts.verdict import Peer, Verdict


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
        heard: Callable[[Callable[[Address], Seen | None]], Heard],
        catalogue: Callable[[], Catalogue] = shipped,
    ) -> None:
        self._source = source
        self._catalogue = cache(catalogue)  # where it lies is looked up once
        self._weights = weights
        self._contacts = contacts
        self._nodes = Nodes(source, weights, nodes, blocks, seeds)
        self._subjects = subjects(talks, self._nodes.addresses, contacts)
        self._heard = heard(self._served)
        for address in self._heard.addresses:
            self._subjects[address]  # and so is a rhythm
        self._behaviour = {
            address: behaviour(subject.above) for address, subject in self._subjects.items() if subject.above
        }
        self._proxies = {
            address
            for address, subject in self._subjects.items()
            if (subject.below or subject.above) and self._gives_on(address, subject)
        }

    def verdicts(self) -> list[Verdict]:
        """Return all verdicts, by address and role; cleared ones where a witness spoke for mining."""
        found = [verdict for one in self._subjects.items() for verdict in self._judge(*one)]
        return sorted(found, key=lambda one: (one.address.version, int(one.address), one.role))

    def _judge(self, address: Address, subject: Subject) -> Iterable[Verdict]:
        if subject.above:
            yield from self._client(address, subject)
        elif subject.calls or subject.asked or self._heard.of(address, Role.MINER):
            yield self._miner(address, subject, Role.MINER, ())
        if subject.below or subject.served or self._heard.of(address, Role.POOL):
            yield from self._server(address, subject)
        if address in self._proxies:
            yield self._proxy(address, subject)
        if subject.node:
            yield self._nodes.node(address)
            finder = self._nodes.finder(address)
            if finder is not None and not any(talk.protocol == SOLO for talk in subject.above):
                yield finder

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
        contacts = [] if solo else subject.calls
        if not any(talk.proved for talk in basis):
            for key, contact in contacts:
                self._contacts.state_contact(told, key, contact)
        if not solo:
            self._contacts.state_lookups(told)
            self._contacts.state_hidden(told)
        if address in self._proxies:
            told.state(Kind.PROXY_FORWARDS, self._first(told, role))
            ceiling = min(ceiling, Level.LIKELY, key=LEVEL_ORDER.index)
        judgement = self._judgement(told, ceiling)
        return self._verdict(address, role, judgement, basis, shown, contacts)

    def _server(self, address: Address, subject: Subject) -> Iterable[Verdict]:
        """Judge who was asked for work: a pool, or a full node that hands its own templates to who asks."""
        if not gives_templates(subject.below):
            yield self._pool(address, subject, Role.POOL)
        elif not subject.node:  # else its own network's messages have shown it to be a node
            yield self._pool(address, subject, Role.NODE)

    def _pool(self, address: Address, subject: Subject, role: Role) -> Verdict:
        told = Statements(address, role)
        contacts = subject.served
        basis = pool_basis(subject.below)
        of_pool(told, basis)
        for talk in basis:
            self._state_names(told, talk)
        if not any(talk.proved for talk in basis):
            for key, contact in contacts:
                self._contacts.state_contact(told, key, contact)
        ceiling = pool_ceiling(basis, bool(contacts))
        if address in self._proxies:
            told.state(Kind.PROXY_FORWARDS, self._first(told, role))
            ceiling = min(ceiling, Level.LIKELY, key=LEVEL_ORDER.index)
        if role is Role.POOL:
            judgement = self._judgement(told, ceiling)
        else:
            judgement = judge(told.evidence(), self._weights, ceiling)
        return self._verdict(address, role, judgement, basis, subject.below, contacts)

    def _proxy(self, address: Address, subject: Subject) -> Verdict:
        told = Statements(address, Role.PROXY)
        above = [talk for talk in subject.above if talk.exchange]
        below = [talk for talk in subject.below if talk.exchange]
        of_proxy(told, below, above)
        sealed = self._heard.mines(address)
        if sealed is not None and not above:
            told.state(Kind.PROXY_ABOVE, Seen(sealed.where, sealed.begun_ns, ""), peer=str(sealed.server))
        both = any(talk.two_way for talk in above) and any(talk.two_way for talk in below)
        both |= gathers([talk for talk in above if talk.two_way])
        judgement = judge(told.evidence(), self._weights, Level.CONFIRMED if both else Level.LIKELY)
        return self._verdict(
            address, Role.PROXY, judgement, [*below, *above], [*subject.below, *subject.above], ()
        )

    def _gives_on(self, address: Address, subject: Subject) -> bool:
        """Tell a proxy, or a farm's gateway, by what was read or by its rhythm."""
        if forwards(subject.below, subject.above) or gathers(subject.above):
            return True
        return self._heard.mines(address) is not None and any(
            stance(talk) >= Stance.NAMED for talk in subject.below
        )

    def _judgement(self, told: Statements, ceiling: Level) -> Judgement:
        """Weigh what was stated, together with what a rhythm says of the same address and role."""
        evidence = told.evidence()
        if self._heard.of(told.address, told.role):
            evidence += self._heard.evidence(told.address, told.role)
            ceiling = self._heard.raised(ceiling, told.address, told.role)
        return judge(evidence, self._weights, ceiling)

    def _first(self, told: Statements, role: Role) -> Seen:
        """Return the earliest sighting that was stated, else that of a rhythm."""
        heard = self._heard.of(told.address, role)
        if told.kinds or not heard:
            return told.first()
        one = min(heard, key=lambda one: one.begun_ns)
        return Seen(one.where, one.begun_ns, "")

    def _served(self, address: Address) -> Seen | None:
        """Return when an address first gave mining work in clear; None where it did not."""
        subject = self._subjects.get(address)
        given = [talk.opening() for talk in subject.below if talk.two_way] if subject is not None else []
        return min(given, key=place) if given else None

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
        contacts: Sequence[Call],
    ) -> Verdict:
        """Write a verdict that rests on `basis`, with all of `shown` among its peers."""
        heard = self._heard.of(address, role)
        dark = bool(contacts or heard) and not any(talk.proved for talk in basis)
        coins = [talk.coins for talk in basis]
        algorithms = [talk.named(Sort.ALGORITHM) for talk in basis]
        pools = self._operators(basis, contacts)
        if heard:
            coins.append(self._heard.coins(address, role))
            algorithms.append(self._heard.algorithms(address, role))
            pools |= self._heard.pools(address, role)
        spans = [(talk.first_ns, talk.last_ns) for talk in shown]
        spans += [(contact.first_ns, contact.last_ns) for _, contact in contacts]
        spans += [(one.first_ns, one.last_ns) for one in heard]
        if not spans:
            spans = [(one.evidence.at_ns, one.evidence.at_ns) for one in judgement.evidence]
        much = Quantities()
        if basis and judgement.level is not Level.CLEARED:
            much = quantities(address, role, basis, self._catalogue)
        hashrate = much.hashrate
        if dark and role is Role.MINER and not hashrate and judgement.level is not Level.CLEARED:
            hashrate = self._heard.hashrate(address)
        return Verdict(
            source=self._source,
            address=address,
            role=role,
            level=judgement.level,
            score=judgement.score,
            protocols=tidy([talk.protocol for talk in basis] + [ENCRYPTED] * dark),
            coins=_together(coins),
            algorithms=_together(algorithms),
            encrypted=dark or (bool(basis) and all(talk.sealed for talk in basis)),
            peers=self._peers(address, role, shown, contacts, bool(heard)),
            first_seen_ns=min([first for first, _ in spans]),
            last_seen_ns=max([last for _, last in spans]),
            agents=_together([talk.named(Sort.AGENT) for talk in basis]),
            wallets=_together([talk.named(Sort.WALLET) for talk in basis]),
            workers=workers(basis),
            pools=tuple(sorted(pools)),
            hashrate=hashrate,
            evidence=judgement.evidence,
            rigs=much.rigs,
            machines=much.machines,
            power=much.power,
        )

    def _peers(
        self, address: Address, role: Role, shown: Sequence[Talk], contacts: Sequence[Call], heard: bool
    ) -> tuple[Peer, ...]:
        """Return whom an address spoke to in a role, those included of whom only the rhythm was `heard`."""
        peers = {self._peer(address, talk) for talk in shown}
        if contacts:
            read = {(peer.address, peer.port) for peer in peers}  # behind a proxy's preamble, say
            for (client, server), _ in contacts:
                other = server.address if client == address else client
                if (other, server.port) not in read:
                    peers.add(Peer(other, server.port, None, ENCRYPTED, PeerState.ATTEMPT))
        if heard:
            known = {(one.address, one.port) for one in peers}
            told = {(one.address, one.port): one for one in self._heard.peers(address, role)}
            # Its rhythm says more than its name.
            peers = {
                told.get((one.address, one.port), one) if one.protocol == ENCRYPTED else one for one in peers
            }
            peers |= {one for place, one in told.items() if place not in known}
        return tuple(sorted(peers, key=peer_order)) if len(peers) > 1 else tuple(peers)

    def _peer(self, address: Address, talk: Talk) -> Peer:
        state = PeerState.EXCHANGE if talk.exchange else PeerState.ATTEMPT
        role: Role | None
        if talk.miner == address:
            other = talk.pool.address
            given = Role.NODE if talk.protocol == SOLO else Role.POOL
            role = Role.PROXY if other in self._proxies else given
            role = role if talk.proved and not talk.quoted else None
        else:
            other = talk.miner
            role = self._behaviour[other].role_in(talk, stance(talk))
            if role is Role.MINER and other in self._proxies:
                role = Role.PROXY
        return Peer(other, talk.pool.port, role, talk.protocol, state)

    def _operators(self, basis: Sequence[Talk], contacts: Sequence[Call]) -> set[str]:
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
        return {name for host, at_ns in hosts if (name := self._contacts.operator(host, at_ns))}


def _together(parts: Iterable[AbstractSet[str]]) -> tuple[str, ...]:
    """Return the names of all conversations, each once, in order."""
    return tuple(sorted(set[str]().union(*parts)))
