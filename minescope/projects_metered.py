"""`minescope projects metered`: what the meters of projects count, beside what traffic estimates."""

from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING
from minescope.supervising import (
    COUNTRY,
    AsJson,
    AsOf,
    Known,
    Language,
    Purpose,
    Region,
    cells,
    checked_region,
    desk,
    kw_words,
    line,
)


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
        for one in wanted:
            kw = of_traffic(standings.get(one.id))
            told = metered_json(found.projects.get(one.id), kw)
            if as_json:
                line({"type": "metered", "project": one.id, "estimated_kw": kw, "metered": told})
                continue
            if told is None:
                cells([one.id, kw_words(kw), None])
                continue
            change = None if told["change"] is None else f"{told['change']:+.1%}"
            energy = [f"{week['kwh']:,.0f} kWh ({week['days']}/7)" for week in told["weeks"]]
            power = None if told["kw"] is None else f"{told['kw']:,.1f} kW"
            cells([one.id, kw_words(kw), power, told["last"], change, *energy, *told["accounts"]])
        if project is None:
            totals = totals_json(found)
            if as_json:
                line({"type": "totals", **totals})
            else:
                change = None if totals["change"] is None else f"{totals['change']:+.1%}"
                cells([code, f"{totals['kw']:,.1f} kW", f"{totals['kwh']:,.0f} kWh", change])
    return EXIT_NOTHING
