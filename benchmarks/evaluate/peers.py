"""Rules of others that must be run or fitted: nDPI on a capture, DeCrypto's learned witness on flow
totals."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluate.endpoints import Learned
from benchmarks.evaluate.figures import plain, rate
from benchmarks.evaluate.shards import Array
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.networks import network

_ENDS = re.compile(r"(?:TCP|UDP)\s+\[?([0-9a-f.:]+?)\]?:(\d+)\s+<?->\s+\[?([0-9a-f.:]+?)\]?:(\d+)\s+\[(.*)")
"""A flow of ndpiReader's list: its ends, and all that is said of it."""


def decrypto(train: Array, mines: Array) -> Learned:
    """Return the learned witness, from (n, len(TOTALS)) totals to (n,) probabilities.

    DeCrypto adds names and payload words to a learner on flow totals (AdaBoost of trees); sealed and without
    SNI the others are silent, and fusion of one witness is that witness. It is fitted on the lab's training
    networks, classes weighed alike, as its authors balance theirs.
    """
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(1)
    some = np.concatenate([np.flatnonzero(mines), rng.choice(np.flatnonzero(~mines), int(mines.sum()))])
    learner = AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=60, random_state=1)
    learner.fit(_of_totals(train[some]), mines[some])

    def says(totals: Array) -> Array:
        made: Array = learner.predict_proba(_of_totals(totals))[:, 1]
        return made

    return says


def _of_totals(totals: Array) -> Array:
    """Return rates and ratios of totals: what does not grow with how long a flow was seen."""
    up, down, up_bytes, down_bytes, seconds, data = np.asarray(totals, np.float64).T
    long = np.maximum(seconds, 1)
    columns = [up / long, down / long, up_bytes / np.maximum(up, 1), down_bytes / np.maximum(down, 1)]
    columns += [(up + 1) / (down + 1), (up_bytes + 1) / (down_bytes + 1), seconds, data]
    return np.stack(columns, axis=1)


def ndpi(seed: int, miners: int = 60, benign: int = 600) -> dict[str, Any] | None:
    """Run ndpiReader over a test network's capture; None where it is not installed."""
    reader = shutil.which("ndpiReader")
    if reader is None:
        return None
    one = network(seed, "test", 15, miners=miners, benign=benign, plain=0.0)
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "network.pcap"
        write_capture(one, capture)
        command = [reader, "-v", "2", "-i", str(capture)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    labelled: set[tuple[int, int]] = set()
    for line in done.stdout.splitlines():
        found = _ENDS.search(line)
        if found and "mining" in found[5].lower():
            a, b = sorted((int(found[2]), int(found[4])))
            labelled.add((a, b))
    ports = one.flows["ports"]
    pairs = np.sort(np.stack([ports >> np.uint32(16), ports & np.uint32(0xFFFF)], axis=1), axis=1)
    hit = np.array([(int(a), int(b)) in labelled for a, b in pairs])
    mines = one.truth["mines"]
    version = re.search(r"\d+\.\d+(?:\.\d+)?", done.stdout)
    return {
        "version": version[0] if version else "",
        "recall": plain(rate(int((hit & mines).sum()), int(mines.sum()))),
        "false positives": plain(rate(int((hit & ~mines).sum()), int((~mines).sum()))),
    }
