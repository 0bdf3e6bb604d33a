"""The benchmark capture in small: sound packets, the promised mix, and the sieve's counts of it."""

import hashlib
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.generate import generate
from benchmarks.mix.table import TRADES, kinds
from benchmarks.sections.correctness import capinfos, flows
from benchmarks.sections.files import cut
from benchmarks.sections.parallel import split
from capture.sources.opening import open_source
from capture.worker import Worker
from facts.conversation import Conversation
from protocols.events import TlsHello

SIZE, FLOWS, SECONDS, SEED = 0.01, 3_000, 600.0, 7


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "mix.pcap"
    generate(path, SIZE, FLOWS, SECONDS, SEED)
    return path


def test_the_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pcap"
    generate(again, SIZE, FLOWS, SECONDS, SEED)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(small.read_bytes()).digest()


def test_shares_add_up_to_all_conversations_and_one_in_a_thousand_mines() -> None:
    assert sum(kind.share for kind in kinds()) == pytest.approx(1)
    assert sum(kind.share for kind in TRADES["mining"]) == pytest.approx(0.001)
    assert all(kind.mining for kind in TRADES["mining"])
    assert not any(kind.mining for name, trade in TRADES.items() if name != "mining" for kind in trade)
    assert len({kind.name for kind in kinds()}) == len([*kinds()])


def test_packets_and_bytes_equal_those_of_capinfos(small: Path) -> None:
    with open_source(str(small), 0) as source:
        for _ in source.blocks():
            pass
        assert {"packets": source.records, "bytes": source.wire_bytes} == capinfos(str(small))


def test_flows_equal_those_of_the_tshark_reduction(small: Path) -> None:
    found = flows(str(small))
    assert found["flows"] > FLOWS * 0.99
    assert found["different"] == 0


def test_every_checksum_is_right(small: Path) -> None:
    command = ["tshark", "-n", "-r", str(small)]
    for protocol in ("ip", "tcp", "udp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE"]
    command += ["-Y", "ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0"]
    wrong = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert wrong == ""


def test_quic_flows_open_with_packets_that_name_their_site(small: Path) -> None:
    named: Counter[str] = Counter()
    with open_source(str(small), 0) as source:
        for seen in Worker().run(source.blocks(), [source]):
            if not isinstance(seen, Conversation) and isinstance(seen.event, TlsHello):
                named[seen.flow.transport] += ".example." in (seen.event.sni or "")
    assert named["udp"] > 0.07 * FLOWS
    assert named["tcp"] > 0.3 * FLOWS


def test_a_capture_is_cut_into_files_without_losing_a_packet(small: Path, tmp_path: Path) -> None:
    told = capinfos(str(small))
    (tmp_path / "many").mkdir()
    (tmp_path / "parts").mkdir()
    paths = cut(small, tmp_path / "many", 5, 30)
    assert [capinfos(str(path))["packets"] for path in paths] == [30] * 5
    split(small, tmp_path / "parts", 4)
    counted = [capinfos(str(path)) for path in sorted((tmp_path / "parts").iterdir())]
    assert len(counted) == 4
    assert {key: sum(one[key] for one in counted) for key in told} == told
