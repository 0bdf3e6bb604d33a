"""The clusters of one run alone, for what `replay` shows.

The clustering is imported only where two addresses share a name: most runs hold none.
"""

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache

from classifier.ownership_model import Belonging, Kind, Tie, brief
from classifier.ownership_reach import joins
from facts.endpoint import Address
from facts.errors import MineScopeError
from pipeline.home import has_database, plain_database

_KEY = "SELECT key FROM ownership_state"


def belongings(ties: Collection[Tie]) -> dict[Address, Belonging]:
    """Return the cluster of each address of one run that shares one with another address; else nothing."""
    if not _shares(ties):
        return {}
    from classifier.ownership import clusters

    found: dict[Address, tuple[float, str, Belonging]] = {}
    for cluster in clusters(ties, key=_key()):
        if len(cluster.addresses) < 2:
            continue
        told = brief(cluster)
        for member in cluster.members:
            rank = (-member.score, cluster.id)
            if member.address not in found or rank < found[member.address][:2]:
                found[member.address] = (*rank, told)
    return {address: told for address, (_, _, told) in found.items()}


def _key() -> bytes:
    """Return the key of the store's ids, so that a run shows a cluster under the id that it has there.

    Empty where there is no store, or it cannot be read: whoever writes to it is told why.
    """
    if not has_database():
        return b""
    if (file := plain_database()) is not None:
        from store.glance import glance

        if rows := glance(file, _KEY):
            return bytes(rows[0][0])
    from pipeline.settings import load_settings

    try:
        return _key_of(load_settings().database_url)
    except MineScopeError:
        return b""


@lru_cache(16)
def _key_of(url: str) -> bytes:
    from store.database import open_database
    from store.ties import key_of

    with open_database(url) as database:
        return key_of(database)


def _shares(ties: Collection[Tie]) -> bool:
    """Say whether any two addresses share a name that may join them: most runs hold none."""
    users: dict[tuple[Kind, str], set[Address]] = defaultdict(set)
    for tie in ties:
        users[tie.kind, tie.name].add(tie.address)
    return any(len(some) > 1 and joins(kind, len(some)) for (kind, _), some in users.items())
