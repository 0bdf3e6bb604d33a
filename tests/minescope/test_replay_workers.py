"""Several threads find what one finds."""

import gzip
import json
from pathlib import Path

import pytest

from facts.errors import UsageError
from minescope.replay import replay

SAMPLES = Path(__file__).parents[2] / "pcaps"


def told(capsys: pytest.CaptureFixture[str], folder: Path, workers: int | None, each: bool) -> list[object]:
    replay([str(folder)], each=each, workers=workers, as_json=True, quiet=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for key in ("seconds", "packets_per_second"):
        del lines[-1][key]
    return lines


@pytest.mark.parametrize("each", [False, True])
def test_what_is_found_does_not_depend_on_how_many_threads_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, each: bool
) -> None:
    for number, path in enumerate(sorted(SAMPLES.rglob("*.pcap*"))):
        if path.suffix in (".pcap", ".pcapng"):
            data = path.read_bytes()
            packed = number % 3 == 0
            (tmp_path / f"{number:03}-{path.name}{'.gz' if packed else ''}").write_bytes(
                gzip.compress(data, 1) if packed else data
            )
    alone = told(capsys, tmp_path, 1, each)
    assert len(alone) > 50
    for workers in (None, 2, 5):
        assert told(capsys, tmp_path, workers, each) == alone


def test_threads_and_processes_are_not_both_to_be_had() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        replay(["-"], each=True, jobs=2, workers=2)
