"""What a project is: an enterprise at a site, or where nobody is registered a cluster of addresses."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Kind = Literal["running", "planned"]


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the inventory; it never changes."""

    id: str
    kind: Kind
    """As it was opened: planned ones become running by their first event."""
    uscc: str
    """Unified social credit code; empty where no enterprise is registered."""
    site: str
    """Id of the site; empty where none is."""
    cluster: str
    """Id of the ownership cluster of a project without enterprise and site."""
    division: str
    """GB/T 2260 code of the site."""
    opened: datetime
    author: str
    department: str


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is known of a project beside its events; the latest that was known counts."""

    project: str
    known: datetime
    author: str
    name: str
    enterprise: str = ""
    address: str = ""
    sites: tuple[str, ...] = ()
    """All its sites, the first among them."""
    lines: tuple[str, ...] = ()
    """Subscriber lines that its machines use."""
    accounts: tuple[str, ...] = ()
    """Electricity accounts (户号)."""
    park: str = ""
    """The big-data or high-tech park it stands in; empty where none."""
    planned_start: date | None = None
    planned_kw: float | None = None
    """Of a planned project."""
    planned_machines: int | None = None
    note: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """Why it was described anew; empty of the first edition."""


def project_id(uscc: str, site: str, cluster: str = "") -> str:
    """Return the id of the project of an enterprise at a site, or of a cluster: always the same one.

    Raises ValueError where nothing is named.
    """
    if not (uscc or site or cluster):
        raise ValueError("a project has an enterprise, a site or a cluster")
    named = "\0".join((uscc, site, "" if site or uscc else cluster))
    return "pj-" + hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def latest(found: Iterable[Particulars], as_known: datetime) -> dict[str, Particulars]:
    """Return each project's last particulars that were known at a time; `found` as they were entered."""
    held: dict[str, Particulars] = {}
    for one in found:
        if one.known <= as_known:
            held[one.project] = one
    return held


def to_record(particulars: Particulars) -> dict[str, Any]:
    """Return particulars as they are kept."""
    return {
        "name": particulars.name,
        "enterprise": particulars.enterprise,
        "address": particulars.address,
        "sites": list(particulars.sites),
        "lines": list(particulars.lines),
        "accounts": list(particulars.accounts),
        "park": particulars.park,
        "planned_start": None if particulars.planned_start is None else particulars.planned_start.isoformat(),
        "planned_kw": particulars.planned_kw,
        "planned_machines": particulars.planned_machines,
        "note": particulars.note,
        "more": dict(particulars.more),
        "why": particulars.why,
    }


def from_record(project: str, known: datetime, author: str, record: Mapping[str, Any]) -> Particulars:
    """Return particulars from what was kept; what an older version did not keep has its default."""
    start = record.get("planned_start")
    return Particulars(
        project,
        known,
        author,
        record["name"],
        record.get("enterprise", ""),
        record.get("address", ""),
        tuple(record.get("sites", ())),
        tuple(record.get("lines", ())),
        tuple(record.get("accounts", ())),
        record.get("park", ""),
        None if start is None else date.fromisoformat(start),
        record.get("planned_kw"),
        record.get("planned_machines"),
        record.get("note", ""),
        dict(record.get("more", {})),
        record.get("why", ""),
    )
