"""`minescope cases`: open, assign, hand over, inspect, decide, order, re-check, close."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.rows import Rows
from minescope.supervising import (
    COUNTRY,
    AsJson,
    Dept,
    Desk,
    Language,
    Note,
    Purpose,
    Region,
    cells,
    checked_region,
    desk,
    line,
    one_of,
)

cases = typer.Typer(
    name="cases",
    no_args_is_help=True,
    help="Cases: who does what about it, between departments, until closed.",
)
TITLES = (
    ("No.", "编号"), ("state", "状态"), ("department", "承办部门"), ("person", "承办人"),
    ("decision", "决定"), ("due", "整改期限"), ("days late", "逾期天数"),
    ("division", "区划"), ("title", "案由"),
)  # fmt: skip
"""Of what `list` shows."""
WORDS = {
    "orders": ("rectification orders", "整改通知次数"),
    "failed": ("re-checks failed", "复查不合格次数"),
    "due": ("due", "整改期限"),
    "late": ("days late", "逾期天数"),
    "project": ("project", "项目"),
    "warning": ("warning", "预警"),
    "joined": ("joint action with", "联合行动"),
    "passed": ("passed", "合格"),
    "failed_once": ("failed", "不合格"),
    "next": ("what can be done", "可办事项"),
    "documents": ("documents", "附件"),
}
"""Of what `show` tells."""
Number = Annotated[int, typer.Argument(help="Number of a case.", min=1, show_default=False)]
_CHUNK = 1 << 20


@cases.command("open")
def open_(
    title: Annotated[str, typer.Argument(help="What it is about.", show_default=False)],
    project: Annotated[
        str | None, typer.Option(help="About a project; it is where that is.", show_default=False)
    ] = None,
    warning: Annotated[
        int | None, typer.Option(help="About a warning; it is where that is.", min=1, show_default=False)
    ] = None,
    division: Annotated[
        str | None, typer.Option(help="Where it is, if about neither.", show_default=False)
    ] = None,
    note: Note = "",
    department: Dept = "development-reform",
    lang: Language = None,
) -> int:
    """Open a case; the department has it. Exits 0, or 3 where nothing says where it is."""
    from facts.errors import UsageError
    from supervision.cases.kept import open_case
    from supervision.projects.kept import read_one as read_project
    from supervision.warnings.kept import read_one as read_warning

    place = checked_region(division) if division else None
    with desk(lang) as at:
        with at.services.database.writing() as connection:
            if warning is not None:
                place = read_warning(connection, warning).standing.head.division
            if project is not None:
                place = read_project(connection, project).projects[0].division
            if place is None:
                raise UsageError("--project, --warning or --division says where the case is")
            actor = at.actor(department)
            log = open_case(connection, actor, place, title, at.now_ns, note, project, warning)
        number = log.standing.case.id
        at.changed("cases open", f"{number} {title}")
        _show(at, number, False)
    return EXIT_NOTHING


@cases.command("list")
def list_(
    region: Region = COUNTRY,
    state: Annotated[str | None, typer.Option(help="Only those that stand so.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Cases that are listed.")] = 100,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """List cases, the latest first. Exits 1 when an order of one of them is overdue, else 0."""
    from supervision.cases.answers import case_json
    from supervision.cases.kept import CaseStore
    from supervision.cases.words import STATES

    code, late, left, before = checked_region(region), False, limit, None
    if state is not None:
        one_of(state, STATES, "--state")
    with desk(lang, f"cases list {code}", purpose) as at, Rows(TITLES, at.lang, quiet=as_json) as rows:
        while left > 0 and (page := CaseStore(at.services.database).page(code, before)):
            for one in page:
                told = case_json(one.standing, at.today, at.lang)
                if (state and told["state"] != state) or left <= 0:
                    continue
                left -= 1
                late |= told["days_late"] > 0
                if as_json:
                    line(told)
                    continue
                rows.add([
                    told["id"], told["state_word"], told["department_word"], told["assignee"],
                    told["decision_word"], told["due"], told["days_late"] or None, told["division"],
                    told["title"],
                ])  # fmt: skip
            before = page[-1].standing.case.id
    return EXIT_FOUND if late else EXIT_NOTHING


@cases.command()
def show(number: Number, as_json: AsJson = False, lang: Language = None, purpose: Purpose = "") -> int:
    """Show one case with its decision, its re-checks, its log, documents and what can be done next.

    Exits 0, or 2 where there is no such case.
    """
    with desk(lang, f"cases show {number}", purpose) as at:
        _show(at, number, as_json)
    return EXIT_NOTHING


@cases.command("do")
def do_(
    number: Number,
    action: Annotated[str, typer.Argument(help="assign, hand-over, accept, ... note.", show_default=False)],
    note: Note = "",
    assignee: Annotated[str | None, typer.Option(help="To assign: the person.", show_default=False)] = None,
    to: Annotated[
        list[str] | None, typer.Option(help="To hand over, or to join: department.", show_default=False)
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option(help="no-mining, rectify, close-down, penalty, transfer.", show_default=False),
    ] = None,
    due: Annotated[str | None, typer.Option(help="Of an order: the last day.", show_default=False)] = None,
    passed: Annotated[
        bool | None, typer.Option("--passed/--failed", help="Of a re-check.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="To attach: a document; its hash is kept, the file is not.", show_default=False),
    ] = None,
    department: Dept = "development-reform",
    lang: Language = None,
) -> int:
    """Add to the log of a case. Exits 0, or 3 where it cannot be done now: what could be is named."""
    from supervision.cases.kept import do

    record: dict[str, Any] = {
        "note": note,
        "assignee": assignee,
        "departments": to,
        "decision": decision,
        "due": due,
        "passed": passed,
        "document": None if file is None else _document(file),
    }
    with desk(lang) as at:
        with at.services.database.writing() as connection:
            do(connection, number, at.actor(department), action, record, at.now_ns, at.today)
        at.changed("cases do", f"{number} {action}: {note}")
        _show(at, number, False)
    return EXIT_NOTHING


def _show(at: Desk, number: int, as_json: bool) -> None:
    from supervision.cases.answers import file_json
    from supervision.cases.kept import CaseStore
    from supervision.cases.words import ACTIONS
    from supervision.projects.words import said
    from supervision.warnings.words import DEPARTMENTS

    told = file_json(CaseStore(at.services.database).one(number), at.today, at.lang)
    if as_json:
        line(told)
        return

    def word(key: str) -> str:
        return said(WORDS, key, at.lang)

    cells([told["id"], told["state_word"], told["department_word"], told["assignee"], told["decision_word"],
           told["due"], told["title"]])  # fmt: skip
    facts = [
        (word("project"), told["project"]),
        (word("warning"), told["warning"]),
        (word("joined"), ", ".join(said(DEPARTMENTS, one, at.lang) for one in told["joined"])),
        (word("orders"), told["orders"]),
        (word("due"), told["due"]),
        (word("late"), told["days_late"]),
        (word("failed"), told["failed_rechecks"]),
    ]
    for name, value in facts:
        if value:
            cells(["", name, value])
    for one in told["log"]:
        cells(["", one["time"], one["action_word"], one["author"], _details(one, at.lang), one["note"]])
    for document in told["attached"]:
        cells(["", word("documents"), document["sha256"], document["size"], document["name"]])
    able = ", ".join(
        one if at.lang == "en" else f"{one}（{said(ACTIONS, one, at.lang)}）" for one in told["next"]
    )
    cells(["", word("next"), able])


def _details(entry: dict[str, Any], lang: str) -> str:
    """Return what an entry decided, ordered, found or handed to whom."""
    from supervision.cases.words import DECISIONS
    from supervision.projects.words import said
    from supervision.warnings.words import DEPARTMENTS

    parts = []
    if entry["decision"]:
        parts.append(said(DECISIONS, entry["decision"], lang))
    if entry["due"]:
        parts.append(f"{said(WORDS, 'due', lang)} {entry['due']}")
    if entry["passed"] is not None:
        parts.append(said(WORDS, "passed" if entry["passed"] else "failed_once", lang))
    parts += [said(DEPARTMENTS, one, lang) for one in entry["departments"]]
    parts += [entry["assignee"]] if entry["assignee"] else []
    parts += [entry["document"]["name"]] if entry["document"] else []
    return ", ".join(parts)


def _document(path: Path) -> dict[str, Any]:
    """Return a file's hash, name and size. Raises ReadError."""
    from facts.errors import ReadError
    from facts.where import Where

    made, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                made.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    return {"sha256": made.hexdigest(), "name": path.name, "size": size}
