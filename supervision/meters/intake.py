"""Importing a meter file: pieces are judged and staged, days told twice are merged, months are kept.

Memory is bounded by a piece of the file and a bucket of its days, not by the file. What is staged lies beside
the lake until all of it is known to be good; a file stands in the lake whole, or not at all.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from facts.errors import ReadError, RowError
from facts.where import Where
from registry.power_accounts import PowerAccount
from store.curve_care import imports
from store.curve_lake import KEY, SCHEMA, CurveBatch, CurveLake, batch_name, points_of
from supervision.meters.days import EPOCH, POINTS
from supervision.meters.forms import Form, Layout, Quantity, Value
from supervision.meters.holders import Holders
from supervision.meters.judge import KEYS, Days, Judge, Loose
from supervision.meters.merging import HELD, Clash, Merged, merge
from supervision.meters.pieces import ROW, pieces
from supervision.meters.register_days import register_days
from supervision.meters.registers import LONGEST, Readings

Floats = NDArray[np.float64]

BUCKETS: Final = 16
"""Of accounts: registers of one bucket are in memory together."""
LOOSE: Final = 8_000_000
"""Points of a long file gathered before they are put in rows of days."""
TROUBLED: Final = 200_000
"""Days told twice that are merged at once."""
_NAMED = 20  # resets told one by one
_STAGED: Final[dict[str, Any]] = {
    **{name: kind for name, kind in KEYS.items() if name != "ratio"},
    "points": pl.Array(pl.Float64, POINTS),
    "energy": pl.Float64(),
    "bridged": pl.UInt8(),
    "missing": pl.UInt8(),
    "register": pl.Float64(),
    "register_at": pl.UInt8(),
}


@dataclass(slots=True)
class Taken:
    """What became of a file."""

    rows: int = 0
    """Rows read, refused ones included."""
    refused: int = 0
    """Rows, or points of them, that were refused: as many as reasons were given."""
    days: int = 0
    """Days of a meter or account and quantity that were added or changed."""
    points: int = 0
    """Quarters of an hour in them that hold a value."""
    gaps: int = 0
    bridged: int = 0
    """Gaps whose energy a register tells."""
    repeated: int = 0
    """Points that were told before with the same value, and dropped."""
    replaced: int = 0
    unchanged: int = 0
    """Days that told nothing new."""
    rollovers: int = 0
    resets: int = 0
    known: bool = False
    """The same file was taken before, in the same way."""
    taken: bool = False
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is taken."""

    known_ns: int
    dry_run: bool = False
    accept_good: bool = False
    replace: bool = False
    """Values that differ take the place of what is held: corrections of the supplier."""


def take_curves(
    lake: CurveLake,
    path: Path,
    form: Form,
    accounts: list[PowerAccount],
    wanted: Wanted,
    refuse: Callable[[RowError], None],
    progress: Callable[[int], None] = lambda rows: None,
) -> Taken:
    """Take a file into the lake. Raises ReadError for what is no such file, StoreError for the lake."""
    done = Taken()
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    batch = batch_name(digest, form.told, wanted.replace)
    back = {one.withdraws for one in imports(lake)} if lake.has_batch(batch) else set()
    while batch in back:  # what was withdrawn may come again, as an import of its own
        batch = batch_name(batch, "again")
    if lake.has_batch(batch):
        done.known = True
        done.notices.append(f"{path.name}: taken before, in the same way: nothing to do")
        return done
    with lake.begin() as writing:
        _Intake(lake, path, form, accounts, wanted, refuse, progress, done, writing).run()
        if wanted.dry_run or (done.refused and not wanted.accept_good):
            return done
        told = {"minescope.source": path.name, "minescope.form": form.told, "minescope.digest": digest}
        writing.commit(batch, wanted.known_ns, told)
        done.taken = True
    return done


class _Intake:
    """One file on its way into the lake."""

    def __init__(
        self,
        lake: CurveLake,
        path: Path,
        form: Form,
        accounts: list[PowerAccount],
        wanted: Wanted,
        refuse: Callable[[RowError], None],
        progress: Callable[[int], None],
        done: Taken,
        writing: CurveBatch,
    ) -> None:
        self._lake = lake
        self._path = path
        self._form = form
        self._accounts = accounts
        self._wanted = wanted
        self._tell = refuse
        self._progress = progress
        self._done = done
        self._writing = writing
        self._staged: dict[str, list[Path]] = {}
        self._count = 0

    def run(self) -> None:
        """Judge, stage, merge and add to the batch all that is good."""
        judge = Judge(self._path, self._form, Holders(self._accounts, self._form.by), self._refuse)
        loose: list[Loose] = []
        held = 0
        for piece in pieces(self._path, self._refuse, self._done.notices.append):
            self._done.rows += len(piece.frame)
            if self._form.layout is Layout.WIDE:
                for days in judge.days(piece):
                    self._stage_days(days)
            else:
                loose += judge.points(piece)
                held = sum(len(one.keys) for one in loose)
                if held >= LOOSE:
                    self._stage_loose(loose)
                    loose = []
            self._progress(self._done.rows)
        self._stage_loose(loose)
        if self._form.value is Value.REGISTER:
            buckets, self._staged = self._staged, {}
            for bucket in sorted(buckets):
                self._registers(pl.concat([pl.read_parquet(path) for path in buckets[bucket]]))
        for month in sorted(self._staged):
            self._month(month, self._staged[month])

    def _refuse(self, error: RowError) -> None:
        self._done.refused += 1
        self._tell(error)

    def _stage_loose(self, loose: list[Loose]) -> None:
        """Put points in rows of days; a point that is there twice is dropped or refused."""
        if not loose:
            return
        keys = pl.concat([one.keys for one in loose])
        slot = np.concatenate([one.slot for one in loose])
        value = np.concatenate([one.value for one in loose])
        numbered = keys.with_columns(pl.struct(KEY).rank("dense").alias("k"))
        k = numbered["k"].to_numpy().astype(np.int64) - 1
        cell = k * POINTS + slot
        order = np.lexsort((keys[ROW].to_numpy(), cell))
        cell, value, number = cell[order], value[order], keys[ROW].to_numpy()[order]
        first = np.concatenate([[True], cell[1:] != cell[:-1]]) if len(cell) else np.empty(0, bool)
        begin = np.flatnonzero(first)[np.cumsum(first) - 1] if len(cell) else np.empty(0, np.int64)
        again = ~first
        same = again & (value.astype(np.float32) == value[begin].astype(np.float32))
        self._done.repeated += int(same.sum())
        for at in np.flatnonzero(again & ~same).tolist():
            clash = Clash(
                int(number[at]), int(cell[at] % POINTS), 1, float(value[at]), float(value[begin[at]]), False
            )
            self._clash(clash, keys["day"][int(order[at])], int(number[begin[at]]))
        heads = numbered.unique("k", keep="first", maintain_order=True).sort("k").drop("k")
        points = np.full((len(heads), POINTS), np.nan)
        points.reshape(-1)[cell[first]] = value[first]
        self._stage_days(Days(heads, points))

    def _stage_days(self, days: Days) -> None:
        """Write rows beside the lake: registers by bucket of accounts, all else by month."""
        keys, points = days.keys, days.points
        kept = ~np.isnan(points).all(axis=1)
        if not kept.all():
            keys, points = keys.filter(pl.Series(kept)), points[kept]
        if not len(keys):
            return
        if self._form.value is Value.REGISTER:
            frame = keys.with_columns(points=_array(points))
            bucket = pl.struct("account", "meter").hash(1) % BUCKETS
            for (number,), part in frame.with_columns(bucket=bucket).group_by("bucket"):
                self._write(f"bucket-{number:02}", part.drop("bucket"))
            return
        told = {"energy": pl.Series(np.round(np.nansum(points, axis=1) / 4.0, 4))}
        self._stage(keys, points, told)

    def _stage(self, keys: pl.DataFrame, points: Floats, told: dict[str, pl.Series]) -> None:
        frame = keys.drop("ratio").with_columns(
            points=_array(points),
            missing=pl.Series(np.isnan(points).sum(axis=1).astype(np.uint8)),
            energy=told["energy"],
            bridged=told.get("bridged", pl.lit(0, pl.UInt8)),
            register=told.get("register", pl.lit(float("nan"))),
            register_at=told.get("register_at", pl.lit(0, pl.UInt8)),
        )
        frame = frame.select(pl.col(name).cast(kind) for name, kind in _STAGED.items())
        for (month,), part in frame.with_columns(month=pl.col("day").dt.strftime("%Y-%m")).group_by("month"):
            self._write(str(month), part.drop("month"))

    def _write(self, name: str, frame: pl.DataFrame) -> None:
        path = self._writing.folder / f"staged-{self._count}.parquet"
        self._count += 1
        frame.write_parquet(path, compression="lz4")
        self._staged.setdefault(name, []).append(path)

    def _registers(self, frame: pl.DataFrame) -> None:
        """Turn the readings of a bucket into energy, from the last reading that the lake holds on."""
        bare = frame.drop("points").with_columns(
            energy=pl.lit(0.0), bridged=pl.lit(0), register=pl.lit(float("nan")), register_at=pl.lit(0)
        )
        merged = merge(bare, points_of(frame).astype(np.float64), replace=False)
        self._told(merged)
        turned = register_days(merged.frame, merged.points, self._form, self._lake)
        found = turned.energy
        self._done.rollovers += found.rollovers
        self._resets(turned.readings, found.resets, turned.heads)
        if found.beyond:
            self._done.notices.append(
                f"{found.beyond:,} differences of registers left out: over more than "
                f"{LONGEST // POINTS} days, or of more power than any account uses"
            )
        self._stage(
            turned.keys,
            found.points,
            {
                "energy": pl.Series(np.round(found.energy, 4)),
                "bridged": pl.Series(found.bridged),
                "register": pl.Series(found.register),
                "register_at": pl.Series(found.register_at),
            },
        )

    def _resets(self, readings: Readings, places: NDArray[np.int64], heads: pl.DataFrame) -> None:
        for place in places[: max(0, _NAMED - self._done.resets)].tolist():
            head = heads.row(int(readings.series[place]), named=True)
            day, slot = divmod(int(readings.at[place]), POINTS)
            name = head["meter"] or head["account"]
            self._done.notices.append(
                f"{name}: the register of {Quantity(head['quantity']).word} fell from "
                f"{readings.value[place - 1]:g} to {readings.value[place]:g} at {_moment(day, slot)}: "
                "a reset; what was used up to it is not known"
            )
        self._done.resets += len(places)

    def _month(self, month: str, parts: list[Path]) -> None:
        """Add a month's days to the batch; those told twice, or held already, are merged before."""
        staged = pl.scan_parquet(parts)
        keys = staged.select(KEY).collect()
        twice = keys.filter(pl.struct(KEY).is_duplicated()).unique()
        held = self._lake.overlapping(month, keys.unique())
        troubled = pl.concat([twice, held]).unique()
        if not len(troubled):
            self._add(month, staged)
            return
        clean = staged.join(troubled.lazy(), on=list(KEY), how="anti")
        self._add(month, clean)
        for begin in range(0, len(troubled), TROUBLED):
            some = troubled[begin : begin + TROUBLED]
            here = staged.join(some.lazy(), on=list(KEY), how="semi").collect()
            before = self._lake.held(month, some).with_columns(pl.lit(HELD, pl.Int64).alias(ROW))
            before = before.select(pl.col(name).cast(kind) for name, kind in _STAGED.items())
            rows = pl.concat([before, here])
            merged = merge(
                rows.drop("points"), points_of(rows).astype(np.float64), replace=self._wanted.replace
            )
            self._told(merged)
            frame = merged.frame.with_columns(
                points=_array(merged.points),
                missing=pl.Series(np.isnan(merged.points).sum(axis=1).astype(np.uint8)),
            )
            if len(frame):
                self._add(month, frame.lazy())

    def _add(self, month: str, rows: pl.LazyFrame) -> None:
        told = rows.select(
            days=pl.len(),
            missing=pl.col("missing").cast(pl.Int64).sum(),
            bridged=pl.col("bridged").cast(pl.Int64).sum(),
        ).collect()
        days, missing, bridged = told.row(0)
        if not days:
            return
        self._done.days += days
        self._done.points += days * POINTS - missing
        self._done.gaps += missing
        self._done.bridged += bridged
        self._writing.add(month, rows.with_columns(known_ns=pl.lit(self._wanted.known_ns)).select(*SCHEMA))

    def _told(self, merged: Merged) -> None:
        self._done.repeated += merged.repeated
        self._done.replaced += merged.replaced
        self._done.unchanged += merged.unchanged
        for clash in merged.clashes:
            self._clash(clash, None, None)

    def _clash(self, clash: Clash, day: date | None, before: int | None) -> None:
        stands = (
            "the lake holds"
            if clash.held
            else "a row before says"
            if before is None
            else f"row {before} says"
        )
        more = f" (and {clash.count - 1} more points)" if clash.count > 1 else ""
        on = f"{day} " if day is not None else ""
        when = f"{on}{clash.slot // 4:02}:{clash.slot % 4 * 15:02}"
        why = f"{clash.says:g} at {when}, where {stands} {clash.stands:g}{more}"
        self._refuse(RowError(why, str(self._path), clash.row))


def _array(points: Floats) -> pl.Series:
    return pl.Series(points, dtype=pl.Array(pl.Float64, POINTS))


def _moment(day: int, slot: int) -> str:
    return f"{EPOCH + timedelta(days=day)} {slot // 4:02}:{slot % 4 * 15:02}"
