"""`minescope probe` as a person starts it: what it needs, what it writes and when, how it ends."""

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.wire import Frames, Wire
from pipeline.contract import Hit
from pipeline.scan import Scan
from store.lake import Lake
from tests.conftest import ROOT
from tests.live.listening import SAMPLES, send

MINESCOPE = [sys.executable, "-m", "minescope"]
FARM = SAMPLES / "btc_farm.pcap"
RAW = 1 << 13
"""CAP_NET_RAW among the capabilities of a process."""
NOBODY = 65_534


class Running:
    """A probe in the far namespace, listening."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.pid = process.pid  # `ip netns exec` becomes the program it starts

    def lines(self, count: int) -> list[dict[str, Any]]:
        """Read the next lines of output."""
        assert self.process.stdout is not None
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]

    def ended(self, by: int | None = signal.SIGINT) -> tuple[int, list[dict[str, Any]], str]:
        """Stop it; return its exit code, the rest of its output and of what it said."""
        if by is not None:
            self.process.send_signal(by)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


@contextmanager
def probing(wire: Wire, *options: str, under: tuple[str, ...] = (), **how: Any) -> Iterator[Running]:
    """Start a probe and wait until it listens; `under` is a command that starts it."""
    command = [*under, *MINESCOPE, "probe", wire.far, "--json", "--ring-mb", "8", "--lang", "en", *options]
    process = wire.listening(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, **how)
    try:
        assert process.stderr is not None
        said = ""
        while "listening" not in said:
            line = process.stderr.readline()
            assert line, f"ended before it listened: {said}"
            said += line
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def refused(wire: Wire, *arguments: str, under: tuple[str, ...] = ()) -> tuple[int, str]:
    """Start a probe that does not come to listen; return its exit code and what it said."""
    process = wire.listening(
        [*under, *MINESCOPE, "probe", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_verdicts_come_while_it_runs_and_once_more_at_the_end(wire: Wire) -> None:
    frames = Frames(FARM)
    with probing(wire, "--every", "0.1") as probe:
        send(wire, frames)
        (first,) = probe.lines(1)
        assert first["type"] == "verdict"
        assert first["source"] == wire.far
        status, rest, said = probe.ended()
    assert status == 1
    assert said == ""
    final = [line for line in rest if line["type"] == "verdict"]
    assert (first["address"], first["role"]) in {(line["address"], line["role"]) for line in final}
    assert {line["role"] for line in final} == {"miner", "pool"}
    assert {line["level"] for line in final[-2:]} == {"confirmed"}
    summary = rest[-1]
    assert summary["type"] == "summary"
    assert summary["packets"] == len(frames) == summary["parsed"]
    assert summary["skipped"] == {}


def test_a_verdict_is_written_when_its_level_changes_and_not_before(wire: Wire) -> None:
    samples = [FARM, SAMPLES / "pool_names.pcap"]
    expected = {
        (str(one.verdict.address), one.verdict.role.value, one.verdict.level.value)
        for one in Scan([str(sample) for sample in samples])
        if isinstance(one, Hit)
    }
    lines: list[dict[str, Any]] = []
    with probing(wire, "--every", "0.1", "--duration", "90") as probe:
        for sample in samples:
            send(wire, Frames(sample))
        while not expected <= {(line["address"], line["role"], line["level"]) for line in lines}:
            lines += probe.lines(1)
        lines += probe.ended()[1]
    told: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line["type"] == "verdict":
            told.setdefault((line["address"], line["role"]), []).append(line["level"])
    for levels in told.values():
        *changes, final = levels
        assert changes[-1] == final  # said before, and once more at the end
        assert all(a != b for a, b in pairwise(changes))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_what_was_taken_is_read(wire: Wire, number: int) -> None:
    frames = Frames(FARM)
    with probing(wire) as probe:
        send(wire, frames)
        status, lines, _ = probe.ended(number)
    assert status == 1
    assert lines[-1]["packets"] == len(frames)


def test_it_ends_by_itself_after_the_duration_and_nothing_found_is_0(wire: Wire) -> None:
    with probing(wire, "--duration", "0.5") as probe:
        status, lines, _ = probe.ended(None)
    assert status == 0
    assert [line["type"] for line in lines] == ["summary"]


def test_packets_lost_are_in_the_summary(wire: Wire) -> None:
    with probing(wire, "--ring-mb", "2") as probe:
        os.kill(probe.pid, signal.SIGSTOP)
        frames = Frames(FARM)
        for _ in range(100):
            send(wire, frames)
        os.kill(probe.pid, signal.SIGCONT)
        _, lines, _ = probe.ended()
    summary = lines[-1]
    assert summary["packets"] == 100 * len(frames)
    assert 0 < summary["skipped"]["dropped-by-kernel"] < summary["packets"]
    assert summary["packets"] == summary["parsed"] + sum(summary["skipped"].values())


def test_two_workers_hear_every_packet_once(wire: Wire) -> None:
    frames = Frames(SAMPLES / "other_coins.pcap.gz")
    with probing(wire, "--workers", "2", "--pin", "0-1" if os.cpu_count() != 1 else "0") as probe:
        send(wire, frames)
        _, lines, _ = probe.ended()
    assert lines[-1]["packets"] == len(frames) == lines[-1]["parsed"]
    sources = {e["source"] for line in lines[:-1] for e in line["evidence"]}
    assert sources
    assert sources <= {f"{wire.far}#1", f"{wire.far}#2"}  # which of them, the seed of the day decides


def test_a_filter_of_tcpdump_is_taken(wire: Wire) -> None:
    with probing(wire, "--filter", "tcp port 9") as probe:
        send(wire, Frames(FARM))
        status, lines, _ = probe.ended()
    assert status == 0
    assert lines[-1]["packets"] == 0


def capabilities(pid: int) -> dict[str, int]:
    """Return the sets of capabilities of every thread, which must all be the same."""
    found = set()
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        rows = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        found.add(tuple((name, int(rows[name], 16)) for name in rows if name.startswith("Cap")))
    assert len(found) == 1
    return dict(found.pop())


def test_every_right_but_raw_access_is_given_up(wire: Wire) -> None:
    with probing(wire) as probe:
        held = capabilities(probe.pid)
        status = Path(f"/proc/{probe.pid}/status").read_text()
    assert held == {"CapInh": 0, "CapPrm": RAW, "CapEff": RAW, "CapBnd": RAW, "CapAmb": 0}
    assert "NoNewPrivs:\t1" in status


def with_rights(rights: str, uid: int) -> tuple[str, ...]:
    """Return a command that starts another with these rights and no others."""
    assert shutil.which("setpriv"), "this test needs setpriv (util-linux)"
    sets = [f"--{kind}={rights}" for kind in ("inh-caps", "ambient-caps")]
    return ("setpriv", f"--reuid={uid}", "--clear-groups", *sets)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of a user without rights, empty but for the compiled kernels."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        kernels = ROOT / "capture" / "__pycache__" / "kernels"
        shutil.copytree(kernels, Path(name) / "kernels", copy_function=shutil.copy2)
        for path in [Path(name), *Path(name).rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        yield Path(name)


def test_raw_access_is_all_that_it_needs(wire: Wire, home: Path) -> None:
    for folder in [ROOT, *ROOT.parents]:
        assert folder.stat().st_mode & 5 == 5, f"{folder} is closed to other users, so this cannot be tried"
    environment = {
        **os.environ,
        "HOME": str(home),
        "MINESCOPE_HOME": str(home / "minescope"),
        "NUMBA_CACHE_DIR": str(home / "kernels"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    frames = Frames(FARM)
    options = ["--filter", "tcp"]
    with probing(wire, *options, under=with_rights("-all,+net_raw", NOBODY), env=environment) as probe:
        send(wire, frames)
        assert capabilities(probe.pid)["CapEff"] == RAW
        status, lines, _ = probe.ended()
    assert status == 1
    assert lines[-1]["packets"] == len(frames)


def test_without_raw_access_it_says_what_it_needs(wire: Wire) -> None:
    without = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-all")
    status, said = refused(wire, wire.far, under=without)
    assert status == 2
    assert said.splitlines()[-1] == (
        f"minescope: {wire.far}: live capture needs CAP_NET_RAW: "
        "run as root, or give this program that capability"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["eth77"], 2, "eth77: no such interface"),
        (["FAR", "--filter", "tcp prt 80"], 3, "syntax error"),
        (["FAR", "--pin", "x"], 3, "--pin x: not a list of processors"),
        (["FAR", "--pin", "4095"], 3, "processor 4095 is not there"),
        (["FAR", "--workers", "0"], 3, "--workers"),
        (["FAR", "--source", "scapy", "--workers", "2"], 3, "needs the rings of Linux"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    wire: Wire, arguments: list[str], status: int, reason: str
) -> None:
    code, said = refused(wire, *(wire.far if word == "FAR" else word for word in arguments))
    assert code == status
    assert reason in said


def test_what_it_finds_is_kept_like_that_of_a_replay(wire: Wire, tmp_path: Path) -> None:
    environment = {**os.environ, "MINESCOPE_HOME": str(tmp_path)}
    with probing(wire, "--store", "--every", "0.1", env=environment) as probe:
        send(wire, Frames(FARM))
        probe.lines(2)
        asked = [*MINESCOPE, "lookup", "192.0.2.21", "--json"]
        while_it_runs = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, env=environment)
        _, lines, said = probe.ended()
    assert "192.0.2.21" in while_it_runs.stdout
    assert '"miner"' in while_it_runs.stdout
    kept = sum(line["type"] == "verdict" for line in lines[-3:])
    flows, verdicts = said.splitlines()
    assert flows == "minescope: kept 3 flows and the rhythms of 0 in the flow lake"
    assert verdicts.startswith(f"minescope: kept {kept} verdicts")
    assert [file.probe for file in Lake(tmp_path / "lake").files("flows")] == [wire.far]
    after = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert after.stdout.count('"miner"') == while_it_runs.stdout.count('"miner"')


def test_the_status_line_tells_rate_loss_flows_memory_and_hits(wire: Wire) -> None:
    ours, its = pty.openpty()
    command = [*MINESCOPE, "probe", wire.far, "--lang", "en", "--every", "0.1", "--duration", "3.5"]
    process = wire.listening(command, stdout=subprocess.PIPE, stderr=its, cwd=ROOT)
    os.close(its)
    said = b""
    while b"listening" not in said:
        said += os.read(ours, 4096)
    send(wire, Frames(FARM))
    table, _ = process.communicate(timeout=60)
    said += os.read(ours, 1 << 16)
    os.close(ours)
    text = said.decode()
    assert "\r\x1b[K" in text
    assert " packets/s, 0.00% lost, 3 flows (0 gone idle), " in text
    assert " MB, 2 hits" in text
    assert "confirmed: 192.0.2.21 miner" in text
    assert "192.0.2.21" in table
    assert process.returncode == 1


def test_scapys_sniffer_is_the_slow_way_where_there_are_no_rings(wire: Wire) -> None:
    frames = Frames(FARM)
    with probing(wire, "--source", "scapy") as probe:
        send(wire, frames, 500)
        time.sleep(1)
        status, lines, _ = probe.ended()
    assert status == 1
    assert lines[-1]["packets"] == len(frames) == lines[-1]["parsed"]


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; from minescope.main import run; run(['probe', 'lo', '-q', '--duration', '0.3']); "
        "print([m for m in ('sklearn', 'scapy', 'pyshark', 'fastapi', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_it_keeps_who_belongs_together_as_a_replay_does(wire: Wire, tmp_path: Path) -> None:
    environment = {**os.environ, "MINESCOPE_HOME": str(tmp_path / "live")}
    with probing(wire, "--store", env=environment) as probe:
        send(wire, Frames(FARM))
        probe.ended()
    environment["MINESCOPE_HOME"] = str(tmp_path / "replayed")
    replayed = [*MINESCOPE, "replay", str(FARM), "--store", "-q"]
    subprocess.run(replayed, capture_output=True, text=True, cwd=ROOT, env=environment)
    found = []
    for name in ("live", "replayed"):
        with closing(sqlite3.connect(tmp_path / name / "minescope.db")) as database:
            found.append(set(database.execute("SELECT address, party, kind, name FROM ownership_ties")))
            assert database.execute("SELECT count(*) FROM ownership_clusters").fetchone() == (1,)
    assert found[0] == found[1] != set()


def test_idle_flows_leave_after_the_seconds_asked_for_and_are_counted(wire: Wire) -> None:
    farm, names = Frames(FARM), Frames(SAMPLES / "pool_names.pcap")
    with probing(wire, "--idle", "unanswered=1,closed=1,tcp=1,udp=1") as probe:
        send(wire, farm)
        time.sleep(2.5)
        send(wire, names)  # time is that of packets: those of others tell that the farm's are silent
        _, lines, _ = probe.ended()
    summary = lines[-1]
    assert summary["released"]["flow-idle"] >= 3
    assert summary["packets"] == len(farm) + len(names) == summary["parsed"]


@pytest.mark.parametrize("given", ["udp", "tcp=0", "icmp=5", "tcp=90000"])
def test_timeouts_that_are_none_are_wrong_usage(wire: Wire, given: str) -> None:
    code, said = refused(wire, wire.far, "--idle", given)
    assert code == 3
    assert "--idle" in said
