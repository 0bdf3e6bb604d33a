"""What was read of nodes and wallets: a talk for each client, service and protocol, within limits."""

from collections import Counter

from classifier.blocks import V2, Blocks
from classifier.node_talk import NodeTalk
from classifier.recent import Recent
from classifier.talk import Seen, again
from classifier.witnesses import MESSAGE_LENGTH
from facts.conversation import Conversation
from facts.endpoint import Address, Endpoint
from protocols import chia_p2p, events
from protocols.magics import NODE_PORTS
from protocols.observe import Observation

NODE_LIMIT = 131_072
"""Clients and services kept, two by two: as many as of those that mine."""
SEALED_PORTS = {
    "ethereum-p2p": frozenset({9000, 30303}),
    chia_p2p.PROTOCOL: frozenset({8444, 8447, 8448, 8449, 58444}),
}
"""Ports at which what is told from outside (sizes, a certificate) is believed, where not at all NODE_PORTS:
of Ethereum's consensus and execution nodes, and of Chia's services."""
SEALED_COMMANDS = frozenset({"whoareyou", "handshake", "message", "certificate"})
"""Of discv5 and of Chia: other sealed messages between nodes are proved (RLPx, by a point of its curve)."""


class Nodebook:
    """All talk between nodes, and of wallets with nodes."""

    def __init__(self, blocks: Blocks, dropped: Counter[str]) -> None:
        self._blocks = blocks
        self._dropped = dropped
        self._talks: dict[tuple[Address, Endpoint], list[NodeTalk]] = {}
        self._recent: Recent[str, NodeTalk] = Recent()

    def __contains__(self, pair: tuple[Address, Endpoint]) -> bool:
        return pair in self._talks

    def talks(self) -> list[NodeTalk]:
        """Return every talk, in the order in which their pairs came first."""
        return [talk for group in self._talks.values() for talk in group]

    def conclude(self, conversation: Conversation) -> bool:
        """Take the counts of a connection that has ended; False where these two were never read as nodes."""
        flow = conversation.flow
        group = self._talks.get((flow.client.address, flow.server), ())
        for node in group:
            node.open_ns = max(node.open_ns, conversation.last_ns)
            read_ns = conversation.last_ns if conversation.read_ns is None else conversation.read_ns
            if node.first_ns <= read_ns:  # else it was another conversation of theirs that was read
                node.span(read_ns, read_ns)
            node.holes |= any(conversation.lost) or any(conversation.broken)
        return bool(group)

    def hello(self, seen: Observation, event: events.NodeHello) -> None:
        """Take a greeting: what a node or a wallet says of itself."""
        if event.protocol == V2:
            self._sealed(seen, event)
            return
        talk = self._talk(seen, event.protocol)
        if talk is None:
            return
        speaker = talk.sides[event.side]
        agent = (event.agent or "")[:MESSAGE_LENGTH]
        speaker.hello = Seen(seen.where, seen.at_ns, agent).merged(speaker.hello)
        speaker.full |= event.full is True
        if event.full is False:
            speaker.light = Seen(seen.where, seen.at_ns, agent).merged(speaker.light)
        speaker.learn(event.coins, agent)

    def message(self, seen: Observation, event: events.NodeMessage) -> None:
        """Take any other message."""
        if event.protocol == V2 or (event.sealed and event.command in SEALED_COMMANDS):
            self._sealed(seen, event)
            return
        talk = self._talk(seen, event.protocol)
        if talk is None:
            return
        speaker = talk.sides[event.side]
        speaker.message = again(speaker.message, seen, event.command)
        if event.spv:
            speaker.spv = again(speaker.spv, seen, event.command)
        speaker.learn(event.coins, "")

    def block(self, seen: Observation, event: events.NodeBlock) -> None:
        """Take the news of a block."""
        talk = self._talk(seen, event.protocol)
        if talk is None:
            return
        speaker = talk.sides[event.side]
        speaker.message = again(speaker.message, seen, event.command)
        self._blocks.note(seen, event)

    def _sealed(self, seen: Observation, event: events.NodeHello | events.NodeMessage) -> None:
        """Keep what only sizes told; anywhere but at a node network's port it is somebody else's secret."""
        ours = seen.flow.server.port in SEALED_PORTS.get(event.protocol, NODE_PORTS)
        talk = self._talk(seen, event.protocol) if ours else None
        if talk is not None:
            speaker = talk.sides[event.side]
            speaker.sealed = again(speaker.sealed, seen, "")
            speaker.learn(event.coins, "")

    def _talk(self, seen: Observation, protocol: str) -> NodeTalk | None:
        flow = seen.flow
        recent = self._recent.find(flow, protocol)
        if recent is not None:
            recent.span(seen.at_ns, seen.at_ns)
            return recent
        key = (flow.client.address, flow.server)
        group = self._talks.get(key)
        if group is None:
            if len(self._talks) >= NODE_LIMIT:
                self._dropped["node-messages-beyond-limit"] += 1
                return None
            group = self._talks[key] = []
        talk = next((talk for talk in group if talk.protocol == protocol), None)
        if talk is None:
            talk = NodeTalk(flow.client.address, flow.server, protocol)
            group.append(talk)
        self._recent.keep(flow, protocol, talk)
        talk.span(seen.at_ns, seen.at_ns)
        return talk
