"""Names and quiet connections: which listed pool hosts were looked up, asked for by TLS, and talked to.

A name never makes more than a suspicion. What is remembered is bounded: names that are not listed leave
nothing, and connections without a listed name only where they were long and quiet.
"""

from collections import Counter

from classifier.kinds import Kind
from classifier.poolnames import Likeness, PoolHost, PoolNames, registered_domain
from classifier.resolvers import hidden_dns
from classifier.statements import Statements
from classifier.talk import Seen
from facts.conversation import Conversation
from facts.endpoint import Address, Endpoint
from facts.instant import NS
from protocols.events import DnsAnswer, DnsQuery, ProxyTarget, TlsCertificate, TlsHello
from protocols.observe import Observation
from protocols.parser import Side

QUIET_SPAN_NS = 300 * NS
"""Mining connections last minutes to days; visits to a web site are over sooner."""
QUIET_PACKET = 700
"""Bytes of payload a packet, either way: a job is 250 to 1,400 bytes, a share and its answer below 300."""
QUIET_RATE = 1_000
"""Bytes of payload a second, both ways: a job and a few shares a half-minute stay below a tenth of it;
kHeavyHash with its ten blocks a second reaches it."""
CLIENT_LIMIT = 65_536
"""Clients whose look-ups, and connections that are, remembered: 60 MB at the worst."""
NAME_LIMIT = 64
"""Listed names remembered of one client, and of one address."""
FOREVER_NS = 1 << 63
"""Behind every time that a capture can hold."""
DAY_NS = 86_400 * NS
"""Listings are valid by the day."""
USE_NS = 10 * NS
"""A client connects within this time of an answer, however short its TTL: it may try several addresses."""
SPAN_LIMIT = 64
"""Separate spans of time remembered in which a name stood for an address; closer ones are one."""
BEGIN_LIMIT = 32
"""Beginnings remembered of the quiet connections of one contact."""
MEMO_LIMIT = 65_536
"""Names whose listing is remembered; then the memory starts anew, which costs time only."""


class Resolution:
    """When a listed name stood for an address: from an answer until its TTL has passed."""

    __slots__ = ("seen", "spans")

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.spans: list[tuple[int, int]] = []
        """From and until (inclusive), in the order of time, apart from each other."""

    def add(self, from_ns: int, until_ns: int) -> bool:
        """Add a span, merged with what it touches; False where there are too many to keep it."""
        apart = [span for span in self.spans if span[1] < from_ns or until_ns < span[0]]
        touched = [span for span in self.spans if span[0] <= until_ns and from_ns <= span[1]]
        if not touched and len(apart) >= SPAN_LIMIT:
            return False
        first = min([from_ns, *(span[0] for span in touched)])
        last = max([until_ns, *(span[1] for span in touched)])
        self.spans = sorted([*apart, (first, last)])
        return True

    def covers(self, from_ns: int, until_ns: int) -> bool:
        """Say whether the name stood for the address at any time of these."""
        return any(first <= until_ns and from_ns <= last for first, last in self.spans)


class Contact:
    """Connections between a client and a service of which only names or the shape were read."""

    __slots__ = ("begins", "browsed", "first_ns", "last_ns", "live", "names", "quiet")

    def __init__(self) -> None:
        self.live: set[tuple[int, int]] = set()
        """Client port and tunnel of live connections that showed a listed name."""
        self.names: dict[tuple[Kind, str], Seen] = {}
        self.quiet: Seen | None = None
        self.browsed: Seen | None = None
        self.begins: list[int] = []
        """When quiet connections began, the earliest."""
        self.first_ns = self.last_ns = -1

    def begin(self, at_ns: int) -> None:
        """Remember when a quiet connection began."""
        self.begins = sorted({*self.begins, at_ns})[:BEGIN_LIMIT]

    def span(self, first_ns: int, last_ns: int) -> None:
        """Stretch the time in which the contact took place."""
        if self.first_ns < 0 or first_ns < self.first_ns:
            self.first_ns = first_ns
        self.last_ns = max(self.last_ns, last_ns)


class Contacts:
    """The memory of names; told in any order of independent flows."""

    def __init__(self, pools: PoolNames, dropped: Counter[str]) -> None:
        self._pools = pools
        self._dropped = dropped
        self._memo: dict[tuple[str, int], PoolHost | None] = {}
        self._looked_up: dict[Address, dict[str, Seen]] = {}
        self._hidden: dict[Address, dict[str, Seen]] = {}
        self._resolved: dict[Address, dict[str, Resolution]] = {}
        self._contacts: dict[tuple[Address, Endpoint], Contact] = {}

    def operator(self, name: str, at_ns: int) -> str | None:
        """Return who runs a listed host (its registered domain where nobody is named), else None."""
        host = self._host(name, at_ns)
        return None if host is None else host.operator or registered_domain(host.listed)

    def mines(self, name: str, at_ns: int) -> bool:
        """Whether a name is a place where miners connect; a pool's web site is none."""
        host = self._host(name, at_ns)
        return host is not None and host.likeness is not Likeness.SITE

    def _host(self, name: str, at_ns: int) -> PoolHost | None:
        key = (name, at_ns // DAY_NS)
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= MEMO_LIMIT:
                self._memo.clear()
            host = self._memo[key] = self._pools.match(name, at_ns)
            return host

    def query(self, seen: Observation, event: DnsQuery) -> None:
        """A client asked for a name."""
        if self._host(event.name, seen.at_ns) is not None:
            asker = seen.flow.client if event.side is Side.CLIENT else seen.flow.server
            self._remember(self._looked_up, asker.address, event.name, seen)

    def answer(self, seen: Observation, event: DnsAnswer) -> None:
        """A name was resolved."""
        if not event.addresses:
            return
        for name in (event.name, *event.aliases):
            if self.mines(name, seen.at_ns):
                for address in event.addresses:
                    self._resolve(address, name, seen, event.ttl)
                return

    def hello(self, seen: Observation, event: TlsHello) -> None:
        """A client asked for a server by name; perhaps for a resolver, to look names up unseen."""
        ends = (seen.flow.client, seen.flow.server)
        client, server = ends if event.side is Side.CLIENT else ends[::-1]
        way = hidden_dns(event, server.port, seen.flow.transport)
        if way is not None:
            self._remember(self._hidden, client.address, f"{way} {event.sni or server}", seen)
        if event.sni is not None and self.mines(event.sni, seen.at_ns):
            self._named(client.address, server, Kind.NAME_SNI, event.sni, seen)

    def certificate(self, seen: Observation, event: TlsCertificate) -> None:
        """A server showed the names that it may bear."""
        for name in event.names:
            if self.mines(name.removeprefix("*."), seen.at_ns):
                ends = (seen.flow.client, seen.flow.server)
                client, server = ends if event.side is Side.SERVER else ends[::-1]
                self._named(client.address, server, Kind.NAME_CERTIFICATE, name, seen)
                return

    def target(self, seen: Observation, event: ProxyTarget) -> None:
        """A client asked a proxy for a connection to a name."""
        if self.mines(event.host, seen.at_ns):
            ends = (seen.flow.client, seen.flow.server)
            client, server = ends if event.side is Side.CLIENT else ends[::-1]
            self._named(client.address, server, Kind.NAME_PROXY_TARGET, event.host, seen)

    def conclude(self, conversation: Conversation) -> None:
        """Learn the shape of a connection in which no mining was read."""
        if conversation.flow.transport != "tcp":
            return
        flow = conversation.flow
        quiet = _quiet(conversation)
        key = (flow.client.address, flow.server)
        contact = self._contact(key) if quiet else self._contacts.get(key)
        if contact is None or not (quiet or (flow.client.port, flow.tunnel) in contact.live):
            return
        contact.live.discard((flow.client.port, flow.tunnel))
        minutes = (conversation.last_ns - conversation.first_ns) // (60 * NS)
        shape = Seen(conversation.where, conversation.first_ns, str(minutes))
        if quiet:
            contact.quiet = shape.merged(contact.quiet)
            contact.begin(conversation.first_ns)
        else:
            contact.browsed = shape.merged(contact.browsed)
        contact.span(conversation.first_ns, conversation.last_ns)

    def found(self) -> dict[tuple[Address, Endpoint], Contact]:
        """Return the contacts that a listed name goes with: by TLS, or by address and long quiet."""
        return {
            key: contact
            for key, contact in self._contacts.items()
            if contact.names or (contact.quiet and self.named(key[1].address, contact))
        }

    def resolved(self, address: Address, from_ns: int, until_ns: int) -> list[tuple[str, Seen]]:
        """Return the listed names that stood for an address at any time of these, sorted.

        A name stands for an address from the answer that says so until its TTL has passed.
        """
        names = self._resolved.get(address, {})
        found = [(name, one.seen) for name, one in names.items() if one.covers(from_ns, until_ns)]
        return sorted(found, key=lambda one: one[0])

    def named(self, address: Address, contact: Contact) -> list[tuple[str, Seen]]:
        """Return the listed names that stood for an address when a connection of a contact began, sorted."""
        begins = contact.begins or [contact.first_ns]
        found = {name: seen for at_ns in begins for name, seen in self.resolved(address, at_ns, at_ns)}
        return sorted(found.items(), key=lambda one: one[0])

    def askers(self) -> dict[Address, dict[str, Seen]]:
        """Return who looked up listed names."""
        return self._looked_up

    def state_contact(self, told: Statements, key: tuple[Address, Endpoint], contact: Contact) -> None:
        """State what a contact shows, of either end."""
        client, server = key
        peer = str(client) if told.address == server.address else str(server)
        for (kind, name), seen in contact.names.items():
            told.state(kind, seen, peer=peer, name=name)
        self._state_resolved(told, server.address, self.named(server.address, contact))
        if contact.quiet is not None:
            told.state(Kind.SHAPE_QUIET_LONG, contact.quiet, peer=peer, minutes=int(contact.quiet.text))
        elif contact.browsed is not None:
            told.state(Kind.SHAPE_BROWSING, contact.browsed, peer=peer)

    def state_address(self, told: Statements, address: Address, from_ns: int, until_ns: int) -> None:
        """State which listed names stood for a pool's address while it was spoken to."""
        self._state_resolved(told, address, self.resolved(address, from_ns, until_ns))

    @staticmethod
    def _state_resolved(told: Statements, address: Address, names: list[tuple[str, Seen]]) -> None:
        for name, seen in names:
            told.state(Kind.NAME_RESOLVED, seen, peer=str(address), name=name)

    def state_lookups(self, told: Statements) -> None:
        """State which listed names an address had looked up."""
        for name, seen in sorted(self._looked_up.get(told.address, {}).items(), key=lambda one: one[0]):
            told.state(Kind.NAME_LOOKED_UP, seen, name=name)

    def state_hidden(self, told: Statements) -> None:
        """State which encrypted resolvers an address used: of its look-ups, some may not be among these."""
        for name, seen in sorted(self._hidden.get(told.address, {}).items(), key=lambda one: one[0]):
            told.state(Kind.NAME_HIDDEN, seen, name=name)

    def _remember(
        self, table: dict[Address, dict[str, Seen]], key: Address, name: str, seen: Observation
    ) -> None:
        names = table.get(key)
        if names is None:
            if len(table) >= CLIENT_LIMIT:
                self._dropped["names-beyond-limit"] += 1
                return
            names = table[key] = {}
        if name in names:
            names[name].again(seen.where, seen.at_ns, "")
        elif len(names) < NAME_LIMIT:
            names[name] = Seen(seen.where, seen.at_ns, "")
        else:
            self._dropped["names-beyond-limit"] += 1

    def _resolve(self, address: Address, name: str, seen: Observation, ttl: int | None) -> None:
        """Remember that a name stands for an address from now on; without a TTL, for good."""
        names = self._resolved.get(address)
        if names is None:
            if len(self._resolved) >= CLIENT_LIMIT:
                self._dropped["names-beyond-limit"] += 1
                return
            names = self._resolved[address] = {}
        known = names.get(name)
        if known is not None:
            known.seen.again(seen.where, seen.at_ns, "")
        elif len(names) < NAME_LIMIT:
            known = names[name] = Resolution(Seen(seen.where, seen.at_ns, ""))
        else:
            self._dropped["names-beyond-limit"] += 1
            return
        until_ns = FOREVER_NS if ttl is None else seen.at_ns + max(ttl * NS, USE_NS)
        if not known.add(seen.at_ns, until_ns):
            self._dropped["resolutions-beyond-limit"] += 1

    def _named(self, client: Address, server: Endpoint, kind: Kind, name: str, seen: Observation) -> None:
        contact = self._contact((client, server))
        if contact is None:
            return
        contact.live.add((seen.flow.client.port, seen.flow.tunnel))
        contact.span(seen.at_ns, seen.at_ns)
        known = contact.names.get((kind, name))
        if known is not None:
            known.again(seen.where, seen.at_ns, "")
        elif len(contact.names) < NAME_LIMIT:
            contact.names[kind, name] = Seen(seen.where, seen.at_ns, "")
        else:
            self._dropped["names-beyond-limit"] += 1

    def _contact(self, key: tuple[Address, Endpoint]) -> Contact | None:
        contact = self._contacts.get(key)
        if contact is None:
            if len(self._contacts) >= CLIENT_LIMIT:
                self._dropped["connections-beyond-limit"] += 1
                return None
            contact = self._contacts[key] = Contact()
        return contact


def _quiet(conversation: Conversation) -> bool:
    """Long-lived, small packets and few bytes, both ways: the shape of mining, among others."""
    span = conversation.last_ns - conversation.first_ns
    payload, packets = conversation.payload_bytes, conversation.packets
    if span < QUIET_SPAN_NS or not all(payload) or not all(packets):
        return False
    small = all(bytes_ <= QUIET_PACKET * count for bytes_, count in zip(payload, packets, strict=True))
    return small and sum(payload) * NS <= QUIET_RATE * span
