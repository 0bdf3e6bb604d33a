"""What holds at one instant: the records, port blocks and tenants behind one address.

The longest prefix valid then answers. Where it is a pool, or where CGNAT logs speak of the address, the port
block tells which private address it was, and the longest prefix in that address space answers.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from facts.endpoint import Address, packed16
from facts.quick import quick
from registry import answers
from registry.index import USES, V4, V6, Housed, RegistryIndex
from registry.model import Use
from registry.port_blocks import PortBlocks
from registry.prefix_tree import NOTHING, PrefixTree

MAX_INSTANTS = 512
"""Changes within one window, or over all time, that are looked at; the latest where there are more."""
MAPPED = 0xFFFF
"""The upper 96 bits of an IPv4 address mapped into ::ffff:0:0/96."""


class Holder(NamedTuple):
    """Who, by places in the index, and since when."""

    uscc: int
    line: str
    site: int


class Period(NamedTuple):
    """From an instant on to the first instant after."""

    from_ns: int
    to_ns: int


@quick
@dataclass(frozen=True, slots=True)
class State:
    """What holds at one instant."""

    weights: tuple[tuple[Holder, Period, float], ...] = ()
    missing: frozenset[str] = frozenset()


@quick
@dataclass(frozen=True, slots=True)
class Asked:
    """One address, and the prefixes that hold it."""

    tree: PrefixTree
    chain: list[int]
    public: int | None
    """The address where it is IPv4 in the public space, else None."""


class Moments:
    """Reads one index; immutable."""

    def __init__(self, index: RegistryIndex) -> None:
        self.index = index
        self.trees = {name: PrefixTree(tree, v6=name == V6) for name, tree in index.trees.items()}
        self.blocks = PortBlocks(index.blocks)
        self._housed_at: dict[tuple[int, int], list[Housed]] = {}
        for one in index.hosting:
            self._housed_at.setdefault((one.operator, one.site), []).append(one)
        self._housed_edges = sorted({edge for one in index.hosting for edge in (one.from_ns, one.to_ns)})

    def asked(self, address: Address) -> Asked:
        """Return an address with the prefixes that hold it."""
        number = int.from_bytes(packed16(address), "big")
        if number >> 32 != MAPPED:
            tree = self.trees[V6]
            return Asked(tree, tree.chain(number), None)
        return self._asked_v4(number & 0xFFFF_FFFF, V4)

    def _asked_v4(self, number: int, name: str) -> Asked:
        tree = self.trees[name]
        return Asked(tree, tree.chain(number), number if name == V4 else None)

    def _behind(self, block: int) -> Asked:
        """Return the private address of a block."""
        realm = int(self.index.block_realm[block])
        return self._asked_v4(
            int(self.index.block_private[block]), V4 if realm == NOTHING else f"realm{realm}"
        )

    def changes(self, asked: Asked, port: int | None, after: int, to: int) -> list[int]:
        """Return the instants in (after, to] at which the answer may change."""
        if after == to:
            return []
        found = set(asked.tree.changes(asked.chain, after, to))
        if asked.public is not None and self.blocks.span(asked.public) is not None:
            for block in self.blocks.touching(asked.public, port, after, to)[-MAX_INSTANTS:]:
                found.update(edge for edge in self.block_period(block) if after < edge <= to)
                if self.index.block_record[block] == NOTHING:
                    behind = self._behind(block)
                    found.update(behind.tree.changes(behind.chain, after, to))
            found.update(edge for edge in self.blocks.span(asked.public) or () if after < edge <= to)
        edges = self._housed_edges
        found.update(edges[bisect_right(edges, after) : bisect_right(edges, to)])
        for node in asked.chain:
            found.update(edge for edge in asked.tree.logged(node) or () if after < edge <= to)
        return sorted(found)

    def state(self, asked: Asked, port: int | None, at_ns: int) -> State:
        """Return what holds at one instant."""
        code, _, passed = asked.tree.at(asked.chain, at_ns)
        members = self.index.members(code) if code != NOTHING else ()
        if asked.public is not None and self._is_shared(asked.public, members):
            return self._by_block(asked.public, port, at_ns)
        return self._plain(asked.tree, members, passed, at_ns)

    def _is_shared(self, public: int, members: tuple[int, ...]) -> bool:
        """Say whether only a CGNAT log can tell who had a public address."""
        if any(self._use(one) is Use.NAT for one in members):
            return True
        span = self.blocks.span(public)
        if span is None:
            return False
        # A holder whose whole period lies before or after what the logs speak of had it alone.
        return not members or any(_overlap(self.period(one), span) for one in members)

    def _by_block(self, public: int, port: int | None, at_ns: int) -> State:
        blocks = self.blocks.touching(public, port, at_ns, at_ns) if len(self.blocks) else []
        missing = {answers.MISSING_PORT} if port is None else set()
        if not blocks:
            return State(missing=frozenset(missing | {answers.MISSING_LOG}))
        found: list[tuple[Holder, Period, float]] = []
        sizes = [1 if port is not None else int(self.index.block_ports[block]) for block in blocks]
        for block, size in zip(blocks, sizes, strict=True):
            period = self.block_period(block)
            if (record := int(self.index.block_record[block])) != NOTHING:
                state = self._plain(None, (record,), [], at_ns)
            else:
                behind = self._behind(block)
                code, _, passed = behind.tree.at(behind.chain, at_ns)
                members = self.index.members(code) if code != NOTHING else ()
                state = self._plain(behind.tree, members, passed, at_ns)
            missing |= state.missing
            found += [(who, period, weight * size / sum(sizes)) for who, _, weight in state.weights]
        if len({who for who, _, _ in found}) > 1 and port is not None and not missing:
            missing.add(answers.MISSING_AGREEMENT)
        return State(tuple(found), frozenset(missing))

    def _plain(
        self, tree: PrefixTree | None, members: tuple[int, ...], passed: list[int], at_ns: int
    ) -> State:
        """Return what records of one prefix say, ports aside."""
        spans = [span for node in passed if tree is not None and (span := tree.logged(node)) is not None]
        if not members:
            return State(missing=frozenset({answers.MISSING_LOG if spans else answers.MISSING_ASSIGNMENT}))
        missing: set[str] = set()
        found: list[tuple[Holder, Period, float]] = []
        for one in members:
            if self._use(one) in (Use.NAT, Use.DYNAMIC):
                missing.add(answers.MISSING_LOG)
            elif self.index.uscc[one] == NOTHING or self.index.site[one] == NOTHING:
                missing.add(answers.MISSING_LINE)
            else:
                who = Holder(int(self.index.uscc[one]), self.index.lines[one], int(self.index.site[one]))
                found.append((who, self.period(one), 1.0))
            if any(_overlap(self.period(one), span) for span in spans):
                missing.add(answers.MISSING_LOG)
        if len({who for who, _, _ in found}) > 1:
            missing.add(answers.MISSING_AGREEMENT)
        housed = [part for share in found for part in self._housed(share, at_ns)]
        if len(housed) > len(found):
            missing.add(answers.MISSING_TENANT)
        whole = sum(weight for _, _, weight in housed)
        return State(
            tuple((who, period, weight / whole) for who, period, weight in housed), frozenset(missing)
        )

    def _housed(self, share: tuple[Holder, Period, float], at_ns: int) -> list[tuple[Holder, Period, float]]:
        """Return a holder, and whose machines it houses at that site, all equally probable."""
        who, period, weight = share
        tenants = {
            one.tenant
            for one in self._housed_at.get((who.uscc, who.site), ())
            if one.from_ns <= at_ns < one.to_ns and one.tenant != who.uscc
        }
        parts = [who, *(who._replace(uscc=tenant) for tenant in sorted(tenants))]
        return [(part, period, weight / len(parts)) for part in parts]

    def _use(self, record: int) -> Use:
        return USES[int(self.index.use[record])]

    def period(self, record: int) -> Period:
        """Return the period of a record."""
        return Period(int(self.index.from_ns[record]), int(self.index.to_ns[record]))

    def block_period(self, block: int) -> Period:
        """Return the period of a port block."""
        return Period(int(self.index.block_from[block]), int(self.index.block_to[block]))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
