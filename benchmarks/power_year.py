"""`python -m benchmarks.power_year`: a year of 100,000 meters through lake and model, part by part.

Each part is written to a lake of its own as a merged month lies there (`minescope meters compact`), read and
scored as `minescope power score` does, and deleted. What is timed is reading and scoring; making the curves
is told beside it. Curves are drawn once, then scaled and shifted by weeks, so that making them costs little.
`progress.json` in the folder keeps what is done: called again it goes on with the next part.
"""

import argparse
import json
import os
import resource
import shutil
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.lab.columns import Array
from benchmarks.lab.loads import KINDS, loads
from registry.power_accounts import PowerAccount
from store.curve_care import ROWS_TOGETHER
from store.curve_lake import CURVES, SCHEMA, CurveLake
from supervision.power.imports import LOCAL
from supervision.power.judging import judged
from supervision.power.model import BASE_RATE, shipped
from supervision.power.reading import groups

DAYS: Final = 365
PROMISED_S, PROMISED_MB = 600, 4_096
"""Of 100,000 meters and a year. Seconds of the processor: so one core alone would keep the promise, and a
busy machine, whose `wall_min` is of others' work, tells the same."""
_ACCOUNT = PowerAccount("", "", "", "330100", "A", 630.0, 1.0, (), 0, None, "drawn")


def drawn(seed: int) -> tuple[date, Array]:
    """Return the first day and (n, 365, 96) float32 kW of drawn loads of every kind."""
    made = loads(seed, "test", dict.fromkeys(KINDS, 6), DAYS).curves
    return made.first, made.kw


def names(number: int, count: int) -> list[str]:
    """Return the accounts of a part."""
    return [f"33{number:04}{n:05}" for n in range(count)]


def write(folder: Path, number: int, count: int, first: date, pool: Array) -> None:
    """Write a part of `count` accounts into a lake below a folder."""
    rng = np.random.default_rng(number)
    which = rng.integers(0, len(pool), count)
    scale = rng.uniform(0.3, 3.0, count).astype(np.float32)
    weeks = rng.integers(0, 52, count)
    days = [first + timedelta(days=i) for i in range(DAYS)]
    place = (np.arange(DAYS)[None, :] + 7 * weeks[:, None]) % DAYS
    by_month: dict[str, list[int]] = {}
    for i, day in enumerate(days):
        by_month.setdefault(f"{day:%Y-%m}", []).append(i)
    told = {"minescope.known_ns": "1", "minescope.first_ns": "1", "minescope.ordered": "account"}
    own = names(number, count)
    for month, mine in by_month.items():
        points = pool[which[:, None], place[:, mine]] * scale[:, None, None]
        flat = points.reshape(-1, 96)
        rows, gaps = len(flat), np.isnan(flat)
        frame = pl.DataFrame(
            {
                "account": np.repeat(np.array(own, object), len(mine)).tolist(),
                "meter": [""] * rows,
                "day": [days[i] for i in mine] * count,
                "quantity": np.zeros(rows, np.uint8),
                "of": np.ones(rows, np.uint8),
                "known_ns": np.ones(rows, np.int64),
                "points": pl.Series(flat, dtype=SCHEMA["points"]),
                "energy": np.where(gaps, 0, flat).sum(axis=1, dtype=np.float64) / 4,
                "missing": gaps.sum(axis=1).astype(np.uint8),
                "bridged": np.zeros(rows, np.uint8),
                "register": np.full(rows, np.nan),
                "register_at": np.zeros(rows, np.uint8),
            }
        ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        path = folder / CURVES / f"month={month}" / f"part-{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.lazy().sink_parquet(
            path, compression="zstd", compression_level=1, metadata=told, row_group_size=ROWS_TOGETHER
        )


def beside(folder: Path, first: date) -> dict[str, Path]:
    """Write what is known beside the curves: the weather of a year, and an outage a month."""
    weather, outages = folder / "weather.csv", folder / "outages.csv"
    warmth = [17 - 12 * np.cos(2 * np.pi * i / 365) for i in range(DAYS)]
    rows = [f"330000,{first + timedelta(days=i)},{value:.1f}" for i, value in enumerate(warmth)]
    weather.write_text("\n".join(["division,date,celsius", *rows]) + "\n", "utf-8")
    begins = [
        datetime(first.year, first.month, first.day, 14, tzinfo=LOCAL) + timedelta(days=15 + 28 * n)
        for n in range(12)
    ]
    told = [f",{at.isoformat()},{(at + timedelta(hours=2)).isoformat()}" for at in begins]
    outages.write_text("\n".join(["account,from,to", *told]) + "\n", "utf-8")
    return {"weather_file": weather, "outages_file": outages}


def score_part(
    folder: Path, own: list[str], first: date, files: dict[str, Path], threads: int
) -> dict[str, int]:
    """Read and score the accounts of a lake; return how many had each level."""
    accounts = [replace(_ACCOUNT, number=name) for name in own]
    some = groups(CurveLake(folder), accounts, first, first + timedelta(days=DAYS), **files)
    levels: dict[str, int] = {}
    for one in judged(some, shipped(), BASE_RATE, threads):
        levels[one.level] = levels.get(one.level, 0) + 1
    return levels


def run(folder: Path, accounts: int, part: int, seed: int, threads: int) -> dict[str, Any]:
    """Go on until all accounts are scored; return what it took."""
    folder.mkdir(parents=True, exist_ok=True)
    progress = folder / "progress.json"
    asked = {"accounts": accounts, "part": part, "seed": seed}
    done: dict[str, Any] = {**asked, "parts": []}
    if progress.exists():
        done = json.loads(progress.read_text("utf-8"))
        if {name: done[name] for name in asked} != asked:
            raise SystemExit(f"{progress}: of another run: remove it, or ask for the same")
    first, pool = drawn(seed)
    files = beside(folder, first)
    for number in range(len(done["parts"]), -(-accounts // part)):
        count = min(part, accounts - number * part)
        here = folder / f"part-{number}"
        shutil.rmtree(here, ignore_errors=True)  # of a run that was broken off
        times = [time.process_time(), time.perf_counter()]
        write(here, number, count, first, pool)
        times += [time.process_time(), time.perf_counter()]
        levels = score_part(here, names(number, count), first, files, threads)
        times += [time.process_time(), time.perf_counter()]
        shutil.rmtree(here)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        done["parts"].append(
            {
                "accounts": count,
                "made_cpu_s": round(times[2] - times[0], 2),
                "cpu_s": round(times[4] - times[2], 2),
                "wall_s": round(times[5] - times[3], 2),
                "peak_mb": round(peak),
                "levels": levels,
            }
        )
        progress.write_text(json.dumps(done), "utf-8")
        print(json.dumps({"part": number, **done["parts"][-1]}), flush=True)
    return summed(done)


def summed(done: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of all parts together, and whether the promise is kept."""
    parts = done["parts"]
    total = {name: sum(one[name] for one in parts) for name in ("accounts", "made_cpu_s", "cpu_s", "wall_s")}
    peak = max(one["peak_mb"] for one in parts)
    scale = 100_000 / total["accounts"]
    levels: dict[str, int] = {}
    for one in parts:
        for level, count in one["levels"].items():
            levels[level] = levels.get(level, 0) + count
    return {
        "accounts": total["accounts"],
        "points": total["accounts"] * DAYS * 96,
        "made_cpu_min": round(total["made_cpu_s"] / 60, 2),
        "cpu_min": round(total["cpu_s"] / 60, 2),
        "wall_min": round(total["wall_s"] / 60, 2),
        "peak_mb": peak,
        "levels": levels,
        "kept": total["cpu_s"] * scale <= PROMISED_S and peak <= PROMISED_MB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_year", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for parts and progress: 400 MB")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--part", type=int, default=1_700, help="accounts at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--nice", type=int, default=19)
    given = parser.parse_args()
    os.nice(given.nice)
    print(json.dumps(run(given.folder, given.accounts, given.part, given.seed, given.threads)))


if __name__ == "__main__":
    main()
