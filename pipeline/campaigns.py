"""Which addresses of the store are probably a malware campaign's victims: asked before they count as farms.

A cluster's names, places and what mines at its addresses go to classifier/ownership_suspect.py. It costs a
few queries for each cluster in question, whatever the number of addresses asked.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from classifier.ownership_campaign import Load, Traits, network_of
from classifier.ownership_model import Kind, Sort, Tie, is_own
from classifier.ownership_suspect import Suspicion, hardware, suspicion
from facts.endpoint import Address
from pipeline.machine_table import machine_table
from store.clusters import belongings
from store.database import Database
from store.enterprise_sizes import enterprise_sizes
from store.ownership_loads import mining_at
from store.ownership_tables import MemberRow
from store.ties import ties_of_parties

MOST = 2_000
"""Addresses beyond which a cluster is what its names said when it was made: loads change nothing there."""
NOTHING = Suspicion(0.0, ())


def suspected(database: Database, addresses: Collection[Address]) -> dict[Address, Suspicion]:
    """Return for each address how likely it is a campaign's victim; 0 where it shares no cluster."""
    with database.reading() as connection:
        return suspicions(connection, addresses)


def suspicions(connection: Connection, addresses: Collection[Address]) -> dict[Address, Suspicion]:
    """Return as `suspected` does, within a connection."""
    of = belongings(connection, addresses)
    judged: dict[str, Suspicion] = {}
    for address in addresses:
        cluster = of.get(address)
        if cluster is None or cluster.id in judged:
            continue
        if cluster.addresses > MOST:
            chance = cluster.certainty if cluster.sort is Sort.CAMPAIGN else 1 - cluster.certainty
            judged[cluster.id] = Suspicion(chance, (), cluster.id)
        else:
            judged[cluster.id] = _judged(connection, cluster.id)
    return {address: judged[of[address].id] if address in of else NOTHING for address in addresses}


def of_cluster(database: Database, cluster: str) -> Suspicion:
    """Return how likely the places of one cluster are a campaign's victims, by its id."""
    with database.reading() as connection:
        return _judged(connection, cluster)


def traits_of(
    held: Mapping[Address, str], ties: Sequence[Tie], loads: Mapping[Address, Load] | None = None
) -> Traits:
    """Return the figures of a cluster: `held` has its addresses with their enterprises, "" where unknown."""
    names: dict[Kind, dict[str, set[Address]]] = defaultdict(lambda: defaultdict(set))
    for tie in ties:
        names[tie.kind][tie.name].add(tie.address)
    services = names.get(Kind.UPSTREAM, {})
    shared = {name for name, users in services.items() if len(users) > 1}
    return Traits(
        enterprises=list(held.values()),
        networks=[network_of(one) for one in held],
        names={kind: {name: len(users) for name, users in told.items()} for kind, told in names.items()},
        private_upstream=bool(shared) or any(len(users) > 1 for users in names.get(Kind.RELAY, {}).values()),
        own_proxy=any(is_own(address, name) for name in shared for address in services[name]),
        loads=[loads.get(one) for one in held] if loads else (),
    )


def _judged(connection: Connection, cluster: str) -> Suspicion:
    asked = select(MemberRow.address, MemberRow.party, MemberRow.enterprise)
    rows = connection.execute(asked.where(MemberRow.cluster_id == cluster)).all()
    held: dict[Address, str] = {}
    for address, _, enterprise in rows:
        held[address] = held.get(address) or enterprise
    table = machine_table()
    loads = {
        address: Load(
            None if one.machines is None else one.machines.value,
            None if one.power is None else one.power.value,
            hardware(one.algorithms, table),
        )
        for address, one in mining_at(connection, held).items()
    }
    ties = ties_of_parties(connection, {(address, party) for address, party, _ in rows})
    sizes = enterprise_sizes(connection, {one for one in held.values() if one})
    return suspicion(traits_of(held, ties, loads), sizes, cluster)
