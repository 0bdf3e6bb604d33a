"""The door of the main job: what it writes, in which form and language, and how it ends."""

import csv
import io
import json
import os
import pty
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from minescope.main import run
from tests.capture.sieve.frames import SYN, tcp

ROOT = Path(__file__).parents[2]
PCAPS = ROOT / "pcaps"
SAMPLE = str(ROOT / "registry" / "sample")

VERDICT = {
    "type", "source", "address", "role", "level", "score", "protocols", "coins", "algorithms", "encrypted",
    "peers", "first_seen", "last_seen", "agents", "wallets", "workers", "pools", "hashrate", "rigs",
    "machines", "power_kw", "energy_kwh", "evidence", "attribution", "cluster",
}  # fmt: skip
PEER = {"address", "port", "role", "protocol", "state"}
EVIDENCE = {"kind", "because", "source", "frame", "time", "weight", "count"}
ATTRIBUTION = {
    "certain", "enterprise", "uscc", "line", "site", "division", "address", "longitude", "latitude", "datum",
    "valid_from", "valid_to", "candidates", "missing",
}  # fmt: skip
COUNTS = {"type", "packets", "parsed", "skipped", "damage", "flows", "bytes", "tagged_flows", "released"}
SUMMARY = COUNTS | {"files", "seconds", "packets_per_second"}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def replayed(printed: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    status = run(["replay", "--json", "-q", "--lang", "en", *arguments])
    return status, lines(printed.readouterr().out)


def test_every_key_of_the_contract_is_always_there(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = replayed(capsys, "--registry", SAMPLE, "--each", *map(str, sorted(PCAPS.glob("*.pcap*"))))
    assert status == 1
    verdicts = [line for line in out if line["type"] == "verdict"]
    assert len(verdicts) > 30
    for verdict in verdicts:
        assert set(verdict) == VERDICT
        assert all(set(peer) == PEER for peer in verdict["peers"])
        assert all(set(piece) == EVIDENCE for piece in verdict["evidence"])
        assert verdict["evidence"], verdict["address"]
        assert set(verdict["attribution"]) == ATTRIBUTION
        assert 0 <= verdict["score"] <= 1
    assert all(set(line) == COUNTS | {"source"} for line in out if line["type"] == "file")
    assert set(out[-1]) == SUMMARY
    assert out[-1]["type"] == "summary"


def test_a_verdict_names_whose_the_address_was_at_the_time_of_the_traffic(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out = replayed(capsys, "--registry", SAMPLE, str(PCAPS / "btc_farm.pcap"))
    owner = next(line["attribution"] for line in out if line.get("role") == "miner")
    assert owner["certain"]
    assert (owner["uscc"], owner["division"]) == ("91990101MADEUP0132", "990101")
    assert (owner["longitude"], owner["latitude"], owner["datum"]) == (0.1012, 0.2034, "WGS-84")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["pcaps/nodes.pcap.lz4"], 0),
        (["pcaps/unanswered.pcap"], 0),
        (["pcaps/btc_farm.pcap"], 1),
        (["pcaps/btc_farm.pcap", "pcaps/missing.pcap"], 2),
        (["README.md"], 2),
        (["pcaps/*.nothing"], 2),
        (["pcaps/makers"], 0),
        (["--json", "--csv", "pcaps/btc_farm.pcap"], 3),
        (["--jobs", "2", "pcaps/btc_farm.pcap"], 3),
        (["--jobs", "0", "pcaps/btc_farm.pcap"], 3),
        (["--all", "--role", "pool", "pcaps/btc_farm.pcap"], 3),
        (["--no-such-option", "pcaps/btc_farm.pcap"], 3),
        ([], 3),
    ],
)
def test_the_exit_code_is_that_of_the_contract(
    arguments: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert run(["replay", "-q", *arguments]) == status


def test_a_fault_of_the_program_is_not_taken_for_a_find() -> None:
    code = (
        "import sys, pipeline.scan; sys.argv = ['minescope', 'replay', '-q', 'pcaps/btc_farm.pcap']; "
        "pipeline.scan.Scan.__iter__ = lambda scan: 1 / 0; from minescope.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr


def test_a_path_that_cannot_be_read_is_named_though_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "-q", str(PCAPS / "missing.pcap")]) == 2
    assert "missing.pcap: no such file or folder" in capsys.readouterr().err


def test_what_is_no_capture_inside_a_folder_is_skipped_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("not a capture")
    (tmp_path / "farm.pcap").write_bytes((PCAPS / "btc_farm.pcap").read_bytes())
    status, out = replayed(capsys, str(tmp_path))
    assert status == 1
    assert [line["reason"] for line in out if line["type"] == "skipped"] == ["not-a-capture"]
    assert out[-1]["damage"] == {"not-a-capture": 1}
    assert {line["source"] for line in out if line["type"] == "verdict"} == {str(tmp_path)}


def test_damage_is_named_with_file_frame_and_offset(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = replayed(capsys, str(PCAPS / "cut_short.pcap"))
    damage = next(line for line in out if line["type"] == "skipped")
    assert (damage["frame"], damage["offset"], damage["reason"]) == (142, 20902, "truncated-record")


def test_each_file_is_a_world_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    farm, lossy = str(PCAPS / "btc_farm.pcap"), str(PCAPS / "lossy.pcap")
    _, together = replayed(capsys, farm, lossy)
    _, alone = replayed(capsys, "--each", farm, lossy)
    pools = [line for line in together if line.get("role") == "pool"]
    assert [sorted(peer["address"] for peer in pool["peers"]) for pool in pools] == [
        ["192.0.2.21", "192.0.2.33"]
    ]
    assert [line["source"] for line in alone if line.get("role") == "pool"] == [farm, lossy]
    assert [line["source"] for line in alone if line["type"] == "file"] == [farm, lossy]


def test_several_jobs_say_what_one_says(capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        str(PCAPS / name) for name in ("btc_farm.pcap", "lossy.pcap", "zec_rig.pcap.bz2", "nodes.pcap.lz4")
    ]
    _, one = replayed(capsys, "--each", *files)
    _, two = replayed(capsys, "--each", "--jobs", "2", *files)
    assert one[:-1] == two[:-1]


def test_a_connection_may_begin_in_one_file_and_end_in_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (PCAPS / "btc_farm.pcap").read_bytes()
    cut, at = len(whole) // 2, 24
    while at < cut:
        at += 16 + int.from_bytes(whole[at + 8 : at + 12], "little")
    (tmp_path / "1.pcap").write_bytes(whole[:at])
    (tmp_path / "2.pcap").write_bytes(whole[:24] + whole[at:])
    _, split = replayed(capsys, str(tmp_path))
    _, once = replayed(capsys, str(PCAPS / "btc_farm.pcap"))

    def said(out: list[dict[str, Any]]) -> list[Any]:
        return [
            (
                line["address"],
                line["role"],
                line["score"],
                [(e["kind"], e["count"]) for e in line["evidence"]],
            )
            for line in out
            if line["type"] == "verdict"
        ]

    assert said(split) == said(once)
    assert split[-1]["flows"] == once[-1]["flows"]


def test_standard_input_is_read_compressed_or_not() -> None:
    with (PCAPS / "tunnels.pcap.zst").open("rb") as capture:
        done = subprocess.run(
            [sys.executable, "-m", "minescope", "replay", "-", "--json"],
            stdin=capture,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1, done.stderr
    assert {line["source"] for line in lines(done.stdout) if line["type"] == "verdict"} == {"-"}


def test_csv_has_a_header_and_a_row_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["replay", "--csv", "-q", "--lang", "zh", "--registry", SAMPLE, str(PCAPS / "btc_farm.pcap")])
        == 1
    )
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["address"], row["role"], row["level"]) for row in rows] == [
        ("192.0.2.21", "miner", "confirmed"),
        ("203.0.113.10", "pool", "confirmed"),
    ]
    assert rows[0]["enterprise"] == "示例企业甲数据服务有限公司"
    assert rows[0]["peers"] == "203.0.113.10:3333/stratum-bitcoin/exchange"


def test_a_cell_that_a_spreadsheet_would_run_is_defused() -> None:
    from minescope.output import _cell

    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert _cell("-") == "-"
    assert _cell("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize(("lang", "words"), [("en", "confirmed"), ("zh", "确认")])
def test_the_table_speaks_both_languages(lang: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "-q", "--lang", lang, "--registry", SAMPLE, str(PCAPS / "btc_farm.pcap")]) == 1
    table = capsys.readouterr().out
    assert words in table
    assert "192.0.2.21" in table
    assert "示例企业甲" in table
    assert "216" in table


def test_the_language_comes_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINESCOPE_LANG", raising=False)
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    run(["replay", "-q", str(PCAPS / "nodes.pcap.lz4")])
    assert "未发现挖矿" in capsys.readouterr().out


def test_all_shows_what_was_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    run(["replay", "-q", "--lang", "en", str(PCAPS / "pool_names.pcap")])
    assert "cleared" not in capsys.readouterr().out
    run(["replay", "-q", "--lang", "en", "--all", str(PCAPS / "pool_names.pcap")])
    assert "cleared" in capsys.readouterr().out


def test_progress_is_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from minescope import progress
    from pipeline.scan import Reading

    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    with progress.Progress(quiet=False) as shown:
        shown(Reading(files=3, files_done=1, packets=5000, bytes_read=30, bytes_total=60))
    assert err.getvalue().startswith("minescope: 50%, file 2 of 3, 5,000 packets, ")


def test_progress_is_a_bar_on_a_terminal(tmp_path: Path) -> None:
    """The reader sees a bar with packets/s drawn on a real terminal."""
    big = tmp_path / "big.pcap"
    farm = (PCAPS / "btc_farm.pcap").read_bytes()
    big.write_bytes(farm[:24] + farm[24:] * 3000)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "minescope", "replay", str(big), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            data = os.read(ours, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
    assert process.wait(timeout=60) == 1
    os.close(ours)
    assert b"packets/s" in seen
    assert b"\x1b[" in seen


def test_store_keeps_the_verdicts_and_nothing_is_kept_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    farm = str(PCAPS / "btc_farm.pcap")
    assert run(["replay", "-q", farm]) == 1
    assert not (tmp_path / "home").exists()
    assert run(["replay", "-q", "--store", farm]) == 1
    assert run(["replay", "-q", "--store", farm]) == 1
    capsys.readouterr()
    assert run(["lookup", "192.0.2.21", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [(v["role"], v["level"]) for v in answer["verdicts"]] == [("miner", "confirmed")]


def test_replay_imports_nothing_heavy() -> None:
    code = (
        "import sys; from minescope.main import run; run(['replay', '-q', 'pcaps/btc_farm.pcap']); "
        "heavy = 'numba sklearn scapy fastapi sqlalchemy multiprocessing registry.attribution'.split(); "
        "print([m for m in heavy if m in sys.modules])"
    )
    for _ in range(2):  # where the kernels had to be compiled, the next run finds them
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_imports_no_arrays() -> None:
    code = (
        "import sys; from minescope.main import run; run(['--help']); "
        "print([m for m in ('numpy', 'llvmlite', 'pydantic', 'capture', 'classifier') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_help_of_every_command_tells_its_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    alone = ("replay", "probe", "lookup", "serve", "inspect", "check")
    grouped = (
        "registry load",
        "registry import",
        "pools update",
        "store backup",
        "users add",
        "audit verify",
    )
    for command in (*alone, *grouped):
        assert run([*command.split(), "--help"]) == 0
        said = capsys.readouterr().out
        assert "Exit" in said, command
    assert run(["--version"]) == 0


def test_the_flow_table_can_be_capped_and_what_it_gave_up_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    frames = [tcp(seq=9, flags=SYN, sport=1_024 + n) for n in range(20_000)]
    records = (struct.pack("<IIII", 1_700_000_000, 0, len(one), len(one)) + one for one in frames)
    (tmp_path / "scan.pcap").write_bytes(head + b"".join(records))
    assert run(["replay", str(tmp_path / "scan.pcap"), "--json", "-q", "--cap", "1024"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["flows"] == summary["packets"] == 20_000
    assert 20_000 - 1_024 <= summary["released"]["flow-table-full"] < 20_000
    assert run(["replay", str(tmp_path / "scan.pcap"), "--json", "-q", "--cap", "9"]) == 3


def test_the_readme_shows_what_a_replay_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, _, shown = readme.partition("```\n$ minescope ")[2].partition("\n")
    printed = subprocess.run(
        [sys.executable, "-m", "minescope", *command.split(), "-q", "--lang", "en"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    table, told = (
        [line.partition("inspected;")[0].rstrip() for line in text.splitlines() if line.strip()]
        for text in (printed, shown.partition("\n```")[0])  # but for how long it took
    )
    assert len(table) > 20
    assert told == table
