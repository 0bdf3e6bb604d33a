"""Hubs: names that many use without belonging together, and services that belong to those who use them.

An exchange's deposit address, a pool's own wallet and a developer's share are told by who uses them: their
users are otherwise different people, each with names of his own. Malware's wallet has users without any.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classifier.distinct import distinct
from classifier.ownership_campaign import LARGE
from classifier.ownership_graph import Flags, Graph, Ints
from classifier.ownership_model import Kind
from classifier.ownership_pairs import met
from classifier.ownership_reach import MOST_CLIENTS, SILENT_CLIENTS

FEWEST = 5
"""Addresses from which the differences between a wallet's users can be judged."""
DIFFERENT = 0.45
"""Share of a hub's users that have a name of their own, different from the others'."""
NAMED = 0.5
"""Share of a hub's users that have such a name at all."""
MIXED = 0.7
"""Most common agent's share below which users have chosen their programs themselves."""
AGENTS = 3
FEWEST_MINING = 3
"""Mining addresses of an enterprise from which it can be said to mine itself."""
MINING_PART = 0.05
"""Their part of the registered ones."""
SOME, MOST_OF = 0.3, 0.7
"""Share of them that have names at all, and that have the commonest, by which tenants are told."""
STRANGERS = 0.2
"""Share of a private proxy's clients that may be paid differently: tenants, coins."""


def shared_payees(graph: Graph) -> Flags:
    """Return (N,) the wallets and accounts that unrelated people use.

    Either their users write e-mail addresses or payment names of their own, or rig names of their own from
    programs of their own.
    """
    pays = np.isin(graph.kind, (Kind.WALLET, Kind.ACCOUNT))
    hub = np.zeros(len(graph.names), np.bool_)
    users = _spread_of(graph, pays)
    wide = pays & (users >= FEWEST)
    if not wide.any():
        return hub
    for kinds, agents_differ in (((Kind.EMAIL,), False), ((Kind.SCHEME, Kind.WORKER), True)):
        named, different, _ = _own_names(graph, wide, kinds)
        apart = wide & (named >= NAMED * users) & (different >= DIFFERENT * users) & (different >= 4)
        if agents_differ:
            told, programs, top = _own_names(graph, wide, (Kind.AGENT,))
            apart &= (programs >= AGENTS) & (top <= MIXED * np.maximum(told, 1))
        hub |= apart
    return hub


def private_services(graph: Graph, payee: Ints) -> Flags:
    """Return (N,) the read services that belong to one operator, together with those who use them.

    `payee` (P,) is the number of who is paid, -1 for nobody. A service is somebody's own where it was seen to
    work on as a proxy and its clients name few payees; or where none of its clients names any, which no pool
    allows.
    """
    served = (graph.kind == Kind.UPSTREAM)[graph.name]
    client = served & ~graph.own
    clients = np.bincount(graph.name[client], minlength=len(graph.names))
    proved = np.zeros(len(graph.names), np.bool_)
    proved[graph.name[served & graph.own]] = True
    paid = client & (payee[graph.party] >= 0)
    width = int(payee.max(initial=-1)) + 2
    pairs = distinct(graph.name[paid] * width + payee[graph.party[paid]])
    payees = np.bincount(pairs // width, minlength=len(graph.names))
    few = payees <= np.maximum(1, STRANGERS * clients)
    silent = (payees == 0) & (clients >= 2) & (clients <= SILENT_CLIENTS)
    within = (graph.kind == Kind.UPSTREAM) & (graph.spread <= MOST_CLIENTS)
    private: Flags = within & ((proved & few & (clients >= 1)) | silent)
    return private


def one_owners_patterns(graph: Graph, owners: Ints) -> Flags:
    """Return (N,) the rig patterns of many accounts that are nevertheless one owner's.

    Strangers who chose the same word work at pools of their own choice: four of them hardly all at one pool,
    eight hardly all at two.
    """
    patterns = graph.kind == Kind.SCHEME
    named, pools, _ = _own_names(graph, patterns, (Kind.POOL,))
    users = np.bincount(graph.name, minlength=len(graph.names))
    one: Flags = (owners >= 4) & (pools == 1) | (owners >= 8) & (pools == 2)
    found: Flags = patterns & one & (named == users)
    return found


def mining_enterprises(graph: Graph, sizes: Mapping[str, int]) -> Flags:
    """Return (N,) the enterprises whose mining addresses are one owner's, whoever is paid.

    Miners are one address in a thousand: where three of a small enterprise's mine, and one in twenty of all
    that it has, it mines itself, with a wallet a line or one for all. Where rigs are named or e-mail
    addresses written in several ways, none of them that of nearly all, it houses others: tenants.
    """
    found = np.zeros(len(graph.names), np.bool_)
    for number in np.flatnonzero((graph.kind == Kind.ENTERPRISE) & (graph.spread >= FEWEST_MINING)).tolist():
        size = sizes.get(graph.names[number][1], 0)
        found[number] = 0 < size < LARGE and graph.spread[number] >= MINING_PART * size
    if not found.any():
        return found
    uses = np.bincount(graph.name, minlength=len(graph.names))
    for kinds in ((Kind.EMAIL,), (Kind.SCHEME, Kind.WORKER)):
        named, different, top = _own_names(graph, found, kinds)
        found &= ~((named >= SOME * uses) & (different >= 2) & (top <= MOST_OF * named))
    return found


def _spread_of(graph: Graph, which: Flags) -> Ints:
    edges = which[graph.name]
    width = int(graph.address.max(initial=0)) + 1
    pairs = distinct(graph.name[edges] * width + graph.address[graph.party[edges]])
    return np.bincount(pairs // width, minlength=len(graph.names)).astype(np.int64)


def _own_names(
    graph: Graph, which: Flags, kinds: tuple[Kind, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (N,) how many uses of a name come with names of other kinds, how many of those, the top one's.

    One e-mail address that is used at ten addresses is one name: what counts is how different users are.
    """
    count = len(graph.names)
    uses, owns = which[graph.name], np.isin(graph.kind, kinds)[graph.name]
    together = met(graph.party[uses], graph.name[uses], graph.party[owns], graph.name[owns])
    top = np.zeros(count, np.int64)
    np.maximum.at(top, together.row, together.value.astype(np.int64))
    owner = np.zeros(len(graph.parties), np.bool_)
    owner[graph.party[owns]] = True
    named = np.bincount(graph.name[uses & owner[graph.party]], minlength=count)
    return named.astype(np.int64), np.bincount(together.row, minlength=count).astype(np.int64), top
