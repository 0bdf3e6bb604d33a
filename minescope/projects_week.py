"""`minescope projects week`: the inventory at the end of a week, and what changed since the one before."""

from typing import Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING
from minescope.rows import Rows
from minescope.supervising import (
    COUNTRY,
    AsJson,
    Known,
    Language,
    Purpose,
    Region,
    checked_region,
    desk,
    kw_words,
    line,
    read_day,
)

WEEK = (
    ("week", "统计周"), ("division", "区划"), ("running", "在运"), ("projects", "项目数"), ("power", "功率"),
)  # fmt: skip
CHANGED = (("change", "变动"), ("project", "项目编号"), ("before", "原"), ("now", "现"))
"""Titles of the week and of what changed."""


def week(
    name: Annotated[
        str | None, typer.Argument(help="ISO week such as 2026-W47. Default: this one.", show_default=False)
    ] = None,
    region: Region = COUNTRY,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """Tell the inventory at the end of a week, as known then, and what changed since the week before."""
    from facts.errors import UsageError
    from supervision.projects import sizes
    from supervision.projects.answers import change_json, totals_json
    from supervision.projects.inventory import change, end_of, inventory, week_before, week_end, week_of
    from supervision.projects.kept import ProjectStore
    from supervision.projects.words import CHANGES, said

    code = checked_region(region)
    with desk(lang, f"projects week {name or ''} {code}", purpose) as at:
        asked = name or week_of(at.today)
        try:
            last, earlier = week_end(asked), week_before(asked)
        except ValueError as error:
            raise UsageError(str(error)) from None
        day = min(last, at.today)
        seen = min(at.now, end_of(day)) if known is None else end_of(read_day(known, "--known"))
        held = ProjectStore(at.services.database).every(code)
        now = inventory(held.events, held.measured, day, seen)
        then = week_end(earlier)
        before = inventory(held.events, held.measured, then, min(seen, end_of(then)))
        totals = totals_json(now.values(), sizes.shipped())
        changed = change_json(change(before, now))
        if as_json:
            line({"week": asked, "before": earlier, "division": code, "totals": totals, "change": changed})
            return EXIT_NOTHING
        with Rows(WEEK, at.lang) as rows:
            rows.add([asked, code, totals["running"], totals["projects"], kw_words(totals["kw"])])
        with Rows(CHANGED, at.lang, quiet=True) as rows:
            for kind, found in changed.items():
                for one in found:
                    name = one if isinstance(one, str) else one["project"]
                    rows.add([said(CHANGES, kind, at.lang), name, *_turn(one, at.lang)])
    return EXIT_NOTHING


def _turn(one: Any, lang: str) -> tuple[Any, Any]:
    """Return what a project was and is: its step, or its power in kW."""
    from supervision.projects.words import STEPS, said

    if isinstance(one, str):
        return None, None
    if isinstance(one["before"], str):
        return said(STEPS, one["before"], lang), said(STEPS, one["now"], lang)
    return f"{one['before']:,.1f} kW", f"{one['now']:,.1f} kW"
