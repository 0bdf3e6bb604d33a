"""Players through real TLS stacks, captured on loopback: sizes are those that the carriers model."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.lab.draw import Draw
from benchmarks.lab.players.rigs import make_rig
from benchmarks.lab.players.session import Span, Spoken, play
from benchmarks.lab.stacks import (
    Version,
    captured,
    certificate,
    free_port,
    openssl_stack,
    python_stack,
    speak,
)
from capture.sieve.sieve import Sieve
from capture.sources.opening import open_source
from facts.rhythm import RECORD
from tests.lab.test_players import some_pool

pytestmark = pytest.mark.prove  # captures on loopback: needs root, tcpdump and openssl


def session(dialect: str, seconds: float = 300) -> list[Spoken]:
    pool = some_pool(dialect, 11, seconds)
    spoken = play(Random(3), pool, make_rig(pool, 1, Draw(9, "train")), Span(0.5, seconds, 0.001, 0.01, 0.0))
    assert len(spoken) > 15
    return spoken[:20]  # sped up, more would be a flow too hasty for the rhythm log


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("stack", ["python", "openssl"])
@pytest.mark.parametrize("dialect", ["stratum-cryptonote", "stratum-bitcoin", "stratum-equihash"])
def test_a_real_stack_seals_as_the_carrier_does(
    dialect: str, stack: str, version: Version, tmp_path: Path
) -> None:
    spoken, port, path = session(dialect), free_port(), tmp_path / "live.pcap"
    files = certificate(tmp_path)
    with captured(path, port):
        made = python_stack if stack == "python" else openssl_stack
        speak(made(version, files, port), spoken, 60.0)
    sieve = Sieve(seed=1)
    with open_source(str(path)) as source:
        for block in source.blocks():
            for _ in sieve.push(block):
                pass
    log = sieve.rhythm.log[: sieve.rhythm.logged]
    server = 0 if (int(sieve.flows["ports"][0]) >> 16) == port else 1
    more = 29 if version == "TLSv1.2" else 22  # both take AES-256-GCM by default
    for way in (0, 1):
        seen = log[log["way"] == (server if way else 1 - server)]
        sealed = seen["size"][seen["marks"] & RECORD != 0].tolist()
        said = [len(text) + more for _, side, text in spoken if side == way]
        assert _within(said, sealed), f"{said[:6]} not in {sealed[:9]}"
    greeting = log[: int(np.argmax(log["marks"] & RECORD != 0))]
    hello = greeting["size"][greeting["way"] != server]
    assert 150 <= hello[0] <= 640 + 1_200  # what `tls.hello` and `tls.hello12` may be


def _within(wanted: list[int], found: list[int]) -> bool:
    """Say whether all sizes come in their order; tickets and alerts may stand between them."""
    rest = iter(found)
    return all(size in rest for size in wanted)
