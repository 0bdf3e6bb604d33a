"""Many questions at once: numpy answers those whose record is beyond doubt, the rest are asked one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import Address, address_of
from registry.answers import Attribution
from registry.index import V4, V6
from registry.moments import MAPPED, Moments
from registry.prefix_tree import NOTHING

ASK = -2
"""Code of a bulk answer: not one record; `Bulk.attribution` works it out."""
MIN_NS, MAX_NS = -(1 << 63), (1 << 63) - 1


class BulkFinder:
    """Finds the records that answer."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def find(
        self,
        addresses: NDArray[np.uint64],
        at_ns: NDArray[np.int64],
        ports: NDArray[np.int64] | None,
        tolerance: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the codes and port blocks of n questions, as `Bulk` holds them; `tolerance` in ns.

        `addresses`: (n, 2) uint64, high and low half, IPv4 mapped into ::ffff:0:0/96. `at_ns`: (n,) int64.
        `ports`: (n,) int64, -1 where the question names none.
        """
        index = self._moments.index
        highs, lows = np.ascontiguousarray(addresses[:, 0]), np.ascontiguousarray(addresses[:, 1])
        mapped = (highs == 0) & (lows >> np.uint64(32) == MAPPED)
        begin = np.maximum(at_ns, MIN_NS + tolerance) - tolerance
        end = np.minimum(at_ns, MAX_NS - tolerance) + tolerance
        codes = np.empty(len(highs), np.int64)
        blocks = np.full(len(highs), NOTHING, np.int32)
        for name, chosen in ((V4, np.flatnonzero(mapped)), (V6, np.flatnonzero(~mapped))):
            if len(chosen):
                codes[chosen] = self._codes(name, highs[chosen], lows[chosen], begin[chosen], end[chosen])
        shared = np.flatnonzero(mapped)
        if len(shared) and len(self._moments.blocks):
            shared = shared[self._moments.blocks.known(lows[shared] & np.uint64(0xFFFF_FFFF))]
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
        return codes, blocks

    def _codes(
        self,
        name: str,
        highs: NDArray[np.uint64],
        lows: NDArray[np.uint64],
        begin: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        small = lows if name == V6 else lows & np.uint64(0xFFFF_FFFF)
        found = self._moments.trees[name].find(highs, small, begin, end)
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
        index = self._moments.index
        lows, begin, end = asked[0][shared], asked[2][shared], asked[3][shared]
        ports = asked[1][shared]
        usable = ports >= 0
        found = self._moments.blocks.find(lows & np.uint64(0xFFFF_FFFF), np.maximum(ports, 0), begin, end)
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


@dataclass(frozen=True, slots=True)
class Bulk:
    """The answers to many questions."""

    of_record: Callable[[int, int], Attribution]
    """Gives the answer of a record found by way of a port block (or NOTHING)."""
    ask: Callable[[Address, int, int | None], Attribution]
    """Gives the answer to one question."""
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
            return self.of_record(code, int(self.blocks[place]))
        high, low = self.addresses[place].tolist()
        port = None if self.ports is None or self.ports[place] < 0 else int(self.ports[place])
        return self.ask(address_of(high, low), int(self.at_ns[place]), port)
