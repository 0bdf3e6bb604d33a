"""Clusters as JSON-ready dictionaries and as GraphML, for both doors."""

from collections.abc import Callable, Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from classifier.ownership_model import WORDS, Cluster, Kind, Link, Member, Tie
from classifier.ownership_suspect import Suspicion
from classifier.ownership_words import Language, Mask, link_words, plain, reason_words, sort_words
from facts.instant import rfc3339
from pipeline.contract import Json

_XML_BAD = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if code not in (9, 10, 13)}
_XML_BAD |= dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")


def cluster_json(one: Cluster, lang: Language, size: int | None = None, mask: Mask = plain) -> Json:
    """Return a `cluster` object; `size` counts its addresses where not all members are here."""
    return {
        "type": "cluster",
        "id": one.id,
        "sort": one.sort.value,
        "says": sort_words(one.sort, lang),
        "score": round(one.score, 6),
        "certainty": round(one.certainty, 6),
        "addresses": len(one.addresses) if size is None else size,
        "first_seen": rfc3339(one.first_ns),
        "last_seen": rfc3339(one.last_ns),
        "because": [reason_words(reason, lang, mask) for reason in one.reasons],
        "links": [{**_link(link, mask), "because": link_words(link, lang, mask)} for link in one.links],
    }


def suspicion_json(one: Suspicion | None, lang: Language) -> Json | None:
    """Return how likely the addresses of a cluster are a campaign's victims; None where it was not asked."""
    if one is None:
        return None
    because = [reason_words(reason, lang) for reason in one.reasons]
    return {"kind": one.kind.value, "probability": round(one.probability, 6), "because": because}


def members_json(members: Iterable[Member], mask: Mask = plain) -> list[Json]:
    """Return members of a cluster in their order."""
    return [
        {
            "address": str(member.address),
            "party": party_words(member.party, mask) or None,
            "score": round(member.score, 3),
            "first_seen": rfc3339(member.first_ns),
            "last_seen": rfc3339(member.last_ns),
            "line": member.line or None,
            "enterprise": member.enterprise or None,
        }
        for member in members
    ]


def party_words(party: str, mask: Mask) -> str:
    """Return a party as it may be shown: its kind and its payee."""
    word, colon, name = party.partition(":")
    return f"{word}:{mask(Kind[word.upper()], name)}" if colon else ""


def ties_json(ties: Iterable[Tie], mask: Mask = plain) -> list[Json]:
    """Return ties with their times and the places where they can be read."""
    return [
        {
            "address": str(tie.address),
            "party": party_words(tie.party, mask) or None,
            "kind": WORDS[tie.kind],
            "name": mask(tie.kind, tie.name),
            "first_seen": rfc3339(tie.first_ns),
            "last_seen": rfc3339(tie.last_ns),
            "count": tie.count,
            "source": tie.where.source,
            "frame": tie.where.frame,
        }
        for tie in ties
    ]


def graphml(clusters: Iterable[Cluster], ties: Callable[[Cluster], Iterable[Tie]]) -> Iterator[str]:
    """Yield a GraphML document (graphml.graphdrawing.org, 1.0) of clusters with all their ties, by lines.

    Nodes are parties and names, an edge is a tie; an undirected graph. Characters that XML has no place for
    are replaced.
    """
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for key, of, name, kind in _KEYS:
        yield f'<key id="{key}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n'
    yield '<graph id="ownership" edgedefault="undirected">\n'
    names: dict[tuple[Kind, str], str] = {}
    edge = 0
    for number, cluster in enumerate(clusters):
        parties = {}
        for place, member in enumerate(cluster.members):
            parties[member.address, member.party] = node = f"p{number}-{place}"
            data = {"kind": "address", "name": str(member.address), "cluster": cluster.id}
            data |= {"sort": cluster.sort.value, "party": member.party, "score": f"{member.score:.3f}"}
            yield _element("node", f"id={quoteattr(node)}", data)
        for tie in ties(cluster):
            named = names.get((tie.kind, tie.name))
            if named is None:
                named = names[tie.kind, tie.name] = f"n{len(names)}"
                yield _element("node", f'id="{named}"', {"kind": WORDS[tie.kind], "name": tie.name})
            ends = f'id="e{edge}" source="{parties[tie.address, tie.party]}" target="{named}"'
            data = {"first_seen": rfc3339(tie.first_ns), "last_seen": rfc3339(tie.last_ns)}
            data |= {"count": str(tie.count), "source": tie.where.source}
            if tie.where.frame is not None:
                data["frame"] = str(tie.where.frame)
            yield _element("edge", ends, data)
            edge += 1
    yield "</graph>\n</graphml>\n"


_KEYS = (
    ("kind", "node", "kind", "string"),
    ("name", "node", "name", "string"),
    ("cluster", "node", "cluster", "string"),
    ("sort", "node", "sort", "string"),
    ("party", "node", "party", "string"),
    ("score", "node", "score", "double"),
    ("first_seen", "edge", "first_seen", "string"),
    ("last_seen", "edge", "last_seen", "string"),
    ("count", "edge", "count", "long"),
    ("source", "edge", "source", "string"),
    ("frame", "edge", "frame", "long"),
)


def _element(tag: str, attributes: str, data: dict[str, str]) -> str:
    inside = "".join(f'<data key="{key}">{escape(_xml(value))}</data>' for key, value in data.items())
    return f"<{tag} {attributes}>{inside}</{tag}>\n"


def _xml(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").translate(_XML_BAD)


def _link(link: Link, mask: Mask) -> Json:
    return {
        "kind": WORDS[link.kind],
        "name": mask(link.kind, link.name),
        "addresses": link.addresses,
        "weight": round(link.weight, 3),
    }
