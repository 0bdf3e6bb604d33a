"""What MineScope says of each sample capture, compared with the golden JSON beside it."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from capture.sources.opening import open_source
from minescope.main import run
from pcaps.makers.__main__ import MAKERS

PCAPS = Path(__file__).parents[2] / "pcaps"
HELPERS = {"__init__", "__main__", "dialect_tape", "making", "stratum_lines"}


def captures() -> list[Path]:
    return sorted(path for path in PCAPS.iterdir() if ".pcap" in path.name)


def said_of(capture: Path, printed: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert run(["replay", "--json", "--lang", "en", "-q", capture.name]) in (0, 1)
    said = []
    for line in map(json.loads, printed.readouterr().out.splitlines()):
        if line["type"] == "verdict":
            much = how_much(line)
            line = {
                key: line[key]
                for key in ("address", "role", "level", "protocols", "coins", "peers", "evidence")
            }
            line |= much
            line["evidence"] = [
                {key: piece[key] for key in ("kind", "because", "frame")} for piece in line["evidence"]
            ]
        elif line["type"] == "summary":
            del line["seconds"], line["packets_per_second"]
        said.append(line)
    return said


def how_much(line: dict[str, Any]) -> dict[str, Any]:
    """Return what a verdict says of hashrate, machines and power, to three digits."""
    told: dict[str, Any] = {}
    if line["hashrate"]:
        told["hashrate"] = [
            f"{one['algorithm']} {one['value']:.3g} ({one['low']:.3g} to {one['high']:.3g}) H/s, shares "
            f"{one['shares']} stale {one['stale']} rejected {one['rejected']}"
            for one in line["hashrate"]
        ]
    if line["machines"]:
        told["machines"] = line["machines"]
    if line["power_kw"]:
        told["power_kw"] = {key: float(f"{line['power_kw'][key]:.3g}") for key in ("value", "low", "high")}
    return told


@pytest.mark.parametrize("capture", captures(), ids=lambda path: path.name)
def test_a_sample_says_what_its_golden_holds(
    capture: Path, golden: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PCAPS)
    said = said_of(capture, capsys)
    file = PCAPS / "golden" / f"{capture.name}.json"
    if golden:
        lines = ",\n".join(json.dumps(line, ensure_ascii=False, indent=1) for line in said)
        file.write_text(f"[\n{lines}\n]\n", "utf-8")
    assert said == json.loads(file.read_text("utf-8"))


def packets(capture: Path) -> list[tuple[int, bytes]]:
    with open_source(str(capture)) as source:
        return [
            (int(row["time_ns"]), block.data[row["start"] : row["start"] + row["caplen"]].tobytes())
            for block in source.blocks()
            for row in block.records
        ]


def test_every_maker_is_named_and_has_its_capture() -> None:
    assert set(MAKERS) == {path.stem for path in (PCAPS / "makers").glob("*.py")} - HELPERS
    assert len(captures()) == len(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_a_maker_builds_the_same_packets_again(name: str, tmp_path: Path) -> None:
    maker = import_module(f"pcaps.makers.{name}")
    again = tmp_path / maker.FILE
    again.write_bytes(maker.make())
    # Compressors differ between their versions, so what is compared is what is inside.
    assert packets(again) == packets(PCAPS / maker.FILE)
