"""`minescope projects`: proposed from hits, confirmed by a person, kept with their whole life."""

from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.projects_describe import describe
from minescope.projects_metered import metered
from minescope.projects_shown import listed, proposals, proposed, show_one
from minescope.projects_week import week
from minescope.rows import Rows
from minescope.supervising import (
    COUNTRY,
    AsJson,
    AsOf,
    Dept,
    Known,
    Language,
    Note,
    Purpose,
    Region,
    checked_region,
    desk,
    kw_words,
    line,
    one_of,
    read_day,
)

if TYPE_CHECKING:
    from supervision.projects.inventory import Power

projects = typer.Typer(
    name="projects",
    no_args_is_help=True,
    help="The project inventory: proposed from hits, confirmed by a person, with its whole life.",
)
projects.command()(metered)
projects.command()(describe)
projects.command()(week)
Project = Annotated[str, typer.Argument(help="Id of a project: pj-...", show_default=False)]
Evidence = Annotated[
    list[str] | None,
    typer.Option("--evidence", help="What it rests on: verdict:17, file:<sha256>.", show_default=False),
]
Interval = Annotated[
    str | None, typer.Option(help="value, or value,low,high.", show_default=False, metavar="N[,LOW,HIGH]")
]
PROPOSED = (
    ("project", "项目编号"), ("power", "功率"), ("division", "区划"), ("enterprise", "企业"),
    ("site", "场所"), ("in the inventory", "清单状态"),
)  # fmt: skip
LISTED = (
    ("project", "项目编号"), ("state", "状态"), ("since", "起始日"), ("power", "功率"), ("size", "规模"),
    ("division", "区划"), ("name", "名称"),
)  # fmt: skip
"""Titles of what is proposed, and of the inventory."""


@projects.command()
def propose(
    region: Region = COUNTRY, as_json: AsJson = False, lang: Language = None, purpose: Purpose = ""
) -> int:
    """Group hits at `likely` and more by enterprise and site, or by cluster, largest power first.

    Nothing is opened: `projects confirm` does that. Probable victims of malware campaigns are listed
    apart and proposed as nothing; what a person finds to be a farm after all is opened by `projects add`.
    Exits 1 when one of what is proposed is in no inventory yet, else 0.
    """
    from registry.division_table import WHOLE_COUNTRY
    from store.access_rules import lies_in
    from supervision.projects.answers import proposal_json
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore
    from supervision.victims import TITLES, sighted

    code, new = checked_region(region), False
    with desk(lang, f"projects propose {code}", purpose) as at:
        held = ProjectStore(at.services.database).every(WHOLE_COUNTRY)
        standings = inventory(held.events, held.measured, at.today, at.now)
        found = proposed(at)
        with Rows(PROPOSED, at.lang, quiet=as_json) as rows:
            for one in found.proposals:
                if not lies_in(one.division or None, code):
                    continue
                told = proposal_json(one, standings.get(one.project), at.lang)
                new |= told["state"] is None
                if as_json:
                    line(told)
                    continue
                name = one.enterprise or one.cluster
                kw = kw_words(told["kw"]) if told["kw"] else None
                rows.add([one.project, kw, one.division, name, one.site, told["state_word"]])
        with Rows(TITLES, at.lang, quiet=True) as rows:
            for hit in found.victims:
                told = sighted(hit, at.lang)
                if not lies_in(told["division"] or None, code):
                    continue
                if as_json:
                    line({"type": "victim", **told})
                else:
                    rows.add([told["address"], told["uscc"], told["site"], told["because"]])
    return EXIT_FOUND if new else EXIT_NOTHING


@projects.command()
def confirm(
    project: Project,
    name: Annotated[str, typer.Option(help="Name; default: the enterprise's.")] = "",
    division: Annotated[str, typer.Option(help="Division code, where nobody knows the place.")] = "",
    note: Note = "",
    department: Dept = "other",
    lang: Language = None,
) -> int:
    """Open the project of a proposal: found on the day when its traffic was seen first.

    Exits 0; 2 where nothing proposes it; 3 where it is there already.
    """
    from supervision.projects.kept import add_measure, open_project
    from supervision.projects.opening import confirmed
    from supervision.refusals import Unknown

    with desk(lang) as at:
        one = next((one for one in proposals(at, COUNTRY) if one.project == project), None)
        if one is None:
            raise Unknown(project)
        opening = confirmed(one, at.by(department), name, note, checked_region(division) if division else "")
        with at.services.database.writing() as connection:
            open_project(connection, opening.project, opening.particulars, opening.event)
            if opening.measured is not None:
                add_measure(connection, opening.project, opening.measured, opening.project.author)
        at.changed("projects confirm", f"{project} {opening.particulars.name}")
        show_one(at, project, False, None, None)
    return EXIT_NOTHING


@projects.command()
def add(
    division: Annotated[str, typer.Option(help="Division code of the place.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is called.", show_default=False)],
    uscc: Annotated[str, typer.Option(help="Unified social credit code.")] = "",
    site: Annotated[str, typer.Option(help="Id of the site.")] = "",
    planned: Annotated[bool, typer.Option("--planned", help="It is planned or being built.")] = False,
    start: Annotated[str | None, typer.Option(help="Planned start, a day.", show_default=False)] = None,
    kw: Annotated[float | None, typer.Option(help="Planned power.", min=0, show_default=False)] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Electricity account; may come again.", show_default=False)
    ] = None,
    park: Annotated[str, typer.Option(help="The park that it stands in.")] = "",
    on: Annotated[str | None, typer.Option(help="Day on which it was found.", show_default=False)] = None,
    note: Note = "",
    department: Dept = "other",
    lang: Language = None,
) -> int:
    """Open a project that an inspection, a report or a plan shows, without any hit."""
    from registry import divisions
    from supervision.projects.kept import open_project
    from supervision.projects.opening import entered
    from supervision.projects.project import Particulars
    from supervision.refusals import Refused

    if (why := divisions.fault(division)) is not None:
        raise Refused(f"--division: {why}", f"--division 不是行政区划代码：{division}")
    with desk(lang) as at:
        by = at.by(department)
        known = Particulars(
            "",
            at.now,
            by.name,
            name,
            accounts=tuple(account or ()),
            park=park,
            planned_start=None if start is None else read_day(start, "--start"),
            planned_kw=kw,
            note=note,
        )
        day = at.today if on is None else read_day(on, "--on")
        opening = entered("planned" if planned else "running", division, known, uscc, site, by, day)
        with at.services.database.writing() as connection:
            open_project(connection, opening.project, opening.particulars, opening.event)
        at.changed("projects add", f"{opening.project.id} {name}")
        show_one(at, opening.project.id, False, None, None)
    return EXIT_NOTHING


@projects.command("list")
def list_(
    region: Region = COUNTRY,
    state: Annotated[str | None, typer.Option(help="Only those at this step.", show_default=False)] = None,
    as_of: AsOf = None,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """List projects as they stood on a day, as was known at a time."""
    from supervision.projects.events import Step

    code = checked_region(region)
    if state is not None:
        one_of(state, [step.value for step in Step if step is not Step.WITHDRAWN], "--state")
    with desk(lang, f"projects list {code}", purpose) as at, Rows(LISTED, at.lang, quiet=as_json) as rows:
        for _, shown in listed(at, code, as_of, known):
            if state is not None and shown["state"] != state:
                continue
            if as_json:
                line(shown)
                continue
            kw = (shown["measured"] or {}).get("kw")
            size = shown["size"]["word"] if shown["size"] else None
            word = shown["state_word"] or shown["kind_word"]
            rows.add([
                shown["id"], word, shown["since"], kw_words(kw) if kw else None, size, shown["division"],
                shown["name"],
            ])  # fmt: skip
    return EXIT_NOTHING


@projects.command()
def show(
    project: Project,
    as_of: AsOf = None,
    known: Known = None,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """Show one project with its events, measurements and what they rest on.

    Exits 0, or 2 where it is not held, or was not known then.
    """
    with desk(lang, f"projects show {project}", purpose) as at:
        show_one(at, project, as_json, as_of, known)
    return EXIT_NOTHING


@projects.command()
def event(
    project: Project,
    step: Annotated[
        str, typer.Argument(help="found, verified, notified, ... withdrawn.", show_default=False)
    ],
    on: Annotated[str | None, typer.Option(help="Day on which it was true.", show_default=False)] = None,
    note: Note = "",
    evidence: Evidence = None,
    withdraws: Annotated[
        int | None, typer.Option(help="Number of the mistaken event.", show_default=False)
    ] = None,
    department: Dept = "other",
    lang: Language = None,
) -> int:
    """Enter what happened, also late: it must fit between what is there. Nothing is ever changed.

    Exits 0, or 3 where it cannot be; the steps that could are named.
    """
    from supervision.projects.events import Event, Step
    from supervision.projects.kept import add_event, read_one
    from supervision.refusals import Refused

    if step not in set(Step):
        raise Refused(f"a step is one of {', '.join(Step)}", f"步骤须是 {'、'.join(Step)} 之一")
    with desk(lang) as at:
        by = at.by(department)
        day = at.today if on is None else read_day(on, "--on")
        new = Event(
            0,
            project,
            Step(step),
            day,
            at.now,
            by.name,
            by.department,
            note,
            tuple(evidence or ()),
            withdraws,
        )
        with at.services.database.writing() as connection:
            added = add_event(connection, read_one(connection, project).projects[0], new)
        at.changed("projects event", f"{project} {step} on {day}: {note}")
    typer.echo(f"minescope: {project}: event {added.number}: {step} on {day}")
    return EXIT_NOTHING


@projects.command()
def measure(
    project: Project,
    basis: Annotated[
        str, typer.Option(help="traffic (the hits as they are), meters, inspection.")
    ] = "traffic",
    on: Annotated[str | None, typer.Option(help="Day that it is true of.", show_default=False)] = None,
    machines: Interval = None,
    kw: Interval = None,
    kwh_day: Interval = None,
    evidence: Evidence = None,
    department: Dept = "other",
    lang: Language = None,
) -> int:
    """Enter how large a project is: by its traffic, or as meters or an inspection tell."""
    from supervision.projects.kept import add_measure, read_one
    from supervision.projects.opening import by_hand, measured
    from supervision.refusals import Refused

    if basis not in ("traffic", "meters", "inspection"):
        raise Refused(
            "--basis is traffic, meters or inspection", "--basis 须是 traffic、meters 或 inspection"
        )
    with desk(lang) as at:
        if basis == "traffic":
            one = next((one for one in proposals(at, COUNTRY) if one.project == project), None)
            made = None if one is None else measured(one, at.now)
            if made is None:
                raise Refused("no hit shows it, or none tells a size", "没有该项目的命中，或无法估算规模")
        else:
            day = at.today if on is None else read_day(on, "--on")
            ends = (_interval(machines, "--machines"), _interval(kw, "--kw"), _interval(kwh_day, "--kwh-day"))
            made = by_hand(project, basis, day, at.now, *ends, evidence or ())
        with at.services.database.writing() as connection:
            add_measure(connection, read_one(connection, project).projects[0], made, at.by(department).name)
        at.changed("projects measure", f"{project} {basis} {made.on}")
        show_one(at, project, False, None, None)
    return EXIT_NOTHING


def _interval(text: str | None, option: str) -> "Power | None":
    from facts.errors import UsageError
    from supervision.projects.inventory import Power

    if text is None:
        return None
    try:
        parts = [float(part) for part in text.split(",")]
        value, low, high = parts * 3 if len(parts) == 1 else parts
    except ValueError:
        raise UsageError(f"{option}: a number, or value,low,high, not {text!r}") from None
    if not 0 <= low <= value <= high < 1e12:
        raise UsageError(f"{option}: 0 <= low <= value <= high, not {text!r}")
    return Power(value, low, high)
