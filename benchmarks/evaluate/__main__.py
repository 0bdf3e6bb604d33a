"""`python -m benchmarks.evaluate`: make test networks (those that are not there), score them, write the
page."""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.evaluate import fused, peers, report, tables
from benchmarks.evaluate.endpoints import scored
from benchmarks.evaluate.fused_tables import fused_summary, harder
from benchmarks.evaluate.making import Share, make_all
from benchmarks.evaluate.shards import Plan, evaluation, make, read, training
from classifier import shape

_HERE = Path(__file__).parent.parent


def main() -> None:
    """Evaluate a model. Ending it at any time loses no more than one shard."""
    given = _asked()
    plans = evaluation(given.seed, given.benign, given.miners)
    networks = fused.plans(given.seed, given.networks, given.beside)
    hard = fused.hard(given.seed, given.hard)
    if not given.only_made:
        make_all(given.folder, [*networks, *chain(*hard.values())], fused.make, given.share)
        make_all(given.folder, plans, make, given.share)
    if given.only_make:
        return
    model = shape.read(given.model)
    rows: dict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        if (given.folder / f"{plan.name}.npz").exists():
            rows[_row(plan)].append(plan)
    _, about = read(
        make(given.folder, plan) for plan in training(given.seed + 70, 16_000, 1_600)
    )  # not of this evaluation's seeds
    learned = peers.decrypto(about["totals"], about["mines"])
    main_row = scored(given.folder, rows.pop(_MAIN), model, learned)
    told = tables.summary(
        main_row, {name: scored(given.folder, some, model) for name, some in rows.items()}, True
    )
    told["model"] = {"sha256": model.identity, "trees": len(model.trees.root), "measures": len(model.names)}
    if whole := _there(given, networks):
        told["fused"] = fused_summary(fused.judged(given.folder, whole), len(whole))
        told["fused"]["harder"] = {
            name: harder(fused.judged(given.folder, there))
            for name, some in hard.items()
            if (there := _there(given, some))
        }
    found = peers.ndpi(given.seed + 80)
    if found is not None:
        told["ndpi"] = found
    report.write(given.page, told)
    print(
        json.dumps(
            {name: told[name] for name in ("false positives", "recall", "fused") if name in told}, indent=1
        )
    )


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=_HERE / "data" / "evaluate", help="where shards lie")
    asked.add_argument("--benign", type=int, default=3_000_000, help="benign windows of 15 minutes")
    asked.add_argument("--miners", type=int, default=12_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--model", type=Path, default=shape.MODEL)
    asked.add_argument("--share", type=Share.read, default=Share(), help="1/2 makes every other shard")
    asked.add_argument("--only-make", action="store_true", help="make shards, and no page")
    asked.add_argument("--only-made", action="store_true", help="use the shards that are there, make none")
    asked.add_argument(
        "--networks", type=int, default=54, help="whole networks that the judge is asked about"
    )
    asked.add_argument("--beside", type=int, default=10_000, help="honest flows in each of these networks")
    asked.add_argument("--hard", type=int, default=3, help="whole networks of each harder row")
    asked.add_argument("--page", type=Path, default=_HERE.parent / "docs" / "evaluation.md")
    return asked.parse_args()


def _there(given: argparse.Namespace, plans: Sequence[fused.Plan]) -> list[fused.Plan]:
    """Return the networks to judge: all, or with --only-made those that were made."""
    folder: Path = given.folder
    only: Any = given.only_made
    return [plan for plan in plans if not only or (folder / f"{plan.name}.npz").exists()]


_MAIN = "15 min"


def _row(plan: Plan) -> str:
    if plan.blind:
        return "15 min, no addresses and ports"
    return fused.row(plan.minutes, plan.loss, plan.sampling)


if __name__ == "__main__":
    main()
