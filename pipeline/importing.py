"""What every import of files has in common: files by their names, one transaction, dry runs, refused rows."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import Connection

from facts.errors import ReadError, UsageError
from facts.where import Where
from store.database import Database, lock
from store.registry_import import Changes

SUFFIXES = {".csv", ".xlsx", ".json", ".ndjson", ".jsonl", ".txt"}
"""Of the files of a folder that are looked at."""
K = TypeVar("K", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Options:
    """How to import."""

    accept_good: bool = False
    """Take the good rows although others are refused; else one refused row keeps everything out."""
    dry_run: bool = False
    """Judge every row and change nothing."""
    whole: bool = False
    """The files are all that their sources say: what they said before and now do not has ended."""
    said_by: str = ""
    """Source of rows that name none; empty: the file's name."""


@dataclass(frozen=True, slots=True)
class FileResult(Generic[K]):
    """What became of one file."""

    name: str
    kind: K
    rows: int
    refused: int
    changes: Changes


@dataclass(slots=True)
class ImportResult(Generic[K]):
    """What became of all."""

    files: list[FileResult[K]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    taken: bool = False
    """False where nothing was changed: a dry run, or refused rows."""

    @property
    def refused(self) -> int:
        """Rows refused."""
        return sum(file.refused for file in self.files)


class _Undone(Exception):
    """Takes the transaction back."""


def kind_of(path: Path, kinds: Iterable[K]) -> K | None:
    """Return what a file's name says it is: `market.csv`, `lines-2026.xlsx`, `nat-log-1.txt`."""
    name = path.name.lower()
    for kind in sorted(kinds, key=lambda one: -len(one.value)):
        rest = name.removeprefix(kind.value)
        if rest != name and (not rest or not rest[0].isalnum()):
            return kind
    return None


def files_named(
    paths: Iterable[Path], kinds: Iterable[K], given: K | None, option: str, example: str
) -> list[tuple[Path, K]]:
    """Return the files to import, as they come; of a folder, those named after a kind.

    Raises UsageError for a file whose kind is told by neither `given` (of `option`) nor its name, ReadError
    for a path that is not there.
    """
    known = tuple(kinds)
    found: list[tuple[Path, K]] = []
    for path in paths:
        if path.is_dir():
            inside = [
                (file, told)
                for file in sorted(path.iterdir())
                if file.is_file()
                and file.suffix.lower() in SUFFIXES
                and (told := kind_of(file, known)) is not None
            ]
            if not inside:
                raise ReadError(f"no file here is named as {example} is", Where(str(path)))
            found += inside
        elif not path.exists():
            raise ReadError("No such file or directory", Where(str(path)))
        elif (told := given or kind_of(path, known)) is None:
            words = ", ".join(one.value for one in known)
            raise UsageError(f"{path}: say with {option} what it is, one of {words}")
        else:
            found.append((path, told))
    return found


def import_together(
    database: Database,
    topic: str,
    options: Options,
    take: Callable[[Connection, ImportResult[K]], None],
    *,
    durable: bool = False,
) -> ImportResult[K]:
    """Let `take` import files in one transaction that no other import of the topic shares.

    Nothing stays of a dry run, or of refused rows unless good ones are accepted. `durable`: what is taken is
    on the disk before this returns, whatever the database's setting.
    """
    result: ImportResult[K] = ImportResult()
    try:
        with database.writing(durable=durable) as connection:
            lock(connection, topic)
            take(connection, result)
            if options.dry_run or (result.refused and not options.accept_good):
                raise _Undone
            result.taken = True
    except _Undone:
        pass
    return result


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
