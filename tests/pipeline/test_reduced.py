"""Flow records of the lake by counts alone: windows become records, days without rhythms are judged so."""

import math
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.lab.networks import network
from classifier.kinds import Kind
from classifier.shape_features import dependencies
from facts.flow import A_SYN, B_SYN, FLOW
from facts.instant import NS
from facts.names import Level
from pipeline.keep_lake import LakeWish
from pipeline.reduced import judged, records_of
from pipeline.rescan import Rescan, Scanned
from pipeline.scan import Scan
from store.database import open_database
from store.lake import EVERYTHING, Lake, Wanted
from store.rhythms import RhythmStore
from store.verdicts import VerdictStore

T0 = 1_772_352_000 * NS


def rows(*told: tuple[int, int, int, int]) -> npt.NDArray[np.void]:
    """Records of one flow as windows wrote them: last second, packets from a and b, bytes from each."""
    made = np.zeros(len(told), FLOW)
    made["syn"], made["ports"], made["proto"] = A_SYN, 50_000 << 16 | 443, 6
    made["a_lo"], made["b_lo"] = 1, 2
    made["first_ns"] = T0
    for row, (last, up, down, size) in zip(made, told, strict=True):
        row["last_ns"], row["packets"], row["bytes"] = T0 + last * NS, (up, down), (size, size)
    return made


def test_windows_of_a_flow_become_records_of_what_was_new() -> None:
    flows = rows((900, 10, 20, 2_000), (1_800, 15, 20, 3_000), (1_800, 15, 20, 3_000))
    made, row = records_of(flows, np.full(3, 7, np.uint64), np.zeros(3, np.int64))
    assert row.tolist() == [0, 1]
    assert made["packets"].tolist() == [[10, 20], [5, 0]]
    assert made["bytes"].tolist() == [[2_000 - 140, 2_000 - 280], [1_000 - 70, 1_000]]
    assert made["start"].tolist() == [0, 900]
    assert made["end"].tolist() == [900, 1_800]


def test_a_flow_of_another_run_stands_for_itself_and_the_client_comes_first() -> None:
    flows = rows((900, 10, 20, 2_000), (1_800, 4, 1, 500))
    flows["syn"] = B_SYN
    made, _ = records_of(flows, np.full(2, 7, np.uint64), np.zeros(2, np.int64))
    assert made["packets"].tolist() == [[20, 10], [1, 4]]
    assert made["start"].tolist() == [0, 0]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with the flows of a network of which some mine, and no packet of any."""
    made = network(71, "test", 15, miners=40, benign=150, plain=0.0)
    lake = Lake(tmp_path / "lake")
    batch = lake.begin("east", ["some.pcap"])
    batch.add(made.flows, made.flows[:0], made.packets[:0])
    batch.commit("a" * 64)
    batch.close()
    return lake


def test_a_day_without_rhythms_is_judged_by_counts_and_nobody_above_suspected(
    lake: Lake, tmp_path: Path
) -> None:
    days = {file.day for file in lake.files("flows")}
    found = [judged(lake, Wanted(day, day), "lake") for day in sorted(days)]
    assert sum(one.judged for one in found) > 50
    assert all(one.nats >= 4.6 for day in found for one in day.counted)
    with open_database(f"sqlite:///{tmp_path / 'some.db'}") as database:
        VerdictStore(database)
        started = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * NS

        def run(**other: bool) -> list[Scanned]:
            return list(
                Rescan(
                    database,
                    lake,
                    started,
                    lambda one: one.kind,
                    wanted=EVERYTHING,
                    shape=None,
                    model="m",
                    **other,
                )
            )

        done = run()
        assert [one.day for one in done] == sorted(days)
        assert sum(one.reduced for one in done) == sum(one.judged for one in found)
        told = [verdict for one in done for verdict in one.verdicts]
        assert len(told) >= 1
        for verdict in told:
            assert verdict.level in (Level.SUSPECTED, Level.CLEARED)
            kinds = {one.evidence.kind for one in verdict.evidence}
            assert kinds == {Kind.RHYTHM_REDUCED, Kind.RHYTHM_RECORDS}
        assert not any(one.fresh for one in run())  # nothing is new
        assert all(one.fresh for one in run(everything=True))
        assert RhythmStore(database).scanned()


def test_what_has_a_rhythm_is_not_judged_by_counts(tmp_path: Path) -> None:
    made = network(71, "test", 15, miners=40, benign=150, plain=0.0)
    lake = Lake(tmp_path / "lake")
    batch = lake.begin("east", ["some.pcap"])
    batch.add(made.flows, made.flows, made.packets)
    batch.commit("a" * 64)
    batch.close()
    heard = len(np.unique(dependencies(made.flows)))
    assert heard > 50
    days = {file.day for file in lake.files("flows")}
    assert sum(judged(lake, Wanted(day, day), "lake").judged for day in days) == 0


@pytest.mark.prove
@pytest.mark.corpus
def test_no_honest_dependency_of_the_corpus_is_suspected_by_counts(corpus: Path, tmp_path: Path) -> None:
    """All real negatives, their flows in a lake without the packets of any."""
    rows = [line.split(",") for line in (corpus / "index.csv").read_text("utf-8").splitlines()[1:]]
    paths = [
        str(corpus / path) for path, kind, packets, *_ in rows if kind == "negative" and int(packets) >= 12
    ]
    for _ in Scan(paths, each=True, lake=LakeWish(tmp_path, "negatives")):
        pass
    shutil.rmtree(tmp_path / "packets", ignore_errors=True)
    told = judged(Lake(tmp_path), EVERYTHING, "lake")
    assert told.judged >= 100
    assert max((one.nats for one in told.counted), default=0.0) < math.log(1_300)
