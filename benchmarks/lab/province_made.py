"""`python -m benchmarks.lab.province_made`: a province in a folder: captures, meters, registries, truth."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.lab.draw import Split
from benchmarks.lab.province import Province, province
from benchmarks.lab.province_files import write_ledgers, write_registry, write_rules, write_truth
from benchmarks.lab.province_power import power, write_bills, write_curves, write_weather
from benchmarks.lab.province_traffic import fleets, mined, write_captures


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a province was written."""

    made: Province
    captures: tuple[Path, ...]
    registry: Path
    """Folder of tables for `minescope registry import`."""
    ledgers: Path
    curves: Path
    rules: Path
    truth: dict[str, Any]


def write(made: Province, folder: Path, minutes: float = 15, benign: int = 200) -> Folder:
    """Write a province; `benign`: flows that do not mine, a prefecture."""
    folder.mkdir(parents=True, exist_ok=True)
    own = fleets(made, minutes)
    true = mined(made, own)
    curves = power(made, true)
    captures = folder / "captures"
    captures.mkdir(exist_ok=True)
    registry, ledgers = folder / "registry", folder / "ledgers"
    write_registry(made, curves, registry)
    write_ledgers(made, ledgers)
    write_rules(made, folder / "tariff-rules.toml")
    write_curves(made, curves, folder / "meters.csv")
    write_bills(made, curves, folder / "bills.csv")
    write_weather(made, curves, folder / "weather.csv")
    written = write_captures(made, own, captures, benign, minutes)
    truth = write_truth(made, true, curves, folder / "truth.json")
    return Folder(
        made, tuple(written), registry, ledgers, folder / "meters.csv", folder / "tariff-rules.toml", truth
    )


def main() -> None:
    """Make what the arguments ask for, and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lab.province_made", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--mining", type=int, default=16, help="sites that mine or did")
    parser.add_argument("--honest", type=int, default=24)
    parser.add_argument("--victims", type=int, default=4, help="offices that a campaign uses")
    parser.add_argument("--cities", type=int, default=3)
    parser.add_argument("--largest", type=int, default=400, help="machines of the largest farm")
    parser.add_argument("--days", type=int, default=28, help="days of meter curves")
    parser.add_argument("--captured", type=date.fromisoformat, default=date(2026, 3, 18))
    parser.add_argument("--minutes", type=float, default=15, help="length of the captures")
    parser.add_argument("--benign", type=int, default=200, help="flows that do not mine, a prefecture")
    asked = parser.parse_args()
    split: Split = asked.split
    made = province(
        asked.seed,
        split,
        mining=asked.mining,
        honest=asked.honest,
        victims=asked.victims,
        days=asked.days,
        captured=asked.captured,
        cities=asked.cities,
        largest=asked.largest,
    )
    written = write(made, asked.out, asked.minutes, asked.benign)
    size = sum(path.stat().st_size for path in written.captures)
    print(
        f"{asked.out}: {len(made.sites)} sites of {len(made.companies)} generated enterprises in "
        f"{len(made.divisions)} divisions; {len(written.captures)} captures ({size / 1e6:.1f} MB), "
        f"{len(made.sites)} accounts x {made.days} days of curves; truth.json says what is true"
    )


if __name__ == "__main__":
    main()
