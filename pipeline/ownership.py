"""Who belongs together: ties of runs and of the registry, as they are stored, into clusters.

The clustering itself imports scipy, which takes a third of a second: only where something is to be done.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from classifier.ownership_model import Cluster, Kind, Tie
from classifier.ownership_reach import rules_digest
from facts.endpoint import Address
from facts.where import Where
from store.clusters import replace_clusters
from store.database import Database, lock
from store.ties import (
    TOPIC,
    changed_addresses,
    every_tie,
    parties_of,
    reached,
    rules_of,
    save_places,
    set_rules,
    settle,
)

if TYPE_CHECKING:
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

    What it leaves is what `rebuild` would make. `sizes`: registered addresses of enterprises.
    """
    with database.writing() as connection:
        lock(connection, TOPIC)
        if rules_of(connection) != rules_digest():
            return _rebuild(connection, attributor, sizes or {})
        if attributor is not None:
            changed = changed_addresses(connection)
            save_places(connection, changed, _places(connection, attributor, changed))
        part = reached(connection)
        if not part.addresses:
            return Updated(0, 0, False)
        from classifier.ownership import clusters

        made = clusters(part.ties, sizes, part.spread)
        count = replace_clusters(connection, part.addresses, made)
        settle(connection, part)
        return Updated(len(part.addresses), count, False)


def rebuild(
    database: Database, attributor: "Attributor | None" = None, sizes: Mapping[str, int] | None = None
) -> Updated:
    """Make all clusters anew: after the registry changed, say."""
    with database.writing() as connection:
        lock(connection, TOPIC)
        return _rebuild(connection, attributor, sizes or {})


def _rebuild(connection: Connection, attributor: "Attributor | None", sizes: Mapping[str, int]) -> Updated:
    from classifier.ownership import clusters

    if attributor is not None:
        addresses = {address for address, _, _, _ in parties_of(connection, None)}
        save_places(connection, addresses, _places(connection, attributor, None))
    made: list[Cluster] = clusters(every_tie(connection), sizes)
    replace_clusters(connection, None, made)
    settle(connection, None)
    set_rules(connection, rules_digest())
    return Updated(sum(len(one.addresses) for one in made), len(made), True)


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
