"""The frame that evidence names is the packet that shows it, as an independent dissector (tshark) sees it."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

PCAPS = Path(__file__).parents[2] / "pcaps"
DIRECT = [
    "btc_farm.pcap",
    "xmr_rig.pcapng",
    "eth_proxy.pcap.gz",
    "etc_nicehash.pcap",
    "nodes.pcap.lz4",
    "bip324.pcap",
    "electrum.pcap",
    "lossy.pcap",
]
"""Captures that tshark reads as they lie (it unpacks neither bz2 nor xz)."""


@pytest.mark.parametrize("name", DIRECT)
def test_each_frame_of_evidence_holds_the_address_it_is_about(name: str) -> None:
    addresses = defaultdict(set)
    for line in json.loads((PCAPS / "golden" / f"{name}.json").read_text("utf-8")):
        for piece in line.get("evidence", ()):
            addresses[piece["frame"]].add(line["address"])
    assert addresses
    command = ["tshark", "-n", "-r", str(PCAPS / name), "-T", "fields", "-e", "frame.number"]
    for field in ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst"):
        command += ["-e", field]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    seen = {int(row.split("\t")[0]): set(row.split("\t")[1:]) for row in told.splitlines()}
    for frame, wanted in addresses.items():
        assert wanted <= seen[frame], frame
