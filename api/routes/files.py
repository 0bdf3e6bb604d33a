"""Files: what is known of an enterprise, of a site, of a pool."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.access.gate import ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.language import Lang, Language
from api.models import EnterpriseFileModel, PoolFileModel, SiteFileModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.routes.evidence import kinds_of, packets_named
from api.selection import Shown
from facts.endpoint import Address
from facts.instant import rfc3339
from facts.names import Level, Role
from pipeline.lookup import attributed
from pipeline.services import Services
from store.access_rules import lies_in
from store.decisions import DecisionStore
from store.files import MAX_VERDICTS, FileStore, Held, SiteRecord
from store.verdicts import HitFilter, StoredVerdict

MAX_PREFIXES = 64
"""Prefixes of a site whose verdicts are listed."""
router = APIRouter(tags=["files"])
_PROBLEMS = (*ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE)


@router.get(
    "/v1/enterprises/{uscc}",
    operation_id="getEnterprise",
    summary="The file of an enterprise",
    response_model=EnterpriseFileModel,
    response_description="Its addresses, sites, verdicts with evidence, decisions.",
    responses=responses({}, *_PROBLEMS),
)
def read_enterprise(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    uscc: Annotated[
        str,
        Path(
            description="Unified social credit code.",
            pattern="^[0-9A-HJ-NPQRTUWXY]{18}$",
            examples=["91990001MA0000001R"],
        ),
    ],
) -> Response:
    """Return what is held on an enterprise: all its addresses, where they end, what was found of them."""
    file = FileStore(services.database).enterprise(uscc)
    division = asker.account.division
    sites = [] if file is None else [site for site in file.sites if lies_in(site.division, division)]
    # Without a line it stands nowhere yet: that is the whole country's to see.
    if file is None or not (sites or (not file.sites and lies_in(None, division))):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    view = View(services, asker.account)
    here = {site.id for site in sites}
    shown = _verdicts(services, view, HitFilter(Level.CLEARED, uscc=uscc))
    body = {
        "type": "enterprise",
        "uscc": file.uscc,
        "name": file.name,
        "address": file.address,
        "legal_form": file.legal_form,
        "industry": file.industry,
        "status": file.status,
        "source": file.source,
        "sites": [_site(site) for site in sites],
        "assignments": [_held(one) for one in file.held if one.site in here],
        "more": file.more,
        **_found(services, view, shown, lang),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/sites/{site_id}",
    operation_id="getSite",
    summary="The file of a site",
    response_model=SiteFileModel,
    response_description="Where it is, whose lines end there, what was found.",
    responses=responses({}, *_PROBLEMS),
)
def read_site(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    site_id: Annotated[str, Path(description="Id of the site.", max_length=100, examples=["site-0001"])],
) -> Response:
    """Return what is held on a site."""
    file = FileStore(services.database).site(site_id)
    if file is None or not lies_in(file.site.division, asker.account.division):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    view = View(services, asker.account)
    prefixes = list(dict.fromkeys(one.prefix for one in file.held))[:MAX_PREFIXES]
    shown: dict[int, Shown] = {}
    for prefix in prefixes:
        for stored, held in _verdicts(services, view, HitFilter(Level.CLEARED, prefix=prefix)):
            if held.site == site_id:
                shown[stored.id] = stored, held
    body = {
        **_site(file.site),
        "type": "site",
        "enterprises": [{"uscc": uscc, "name": name} for uscc, name in file.enterprises],
        "assignments": [_held(one) for one in file.held],
        "more": file.more or len({one.prefix for one in file.held}) > MAX_PREFIXES,
        **_found(services, view, list(shown.values()), lang),
    }
    return answered(request, body, lang)


@router.get(
    "/v1/pools/{name}",
    operation_id="getPool",
    summary="The file of a pool",
    response_model=PoolFileModel,
    response_description="Its addresses, and who works for it.",
    responses=responses({}, *_PROBLEMS),
)
def read_pool(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    name: Annotated[
        str,
        Path(description="Name of the pool, as verdicts tell it.", max_length=200, examples=["example-pool"]),
    ],
) -> Response:
    """Return which addresses are a pool, and who of those that the account may see works for it."""
    found = FileStore(services.database).pool_verdicts(name, services.verdicts)
    view = View(services, asker.account)
    shown = view.verdicts(found, attributed(services, found))
    if not shown:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    own = [one for one in shown if one[0].verdict.role is Role.POOL]
    coins = {coin for stored, _ in shown for coin in stored.verdict.coins}
    body = {
        "type": "pool",
        "name": name,
        "coins": sorted(coins),
        "addresses": sorted({view.address(str(stored.verdict.address)) for stored, _ in own}),
        **_found(services, view, shown, lang),
    }
    return answered(request, body, lang)


def _verdicts(services: Services, view: View, wanted: HitFilter) -> list[Shown]:
    found = services.verdicts.hits(wanted, None, MAX_VERDICTS).hits
    return view.verdicts(found, attributed(services, found))


def _found(services: Services, view: View, shown: Sequence[Shown], lang: Lang) -> dict[str, Any]:
    """Return the verdicts of a file, where their packets are, and what was decided."""
    addresses = sorted({stored.verdict.address for stored, _ in shown}, key=lambda a: (a.version, int(a)))
    return {
        "verdicts": [view.hit_json(stored, held, lang) for stored, held in shown],
        "evidence": [
            {
                "address": view.address(str(address)),
                "packets": count,
                "href": f"/v1/ips/{address}/evidence.pcap",
            }
            for address, count in _packets(services, [stored for stored, _ in shown], addresses)
            if count and view.address(str(address)) == str(address)
        ],
        "decisions": [
            {
                "id": one.id,
                "address": view.address(str(one.address)),
                "decision": one.decision,
                "reason": one.reason,
                "by": one.by_name,
                "time": rfc3339(one.at_ns),
            }
            for one in DecisionStore(services.database).of_addresses(addresses)
        ],
    }


def _packets(
    services: Services, stored: Sequence[StoredVerdict], addresses: Iterable[Address]
) -> list[tuple[Address, int]]:
    """Return for each address how many packets of its evidence are kept."""
    kinds = kinds_of(one.verdict for one in stored)
    kept = {packet.place for packet in packets_named(services, kinds)}
    counts = []
    for address in addresses:
        own = kinds_of(one.verdict for one in stored if one.verdict.address == address)
        counts.append((address, len(kept & own.keys())))
    return counts


def _site(site: SiteRecord) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name,
        "division": site.division,
        "address": site.address,
        "longitude": site.longitude,
        "latitude": site.latitude,
        "datum": site.datum,
        "landlord": site.landlord,
        "meters": list(site.meters),
        "source": site.source,
    }


def _held(one: Held) -> dict[str, Any]:
    return {
        "prefix": str(one.prefix),
        "line": one.line,
        "uscc": one.uscc,
        "site": one.site,
        "valid_from": rfc3339(one.valid_from_ns),
        "valid_to": None if one.valid_to_ns is None else rfc3339(one.valid_to_ns),
        "source": one.source,
    }
