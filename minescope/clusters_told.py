"""Clusters as lines under a table: what belongs together, and by what."""

from collections.abc import Iterable, Iterator

from classifier.ownership_words import link_words, sort_words
from minescope.language import Lang
from pipeline.contract import Hit

SHOWN = 8
"""Addresses of a cluster that are named."""


def cluster_lines(hits: Iterable[Hit], lang: Lang) -> Iterator[str]:
    """Yield a line for each cluster of what is shown, with its addresses and its heaviest link."""
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.cluster is not None:
            found.setdefault(hit.cluster.id, []).append(hit)
    for cluster_id, those in found.items():
        one = those[0].cluster
        assert one is not None
        addresses = list(dict.fromkeys(str(hit.verdict.address) for hit in those))
        named = ", ".join(addresses[:SHOWN]) + (" ..." if one.addresses > min(len(addresses), SHOWN) else "")
        because = f"; {link_words(one.links[0], lang.value)}" if one.links else ""
        yield f"{cluster_id}: {sort_words(one.sort, lang.value)}: {named}{because}"
