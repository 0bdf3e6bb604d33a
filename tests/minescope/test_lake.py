import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from minescope.main import run
from store.lake import Lake
from store.lake_columns import FLOWS, PACKETS
from tests.conftest import ROOT
from tests.store.made_flows import flows_of, packets_of

SAMPLE = str(ROOT / "pcaps" / "btc_farm.pcap")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    return tmp_path


def filled(home: Path, days: int = 3) -> Lake:
    lake = Lake(home / "lake")
    for seed in range(2):
        flows = flows_of(100, seed, days)
        with lake.begin("eth1", ["a", "b"]) as batch:
            batch.add(flows, flows, packets_of(flows))
            batch.commit()
    return lake


def test_a_replay_keeps_its_flows_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", SAMPLE, "--store", "--json", "--probe", "north"]) == 1
    assert "3 flows" in capsys.readouterr().err
    lake = Lake(home / "lake")
    ((flows, packets, damaged),) = lake.rhythms()
    assert not damaged
    assert len(lake.read(FLOWS)[0]) == 3
    assert set(lake.read(FLOWS)[0]["source"]) == {SAMPLE}
    assert {file.probe for file in lake.files(FLOWS)} == {"north"}
    assert len(flows) == 3
    assert np.bincount(packets["flow"]).min() >= 16
    assert run(["replay", SAMPLE, "--store", "--json", "--probe", "north"]) == 1
    assert "held all" in capsys.readouterr().err
    assert len(lake.read(FLOWS)[0]) == 3


def test_a_compressed_copy_is_the_same_capture(home: Path, tmp_path: Path) -> None:
    import gzip

    copy = tmp_path / "copy.pcap.gz"
    copy.write_bytes(gzip.compress(Path(SAMPLE).read_bytes()))
    for path in (SAMPLE, str(copy)):
        assert run(["replay", path, "--store", "--json", "-q"]) == 1
    assert len(Lake(home / "lake").files(FLOWS)) == 1


def test_files_read_by_several_processes_are_all_kept(home: Path) -> None:
    samples = [SAMPLE, str(ROOT / "pcaps" / "lossy.pcap")]
    assert run(["replay", *samples, "--store", "--each", "--jobs", "2", "--json", "-q"]) == 1
    assert set(Lake(home / "lake").read(FLOWS)[0]["source"]) == set(samples)


def test_without_store_nothing_is_kept(home: Path) -> None:
    assert run(["replay", SAMPLE, "--json", "-q"]) == 1
    assert not (home / "lake").exists()


def test_a_lake_that_cannot_be_written_costs_no_verdict(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "lake").write_text("in the way")
    assert run(["replay", SAMPLE, "--store", "--json", "-q"]) == 2
    told = capsys.readouterr()
    assert "flows not kept" in told.err
    assert sum(json.loads(line)["type"] == "verdict" for line in told.out.splitlines()) == 2


@pytest.mark.parametrize(("lang", "word"), [("en", "table"), ("zh", "日期")])
def test_info_counts(home: Path, capsys: pytest.CaptureFixture[str], lang: str, word: str) -> None:
    lake = filled(home)
    assert run(["lake", "info", "--lang", lang]) == 0
    head, flows, packets = capsys.readouterr().out.splitlines()
    assert word in head
    assert flows.split()[:4] == ["flows", "2023-12-09", "..", "2023-12-11"]
    assert packets.split()[-2] == "4,000"
    path = lake.files(FLOWS)[0].path
    path.write_bytes(b"PAR1")
    assert run(["lake", "info", "--lang", lang]) == 2
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_rows_are_exported(home: Path, tmp_path: Path, suffix: str) -> None:
    lake = filled(home)
    out = tmp_path / f"out{suffix}"
    assert run(["lake", "export", str(out), "--table", PACKETS, "--since", "2023-12-10"]) == 0
    read = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".jsonl": pl.read_ndjson}[suffix]
    expected = lake.read(PACKETS)[0].filter(pl.col("date") >= date(2023, 12, 10))
    assert len(read(out)) == len(expected) > 0
    assert run(["lake", "export", str(out)]) == 2


def test_the_latest_record_of_each_flow_is_exported(home: Path, tmp_path: Path) -> None:
    filled(home)
    out = tmp_path / "out.csv"
    assert run(["lake", "export", str(out), "--latest"]) == 0
    assert len(pl.read_csv(out)) == 200


@pytest.mark.parametrize(
    "wrong",
    [
        ["export", "x.txt"],
        ["export", "x.csv", "--table", "cows"],
        ["export", "x.csv", "--table", "packets", "--latest"],
        ["purge", "--older-than", "soon"],
        ["purge", "--older-than", "0d"],
        ["purge", "--older-than", "999999w"],
        ["info", "--since", "yesterday"],
    ],
)
def test_wrong_usage_is_refused(home: Path, wrong: list[str]) -> None:
    assert run(["lake", *wrong]) == 3
    assert not Path("x.csv").exists()


def test_small_files_are_merged_and_old_days_go(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = filled(home)
    assert run(["lake", "compact"]) == 0
    assert capsys.readouterr().out == "minescope: 12 files merged into 6\n"
    assert run(["lake", "purge", "--older-than", "26w"]) == 0
    assert lake.files(FLOWS) == lake.files(PACKETS) == []
