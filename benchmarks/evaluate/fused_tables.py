"""What the judge found in whole networks: recall and false positives by level, precision at the prior."""

from typing import Any

import numpy as np

from benchmarks.evaluate.figures import Rate, above, curve, plain, precision, rate
from benchmarks.evaluate.fused import HEARD, Array, Fused
from benchmarks.evaluate.tables import LONG
from classifier.encrypted import LIKELY_NATS
from facts.names import LEVEL_ORDER, Level

LEVELS = {"suspected": 0.0, "likely": LIKELY_NATS}
"""Log-odds, prior included, from which an endpoint is at a level or above."""
WANTED = {"recall": 0.997, "precision": 0.97}
"""What is promised of endpoints within 15 minutes, names hidden."""


WATCHED = ((0, 120), (120, 300), (300, 600), (600, 900))
"""Seconds of a window in which an endpoint was there; the last step includes all of it."""


def fused_summary(found: Fused, networks: int) -> dict[str, Any]:
    """Return all figures of `networks` networks as JSON values."""
    rows = found.rows
    mining, benign = rows[rows["mines"]], rows[~rows["mines"]]
    own, long = mining[mining["kind"] == "miner"], mining[mining["lasting"] >= LONG]
    told: dict[str, Any] = {
        "networks": networks,
        "mining endpoints": len(mining),
        "benign endpoints": len(benign),
        "benign endpoints judged": int(benign["judged"].sum()),
        "taken the wrong way round": found.strays,
        "wanted": WANTED,
        "levels": {},
        "by": {
            "clock heard from": {},
            "carrier": _parts(long, "carrier"),
            "dialect": _parts(long, "dialect"),
        },
    }
    for level, least in LEVELS.items():
        wrong = int((benign["log_odds"] >= least).sum()) + found.strays
        strict, all_ = rate(wrong, int(benign["judged"].sum()) + found.strays), rate(wrong, len(benign))
        place = LEVEL_ORDER.index(Level(level))
        clients = rate(int((found.clients >= place).sum()), len(found.clients))
        told["levels"][level] = {
            "false positives of those judged": plain(strict),
            "false positives of all": plain(all_),
            "counted": {
                "endpoints": _counted(above(mining["log_odds"], least), strict, all_),
                "endpoints without donations": _counted(above(own["log_odds"], least), strict, all_),
                "endpoints watched for 10 min or more": _counted(
                    above(long["log_odds"], least), strict, all_
                ),
            },
            "clients, as their verdicts say": plain(clients),
        }
    told["watched"] = {
        f"{low // 60} to {high // 60} min": _levels(
            mining[(mining["lasting"] >= low) & ((mining["lasting"] < high) | (high == WATCHED[-1][1]))]
        )
        for low, high in WATCHED
    }
    told["missed"] = [
        {"dialect": str(row["dialect"]), "carrier": str(row["carrier"]), "kind": str(row["kind"])}
        for row in long[long["log_odds"] < 0]
    ]
    told["never judged"] = int((~mining["judged"]).sum())
    told["roc"] = curve(mining["log_odds"], benign["log_odds"][benign["judged"]])
    told["addresses accused"] = plain(rate(found.accused, found.addresses))
    told["false positives by kind"] = {
        str(kind): int(((benign["kind"] == kind) & (benign["log_odds"] >= 0)).sum())
        for kind in np.unique(benign["kind"][benign["log_odds"] >= 0])
    }
    for number, name in enumerate(HEARD):
        told["by"]["clock heard from"][name] = _levels(long[long["heard"] == number])
    return told


def harder(found: Fused) -> dict[str, Any]:
    """Return the figures of a harder row, suspected or more."""
    rows = found.rows
    mining, benign = rows[rows["mines"]], rows[~rows["mines"]]
    own = mining[mining["kind"] == "miner"]
    wrong = int((benign["log_odds"] >= 0).sum()) + found.strays
    return {
        "judged": plain(rate(int(mining["judged"].sum()), len(mining))),
        "recall": plain(above(mining["log_odds"], 0.0)),
        "recall without donations": plain(above(own["log_odds"], 0.0)),
        "recall of those judged": plain(above(mining["log_odds"][mining["judged"]], 0.0)),
        "false positives of those judged": plain(rate(wrong, int(benign["judged"].sum()) + found.strays)),
        "addresses accused": plain(rate(found.accused, found.addresses)),
    }


def _counted(recall: Rate, strict: Rate, all_: Rate) -> dict[str, Any]:
    return {
        "recall": plain(recall),
        "precision, of those judged": plain(precision(recall, strict)),
        "precision, of all": plain(precision(recall, all_)),
    }


def _parts(rows: Array, what: str) -> dict[str, Any]:
    return {str(value): _levels(rows[rows[what] == value]) for value in np.unique(rows[what])}


def _levels(rows: Array) -> dict[str, Any]:
    return {level: plain(above(rows["log_odds"], least)) for level, least in LEVELS.items()}
