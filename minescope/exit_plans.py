"""`minescope exits`: who leaves by when, how far plans slip, who mines again, how far the regions are."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.rows import Rows
from minescope.supervising import (
    COUNTRY,
    AsJson,
    AsOf,
    Dept,
    Desk,
    Known,
    Language,
    Note,
    Purpose,
    Region,
    checked_region,
    desk,
    kw_words,
    line,
    read_day,
)

exits = typer.Typer(
    name="exits", no_args_is_help=True, help="Exit plans: timetables, slippage, relapses, progress by region."
)
LISTED = (
    ("project", "项目编号"), ("state", "状态"), ("class", "类别"), ("next step", "下一步"),
    ("due", "应办日期"),
    ("days late", "逾期天数"), ("by the first plan", "按首版计划"), ("division", "区划"), ("name", "名称"),
)  # fmt: skip
REGIONS = (
    ("division", "区划"), ("name", "名称"), ("level", "层级"), ("progress", "退出进度"), ("left", "已退出"),
    ("projects", "项目数"), ("late", "逾期项目"), ("days late", "逾期天数"), ("power", "功率"),
)  # fmt: skip
AGAIN = (
    ("project", "项目编号"), ("kind", "情形"), ("left on", "退出日期"), ("seen", "发现日期"),
    ("power", "功率"),
)  # fmt: skip
STEPS = (("step", "步骤"), ("due", "应办日期"), ("responsible", "责任单位"), ("limit kW", "限电千瓦"))
"""Titles of plans, regions, relapses and the steps of a plan."""
Project = Annotated[str, typer.Argument(help="Id of a project: pj-...", show_default=False)]


@exits.command()
def plan(
    project: Project,
    body: Annotated[str, typer.Option(help="Who is responsible.", show_default=False)],
    category: Annotated[str, typer.Option("--class", help="immediate, limited-period or stepwise.")],
    begin: Annotated[
        str | None, typer.Option(help="Day on which the timetable begins.", show_default=False)
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(help="notified=2026-12-01, limited=2026-12-20:500 (kW), ...", show_default=False),
    ] = None,
    reason: Note = "",
    department: Dept = "development-reform",
    lang: Language = None,
) -> int:
    """Set a plan: with the steps given, or with the usual timetable of its class.

    A later edition says why (--reason); the ones before stay. Exits 0, or 3 where the plan cannot be.
    """
    from supervision.exits.kept import add_plan
    from supervision.exits.plan import Plan, draft, shipped_categories
    from supervision.projects.kept import read_one
    from supervision.projects.words import STEPS as STEP_WORDS
    from supervision.projects.words import said
    from supervision.refusals import Refused

    found = {one.id: one for one in shipped_categories()}
    if category not in found:
        raise Refused(f"--class is one of {', '.join(found)}", f"--class 须是 {'、'.join(found)} 之一")
    with desk(lang) as at:
        by = at.by(department)
        who = (by.name, by.department)
        if step:
            steps = tuple(_milestone(text, body) for text in step)
            made = Plan(project, at.now, *who, category, body, steps, reason)
        else:
            day = at.today if begin is None else read_day(begin, "--begin")
            made = draft(found[category], project, day, body, *who, at.now, reason)
        with at.services.database.writing() as connection:
            add_plan(connection, read_one(connection, project).projects[0], made)
        at.changed("exits plan", f"{project} {category} {body}: {reason}")
        with Rows(STEPS, at.lang) as rows:
            for one in made.milestones:
                rows.add([said(STEP_WORDS, one.step, at.lang), one.due, one.body, one.limit_kw])
    return EXIT_NOTHING


@exits.command("list")
def list_(
    region: Region = COUNTRY,
    late: Annotated[bool, typer.Option("--late", help="Only those with a step that is late.")] = False,
    as_of: AsOf = None,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """List projects with their next step and how late they are. Exits 1 when one is late, else 0."""
    code, any_late = checked_region(region), False
    with desk(lang, f"exits list {code}", purpose) as at, Rows(LISTED, at.lang, quiet=as_json) as rows:
        for told in _told(at, code, as_of, known):
            any_late |= told["days_late"] > 0
            if late and not told["days_late"]:
                continue
            if as_json:
                line(told)
                continue
            rows.add([
                told["project"], told["state_word"], told["class"], told["next"], told["due"],
                told["days_late"] or None, told["days_late_at_first"] or None, told["division"], told["name"],
            ])  # fmt: skip
    return EXIT_FOUND if any_late else EXIT_NOTHING


@exits.command()
def progress(
    region: Region = COUNTRY,
    as_of: AsOf = None,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """Tell how far a region is, and those right below it: province, city, county."""
    from supervision.exits.answers import region_json
    from supervision.exits.kept import PlanStore
    from supervision.exits.plan import progress as how_far
    from supervision.exits.regions import regions
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore

    code = checked_region(region)
    with desk(lang, f"exits progress {code}", purpose) as at:
        day, seen = at.when(as_of, known)
        held = ProjectStore(at.services.database).every(code)
        standings = inventory(held.events, held.measured, day, seen)
        plans = PlanStore(at.services.database).of([one.id for one in held.projects])
        found = {
            name: steps
            for name, editions in plans.items()
            if (steps := how_far(editions, held.of(name).events, seen, day))
        }
        with Rows(REGIONS, at.lang, quiet=as_json) as rows:
            for one in regions(held.projects, standings, found, code):
                told = region_json(one, at.lang)
                if as_json:
                    line(told)
                    continue
                part = None if told["progress"] is None else f"{told['progress']:.0%}"
                rows.add([
                    told["division"], told["name"], told["level_word"], part, told["exited"],
                    told["projects"], told["late"], told["days_late"], kw_words(told["kw"]),
                ])  # fmt: skip
    return EXIT_NOTHING


@exits.command()
def relapses(
    region: Region = COUNTRY, as_json: AsJson = False, lang: Language = None, purpose: Purpose = ""
) -> int:
    """Find projects that had left and mine again, or whose meters still draw; a person enters the event.

    Exits 1 when there are any.
    """
    from supervision.exits.again import came_back
    from supervision.exits.answers import relapse_json

    code = checked_region(region)
    with desk(lang, f"exits relapses {code}", purpose) as at, Rows(AGAIN, at.lang, quiet=as_json) as rows:
        again = came_back(at.services, code, at.now).found
        for one in again:
            told = relapse_json(one, at.lang)
            if as_json:
                line(told)
                continue
            rows.add([told["project"], told["kind_word"], told["exited"], told["seen"], kw_words(told["kw"])])
    return EXIT_FOUND if again else EXIT_NOTHING


def _told(at: Desk, region: str, as_of: str | None, known: str | None) -> "Sequence[dict[str, Any]]":
    from supervision.exits.answers import exit_json
    from supervision.exits.kept import PlanStore
    from supervision.exits.plan import in_force
    from supervision.exits.plan import progress as how_far
    from supervision.projects import sizes
    from supervision.projects.answers import project_json
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore
    from supervision.projects.project import latest

    day, seen = at.when(as_of, known)
    held = ProjectStore(at.services.database).every(region)
    standings = inventory(held.events, held.measured, day, seen)
    plans = PlanStore(at.services.database).of([one.id for one in held.projects])
    named, classes = latest(held.particulars, seen), sizes.shipped()
    lived: dict[str, list[Any]] = {}
    for event in held.events:
        lived.setdefault(event.project, []).append(event)
    told = []
    for one in held.projects:
        if one.opened > seen:
            continue
        editions = plans.get(one.id, ())
        shown = project_json(one, standings.get(one.id), named.get(one.id), classes, at.lang)
        found = how_far(editions, lived.get(one.id, ()), seen, day)
        told.append(exit_json(shown, in_force(editions, seen), found, at.lang))
    return told


def _milestone(text: str, body: str) -> Any:
    from facts.errors import UsageError
    from supervision.exits.plan import WAY_OUT, Milestone
    from supervision.projects.events import Step

    step, _, rest = text.partition("=")
    day, _, limit = rest.partition(":")
    if step not in set(WAY_OUT):
        raise UsageError(f"--step: one of {', '.join(WAY_OUT)}, =, a day, not {text!r}")
    try:
        kw = float(limit) if limit else None
    except ValueError:
        raise UsageError(f"--step: a limit in kW, not {limit!r}") from None
    return Milestone(Step(step), read_day(day, "--step"), body, kw)
