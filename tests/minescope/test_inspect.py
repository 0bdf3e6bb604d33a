"""`minescope inspect`: one frame, by tshark, by scapy, as bytes."""

import bz2
import gzip
import json
import lzma
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from minescope.main import run

# Ethernet, IPv4, TCP with payload and UDP: three frames, made by hand as the RFCs draw them.
MACS = bytes.fromhex("020000000002 020000000001".replace(" ", ""))


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol: int, payload: bytes) -> bytes:
    ends = bytes([192, 0, 2, 200, 203, 0, 113, 40])
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    head = head[:10] + struct.pack(">H", checksum(head + ends)) + ends
    return MACS + b"\x08\x00" + head + payload


def tcp(sequence: int, data: bytes) -> bytes:
    return ipv4(6, struct.pack(">HHIIBBHHH", 40123, 3333, sequence, 1, 0x50, 0x18, 1024, 0, 0) + data)


LINE = b'{"id":1,"method":"mining.subscribe","params":["cpuminer/2.5.1"]}\n'
FRAMES = [tcp(1, LINE[:20]), tcp(21, LINE[20:]), ipv4(17, struct.pack(">HHHH", 5353, 9999, 12, 0) + b"ping")]


def pcap(frames: list[bytes], link: int = 1) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    return head + b"".join(
        struct.pack("<IIII", 1_772_352_000 + n, 5, len(frame), len(frame)) + frame
        for n, frame in enumerate(frames)
    )


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
    ".lz4": lz4.frame.compress,
}


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    file = tmp_path / "three.pcap"
    file.write_bytes(pcap(FRAMES))
    return file


@pytest.fixture
def no_tshark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


def test_tshark_is_there_for_these_tests() -> None:
    assert shutil.which("tshark")


@pytest.mark.parametrize("packed", PACKERS)
def test_the_tree_of_a_frame_is_shown_however_the_capture_is_packed(
    tmp_path: Path, packed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"three.pcap{packed}"
    file.write_bytes(PACKERS[packed](pcap(FRAMES)))
    assert run(["inspect", str(file), "--frame", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Frame 2: ")
    assert "Transmission Control Protocol, Src Port: 40123, Dst Port: 3333" in said
    assert "Frame 1:" not in said
    assert "Frame 3:" not in said


def test_without_tshark_scapy_shows_the_frame(
    capture: Path, no_tshark: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(capture), "--frame", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Frame 2: ")
    assert "2026-03-01T08:00:01.000005Z" in said
    assert "###[ TCP ]###" in said
    assert "40123" in said


def test_json_by_tshark_names_the_decoder_and_its_layers(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(capture), "-f", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["decoder"], told["frame"], told["source"]) == ("tshark", 3, str(capture))
    assert (told["captured"], told["length"], told["link"]) == (46, 46, 1)
    assert told["time"] == "2026-03-01T08:00:02.000005Z"
    assert told["layers"]["udp"]["udp.dstport"] == "9999"


def test_json_by_scapy_names_the_decoder_and_its_layers(
    capture: Path, no_tshark: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(capture), "-f", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["decoder"] == "scapy"
    assert [part["layer"] for part in told["layers"]][:3] == ["Ethernet", "IP", "UDP"]
    assert told["layers"][2]["fields"]["dport"] == 9999


def test_raw_is_the_frame_as_captured(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(capture), "--frame", "1", "--raw"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert bytes.fromhex("".join(row[6:53] for row in rows)) == FRAMES[0]
    assert rows[1].startswith("0010  ")
    assert rows[3].endswith('......{"id":1,"m')


def test_a_link_type_that_scapy_does_not_know_is_shown_as_bytes(
    tmp_path: Path, no_tshark: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "odd.pcap"
    file.write_bytes(pcap([b"\x01\x02\x03\x04"], link=147))  # LINKTYPE_USER0
    assert run(["inspect", str(file), "--frame", "1"]) == 0
    assert "###[ Raw ]###" in capsys.readouterr().out


def test_a_frame_beyond_the_end_is_told_with_the_count(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(capture), "--frame", "4"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "holds 3 frames" in captured.err


def test_a_frame_before_the_damage_is_shown_and_one_behind_it_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cut.pcap"
    file.write_bytes(pcap(FRAMES)[:-10])
    assert run(["inspect", str(file), "--frame", "2"]) == 0
    assert capsys.readouterr().out.startswith("Frame 2: ")
    assert run(["inspect", str(file), "--frame", "3"]) == 3
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing.pcap", "rubbish.pcap", "."])
def test_a_file_that_cannot_be_read_exits_2(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rubbish.pcap").write_bytes(b"this is no capture at all, not even nearly")
    assert run(["inspect", str(tmp_path / name), "--frame", "1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("minescope: ")


@pytest.mark.parametrize(
    "arguments", [["--frame", "0"], [], ["--frame", "x"], ["--frame", "1", "--json", "--raw"]]
)
def test_wrong_usage_exits_3(capture: Path, arguments: list[str]) -> None:
    assert run(["inspect", str(capture), *arguments]) == 3


def test_standard_input_is_refused() -> None:
    assert run(["inspect", "-", "--frame", "1"]) == 3
