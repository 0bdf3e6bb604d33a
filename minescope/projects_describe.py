"""`minescope projects describe`: what is known of a project beside its events, changed later, with why."""

from typing import Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING
from minescope.supervising import Language, desk, read_day


def describe(
    project: Annotated[str, typer.Argument(help="Id of a project: pj-...", show_default=False)],
    why: Annotated[str, typer.Option(help="Why it is described anew; kept with it.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="What it is called.", show_default=False)] = None,
    enterprise: Annotated[
        str | None, typer.Option(help="Name of the enterprise.", show_default=False)
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Where it stands, in words.", show_default=False)
    ] = None,
    park: Annotated[str | None, typer.Option(help="The park that it stands in.", show_default=False)] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="All its sites; may come again.", show_default=False)
    ] = None,
    subscriber_line: Annotated[
        list[str] | None, typer.Option("--line", help="All its lines; may come again.", show_default=False)
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="All its electricity accounts; may come again.", show_default=False),
    ] = None,
    start: Annotated[str | None, typer.Option(help="Planned start, a day.", show_default=False)] = None,
    kw: Annotated[float | None, typer.Option(help="Planned power.", min=0, show_default=False)] = None,
    machines: Annotated[int | None, typer.Option(help="Planned machines.", min=0, show_default=False)] = None,
    note: Annotated[str | None, typer.Option(help="What else is known.", show_default=False)] = None,
    lang: Language = None,
) -> int:
    """Change what is known of a project from now on; what was known before stays as it was then.

    Whose it is and where is its id: another place is another project. Exits 0; 2 where it is not held;
    3 where nothing changes or nobody says why.
    """
    from minescope.trail import terminal
    from store.database import lock
    from supervision.projects import kept
    from supervision.projects.describing import described_anew

    given: dict[str, Any] = {
        "name": name,
        "enterprise": enterprise,
        "address": address,
        "park": park,
        "sites": None if site is None else tuple(site),
        "lines": None if subscriber_line is None else tuple(subscriber_line),
        "accounts": None if account is None else tuple(account),
        "planned_start": None if start is None else read_day(start, "--start"),
        "planned_kw": kw,
        "planned_machines": machines,
        "note": note,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    with desk(lang) as at:
        with at.services.database.writing() as connection:
            lock(connection, f"project {project}")
            held = kept.read_one(connection, project)
            kept.describe(
                connection, held.projects[0], described_anew(held, at.now, terminal(), why, changes)
            )
        at.changed("projects describe", f"{project} {', '.join(changes)}: {why}")
    typer.echo(f"minescope: {project}: {', '.join(changes)}")
    return EXIT_NOTHING
