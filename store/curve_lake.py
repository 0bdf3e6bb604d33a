"""The lake of meter curves: immutable Parquet files, a partition a month, whatever engine reads them.

    curves/month=2026-03/<batch>.parquet

A row is a day of one quantity of one meter (or of an account as a whole). Rows are never changed: a later
import that completes or corrects a day writes the day once more, and of rows with the same key that of the
latest import counts (`known_ns`, which is also in each file's metadata). Files are written and given their
place as those of the flow lake are (store/lake_writing.py); a write that is broken off leaves nothing.
Files that were merged (store/curve_care.py) hold all rows that were ever known, by account and day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from facts.errors import StoreError
from store.curve_columns import ACTIVE as ACTIVE  # part of this file's interface
from store.curve_columns import AT_ONCE, GONE, INFO
from store.curve_columns import CURVES as CURVES
from store.curve_columns import KEY as KEY
from store.curve_columns import POINTS as POINTS
from store.curve_columns import SCHEMA as SCHEMA
from store.curve_columns import points_of as points_of
from store.curve_writing import CurveBatch as CurveBatch
from store.curve_writing import batch_name as batch_name
from store.lake_writing import SUFFIX, has_batch


@dataclass(frozen=True, slots=True)
class CurveFile:
    """A file of the lake."""

    path: Path
    month: str
    known_ns: int
    """Of its latest row."""
    first_ns: int
    """Of its earliest: in a merged file several imports lie together."""
    ordered: bool
    """Whether its rows lie by account, so that those of a few accounts are found without reading all."""

    @property
    def merged(self) -> bool:
        """Whether rows of one key may lie in it several times, the latest known last."""
        return self.first_ns < self.known_ns


@dataclass(frozen=True, slots=True)
class DamagedCurves:
    """A file of the lake that cannot be read. Which accounts and days it held is not known then."""

    name: str
    """Its path below the lake's folder."""
    month: str
    why: str


class CurveLake:
    """The curves below a lake's folder; it need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def begin(self) -> "CurveBatch":
        """Begin a batch: see CurveBatch."""
        return CurveBatch(self.root)

    def months(self) -> list[str]:
        """Return the months that hold anything, in their order."""
        return sorted(
            path.name.removeprefix("month=") for path in (self.root / CURVES).glob("month=*") if path.is_dir()
        )

    def files(
        self, month: str, known_ns: int | None = None, damaged: list[DamagedCurves] | None = None
    ) -> list[CurveFile]:
        """Return a month's files, the earliest known first; of what was known at a time, if one is given.

        Raises StoreError for a damaged one: what is summed for money is whole or not at all. Who can do with
        the rest, and says so, gives a list that damaged files are put on instead.
        """
        found: list[CurveFile] = []
        replaced: set[str] = set()
        for path in (self.root / CURVES / f"month={month}").glob(f"*{SUFFIX}"):
            try:
                told = pl.read_parquet_metadata(path)
                at = int(told.get("minescope.known_ns", "0"))
                first = int(told.get("minescope.first_ns", at))
            except (OSError, ValueError, pl.exceptions.PolarsError) as error:
                if damaged is None:
                    raise StoreError(f"{path}: damaged: {error}") from error
                damaged.append(self._damaged(path, month, error))
                continue
            replaced.update(told.get("minescope.members", "").split())
            if known_ns is None or first <= known_ns:
                found.append(CurveFile(path, month, at, first, "minescope.ordered" in told))
        found = [file for file in found if file.path.stem not in replaced]
        return sorted(found, key=lambda file: (file.known_ns, file.path.name))

    def has_batch(self, batch: str) -> bool:
        """Say whether an import is in the lake already."""
        return any(has_batch(folder, batch) for folder in (self.root / CURVES).glob("month=*"))

    def held(self, month: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that count of some keys (KEY), in no order."""
        frames = []
        for file in self.files(month):
            lazy = _scan(file.path).join(keys.lazy(), on=list(KEY), how="semi", nulls_equal=True)
            frames.append(_collect(lazy, file.path))
        if not frames:
            return pl.DataFrame(schema=SCHEMA)
        together = pl.concat(frames)
        return together.unique(list(KEY), keep="last", maintain_order=True)

    def overlapping(self, month: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return those of some keys that the month holds."""
        found = [
            _collect(_scan(file.path).select(KEY).join(keys.lazy(), on=list(KEY), how="semi"), file.path)
            for file in self.files(month)
        ]
        return pl.concat(found).unique() if found else keys.clear()

    def registers(self, meters: pl.DataFrame, first: date) -> pl.DataFrame:
        """Return the last readings of (account, meter, quantity) from `first` to their day `until`."""
        names = ["account", "meter", "quantity", "day", "register", "register_at", "known_ns"]
        series = ["account", "meter", "quantity"]
        last = meters["until"].max()
        frames = []
        for month in _months(first, last + timedelta(days=1)) if isinstance(last, date) else ():
            for file in self.files(month):
                lazy = _scan(file.path).select(names).join(meters.lazy(), on=series)
                inside = (pl.col("day") >= first) & (pl.col("day") <= pl.col("until"))
                frames.append(_collect(lazy.filter(inside), file.path))
        if not frames:
            return pl.DataFrame(schema={name: SCHEMA[name] for name in names})
        latest = pl.concat(frames).sort("known_ns", maintain_order=True)
        latest = latest.unique(list(KEY), keep="last", maintain_order=True).drop("until")
        latest = latest.filter(pl.col("register_at") > 0)  # of what counts: a reading may be withdrawn
        return latest.sort("day", maintain_order=True).unique(series, keep="last", maintain_order=True)

    def curves(
        self,
        accounts: Sequence[str],
        first: date,
        after: date,
        quantity: int = ACTIVE,
        known_ns: int | None = None,
    ) -> NDArray[np.float32]:
        """Return (accounts, days, 96) float32, mean kW in the order of `accounts`; NaN for gaps.

        `first` is inclusive, `after` exclusive, 00:00 to 00:15 in China comes first. Of an account with
        several meters the sum, NaN where one of them has a gap. 100,000 accounts of one month are 1.2 GB.
        """
        found = self.curves_held(accounts, first, after, quantity, known_ns)
        if found is not None:
            return found
        return np.full((len(accounts), max(0, (after - first).days), POINTS), np.nan, np.float32)

    def curves_held(
        self,
        accounts: Sequence[str],
        first: date,
        after: date,
        quantity: int = ACTIVE,
        known_ns: int | None = None,
    ) -> NDArray[np.float32] | None:
        """Return what `curves` does, None where not a day is held: most quantities of most accounts are not,
        and an array of gaps costs as much memory as one of values."""
        days = max(0, (after - first).days)
        out: NDArray[np.float32] | None = None
        places = pl.DataFrame(
            {"account": list(accounts), "place": np.arange(len(accounts), dtype=np.uint32)},
            schema={"account": pl.String, "place": pl.UInt32},
        )
        several: list[pl.DataFrame] = []
        for frame in self._pieces(first, after, quantity, known_ns, places):
            if not len(frame):
                continue
            if out is None:
                out = np.full((len(accounts), days, POINTS), np.nan, np.float32)
            one = frame["of"].to_numpy() <= 1
            day = (frame["day"].to_physical().to_numpy() - (first - _EPOCH).days).astype(np.int64)
            place = frame["place"].to_numpy()
            if one.all():
                out[place, day] = points_of(frame)  # later files overwrite: the latest counts
                continue
            out[place[one], day[one]] = points_of(frame)[one]
            several.append(frame.filter(pl.col("of") > 1))
        if several and out is not None:
            _sum_meters(out, pl.concat(several), first)
        return out

    def energy(
        self,
        accounts: Sequence[str],
        first: date,
        after: date,
        quantity: int = ACTIVE,
        known_ns: int | None = None,
        damaged: list[DamagedCurves] | None = None,
    ) -> pl.DataFrame:
        """Return a row for each account and day held: account, day, kwh, missing, bridged, meters, of.

        `kwh` is a sum over `meters` of its `of` meters; `missing` and `bridged` are those of all of them.
        Raises StoreError for a damaged file; with `damaged` it is put there, and the others are told.
        """
        wanted = pl.DataFrame({"account": list(accounts)}, schema={"account": pl.String})
        frames = []
        for month in _months(first, after):
            for file in self.files(month, known_ns, damaged):
                lazy = (
                    _scan(file.path)
                    .filter(_known(file, known_ns))
                    .select(INFO)
                    .filter(
                        (pl.col("quantity") == quantity) & (pl.col("day") >= first) & (pl.col("day") < after)
                    )
                )
                try:
                    frames.append(_collect(lazy.join(wanted.lazy(), on="account", how="semi"), file.path))
                except StoreError as error:
                    if damaged is None:
                        raise
                    damaged.append(self._damaged(file.path, month, error.__cause__ or error))
        together = pl.concat(frames) if frames else pl.DataFrame(schema={n: SCHEMA[n] for n in INFO})
        latest = together.unique(list(KEY), keep="last", maintain_order=True).filter(~GONE)
        return (
            latest.group_by("account", "day")
            .agg(
                kwh=pl.col("energy").sum(),
                missing=pl.col("missing").cast(pl.UInt32).sum(),
                bridged=pl.col("bridged").cast(pl.UInt32).sum(),
                meters=pl.len(),
                of=pl.col("of").max(),
            )
            .sort("account", "day")
        )

    def _damaged(self, path: Path, month: str, error: BaseException) -> DamagedCurves:
        why = (str(error).splitlines() or [type(error).__name__])[0].replace(str(path), path.name)
        return DamagedCurves(path.relative_to(self.root).as_posix(), month, why)

    def _pieces(
        self, first: date, after: date, quantity: int, known_ns: int | None, places: pl.DataFrame
    ) -> Iterator[pl.DataFrame]:
        names = ["account", "meter", "day", "of", "points"]
        inside = (pl.col("quantity") == quantity) & (pl.col("day") >= first) & (pl.col("day") < after)
        held = places.sort("account")
        for month in _months(first, after):
            for file in self.files(month, known_ns):
                wanted = inside & _known(file, known_ns)
                for lazy in _ordered(file, held) if file.ordered else _in_turn(file):
                    picked = lazy.filter(wanted).select(names)
                    frame = _collect(
                        picked.join(places.lazy(), on="account", maintain_order="left"), file.path
                    )
                    if file.merged:  # the latest lies last
                        frame = frame.unique(["place", "meter", "day"], keep="last", maintain_order=True)
                    yield frame


def _in_turn(file: CurveFile) -> Iterator[pl.LazyFrame]:
    """Yield a file in slices that fit into memory."""
    rows = int(_collect(_scan(file.path).select(pl.len()), file.path).item())
    for begin in range(0, rows, AT_ONCE):
        yield _scan(file.path).slice(begin, AT_ONCE)


def _ordered(file: CurveFile, places: pl.DataFrame) -> Iterator[pl.LazyFrame]:
    """Yield the parts of a file by account that hold some accounts, which lie in order: a row group that
    holds none of them is not read."""
    size = max(1, AT_ONCE // _MOST_DAYS)
    for begin in range(0, len(places), size):
        some = places["account"][begin : begin + size]
        yield _scan(file.path).filter(pl.col("account").is_between(pl.lit(some[0]), pl.lit(some[-1])))


def _known(file: CurveFile, known_ns: int | None) -> pl.Expr:
    """Return which rows of a file were known at a time: those of a merged one differ."""
    if known_ns is None or file.known_ns <= known_ns:
        return pl.lit(True)
    return pl.col("known_ns") <= known_ns


_EPOCH = date(1970, 1, 1)
_MOST_DAYS: Final = 31


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, hive_partitioning=False)


def _collect(lazy: pl.LazyFrame, path: Path) -> pl.DataFrame:
    try:
        return lazy.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{path}: damaged: {error}") from error


def _months(first: date, after: date) -> list[str]:
    months, day = [], date(first.year, first.month, 1)
    while day < after:
        months.append(f"{day:%Y-%m}")
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return months


def _sum_meters(out: NDArray[np.float32], frame: pl.DataFrame, first: date) -> None:
    """Put the sums of accounts with several meters in; a meter that is missing makes a gap."""
    latest = frame.unique(["place", "meter", "day"], keep="last", maintain_order=True)
    for (place, day), meters in latest.group_by("place", "day"):
        points = points_of(meters)
        assert isinstance(day, date)
        whole = len(meters) >= int(meters["of"].to_numpy().max())
        total = points.sum(axis=0, dtype=np.float64) if whole else np.nan
        out[place, (day - first).days] = total
