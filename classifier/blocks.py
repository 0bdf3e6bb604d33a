"""Who told of which block first: what may tell a node that finds blocks from one that passes them on.

A node relays every block, and so announces it to peers that had not heard of it yet. A block that it
announces before anybody told it, and that nobody is about to tell it either, is one that it found itself, or
that came to it another way: by an encrypted peer, over another line, from software beside it. So each sign is
weak, counts only where all its conversations with other nodes are in view, and even many are a suspicion at
most.
What is remembered does not depend on the order in which independent flows are told.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.kinds import Kind
from classifier.node_talk import NodeTalk
from classifier.statements import Statements
from classifier.talk import Seen, place
from facts.endpoint import Address, Endpoint
from facts.instant import NS
from protocols.events import NodeBlock
from protocols.levin_networks import NETWORK_IDS
from protocols.magics import DOUBLE_SHA256, PROOF_OF_STAKE
from protocols.observe import Observation
from protocols.parser import Side

ENTRY_LIMIT = 400_000
"""Pairs of an address and a block that are remembered: 150 MB at the worst."""
CROSSING_NS = 60 * NS
"""For so long after it was announced, news of a block may still come from peers that had it from elsewhere:
it reaches nearly every node of a network within seconds."""
BURST_NS = 2 * NS
"""Blocks that an address announces so close to one another are old ones, which it fetches and passes on."""
SOURCES = 2
"""Peers that an address connected to and was told of blocks by, before silence about one of them means
anything. Most conversations of a node that others connect to are out of view: it is the far end of theirs."""
MANY = 3
"""Blocks announced first that make a suspicion: one or two may have come a way that the capture lacks."""
V2 = "bitcoin-p2p-v2"
BLOCKLESS = frozenset({"electrum", "ethereum-p2p"})
"""Protocols whose blocks are no mined coin's, or go from a node to its wallets only."""
Pair = tuple[Address, Endpoint]
"""Client and service: who holds a conversation."""
MINED = (DOUBLE_SHA256 | {coin for coin, _ in NETWORK_IDS.values()}) - PROOF_OF_STAKE
"""Coins whose blocks are mined, and have one name in all messages that tell of them."""


class _Known:
    """What one address and one block have to do with each other; times in ns since 1970."""

    __slots__ = ("announced", "heard_ns", "news_ns")

    def __init__(self) -> None:
        self.announced: Seen | None = None
        """Its first announcement by the address."""
        self.heard_ns: int | None = None
        """When anybody first told the address of it, by whatever message."""
        self.news_ns: int | None = None
        """When anybody first announced it to the address."""


@dataclass(frozen=True, slots=True)
class Finder:
    """What an address's announcements show."""

    first: tuple[Seen, ...]
    """Blocks that it announced before anybody told it, in order of time."""
    relayed: int
    """Blocks that it heard of from its peers."""
    sources: int
    """Peers that it connected to and that told it of blocks."""


class Blocks:
    """The memory of blocks: by address, when it announced each and when it was told of it."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._known: dict[Address, dict[str, _Known]] = defaultdict(dict)
        self._sources: dict[Address, set[Address]] = defaultdict(set)
        self._entries = 0

    def note(self, seen: Observation, event: NodeBlock) -> None:
        """Take one sighting of a block of a mined coin; others tell nothing about mining."""
        if not event.coins or not MINED.issuperset(event.coins):
            return
        ends = (seen.flow.client.address, seen.flow.server.address)
        teller, told = ends if event.side is Side.CLIENT else ends[::-1]
        if teller == told:
            return
        if not event.asked:
            known = self._entry(teller, event.block)
            if known is not None:
                sighting = Seen(seen.where, seen.at_ns, event.command)
                if known.announced is None or place(sighting) < place(known.announced):
                    known.announced = sighting
            if told == ends[0]:
                self._sources[told].add(teller)
        known = self._entry(told, event.block)
        if known is not None:
            known.heard_ns = _earlier(known.heard_ns, seen.at_ns)
            if not event.asked:
                known.news_ns = _earlier(known.news_ns, seen.at_ns)

    def may_find(self, address: Address) -> bool:
        """Say whether an address announced blocks, and has peers enough to tell whether it was first."""
        return address in self._known and len(self._sources.get(address, ())) >= SOURCES

    def finder(self, address: Address, talks: Mapping[Pair, Sequence[NodeTalk]]) -> Finder:
        """Judge the announcements of one address; `talks` are its conversations with other nodes."""
        known = self._known.get(address, {})
        sources = len(self._sources.get(address, ()))
        relayed = sum(one.news_ns is not None and _was_told(one) for one in known.values())
        announced = sorted(one.announced.at_ns for one in known.values() if one.announced is not None)
        first = [
            one.announced
            for one in known.values()
            if one.announced is not None and not _was_told(one) and _alone(announced, one.announced.at_ns)
        ]
        groups = [group for group in talks.values() if group[0].protocol not in BLOCKLESS]
        if sources < SOURCES or len(first) > relayed or any(_hidden(group) for group in groups):
            first = []
        in_view = [seen for seen in first if all(_read_at(group, seen.at_ns) for group in groups)]
        return Finder(tuple(sorted(in_view, key=place)), relayed, sources)

    def _entry(self, address: Address, block: str) -> _Known | None:
        of_address = self._known[address]
        known = of_address.get(block)
        if known is None:
            if self._entries >= ENTRY_LIMIT:
                self._dropped["blocks-beyond-limit"] += 1
                return None
            self._entries += 1
            known = of_address[block] = _Known()
        return known


def of_finder(told: Statements, finder: Finder) -> None:
    """State what speaks for an address's finding blocks, and against."""
    if not finder.first:
        return
    kind = Kind.SOLO_BLOCKS_FIRST if len(finder.first) >= MANY else Kind.SOLO_BLOCK_FIRST
    all_told = len(finder.first) + finder.relayed
    for seen in finder.first:
        told.state(kind, seen, first=len(finder.first), blocks=all_told, message=seen.text)
    told.state(Kind.SOLO_RELAYS, told.first(), relayed=finder.relayed, peers=finder.sources)


def _was_told(known: _Known) -> bool:
    """Whether the address had a block from a peer, or might have: the news crossed its own."""
    if known.announced is None:
        return known.heard_ns is not None
    if known.heard_ns is not None and known.heard_ns <= known.announced.at_ns:
        return True
    return known.news_ns is not None and known.news_ns <= known.announced.at_ns + CROSSING_NS


def _hidden(talks: Sequence[NodeTalk]) -> bool:
    """Whether a conversation could have brought blocks unseen: sealed, with holes, or heard half."""
    if any(talk.protocol == V2 or talk.holes for talk in talks):
        return True
    return not all(any(talk.sides[side].spoke for talk in talks) for side in Side)


def _alone(times: Sequence[int], at_ns: int) -> bool:
    """Whether no other of the times (in order) is near this one, which is among them."""
    return bisect_right(times, at_ns + BURST_NS) - bisect_left(times, at_ns - BURST_NS) == 1


def _read_at(talks: Sequence[NodeTalk], at_ns: int) -> bool:
    """Whether a conversation was still being read at a time, or did not take place then."""
    begun = min(talk.first_ns for talk in talks) <= at_ns
    ended = 0 <= max(talk.open_ns for talk in talks) < at_ns
    return not begun or ended or max(talk.last_ns for talk in talks) >= at_ns


def _earlier(known: int | None, at_ns: int) -> int:
    return at_ns if known is None else min(known, at_ns)
