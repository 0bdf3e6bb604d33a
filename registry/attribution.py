"""Address, port and time to subscriber line, enterprise and site.

At one instant, the longest prefix valid then answers. Where it is a pool, or where CGNAT logs speak of the
address, the port block tells which private address it was, and the longest prefix in that address space
answers; where it is a pool that gives addresses out, the lease of an access log is the longest prefix. Clocks
differ, so a question asks for a short window around its time: only what holds throughout is one name.
"""

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import Address
from registry import answers
from registry.answering import Answering
from registry.answers import UNASSIGNED
from registry.answers import Attribution as Attribution  # part of this file's interface
from registry.bulk import MAX_NS, MIN_NS, Bulk, BulkFinder
from registry.index import RegistryIndex
from registry.index_build import build_index
from registry.model import RegistryData
from registry.moments import MAX_INSTANTS, Asked, Holder, Moments, Period
from registry.prefix_tree import NOTHING


class Attributor:
    """Answers for one registry; immutable, so it may be shared between threads and swapped whole.

    `tolerance_ns`: how far the clocks of captures and logs may be apart; an answer holds throughout this time
    before and after the question's. Raises ValueError where an assignment names an enterprise or a site that
    the registry does not hold.
    """

    def __init__(self, data: RegistryData | RegistryIndex, tolerance_ns: int = 0) -> None:
        self._index = index = data if isinstance(data, RegistryIndex) else build_index(data)
        self.tolerance_ns = tolerance_ns
        self._moments = Moments(index)
        self._answering = Answering(index)
        self._bulk = BulkFinder(self._moments)

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
            return self._ever(self._moments.asked(address), port)
        return self.during(address, at_ns, at_ns, port)

    def during(self, address: Address, from_ns: int, to_ns: int, port: int | None = None) -> Attribution:
        """Return who held `address` from `from_ns` to `to_ns` (inclusive).

        Where it changed hands in between, the answer is the set of its holders, the longer the more probable.
        """
        moments = self._moments
        asked = moments.asked(address)
        begin = max(from_ns - self.tolerance_ns, MIN_NS)
        end = min(max(from_ns, to_ns) + self.tolerance_ns, MAX_NS)
        edges = [begin, *moments.changes(asked, port, begin, end)[-MAX_INSTANTS:]]
        states = [moments.state(asked, port, edge) for edge in edges]
        lengths = [
            after - edge + (after == end) for edge, after in zip(edges, [*edges[1:], end], strict=True)
        ]
        return self._answering.over(states, lengths)

    def attribute_many(
        self,
        addresses: NDArray[np.uint64],
        at_ns: NDArray[np.int64],
        ports: NDArray[np.int64] | None = None,
    ) -> Bulk:
        """Answer n questions at once, in the order asked.

        `addresses`: (n, 2) uint64, high and low half, IPv4 mapped into ::ffff:0:0/96. `at_ns`: (n,) int64.
        `ports`: (n,) int64, -1 where the question names none.
        """
        codes, blocks = self._bulk.find(addresses, at_ns, ports, self.tolerance_ns)
        return Bulk(self.of_record, self.attribute, addresses, at_ns, ports, codes, blocks)

    def of_record(self, code: int, block: int = NOTHING) -> Attribution:
        """Return the answer that one record gives, found by way of a port block or not."""
        if code == NOTHING:
            return UNASSIGNED
        index = self._index
        holder = Holder(int(index.uscc[code]), index.lines[code], int(index.site[code]))
        period = self._moments.block_period(block) if block != NOTHING else self._moments.period(code)
        return self._answering.certain(holder, period)

    def _ever(self, asked: Asked, port: int | None) -> Attribution:
        """Return all who ever held an address; without a time each record is equally probable."""
        missing = {answers.MISSING_TIME}
        seen: dict[tuple[Holder, Period], None] = {}
        instants = asked.tree.all_changes(asked.chain)[-MAX_INSTANTS:]
        if asked.public is not None and self._moments.blocks.span(asked.public) is not None:
            if port is None:
                missing.add(answers.MISSING_PORT)
            blocks = self._moments.blocks.latest(asked.public, port, MAX_INSTANTS)
            instants = sorted({*instants, *(self._moments.block_period(block).from_ns for block in blocks)})
        for at_ns in reversed(instants[-MAX_INSTANTS:]):
            state = self._moments.state(asked, port, at_ns)
            missing |= state.missing - {answers.MISSING_ASSIGNMENT, answers.MISSING_AGREEMENT}
            seen.update(((who, period), None) for who, period, _ in state.weights)
        if not seen and missing <= {answers.MISSING_TIME}:
            return UNASSIGNED
        return self._answering.ranked([(who, period, 1.0) for who, period in seen], missing, merge=False)
