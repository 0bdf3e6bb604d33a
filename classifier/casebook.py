"""The casebook: takes what the capture half observed, in any order of independent flows, and gives verdicts.

It keeps counters and first sightings of a conversation, never its messages (talk.py), within limits that are
counted when they are reached (`dropped`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from classifier.blocks import Blocks
from classifier.clocks import Clock, joined
from classifier.connection import Connection
from classifier.contacts import Contacts
from classifier.docket import Docket
from classifier.encrypted import Rhythms, Shape, Standing
from classifier.encrypted_docket import Heard
from classifier.encrypted_evidence import log_odds
from classifier.encrypted_flows import Pair, Rows
from classifier.encrypted_learning import Learner
from classifier.encrypted_names import Greetings
from classifier.lessons import LESSONS
from classifier.logins import Logins
from classifier.nodebook import Nodebook
from classifier.ownership_model import Tie
from classifier.poolnames import PoolNames
from classifier.power_table import Catalogue
from classifier.power_table import shipped as shipped_machines
from classifier.recent import Recent
from classifier.seeds import Seeds
from classifier.shares import leave
from classifier.talk import FLOW_LIMIT, SEALED, Course, Talk, again
from classifier.weights import Weights, shipped
from classifier.witnesses import fact_of
from facts.conversation import Conversation, Transport
from facts.endpoint import Address, Endpoint
from facts.verdict import Verdict
from protocols import events
from protocols.observe import Observation
from protocols.parser import Side

TALK_LIMIT = 131_072
"""Mining conversations kept; node conversations likewise (nodebook.py). One with all its facts and names
takes 2 kB (measured), so 280 MB at the worst; a bare attempt takes a third."""
CLIENT_TALK_LIMIT = 16_384
"""Mining conversations kept of one client, so that one scanner cannot fill the book."""
BTCAGENT = "btcagent"
"""The protocol that begins as Stratum, and may be known only by its first frame."""
FOUNDATION = {events.Work: 3, events.Submit: 3, events.Difficulty: 2, events.Subscribed: 1}
"""How well an event's dialect is founded: a job and a share by their shape, the others by their method."""

_Pair = tuple[Address, Endpoint]
_Handler = Callable[[Observation, Any], None]


class Casebook:
    """All that is known of one network, or of one file judged alone."""

    def __init__(
        self,
        source: str,
        pools: PoolNames,
        weights: Weights | None = None,
        machines: Callable[[], Catalogue] = shipped_machines,
    ) -> None:
        self.source = source
        self.dropped: Counter[str] = Counter()
        """What was not kept because a limit was reached, by name; empty in all but enormous runs."""
        self._weights = weights or shipped()
        self._machines = machines
        self._talks: dict[_Pair, list[Talk]] = {}
        self._of_client: Counter[Address] = Counter()
        self._kept = 0
        self._recent: Recent[tuple[str, bool], Talk] = Recent()
        self._contacts = Contacts(pools, self.dropped)
        self._blocks = Blocks(self.dropped)
        self._nodes = Nodebook(self._blocks, self.dropped)
        self._seeds = Seeds(self.dropped)
        self._logins = Logins(self.dropped)
        self._learner = Learner(self.dropped)
        self._rhythms = Rhythms(self.dropped, lambda one: log_odds(one, self._weights))
        self._greetings = Greetings(self.dropped)
        self._handlers: dict[type, _Handler] = {
            events.DnsQuery: self._contacts.query,
            events.DnsAnswer: self._answer,
            events.TlsHello: self._hello,
            events.TlsCertificate: self._contacts.certificate,
            events.ProxyTarget: self._contacts.target,
            events.NodeHello: self._nodes.hello,
            events.NodeMessage: self._nodes.message,
            events.NodeBlock: self._node_block,
            events.StreamAmbiguous: self._ambiguous,
        }
        self._handlers |= dict.fromkeys(events.PoolEvent.__subclasses__(), self._pool_event)

    def observe(self, seen: Observation) -> None:
        """Take one observation. Raises KeyError for an event that is no noun of protocols/events.py."""
        event = seen.event
        self._handlers[type(event)](seen, event)

    def conclude(self, conversation: Conversation) -> None:
        """Take the counts of a connection that has ended, or that the run's end cut off."""
        flow = conversation.flow
        known = self._nodes.conclude(conversation)
        for side, miner, pool in ((0, flow.client, flow.server), (1, flow.server, flow.client)):
            for talk in self._talks.get((miner.address, pool), ()):
                connection = talk.connections.pop((miner.port, flow.tunnel), None)
                if connection is not None:
                    _close(talk, connection, conversation, side)
                    known = True
        if not known:
            self._contacts.conclude(conversation)

    def verdicts(self) -> list[Verdict]:
        """Judge everything told so far, by address and role; nothing is forgotten by it."""
        talks = [talk for group in self._talks.values() for talk in group]
        return Docket(
            self.source,
            self._weights,
            self._contacts,
            talks,
            self._nodes.talks(),
            self._blocks,
            self._seeds,
            lambda served: Heard(self._rhythms.standings(), self._greetings, self._weights, served),
            self._machines,
        ).verdicts()

    def clocks(self) -> list[Clock]:
        """Return the clocks of pools and coins that were learned so far."""
        proved = {pool for (_, pool), group in self._talks.items() if any(talk.two_way for talk in group)}
        return self._learner.clocks(proved.__contains__, self._operator)

    def remember(self, known: Iterable[Standing]) -> None:
        """Take what earlier runs knew of sealed dependencies."""
        self._rhythms.remember(known)

    def hear(
        self,
        flows: Rows,
        packets: Rows,
        sources: Sequence[str],
        known: Iterable[Clock] = (),
        shape: Shape | None = None,
    ) -> None:
        """Judge the rhythm of a window's candidates: (n,) FLOW and (m,) PACKET by flow then time.

        They are held against the clocks learned so far and those `known` from elsewhere; `sources` are the
        names that `source` of the flows counts.
        """
        if len(flows):
            clocks = joined([*known, *self.clocks()])
            self._rhythms.hear(flows, packets, sources, clocks, self._readable, shape)

    def standings(self) -> list[Standing]:
        """Return what is known of sealed dependencies."""
        return self._rhythms.standings()

    def _readable(self, pair: Pair) -> bool:
        """Whether it was read what a client and a service say to one another, as miners or as nodes."""
        return pair in self._nodes or any(talk.family != SEALED for talk in self._talks.get(pair, ()))

    def _operator(self, server: Endpoint, at_ns: int) -> str | None:
        """Return who runs the pool that stood at an address then, where one name tells it."""
        names = self._contacts.resolved(server.address, at_ns, at_ns)
        found = {self._contacts.operator(name, seen.at_ns) for name, seen in names} - {None}
        return found.pop() if len(found) == 1 else None

    def ties(self, verdicts: Iterable[Verdict]) -> list[Tie]:
        """Return what ties the addresses that mine by these verdicts to names; see docs/ownership.md."""
        talks = (talk for group in self._talks.values() for talk in group)
        return self._logins.ties(talks, self._contacts, verdicts)

    def _pool_event(self, seen: Observation, event: events.PoolEvent) -> None:
        flow = seen.flow
        straight = (event.side is Side.CLIENT) == (event.sender == "miner")
        # Where not, the capture began in mid-stream, and took the wrong end for the client.
        miner, pool = (flow.client, flow.server) if straight else (flow.server, flow.client)
        family = _family(event)
        talk = self._recent.find(flow, (family, straight))
        if talk is None:
            talk = self._talk(miner.address, pool, flow.transport, family)
            if talk is None:
                return
            self._recent.keep(flow, (family, straight), talk)
        at_ns = seen.at_ns
        fact, text = fact_of(event)
        talk.note(fact, seen.where, at_ns, text)
        talk.decide(event.protocol, FOUNDATION.get(type(event), 0), at_ns)
        key = (miner.port, flow.tunnel)
        connection = talk.connections.get(key)
        if connection is None:
            if len(talk.connections) >= FLOW_LIMIT:
                self.dropped["connections-beyond-limit"] += 1
                connection = Connection()  # its names and facts count; its shares and stay do not
            else:
                connection = talk.connections[key] = Connection()
            connection.first_ns = at_ns
        if at_ns > connection.last_ns:
            connection.last_ns = at_ns
        if event.sender == "miner":
            connection.asked = True
        if type(event) is events.Submit:
            self._logins.submitted(talk, at_ns)
        elif type(event) is events.Work and not event.sealed:
            whose = (miner.address, miner.port, flow.tunnel)
            self._learner.work(pool, whose, event, at_ns, connection.works == 0)
        elif type(event) is events.Login:
            self._logins.named(talk, key, event, seen.where, at_ns)
        elif type(event) is events.Subscribe:
            self._logins.introduced(talk, key, event.agent)
        lesson = LESSONS.get(type(event))
        if lesson is not None and not lesson(talk, connection, event, at_ns):
            self.dropped["names-beyond-limit"] += 1

    def _ambiguous(self, seen: Observation, event: events.StreamAmbiguous) -> None:
        """Remember it of the mining conversation that the stream holds; of any other it decides nothing."""
        flow = seen.flow
        for miner, pool in ((flow.client, flow.server), (flow.server, flow.client)):
            for talk in self._talks.get((miner.address, pool), ()):
                if (miner.port, flow.tunnel) in talk.connections:
                    talk.ambiguous = again(talk.ambiguous, seen, event.cause)

    def _talk(self, miner: Address, pool: Endpoint, transport: Transport, family: str) -> Talk | None:
        group = self._talks.get((miner, pool), ())
        for talk in group:
            if talk.family == family and talk.transport == transport:
                return talk
        if self._kept >= TALK_LIMIT or self._of_client[miner] >= CLIENT_TALK_LIMIT:
            self.dropped["mining-messages-beyond-limit"] += 1
            return None
        self._kept += 1
        self._of_client[miner] += 1
        talk = Talk(miner, pool, transport, family)
        self._talks.setdefault((miner, pool), []).append(talk)
        return talk

    def _node_block(self, seen: Observation, event: events.NodeBlock) -> None:
        self._learner.block(event, seen.at_ns)
        self._nodes.block(seen, event)

    def _hello(self, seen: Observation, event: events.TlsHello) -> None:
        self._contacts.hello(seen, event)
        self._logins.hello(seen, event)
        self._greetings.hello(seen, event)

    def _answer(self, seen: Observation, event: events.DnsAnswer) -> None:
        self._contacts.answer(seen, event)
        self._seeds.answer(seen, event)


def _family(event: events.PoolEvent) -> str:
    return SEALED if event.sealed else _family_of(event.protocol)


@lru_cache(256)
def _family_of(protocol: str) -> str:
    return "stratum" if protocol.startswith("stratum") or protocol == BTCAGENT else protocol


def _close(talk: Talk, connection: Connection, conversation: Conversation, miner_side: int) -> None:
    """Add what the flow table counted of one connection; `miner_side` is the miner's place in its pairs."""
    talk.span(conversation.first_ns, conversation.last_ns)
    works = connection.works > 0
    if connection.first_work_ns is not None:
        talk.stay_ns = max(talk.stay_ns, conversation.last_ns - connection.first_work_ns)
    leave(talk, connection, conversation.last_ns)
    heard = conversation.packets[miner_side] > 0
    if conversation.lost[1 - miner_side] or not conversation.packets[1 - miner_side]:
        talk.course |= Course.POOL_UNHEARD
    unread = conversation.lost[miner_side] or conversation.broken[miner_side]
    if unread:
        talk.course |= Course.MINER_LOST
    if works and not conversation.closed:
        talk.course |= Course.OPEN
    if not conversation.opened:
        talk.course |= Course.MISSED_START
        if works and heard:
            talk.course |= Course.PICKED_UP
    elif miner_side != Side.CLIENT:
        talk.course |= Course.REVERSED
    elif heard and not connection.asked and not unread:
        talk.course |= Course.UNASKED
