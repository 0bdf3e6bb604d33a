import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.errors import StoreError, UsageError
from facts.flow import A_SYN, A_SYN_ACK, B_SYN, B_SYN_ACK, FLOW
from store.lake import Lake, Wanted, latest
from store.lake_care import clean, compact, purge
from store.lake_columns import (
    FLOW_SCHEMA,
    FLOWS,
    PACKET_SCHEMA,
    PACKETS,
    flow_frame,
    flow_ids,
    flow_rows,
    packet_frame,
    packet_rows,
)
from store.lake_locks import WRITING
from store.lake_writing import probe_name
from tests.conftest import ROOT
from tests.store.made_flows import BEGIN, DAY, SECOND, Rows, flows_of, packets_of

SOURCES = ["monday.pcap", "星期二.pcap"]
FIRST_DAY = date(2023, 12, 9)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def keep(lake: Lake, flows: Rows, packets: Rows, probe: str = "eth1", capture: str | None = None) -> int:
    with lake.begin(probe, SOURCES) as batch:
        batch.add(flows, flows, packets)
        return batch.commit(capture)


def parquet(lake: Lake) -> list[Path]:
    return sorted(lake.root.rglob("*.parquet"))


def count(lake: Lake, table: str, wanted: Wanted | None = None) -> int:
    lazy, damaged = lake.scan(table, wanted or Wanted())
    assert not damaged
    return int(lazy.select(pl.len()).collect().item())


@given(st.integers(0, 60), st.integers(0, 1 << 32))
def test_flows_come_back_as_they_were(many: int, seed: int) -> None:
    flows = flows_of(many, seed)
    frame = flow_frame(flows, SOURCES)
    assert frame.schema == pl.Schema(FLOW_SCHEMA)
    back = flow_rows(frame)
    names = frame["source"].to_list()
    assert names == [SOURCES[at] for at in flows["source"]]
    known = list(dict.fromkeys(names))
    assert [known[at] for at in back["source"]] == names
    back["source"] = flows["source"]
    assert back.tobytes() == flows.tobytes()


@given(st.integers(0, 20), st.integers(0, 1 << 32))
def test_packets_come_back_as_they_were(many: int, seed: int) -> None:
    flows = flows_of(many, seed)
    packets = packets_of(flows, seed=seed)
    frame = packet_frame(packets, flows)
    assert frame.schema == pl.Schema(PACKET_SCHEMA)
    mixed = frame.sample(fraction=1.0, shuffle=True, seed=3)
    back = packet_rows(mixed, flow_ids(flows))
    assert back[["flow", "at_ns"]].tobytes() == packets[["flow", "at_ns"]].tobytes()
    order = ["flow", "at_ns", "size", "way", "marks"]
    assert np.sort(back, order=order).tobytes() == np.sort(packets, order=order).tobytes()


@pytest.mark.parametrize(
    ("syn", "client"),
    [
        (0, -1),
        (A_SYN, 0),
        (B_SYN, 1),
        (A_SYN | B_SYN_ACK, 0),
        (B_SYN | A_SYN_ACK, 1),
        (A_SYN_ACK, 1),
        (B_SYN_ACK, 0),
        (A_SYN | B_SYN, -1),
        (A_SYN_ACK | B_SYN_ACK, -1),
    ],
)
def test_who_is_the_client_is_told_by_syns(syn: int, client: int) -> None:
    flows = np.zeros(1, FLOW)
    flows["syn"] = syn
    assert flow_frame(flows, SOURCES)["client"].to_list() == [client]


def test_the_number_of_a_flow_is_fixed() -> None:
    """Others store it: it must be the same in every version."""
    flows = np.zeros(2, FLOW)
    flows["a_hi"], flows["a_lo"], flows["b_lo"] = [0, 1], 0xFFFF_0A00_0001, 0xFFFF_0A00_0002
    flows["ports"], flows["proto"], flows["first_ns"] = (51000 << 16) | 443, 6, BEGIN

    def plain(words: list[int]) -> int:
        number, wrap = 0, (1 << 64) - 1
        for word in words:
            number = ((number + 0x9E3779B97F4A7C15) & wrap) ^ word
            number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & wrap
            number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & wrap
            number ^= number >> 31
        return number

    words = [0, 0xFFFF_0A00_0001, 0, 0xFFFF_0A00_0002, (51000 << 16) | 443, 0, 6, BEGIN]
    assert flow_ids(flows).tolist() == [plain(words), plain([1, *words[1:]])]


def test_numbers_of_many_flows_differ() -> None:
    flows = np.zeros(200_000, FLOW)
    flows["a_lo"] = np.arange(200_000) // 100
    flows["ports"] = np.arange(200_000) % 100
    assert len(np.unique(flow_ids(flows))) == 200_000


def test_what_was_kept_is_handed_out_as_a_sieve_does(lake: Lake) -> None:
    flows = flows_of(50)
    packets = packets_of(flows[:10])
    with lake.begin("eth1", SOURCES) as batch:
        batch.add(flows, flows[:10], packets)
        assert batch.commit() == 2
    ((some, rows, damaged),) = lake.rhythms()
    assert not damaged
    order = np.argsort(flows[:10]["first_ns"])
    expected = flows[:10][order]
    expected["source"] = some["source"]
    assert some.tobytes() == expected.tobytes()
    assert np.bincount(rows["flow"]).tolist() == [20] * 10
    assert (rows["at_ns"] == packets["at_ns"].reshape(10, 20)[order].reshape(-1)).all()


def test_days_and_probes_are_partitions(lake: Lake) -> None:
    for probe in ("eth1", "eth2"):
        flows = flows_of(300, days=3)
        keep(lake, flows, packets_of(flows), probe)
    assert {file.day.day for file in lake.files(FLOWS)} == {9, 10, 11}
    assert count(lake, FLOWS, Wanted(probe="eth2")) == count(lake, FLOWS) / 2
    one = Wanted(date(2023, 12, 10), date(2023, 12, 10), "eth1")
    lazy, _ = lake.scan(PACKETS, one)
    days = (lazy.select(pl.col("at").dt.date().unique()).collect())["at"].to_list()
    assert days == [date(2023, 12, 10)]
    lazy, _ = lake.scan(PACKETS)
    some = lazy.filter(pl.col("date") == FIRST_DAY, pl.col("probe") == "eth1").collect()
    assert some["at"].dt.date().unique().to_list() == [FIRST_DAY]
    assert 0 < len(some) < count(lake, PACKETS) / 3


def test_a_day_with_packets_of_a_flow_holds_its_record(lake: Lake) -> None:
    flows = flows_of(1)
    flows["first_ns"], flows["last_ns"] = BEGIN + DAY - 600 * SECOND, BEGIN + DAY + 600 * SECOND
    keep(lake, flows, packets_of(flows, 40))
    found = list(lake.rhythms())
    assert [len(some) for some, _, _ in found] == [1, 1]
    assert sum(len(rows) for _, rows, _ in found) == 40
    assert len(latest(lake.scan(FLOWS)[0]).collect()) == 1


def test_the_same_capture_is_kept_once(lake: Lake) -> None:
    flows = flows_of(40, days=2)
    packets = packets_of(flows)
    assert keep(lake, flows, packets, capture="c0ffee") == len(parquet(lake)) == 4
    before = count(lake, FLOWS)
    assert keep(lake, flows, packets, capture="c0ffee") == 0
    assert keep(lake, flows[:3], packets[:3], capture="c0ffee") == 0
    assert count(lake, FLOWS) == before
    assert keep(lake, flows, packets, "eth2", capture="c0ffee") == 4
    assert keep(lake, flows, packets) == 4
    assert keep(lake, flows, packets) == 0


def test_windows_of_a_live_flow_have_one_latest_record(lake: Lake) -> None:
    flows = flows_of(30)
    for window in range(4):
        flows["packets"] = 100 * (window + 1)
        flows["last_ns"] = np.minimum(flows["last_ns"] + 1, BEGIN + DAY - 1)
        keep(lake, flows, packets_of(flows, seed=window))
    assert count(lake, FLOWS) == 120
    last = latest(lake.scan(FLOWS)[0]).collect()
    assert len(last) == 30
    assert last["packets_a"].unique().to_list() == [400]
    ((some, rows, _),) = lake.rhythms()
    assert len(some) == 30
    assert len(rows) == 4 * 30 * 20


def test_small_files_are_merged_and_say_the_same(lake: Lake) -> None:
    kept = []
    for number in range(7):
        flows = flows_of(20, number)
        kept.append((flows, packets_of(flows), f"{number:x}"))
        keep(lake, *kept[-1][:2], capture=kept[-1][2])
    before = [lake.read(table)[0].sort("flow_id") for table in (FLOWS, PACKETS)]
    done = compact(lake)
    assert (done.removed, done.made, done.damaged) == (14, 2, ())
    assert len(parquet(lake)) == 2
    after = [lake.read(table)[0].sort("flow_id") for table in (FLOWS, PACKETS)]
    assert [frame.equals(other) for frame, other in zip(before, after, strict=True)] == [True, True]
    for flows, packets, capture in kept:
        assert keep(lake, flows, packets, capture=capture) == 0
    keep(lake, flows_of(5, 99), packets_of(flows_of(5, 99)))
    assert compact(lake).made == 2
    assert count(lake, FLOWS) == 145
    assert keep(lake, *kept[0][:2], capture=kept[0][2]) == 0
    assert compact(lake).made == 0


def test_a_merge_that_was_interrupted_doubles_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        flows = flows_of(20, number)
        keep(lake, flows, packets_of(flows))

    def dies(self: Path, missing_ok: bool = False) -> None:
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", dies)
        with pytest.raises((StoreError, OSError)):
            compact(lake)
    assert len(parquet(lake)) > 6
    assert count(lake, FLOWS) == 60
    assert count(lake, PACKETS) == 1200
    compact(lake)
    assert len(parquet(lake)) == 2
    assert count(lake, FLOWS) == 60


def test_old_days_go(lake: Lake) -> None:
    flows = flows_of(300, days=3)
    keep(lake, flows, packets_of(flows))
    done = purge(lake, date(2023, 12, 11))
    assert done.removed == 4
    assert {file.day for table in (FLOWS, PACKETS) for file in lake.files(table)} == {date(2023, 12, 11)}
    assert not list(lake.root.glob("flows/date=2023-12-09"))


@pytest.mark.parametrize("cut", [0, 3, 100, -1])
def test_a_damaged_file_is_named_and_left_out(lake: Lake, cut: int) -> None:
    for number in range(2):
        flows = flows_of(200, number)
        keep(lake, flows, packets_of(flows))
    path = lake.files(FLOWS)[0].path
    os.truncate(path, cut if cut >= 0 else path.stat().st_size - 1)
    lazy, damaged = lake.scan(FLOWS)
    assert len(lazy.collect()) == 200
    assert [each.path for each in damaged] == [path]
    assert damaged[0].why
    assert [each.path for each in compact(lake).damaged] == [path]


def test_a_file_damaged_in_its_midst_is_left_out_where_it_is_read(lake: Lake) -> None:
    for number in range(2):
        flows = flows_of(5000, number)
        keep(lake, flows, packets_of(flows, 1))
    path = lake.files(FLOWS)[0].path
    raw = bytearray(path.read_bytes())
    raw[8:4000] = bytes(3992)
    path.write_bytes(raw)
    frame, damaged = lake.read(FLOWS)
    assert len(frame) == 5000
    assert [each.path for each in damaged] == [path]


def test_a_file_of_something_else_is_left_out(lake: Lake) -> None:
    flows = flows_of(5)
    keep(lake, flows, packets_of(flows))
    other = lake.files(FLOWS)[0].path.with_name("other.parquet")
    pl.DataFrame({"x": [1]}).write_parquet(other)
    (other.parent.parent / "probe=x").mkdir()
    assert count_sound(lake) == 5
    assert [each.why for each in lake.scan(FLOWS)[1]] == ["no column flow_id"]


def count_sound(lake: Lake) -> int:
    return len(lake.scan(FLOWS)[0].collect())


def test_a_lake_that_is_not_there_is_empty(lake: Lake) -> None:
    assert count(lake, FLOWS) == 0
    assert lake.read(PACKETS)[0].is_empty()
    assert list(lake.rhythms()) == []


def test_what_was_not_committed_leaves_nothing(lake: Lake) -> None:
    flows = flows_of(5)
    with lake.begin("eth1", SOURCES) as batch:
        batch.add(flows, flows, packets_of(flows))
    assert parquet(lake) == []
    assert list((lake.root / WRITING).iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"), [("eth0, eth1", "eth0__eth1"), ("../../etc", "_.._etc"), ("a" * 200, "a" * 80)]
)
def test_names_of_probes_name_a_folder(name: str, told: str) -> None:
    assert probe_name(name) == told


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        probe_name("...")


def test_times_that_mean_nothing_make_no_thousand_files(lake: Lake) -> None:
    flows = flows_of(3000)
    flows["first_ns"] = np.random.default_rng(1).integers(-(1 << 62), 1 << 62, 3000)
    flows["last_ns"] = flows["first_ns"] + 1
    keep(lake, flows, packets_of(flows[:0]))
    assert len(parquet(lake)) == 1
    assert count(lake, FLOWS) == 3000


WRITER = """
import os, signal, sys
from pathlib import Path
import store.lake_writing as writing
from store.lake import Lake
from tests.store.made_flows import flows_of, packets_of
root, seed, step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
seen = 0
def dying(function):
    def run(*args, **named):
        global seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **named)
    return run
for name in ("flow_frame", "packet_frame", "write_file", "stand", "sync_folder"):
    setattr(writing, name, dying(getattr(writing, name)))
flows = flows_of(400, seed, days=2)
with Lake(root).begin("eth1", ["a", "b"]) as batch:
    batch.add(flows, flows[:50], packets_of(flows[:50]))
    batch.commit(f"{seed:x}")
"""


def writer(root: Path, seed: int, step: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(seed), str(step)],
        env=environment,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )


@pytest.mark.parametrize("step", [3, 6, 9, 12])
def test_a_writer_that_is_killed_leaves_whole_files_or_none(lake: Lake, step: int) -> None:
    dead = writer(lake.root, 1, step)
    assert dead.wait() == -signal.SIGKILL
    for table in (FLOWS, PACKETS):
        assert lake.sound(table)[1] == []
    assert clean(lake) == 1
    assert list((lake.root / WRITING).iterdir()) == []
    again = writer(lake.root, 1, 0)
    assert again.wait() == 0
    flows = flows_of(400, 1, days=2)
    assert latest(lake.scan(FLOWS)[0]).collect().height == 400
    assert count(lake, PACKETS) == 1000
    assert set(lake.read(FLOWS)[0]["flow_id"].to_list()) == set(flow_ids(flows).tolist())


def test_writers_at_once_do_not_meet(lake: Lake) -> None:
    writers = [writer(lake.root, seed, 0) for seed in (1, 1, 2)]
    assert [each.wait() for each in writers] == [0, 0, 0]
    assert latest(lake.scan(FLOWS)[0]).collect().height == 800
    assert count(lake, PACKETS) == 2000
    assert list((lake.root / WRITING).iterdir()) == []


def test_what_a_living_writer_prepares_is_not_cleaned_away(lake: Lake) -> None:
    flows = flows_of(5)
    code = """
import sys
from pathlib import Path
from store.lake import Lake
from store.lake_care import clean
print(clean(Lake(Path(sys.argv[1]))))
"""
    with lake.begin("eth1", SOURCES) as batch:
        batch.add(flows, flows, packets_of(flows))
        done = subprocess.run(
            [sys.executable, "-c", code, str(lake.root)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        assert done.stdout == "0\n"
        assert batch.commit() == 2


def test_a_full_disk_leaves_no_half_file(lake: Lake) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from facts.errors import StoreError
from store.lake import Lake
from tests.store.made_flows import flows_of, packets_of
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
flows = flows_of(20_000, 5)
try:
    with Lake(Path(sys.argv[1])).begin("eth1", ["a", "b"]) as batch:
        batch.add(flows, flows[:10], packets_of(flows[:10]))
        batch.commit()
except StoreError as error:
    print("refused:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(lake.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.startswith("refused:"), done.stderr
    assert parquet(lake) == []
    assert list((lake.root / WRITING).iterdir()) == []


def test_two_do_not_care_for_the_lake_at_once(lake: Lake) -> None:
    import fcntl

    lake.root.mkdir()
    with (lake.root / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="somebody else"):
            compact(lake)


@pytest.mark.prove
def test_the_lake_is_read_at_fifty_thousand_flows_a_second(lake: Lake) -> None:
    for number in range(4):
        flows = flows_of(250_000, number)
        keep(lake, flows, packets_of(flows[:2000]))
    began = time.process_time()
    total = 0
    for some, rows, _ in lake.rhythms():
        total += len(some)
        assert len(rows)
    frame, _ = lake.read(FLOWS)
    total += len(flow_rows(frame))
    assert total / (time.process_time() - began) >= 50_000


@settings(max_examples=8)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), min_size=1, max_size=5))
def test_any_batches_are_found_whole(batches: list[tuple[int, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        known = []
        for seed, (many, days) in enumerate(batches):
            flows = flows_of(many, seed, days)
            keep(lake, flows, packets_of(flows, 3), capture=str(seed))
            known += flow_ids(flows).tolist()
        compact(lake)
        assert sorted(latest(lake.scan(FLOWS)[0]).collect()["flow_id"].to_list()) == sorted(known)
        assert count(lake, PACKETS) == 3 * len(known)
