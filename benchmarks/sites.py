"""`python -m benchmarks.sites fit|kind|reconcile`: weights of the site witnesses, and both site verdicts
measured."""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Split
from benchmarks.lab.loads import KINDS, loads
from benchmarks.lab.loads_networks import network_sides
from benchmarks.lab.loads_sites import FINDINGS, sites
from supervision.power.features import features
from supervision.reconcile import Finding, place_wrong, reconcile
from supervision.site_kind import WITNESSES, decide, log_odds_parts, witnesses

HALLS = {
    "farm": 5,
    "farm_curtailed": 1,
    "farm_throttled": 2,
    "farm_night": 1,
    "graphics": 2,
    "data_centre": 6,
    "ai_hall": 4,
    "telecom": 1,
}
"""What stands in halls of computers, in parts."""
KNOTS = 7
MONOTONE = {
    "bytes_per_kwh": False,
    "mining_share": True,
    "clients": False,
    "machine_share": True,
    "pue": False,
    "weather_share": False,
    "outage_excess": True,
}
"""Witnesses that speak in one direction, and whether more of them speaks for a farm."""


def halls(split: Split, seed: int, each: int, batches: int) -> tuple[Array, Array]:
    """Return (n, witnesses) and (n,) index into KINDS."""
    rows, kinds = [], []
    for batch in range(batches):
        made = loads(
            seed * 500 + batch,
            split,
            {kind: part * each for kind, part in HALLS.items()},
            (30, 60, 120)[batch % 3],
        )
        table = features(made.curves)
        mean = np.nanmean(made.curves.kw, axis=(1, 2))
        for i, (side, pue) in enumerate(network_sides(seed * 500 + batch, split, made)):
            rows.append(witnesses(side, table[i], float(mean[i]), pue))
        kinds.append(made.kind)
    return np.array(rows), np.concatenate(kinds)


def fit(path: Path, seed: int, each: int, batches: int) -> None:
    """Fit straight lines between knots, shrunk to nothing, by logistic regression; a part of what is known
    is hidden."""
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    values, kind = halls("train", seed, each, batches)
    rng = np.random.default_rng(seed)
    hidden = rng.random(values.shape) < 0.25  # so that each witness learns to speak without the others
    given = np.where(hidden, np.nan, values)
    mines = np.array(KINDS)[kind]
    target = np.isin(mines, ("farm", "farm_curtailed", "farm_throttled", "farm_night", "graphics"))
    knots = [
        np.unique(np.nanquantile(values[:, i], np.linspace(0.01, 0.99, KNOTS)).round(4))
        for i in range(len(WITNESSES))
    ]
    columns = np.concatenate([_hats(given[:, i], at) for i, at in enumerate(knots)], axis=1)
    weight = np.where(target, 0.5 / target.sum(), 0.5 / (~target).sum()) * target.size
    fitted = LogisticRegression(C=0.3, max_iter=3_000, fit_intercept=False).fit(
        columns, target, sample_weight=weight
    )
    place, lines = (
        0,
        ["# Written by `python -m benchmarks.sites fit`: nats for a farm, straight lines between knots."],
    )
    for name, at in zip(WITNESSES, knots, strict=True):
        nats = fitted.coef_[0, place : place + at.size]
        place += at.size
        if name in MONOTONE:
            rising = IsotonicRegression(increasing=MONOTONE[name]).fit(at, nats)
            nats = rising.predict(at)
        lines.append(
            f"{name} = {{ at = {[float(x) for x in at]}, nats = {[round(float(x), 3) for x in nats]} }}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _hats(column: Array, at: Array) -> Array:
    """Return (n, knots) how much of each knot a value is; nothing where it is NaN."""
    eye = np.eye(at.size)
    made = np.stack([np.interp(column, at, eye[i]) for i in range(at.size)], axis=1)
    return np.where(np.isfinite(column)[:, None], made, 0.0)


def kind_figures(split: Split, seed: int, each: int, batches: int) -> dict[str, object]:
    from sklearn.metrics import roc_auc_score

    values, kind = halls(split, seed, each, batches)
    names = np.array(KINDS)[kind]
    target = np.isin(names, ("farm", "farm_curtailed", "farm_throttled", "farm_night", "graphics"))
    odds = log_odds_parts(values).sum(axis=1)
    decided = np.array([decide(row).kind for row in values])
    made: dict[str, object] = {"sites": int(kind.size), "auc": round(float(roc_auc_score(target, odds)), 5)}
    own = {
        side: [i for i, name in enumerate(WITNESSES) if (i < 5) == (side == "network")]
        for side in ("network", "power")
    }
    for side, columns in own.items():
        made[f"auc_{side}_alone"] = round(
            float(roc_auc_score(target, log_odds_parts(values)[:, columns].sum(axis=1))), 5
        )
    for name in HALLS:
        rows = names == name
        made[name] = {
            one: round(float((decided[rows] == one).mean()), 4)
            for one in ("mining_farm", "data_centre", "undecided")
        }
    return made


def reconcile_figures(split: Split, seed: int, each: int, batches: int) -> dict[str, object]:
    order = [*FINDINGS, Finding.UNKNOWN]
    table = np.zeros((len(order), len(order)), int)
    named = [0, 0, 0]
    for batch in range(batches):
        drawn = sites(seed * 500 + batch, split, each)
        found = [reconcile(site) for site in drawn.sites]
        for truth, one in zip(drawn.truth, found, strict=True):
            table[order.index(truth), order.index(one.finding)] += 1
        if batch == 0:
            for right, one in zip(drawn.right, place_wrong(drawn.sites, found), strict=True):
                named[0] += right is not None
                named[1] += one.better_site is not None and one.better_site == right
                named[2] += one.better_site is not None and one.better_site != right
    f1 = {
        str(finding): round(float(2 * table[i, i] / max(table[i].sum() + table[:, i].sum(), 1)), 4)
        for i, finding in enumerate(FINDINGS)
    }
    theft = order.index(Finding.THEFT)
    return {
        "sites": int(table.sum()),
        "macro_f1": round(float(np.mean(list(f1.values()))), 4),
        "f1": f1,
        "honest": int(table.sum() - table[theft].sum()),
        "false_theft": int(table[:, theft].sum() - table[theft, theft]),
        "table": table[: len(FINDINGS)].tolist(),
        "right meter named, of, wrong ones named": [named[1], named[0], named[2]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sites", description=__doc__)
    parser.add_argument("what", choices=("fit", "kind", "reconcile"))
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--batches", type=int, default=6)
    given = parser.parse_args()
    if given.what == "fit":
        fit(Path("supervision/site_kind_weights.toml"), given.seed, given.each, given.batches)
    else:
        figures = kind_figures if given.what == "kind" else reconcile_figures
        print(json.dumps(figures(given.split, given.seed, given.each, given.batches), indent=1))


if __name__ == "__main__":
    main()
