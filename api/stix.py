"""Hits as a STIX 2.1 bundle: what was observed, the indicator made of it, and whose the address was.

Source: OASIS STIX 2.1, sections 2.9 (identifiers), 4.7 (indicator), 4.14 (observed data), 6.8 (addresses).
Identifiers are of version 5, so that the same hits give the same objects again.
"""

import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid5

from pipeline.contract import Json

_OASIS = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # namespace of cyber-observable objects, section 2.9
_OWN = uuid5(_OASIS, "minescope")
_SOURCE = f"identity--{uuid5(_OWN, 'minescope')}"


def bundle(verdicts: Iterable[Json]) -> dict[str, Any]:
    """Return `verdict` objects as a bundle."""
    objects: dict[str, dict[str, Any]] = {}
    for verdict in verdicts:
        for one in _objects(verdict):
            objects.setdefault(one["id"], one)
    times = [one["modified"] for one in objects.values() if "modified" in one]
    if times:
        maker = _identity("minescope", "MineScope", "system", min(times))
        objects = {maker["id"]: maker, **objects}
    found = list(objects.values())
    digest = uuid5(_OWN, json.dumps(found, sort_keys=True))
    return {"type": "bundle", "id": f"bundle--{digest}", "objects": found}


def _objects(verdict: Json) -> Iterator[dict[str, Any]]:
    kind = "ipv6-addr" if ip_network(verdict["address"]).version == 6 else "ipv4-addr"
    value = {"value": verdict["address"]}
    address = f"{kind}--{uuid5(_OASIS, json.dumps(value, separators=(',', ':')))}"
    yield {"type": kind, "spec_version": "2.1", "id": address, **value}
    first, last = verdict["first_seen"], verdict["last_seen"]
    key = f"{verdict['source']} {verdict['address']} {verdict['role']} {last}"
    common = {"spec_version": "2.1", "created_by_ref": _SOURCE, "created": last, "modified": last}
    observed = f"observed-data--{uuid5(_OWN, 'observed ' + key)}"
    yield {
        "type": "observed-data",
        "id": observed,
        **common,
        "first_observed": first,
        "last_observed": max(first, last),
        "number_observed": max(1, min(sum(one["count"] for one in verdict["evidence"]), 999_999_999)),
        "object_refs": [address],
    }
    indicator = f"indicator--{uuid5(_OWN, 'indicator ' + key)}"
    named = ", ".join(verdict["coins"]) or ", ".join(verdict["protocols"]) or "cryptocurrency mining"
    yield {
        "type": "indicator",
        "id": indicator,
        **common,
        "name": f"{verdict['role']} {verdict['address']}: {named}",
        "description": "; ".join(one["because"] for one in verdict["evidence"][:5]) or verdict["level"],
        "indicator_types": ["anomalous-activity"],
        "pattern": f"[{kind}:value = '{verdict['address']}']",
        "pattern_type": "stix",
        "valid_from": first,
        "confidence": round(verdict["score"] * 100),
        "labels": ["cryptocurrency-mining", verdict["role"], verdict["level"]],
    }
    yield _relation("based-on", indicator, observed, common)
    held = verdict["attribution"] or {}
    if held.get("certain") and held.get("enterprise"):
        owner = _identity(held["uscc"] or held["enterprise"], held["enterprise"], "organization", last)
        yield {**owner, "created_by_ref": _SOURCE}
        yield _relation("related-to", indicator, owner["id"], common)


def _identity(key: str, name: str, kind: str, time: str) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid5(_OWN, key)}",
        "created": time,
        "modified": time,
        "name": name,
        "identity_class": kind,
    }


def _relation(kind: str, source: str, target: str, common: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "relationship",
        "id": f"relationship--{uuid5(_OWN, f'{kind} {source} {target}')}",
        **common,
        "relationship_type": kind,
        "source_ref": source,
        "target_ref": target,
    }
