"""`python -m benchmarks.evaluate`: make test networks (those that are not there), score them, write the
page."""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.evaluate import fused, peers, report, tables
from benchmarks.evaluate.endpoints import scored
from benchmarks.evaluate.fused_tables import fused_summary
from benchmarks.evaluate.shards import Plan, evaluation, make, read, training
from classifier import shape


def main() -> None:
    """Evaluate a model. Ending it at any time loses no more than one shard."""
    here = Path(__file__).parent.parent
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=here / "data" / "evaluate", help="where shards lie")
    asked.add_argument("--benign", type=int, default=3_000_000, help="benign flows of 15 minutes")
    asked.add_argument("--miners", type=int, default=12_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--model", type=Path, default=shape.MODEL)
    asked.add_argument("--only-made", action="store_true", help="use the shards that are there, make none")
    asked.add_argument(
        "--networks", type=int, default=40, help="whole networks that the judge is asked about"
    )
    asked.add_argument("--beside", type=int, default=20_000, help="honest flows in each of these networks")
    asked.add_argument("--page", type=Path, default=here.parent / "docs" / "evaluation.md")
    given = asked.parse_args()
    model = shape.read(given.model)
    rows: dict[str, list[Plan]] = defaultdict(list)
    for plan in evaluation(given.seed, given.benign, given.miners):
        if not given.only_made or (given.folder / f"{plan.name}.npz").exists():
            rows[_row(plan)].append(plan)
    main_row = scored(given.folder, rows.pop(_MAIN), model)
    others = {name: scored(given.folder, plans, model) for name, plans in rows.items()}
    plans = training(given.seed + 70, 16_000, 1_600)
    table, about = read([make(given.folder, plan) for plan in plans])
    del table
    learned = peers.decrypto(about["totals"], about["mines"], main_row.rows["totals"])
    extra = {
        "NEMEA score": main_row.rows["nemea"].astype(float),
        "MineHunter": np.asarray(main_row.rows["hunter"], float),
        "DeCrypto": learned,
    }
    told = tables.summary(main_row, others, extra)
    told["model"] = {"sha256": model.identity, "trees": len(model.trees.root), "measures": len(model.names)}
    whole = [
        plan
        for plan in fused.plans(given.seed, given.networks, given.beside)
        if not given.only_made or (given.folder / f"{plan.name}.npz").exists()
    ]
    if whole:
        told["fused"] = fused_summary(fused.judged(given.folder, whole), len(whole))
    found = peers.ndpi(given.seed + 80)
    if found is not None:
        told["ndpi"] = found
    report.write(given.page, told)
    print(
        json.dumps(
            {name: told[name] for name in ("false positives", "recall", "fused") if name in told}, indent=1
        )
    )


_MAIN = "15 min"


def _row(plan: Plan) -> str:
    if plan.loss:
        return f"15 min, capture misses {plan.loss:.0%}"
    if plan.sampling > 1:
        return f"15 min, sampled 1:{plan.sampling}"
    return f"{plan.minutes:g} min"


if __name__ == "__main__":
    main()
