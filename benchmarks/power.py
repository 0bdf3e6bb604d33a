"""`python -m benchmarks.power train|evaluate|honest|speed`: the load model fitted, measured at the real
base rate, timed."""

import argparse
import json
import resource
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Split
from benchmarks.lab.loads import HONEST, KINDS, MINES, loads
from supervision.power.features import features
from supervision.power.model import BASE_RATE, LIKELY, SUSPECTED, Scores, read, score

FOLDER = Path("supervision/power/data")
DAYS = (28, 45, 60, 90, 120, 180, 365)
MIXTURE: Mapping[str, float] = {
    "office": 0.18,
    "commerce": 0.27,
    "factory": 0.32,
    "telecom": 0.08,
    "lamps": 0.04,
    "pumps": 0.035,
    "cold_store": 0.025,
    "chemical": 0.015,
    "greenhouse": 0.008,
    "furnace": 0.007,
    "steady_works": 0.004,
    "data_centre": 0.004,
    "faulty_meter": 0.005,
    "ai_hall": 0.0005,
    "aluminium": 0.0003,
    "household": 0.0062,
}
"""What honest accounts with a transformer of their own are, in parts; recalled."""


def rows_of(
    split: Split, seed: int, each: int, batches: int, days: tuple[int, ...] = DAYS
) -> Iterator[tuple[Array, Array]]:
    """Yield (features, kind) of places with `each` accounts of every kind."""
    for batch in range(batches):
        made = loads(seed * 1_000 + batch, split, dict.fromkeys(KINDS, each), days[batch % len(days)])
        yield features(made.curves), made.kind


def _set(split: Split, seed: int, each: int, batches: int) -> tuple[Array, Array]:
    parts = list(rows_of(split, seed, each, batches))
    return np.concatenate([one for one, _ in parts]), np.concatenate([kind for _, kind in parts])


def train(folder: Path, each: int, batches: int, seed: int) -> None:
    from supervision.power.training import fit, without_imports, write

    rows, kind = _set("train", seed, each, batches)
    held, held_kind = _set("train", seed + 1, each, batches // 2)
    hidden = KINDS.index("hidden")  # a meter led around tells little: such rows would teach that shops mine
    keep, held_keep = kind != hidden, held_kind != hidden
    weight = np.array([MIXTURE.get(KINDS[i], 0.0) for i in held_kind])
    fitted = fit(
        without_imports(rows[keep], seed),
        kind[keep],
        without_imports(held[held_keep], seed + 1),
        held_kind[held_keep],
        weight[held_keep],
        len(MINES),
        seed,
    )
    command = f"python -m benchmarks.power train --each {each} --batches {batches} --seed {seed}"
    write(fitted, folder, {"command": command, "rows": int(keep.sum()), "held out": int(held_keep.sum())})


def at_rate(found: Scores, kind: Array, level: float, rate: float) -> dict[str, float]:
    """Return recall, false alarm rate and precision at a base rate, each honest kind counted by its part."""
    mines = kind < len(MINES)
    seen = mines & (kind != KINDS.index("hidden"))
    prior = np.log(rate / (1 - rate))
    hit = found.log_odds + prior >= np.log(level / (1 - level))
    recall = float(hit[seen].mean())
    alarms, least = 0.0, 0.0
    for name, part in MIXTURE.items():
        own = kind == KINDS.index(name)
        count = int(own.sum())
        if count:
            alarms += part * float(hit[own].mean())
            least += part * (float(hit[own].sum()) + 1) / (count + 2)
    wrong = alarms * (1 - rate)
    return {
        "recall": recall,
        "false_alarms": alarms,
        "precision": recall * rate / max(recall * rate + wrong, 1e-300),
        "precision_cautious": recall * rate / (recall * rate + least * (1 - rate)),
    }


def evaluate(folder: Path, each: int, batches: int, seed: int) -> dict[str, object]:
    from sklearn.metrics import roc_auc_score

    model = read(folder)
    rows, kind = _set("test", seed, each, batches)
    found = score(rows, model)
    mines = kind < len(MINES)
    seen = ~mines | (kind != KINDS.index("hidden"))
    limit = {
        name: np.log(one / (1 - one)) - np.log(BASE_RATE / (1 - BASE_RATE))
        for name, one in (("likely", LIKELY), ("suspected", SUSPECTED))
    }
    by_kind = {
        name: {
            "n": int((kind == i).sum()),
            **{
                level: round(float((found.log_odds[kind == i] >= least).mean()), 5)
                for level, least in limit.items()
            },
            "unusual": round(float((found.unusual[kind == i] <= 1e-3).mean()), 4),
            "median_log_odds": round(float(np.median(found.log_odds[kind == i])), 2),
        }
        for i, name in enumerate(KINDS)
    }
    return {
        "accounts": int(kind.size),
        "auc": round(float(roc_auc_score(mines[seen], found.log_odds[seen])), 6),
        "auc_unusual": round(float(roc_auc_score(mines[seen], -found.unusual[seen])), 4),
        "at_base_rate": {
            f"1:{round(1 / rate):,}": {
                level: {
                    name: float(f"{value:.4g}") for name, value in at_rate(found, kind, least, rate).items()
                }
                for level, least in (("likely", LIKELY), ("suspected", SUSPECTED))
            }
            for rate in (1 / 1_000, BASE_RATE, 1 / 20_000)
        },
        "kinds": by_kind,
        "honest": len(HONEST),
    }


def honest(folder: Path, accounts: int, seed: int) -> dict[str, object]:
    """Count the false alarms among honest accounts in the proportions that they really have."""
    model = read(folder)
    batches = max(1, accounts // 2_000)
    alarms = {"likely": 0, "suspected": 0, "unusual": 0}
    total = 0
    for batch in range(batches):
        counts = {kind: round(part * accounts / batches) for kind, part in MIXTURE.items()}
        made = loads(seed * 1_000 + 700 + batch, "test", counts, DAYS[2 + batch % 3])
        found = score(features(made.curves), model)
        for row in range(found.log_odds.size):
            level = found.level(row)
            alarms[level] = alarms.get(level, 0) + 1
        total += found.log_odds.size
    return {"accounts": total, **alarms}


def speed(folder: Path, accounts: int, days: int = 365, threads: int = 2) -> dict[str, float]:
    """Score `accounts` meters of a year: curves of a pool of drawn ones, each copied and scaled anew."""
    from concurrent.futures import ThreadPoolExecutor

    model = read(folder)
    made = loads(1, "test", dict.fromkeys(KINDS, 10), days)
    pool = made.curves
    size = pool.accounts

    def one(number: int) -> int:
        from dataclasses import replace

        scale = np.float32(0.5 + (number * 37 % 100) / 100)
        again = replace(pool, kw=pool.kw * scale)
        score(features(again), model)
        return size

    began, wall = time.process_time(), time.perf_counter()
    done = 0
    with ThreadPoolExecutor(threads) as workers:
        for count in workers.map(one, range(-(-accounts // size))):
            done += count
    return {
        "accounts": done,
        "cpu_s": round(time.process_time() - began, 1),
        "wall_s": round(time.perf_counter() - wall, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power", description=__doc__)
    parser.add_argument("what", choices=("train", "evaluate", "honest", "speed"))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--batches", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=100_000)
    given = parser.parse_args()
    if given.what == "train":
        train(given.folder, given.each, given.batches, given.seed)
    elif given.what == "evaluate":
        print(json.dumps(evaluate(given.folder, given.each, given.batches, given.seed), indent=1))
    elif given.what == "honest":
        print(json.dumps(honest(given.folder, given.accounts, given.seed), indent=1))
    else:
        print(json.dumps(speed(given.folder, given.accounts), indent=1))


if __name__ == "__main__":
    main()
