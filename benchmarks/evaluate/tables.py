"""What an evaluation found: recall by rows, precision at the prior, baselines beside the model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.evaluate.baselines import HUNTER_THRESHOLD, NEMEA_THRESHOLD
from benchmarks.evaluate.endpoints import NEVER, Array, Scored, hosts
from benchmarks.evaluate.figures import above, plain, precision, rate, roc, threshold_for
from classifier.shape_compare import VERDICT

BUDGET = 2.3e-5
"""False positives that precision of 97 % at 1:1,300 leaves room for."""
LONG = 600.0
"""Seconds from which on an endpoint was watched for most of a window."""


def summary(main: Scored, others: Mapping[str, Scored], extra: Mapping[str, Array]) -> dict[str, Any]:
    """Return all figures as JSON values.

    `main`: 15 minutes, nothing lost; `others`: per harder row its own endpoints; `extra`: scores of other
    rules beside the rows of `main`, higher for mining.
    """
    rows = main.rows
    mines = rows["mines"]
    benign, mining = rows[~mines], rows[mines]
    own, lasting = mining[mining["kind"] == "miner"], mining[mining["lasting"] >= LONG]
    strict = threshold_for(benign["log_odds"], BUDGET)
    false = above(benign["log_odds"], VERDICT)
    told: dict[str, Any] = {
        "verdict_log_odds": VERDICT,
        "false positive budget": BUDGET,
        "log_odds at the budget": strict,
        "benign windows": len(benign),
        "mining endpoints": len(mining),
        "false positives": plain(false),
        "recall": {},
        "by": {},
    }
    for name, some in (
        ("endpoints", mining),
        ("endpoints without donations", own),
        ("endpoints watched for 10 min or more", lasting),
        ("hosts", hosts(main)),
    ):
        recall = above(some["log_odds"], VERDICT)
        told["recall"][name] = {
            "at the verdict": plain(recall),
            "at the budget": plain(above(some["log_odds"], strict)),
            "precision": plain(precision(recall, false)),
        }
    for what in ("carrier", "dialect"):
        told["by"][what] = {
            str(value): plain(above(lasting["log_odds"][lasting[what] == value], VERDICT))
            for value in np.unique(lasting[what])
        }
    told["by"]["kind of false positive"] = _alarms(benign)
    told["harder"] = {name: _harder(found) for name, found in others.items()}
    told["rules"] = {"this model": _rule(mining["log_odds"], benign["log_odds"], VERDICT)}
    for name, threshold in (
        ("NEMEA score", NEMEA_THRESHOLD),
        ("MineHunter", HUNTER_THRESHOLD),
        ("DeCrypto", 0.99),
    ):
        if name in extra:
            told["rules"][name] = _rule(extra[name][mines], extra[name][~mines], float(threshold))
    return told


def _alarms(benign: Array) -> dict[str, Any]:
    """Return windows and false positives of each kind of honest traffic, the worst first."""
    kinds, place = np.unique(benign["kind"], return_inverse=True)
    count = np.bincount(place)
    wrong = np.bincount(place, benign["log_odds"] >= VERDICT).astype(int)
    order = np.argsort(-wrong / count, kind="stable")
    return {str(kinds[i]): plain(rate(int(wrong[i]), int(count[i]))) for i in order}


def _harder(found: Scored) -> dict[str, Any]:
    rows = found.rows
    mining, benign = rows[rows["mines"]], rows[~rows["mines"]]
    recall, false = above(mining["log_odds"], VERDICT), above(benign["log_odds"], VERDICT)
    kept = rate(int((mining["log_odds"] > NEVER).sum()), len(mining))
    return {
        "recall": plain(recall),
        "false positives": plain(false),
        "kept by the rhythm log": plain(kept),
        "hosts": plain(above(hosts(found)["log_odds"], VERDICT)),
    }


def _rule(hits: Array, others: Array, threshold: float) -> dict[str, Any]:
    recall, false = above(hits, threshold), above(others, threshold)
    rates, found = roc(hits, others)
    return {
        "threshold": threshold,
        "recall": plain(recall),
        "false positives": plain(false),
        "precision": plain(precision(recall, false)),
        "recall at the budget": plain(above(hits, np.nextafter(threshold_for(others, BUDGET), np.inf))),
        "roc": {"false": [float(f"{x:.3g}") for x in rates], "recall": [round(float(x), 4) for x in found]},
    }
