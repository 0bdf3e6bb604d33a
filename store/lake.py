"""The flow lake: immutable Parquet files of flow records and of the rhythm of those that may be judged by it.

    flows/date=2026-05-04/probe=eth1/<batch>.parquet
    packets/date=2026-05-04/probe=eth1/<batch>.parquet

A date is that of a flow's last packet in the batch, or of the packet, in UTC. Any engine can read it. Readers
leave files out that are damaged, and name them; they see each batch once, also while files are merged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy.typing as npt
import polars as pl

from store.lake_columns import FLOWS, PACKETS, SCHEMAS, flow_rows, packet_rows
from store.lake_writing import MERGED, SUFFIX, Batch, members_of, probe_name

Rows = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that was left out."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True, order=True)
class LakeFile:
    """A file of the lake."""

    table: str
    day: date
    probe: str
    path: Path
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the lake is read; None: whatever there is."""

    since: date | None = None
    until: date | None = None
    """The last day that is read."""
    probe: str | None = None

    def includes(self, file: LakeFile) -> bool:
        """Say whether a file may hold what is wanted."""
        return (
            (self.since is None or file.day >= self.since)
            and (self.until is None or file.day <= self.until)
            and (self.probe is None or file.probe == probe_name(self.probe))
        )


EVERYTHING = Wanted()


class Lake:
    """The lake below a folder; it need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def begin(self, probe: str, sources: Sequence[str]) -> Batch:
        """Begin a batch: see Batch."""
        return Batch(self.root, probe, sources)

    def files(self, table: str, wanted: Wanted = EVERYTHING) -> list[LakeFile]:
        """Return the files of a table, in the order of day, probe and name, whether sound or damaged."""
        found = []
        for path in self.root.glob(f"{table}/date=*/probe=*/*{SUFFIX}"):
            file = _placed(table, path)
            if file is not None and wanted.includes(file):
                found.append(file)
        return sorted(found)

    def sound(self, table: str, wanted: Wanted = EVERYTHING) -> tuple[list[LakeFile], list[Damaged]]:
        """Return the files of a table that can be read, each batch once, and those that cannot."""
        sound: list[LakeFile] = []
        damaged: list[Damaged] = []
        merged: set[tuple[Path, str]] = set()
        for file in self.files(table, wanted):
            try:
                schema = pl.read_parquet_schema(file.path)
                missing = [name for name in SCHEMAS[table] if name not in schema]
                if missing:
                    raise ValueError(f"no column {missing[0]}")
                if file.path.name.startswith(MERGED):
                    merged |= {(file.path.parent, batch) for batch in members_of(file.path)}
            except FileNotFoundError:
                continue  # merged or purged just now
            except (OSError, ValueError, pl.exceptions.PolarsError) as error:
                damaged.append(Damaged(file.path, str(error)))
                continue
            sound.append(file)
        return [file for file in sound if (file.path.parent, file.path.stem) not in merged], damaged

    def scan(self, table: str, wanted: Wanted = EVERYTHING) -> tuple[pl.LazyFrame, list[Damaged]]:
        """Return a table as a lazy frame with the columns `date` and `probe` beside its own.

        Flows that were written more than once, of live windows or of captures that overlap, are there as
        often; `latest` leaves the last of each. Files of other dates and probes than a filter names are not
        opened.
        """
        files, damaged = self.sound(table, wanted)
        kinds: dict[str, Any] = {**SCHEMAS[table], "date": pl.Date(), "probe": pl.String()}
        if not files:
            return pl.LazyFrame(schema=kinds), damaged
        lazy = pl.scan_parquet(
            [file.path for file in files],
            hive_partitioning=True,
            hive_schema={"date": pl.Date(), "probe": pl.String()},
            extra_columns="ignore",
        )
        return lazy.select(list(kinds)), damaged

    def read(self, table: str, wanted: Wanted = EVERYTHING) -> tuple[pl.DataFrame, list[Damaged]]:
        """Read a table at once, leaving out also the files that turn out damaged in their midst."""
        files, damaged = self.sound(table, wanted)
        frames = []
        for file in files:
            try:
                frames.append(read_file(table, file))
            except FileNotFoundError:
                continue
            except (OSError, pl.exceptions.PolarsError) as error:
                damaged.append(Damaged(file.path, str(error)))
        if not frames:
            return pl.DataFrame(schema={**SCHEMAS[table], "date": pl.Date(), "probe": pl.String()}), damaged
        return pl.concat(frames), damaged

    def rhythms(self, wanted: Wanted = EVERYTHING) -> Iterator[tuple[Rows, Rows, list[Damaged]]]:
        """Yield for each day and probe (flows, packets, files left out), as a sieve hands candidates out.

        (n,) FLOW and (m,) PACKET in the order of flow and time, `flow` an index into the flows; only flows
        with packets of that day. Of a flow that was written more than once the latest record counts.
        """
        places = sorted({(file.day, file.probe) for file in self.files(PACKETS, wanted)})
        for day, probe in places:
            one = Wanted(day, day, probe)
            packets, damaged = self.read(PACKETS, one)
            lazy, more = self.scan(FLOWS, one)
            mine = lazy.join(packets.lazy().select("flow_id").unique(), on="flow_id", how="semi")
            flows = latest(mine).sort("first_at", "flow_id").collect()
            rows = packet_rows(packets, flows["flow_id"].to_numpy())
            yield flow_rows(flows), rows, [*damaged, *more]


def latest(flows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the last record of each flow, in no order that means anything."""
    return flows.sort("last_at", "packets_a", "packets_b").unique("flow_id", keep="last", maintain_order=True)


def read_file(table: str, file: LakeFile) -> pl.DataFrame:
    """Read one file, with its date and probe."""
    frame = pl.read_parquet(file.path, hive_partitioning=False, memory_map=False).select(list(SCHEMAS[table]))
    return frame.with_columns(date=pl.lit(file.day), probe=pl.lit(file.probe))


def _placed(table: str, path: Path) -> LakeFile | None:
    """Return what a file's place says of it; None where it is not one of ours."""
    try:
        day = date.fromisoformat(path.parts[-3].removeprefix("date="))
        size = path.stat().st_size
    except (ValueError, OSError):
        return None
    return LakeFile(table, day, path.parts[-2].removeprefix("probe="), path, size)
