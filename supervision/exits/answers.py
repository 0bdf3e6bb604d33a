"""Exit plans as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.division_table import in_force
from supervision.exits.plan import Category, Plan, Progress
from supervision.exits.regions import Region
from supervision.exits.relapse import Relapse
from supervision.exits.words import MILESTONES, RELAPSES
from supervision.projects.inventory import Power
from supervision.projects.words import STEPS, moment, said
from supervision.warnings.words import LEVELS

Json = dict[str, Any]


def plan_json(plan: Plan, categories: Sequence[Category], lang: str) -> Json:
    """Return one edition of a plan."""
    category = next((one for one in categories if one.id == plan.category), None)
    word = plan.category if category is None else category.zh if lang == "zh" else category.en
    return {
        "class": plan.category,
        "class_word": word,
        "body": plan.body,
        "known": moment(plan.known),
        "author": plan.author,
        "department": plan.department,
        "reason": plan.reason,
        "milestones": [
            {
                "step": one.step.value,
                "step_word": said(STEPS, one.step, lang),
                "due": one.due.isoformat(),
                "body": one.body,
                "limit_kw": one.limit_kw,
            }
            for one in plan.milestones
        ],
    }


def progress_json(found: Sequence[Progress], lang: str) -> list[Json]:
    """Return how each milestone stands."""
    return [
        {
            "step": one.milestone.step.value,
            "step_word": said(STEPS, one.milestone.step, lang),
            "body": one.milestone.body,
            "limit_kw": one.milestone.limit_kw,
            "due": one.milestone.due.isoformat(),
            "first_due": one.first_due.isoformat(),
            "done": None if one.done is None else one.done.isoformat(),
            "state": one.state,
            "state_word": said(MILESTONES, one.state, lang),
            "days_late": one.days_late,
            "days_late_at_first": one.days_late_at_first,
        }
        for one in found
    ]


def exit_json(shown: Mapping[str, Any], plan: Plan | None, found: Sequence[Progress], lang: str) -> Json:
    """Return how far one project is on its way out; `shown` is what the inventory says of it."""
    late = [one for one in found if one.state == "late"]
    nearest = next((one for one in found if one.done is None), None)
    return {
        "project": shown["id"],
        "name": shown["name"],
        "enterprise": shown["enterprise"],
        "uscc": shown["uscc"],
        "division": shown["division"],
        "state": shown["state"],
        "state_word": shown["state_word"],
        "class": plan.category if plan else None,
        "body": plan.body if plan else None,
        "next": nearest.milestone.step.value if nearest else None,
        "due": nearest.milestone.due.isoformat() if nearest else None,
        "days_late": max((one.days_late for one in late), default=0),
        "days_late_at_first": max((one.days_late_at_first for one in late), default=0),
        "relapses": shown["relapses"],
        "progress": progress_json(found, lang),
    }


def region_json(region: Region, lang: str) -> Json:
    """Return how far a region is."""
    named = in_force().named(region.division)
    return {
        "division": region.division,
        "name": named.full_name if named else "",
        "level": region.level,
        "level_word": said(LEVELS, region.level, lang),
        "projects": region.projects,
        "running": region.running,
        "planned": region.planned,
        "exited": region.exited,
        "relapses": region.relapses,
        "late": region.late,
        "days_late": region.days_late,
        "progress": region.progress,
        "kw": _ends(region.kw),
        "kw_left": _ends(region.kw_left),
    }


def relapse_json(found: Relapse, lang: str) -> Json:
    """Return mining after an exit."""
    return {
        "project": found.project,
        "division": found.division,
        "kind": found.kind,
        "kind_word": said(RELAPSES, found.kind, lang),
        "exited": found.exited.isoformat(),
        "seen": found.seen.isoformat(),
        "uscc": found.uscc,
        "site": found.site,
        "kw": _ends(found.size.kw),
        "machines": _ends(found.size.machines),
        "evidence": list(found.evidence),
    }


ROW = (
    "project", "name", "enterprise", "uscc", "division", "state", "class", "body", "next", "due", "days_late",
    "days_late_at_first", "relapses",
)  # fmt: skip
"""Columns of an export."""


def row(shown: Mapping[str, Any]) -> list[Any]:
    """Return what `exit_json` says as a row of ROW."""
    told = {**shown, "state": shown["state_word"]}
    return [told[name] for name in ROW]


RELAPSE_ROW = (
    "project", "name", "division", "kind", "exited", "seen", "uscc", "site", "machines", "machines_low",
    "machines_high", "kw", "kw_low", "kw_high", "evidence",
)  # fmt: skip
"""Columns of an export of what came back."""


def relapse_row(told: Mapping[str, Any]) -> list[Any]:
    """Return what `relapse_json` says, with the project's name, as a row of RELAPSE_ROW."""
    flat = {**told, "kind": told["kind_word"]}
    for name in ("machines", "kw"):
        ends = told[name] or {}
        flat |= {name: ends.get("value"), f"{name}_low": ends.get("low"), f"{name}_high": ends.get("high")}
    return [flat[name] for name in RELAPSE_ROW]


def _ends(power: Power | None) -> Json | None:
    return None if power is None else {"value": power.value, "low": power.low, "high": power.high}
