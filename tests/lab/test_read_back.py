"""A network's capture file, read as the product reads it, gives the packets and flows of its columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.lab.candidates import candidates
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.carriers.table import CARRIERS, ENCRYPTED
from benchmarks.lab.networks import Network, network
from capture.rhythm import Candidates
from capture.sieve.sieve import Sieve
from capture.sources.opening import open_source
from facts.flow import FLOW

Rows = npt.NDArray[Any]
KEY = ["a_hi", "a_lo", "b_hi", "b_lo", "ports", "proto"]
COUNTED = ("first_ns", "last_ns", "packets", "bytes", "payload", "flags", "syn", "first_frame")


@dataclass(frozen=True)
class Read:
    """What the product made of a capture file."""

    flows: Rows
    chosen: Candidates
    skipped: int


def read(path: Path) -> Read:
    sieve = Sieve(seed=1)
    with open_source(str(path)) as source:
        for block in source.blocks():
            for _ in sieve.push(block):
                pass
    flows = sieve.flows[: sieve.created]
    return Read(flows.copy(), sieve.candidates(), sum(sieve.skipped.values()))


def by_key(flows: Rows) -> dict[tuple[int, ...], int]:
    return {key: row for row, key in enumerate(flows[KEY].tolist())}


def same(made: Network, path: Path) -> int:
    """Assert that the capture at `path` reads as `made`; return how many candidates there are."""
    frames = write_capture(made, path)
    found = read(path)
    assert found.skipped == 0
    assert frames == len(made.frames) == int(found.flows["packets"].sum())
    assert len(found.flows) == len(made.flows)
    rows = [by_key(found.flows)[key] for key in made.flows[KEY].tolist()]
    for name in COUNTED:
        np.testing.assert_array_equal(found.flows[name][rows], made.flows[name], err_msg=name)
    ours = candidates(made)
    numbers = by_key(found.chosen.flows)
    assert set(numbers) == set(by_key(ours.flows))
    for row, key in enumerate(ours.flows[KEY].tolist()):
        mine = ours.packets[ours.packets["flow"] == row]
        theirs = found.chosen.packets[found.chosen.packets["flow"] == numbers[key]]
        for name in ("at_ns", "size", "way", "marks"):
            np.testing.assert_array_equal(
                theirs[name], mine[name], err_msg=f"{name} of {made.truth[ours.rows[row]]}"
            )
    return len(ours.rows)


def test_a_mixed_network_reads_back_as_its_columns(tmp_path: Path) -> None:
    made = network(3, "train", minutes=5, miners=12, benign=220, pools=5, plain=0.2, loss=0.02)
    assert same(made, tmp_path / "network.pcap") > 100


def test_what_a_probe_missed_is_missed_in_both(tmp_path: Path) -> None:
    made = network(4, "test", minutes=5, miners=8, benign=80, pools=4, capture_loss=0.05, sampling=2)
    assert same(made, tmp_path / "network.pcap") > 30


@pytest.mark.parametrize("carrier", sorted({*CARRIERS, *ENCRYPTED} - {"datagrams", "noise"}))
def test_every_carrier_reads_back(carrier: str, tmp_path: Path) -> None:
    made = network(
        5,
        "test",
        3,
        miners=6,
        benign=2,
        tunnel=carrier,
        plain=0,
        dialects=("stratum-cryptonote", "stratum-bitcoin"),
    )
    assert set(made.truth["carrier"][made.truth["mines"]]) == {carrier}
    assert same(made, tmp_path / "network.pcap") > 0


def test_flow_columns_are_the_products() -> None:
    assert network(1, miners=1, benign=5, minutes=2).flows.dtype == FLOW
