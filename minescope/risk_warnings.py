"""`minescope warnings`: raised by rules, escalated, told to webhooks; acknowledged and resolved by people."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import chosen
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
    read_day,
)

if TYPE_CHECKING:
    from supervision.warnings.signals import Signal
    from supervision.warnings.watch import Round

warnings = typer.Typer(
    name="warnings",
    no_args_is_help=True,
    help="Risk warnings: rules, owners, deadlines, escalation, webhooks.",
)
LISTED = (
    ("No.", "编号"), ("severity", "级别"), ("state", "状态"), ("level", "层级"), ("owner", "责任部门"),
    ("deadline", "办理期限"), ("because", "内容"),
)  # fmt: skip
RULES = (
    ("rule", "规则"), ("signal", "信号"), ("score", "分值"), ("severity", "级别"), ("owner", "责任部门"),
    ("days", "办理天数"), ("escalates after hours", "升级时限（小时）"), ("quiet days", "静默天数"),
)  # fmt: skip
HOOKS = (
    ("webhook", "推送"), ("waiting", "待发送"), ("given up", "已放弃"), ("dropped", "已丢弃"),
    ("last arrival", "最近送达"), ("error", "错误"),
)  # fmt: skip
ROUND = {
    "signals": "条信号", "raised": "条新预警", "repeated": "条再次出现", "reopened": "条重新打开",
    "escalated": "条升级", "delivered": "条已送达", "failed": "条发送失败", "given_up": "条放弃发送",
    "refused": "行被拒绝",
}  # fmt: skip
"""What a round comes to, in Chinese."""
MAX_SHOWN = 20
"""Refused lines that are named one by one."""


@warnings.command()
def run(
    every: Annotated[
        float | None,
        typer.Option(min=1, help="Go on, a round every so many seconds.", show_default=False),
    ] = None,
    signals: Annotated[
        Path | None,
        typer.Option(help="Signals of other systems, one JSON object a line.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> int:
    """Raise warnings from what the store holds, lift those whose time is up, tell webhooks.

    Where another process does so for the same database just now, this one leaves the round to it, unless it
    was given signals.

    Exits 0, or 2 when the store or the file cannot be read or lines of the file were refused.
    """
    from store.alone import alone
    from supervision.warnings.watch import read_watch, watch

    status = EXIT_NOTHING
    with desk(lang) as at:
        more, refused = ([], 0) if signals is None else _read(signals)
        if refused:
            status = EXIT_UNREADABLE
        while True:
            with alone(at.services.database, "warnings") as free:
                done = (
                    watch(at.services, read_watch(at.services.home), time.time_ns, more)
                    if free or signals is not None
                    else None
                )
            if done is None:
                typer.echo("minescope: another process does this round", err=True)
            else:
                _told(done, refused, at.lang, as_json)
            if every is None:
                return status
            time.sleep(every)


def _told(done: "Round", refused: int, lang: str, as_json: bool) -> None:
    told = {
        "signals": done.scanned.signals,
        "raised": done.scanned.raised,
        "repeated": done.scanned.repeated,
        "reopened": done.scanned.reopened,
        "escalated": done.escalated,
        "delivered": done.delivered.delivered,
        "failed": done.delivered.failed,
        "given_up": done.delivered.given_up,
        "refused": refused,
    }
    if as_json:
        line(told)
    else:
        words = {name: ROUND[name] if lang == "zh" else name.replace("_", " ") for name in told}
        text = [f"{count} {words[name]}" for name, count in told.items()]
        typer.echo("minescope: " + ("，" if lang == "zh" else ", ").join(text))


@warnings.command("list")
def list_(
    region: Region = COUNTRY,
    state: Annotated[
        str | None, typer.Option(help="open, acknowledged or resolved.", show_default=False)
    ] = None,
    severity: Annotated[
        str | None, typer.Option(help="low, medium, high or critical.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Warnings that are listed.")] = 100,
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """List warnings, the latest first. Exits 1 when one of them is overdue, else 0."""
    from supervision.warnings.answers import warning_json
    from supervision.warnings.kept import WarningStore
    from supervision.warnings.watch import read_watch
    from supervision.warnings.words import SEVERITIES, STATES

    code, overdue, left = checked_region(region), False, limit
    if state is not None:
        one_of(state, STATES, "--state")
    if severity is not None:
        one_of(severity, SEVERITIES, "--severity")
    with desk(lang, f"warnings list {code}", purpose) as at, Rows(LISTED, at.lang, quiet=as_json) as rows:
        book, before = read_watch(at.services.home).book, None
        while left > 0:
            page = WarningStore(at.services.database).page(code, before)
            for one in page:
                told = warning_json(book, one.standing, at.now, at.lang)
                if (state and told["state"] != state) or (severity and told["severity"] != severity):
                    continue
                if left <= 0:
                    break
                left -= 1
                overdue |= told["overdue"]
                if as_json:
                    line(told)
                    continue
                words = [told[f"{name}_word"] for name in ("severity", "state", "level", "owner")]
                rows.add([told["id"], *words, told["deadline"][:10], told["because"]])
            if not page:
                break
            before = page[-1].standing.head.id
    return EXIT_FOUND if overdue else EXIT_NOTHING


@warnings.command()
def show(
    number: Annotated[int, typer.Argument(help="Number of a warning.", min=1, show_default=False)],
    as_json: AsJson = False,
    lang: Language = None,
    purpose: Purpose = "",
) -> int:
    """Show one warning with its log."""
    with desk(lang, f"warnings show {number}", purpose) as at:
        _show(at, number, as_json)
    return EXIT_NOTHING


@warnings.command("do")
def do_(
    number: Annotated[int, typer.Argument(help="Number of a warning.", min=1, show_default=False)],
    action: Annotated[
        str, typer.Argument(help="acknowledge, assign, note, resolve or reopen.", show_default=False)
    ],
    note: Note = "",
    owner: Annotated[str, typer.Option(help="To assign: the department.")] = "",
    assignee: Annotated[str, typer.Option(help="To assign: the person.")] = "",
    deadline: Annotated[str | None, typer.Option(help="To assign: the last day.", show_default=False)] = None,
    department: Dept = "other",
    lang: Language = None,
) -> int:
    """Do something about a warning. Exits 0, or 3 where it cannot be done now."""
    from supervision.projects.inventory import end_of
    from supervision.warnings.acts import act
    from supervision.warnings.deliver import enqueue
    from supervision.warnings.kept import add, hold
    from supervision.warnings.watch import read_watch

    with desk(lang) as at:
        until = None if deadline is None else end_of(read_day(deadline, "--deadline"))
        hooks = read_watch(at.services.home).hooks
        with at.services.database.writing() as connection:
            held = hold(connection, number).standing
            made = act(held, at.actor(department), action, at.now, note, owner, assignee, until)
            enqueue(connection, hooks, [add(connection, held.head.division, made)], at.now)
        at.changed("warnings do", f"{number} {action}: {note}")
        _show(at, number, False)
    return EXIT_NOTHING


@warnings.command()
def rules(as_json: AsJson = False, lang: Language = None) -> int:
    """Show the rules in use: the shipped ones, and over them those of warnings.toml."""
    from pipeline.settings import load_settings
    from supervision.projects.words import said
    from supervision.warnings.watch import read_watch
    from supervision.warnings.words import DEPARTMENTS, SEVERITIES

    book, tongue = read_watch(load_settings().home).book, chosen(lang).value
    with Rows(RULES, tongue, quiet=as_json) as rows:
        for rule in book.rules:
            told = {
                "id": rule.id,
                "signal": rule.signal,
                "score": rule.score,
                "severity": book.severity_of(rule.score),
                "owner": rule.owner,
                "deadline_days": rule.deadline_days,
                "escalate_h": list(rule.escalate_h),
                "window_days": rule.window_days,
            }
            if as_json:
                line(told)
                continue
            told["severity"] = said(SEVERITIES, book.severity_of(rule.score), tongue)
            told["owner"] = said(DEPARTMENTS, rule.owner, tongue)
            told["escalate_h"] = ", ".join(str(hours) for hours in rule.escalate_h)
            rows.add([*told.values()])
    return EXIT_NOTHING


@warnings.command()
def hooks(as_json: AsJson = False, lang: Language = None) -> int:
    """Show how deliveries to webhooks go. Exits 1 when messages were given up or dropped, else 0."""
    from supervision.projects.words import moment
    from supervision.warnings.deliver import hook_states

    lost = False
    with desk(lang) as at, Rows(HOOKS, at.lang, quiet=as_json) as rows:
        for one in hook_states(at.services.database):
            lost |= one.given_up > 0 or one.dropped > 0
            told = {
                "name": one.name,
                "waiting": one.waiting,
                "given_up": one.given_up,
                "dropped": one.dropped,
                "last_ok": None if one.last_ok is None else moment(one.last_ok),
                "error": one.error,
            }
            if as_json:
                line(told)
            else:
                rows.add([*told.values()])
    return EXIT_FOUND if lost else EXIT_NOTHING


def _show(at: Desk, number: int, as_json: bool) -> None:
    from supervision.warnings.answers import file_json
    from supervision.warnings.kept import WarningStore
    from supervision.warnings.watch import read_watch

    found = WarningStore(at.services.database).one(number)
    told = file_json(read_watch(at.services.home).book, found, at.now, at.lang)
    if as_json:
        line(told)
        return
    words = [told[f"{name}_word"] for name in ("severity", "state", "level", "owner")]
    cells([told["id"], *words, told["deadline"][:10], told["because"]])
    for one in told["log"]:
        cells(["", one["time"], one["kind_word"], one["author"], one["note"]])


def _read(path: Path) -> "tuple[list[Signal], int]":
    """Return the signals of a file, and how many lines were refused and named. Raises ReadError."""
    from facts.errors import ReadError, RowError
    from facts.where import Where
    from supervision.warnings.signals import read_signals

    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise ReadError(str(error), Where(str(path))) from error
    good: list[Signal] = []
    refused = 0
    for one in read_signals(lines, str(path)):
        if isinstance(one, RowError):
            refused += 1
            if refused <= MAX_SHOWN:
                typer.echo(f"minescope: {one}", err=True)
        else:
            good.append(one)
    return good, refused
