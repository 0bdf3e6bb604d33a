"""Writing to the lake of curves: one import is one batch, which stands whole or not at all."""

import hashlib
from pathlib import Path

import polars as pl

from facts.errors import StoreError
from store.curve_columns import CURVES, SCHEMA
from store.lake_locks import Writer
from store.lake_writing import FORMAT, SUFFIX, stand, write_file


class CurveBatch(Writer):
    """What one import writes. Use it as a context: what was not committed leaves nothing behind."""

    def __init__(self, root: Path) -> None:
        self._parts: dict[str, list[Path]] = {}
        super().__init__(root)

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
                stand(ready, self.root / CURVES / f"month={month}" / f"{batch}{SUFFIX}")
                made += 1
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{self.root}: batch {batch} not kept: {error}") from error
        finally:
            self.close()
        return made


def batch_name(digest: str, *particulars: object) -> str:
    """Return the name of an import: the same file, read the same way, has the same one."""
    named = " ".join((digest, *map(str, particulars)))
    return hashlib.sha256(named.encode()).hexdigest()[:32]
