"""The ownership graph as columns: parties, names, and which party used which name.

Everything here is made of whole numbers and arrays, so that a million nodes are clustered in seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.distinct import distinct
from classifier.ownership_model import Kind, Tie, is_own
from facts.endpoint import Address, packed16

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Key = tuple[bytes, str]
"""A party: its address's 16 bytes, and what tells it from others there."""


@dataclass(frozen=True, slots=True)
class Graph:
    """P parties, N names, E edges; each pair of party and name once. Parties are sorted by their keys."""

    parties: Sequence[tuple[Address, str]]
    keys: Sequence[Key]
    address: Ints
    """(P,) number of the party's address."""
    names: Sequence[tuple[Kind, str]]
    kind: NDArray[np.int8]
    """(N,) of each name."""
    party: Ints
    """(E,)"""
    name: Ints
    """(E,)"""
    first_ns: Ints
    """(E,) nanoseconds since 1970 UTC."""
    last_ns: Ints
    """(E,)"""
    own: Flags
    """(E,) whether the name is a service at the party's own address: it is a proxy that was seen at work."""
    spread: Ints
    """(N,) addresses that use each name, in the whole graph where this is a part of it."""


def build(ties: Iterable[Tie], spread: Mapping[tuple[Kind, str], int] | None = None) -> Graph:
    """Return the graph of ties, in whatever order they come; the same tie twice is one edge.

    Where the ties are a part of a larger graph, `spread` tells how many addresses use a name in all of it.
    """
    parties: dict[Key, int] = {}
    names: dict[tuple[int, str], int] = {}
    shown: list[tuple[Address, str]] = []
    packed: dict[Address, bytes] = {}
    spans: dict[tuple[int, int], list[int]] = {}
    for tie in ties:
        at = packed.get(tie.address)
        if at is None:
            at = packed[tie.address] = packed16(tie.address)
        key = (at, tie.party)
        party = parties.get(key)
        if party is None:
            party = parties[key] = len(shown)
            shown.append((tie.address, tie.party))
        name = names.setdefault((int(tie.kind), tie.name), len(names))
        span = spans.get((party, name))
        if span is None:
            own = tie.kind is Kind.UPSTREAM and is_own(tie.address, tie.name)
            spans[party, name] = [tie.first_ns, tie.last_ns, own]
        else:
            span[0] = min(span[0], tie.first_ns)
            span[1] = max(span[1], tie.last_ns)
    return _sorted(parties, shown, names, spans, spread or {})


def _sorted(
    parties: dict[Key, int],
    shown: list[tuple[Address, str]],
    names: dict[tuple[int, str], int],
    spans: dict[tuple[int, int], list[int]],
    spread: Mapping[tuple[Kind, str], int],
) -> Graph:
    """Number parties and names in their order, so that the order of ties does not matter."""
    in_order = sorted(parties)
    place = np.empty(len(parties), np.int64)
    place[[parties[key] for key in in_order]] = np.arange(len(parties))
    names_in_order = sorted(names)
    name_place = np.empty(len(names), np.int64)
    name_place[[names[key] for key in names_in_order]] = np.arange(len(names))
    edges = np.array(list(spans), np.int64).reshape(-1, 2)
    rows = np.array(list(spans.values()), np.int64).reshape(-1, 3)
    party, name = place[edges[:, 0]], name_place[edges[:, 1]]
    order = np.lexsort((name, party))
    changes = [i > 0 and key[0] != in_order[i - 1][0] for i, key in enumerate(in_order)]
    address = np.cumsum(np.array(changes, np.int64))
    told = [(Kind(kind), text) for kind, text in names_in_order]
    width = int(address.max(initial=0)) + 1
    pairs = distinct(name * width + address[party])
    users = np.bincount(pairs // width, minlength=len(told)).astype(np.int64)
    if spread:
        users = np.array([spread.get(one, int(n)) for one, n in zip(told, users, strict=True)], np.int64)
    return Graph(
        parties=[shown[parties[key]] for key in in_order],
        keys=in_order,
        address=address,
        names=told,
        kind=np.array([kind for kind, _ in names_in_order], np.int8),
        party=party[order],
        name=name[order],
        first_ns=rows[order, 0],
        last_ns=rows[order, 1],
        own=rows[order, 2].astype(np.bool_),
        spread=users,
    )
