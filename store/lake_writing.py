"""Writing to the flow lake: a batch is prepared beside it and stands there whole, or not at all.

A batch gathers what one run, or a window of a live one, has to keep. Its files are written and synced under
`.writing/`, then each is renamed to its partition, packets before the flows that name them. Whoever dies
leaves files there that nobody reads; `clean` in lake_care.py removes them.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from facts.errors import StoreError, UsageError
from store.lake_columns import FLOWS, PACKETS, flow_frame, packet_frame
from store.lake_locks import Writer

Rows = npt.NDArray[Any]

SUFFIX: Final = ".parquet"
FORMAT: Final = "1"
LEVEL: Final = 3
"""Of zstd."""
MOST_DATES: Final = 400
"""Partitions of a batch: packets of more days than that have times that mean nothing, and go to the last."""

_ATTEMPTS = 10
_DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_LONGEST = 80


def probe_name(name: str) -> str:
    """Return a name that can name a partition: what is no letter, digit, - _ or . becomes _."""
    plain = "".join(letter if letter in _PLAIN else "_" for letter in name)[:_LONGEST].lstrip(".")
    if not plain:
        raise UsageError(f"{name!r} names no probe")
    return plain


def partition(table: str, day: date, probe: str) -> Path:
    """Return where a table's files of a day and a probe lie in the lake."""
    return Path(table) / f"date={day.isoformat()}" / f"probe={probe}"


class Batch(Writer):
    """What is written together. Use it as a context: what was not committed leaves nothing behind."""

    def __init__(self, root: Path, probe: str, sources: Sequence[str]) -> None:
        """`probe` names the partition, `sources` what `source` of the flows counts."""
        self._probe = probe_name(probe)
        self._sources = sources
        self._parts: list[tuple[str, date, Path, int]] = []
        self._digest = hashlib.sha256()
        super().__init__(root)

    def add(self, flows: Rows, candidates: Rows, packets: Rows) -> None:
        """Add FLOW rows, and PACKET rows whose `flow` counts the FLOW rows `candidates`, some of the others.

        A day that holds packets of a flow holds its record, too. Raises StoreError where nothing can be
        written.
        """
        for rows in (flows, packets):
            self._digest.update(np.ascontiguousarray(rows).tobytes())
        if len(flows):
            self._write(FLOWS, flow_frame(flows, self._sources), flows["last_ns"])
        if len(packets):
            self._write(PACKETS, packet_frame(packets, candidates), packets["at_ns"])
            which, days = _other_days(candidates, packets)
            if len(which):
                self._write(FLOWS, flow_frame(candidates[which], self._sources), days * _DAY_NS)

    def _write(self, table: str, frame: pl.DataFrame, times: npt.NDArray[np.int64]) -> None:
        days = times // _DAY_NS
        known = np.unique(days)
        if len(known) > MOST_DATES:
            days = np.full(len(days), known[-1])
            known = known[-1:]
        for day in known.tolist():
            here = frame if len(known) == 1 else frame.filter(pl.Series(days == day))
            path = self.folder / f"{len(self._parts)}{SUFFIX}"
            self._parts.append((table, _EPOCH + timedelta(days=day), path, len(here)))
            try:
                here.write_parquet(path, compression="zstd", compression_level=LEVEL)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise StoreError(f"{path}: not written: {error}") from error

    def commit(self, capture: str | None = None) -> int:
        """Put the batch into the lake; return how many of its files were not there yet.

        `capture`: a digest of the packets that were read, by which the same capture is known when it is read
        again; without it the rows themselves tell. Raises StoreError; then some of the files may stand, each
        whole, and the same batch committed once more completes them.
        """
        name = hashlib.sha256(f"{FORMAT} {self._probe} {capture or self._digest.hexdigest()}".encode())
        batch = name.hexdigest()[:32]
        written = 0
        try:
            for table in (PACKETS, FLOWS):
                for day in sorted({day for kind, day, _, _ in self._parts if kind == table}):
                    paths = [path for kind, at, path, _ in self._parts if (kind, at) == (table, day)]
                    written += self._place(table, day, paths, batch, capture)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{self.root}: batch {batch} not kept: {error}") from error
        finally:
            self.close()
        return written

    def _place(self, table: str, day: date, paths: list[Path], batch: str, capture: str | None) -> int:
        folder = self.root / partition(table, day, self._probe)
        if has_batch(folder, batch):
            return 0
        told = {
            "minescope.format": FORMAT,
            "minescope.table": table,
            "minescope.batches": batch,
            "minescope.capture": capture or "",
            "minescope.probe": self._probe,
        }
        ready = self.folder / f"{table}-{day}{SUFFIX}"
        write_file(pl.scan_parquet(paths), ready, told)
        stand(ready, folder / f"{batch}{SUFFIX}")
        return 1


def _other_days(candidates: Rows, packets: Rows) -> tuple[Rows, Rows]:
    """Return pairs of a candidate and a day, on which it sent something and which is not its last."""
    pairs = np.unique(np.stack([packets["flow"].astype(np.int64), packets["at_ns"] // _DAY_NS]), axis=1)
    which, days = pairs[:, candidates["last_ns"][pairs[0]] // _DAY_NS != pairs[1]]
    return which, days


def write_file(frame: pl.LazyFrame, path: Path, told: dict[str, str]) -> None:
    """Write a frame with its metadata, and see it on the disk."""
    frame.sink_parquet(path, compression="zstd", compression_level=LEVEL, metadata=told)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def stand(ready: Path, path: Path) -> None:
    """Give a finished file its place, which somebody may be removing as empty just now."""
    for attempt in range(_ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            ready.replace(path)
            break
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """See the names in a folder on the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


MERGED: Final = "merged-"
"""How the names of files begin that several batches were put together in."""


def batches_of(path: Path) -> list[str]:
    """Return the batches that a file holds. Raises polars' errors for a damaged one."""
    return pl.read_parquet_metadata(path).get("minescope.batches", "").split()


def members_of(path: Path) -> list[str]:
    """Return the names, without suffix, of the files that were put together in a merged one."""
    return pl.read_parquet_metadata(path).get("minescope.members", "").split()


def has_batch(folder: Path, batch: str) -> bool:
    """Say whether a partition holds a batch, alone or among others."""
    if (folder / f"{batch}{SUFFIX}").exists():
        return True
    for path in folder.glob(f"{MERGED}*{SUFFIX}"):
        with suppress(OSError, pl.exceptions.PolarsError):
            if batch in batches_of(path):
                return True
    return False
