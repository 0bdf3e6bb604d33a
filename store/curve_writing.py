"""Writing to the lake of curves: one import is one batch, which stands whole or not at all."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from facts.errors import StoreError
from store.curve_columns import CURVES, SCHEMA
from store.lake_writing import FORMAT, SUFFIX, WRITING, stand, write_file


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
