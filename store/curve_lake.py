"""The lake of meter curves: immutable Parquet files, a partition a month, whatever engine reads them.

    curves/month=2026-03/<batch>.parquet

A row is a day of one quantity of one meter (or of an account as a whole). Rows are never changed: a later
import that completes or corrects a day writes the day once more, and of rows with the same key that of the
latest import counts (`known_ns`, which is also in each file's metadata). Files are written and given their
place as those of the flow lake are (store/lake_writing.py); a write that is broken off leaves nothing.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from facts.errors import StoreError
from store.lake_writing import FORMAT, SUFFIX, WRITING, stand, write_file

CURVES: Final = "curves"
POINTS: Final = 96
AT_ONCE: Final = 150_000
"""Rows of a file that are in memory at once: 60 MB."""
ACTIVE: Final = 0
"""The quantity `active-import`."""

KEY: Final = ("account", "meter", "day", "quantity")
SCHEMA: Final[dict[str, Any]] = {
    "account": pl.String(),
    "meter": pl.String(),  # empty: the account as a whole
    "day": pl.Date(),  # China's time
    "quantity": pl.UInt8(),  # supervision/meters/forms.py
    "of": pl.UInt8(),  # meters whose sum the account was then
    "known_ns": pl.Int64(),
    "points": pl.Array(pl.Float32(), POINTS),  # mean kW (kvar) of each quarter of an hour; NaN is a gap
    "energy": pl.Float64(),  # kWh (kvarh) of the day, bridged gaps included
    "missing": pl.UInt8(),  # gaps
    "bridged": pl.UInt8(),  # of these, those whose energy a register tells
    "register": pl.Float64(),  # last reading of the day, as the meter shows it; NaN where none was read
    "register_at": pl.UInt8(),  # after which quarter of an hour that was, 1 to 96; 0 where none was read
}
_INFO: Final = [name for name in SCHEMA if name != "points"]


@dataclass(frozen=True, slots=True)
class CurveFile:
    """A file of the lake."""

    path: Path
    month: str
    known_ns: int


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

    def files(self, month: str, known_ns: int | None = None) -> list[CurveFile]:
        """Return a month's files, the earliest known first; of what was known at a time, if one is given.

        Raises StoreError for a damaged one: what is summed for money is whole or not at all.
        """
        found = []
        for path in (self.root / CURVES / f"month={month}").glob(f"*{SUFFIX}"):
            try:
                at = int(pl.read_parquet_metadata(path).get("minescope.known_ns", "0"))
            except (OSError, ValueError, pl.exceptions.PolarsError) as error:
                raise StoreError(f"{path}: damaged: {error}") from error
            if known_ns is None or at <= known_ns:
                found.append(CurveFile(path, month, at))
        return sorted(found, key=lambda file: (file.known_ns, file.path.name))

    def has_batch(self, batch: str) -> bool:
        """Say whether an import is in the lake already."""
        return any((self.root / CURVES).glob(f"month=*/{batch}{SUFFIX}"))

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
                read = (pl.col("register_at") > 0) & (pl.col("day") >= first)
                frames.append(_collect(lazy.filter(read & (pl.col("day") <= pl.col("until"))), file.path))
        if not frames:
            return pl.DataFrame(schema={name: SCHEMA[name] for name in names})
        latest = pl.concat(frames).sort("known_ns", maintain_order=True)
        latest = latest.unique(list(KEY), keep="last", maintain_order=True).drop("until")
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
        days = max(0, (after - first).days)
        out = np.full((len(accounts), days, POINTS), np.nan, np.float32)
        places = pl.DataFrame(
            {"account": list(accounts), "place": np.arange(len(accounts), dtype=np.uint32)},
            schema={"account": pl.String, "place": pl.UInt32},
        )
        several: list[pl.DataFrame] = []
        for frame in self._pieces(first, after, quantity, known_ns, places):
            one = frame["of"].to_numpy() <= 1
            day = (frame["day"].to_physical().to_numpy() - (first - _EPOCH).days).astype(np.int64)
            place = frame["place"].to_numpy()
            out[place[one], day[one]] = points_of(frame)[one]  # later files overwrite: the latest counts
            if not one.all():
                several.append(frame.filter(pl.col("of") > 1))
        if several:
            _sum_meters(out, pl.concat(several), first)
        return out

    def energy(
        self, accounts: Sequence[str], first: date, after: date, quantity: int = ACTIVE
    ) -> pl.DataFrame:
        """Return a row for each account and day held: account, day, kwh, missing, bridged, meters, of.

        `kwh` is a sum over `meters` of its `of` meters; `missing` and `bridged` are those of all of them.
        """
        wanted = pl.DataFrame({"account": list(accounts)}, schema={"account": pl.String})
        frames = []
        for month in _months(first, after):
            for file in self.files(month):
                lazy = (
                    _scan(file.path)
                    .select(_INFO)
                    .filter(
                        (pl.col("quantity") == quantity) & (pl.col("day") >= first) & (pl.col("day") < after)
                    )
                )
                frames.append(_collect(lazy.join(wanted.lazy(), on="account", how="semi"), file.path))
        together = pl.concat(frames) if frames else pl.DataFrame(schema={n: SCHEMA[n] for n in _INFO})
        latest = together.unique(list(KEY), keep="last", maintain_order=True)
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

    def _pieces(
        self, first: date, after: date, quantity: int, known_ns: int | None, places: pl.DataFrame
    ) -> Iterator[pl.DataFrame]:
        names = ["account", "meter", "day", "of", "points"]
        for month in _months(first, after):
            for file in self.files(month, known_ns):
                rows = int(_collect(_scan(file.path).select(pl.len()), file.path).item())
                for begin in range(0, rows, AT_ONCE):
                    lazy = (
                        _scan(file.path)
                        .slice(begin, AT_ONCE)
                        .filter(
                            (pl.col("quantity") == quantity)
                            & (pl.col("day") >= first)
                            & (pl.col("day") < after)
                        )
                    )
                    wanted = lazy.select(names).join(places.lazy(), on="account", maintain_order="left")
                    yield _collect(wanted, file.path)


class CurveBatch:
    """What one import writes. Use it as a context: what was not committed leaves nothing behind."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parts: dict[str, list[Path]] = {}
        try:
            (root / WRITING).mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=root / WRITING))
            self._lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)  # held as long as this process lives
        except OSError as error:
            raise StoreError(f"{root}: no batch can be begun: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was not committed. May be called twice."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def add(self, month: str, frame: pl.DataFrame | pl.LazyFrame) -> None:
        """Add rows of SCHEMA of one month. No key may be added twice."""
        parts = self._parts.setdefault(month, [])
        path = self.folder / f"{month}-{len(parts)}{SUFFIX}"
        try:
            frame.lazy().select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sink_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{path}: not written: {error}") from error
        parts.append(path)

    def commit(self, batch: str, known_ns: int, told: dict[str, str]) -> int:
        """Put the batch into the lake; return how many files it made. Raises StoreError."""
        made = 0
        metadata = {
            "minescope.format": FORMAT,
            "minescope.table": CURVES,
            "minescope.batches": batch,
            "minescope.known_ns": str(known_ns),
            **told,
        }
        try:
            for month in sorted(self._parts):
                ready = self.folder / f"ready{SUFFIX}"
                write_file(pl.scan_parquet(self._parts[month]), ready, metadata)
                stand(ready, self._root / CURVES / f"month={month}" / f"{batch}{SUFFIX}")
                made += 1
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{self._root}: batch {batch} not kept: {error}") from error
        finally:
            self.close()
        return made


def batch_name(digest: str, *particulars: object) -> str:
    """Return the name of an import: the same file, read the same way, has the same one."""
    named = " ".join((digest, *map(str, particulars)))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def points_of(frame: pl.DataFrame) -> NDArray[np.float32]:
    """Return (n, 96) float32 of the column `points`."""
    if not len(frame):
        return np.empty((0, POINTS), np.float32)
    return frame["points"].to_numpy().reshape(-1, POINTS)


_EPOCH = date(1970, 1, 1)


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
