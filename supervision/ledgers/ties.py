"""What enterprises share: relations to nodes of a graph, with who else is at each node.

A person is one node whatever the role (legal person here, shareholder there), told by reference where there
is one, else by name alone. An enterprise that holds shares, and a partner, are nodes of their own.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from unicodedata import normalize

from registry import uscc
from supervision.ledgers.model import Relation, RelationKind
from supervision.ledgers.weights import NAME, TieWeight, Weights

OFFICE = "office"
"""The group of what an agency lends out: addresses, telephones, and with them supervisors."""
_LENT_OUT = frozenset({RelationKind.MANAGER.value, NAME})
ALIKE = 3
"""Sharers of an office and of a supervisor from which on both are an agency's."""
_PERSONS = frozenset(
    {
        RelationKind.LEGAL_PERSON,
        RelationKind.CONTROLLER,
        RelationKind.MANAGER,
        RelationKind.SHAREHOLDER,
    }
)
_NOISE = re.compile(r"[\W_]+")
_NO_DIGITS = re.compile(r"\D+")

Node = tuple[str, str]
"""What kind of thing, and its name in the form in which two are compared."""
ENTERPRISE = "enterprise"
"""Kind of the node of an enterprise at which its tenants, daughters and it itself are."""


@dataclass(frozen=True, slots=True)
class Use:
    """How an enterprise is tied to a node."""

    kind: str
    """A kind of relation, or `name`."""
    shown: str
    """As it was written."""
    part: float
    """Of the weight, 0 to 1."""
    reference: str
    """Of a person by name: what would tell two of the name apart."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that two enterprises share, and what it says."""

    kind: str
    shown: str
    sharers: int
    """Enterprises known to share it."""
    weight: float
    """Log-odds that it adds, nats; 0 where it says nothing."""
    group: str
    hub: bool
    """So many share it, or it is of such a kind, that it says nothing."""


class Ties:
    """The graph of enterprises and what they share."""

    def __init__(self, relations: Iterable[Relation], weights: Weights) -> None:
        self._weights = weights
        self._at: dict[Node, dict[str, Use]] = {}
        self._of: dict[str, set[Node]] = {}
        for relation in relations:
            for node, use in _nodes(relation, weights):
                held = self._at.setdefault(node, {})
                before = held.get(relation.uscc)
                if before is None or _rank(use, weights) > _rank(before, weights):
                    held[relation.uscc] = use
                self._of.setdefault(relation.uscc, set()).add(node)
                if node[0] == ENTERPRISE:  # the partner itself is at its own node
                    held.setdefault(node[1], Use(use.kind, node[1], 1.0, ""))
                    self._of.setdefault(node[1], set()).add(node)

    def neighbours(self, code: str, came_from: str | None = None) -> set[str]:
        """Return the enterprises that share something with one that is no hub.

        Who was reached from its own tenant or daughter leads to no other tenant or daughter: those are
        strangers to each other, or share the parent and are neighbours by that.
        """
        found: set[str] = set()
        for node in self._open(code, came_from):
            if not self._is_hub(node, self._at[node][code].kind, begin=code):
                found.update(self._at[node])
            elif node[0] == ENTERPRISE:
                found.add(node[1])  # a parent of hundreds is a parent still
        found.discard(code)
        return found

    def between(self, begin: str, end: str, came_from: str | None = None) -> list[Shared]:
        """Return all that two enterprises share, the heaviest first; hubs are told, with a weight of 0.

        From a tenant to its host a tie has its whole weight, from the host to one of many tenants it has not.
        """
        found: dict[Node, Shared] = {}
        for node in self._open(begin, came_from) & self._of.get(end, set()):
            if (shared := self._shared(node, begin, end)) is not None:
                found[node] = shared
        offices = [node for node, tie in found.items() if tie.group == OFFICE]
        if offices:
            agent = any(node[0] == RelationKind.AGENT.value for node in offices)
            for node, tie in found.items():
                if tie.kind in _LENT_OUT and (agent or any(self._alike(node, one) for one in offices)):
                    found[node] = replace(tie, group=OFFICE)
        return sorted(found.values(), key=lambda tie: (-tie.weight, tie.kind, tie.shown))

    def _alike(self, one: Node, other: Node) -> bool:
        """Say whether three or more share both: then one agency lends both, and they are one thing."""
        first, second = self._at[one].keys(), self._at[other].keys()
        return len(first & second) >= max(ALIKE, 0.6 * min(len(first), len(second)))

    def _open(self, code: str, came_from: str | None) -> set[Node]:
        """Return the nodes by which an enterprise may be left."""
        nodes = self._of.get(code, set())
        own = (ENTERPRISE, code)
        if came_from is not None and came_from in self._at.get(own, ()):
            return nodes - {own}
        return nodes

    def log_odds(self, shared: Iterable[Shared]) -> float:
        """Return the log-odds that two enterprises are of one hand: of each group the heaviest counts."""
        best: dict[str, float] = {}
        for tie in shared:
            best[tie.group] = max(best.get(tie.group, 0.0), tie.weight)
        return self._weights.prior + math.fsum(best.values())

    def sharers(self, node: Node) -> int:
        """Return how many enterprises are at a node."""
        return len(self._at.get(node, ()))

    def _shared(self, node: Node, begin: str, end: str) -> Shared | None:
        first, second = self._at[node][begin], self._at[node][end]
        if first.kind == NAME and first.reference and second.reference:
            return None  # two persons of one name: their references differ, or they would share that node
        lighter, use = min(
            ((self._own(use), use) for use in (first, second)), key=lambda pair: pair[0].weight * pair[1].part
        )
        sharers = len(self._at[node])
        others = 1 if node == (ENTERPRISE, end) else sharers - 1
        hub = node != (ENTERPRISE, end) and self._is_hub(node, use.kind, begin)
        weight = 0.0 if hub else max(0.0, lighter.weight * use.part - lighter.damping * math.log(others))
        return Shared(use.kind, use.shown, sharers, weight, lighter.group, hub)

    def _own(self, use: Use) -> TieWeight:
        return self._weights.ties[use.kind]

    def _is_hub(self, node: Node, kind: str, begin: str) -> bool:
        if node[0] == ENTERPRISE and node[1] != begin and kind == RelationKind.PARTNER.value:
            return True  # the tenants of one host: strangers to each other
        if node[0] == RelationKind.ADDRESS.value and any(word in node[1] for word in self._weights.hub_words):
            return True
        return len(self._at[node]) > self._weights.ties[kind].most


def _nodes(relation: Relation, weights: Weights) -> Iterable[tuple[Node, Use]]:
    """Return where a relation puts its enterprise."""
    kind, value, reference = relation.kind, relation.value, relation.reference
    part = weights.of_share(relation.share) if kind is RelationKind.SHAREHOLDER else 1.0
    if kind is RelationKind.CLUSTER:
        part = float(relation.share or 100) / 100
    if kind is RelationKind.PARTNER or kind in _PERSONS:
        code = next((text for text in (reference, value) if uscc.fault(text) is None), None)
        if code is not None:
            if code != relation.uscc:
                yield (ENTERPRISE, code), Use(kind.value, code, part, "")
            return
    if kind in _PERSONS:
        if reference:
            yield ("person", compared(reference)), Use(kind.value, value, part, reference)
        yield ("named", compared(value)), Use(NAME, value, part, reference)
        return
    if name := _FORMS.get(kind, compared)(value):
        yield (kind.value, name), Use(kind.value, value, part, "")


def compared(text: str) -> str:
    """Return a text in the form in which two are compared: no blanks, signs, widths, capitals."""
    return _NOISE.sub("", normalize("NFKC", text)).casefold()


def digits(text: str) -> str:
    """Return the digits of a telephone number without the country's."""
    found = _NO_DIGITS.sub("", normalize("NFKC", text))
    return found.removeprefix("0086").removeprefix("86") if len(found) > 11 else found


def exact(text: str) -> str:
    """Return a name whose signs and capitals count, without blanks."""
    return "".join(normalize("NFKC", text).split())


_FORMS: Mapping[RelationKind, Callable[[str], str]] = {
    RelationKind.PHONE: digits,
    RelationKind.EMAIL: lambda text: exact(text).casefold(),
    RelationKind.WALLET: exact,
    RelationKind.CLUSTER: exact,
}


def _rank(use: Use, weights: Weights) -> tuple[float, str]:
    return weights.ties[use.kind].weight * use.part, use.shown


def counted(relations: Iterable[Relation]) -> Mapping[str, int]:
    """Return how many relations there are of each kind."""
    found: dict[str, int] = {}
    for relation in relations:
        found[relation.kind.value] = found.get(relation.kind.value, 0) + 1
    return found
