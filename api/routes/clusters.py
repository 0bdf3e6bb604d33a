"""Clusters: who belongs together, over addresses, lines and enterprises."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.gate import ToListHits, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.language import Lang, Language
from api.models_clusters import ClusterFileModel, ClustersModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from classifier.ownership_model import Cluster, Member, Sort
from pipeline.lookup import read_address
from pipeline.ownership_json import cluster_json, members_json
from pipeline.services import Services
from store.clusters import ClusterStore

MAX_PAGE = 500
MAX_MEMBERS = 5000
"""Members of a cluster that are told."""
router = APIRouter(tags=["clusters"])


class ClustersQuery(BaseModel):
    """Which clusters, and the page."""

    model_config = ConfigDict(extra="forbid")

    sort: Sort | None = Field(None, description="Only clusters of this sort; insiders only where asked for.")
    address: str | None = Field(None, description="Those that this address lies in, alone too.")
    at_least: int = Field(2, ge=2, description="Addresses that a cluster has at least.")
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Clusters a page.")
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before.")


@router.get(
    "/v1/clusters",
    operation_id="listClusters",
    summary="List who belongs together",
    response_model=ClustersModel,
    response_description="One page, those with most addresses first.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def list_clusters(
    request: Request,
    services: Served,
    asker: ToListHits,
    lang: Language,
    query: Annotated[ClustersQuery, Query()],
) -> Response:
    """List clusters of addresses that share wallets, accounts, rig names, proxies, and why they are together.

    An account of a region is told those with an address in it, and of these the addresses in it alone: a page
    may then be short before the last one. Ask again with `cursor` set to `next` until `next` is null.
    """
    store, view = ClusterStore(services.database), View(services, asker.account)
    if query.address is not None:
        ids = store.ids_of(read_address(query.address))
        listed = [one for name in ids if (one := store.read(name)) is not None]
        if query.sort is not None:
            listed = [one for one in listed if one.sort is query.sort]
        listed = listed[: query.limit]
        follows = None
    else:
        page = store.page(_place(store, query.cursor), query.limit, query.sort, query.at_least)
        listed = list(page.clusters)
        follows = page.next
        if view.everywhere:
            shown = [
                cluster_json(one, lang, size, view.name) for one, size in zip(listed, page.sizes, strict=True)
            ]
            return answered(request, {"clusters": shown, "next": _cursor(follows)}, lang)
        listed = [one for each in listed if (one := store.read(each.id)) is not None]
    shown = [told for one in listed if (told := _shown(services, view, one, lang)[0]) is not None]
    return answered(request, {"clusters": shown, "next": _cursor(follows)}, lang)


@router.get(
    "/v1/clusters/{cluster_id}",
    operation_id="getCluster",
    summary="The file of a cluster",
    response_model=ClusterFileModel,
    response_description="Its members, what they share, and what it is.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def read_cluster(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    cluster_id: Annotated[
        str,
        Path(description="Id of the cluster.", pattern="^c-[0-9a-f]{16}$", examples=["c-9a0c365d91392bde"]),
    ],
) -> Response:
    """Return what is held on a cluster: members, links with their weights, and why it is of its sort."""
    view = View(services, asker.account)
    cluster = ClusterStore(services.database).read(cluster_id)
    told, members = (None, ()) if cluster is None else _shown(services, view, cluster, lang)
    if told is None or cluster is None:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    listed = members_json(members[:MAX_MEMBERS], view.name)
    for member in listed:
        member["address"] = view.address(member["address"])
    return answered(request, {**told, "members": listed, "more": len(members) > MAX_MEMBERS}, lang)


def _shown(
    services: Services, view: View, one: Cluster, lang: Lang
) -> tuple[dict[str, Any] | None, Sequence[Member]]:
    """Return a cluster as an account sees it, with the members that it sees; None where it sees none.

    Whoever sees a part is told of that part: what counts all members or may name a foreign place is left out.
    """
    if view.everywhere:
        return cluster_json(one, lang, mask=view.name), one.members
    attribute = services.attributor.during
    members = [m for m in one.members if view.sees(attribute(m.address, m.first_ns, m.last_ns))]
    if not members:
        return None, ()
    size = len({member.address for member in members})
    told = cluster_json(one, lang, size, view.name)
    told["first_seen"] = min(row["first_seen"] for row in members_json(members))
    told["last_seen"] = max(row["last_seen"] for row in members_json(members))
    told["because"] = []
    told["links"] = [
        {**row, "addresses": None, "because": None}
        for link, row in zip(one.links, told["links"], strict=True)
        if view.tells(link.kind)
    ]
    return told, members


def _cursor(place: tuple[int, str] | None) -> str | None:
    return None if place is None else place[1]  # its size is not everybody's to know


def _place(store: ClusterStore, cursor: str | None) -> tuple[int, str] | None:
    """Return the place that a cursor names. Raises ProblemError where there is no such cluster any more."""
    if cursor is None:
        return None
    size = store.size(cursor)
    if size is None:
        raise ProblemError(Problem.INVALID_CURSOR)
    return size, cursor
