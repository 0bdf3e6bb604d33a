import re
import subprocess
from pathlib import Path

import pytest

from capture.sources.opening import find, open_source
from capture.sources.source import SourceError
from tests.conftest import ROOT

AT_ONCE = 500  # files in one call of capinfos: a command line has an end


def exceptions() -> dict[str, str]:
    """The files that docs/captures.md lists, with the reason."""
    section = (ROOT / "docs" / "captures.md").read_text("utf-8").split("## Equal to capinfos")[1]
    return dict(re.findall(r"^\| `(.+?)` \| (.+?) \|$", section, re.MULTILINE))


def told_by_capinfos(paths: list[str]) -> tuple[dict[str, tuple[int, int]], str]:
    """Packets and bytes of each file, and what capinfos complains of."""
    counts, complaints = {}, ""
    for start in range(0, len(paths), AT_ONCE):
        some = paths[start : start + AT_ONCE]
        done = subprocess.run(
            ["capinfos", "-M", "-c", "-d", "-T", "-r", *some], capture_output=True, text=True, check=False
        )
        complaints += done.stderr
        for line in done.stdout.splitlines():
            path, number, size = line.split("\t")
            counts[path] = int(number), int(size)
    return counts, complaints


def differing(corpus: Path, paths: list[str]) -> set[str]:
    """Read files and return those that capinfos counts differently or not at all, named as in the corpus."""
    counts, complaints = told_by_capinfos(paths)
    unlike = set()
    for path in paths:
        with open_source(path) as source:
            for part in source.blocks():
                records = part.records
                assert (records["start"].astype("i8") + records["caplen"] <= len(part.data)).all()
            assert source.position == source.size
        assert (f'"{path}" appears to have been cut short' in complaints) == bool(source.damage_counts) or (
            path not in counts
        )
        if counts.get(path) != (source.records, source.wire_bytes):
            unlike.add(str(Path(path).relative_to(corpus)))
    return unlike


def captures(corpus: Path) -> list[str]:
    """Every file of the corpus but its lists and its readme."""
    return [file.path for file in find([str(corpus)]).files if not file.path.endswith((".csv", ".md"))]


@pytest.mark.corpus
def test_packets_and_bytes_of_every_capture_equal_those_of_capinfos_but_for_those_listed(
    corpus: Path,
) -> None:
    assert differing(corpus, captures(corpus)) == set(exceptions())


@pytest.mark.corpus
def test_what_is_no_capture_in_the_corpus_is_refused_as_such(corpus: Path) -> None:
    for name in ("README.md", "index.csv", "truth.csv"):
        with pytest.raises(SourceError) as caught:
            open_source(str(corpus / name))
        assert caught.value.reason == "not-a-capture"
