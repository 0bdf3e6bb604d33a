"""`minescope projects metered`: what the meters of projects count, beside what traffic estimates."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING
from minescope.rows import Rows
from minescope.supervising import (
    COUNTRY,
    AsJson,
    AsOf,
    Known,
    Language,
    Purpose,
    Region,
    checked_region,
    desk,
    kw_words,
    line,
)

TITLES = (
    ("project", "项目编号"), ("estimated power", "估算功率"), ("metered power", "计量功率"), ("on", "计量日"),
    ("change", "环比"),
)  # fmt: skip
"""Before a column for each week, the latest first, and the accounts."""
ACCOUNTS = ("accounts", "户号")


def metered(
    project: Annotated[
        str | None, typer.Argument(help="Id of a project; default: all that run.", show_default=False)
    ] = None,
    region: Region = COUNTRY,
    weeks: Annotated[int, typer.Option(min=2, max=53, help="Weeks back from the day.")] = 2,
    as_of: AsOf = None,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """Tell the metered energy of projects by weeks, and their power now, beside the estimate.

    Exits 0, or 2 where a file of the lake is damaged or the project is not held.
    """
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore
    from supervision.projects.metered import metered as counted
    from supervision.projects.metered import metered_json, of_traffic, totals_json
    from supervision.projects.metering import WEEK
    from supervision.projects.project import latest

    code = checked_region(region)
    with desk(lang, f"projects metered {project or code}", purpose) as at:
        day, seen = at.when(as_of, known)
        store = ProjectStore(at.services.database)
        held = store.every(code) if project is None else store.one(project)
        standings = inventory(held.events, held.measured, day, seen)
        named = latest(held.particulars, seen)
        wanted = [
            one
            for one in held.projects
            if project is not None or (one.id in standings and standings[one.id].running)
        ]
        with at.services.database.reading() as connection:
            found = counted(connection, CurveLake(load_settings().lake), wanted, named, day, seen, weeks)
        first = (day - timedelta(days=WEEK * (n + 1) - 1) for n in range(weeks))
        titles = (*TITLES, *((f"week of {one}", f"{one} 起一周") for one in first), ACCOUNTS)
        with Rows(titles, at.lang, quiet=as_json) as rows:
            for one in wanted:
                kw = of_traffic(standings.get(one.id))
                told = metered_json(found.projects.get(one.id), kw)
                if as_json:
                    line({"type": "metered", "project": one.id, "estimated_kw": kw, "metered": told})
                elif told is None:
                    rows.add([one.id, kw_words(kw), *[None] * (len(titles) - 2)])
                else:
                    energy = [f"{week['kwh']:,.0f} kWh ({week['days']}/7)" for week in told["weeks"]]
                    power = None if told["kw"] is None else f"{told['kw']:,.1f} kW"
                    numbers = " ".join(told["accounts"])
                    rows.add([one.id, kw_words(kw), power, told["last"], _percent(told), *energy, numbers])
            if project is None:
                sums = totals_json(found)
                if as_json:
                    line({"type": "totals", **sums})
                elif wanted:
                    energy = [f"{sums[name]:,.0f} kWh" for name in ("kwh", "before_kwh")]
                    more = [None] * (weeks - 2)
                    power = f"{sums['kw']:,.1f} kW"
                    rows.add([code, None, power, None, _percent(sums), *energy, *more, sums["accounts"]])
    return EXIT_NOTHING


def _percent(told: Mapping[str, Any]) -> str | None:
    return None if told["change"] is None else f"{told['change']:+.1%}"
