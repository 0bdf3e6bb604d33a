"""Care of the lake of curves: files of a month are merged by account, old months go, imports are withdrawn.

Nothing that was known is lost but by `purge`: a merged file holds every row of its members, and a withdrawal
is one more batch, which says again what stood before the import that it withdraws. One at a time: a lock
keeps two from it. Writers and readers go on meanwhile: the members of a merged file are left out by readers
at once, and removed when somebody cares for the lake next.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from facts.errors import StoreError, UsageError
from store.curve_columns import AT_ONCE, CURVES, GONE, KEY, POINTS, SCHEMA
from store.curve_lake import CurveFile, CurveLake
from store.curve_writing import CurveBatch, batch_name
from store.lake_locks import only_one
from store.lake_writing import FORMAT, LEVEL, MERGED, SUFFIX, stand

ROWS_TOGETHER: Final = 16_384
"""Rows of a row group: what is read at least for one account, 6 MB."""
KEYS_AT_ONCE: Final = 100_000
"""Days of which everything known is in memory at once."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import, or one withdrawal of one."""

    batch: str
    known_ns: int
    source: str
    """Name of the file; of a withdrawal its reason."""
    months: tuple[str, ...]
    withdraws: str
    """The batch that it takes back; empty for an import."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging did."""

    files: int
    """That were merged."""
    made: int
    removed: int
    """Left over by earlier merges, and gone now."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal did."""

    batch: str
    restored: int
    """Days of a quantity that say again what stood before."""
    gone: int
    """Days of which nothing is known any more."""


def _alone(lake: CurveLake) -> AbstractContextManager[None]:
    return only_one(lake.root, ".curves.lock", "merging, purging or withdrawing")


def imports(lake: CurveLake) -> list[Import]:
    """Return what was imported and withdrawn, in the order in which it became known."""
    found: dict[str, dict[str, Any]] = {}
    for month in lake.months():
        for file in lake.files(month):
            for one in _told(file):
                held = found.setdefault(one["batch"], {**one, "months": []})
                held["months"].append(month)
    made = [
        Import(one["batch"], one["known_ns"], one["source"], tuple(sorted(set(one["months"]))), one["back"])
        for one in found.values()
    ]
    return sorted(made, key=lambda one: (one.known_ns, one.batch))


def compact(lake: CurveLake, months: Sequence[str] | None = None) -> Merged:
    """Merge each month's files into one, by account and day; a crash at any point loses and doubles no row.

    Memory is bounded by AT_ONCE rows, and one column of names. Raises StoreError.
    """
    with _alone(lake):
        removed = _sweep(lake)
        merged = made = 0
        for month in lake.months() if months is None else months:
            files = lake.files(month)
            if not files or (len(files) == 1 and files[0].ordered):
                continue
            try:
                _merge(lake, month, files)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise StoreError(f"{lake.root}: {month} not merged: {error}") from error
            merged, made = merged + len(files), made + 1
        return Merged(merged, made, removed)


def purge(lake: CurveLake, before: str) -> tuple[int, int]:
    """Remove whole months before this one, e.g. 2024-01; return how many files and bytes went."""
    with _alone(lake):
        _sweep(lake)
        count = size = 0
        for month in [one for one in lake.months() if one < before]:
            folder = lake.root / CURVES / f"month={month}"
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                size += path.stat().st_size
                path.unlink()
                count += 1
            folder.rmdir()
        return count, size


def withdraw(lake: CurveLake, batch: str, known_ns: int, why: str) -> Withdrawn:
    """Take an import back, from now on: asked as known before, it still says what it said.

    Raises UsageError where there is no such import, it was withdrawn, or later imports changed days of it:
    those are named, and withdrawn first.
    """
    with _alone(lake):
        held = {one.batch: one for one in imports(lake)}
        one = held.get(batch)
        if one is None:
            raise UsageError(f"no import {batch!r}: `minescope meters imports` lists them")
        if any(other.withdraws == batch for other in held.values()):
            raise UsageError(f"{batch} was withdrawn before")
        if known_ns <= one.known_ns:
            raise UsageError(f"{batch} was not known yet then")
        restored = gone = 0
        name = batch_name(batch, "withdrawn", known_ns)
        with lake.begin() as writing:
            for month in one.months:
                for rows in _restoring(lake, month, one, held):
                    again = rows.with_columns(known_ns=pl.lit(known_ns))
                    writing.add(month, again)
                    nothing = int(again.select(GONE.sum()).item())
                    restored, gone = restored + len(again) - nothing, gone + nothing
            writing.commit(name, known_ns, {"minescope.withdraws": batch, "minescope.source": why})
        return Withdrawn(name, restored, gone)


def _restoring(lake: CurveLake, month: str, one: Import, held: dict[str, Import]) -> Iterator[pl.DataFrame]:
    """Yield what stood before an import of each of its days, and for those that it was the first to tell of a
    row that says that nothing is known. Raises UsageError where a later import changed one."""
    files = lake.files(month)
    own = [
        pl.scan_parquet(file.path, hive_partitioning=False)
        .filter(pl.col("known_ns") == one.known_ns)
        .select(KEY)
        .collect()
        for file in files
        if any(told["batch"] == one.batch for told in _told(file))
    ]
    keys = pl.concat(own).unique(maintain_order=True)
    back = {other.withdraws for other in held.values() if other.withdraws}
    void = [other.known_ns for other in held.values() if other.withdraws or other.batch in back]
    for begin in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[begin : begin + KEYS_AT_ONCE]
        known = pl.concat(
            [
                pl.scan_parquet(file.path, hive_partitioning=False)
                .filter(~pl.col("known_ns").is_in(void))  # what stands is what no withdrawal took back
                .join(some.lazy(), on=list(KEY), how="semi")
                .select(*SCHEMA)
                .collect()
                for file in files
            ]
        ).sort("known_ns", maintain_order=True)
        latest = known.unique(list(KEY), keep="last", maintain_order=True)
        later = set(latest.filter(pl.col("known_ns") > one.known_ns)["known_ns"].to_list())
        if later:
            names = ", ".join(sorted(name for name, other in held.items() if other.known_ns in later))
            raise UsageError(f"{one.batch}: days of it were changed by {names}: withdraw what is wrong first")
        before = known.filter(pl.col("known_ns") < one.known_ns)
        before = before.unique(list(KEY), keep="last", maintain_order=True)
        first = known.filter(pl.col("known_ns") == one.known_ns).join(before, on=list(KEY), how="anti")
        yield pl.concat([before, _nothing(first)])


def _nothing(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows that say that nothing is known of their days."""
    gaps = pl.Series("points", np.full((len(rows), POINTS), np.nan, np.float32), dtype=SCHEMA["points"])
    return rows.with_columns(
        gaps,
        energy=pl.lit(0.0),
        missing=pl.lit(POINTS, pl.UInt8),
        bridged=pl.lit(0, pl.UInt8),
        register=pl.lit(float("nan")),
        register_at=pl.lit(0, pl.UInt8),
    ).select(*SCHEMA)


def _told(file: CurveFile) -> list[dict[str, Any]]:
    """Return the imports that a file holds."""
    told = pl.read_parquet_metadata(file.path)
    if "minescope.imports" in told:
        found: list[dict[str, Any]] = json.loads(told["minescope.imports"])
        return found
    back, source = told.get("minescope.withdraws", ""), told.get("minescope.source", "")
    batch = told.get("minescope.batches", file.path.stem)
    return [{"batch": batch, "known_ns": file.known_ns, "source": source, "back": back}]


def _merge(lake: CurveLake, month: str, files: Sequence[CurveFile]) -> None:
    """Put a month's files in one: rows are dealt out by account, then put in order a deal at a time."""
    held = [one for file in files for one in _told(file)]
    with lake.begin() as writing:
        cuts = _cuts(files)
        _deal(writing, files, cuts)
        parts = []
        for number in range(len(cuts) + 1):
            dealt = sorted(writing.folder.glob(f"deal-{number}-*{SUFFIX}"))
            if not dealt:
                continue
            rows = pl.concat([pl.read_parquet(path) for path in dealt])
            rows = rows.unique([*KEY, "known_ns"], keep="last", maintain_order=True).sort(*KEY, "known_ns")
            parts.append(writing.folder / f"part-{number}{SUFFIX}")
            rows.write_parquet(parts[-1], compression="lz4")
            for path in dealt:
                path.unlink()
        batches = " ".join(one["batch"] for one in held)
        told = {
            "minescope.format": FORMAT,
            "minescope.table": CURVES,
            "minescope.batches": batches,
            "minescope.imports": json.dumps(held),
            "minescope.members": " ".join(file.path.stem for file in files),
            "minescope.known_ns": str(max(file.known_ns for file in files)),
            "minescope.first_ns": str(min(file.first_ns for file in files)),
            "minescope.ordered": "account",
        }
        members = told["minescope.members"]
        name = f"{MERGED}{hashlib.sha256(members.encode()).hexdigest()[:32]}{SUFFIX}"
        ready = writing.folder / f"ready{SUFFIX}"
        pl.scan_parquet(parts).sink_parquet(
            ready, compression="zstd", compression_level=LEVEL, metadata=told, row_group_size=ROWS_TOGETHER
        )
        with ready.open("rb") as file:
            os.fsync(file.fileno())
        stand(ready, lake.root / CURVES / f"month={month}" / name)


def _cuts(files: Sequence[CurveFile]) -> list[str]:
    """Return the accounts at which deals begin, in order, so that none has many more rows than AT_ONCE."""
    counts = (
        pl.concat([pl.scan_parquet(file.path, hive_partitioning=False).select("account") for file in files])
        .group_by("account")
        .len()
        .sort("account")
        .collect()
    )
    deal = (counts["len"].cast(pl.Int64).cum_sum() - 1) // AT_ONCE
    begins = np.flatnonzero(np.diff(deal.to_numpy(), prepend=0) > 0)
    return [str(counts["account"][int(place)]) for place in begins]


def _deal(writing: CurveBatch, files: Sequence[CurveFile], cuts: list[str]) -> None:
    border = pl.Series(cuts, dtype=pl.String)
    count = 0
    for file in files:  # the earliest known first
        rows = int(pl.scan_parquet(file.path, hive_partitioning=False).select(pl.len()).collect().item())
        for begin in range(0, rows, AT_ONCE):
            some = pl.scan_parquet(file.path, hive_partitioning=False).slice(begin, AT_ONCE).collect()
            number = border.search_sorted(some["account"], side="right") if cuts else pl.lit(0, pl.UInt32)
            for (deal,), part in some.with_columns(deal=number).group_by("deal"):
                path = writing.folder / f"deal-{deal}-{count:05}{SUFFIX}"
                part.drop("deal").select(*SCHEMA).write_parquet(path, compression="lz4")
            count += 1


def _sweep(lake: CurveLake) -> int:
    """Remove files of which a merged one holds all rows; return how many there were."""
    removed = 0
    for folder in (lake.root / CURVES).glob("month=*"):
        gone: set[str] = set()
        for path in folder.glob(f"{MERGED}*{SUFFIX}"):
            gone.update(pl.read_parquet_metadata(path).get("minescope.members", "").split())
        for stem in gone:
            path = Path(folder / f"{stem}{SUFFIX}")
            if path.exists():
                path.unlink()
                removed += 1
    return removed
