"""What the files of an enterprise, a site and a pool have in common."""

from collections.abc import Iterable, Sequence
from typing import Any

from api.access.view import View
from api.language import Lang
from api.openapi import ASKED
from api.problems import Problem
from api.routes.decisions import decision_json
from api.routes.evidence import kinds_of, packets_named
from api.selection import Shown
from facts.endpoint import Address
from facts.instant import rfc3339
from pipeline.lookup import attributed
from pipeline.services import Services
from store.decisions import DecisionStore
from store.files import MAX_VERDICTS, Held, SiteRecord
from store.verdicts import HitFilter, StoredVerdict

FILE_PROBLEMS = (*ASKED, Problem.UNKNOWN_RECORD, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE)
"""What the route of a file can meet."""


def shown_verdicts(services: Services, view: View, wanted: HitFilter) -> list[Shown]:
    """Return the verdicts that a filter selects and the view shows, last seen first."""
    found = services.verdicts.hits(wanted, None, MAX_VERDICTS).hits
    return view.verdicts(found, attributed(services, found))


def found_json(services: Services, view: View, shown: Sequence[Shown], lang: Lang) -> dict[str, Any]:
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
            decision_json(one) | {"address": view.address(str(one.address))}
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


def site_json(site: SiteRecord) -> dict[str, Any]:
    """Return a site as the registry holds it."""
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


def held_json(one: Held) -> dict[str, Any]:
    """Return one prefix in one period."""
    return {
        "prefix": str(one.prefix),
        "line": one.line,
        "uscc": one.uscc,
        "site": one.site,
        "valid_from": rfc3339(one.valid_from_ns),
        "valid_to": None if one.valid_to_ns is None else rfc3339(one.valid_to_ns),
        "source": one.source,
    }
