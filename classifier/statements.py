"""Statements: evidence about one address in one role, in the making."""

from classifier.kinds import Kind
from classifier.talk import Seen, place
from facts.endpoint import Address
from facts.evidence import Evidence, Params
from facts.names import Role

ONCE = 1
"""How often something counts that is said all the time, or that a sighting was made to show."""


class Statements:
    """Of each kind the first sighting is shown and all are counted. Sightings are never changed by it."""

    __slots__ = ("address", "kinds", "role")

    def __init__(self, address: Address, role: Role) -> None:
        self.address = address
        self.role = role
        self.kinds: dict[Kind, tuple[Seen, int, Params]] = {}
        """What is shown of each kind, and how often it was seen."""

    def state(
        self, kind: Kind, seen: Seen, count: int | None = None, /, **params: str | int | float | bool
    ) -> None:
        """Add a sighting of a kind, as often as it was seen, or `count` times."""
        told = tuple(sorted(params.items())) if len(params) > 1 else tuple(params.items())
        times = seen.count if count is None else count
        old = self.kinds.get(kind)
        if old is None:
            self.kinds[kind] = seen, times, told
            return
        shown, before, told_of = old
        here, there = place(seen), place(shown)
        if here < there or (here == there and repr(told) < repr(told_of)):
            shown, told_of = seen, told
        self.kinds[kind] = shown, before + times, told_of

    def first(self) -> Seen:
        """Return the earliest sighting of all, counted once."""
        seen = min((seen for seen, _, _ in self.kinds.values()), key=place)
        return Seen(seen.where, seen.at_ns, seen.text)

    def evidence(self) -> list[Evidence]:
        """Return the evidence, one of a kind."""
        address, role = self.address, self.role
        return [
            Evidence(address, role, kind, seen.where, seen.at_ns, params, count)
            for kind, (seen, count, params) in self.kinds.items()
        ]
