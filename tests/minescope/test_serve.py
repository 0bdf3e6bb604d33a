"""`minescope serve` as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from minescope.main import run
from tests.api.stored import MINER, PURPOSE, filled


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("serve")
    filled(folder)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MINESCOPE_")}
    return clean | {"MINESCOPE_HOME": str(home)}


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "minescope", "serve", "--port", str(port), *arguments],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, port
    finally:
        process.kill()
        process.communicate(timeout=120)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_answers_and_ends_in_order(home: Path, number: signal.Signals) -> None:
    with running(home) as (process, port):
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        reference, example = process.stdout.readline(), process.stdout.readline()
        assert f"http://127.0.0.1:{port}/docs" in reference
        url = example.split("'")[3]
        assert "-H 'X-Purpose: " in example
        with urllib.request.urlopen(urllib.request.Request(url, headers=PURPOSE), timeout=120) as answer:
            assert MINER in {hit["address"] for hit in json.load(answer)["hits"]}
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "open: nobody is asked" in errors
        assert "minescope users add" in errors


def test_it_warns_when_others_can_reach_it(home: Path) -> None:
    with running(home, "--host", "0.0.0.0") as (process, port):
        assert process.stdout is not None
        assert f"http://localhost:{port}" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    assert "every look-up is refused" in errors
    assert "in clear unless a proxy" in errors


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MINESCOPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MINESCOPE_HOME", str(home))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and the complaint of a server that does not start."""
    code = run(["serve", *arguments])
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_a_port_in_use_is_told_and_exits_3(at_home: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, errors = refused(capsys, "--port", str(taken.getsockname()[1]))
    assert code == 3
    assert "in use" in errors


def test_a_wrong_port_exits_3(
    at_home: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, "--port", "70000")[0] == 3
    monkeypatch.setenv("MINESCOPE_PORT", "many")
    assert refused(capsys)[0] == 3


def test_a_database_that_cannot_be_opened_exits_2(
    at_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish = tmp_path / "rubbish.db"
    rubbish.write_bytes(b"this is no database, whatever its name says" * 100)
    monkeypatch.setenv("MINESCOPE_DATABASE_URL", f"sqlite:///{rubbish}")
    code, errors = refused(capsys, "--port", str(free_port()))
    assert code == 2
    assert errors.startswith("minescope: ")


def test_the_help_tells_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("--host", "--port", "/docs", "--open", "--closed", "X-Purpose", "Exit codes"):
        assert word in said


def resident_mb(process: subprocess.Popen[str], key: str) -> float:
    """`VmRSS` now or `VmHWM`, the most so far, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(key))


@pytest.mark.prove
def test_100000_addresses_are_streamed_in_bounded_memory(home: Path) -> None:
    asked = [
        {
            "address": MINER if n % 2 else f"192.0.{n >> 8 & 3}.{n & 255}",
            "at": "2026-03-01T08:00:00Z",
            "port": n & 65535,
        }
        for n in range(100_000)
    ]
    asked[777] = {"address": "rubbish"}
    with running(home) as (process, port):
        assert process.stdout is not None
        assert process.stdout.readline()
        before = resident_mb(process, "VmRSS")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/ips:lookup",
            json.dumps(asked).encode(),
            {"Content-Type": "application/json"} | PURPOSE,
        )
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=300) as answer:
            assert (answer.headers["MineScope-Entries"], answer.headers["MineScope-Invalid"]) == (
                "100000",
                "1",
            )
            for n, line in enumerate(answer):
                told = json.loads(line)
                if n == 777:
                    assert told["type"] == "error"
                else:
                    assert (told["address"], told["port"]) == (asked[n]["address"], asked[n]["port"])
        seconds = time.monotonic() - began
        grown = resident_mb(process, "VmHWM") - before
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert n == 99_999
    print(f"{100_000 / seconds:,.0f} addresses/s, {grown:.0f} MB more than at rest")
    assert grown < 150


def test_settings_of_access_hold_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    file = tmp_path / "access.toml"
    file.write_text(
        '[oidc]\nissuer = "http://127.0.0.1:9"\nclient_id = "m"\nredirect_uri = "http://127.0.0.1/back"\n'
    )
    with running(tmp_path) as (process, port):
        assert process.stdout is not None
        assert "answers at" in process.stdout.readline()
        for path, status in (("/v1/hits", 401), ("/v1/session/oidc", 503)):  # no account, and yet not open
            asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=PURPOSE)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(asked, timeout=60)
            assert caught.value.code == status
            caught.value.close()
    file.write_text("[audit]\ndurable = 3\n")
    with running(tmp_path) as (process, _):
        _, said = process.communicate(timeout=120)
        assert process.returncode == 3
        assert "access.toml: audit.durable" in said
