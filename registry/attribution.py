"""Address, port and time to subscriber line, enterprise and site.

At one instant, the longest prefix valid then answers. Where it is a pool, or where CGNAT logs speak of the
address, the port block tells which private address it was, and the longest prefix in that address space
answers; where it is a pool that gives addresses out, the lease of an access log is the longest prefix. Clocks
differ, so a question asks for a short window around its time: only what holds throughout is one name.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import Address, address_of, packed16
from registry import answers
from registry.answers import MISSING, UNASSIGNED, Candidate
from registry.answers import Attribution as Attribution  # part of this file's interface
from registry.index import USES, V4, V6, Housed, RegistryIndex, build_index
from registry.model import Datum, RegistryData, Use
from registry.port_blocks import PortBlocks
from registry.prefix_tree import FOREVER, NOTHING, PrefixTree

ASK = -2
"""Code of a bulk answer: not one record; `Bulk.attribution` works it out."""
MAX_CANDIDATES = 64
"""An answer names no more; the probabilities still count those left out."""
MAX_INSTANTS = 512
"""Changes within one window, or over all time, that are looked at; the latest where there are more."""

_MAPPED = 0xFFFF  # the upper 96 bits of an IPv4 address mapped into ::ffff:0:0/96
_MIN_NS, _MAX_NS = -(1 << 63), (1 << 63) - 1


class _Holder(NamedTuple):
    """Who, by places in the index, and since when."""

    uscc: int
    line: str
    site: int


class _Period(NamedTuple):
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class _State:
    """What holds at one instant."""

    weights: tuple[tuple[_Holder, _Period, float], ...] = ()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One address, and the prefixes that hold it."""

    tree: PrefixTree
    chain: list[int]
    public: int | None
    """The address where it is IPv4 in the public space, else None."""


class Attributor:
    """Answers for one registry; immutable, so it may be shared between threads and swapped whole.

    `tolerance_ns`: how far the clocks of captures and logs may be apart; an answer holds throughout this time
    before and after the question's. Raises ValueError where an assignment names an enterprise or a site that
    the registry does not hold.
    """

    def __init__(self, data: RegistryData | RegistryIndex, tolerance_ns: int = 0) -> None:
        self._index = index = data if isinstance(data, RegistryIndex) else build_index(data)
        self.tolerance_ns = tolerance_ns
        self._trees = {name: PrefixTree(tree, v6=name == V6) for name, tree in index.trees.items()}
        self._blocks = PortBlocks(index.blocks)
        self._housed_at: dict[tuple[int, int], list[Housed]] = {}
        for one in index.hosting:
            self._housed_at.setdefault((one.operator, one.site), []).append(one)
        self._housed_edges = np.unique(
            np.array([edge for one in index.hosting for edge in (one.from_ns, one.to_ns)], np.int64)
        )

    @property
    def enterprises(self) -> int:
        """How many the registry holds."""
        return len(self._index.enterprises)

    @property
    def records(self) -> int:
        """How many prefixes with one holder and one period."""
        return len(self._index.from_ns)

    def attribute(self, address: Address, at_ns: int | None, port: int | None = None) -> Attribution:
        """Return who held `address` at `at_ns` (ns since 1970 UTC); None as time gives all who ever held it.

        `port` is the public source port; it matters where many subscribers share the address.
        """
        if at_ns is None:
            return self._ever(self._asked(address), port)
        return self.during(address, at_ns, at_ns, port)

    def during(self, address: Address, from_ns: int, to_ns: int, port: int | None = None) -> Attribution:
        """Return who held `address` from `from_ns` to `to_ns` (inclusive).

        Where it changed hands in between, the answer is the set of its holders, the longer the more probable.
        """
        asked = self._asked(address)
        begin = max(from_ns - self.tolerance_ns, _MIN_NS)
        end = min(max(from_ns, to_ns) + self.tolerance_ns, _MAX_NS)
        edges = [begin, *self._changes(asked, port, begin, end)[-MAX_INSTANTS:]]
        states = [self._state(asked, port, edge) for edge in edges]
        lengths = [
            after - edge + (after == end) for edge, after in zip(edges, [*edges[1:], end], strict=True)
        ]
        return self._over(states, lengths)

    def attribute_many(
        self,
        addresses: NDArray[np.uint64],
        at_ns: NDArray[np.int64],
        ports: NDArray[np.int64] | None = None,
    ) -> "Bulk":
        """Answer n questions at once, in the order asked.

        `addresses`: (n, 2) uint64, high and low half, IPv4 mapped into ::ffff:0:0/96. `at_ns`: (n,) int64.
        `ports`: (n,) int64, -1 where the question names none.
        """
        index, tolerance = self._index, self.tolerance_ns
        highs, lows = np.ascontiguousarray(addresses[:, 0]), np.ascontiguousarray(addresses[:, 1])
        mapped = (highs == 0) & (lows >> np.uint64(32) == _MAPPED)
        begin = np.maximum(at_ns, _MIN_NS + tolerance) - tolerance
        end = np.minimum(at_ns, _MAX_NS - tolerance) + tolerance
        codes = np.empty(len(highs), np.int64)
        blocks = np.full(len(highs), NOTHING, np.int32)
        for name, chosen in ((V4, np.flatnonzero(mapped)), (V6, np.flatnonzero(~mapped))):
            if len(chosen):
                codes[chosen] = self._codes(name, highs[chosen], lows[chosen], begin[chosen], end[chosen])
        shared = np.flatnonzero(mapped)
        if len(shared) and len(self._blocks):
            shared = shared[self._blocks.known(lows[shared] & np.uint64(0xFFFF_FFFF))]
            if ports is None:
                codes[shared] = ASK
            elif len(shared):
                self._shared(shared, (lows, ports, begin, end), codes, blocks)
        # Only a record that names its holder beyond doubt is an answer of its own.
        sets = np.flatnonzero(codes >= len(index.from_ns))
        if len(sets):
            agreed = index.set_answer[codes[sets] - len(index.from_ns)]
            codes[sets] = np.where(agreed == NOTHING, ASK, agreed)
        single = np.flatnonzero(codes >= 0)
        codes[single[index.plain[codes[single]] == 0]] = ASK
        return Bulk(self, addresses, at_ns, ports, codes, blocks)

    def of_record(self, code: int, block: int = NOTHING) -> Attribution:
        """Return the answer that one record gives, found by way of a port block or not."""
        if code == NOTHING:
            return UNASSIGNED
        index = self._index
        holder = _Holder(int(index.uscc[code]), index.lines[code], int(index.site[code]))
        period = self._block_period(block) if block != NOTHING else self._period(code)
        return self._certain(holder, period)

    def _codes(
        self,
        name: str,
        highs: NDArray[np.uint64],
        lows: NDArray[np.uint64],
        begin: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        small = lows if name == V6 else lows & np.uint64(0xFFFF_FFFF)
        found = self._trees[name].find(highs, small, begin, end)
        # Where a log was silent, what the larger prefix says is doubtful.
        return np.where(found.stable & (found.gap == NOTHING), found.code, ASK)

    def _shared(
        self,
        shared: NDArray[np.intp],
        asked: tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
        codes: NDArray[np.int64],
        blocks: NDArray[np.int32],
    ) -> None:
        """Answer the questions whose address CGNAT logs speak of, by the block of their port."""
        index = self._index
        lows, begin, end = asked[0][shared], asked[2][shared], asked[3][shared]
        ports = asked[1][shared]
        usable = ports >= 0
        found = self._blocks.find(lows & np.uint64(0xFFFF_FFFF), np.maximum(ports, 0), begin, end)
        told = usable & found.stable & (found.block != NOTHING)
        codes[shared] = ASK
        block = found.block[told]
        rows = shared[told]
        direct = index.block_record[block] != NOTHING
        codes[rows[direct]] = index.block_record[block[direct]]
        for realm in range(NOTHING, len(index.realms)):
            name = V4 if realm == NOTHING else f"realm{realm}"
            chosen = ~direct & (index.block_realm[block] == realm)
            if chosen.any():
                private = index.block_private[block[chosen]].astype(np.uint64)
                here = rows[chosen]
                asked_at = begin[told][chosen], end[told][chosen]
                codes[here] = self._codes(name, np.zeros_like(private), private, *asked_at)
                codes[here[codes[here] == NOTHING]] = ASK
        blocks[rows] = block

    def _asked(self, address: Address) -> _Asked:
        number = int.from_bytes(packed16(address), "big")
        if number >> 32 != _MAPPED:
            tree = self._trees[V6]
            return _Asked(tree, tree.chain(number), None)
        return self._asked_v4(number & 0xFFFF_FFFF, V4)

    def _asked_v4(self, number: int, name: str) -> _Asked:
        tree = self._trees[name]
        return _Asked(tree, tree.chain(number), number if name == V4 else None)

    def _behind(self, block: int) -> _Asked:
        """Return the private address of a block."""
        realm = int(self._index.block_realm[block])
        return self._asked_v4(
            int(self._index.block_private[block]), V4 if realm == NOTHING else f"realm{realm}"
        )

    def _changes(self, asked: _Asked, port: int | None, after: int, to: int) -> list[int]:
        """Return the instants in (after, to] at which the answer may change."""
        if after == to:
            return []
        found = set(asked.tree.changes(asked.chain, after, to))
        if asked.public is not None and self._blocks.span(asked.public) is not None:
            for block in self._blocks.touching(asked.public, port, after, to)[-MAX_INSTANTS:]:
                found.update(edge for edge in self._block_period(block) if after < edge <= to)
                if self._index.block_record[block] == NOTHING:
                    behind = self._behind(block)
                    found.update(behind.tree.changes(behind.chain, after, to))
            found.update(edge for edge in self._blocks.span(asked.public) or () if after < edge <= to)
        low, high = np.searchsorted(self._housed_edges, (after, to), "right")
        found.update(self._housed_edges[low:high].tolist())
        for node in asked.chain:
            found.update(edge for edge in asked.tree.logged(node) or () if after < edge <= to)
        return sorted(found)

    def _state(self, asked: _Asked, port: int | None, at_ns: int) -> _State:
        """Return what holds at one instant."""
        code, _, passed = asked.tree.at(asked.chain, at_ns)
        members = self._index.members(code) if code != NOTHING else ()
        if asked.public is not None and self._is_shared(asked.public, members):
            return self._by_block(asked.public, port, at_ns)
        return self._plain(asked.tree, members, passed, at_ns)

    def _is_shared(self, public: int, members: tuple[int, ...]) -> bool:
        """Say whether only a CGNAT log can tell who had a public address."""
        if any(self._use(one) is Use.NAT for one in members):
            return True
        span = self._blocks.span(public)
        if span is None:
            return False
        # A holder whose whole period lies before or after what the logs speak of had it alone.
        return not members or any(_overlap(self._period(one), span) for one in members)

    def _by_block(self, public: int, port: int | None, at_ns: int) -> _State:
        blocks = self._blocks.touching(public, port, at_ns, at_ns) if len(self._blocks) else []
        missing = {answers.MISSING_PORT} if port is None else set()
        if not blocks:
            return _State(missing=frozenset(missing | {answers.MISSING_LOG}))
        found: list[tuple[_Holder, _Period, float]] = []
        sizes = [1 if port is not None else int(self._index.block_ports[block]) for block in blocks]
        for block, size in zip(blocks, sizes, strict=True):
            period = self._block_period(block)
            if (record := int(self._index.block_record[block])) != NOTHING:
                state = self._plain(None, (record,), [], at_ns)
            else:
                behind = self._behind(block)
                code, _, passed = behind.tree.at(behind.chain, at_ns)
                members = self._index.members(code) if code != NOTHING else ()
                state = self._plain(behind.tree, members, passed, at_ns)
            missing |= state.missing
            found += [(who, period, weight * size / sum(sizes)) for who, _, weight in state.weights]
        if len({who for who, _, _ in found}) > 1 and port is not None and not missing:
            missing.add(answers.MISSING_AGREEMENT)
        return _State(tuple(found), frozenset(missing))

    def _plain(
        self, tree: PrefixTree | None, members: tuple[int, ...], passed: list[int], at_ns: int
    ) -> _State:
        """Return what records of one prefix say, ports aside."""
        spans = [span for node in passed if tree is not None and (span := tree.logged(node)) is not None]
        if not members:
            return _State(missing=frozenset({answers.MISSING_LOG if spans else answers.MISSING_ASSIGNMENT}))
        missing: set[str] = set()
        found: list[tuple[_Holder, _Period, float]] = []
        for one in members:
            if self._use(one) in (Use.NAT, Use.DYNAMIC):
                missing.add(answers.MISSING_LOG)
            elif self._index.uscc[one] == NOTHING or self._index.site[one] == NOTHING:
                missing.add(answers.MISSING_LINE)
            else:
                who = _Holder(int(self._index.uscc[one]), self._index.lines[one], int(self._index.site[one]))
                found.append((who, self._period(one), 1.0))
            if any(_overlap(self._period(one), span) for span in spans):
                missing.add(answers.MISSING_LOG)
        if len({who for who, _, _ in found}) > 1:
            missing.add(answers.MISSING_AGREEMENT)
        housed = [part for share in found for part in self._housed(share, at_ns)]
        if len(housed) > len(found):
            missing.add(answers.MISSING_TENANT)
        whole = sum(weight for _, _, weight in housed)
        return _State(
            tuple((who, period, weight / whole) for who, period, weight in housed), frozenset(missing)
        )

    def _housed(
        self, share: tuple[_Holder, _Period, float], at_ns: int
    ) -> list[tuple[_Holder, _Period, float]]:
        """Return a holder, and whose machines it houses at that site, all equally probable."""
        who, period, weight = share
        tenants = {
            one.tenant
            for one in self._housed_at.get((who.uscc, who.site), ())
            if one.from_ns <= at_ns < one.to_ns and one.tenant != who.uscc
        }
        parts = [who, *(who._replace(uscc=tenant) for tenant in sorted(tenants))]
        return [(part, period, weight / len(parts)) for part in parts]

    def _over(self, states: list[_State], lengths: list[int]) -> Attribution:
        """Return the answer of a window: one name only where each of its states is the same one name."""
        missing = {fact for state in states for fact in state.missing}
        holders = [frozenset(who for who, _, _ in state.weights) for state in states]
        if len(set(holders)) > 1 or len({state.missing for state in states}) > 1:
            missing.add(answers.MISSING_TIME)
        everybody = frozenset[_Holder]().union(*holders)
        if len(everybody) == 1 and not missing:
            # Those that agree on the holder may differ on the period: the latest word stands.
            period = max(period for state in states for _, period, _ in state.weights)
            return self._certain(next(iter(everybody)), period)
        shares = [
            (who, period, weight * length)
            for state, length in zip(states, lengths, strict=True)
            for who, period, weight in state.weights
        ]
        return self._ranked(shares, missing or {answers.MISSING_ASSIGNMENT})

    def _ever(self, asked: _Asked, port: int | None) -> Attribution:
        """Return all who ever held an address; without a time each record is equally probable."""
        missing = {answers.MISSING_TIME}
        seen: dict[tuple[_Holder, _Period], None] = {}
        instants = asked.tree.all_changes(asked.chain)[-MAX_INSTANTS:]
        if asked.public is not None and self._blocks.span(asked.public) is not None:
            if port is None:
                missing.add(answers.MISSING_PORT)
            blocks = self._blocks.latest(asked.public, port, MAX_INSTANTS)
            instants = sorted({*instants, *(self._block_period(block).from_ns for block in blocks)})
        for at_ns in reversed(instants[-MAX_INSTANTS:]):
            state = self._state(asked, port, at_ns)
            missing |= state.missing - {answers.MISSING_ASSIGNMENT, answers.MISSING_AGREEMENT}
            seen.update(((who, period), None) for who, period, _ in state.weights)
        if not seen and missing <= {answers.MISSING_TIME}:
            return UNASSIGNED
        return self._ranked([(who, period, 1.0) for who, period in seen], missing, merge=False)

    def _ranked(
        self, shares: Iterable[tuple[_Holder, _Period, float]], missing: set[str], *, merge: bool = True
    ) -> Attribution:
        """Return the set of possible holders, most probable first, then the latest."""
        rows = sorted(shares, key=lambda share: (-share[1].from_ns, share[0].line, share[0].uscc))
        whole = sum(weight for _, _, weight in rows)
        if merge:
            merged: dict[_Holder, tuple[_Period, float]] = {}
            for who, period, weight in rows:
                known = merged.get(who)
                merged[who] = (period, weight) if known is None else (known[0], known[1] + weight)
            rows = [(who, period, weight) for who, (period, weight) in merged.items()]
            rows.sort(key=lambda share: -share[2])
        candidates = tuple(
            self._candidate(who, period, weight / whole) for who, period, weight in rows[:MAX_CANDIDATES]
        )
        return Attribution(
            certain=False, candidates=candidates, missing=tuple(fact for fact in MISSING if fact in missing)
        )

    def _certain(self, who: _Holder, period: _Period) -> Attribution:
        one = self._candidate(who, period, 1.0)
        return Attribution(
            certain=True,
            enterprise=one.enterprise,
            uscc=one.uscc,
            line=one.line,
            site=one.site,
            division=one.division,
            address=one.address,
            longitude=one.longitude,
            latitude=one.latitude,
            datum=one.datum,
            valid_from_ns=one.valid_from_ns,
            valid_to_ns=one.valid_to_ns,
        )

    def _candidate(self, who: _Holder, period: _Period, probability: float) -> Candidate:
        enterprise, site = self._enterprise(who.uscc), self._site(who.site)
        return Candidate(
            probability=probability,
            enterprise=enterprise["name"],
            uscc=enterprise["uscc"],
            line=who.line,
            site=site["id"],
            division=site["division"],
            address=site["address"],
            longitude=site["longitude"],
            latitude=site["latitude"],
            datum=None if site["datum"] is None else Datum(site["datum"]),
            valid_from_ns=period.from_ns,
            valid_to_ns=None if period.to_ns == FOREVER else period.to_ns,
        )

    def _enterprise(self, place: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._index.enterprises[place])
        return found

    def _site(self, place: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._index.sites[place])
        return found

    def _use(self, record: int) -> Use:
        return USES[int(self._index.use[record])]

    def _period(self, record: int) -> _Period:
        return _Period(int(self._index.from_ns[record]), int(self._index.to_ns[record]))

    def _block_period(self, block: int) -> _Period:
        return _Period(int(self._index.block_from[block]), int(self._index.block_to[block]))


@dataclass(frozen=True, slots=True)
class Bulk:
    """The answers to many questions."""

    attributor: Attributor
    addresses: NDArray[np.uint64]
    at_ns: NDArray[np.int64]
    ports: NDArray[np.int64] | None
    codes: NDArray[np.int64]
    """(n,) the record that answers, NOTHING where nobody held the address, or ASK."""
    blocks: NDArray[np.int32]
    """(n,) the port block by which it was found, or NOTHING. Equal codes and blocks mean equal answers."""

    def attribution(self, place: int) -> Attribution:
        """Return the answer to the question at a place."""
        code = int(self.codes[place])
        if code != ASK:
            return self.attributor.of_record(code, int(self.blocks[place]))
        high, low = self.addresses[place].tolist()
        port = None if self.ports is None or self.ports[place] < 0 else int(self.ports[place])
        return self.attributor.attribute(address_of(high, low), int(self.at_ns[place]), port)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
