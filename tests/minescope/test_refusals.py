"""Wrong inputs of the first hour, as they happen: one clear line in either language, the right exit code."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minescope.main import run
from minescope.refusals import in_chinese

CHINESE = re.compile("[\u4e00-\u9fff]")


def cases(folder: Path) -> list[tuple[list[str], int, str, str]]:
    """Return command, exit code, and what is said in English and in Chinese."""
    (folder / "empty.pcap").write_bytes(b"")
    (folder / "text.pcap").write_text("no packets here\n")
    capture = "pcaps/btc_farm.pcap"
    at = f"{folder}/"
    return [
        (["replay", at + "none.pcap"], 2, "no such file or folder", "没有这个文件或文件夹"),
        (["replay", at + "*.none"], 2, "no file matches this pattern", "没有与此模式匹配的文件"),
        (["replay", at + "empty.pcap"], 2, "the file is empty", "文件为空"),
        (["replay", at + "text.pcap"], 2, "neither pcap nor pcapng", "既不是 pcap 也不是 pcapng"),
        (["replay", capture, "--json", "--csv"], 3, "exclude each other", "不能同时使用"),
        (["lookup", "banana"], 3, "not an IPv4 or IPv6 address", "不是 IPv4 或 IPv6 地址"),
        (["lookup", "192.0.2.1", "--at", "noon"], 3, "not an RFC 3339 time", "不是带时区的 RFC 3339 时间"),
        (["inspect", capture, "--frame", "999"], 3, "there is no frame 999", "没有第 999 帧"),
        (["inspect", at + "none.pcap", "--frame", "1"], 2, "No such file", "没有这个文件或目录"),
        (["registry", "import", at], 2, "no file here is named", "这里没有按"),
        (
            ["report", "weekly", "--region", "abc", "--week", "2026-W47"],
            3,
            "no division 'abc'",
            "未知区划代码",
        ),
    ]


@pytest.mark.parametrize("number", range(11))
def test_a_wrong_input_is_told_in_both_languages(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(Path(__file__).parents[2])
    (tmp_path / "in").mkdir()
    arguments, code, english, chinese = cases(tmp_path / "in")[number]
    for lang, wanted, other in (("en", english, chinese), ("zh", chinese, english)):
        monkeypatch.setenv("MINESCOPE_LANG", lang)
        assert run(arguments) == code
        said = capfd.readouterr().err
        assert wanted in said
        assert other not in said


@pytest.mark.parametrize(("lang", "wanted"), [("en", "no such interface"), ("zh", "没有这个网络接口")])
def test_an_interface_that_is_not_there_is_told(lang: str, wanted: str) -> None:
    # a process of its own: a probe gives up its rights for good
    done = subprocess.run(
        [sys.executable, "-m", "minescope", "probe", "nosuch0"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"MINESCOPE_LANG": lang},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert wanted in done.stderr


def test_a_port_in_use_is_told_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for lang, wanted in (("en", "Address already in use"), ("zh", "端口已被占用")):
            monkeypatch.setenv("MINESCOPE_LANG", lang)
            assert run(["serve", "--port", str(taken.getsockname()[1])]) == 3
            assert wanted in capfd.readouterr().err


def test_a_home_that_cannot_be_read_is_told_and_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "is_file", refused)
    assert run(["check"]) == 3
    assert "cannot be read: Permission denied" in capfd.readouterr().err


def test_places_and_unknown_sentences_stay_as_they_are() -> None:
    assert in_chinese("a b.pcap: the file is empty") == "a b.pcap：文件为空"
    assert in_chinese("x: y: never seen") == "x: y: never seen"
    assert CHINESE.search(in_chinese("/d: cannot create /d/e: Permission denied"))
