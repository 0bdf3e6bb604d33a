"""One capture worker: source -> sieve -> streams -> protocols. One engine for files and for live rings."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from capture.matched import Matched
from capture.records import Block
from capture.sieve.names import interest
from capture.sieve.sieve import CAP, Sieve
from capture.sources.source import Source
from capture.streams.ends import Ends
from capture.streams.session import FIN, RST
from capture.streams.sessions import Sessions
from capture.timeouts import Timeouts
from capture.windows import Window, Windows, WindowSettings
from facts.conversation import Conversation, Flow
from facts.endpoint import Endpoint, address_of
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, B_SYN, B_SYN_ACK
from facts.where import Skipped, Where
from protocols.observe import Observation
from protocols.table import PARSERS

TCP = 6
TOGETHER = 4096  # flows whose records are read at once when they end
ADDRESSES_KEPT = 16_384  # addresses are met again and again; 4 MB

_ENDS = Struct("<QQQQIIBBB")  # the first fields of a FLOW, up to `syn`
_TALK = [
    "a_hi", "a_lo", "b_hi", "b_lo", "ports", "tunnel", "proto", "source", "first_frame", "first_ns",
    "last_ns", "packets", "payload", "flags",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run has read so far, exactly: packets = parsed + sum(skipped)."""

    packets: int = 0
    parsed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Packets by the reason for which they were not parsed."""
    damage: Mapping[str, int] = field(default_factory=dict)
    """Damaged places by reason; no packets."""
    flows: int = 0
    bytes: int = 0
    """On the wire, of the packets that were delivered."""
    tagged_flows: int = 0
    """Flows of which a payload was inspected."""
    released: Mapping[str, int] = field(default_factory=dict)
    """Sessions let go before their flow ended, by reason."""
    evicted: int = 0
    """Flows that the table gave up at its cap."""
    unlogged: Mapping[str, int] = field(default_factory=dict)
    """Packets that the full rhythm log gave up, by reason."""
    idle: int = 0
    """Flows that ended because they were idle, where the worker has timeouts."""
    streams: Mapping[str, int] = field(default_factory=dict)
    """What reassembly, defragmentation and parsing met: `gaps`, `missing` bytes, `parse-errors` ..."""
    skips: tuple[Skipped, ...] = ()
    """Places that were not read, at most 100 per reason and source."""


UNSUPPORTED, NO_IP = "unsupported-link", "not-ip"
"""Reasons of the sieve for packets that are sound and not read."""

Progress = Callable[[int], None]
"""Called after each block with the packets read so far in this run; sources know their byte positions."""


class Worker:
    """Reads run after run; each is a world of its own, and beginning one is cheap."""

    def __init__(
        self,
        domains: Iterable[str] = (),
        cap: int = CAP,
        timeouts: Timeouts | None = None,
        together: int = 0,
        patience_ns: int | None = None,
    ) -> None:
        """`domains`: DNS messages and TLS greetings are read where they name one, or a host under one;
        without any, all are. `cap`: flows held at once. With `timeouts` idle flows end on the way.
        `together`: packets of inspected flows that are read at once, which is quicker; with `patience_ns`
        they wait for one another no longer than that, and not at all where no packets come."""
        self._together = together
        self._patience_ns = patience_ns
        self._sieve = Sieve(cap=cap, names=interest(domains), timeouts=timeouts)
        self._begin(())

    def run(
        self,
        blocks: Iterable[Block],
        sources: Sequence[Source],
        on_progress: Progress | None = None,
        matched: Matched | None = None,
        windows: WindowSettings | None = None,
    ) -> Iterator[Observation | Conversation | Window]:
        """Read blocks to their end: observations as they come, each flow's conversation when the flow ends.

        `blocks` are those of `sources`, one after another or merged; the `source` of their records is an
        index into `sources`. Every flow that was inspected ends with its conversation. `matched` holds the
        packets of inspected flows for a while. With `windows` what the flow table knows comes too, the last
        window at the end.
        """
        self._sieve.reset()
        self._begin(sources)
        sieve, sessions = self._sieve, self._sessions
        if matched is not None:
            matched.names = tuple(source.name for source in sources)
        leaving = None if windows is None else Windows(sieve, windows)
        packets = since_ns = 0
        for block in blocks:
            data = block.data.data
            if not sessions.waits and len(block.records):
                since_ns = int(block.records["time_ns"][0])
            for rows in sieve.push(block):
                if len(rows):
                    if matched is not None:
                        matched.take(block, rows)
                    yield from sessions.push(data, rows)
                expired = sieve.expired
                if len(expired):
                    if leaving is not None:
                        yield from leaving.gone(expired)
                    yield from self._end(expired.tolist())
            if sessions.waits and self._is_late(block, since_ns):
                yield from sessions.flush()
            if leaving is not None:
                yield from leaving.due()
            packets += len(block.records)
            if on_progress is not None:
                on_progress(packets)
        yield from sessions.flush()
        yield from self._end(sorted(sessions.clients))
        sessions.fragments.end()
        if leaving is not None:
            yield from leaving.end()

    @property
    def summary(self) -> Summary:
        """The counts of the present run; complete once its iterator is exhausted."""
        sieve, sessions, sources = self._sieve, self._sessions, self._sources
        skipped, damage = Counter(sieve.skipped), Counter[str]()
        for source in sources:
            skipped.update(source.skipped_counts)
            damage.update(source.damage_counts)
        return Summary(
            packets=sum(source.records + source.skipped_counts.total() for source in sources),
            parsed=sieve.parsed,
            skipped=dict(skipped),
            damage=dict(damage),
            flows=sieve.created,
            bytes=sum(source.wire_bytes for source in sources),
            tagged_flows=sieve.tagged_flows,
            released=dict(sessions.let_go),
            evicted=sieve.evicted,
            unlogged=dict(sieve.rhythm.given_up),
            idle=sieve.idle,
            streams=sessions.counts(),
            skips=(*(skip for source in sources for skip in source.skipped), *self._places()),
        )

    @property
    def flows(self) -> int:
        """Flows held now."""
        return self._sieve.created - self._sieve.evicted - self._sieve.idle

    @property
    def idle(self) -> int:
        """Flows that left the table because they were idle."""
        return self._sieve.idle

    def _is_late(self, block: Block, since_ns: int) -> bool:
        """Say whether what waits since that time is to be read, a clock that was set back or not."""
        if self._patience_ns is None:
            return False
        times = block.records["time_ns"]
        return not len(times) or abs(int(times[-1]) - since_ns) >= self._patience_ns

    def _places(self) -> Iterator[Skipped]:
        """Yield the packets to show as skipped: damaged ones, and of link types not read one a source.

        A sound packet without IP (ARP, spanning tree) is counted, but is nothing that a person must look at.
        """
        links = [reason for reason in self._sieve.skipped if reason.startswith(UNSUPPORTED)]
        told = set[int]()
        for reason, source, frame in self._sieve.places:
            if reason == UNSUPPORTED:
                if source in told:
                    continue
                told.add(source)
                reason = links[0] if len(links) == 1 else UNSUPPORTED
            elif reason == NO_IP:
                continue
            yield Skipped(Where(self._sources[source].name, frame), reason)

    def _begin(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        names = [source.name for source in sources]
        sieve = self._sieve
        self._sessions = Sessions(PARSERS, names, self._describe, sieve.watch, sieve.release, self._together)

    def _describe(self, flow: int) -> Ends:
        """Return what the flow table knows of a flow's ends."""
        *key, tunnel, proto, state, syn = _ENDS.unpack_from(self._sieve.flows[flow].tobytes())
        a, b = _endpoints(*key)
        return Ends(a, b, proto == TCP, tunnel, _opener(syn), 1 if state & B_FIRST else 0)

    def _end(self, flows: list[int]) -> Iterator[Observation | Conversation]:
        """Take leave of flows, of which some were inspected."""
        sessions = self._sessions
        yield from sessions.ended(flows)
        inspected = [flow for flow in flows if flow in sessions.clients]
        for start in range(0, len(inspected), TOGETHER):
            some = inspected[start : start + TOGETHER]
            records = self._sieve.flows[some]
            columns = (records[name].tolist() for name in _TALK)
            for flow, *record in zip(some, *columns, strict=True):
                yield self._conversation(
                    sessions.clients.pop(flow), sessions.stopped.pop(flow, None), *record
                )

    def _conversation(
        self,
        client: int,
        read_ns: int | None,
        a_hi: int,
        a_lo: int,
        b_hi: int,
        b_lo: int,
        ports: int,
        tunnel: int,
        proto: int,
        source: int,
        frame: int,
        first_ns: int,
        last_ns: int,
        packets: tuple[int, int],
        payload: tuple[int, int],
        flags: tuple[int, int],
    ) -> Conversation:
        opened, there = bool(client & 2), client & 1
        back = 1 - there
        lost, broken = (bool(client & 4), bool(client & 8)), (bool(client & 16), bool(client & 32))
        ends = _endpoints(a_hi, a_lo, b_hi, b_lo, ports)
        return Conversation(
            flow=Flow(ends[there], ends[back], "tcp" if proto == TCP else "udp", tunnel),
            where=Where(self._sources[source].name, frame),
            first_ns=first_ns,
            last_ns=last_ns,
            packets=(packets[there], packets[back]),
            payload_bytes=(payload[there], payload[back]),
            opened=opened,
            lost=(lost[there], lost[back]),
            broken=(broken[there], broken[back]),
            read_ns=read_ns,
            closed=bool((flags[0] | flags[1]) & (FIN | RST)),
        )


_address = lru_cache(ADDRESSES_KEPT)(address_of)


def _endpoints(a_hi: int, a_lo: int, b_hi: int, b_lo: int, ports: int) -> tuple[Endpoint, Endpoint]:
    return Endpoint(_address(a_hi, a_lo), ports >> 16), Endpoint(_address(b_hi, b_lo), ports & 0xFFFF)


def _opener(syn: int) -> int | None:
    """Return the direction of the side that opened a connection; None where no SYN tells it."""
    asked = syn & (A_SYN | B_SYN)
    if asked == (A_SYN | B_SYN):  # both at once, or a handshake split to deceive: what they say will tell
        return None
    if not asked:
        answered = syn & (A_SYN_ACK | B_SYN_ACK)
        return {A_SYN_ACK: 1, B_SYN_ACK: 0}.get(answered)
    return 0 if asked == A_SYN else 1
