"""The model of export records: made on the laboratory's training split, measured on its test split.

usage: python -m benchmarks.evaluate.reduced [--out FOLDER] [--seed N] [--scale X] [--folder FOLDER]

Writes reduced.npz, reduced.skops and reduced.json (docs/reduced.md) and prints what the model shows. A shard
is a network of its own, told by several exporters; one shard in four is held out for calibration, there each
by one exporter, so that no connection counts twice in what may be claimed.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Split
from benchmarks.lab.exports import Exporter, exported
from benchmarks.lab.networks import benign_network, network
from classifier import reduced
from classifier.reduced_fit import Recipe, fitted, ship
from pipeline.shape import LOOPS

HELD = 4
TESTED = 0.6
"""Test networks for each one of training."""
PRIOR_NATS = math.log(1_300.0)
RATES = (1e-2, 1e-3, 1e-4)
LIVED = 120.0
"""s that benign flows live at least: younger ones are not judged."""
SIZES = {15.0: (3_000, 150, 16), 60.0: (1_000, 100, 10), 240.0: (400, 80, 8)}
"""By minutes: benign flows and miners of a shard, and shards."""
FOREVER = math.inf
EXPORTERS = {
    15.0: (Exporter(), Exporter(1, 300.0, 30.0), Exporter(1, FOREVER, FOREVER), Exporter(10)),
    60.0: (Exporter(1, 900.0, FOREVER), Exporter(10, 300.0, 30.0), Exporter(100), Exporter(1, 1_800.0)),
    240.0: (Exporter(10), Exporter(100, 300.0), Exporter(1_000, 60.0), Exporter(1, 900.0, FOREVER)),
}
"""By minutes: how routers are set, and the lake's own form: a row a flow, or a row a window of 15 minutes."""


@dataclass(frozen=True, slots=True)
class Part:
    """Dependencies of one network as one exporter tells of them."""

    table: Array
    """(n, len(NAMES)) f8."""
    mines: Array
    carrier: Array
    judged: Array
    """(n,) bool; the others have no measures that mean anything."""
    minutes: float
    exporter: Exporter


def parts(
    folder: Path, split: Split, seed: int, scale: float, say: Callable[[str], None]
) -> list[list[Part]]:
    """Return the parts of each shard; networks that `folder` has are not made again."""
    made = []
    for minutes, (benign, miners, shards) in SIZES.items():
        many = shards * scale * (1.0 if split == "train" else TESTED)
        for turn in range(max(HELD, round(many))):
            number = seed * 1_000 + int(minutes) * 1_000_000 + turn
            path = folder / f"{split}-{minutes:g}m-{number}-{benign}-{miners}.npz"
            if not path.exists():
                say(f"making {path.name}")
                folder.mkdir(parents=True, exist_ok=True)
                _make(path, split, number, minutes, benign, miners)
            made.append(list(_read(path, minutes)))
    return made


def _make(path: Path, split: Split, seed: int, minutes: float, benign: int, miners: int) -> None:
    rng = np.random.default_rng([seed, split == "test"])
    networks = (
        network(seed, split, minutes, miners, benign=0, plain=0.0),
        benign_network(seed, split, minutes, benign, KINDS, least=LIVED),
    )
    arrays: dict[str, Any] = {}
    for turn, exporter in enumerate(EXPORTERS[minutes]):
        told = [exported(one, exporter, rng) for one in networks]
        arrays[f"table{turn}"] = np.concatenate(
            [reduced.features(one.records, exporter.sampling) for one in told]
        )
        arrays[f"judged{turn}"] = np.concatenate([reduced.judgeable(one.records) for one in told])
        for name in ("mines", "carrier"):
            arrays[f"{name}{turn}"] = np.concatenate([getattr(one, name) for one in told])
    writing = path.with_suffix(".writing.npz")
    np.savez_compressed(writing, names=np.array(reduced.NAMES), **arrays)
    writing.replace(path)


def _read(path: Path, minutes: float) -> Iterator[Part]:
    with np.load(path) as file:
        if tuple(file["names"]) != reduced.NAMES:
            raise ValueError(f"{path}: other measures than these; remove it to have it made anew")
        for turn, exporter in enumerate(EXPORTERS[minutes]):
            table, mines, carrier, sure = (
                file[f"{name}{turn}"] for name in ("table", "mines", "carrier", "judged")
            )
            yield Part(table, mines, carrier, sure, minutes, exporter)


def trained(shards: Sequence[Sequence[Part]], seed: int, recipe: Recipe) -> tuple[Any, Any, dict[str, Any]]:
    """Fit on three shards of four, calibrate on the fourth; returns model, estimator and facts."""
    seen = [part for turn, shard in enumerate(shards) if turn % HELD != HELD - 1 for part in shard]
    held = [shard[turn % len(shard)] for turn, shard in enumerate(shards) if turn % HELD == HELD - 1]
    table, mines = _rows(seen)
    held_table, held_mines = _rows(held)
    model, estimator = fitted(table, mines, held_table, held_mines, recipe)
    facts = {
        "command": f"python -m benchmarks.evaluate.reduced --seed {seed}",
        "recipe": asdict(recipe),
        "rows": {
            "trees": {"benign": int((~mines).sum()), "mining": int(mines.sum())},
            "calibration": {"benign": int((~held_mines).sum()), "mining": int(held_mines.sum())},
        },
        "most log-odds that calibration bears": round(float(model.log_odds[-1]), 3),
    }
    return model, estimator, facts


def _rows(of: Sequence[Part]) -> tuple[Array, Array]:
    table = np.concatenate([part.table[part.judged] for part in of])
    return table, np.concatenate([part.mines[part.judged] for part in of])


def shown(model: reduced.ReducedModel, shards: Sequence[Sequence[Part]]) -> list[dict[str, Any]]:
    """Return what the model shows by duration and exporter; who is not judged counts as missed."""
    rows = []
    for minutes, exporters in EXPORTERS.items():
        for turn, exporter in enumerate(exporters):
            some = [shard[turn] for shard in shards if shard[turn].minutes == minutes]
            odds = np.concatenate([_worth(model, part) for part in some])
            mines = np.concatenate([part.mines for part in some])
            judged = np.concatenate([part.judged for part in some])
            benign = np.sort(odds[~mines])[::-1]
            found: dict[str, Any] = {
                "minutes": minutes,
                "sampling": exporter.sampling,
                "active": exporter.active if exporter.active < FOREVER else None,
                "idle": exporter.idle if exporter.idle < FOREVER else None,
                "mining": int(mines.sum()),
                "judged": round(float(judged[mines].mean()), 4),
                "benign": int((~mines).sum()),
                "suspected": round(float((odds[mines] >= PRIOR_NATS).mean()), 4),
                "false alarms": int((benign >= PRIOR_NATS).sum()),
            }
            for rate in RATES:
                allowed = int(rate * len(benign))
                most = benign[allowed] if allowed else None
                told = None if most is None else round(float((odds[mines] > max(most, -99.0)).mean()), 4)
                found[f"recall at {rate:g}"] = told
            rows.append(found)
    return rows


def _worth(model: reduced.ReducedModel, part: Part) -> Array:
    """Return (n,) log-odds; minus 99 of those that are not judged."""
    odds = np.full(len(part.mines), -99.0)
    odds[part.judged] = reduced.scored(np.ascontiguousarray(part.table[part.judged]), LOOPS, model)
    return odds


def main() -> None:
    """Make the model, write it, print what it shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=reduced.MODEL.parent)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent / "data" / "reduced")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of networks")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, flush=True)

    model, estimator, facts = trained(
        parts(given.folder, "train", given.seed, given.scale, say), given.seed, Recipe()
    )
    facts["test"] = shown(model, parts(given.folder, "test", given.seed + 1, given.scale, say))
    given.out.mkdir(parents=True, exist_ok=True)
    say(f"SHA-256 {ship(given.out, model, estimator, facts)}")
    for row in facts["test"]:
        say(json.dumps(row))


if __name__ == "__main__":
    main()
