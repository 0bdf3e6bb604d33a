"""What the commands of projects show: proposals, the inventory of a day, one project with its life."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minescope.supervising import Desk, cells, kw_words, line

if TYPE_CHECKING:
    from supervision.projects.kept import Held
    from supervision.projects.sightings import Proposal, Proposed


def proposals(at: Desk, region: str) -> "tuple[Proposal, ...]":
    """Return what the hits of a region propose."""
    from store.access_rules import lies_in

    return tuple(one for one in proposed(at).proposals if lies_in(one.division or None, region))


def proposed(at: Desk) -> "Proposed":
    """Return what all hits come to, victims of malware apart."""
    from supervision.projects.seen import sightings
    from supervision.projects.sightings import propose as grouped

    return grouped(sightings(at.services))


def listed(at: Desk, region: str, as_of: str | None, known: str | None) -> "Iterator[tuple[Held, Any]]":
    """Yield the projects of a region as they stood on a day, as was known at a time."""
    from supervision.projects import sizes
    from supervision.projects.answers import project_json
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore
    from supervision.projects.project import latest

    day, seen = at.when(as_of, known)
    held = ProjectStore(at.services.database).every(region)
    standings = inventory(held.events, held.measured, day, seen)
    named, classes = latest(held.particulars, seen), sizes.shipped()
    for one in held.projects:
        if one.opened <= seen:
            yield held, project_json(one, standings.get(one.id), named.get(one.id), classes, at.lang)


def show_one(at: Desk, project: str, as_json: bool, as_of: str | None, known: str | None) -> None:
    """Write one project. Raises Unknown, also where it was not known then."""
    from supervision.carbon_in_use import factors_in_use
    from supervision.projects import sizes
    from supervision.projects.answers import file_json, project_json
    from supervision.projects.inventory import inventory
    from supervision.projects.kept import ProjectStore, known_then
    from supervision.projects.project import latest

    day, seen = at.when(as_of, known)
    held = ProjectStore(at.services.database).one(project)
    known_then(held, day, seen)
    standing = inventory(held.events, held.measured, day, seen).get(project)
    named = latest(held.particulars, seen).get(project)
    shown = project_json(held.projects[0], standing, named, sizes.shipped(), at.lang)
    told = file_json(held, seen, day, factors_in_use(), at.lang, shown)
    if as_json:
        line(told)
        return
    word = told["state_word"] or told["kind_word"]
    cells([told["id"], word, told["since"], told["division"], told["name"], told["uscc"], told["site"]])
    for one in told["described"][1:]:
        cells(["", one["known"][:10], ", ".join(one["changed"]), one["author"], one["why"]])
    for one in told["events"]:
        mark = "" if one["stands"] else "(-)"
        cells(["", one["number"], one["on"], one["step_word"] + mark, one["author"], one["note"]])
    for one in told["measures"]:
        evidence = " ".join(one["evidence"][:5])
        cells(["", one["on"], one["basis"], kw_words(one["kw"]), evidence])
