"""Care of the flow lake: small files are merged, old days go, what dead writers left is removed.

One at a time: a lock on the lake keeps two from it. Writers and readers go on meanwhile.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import polars as pl

from facts.errors import StoreError
from store.lake import EVERYTHING, Damaged, Lake, LakeFile, Wanted, read_file
from store.lake_columns import TABLES
from store.lake_locks import WRITING, only_one
from store.lake_writing import FORMAT, MERGED, SUFFIX, batches_of, members_of, stand, write_file

SMALL: Final = 64 << 20
"""Bytes below which a file is merged with its neighbours."""
TOGETHER: Final = 512 << 20
"""Bytes of files merged in one."""


@dataclass(frozen=True, slots=True)
class Cared:
    """What was done."""

    removed: int
    """Files."""
    size: int
    """Bytes that they took."""
    made: int = 0
    """Files that took their place."""
    damaged: tuple[Damaged, ...] = ()


def _alone(lake: Lake) -> AbstractContextManager[None]:
    return only_one(lake.root, ".lock", "merging or purging")


def purge(lake: Lake, before: date) -> Cared:
    """Remove all files of days before this one."""
    with _alone(lake):
        clean(lake)
        removed = size = 0
        for table in TABLES:
            for file in lake.files(table):
                if file.day < before:
                    file.path.unlink(missing_ok=True)
                    removed, size = removed + 1, size + file.size
                    _remove_empty(file.path.parent, lake.root)
        return Cared(removed, size)


def compact(lake: Lake, wanted: Wanted = EVERYTHING) -> Cared:
    """Merge small files of the same day and probe. A crash at any point loses and doubles no row."""
    with _alone(lake):
        clean(lake)
        removed = size = made = 0
        damaged: list[Damaged] = []
        for table in TABLES:
            _remove_merged(lake, table)
            files, unsound = lake.sound(table, wanted)
            damaged += unsound
            for _, of_partition in groupby(files, lambda file: file.path.parent):
                for group in _groups([file for file in of_partition if file.size < SMALL]):
                    fault = _merge(lake, table, group)
                    if fault is not None:
                        damaged.append(fault)
                        continue
                    made += 1
                    removed, size = removed + len(group), size + sum(file.size for file in group)
        return Cared(removed, size, made, tuple(damaged))


def clean(lake: Lake) -> int:
    """Remove what writers that are no more have left; return how many there were. Nobody may be merging."""
    count = 0
    for path in (lake.root / WRITING).glob(f"{MERGED}*"):
        path.unlink()  # nobody but us merges now
    for folder in (lake.root / WRITING).glob("*"):
        with suppress(OSError):
            handle = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                count += 1
            finally:
                os.close(handle)
    return count


def _groups(files: Sequence[LakeFile]) -> Iterator[list[LakeFile]]:
    """Yield files to be merged, two at least."""
    group: list[LakeFile] = []
    for file in files:
        if group and sum(each.size for each in group) + file.size > TOGETHER:
            if len(group) > 1:
                yield group
            group = []
        group.append(file)
    if len(group) > 1:
        yield group


def _merge(lake: Lake, table: str, group: Sequence[LakeFile]) -> Damaged | None:
    """Put files in one, then remove them: until they are gone, readers leave them out by their names."""
    frames, batches = [], []
    for file in group:
        try:
            frames.append(read_file(table, file).drop("date", "probe"))
            batches += batches_of(file.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            return Damaged(file.path, str(error))
    name = f"{MERGED}{hashlib.sha256(' '.join(batches).encode()).hexdigest()[:32]}"
    told = {
        "minescope.format": FORMAT,
        "minescope.table": table,
        "minescope.batches": " ".join(batches),
        "minescope.members": " ".join(file.path.stem for file in group),
        "minescope.probe": group[0].probe,
    }
    making = lake.root / WRITING
    folder = group[0].path.parent
    try:
        making.mkdir(exist_ok=True)
        write_file(pl.concat(frames).lazy(), making / f"{name}{SUFFIX}", told)
        stand(making / f"{name}{SUFFIX}", folder / f"{name}{SUFFIX}")
        for file in group:
            file.path.unlink(missing_ok=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        (making / f"{name}{SUFFIX}").unlink(missing_ok=True)
        raise StoreError(f"{folder}: not merged: {error}") from error
    return None


def _remove_merged(lake: Lake, table: str) -> None:
    """Remove files of which a merged one holds all: a merge was interrupted before it could."""
    for file in lake.files(table):
        if not file.path.name.startswith(MERGED):
            continue
        with suppress(OSError, pl.exceptions.PolarsError):
            for member in members_of(file.path):
                (file.path.parent / f"{member}{SUFFIX}").unlink(missing_ok=True)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
