"""What an evaluation found: recall by rows, precision at the prior, baselines beside the model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.evaluate.baselines import HUNTER_THRESHOLD, NEMEA_THRESHOLD
from benchmarks.evaluate.endpoints import NEVER, Array, Scored, hosts
from benchmarks.evaluate.figures import above, curve, plain, precision, rate, threshold_for
from benchmarks.evaluate.words import WORDS, said
from classifier.shape_compare import VERDICT

BUDGET = 2.3e-5
"""False positives that precision of 97 % at 1:1,300 leaves room for."""
ALLOWED = (1e-3, 1e-4, BUDGET, 1e-5, 1e-6)
"""Rates of false positives at which recall is told, as far down as there are windows."""
LONG = 600.0
"""Seconds from which on an endpoint was watched for most of a window."""


RULES = {
    "NEMEA score": ("nemea", NEMEA_THRESHOLD),
    "MineHunter": ("hunter", HUNTER_THRESHOLD),
    "DeCrypto": ("learned", 0.99),
}
"""Rules beside the model: the column of SCORED that holds what each says, and from where on it accuses."""


def summary(main: Scored, others: Mapping[str, Scored], learned: bool = False) -> dict[str, Any]:
    """Return all figures as JSON values.

    `main`: 15 minutes, nothing lost; `others`: per harder row its own endpoints; `learned`: the rule on flow
    totals was asked.
    """
    rows = main.rows
    mines = rows["mines"]
    benign, mining = rows[~mines], rows[mines]
    own = mining[mining["kind"] == WORDS["kind"].index("miner")]
    lasting = mining[mining["lasting"] >= LONG]
    strict = np.nextafter(threshold_for(benign["log_odds"], BUDGET), np.inf)
    false = above(benign["log_odds"], VERDICT)
    told: dict[str, Any] = {
        "verdict_log_odds": VERDICT,
        "false positive budget": BUDGET,
        "log_odds at the budget": float(strict),
        "benign windows": len(benign),
        "mining endpoints": len(mining),
        "false positives": plain(false),
        "diversity": _diversity(benign, main.shard[~mines]),
        "allowed": {
            f"{allowed:g}": _allowed(benign, mining, lasting, allowed)
            for allowed in ALLOWED
            if allowed * len(benign) >= 1
        },
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
            word: plain(above(lasting["log_odds"][here], VERDICT))
            for word, here in said(what, lasting[what]).items()
        }
    told["by"]["opening"] = _openings(lasting)
    told["by"]["kind of false positive"] = _alarms(benign)
    told["harder"] = {name: _harder(found) for name, found in others.items()}
    told["rules"] = {"this model": _rule(mining["log_odds"], benign["log_odds"], VERDICT)}
    for name, (column, threshold) in RULES.items():
        if learned or column != "learned":
            told["rules"][name] = _rule(mining[column], benign[column], float(threshold))
    return told


def _allowed(benign: Array, mining: Array, lasting: Array, allowed: float) -> dict[str, Any]:
    """Return recall where a part of the benign windows may be above the threshold, and no more."""
    threshold = np.nextafter(threshold_for(benign["log_odds"], allowed), np.inf)
    return {
        "log_odds": round(float(threshold), 2),
        "endpoints": plain(above(mining["log_odds"], threshold)),
        "watched for 10 min or more": plain(above(lasting["log_odds"], threshold)),
    }


def _diversity(benign: Array, shard: Array) -> dict[str, Any]:
    """Return how many different things the honest windows are, and of how many a false positive came."""
    makers = (shard.astype(np.int64) << 32) + benign["make"]
    wrong = benign["log_odds"] >= VERDICT
    return {
        "networks": len(np.unique(shard)),
        "implementations": len(np.unique(makers)),
        "windows whose measures no other has": int(
            (np.unique(benign["print"], return_counts=True)[1] == 1).sum()
        ),
        "implementations that gave a false positive": plain(
            rate(len(np.unique(makers[wrong])), len(np.unique(makers)))
        ),
    }


def _alarms(benign: Array) -> dict[str, Any]:
    """Return windows, false positives and the greatest log-odds of each kind of honest traffic, the nearest
    to a verdict first."""
    found = {
        word: {
            **plain(above(benign["log_odds"][here], VERDICT)),
            "greatest log-odds": round(float(benign["log_odds"][here].max()), 2),
        }
        for word, here in said("kind", benign["kind"]).items()
    }
    return dict(sorted(found.items(), key=lambda item: -float(item[1]["greatest log-odds"])))


def _harder(found: Scored) -> dict[str, Any]:
    rows = found.rows
    mining, benign = rows[rows["mines"]], rows[~rows["mines"]]
    recall, false = above(mining["log_odds"], VERDICT), above(benign["log_odds"], VERDICT)
    kept = rate(int((mining["log_odds"] > NEVER).sum()), len(mining))
    return {
        "recall": plain(recall),
        "false positives": plain(false),
        "kept by the rhythm log": plain(kept),
        "by opening": _openings(mining),
        "hosts": plain(above(hosts(found)["log_odds"], VERDICT)),
    }


def _openings(mining: Array) -> dict[str, Any]:
    """Return recall of endpoints with rhythm enough, by whether the connection's opening was seen."""
    kept = mining[mining["log_odds"] > NEVER]
    return {
        name: plain(above(kept["log_odds"][kept["opened"] == seen], VERDICT))
        for name, seen in (("seen", True), ("not seen", False))
    }


def _rule(hits: Array, others: Array, threshold: float) -> dict[str, Any]:
    recall, false = above(hits, threshold), above(others, threshold)
    return {
        "threshold": threshold,
        "recall": plain(recall),
        "false positives": plain(false),
        "precision": plain(precision(recall, false)),
        "recall at the budget": plain(above(hits, np.nextafter(threshold_for(others, BUDGET), np.inf))),
        "roc": curve(hits, others),
    }
