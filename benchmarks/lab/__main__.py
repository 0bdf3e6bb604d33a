"""`python -m benchmarks.lab`: write a network as a capture file, its truth as CSV, its columns as .npz."""

import argparse
import csv
from pathlib import Path

import numpy as np

from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.carriers.table import CARRIERS
from benchmarks.lab.networks import Network, network


def main() -> None:
    """Make what the arguments ask for, and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lab", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--miners", type=int, default=6)
    parser.add_argument("--benign", type=int, default=None, help="1,300 for each miner by default")
    parser.add_argument("--tunnel", choices=sorted(CARRIERS), default=None)
    parser.add_argument("--plain", type=float, default=0.1, help="part of the miners that hide nothing")
    parser.add_argument("--loss", type=float, default=None)
    parser.add_argument("--sampling", type=int, default=1)
    parser.add_argument("--pcap", type=Path, default=None)
    parser.add_argument("--truth", type=Path, default=None, help="CSV, one row a flow")
    parser.add_argument("--columns", type=Path, default=None, help=".npz of flows, packets and truth")
    chosen = vars(parser.parse_args())
    places = {name: chosen.pop(name) for name in ("pcap", "truth", "columns")}
    made = network(**chosen)
    mining = int(made.truth["mines"].sum())
    print(f"{len(made.flows):,} flows, {mining:,} of them mine, {len(made.packets):,} packets with payload")
    if places["pcap"] is not None:
        print(f"{places['pcap']}: {write_capture(made, places['pcap']):,} frames")
    if places["truth"] is not None:
        _write_truth(made, places["truth"])
    if places["columns"] is not None:
        np.savez_compressed(places["columns"], flows=made.flows, packets=made.packets, truth=made.truth)


def _write_truth(made: Network, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(made.truth.dtype.names or ())
        rows.writerows(made.truth.tolist())


if __name__ == "__main__":
    main()
