"""`python -m benchmarks.lab.province_made`: a province in a folder: captures, meters, registries, truth."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.lab.draw import Split
from benchmarks.lab.fleet import Fleet
from benchmarks.lab.province import Province
from benchmarks.lab.province_dates import CALENDARS
from benchmarks.lab.province_draw import province
from benchmarks.lab.province_files import dates_told, write_ledgers, write_registry, write_rules, write_truth
from benchmarks.lab.province_power import power, write_bills, write_curves, write_plants, write_weather
from benchmarks.lab.province_reacting import reacting_province
from benchmarks.lab.province_traffic import Mined, fleets, mined, write_captures


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
    ever = mined(made, own)
    days = tuple(_day(made, one, minutes) for one in (made.dates.captures if made.dates else ()))
    true = days[-1].true if days else ever
    curves = power(made, ever, _phases(made, own))
    captures = folder / "captures"
    captures.mkdir(exist_ok=True)
    registry, ledgers = folder / "registry", folder / "ledgers"
    write_registry(made, curves, registry)
    write_ledgers(made, ledgers)
    write_rules(made, folder / "tariff-rules.toml")
    write_curves(made, curves, folder / "meters.csv")
    write_plants(made, curves, folder / "plants.csv")
    write_bills(made, curves, folder / "bills.csv")
    write_weather(made, curves, folder / "weather.csv")
    written = []
    for one in days:
        written += write_captures(made, one.own, captures, benign, minutes, one.on)
    if not days:
        written = write_captures(made, own, captures, benign, minutes)
    said = dates_told(made, {one.on: one.true for one in days})
    truth = write_truth(made, true, curves, folder / "truth.json", said)
    return Folder(
        made, tuple(written), registry, ledgers, folder / "meters.csv", folder / "tariff-rules.toml", truth
    )


@dataclass(frozen=True, slots=True)
class _Day:
    """What mines on a day of captures."""

    on: date
    own: dict[str, tuple[Fleet, ...]]
    true: dict[str, Mined]


def _day(made: Province, on: date, minutes: float) -> _Day:
    own = fleets(made, minutes, on)
    return _Day(on, own, mined(made, own, on))


def _phases(made: Province, own: dict[str, tuple[Fleet, ...]]) -> dict[str, list[tuple[date, float]]]:
    """Return from which day on a site that reacts runs what part of its power."""
    found = {}
    for one in made.dates.reacting if made.dates else ():
        watts = [machine.watts for machine in own[one.site][0].machines]
        found[one.site] = [
            (max(phase.first, made.first), sum(watts[: phase.machines]) / sum(watts)) for phase in one.phases
        ]
    return found


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
    parser.add_argument("--days", type=int, default=None, help="days of meter curves; 28")
    parser.add_argument("--captured", type=date.fromisoformat, default=None, help="2026-03-18")
    parser.add_argument("--minutes", type=float, default=15, help="length of the captures")
    parser.add_argument("--benign", type=int, default=200, help="flows that do not mine, a prefecture")
    parser.add_argument(
        "--calendar",
        choices=sorted(CALENDARS),
        default=None,
        help="a province that goes through these policy dates; --days and --captured follow from them",
    )
    parser.add_argument("--reacting", type=int, default=8, help="with --calendar: farms that react to it")
    asked = parser.parse_args()
    if asked.calendar and (asked.days is not None or asked.captured is not None):
        parser.error("with --calendar the dates say --days and --captured")
    split: Split = asked.split
    made = _through_dates(asked, split) if asked.calendar else _of_one_day(asked, split)
    written = write(made, asked.out, asked.minutes, asked.benign)
    size = sum(path.stat().st_size for path in written.captures)
    print(
        f"{asked.out}: {len(made.sites)} sites of {len(made.companies)} generated enterprises in "
        f"{len(made.divisions)} divisions; {len(written.captures)} captures ({size / 1e6:.1f} MB), "
        f"{len(made.sites)} accounts x {made.days} days of curves; truth.json says what is true"
    )


def _through_dates(asked: argparse.Namespace, split: Split) -> Province:
    return reacting_province(
        asked.seed,
        split,
        calendar=asked.calendar,
        reacting=asked.reacting,
        mining=asked.mining,
        honest=asked.honest,
        victims=asked.victims,
        cities=asked.cities,
        largest=asked.largest,
    )


def _of_one_day(asked: argparse.Namespace, split: Split) -> Province:
    return province(
        asked.seed,
        split,
        mining=asked.mining,
        honest=asked.honest,
        victims=asked.victims,
        days=28 if asked.days is None else asked.days,
        captured=asked.captured or date(2026, 3, 18),
        cities=asked.cities,
        largest=asked.largest,
    )


if __name__ == "__main__":
    main()
