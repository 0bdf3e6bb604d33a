"""Flows of money as evidence: from a payout address over an exchange to an account and its holder.

Each step names who says so. A chain is as good as its weakest step and says nothing that no step says; what
leaves an exchange is joined to what entered it only through an account that both steps name.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from supervision.ledgers.model import Flow, NodeKind

Node = tuple[NodeKind, str]
MAX_STEPS = 8
"""Steps of one chain: longer ones tell nothing that could be shown to a person."""
MAX_CHAINS = 500
"""Chains told of one beginning."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps of which each begins where the one before ended."""

    steps: tuple[Flow, ...]

    @property
    def begin(self) -> Node:
        """Where it begins."""
        return self.steps[0].from_kind, self.steps[0].from_id

    @property
    def end(self) -> Node:
        """Where it ends."""
        return self.steps[-1].to_kind, self.steps[-1].to_id

    @property
    def holder(self) -> str:
        """Credit code of whose account it ends at; empty for a person or where unknown."""
        last = self.steps[-1]
        return last.holder or (last.to_id if last.to_kind is NodeKind.ENTERPRISE else "")

    @property
    def authorities(self) -> tuple[str, ...]:
        """Who says so, each once, in the order of the steps."""
        return tuple(dict.fromkeys(step.authority for step in self.steps))

    @property
    def in_time(self) -> bool | None:
        """Whether no step ended before the one before it began; None where days are missing."""
        known = True
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            if before.first_on is None or after.last_on is None:
                known = False
            elif after.last_on < before.first_on:
                return False
        return True if known else None


class Flows:
    """Flows of money, asked from either end."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._out: dict[Node, list[Flow]] = {}
        self._in: dict[Node, list[Flow]] = {}
        self._holders: dict[str, list[Flow]] = {}
        for flow in flows:
            self._out.setdefault(_begin(flow), []).append(flow)
            self._in.setdefault(_end(flow), []).append(flow)
            if flow.holder:
                self._holders.setdefault(flow.holder, []).append(flow)

    def onward(self, begin: Node) -> list[Chain]:
        """Return the chains that begin somewhere, up to where nothing goes on; the shortest first.

        A chain never comes back to where it was, and steps that contradict each other in time are not joined.
        """
        return self._chains(begin, self._out, onward=True)

    def back(self, end: Node) -> list[Chain]:
        """Return the chains that end somewhere, from where nothing is known before."""
        return self._chains(end, self._in, onward=False)

    def reaching(self, uscc: str) -> list[Chain]:
        """Return the chains that end at accounts of an enterprise or at itself; each as long as is known."""
        found: list[Chain] = []
        ends = {_end(flow) for flow in self._holders.get(uscc, ())} | {(NodeKind.ENTERPRISE, uscc)}
        for end in sorted(ends):
            found += self.back(end)
        return found[:MAX_CHAINS]

    def holders_of(self, wallet: str) -> dict[str, Chain]:
        """Return the enterprises that a wallet's payouts reach, each with its shortest chain.

        An account on the way counts as well as the last one: who passes money on had it.
        """
        found: dict[str, Chain] = {}
        for chain in self.onward((NodeKind.WALLET, wallet)):
            for length in range(1, len(chain.steps) + 1):
                part = Chain(chain.steps[:length])
                if part.holder and (
                    part.holder not in found or len(found[part.holder].steps) > len(part.steps)
                ):
                    found[part.holder] = part
        return found

    def wallets(self) -> list[str]:
        """Return the wallets that money is known to come from, in order."""
        return sorted(name for kind, name in self._out if kind is NodeKind.WALLET)

    def _chains(self, start: Node, edges: dict[Node, list[Flow]], *, onward: bool) -> list[Chain]:
        found: list[Chain] = []
        waiting: deque[tuple[Node, tuple[Flow, ...], frozenset[Node]]] = deque(
            [(start, (), frozenset({start}))]
        )
        while waiting and len(found) < MAX_CHAINS:
            here, steps, seen = waiting.popleft()
            went = False
            if len(steps) < MAX_STEPS and len(waiting) < MAX_CHAINS:
                for flow in edges.get(here, ()):
                    there = _end(flow) if onward else _begin(flow)
                    longer = (*steps, flow) if onward else (flow, *steps)
                    if there not in seen and Chain(longer).in_time is not False:
                        went = True
                        waiting.append((there, longer, seen | {there}))
            if steps and not went:
                found.append(Chain(steps))
        return found


def span(chain: Chain) -> tuple[date | None, date | None]:
    """Return the first and last day that any step tells."""
    firsts = [step.first_on for step in chain.steps if step.first_on is not None]
    lasts = [step.last_on for step in chain.steps if step.last_on is not None]
    return min(firsts, default=None), max(lasts, default=None)


def _begin(flow: Flow) -> Node:
    return flow.from_kind, flow.from_id


def _end(flow: Flow) -> Node:
    return flow.to_kind, flow.to_id
