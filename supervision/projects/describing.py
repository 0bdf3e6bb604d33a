"""Describing a project anew: what it is called, its accounts, lines and plans as they are known from now on.

What was known before stays as it was known then; each edition says why it was made.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from supervision.projects.kept import Held
from supervision.projects.project import Particulars, latest, to_record
from supervision.refusals import Refused

FIELDS = (
    "name", "enterprise", "address", "sites", "lines", "accounts", "park", "planned_start", "planned_kw",
    "planned_machines", "note",
)  # fmt: skip
"""What may change. Whose the project is and where it stands is its id: another place is another project."""


def described_anew(
    held: Held, at: datetime, author: str, why: str, changes: Mapping[str, Any]
) -> Particulars:
    """Return the next edition of the one project's particulars; `changes` has values of FIELDS.

    Raises Refused where nobody says why, nothing changes, or the project would have no name.
    """
    [project] = held.projects
    if not why.strip():
        raise Refused("say why it is described anew", "请说明变更理由")
    before = latest(held.particulars, at)[project.id]
    made = replace(before, known=at, author=author, why=why.strip(), **changes)
    if not made.name.strip():
        raise Refused("a project has a name", "项目须有名称")
    if not changed(before, made):
        raise Refused("nothing changes by that", "内容没有变化")
    return made


def changed(before: Particulars | None, now: Particulars) -> tuple[str, ...]:
    """Return the fields that an edition changed; all that it fills in where it is the first."""
    old: Mapping[str, Any] = {} if before is None else to_record(before)
    return tuple(name for name, value in to_record(now).items() if name in FIELDS and value != old.get(name))


def editions(found: Collection[Particulars], as_known: datetime) -> list[dict[str, Any]]:
    """Return the editions of one project known at a time as they are answered, the oldest first."""
    told, before = [], None
    for one in found:
        if one.known <= as_known:
            told.append(
                {
                    "known": one.known,
                    "author": one.author,
                    "why": one.why,
                    "changed": [] if before is None else list(changed(before, one)),
                }
            )
            before = one
    return told
