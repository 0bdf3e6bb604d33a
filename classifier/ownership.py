"""Who belongs together: ties in, clusters with their reasons out (docs/ownership.md).

Costs time to import: the start path of `replay` and `probe` takes it only where names are shared.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import exp
from typing import Any

import numpy as np

from classifier.ownership_campaign import Traits, network_of
from classifier.ownership_graph import Graph, Ints, build
from classifier.ownership_merge import PLACES, Merged, merge
from classifier.ownership_model import Cluster, Kind, Link, Member, Tie
from classifier.ownership_pairs import Floats
from classifier.ownership_reach import weights
from classifier.ownership_sort import sort_of

LINKS = 24
"""Links that a cluster shows, the heaviest."""


def clusters(
    ties: Iterable[Tie],
    sizes: Mapping[str, int] | None = None,
    spread: Mapping[tuple[Kind, str], int] | None = None,
    key: bytes = b"",
) -> list[Cluster]:
    """Return the clusters of ties, those of a single party among them, by their ids.

    `sizes`: registered addresses of enterprises by credit code. `spread`: see ownership_graph.build. `key`:
    secret of the installation whose ids they are; a run by itself has none.
    """
    graph = build(ties, spread)
    return sorted(described(graph, merge(graph, sizes), sizes or {}, key), key=lambda one: one.id)


def described(graph: Graph, merged: Merged, sizes: Mapping[str, int], key: bytes = b"") -> Iterable[Cluster]:
    """Yield a merged graph's clusters with members, links and reasons."""
    count = len(graph.parties)
    edge_order = np.argsort(merged.cluster[graph.party], kind="stable")
    bounds = np.searchsorted(
        merged.cluster[graph.party][edge_order], np.arange(int(merged.cluster.max(initial=-1)) + 2)
    )
    party_order = np.argsort(merged.cluster, kind="stable")
    party_bounds = np.searchsorted(merged.cluster[party_order], np.arange(len(bounds)))
    first, last = _spans(graph, count)
    attached = _attached(graph, merged)
    lines, enterprises = (_place_names(graph, kind) for kind in PLACES)
    for number in range(len(bounds) - 1):
        edges = edge_order[bounds[number] : bounds[number + 1]]
        parties = party_order[party_bounds[number] : party_bounds[number + 1]]
        if len(parties) == 0:
            continue
        members = tuple(
            Member(
                graph.parties[i][0],
                graph.parties[i][1],
                float(attached[i]),
                int(first[i]),
                int(last[i]),
                lines.get(int(i), ""),
                enterprises.get(int(i), ""),
            )
            for i in parties.tolist()
        )
        oldest = min(parties.tolist(), key=lambda i: (int(first[i]), graph.keys[i]))
        links, names, private = _links(graph, merged, edges)
        proxy = bool((graph.own[edges] & merged.strong[graph.name[edges]]).any())
        sort, certainty, reasons = sort_of(_traits(members, names, private, proxy), sizes)
        weakest = min((member.score for member in members), default=0.0)
        yield Cluster(
            id=cluster_id(graph.keys[oldest], key),
            sort=sort,
            score=1.0 if len(members) == 1 else 1 / (1 + exp(-min(weakest, 30.0))),
            certainty=certainty,
            members=members,
            links=links,
            reasons=reasons,
            first_ns=min(member.first_ns for member in members),
            last_ns=max(member.last_ns for member in members),
        )


def cluster_id(oldest: tuple[bytes, str], key: bytes = b"") -> str:
    """Return the id of the cluster whose oldest party has this key; `key` is the installation's secret."""
    address, party = oldest
    digest = hashlib.blake2b(address + party.encode("utf-8", "surrogatepass"), digest_size=8, key=key)
    return f"c-{digest.hexdigest()}"


def _spans(graph: Graph, count: int) -> tuple[Ints, Ints]:
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, graph.party, graph.first_ns)
    np.maximum.at(last, graph.party, graph.last_ns)
    return first, last


def _attached(graph: Graph, merged: Merged) -> Floats:
    """Return (P,) the log-odds that each party belongs with the rest of its cluster, best of each kind."""
    cluster = merged.cluster[graph.party]
    pairs, inverse, used = np.unique(
        cluster * len(graph.names) + graph.name, return_inverse=True, return_counts=True
    )
    del pairs
    shared = used[inverse] >= 2
    worth = np.where(shared, merged.weight[graph.name], 0.0)
    best = np.zeros((len(graph.parties), len(Kind)))
    np.maximum.at(best, (graph.party, graph.kind[graph.name]), worth)
    where = np.maximum(best[:, Kind.LINE], best[:, Kind.ENTERPRISE])
    best[:, list(PLACES)] = 0
    seats = np.unique(
        merged.cluster * (int(graph.address.max(initial=0)) + 1) + graph.address,
        return_inverse=True,
        return_counts=True,
    )
    together = seats[2][seats[1]] >= 2
    where = np.maximum(where, np.where(together, weights()["address"]["base"], 0.0))
    total: Floats = best.sum(axis=1) + where + weights()["prior"]
    alone = np.bincount(merged.cluster)[merged.cluster] == 1
    return np.where(alone, 0.0, total)


def _place_names(graph: Graph, kind: Kind) -> dict[int, str]:
    edges = np.flatnonzero((graph.kind == kind)[graph.name])
    return {int(graph.party[e]): graph.names[int(graph.name[e])][1] for e in edges.tolist()}


def _links(
    graph: Graph, merged: Merged, edges: Any
) -> tuple[tuple[Link, ...], dict[Kind, dict[str, int]], bool]:
    """Return a cluster's links, its names by kind with their addresses, and whether a proxy joins it."""
    users: dict[int, set[int]] = defaultdict(set)
    for party, name in zip(graph.party[edges].tolist(), graph.name[edges].tolist(), strict=True):
        users[name].add(int(graph.address[party]))
    names: dict[Kind, dict[str, int]] = defaultdict(dict)
    found = []
    private = False
    for name, addresses in users.items():
        kind, text = graph.names[name]
        names[kind][text] = len(addresses)
        weight = float(merged.weight[name])
        if len(addresses) >= 2 and weight > 0:
            found.append(Link(kind, text, len(addresses), weight))
            private |= bool(merged.strong[name]) and kind in (Kind.UPSTREAM, Kind.RELAY)
    found.sort(key=lambda link: (-link.weight, -link.addresses, link.kind, link.name))
    return tuple(found[:LINKS]), names, private


def _traits(
    members: tuple[Member, ...], names: dict[Kind, dict[str, int]], private: bool, proxy: bool
) -> Traits:
    held = {member.address: member.enterprise for member in members}
    return Traits(
        enterprises=list(held.values()),
        networks=[network_of(one) for one in held],
        names=names,
        private_upstream=private,
        own_proxy=proxy,
    )
