"""Which parties belong together: first by who is paid, then by what they share besides.

1. A wallet, account or e-mail address, a private proxy, a relay joins all who use it, unless it is a hub.
2. The groups that this leaves are weighed against each other, pair by pair: log-odds of all names that both
   use, rarer names weighing more, on a prior that speaks against. What reaches the threshold is joined, and
   the larger groups are weighed again until nothing changes.

Every decision looks at names that the parties in question use, and at nothing global: parties that are not
connected by any name cannot change one another's cluster, so a part of the graph can be done anew alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.distinct import distinct
from classifier.ownership_graph import Flags, Graph, Ints
from classifier.ownership_hubs import mining_enterprises, one_owners_patterns, private_services, shared_payees
from classifier.ownership_model import PAYS, WORDS, Kind
from classifier.ownership_pairs import Floats, Sums, best, hanging_together, shared, total
from classifier.ownership_reach import weights

WEAK = (Kind.SCHEME, Kind.NAMESAKE, Kind.WORKER, Kind.AGENT, Kind.JA4, Kind.UPSTREAM, Kind.HIDDEN)
"""Kinds that add up."""
PLACES = (Kind.LINE, Kind.ENTERPRISE)
"""Kinds that say where; of these and the address itself the strongest counts, since one implies the next."""
TYPICAL = 3.0
"""A name that one address in so many uses is a group's own."""
TENANTS = 3.0
"""Other accounts at one address from which it tells less of each."""
MOST_ROUNDS = 16
"""Rounds of weighing; each joins something, and a handful is what real graphs take."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What belongs together, and what each name said of it."""

    cluster: Ints
    """(P,) number of each party's cluster, from 0 in the order of the parties."""
    weight: Floats
    """(N,) log-odds that the name adds for two of its users; 0 where it says nothing."""
    strong: Flags
    """(N,) whether it joined on its own."""


def merge(graph: Graph, sizes: Mapping[str, int] | None = None) -> Merged:
    """Return the clusters of a graph; `sizes` tells the registered addresses of enterprises."""
    table = weights()
    strong = np.isin(graph.kind, (*PAYS, Kind.RELAY)) & ~shared_payees(graph)
    payee = _paid(graph, strong)
    strong |= private_services(graph, payee)
    group = _joined(graph, strong)
    weight = _worth(graph, group, strong, table)
    mining = mining_enterprises(graph, sizes or {}) & (weight > 0)
    weight[mining] = table["enterprise"]["own"]
    for _ in range(MOST_ROUNDS):
        pairs = _pairs(graph, group, weight, strong, table)
        if not len(pairs):
            break
        width = int(group.max(initial=-1)) + 1
        group = hanging_together(width, pairs[:, 0], pairs[:, 1])[group]
    return Merged(_numbered(group), weight, strong)


def _joined(graph: Graph, strong: Flags) -> Ints:
    """Return (P,) the group of each party by the names that join on their own."""
    edges = strong[graph.name]
    count = len(graph.parties)
    links = graph.party[edges], graph.name[edges] + count
    return _numbered(hanging_together(count + len(graph.names), *links)[:count])


def _paid(graph: Graph, strong: Flags) -> Ints:
    """Return (P,) the number of who is paid, the same for all that one person's names join; -1 for nobody."""
    group = _joined(graph, strong)
    named = np.zeros(len(graph.parties), np.bool_)
    named[graph.party[np.isin(graph.kind, PAYS)[graph.name]]] = True
    return np.where(named, group, -1)


def _numbered(labels: Ints) -> Ints:
    """Return labels renumbered from 0 in the order in which they come first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[inverse]


def _worth(graph: Graph, group: Ints, strong: Flags, table: dict[str, Any]) -> Floats:
    """Return (N,) what each name adds for two of its users."""
    # A name in three enterprises is no more common for the thirty accounts that work there.
    owners = np.minimum(_users(graph, group), _users(graph, _places(graph)))
    weight = np.zeros(len(graph.names))
    for kind in (*WEAK, *PLACES):
        row = table[WORDS[kind]]
        mine = (graph.kind == kind) & (graph.spread <= row["most"])
        damped = row["base"] - row["damping"] * np.log(np.maximum(owners, 2) / 2)
        weight[mine] = np.maximum(damped[mine], 0)
    weight[one_owners_patterns(graph, owners) & (weight > 0)] = table["scheme"]["own"]
    for name, value in table["strong"].items():
        weight[strong & (graph.kind == Kind[name.upper()])] = value
    return weight


def _users(graph: Graph, label: Ints) -> Ints:
    """Return (N,) how many different labels the users of each name have."""
    width = max(int(label.max(initial=-1)) + 1, 1)
    pairs = distinct(graph.name * width + label[graph.party])
    return np.bincount(pairs // width, minlength=len(graph.names)).astype(np.int64)


def _places(graph: Graph) -> Ints:
    """Return (P,) the number of each party's enterprise, or of its address where that is not known."""
    place = len(graph.names) + graph.address
    known = (graph.kind == Kind.ENTERPRISE)[graph.name]
    place[graph.party[known]] = graph.name[known]
    return place


def _pairs(graph: Graph, group: Ints, weight: Floats, strong: Flags, table: dict[str, Any]) -> Ints:
    """Return (n, 2) the pairs of groups whose log-odds reach the threshold."""
    scores = [_place(graph, group, weight, table)]
    for kind in WEAK:
        names = (graph.kind == kind) & ~strong
        scores.append(_shared(graph, group, names, weight, table[WORDS[kind]]["cap"]))
    found = total(*scores)
    enough = found.value + table["prior"] >= table["threshold"]
    return np.column_stack((found.row[enough], found.column[enough]))


def _incidence(graph: Graph, group: Ints, names: Flags) -> tuple[Ints, Ints, Floats]:
    """Return (E,) which group uses which of those names that two groups or more use, and how much.

    The last is how much a name stands for a group: 1 where a third of its addresses use it or more,
    less where it is a chance name of a few, as one of a hundred infected desks may be called what a rig is.
    """
    count = len(graph.names)
    edges = names[graph.name]
    seats = int(graph.address.max(initial=0)) + 1
    used = distinct(
        (group[graph.party[edges]] * count + graph.name[edges]) * seats + graph.address[graph.party[edges]]
    )
    pairs, users = np.unique(used // seats, return_counts=True)
    rows, columns = np.divmod(pairs, count)
    kept = np.bincount(columns, minlength=count)[columns] >= 2
    part = np.minimum(1.0, TYPICAL * users / _sizes(graph, group)[rows])
    return rows[kept], columns[kept], part[kept]


def _sizes(graph: Graph, group: Ints) -> Ints:
    """Return how many addresses each group has."""
    seats = int(graph.address.max(initial=0)) + 1
    return np.bincount(distinct(group * seats + graph.address) // seats).astype(np.int64)


def _shared(graph: Graph, group: Ints, names: Flags, weight: Floats, cap: float) -> Sums:
    """Return of each two groups the sum over the names of one kind, `cap` at most."""
    rows, columns, part = _incidence(graph, group, names & (weight > 0))
    return shared(columns, rows, part * weight[columns], part).capped(cap)


def _place(graph: Graph, group: Ints, weight: Floats, table: dict[str, Any]) -> Sums:
    """Return of each two groups the log-odds of being in the same places.

    Of two groups with m and M addresses (m <= M) that share s: base x s/m + ln(s/M) - ln k + ln s, with k the
    number of other groups that the one with more of them meets. Two accounts that are always at the same
    addresses are one person's; malware's account meets many others' at one address each.
    """
    row = table["address"]
    width = int(group.max(initial=-1)) + 1
    pairs = distinct(group * (int(graph.address.max(initial=0)) + 1) + graph.address)
    of, at = np.divmod(pairs, int(graph.address.max(initial=0)) + 1)
    size = np.bincount(of, minlength=width).astype(np.float64)
    met = np.bincount(at)
    kept = (met[at] >= 2) & (met[at] <= row["most"])
    of, at = of[kept], at[kept]
    both = shared(at, of, np.minimum(1.0, TENANTS / np.maximum(met[at] - 1, 1)), np.ones(len(at)))
    partners = np.bincount(both.row, minlength=width) + np.bincount(both.column, minlength=width)
    small = np.minimum(size[both.row], size[both.column])
    large = np.maximum(size[both.row], size[both.column])
    meets = np.maximum(partners[both.row], partners[both.column])
    odds = row["base"] * both.value / small + np.log(both.value / large) - np.log(np.maximum(meets, 1))
    odds += np.log(np.maximum(both.value, 1))
    where = [_shared(graph, group, graph.kind == kind, weight, table[WORDS[kind]]["cap"]) for kind in PLACES]
    return best(Sums(both.row, both.column, np.maximum(odds, 0)), *where)
