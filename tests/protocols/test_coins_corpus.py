"""Jobs that real pools handed out on one day in May 2018, named as the heights of that day say."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from protocols.coins import Told, Wanted, name
from protocols.stratum_bitcoin import notify

HEIGHTS = {
    "BTC": range(523_347, 523_348),
    "BCH": range(530_844, 530_845),
    "LTC": range(1_424_154, 1_424_155),
    "DOGE": range(2_225_921, 2_225_922),
    "DASH": range(872_437, 872_442),
}
"""By the explorers of the chains; the pools' tags agree ("use_bitcoin_cash", "Bitcoin/Cash", ...)."""


def jobs(folder: Path) -> list[list[object]]:
    """The parameters of every mining.notify that lies whole in one segment."""
    found = []
    for capture in sorted(folder.rglob("cgminer.*.pcapng")):
        listed = subprocess.run(
            ["tshark", "-r", capture, "-Y", 'tcp contains "mining.notify"', "-Tfields", "-e", "tcp.payload"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for payload in listed.split():
            for line in bytes.fromhex(payload).split(b"\n"):
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                if message.get("method") == "mining.notify" and len(message["params"]) == 9:
                    found.append(message["params"])
    return found


@pytest.mark.corpus
def test_every_job_of_a_known_chain_is_named_and_no_other(corpus: Path) -> None:
    named: Counter[str | None] = Counter()
    for params in jobs(corpus):
        job = notify(params)
        if job is None or job.block is None:
            continue
        coinbase = bytes.fromhex(str(params[2]))
        script = coinbase[coinbase.index(bytes(32) + b"\xff" * 4) + 37 :]
        assert script[0] == 3
        height = int.from_bytes(script[1:4], "little")
        expected = next((coin for coin, heights in HEIGHTS.items() if height in heights), None)
        coin, algorithm = name("stratum-bitcoin", Told(block=job.block), Wanted())
        assert coin == expected, height
        assert (algorithm is not None) >= (coin is not None)
        named[coin] += 1
    assert set(named) >= HEIGHTS.keys()
    assert sum(named.values()) - named[None] > 100
