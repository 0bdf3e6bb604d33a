"""Ten million assignments: into PostgreSQL, into the index, and a million questions. Long: `make prove`."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from pipeline.registry_import import Options, files_of, import_files
from registry.attribution import Attributor
from registry.index_folder import load, publish
from registry.uscc import completed
from store.database import open_database
from store.registry import RegistryStore
from tests.store.conftest import _created

NOW = 1_772_416_800_000_000_000
BASE = 0x0100_0000


def tables(folder: Path, count: int) -> int:
    """Write a registry of `count` assignments, two fifths of which changed hands; return the last address."""
    draw = random.Random(5)
    codes = [completed("9", "1", "990101", f"{n:08d}") for n in range(2000)]
    lines = ["uscc,name", *(f"{code},示例企业{n}" for n, code in enumerate(codes))]
    (folder / "enterprises.csv").write_text("\n".join(lines), "utf-8")
    lines = ["id,name,division,address", *(f"s{n},n{n},990101,a{n}" for n in range(3000))]
    (folder / "sites.csv").write_text("\n".join(lines), "utf-8")
    base, written = BASE, 0
    with (folder / "assignments.csv").open("w", encoding="utf-8") as file:
        file.write("prefix,line,uscc,site,valid_from,valid_to,source\n")
        while written < count:
            bits = draw.choice((32, 32, 30, 29, 28))
            size = 1 << (32 - bits)
            base = (base + size - 1) // size * size
            prefix = f"{base >> 24}.{base >> 16 & 255}.{base >> 8 & 255}.{base & 255}/{bits}"
            year, day = 2015 + draw.randrange(6), f"{1 + draw.randrange(12):02}-{1 + draw.randrange(28):02}"
            end = f"{year + 3}-01-15T{draw.randrange(24):02}:{draw.randrange(60):02}:00Z"
            periods = [(f"{year}-{day}", end), (end, "")] if draw.random() < 0.4 else [(f"{year}-{day}", "")]
            for begin, after in periods[: count - written]:
                code, site = codes[draw.randrange(2000)], draw.randrange(3000)
                file.write(f"{prefix},line-{written},{code},s{site},{begin},{after},ipam\n")
                written += 1
            base += size
    return base


def server_seconds(process: int) -> float:
    """CPU seconds of the database's process."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("count", [20_000, pytest.param(10_000_000, marks=pytest.mark.prove)])
def test_a_large_table_is_loaded_indexed_and_asked(count: int, postgres: str, tmp_path: Path) -> None:
    last = tables(tmp_path, count)
    with _created(postgres) as url, open_database(url) as database:
        with database.reading() as connection:
            process = connection.scalar(text("SELECT pg_backend_pid()")) or 0
        began, wall = time.process_time() + server_seconds(process), time.monotonic()
        result = import_files(database, files_of([tmp_path], None), Options(), NOW, lambda errors: None)
        spent = time.process_time() + server_seconds(process) - began
        wall = time.monotonic() - wall
        assert result.taken
        assert result.files[-1].changes.added == count
        place = publish(tmp_path / "index", *RegistryStore(database).index())
    size = sum(file.stat().st_size for file in place.iterdir())
    attributor = Attributor(load(tmp_path / "index")[0], 2_000_000_000)
    numbers = np.random.default_rng(7).integers(BASE, last, 1_000_000).astype(np.uint64)
    addresses = np.stack([np.zeros_like(numbers), numbers | np.uint64(0xFFFF_0000_0000)], axis=1)
    at_ns = np.full(len(numbers), NOW)
    tries = []
    for _ in range(5):
        start = time.process_time()
        bulk = attributor.attribute_many(addresses, at_ns)
        tries.append(time.process_time() - start)
    held = int((bulk.codes >= 0).sum())
    print(
        f"{count:,} assignments: {wall:.0f} s, {spent:.0f} CPU s of client and server; index"
        f" {size / 1e6:,.0f} MB; a million questions {min(tries):.2f} CPU s, {held:,} held"
    )
    assert held > 500_000
    if count == 10_000_000:
        assert spent <= 150
        assert size <= 1_000_000_000
        assert min(tries) <= 2
