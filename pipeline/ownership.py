"""Who belongs together: ties of runs and of the registry, as they are stored, into clusters.

The clustering itself is imported only where something is to be done.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from classifier.ownership_model import Kind, Tie
from classifier.ownership_reach import rules_digest
from facts.endpoint import Address
from facts.instant import NS
from facts.where import Where
from store.clusters import replace_clusters
from store.database import Database, lock
from store.enterprise_sizes import enterprise_sizes
from store.registry import RegistryStore
from store.ties import (
    TOPIC,
    any_ties,
    changed_addresses,
    cluster_key,
    every_tie,
    made_with,
    parties_of,
    reached,
    rules_of,
    save_places,
    set_rules,
    settle,
)

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from registry.attribution import Attributor

REGISTRY = Where("registry")


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did."""

    addresses: int
    """Addresses that were looked at again."""
    clusters: int
    """Clusters made, lone ones among them."""
    whole: bool
    """Whether all were made anew."""


def update(
    database: Database, attributor: "Attributor | None" = None, sizes: Mapping[str, int] | None = None
) -> Updated:
    """Make those clusters anew that changes since the last time can reach; all, where the rules differ.

    What it leaves is what `rebuild` would make. Where the registry changed since, all are made anew: lines,
    enterprises and their sizes may be others. `sizes`: registered addresses of enterprises; None asks the
    registry.
    """
    stamp = "" if attributor is None else RegistryStore(database).stamp()
    with database.writing() as connection:
        lock(connection, TOPIC)
        key, made_by = cluster_key(connection)
        others = attributor is not None and made_by != stamp
        if others or rules_of(connection) != rules_digest():
            return _rebuild(connection, attributor, sizes, stamp)
        if attributor is not None:
            changed = changed_addresses(connection)
            save_places(connection, changed, _places(connection, attributor, changed))
        part = reached(connection)
        if not part.addresses:
            return Updated(0, 0, False)
        from classifier.ownership import clusters

        made = clusters(part.ties, _sizes(connection, part.ties, sizes), part.spread, key)
        count = replace_clusters(connection, part.addresses, made)
        settle(connection, part)
        return Updated(len(part.addresses), count, False)


def rebuild(
    database: Database, attributor: "Attributor | None" = None, sizes: Mapping[str, int] | None = None
) -> Updated:
    """Make all clusters anew: after a registry in a folder changed, say."""
    stamp = "" if attributor is None else RegistryStore(database).stamp()
    with database.writing() as connection:
        lock(connection, TOPIC)
        return _rebuild(connection, attributor, sizes, stamp)


def follow_registry(database: Database, settings: "Settings") -> Updated | None:
    """Make the clusters anew that a change of the registry calls for; None where there are no ties at all."""
    with database.reading() as connection:
        if not any_ties(connection):
            return None
    return update(database, registered(database, settings))


def registered(database: Database, settings: "Settings") -> "Attributor | None":
    """Return the attributor of the registry that the settings name; None where none is kept."""
    if settings.registry is None and not any(RegistryStore(database).counts()):
        return None
    from pipeline.registry_index import LiveAttributor, index_folder, refresh
    from registry.attribution import Attributor
    from registry.csv_import import load_folder
    from registry.model import RegistryData

    tolerance_ns = round(settings.clock_tolerance_s * NS)
    if settings.registry is not None:
        return Attributor(load_folder(settings.registry).data or RegistryData(), tolerance_ns)
    folder = index_folder(settings)
    refresh(database, folder)
    return LiveAttributor(folder, tolerance_ns)


def _rebuild(
    connection: Connection, attributor: "Attributor | None", sizes: Mapping[str, int] | None, stamp: str
) -> Updated:
    from classifier.ownership import clusters

    key, _ = cluster_key(connection)
    if attributor is not None:
        addresses = {address for address, _, _, _ in parties_of(connection, None)}
        save_places(connection, addresses, _places(connection, attributor, None))
    ties = list(every_tie(connection))
    made = clusters(ties, _sizes(connection, ties, sizes), key=key)
    replace_clusters(connection, None, made)
    settle(connection, None)
    set_rules(connection, rules_digest())
    if attributor is not None:
        made_with(connection, stamp)
    return Updated(sum(len(one.addresses) for one in made), len(made), True)


def _sizes(
    connection: Connection, ties: Collection[Tie], sizes: Mapping[str, int] | None
) -> Mapping[str, int]:
    if sizes is not None:
        return sizes
    return enterprise_sizes(connection, {tie.name for tie in ties if tie.kind is Kind.ENTERPRISE})


def _places(
    connection: Connection, attributor: "Attributor", addresses: Collection[Address] | None
) -> Iterable[Tie]:
    """Yield the line and the enterprise of each party, where one name is certain for all of its time."""
    for address, party, first_ns, last_ns in list(parties_of(connection, addresses)):
        held = attributor.during(address, first_ns, last_ns)
        if not held.certain:
            continue
        for kind, name in ((Kind.LINE, held.line), (Kind.ENTERPRISE, held.uscc)):
            if name:
                yield Tie(address, party, kind, name, first_ns, last_ns, 1, REGISTRY)
