"""Refused rows at the terminal: the first are named, one line for columns that lack the same thing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from facts.errors import RowError
from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.language import chosen

if TYPE_CHECKING:
    from pipeline.importing import ImportResult

Refuse = Callable[[Sequence[RowError]], None]
MAX_SHOWN = 20
"""Reasons that are named one by one; a report file holds all."""


@dataclass(slots=True)
class Tally:
    """How many reasons there were to refuse rows: a file may have millions, so none is held."""

    count: int = 0


def folded(errors: Iterable[RowError], lang: str = "en") -> list[str]:
    """Return what is wrong, in order; reasons of one row that differ in the column alone are one line."""
    from registry.reasons import worded

    lines = []
    for (source, row, why), same in groupby(errors, key=lambda one: (one.source, one.row, one.why)):
        columns = list(dict.fromkeys(one.column for one in same if one.column))
        if lang == "zh":
            named = f"，列 {'、'.join(columns)}" if columns else ""
            lines.append(f"{source}，第{row}行{named}：{worded(why, lang)}")
        else:
            named = f", column{'s' if len(columns) > 1 else ''} {', '.join(columns)}" if columns else ""
            lines.append(f"{source}, row {row}{named}: {why}")
    return lines


def named(errors: Iterable[RowError]) -> None:
    """Name refused rows at the terminal, in its language."""
    lang = chosen(None).value
    for text in folded(errors, lang):
        typer.echo(f"minescope: {'拒绝：' if lang == 'zh' else 'refused: '}{text}", err=True)


def noticed(notices: Iterable[str]) -> None:
    """Say what was noticed of files that are taken all the same, in the language of the terminal."""
    from registry.reasons import noticed as worded

    lang = chosen(None).value
    for notice in notices:
        typer.echo(f"minescope: {worded(notice, lang)}", err=True)


@contextmanager
def refusing(report: Path | None) -> Iterator[tuple[Refuse, Tally]]:
    """Give what takes refused rows, and their count: the first are named, a report holds all."""
    from pipeline.registry_report import RefusedReport

    tally = Tally()
    with RefusedReport(report, chosen(None).value) as file:

        def refuse(errors: Sequence[RowError]) -> None:
            room = max(0, MAX_SHOWN - tally.count)
            for error in errors:
                file.add(error)
            tally.count += len(errors)
            named(errors[:room])

        yield refuse, tally


def unnamed(reasons: int, report: Path | None) -> None:
    """Say how many reasons were not named one by one, and where they are, if there are any."""
    if (more := reasons - MAX_SHOWN) <= 0:
        return
    where = f"; all of them are in {report}" if report else "; --report FILE writes all of them"
    where_zh = f"，全部见 {report}" if report else "，可用 --report FILE 写出全部"
    said = (
        f"另有 {more:,} 条原因{where_zh}" if chosen(None).value == "zh" else f"{more:,} more reasons{where}"
    )
    typer.echo(f"minescope: {said}", err=True)


def not_taken(*, dry_run: bool) -> None:
    """Say that nothing was taken."""
    nothing = "未导入任何数据" + ("：试运行" if dry_run else "")
    typer.echo(f"minescope: {nothing if chosen(None).value == 'zh' else _NOTHING[dry_run]}", err=True)


def became(result: "ImportResult[Any]", reasons: int, report: Path | None, *, dry_run: bool) -> int:
    """Say what became of an import, file by file, in the language of the terminal; return the exit code."""
    zh = chosen(None).value == "zh"
    noticed(result.notices)
    unnamed(reasons, report)
    for file in result.files:
        did = file.changes
        counts = (file.rows, file.refused, did.added, did.changed, did.ended, did.unchanged)
        words = ("行", "拒绝", "新增", "变更", "终止", "不变") if zh else _COUNTED
        pairs = zip(counts, words, strict=True)
        line = ("，" if zh else ", ").join(f"{word} {n:,}" if zh else f"{n:,} {word}" for n, word in pairs)
        typer.echo(f"minescope: {file.name} ({file.kind.value}): {line}")
    if result.taken:
        return EXIT_NOTHING
    not_taken(dry_run=dry_run)
    return EXIT_USAGE if result.refused else EXIT_NOTHING


_COUNTED = ("rows", "refused", "added", "changed", "ended", "unchanged")
_NOTHING = ("nothing taken", "nothing taken: a dry run")
