"""The rhythm log of real captures against the plain reading."""

import csv
from pathlib import Path

import pytest

from capture.sieve.sieve import Sieve
from capture.sources.opening import open_source
from capture.sources.source import SourceError
from tests.capture.rhythm_oracle import Oracle, Strange, read
from tests.capture.sieve.located import sift
from tests.capture.test_rhythm import by_flow, logged
from tests.conftest import ROOT


def compare(path: Path) -> int | None:
    """Compare one capture; return its candidates, None where the plain reading does not know all it holds."""
    oracle, sieve, count = Oracle(), Sieve(seed=1), 0
    with open_source(str(path)) as source:
        for block in source.blocks():
            for packet in read([block]):
                oracle.take(packet)
                count += 1
            sift(sieve, block)
    if sieve.parsed != count or sieve.rhythm.forgotten or sieve.fragments[0]:
        return None
    assert logged(sieve) == oracle.rows
    found = by_flow(sieve.candidates())
    assert found == oracle.candidates()
    return len(found)


def compared(paths: list[Path]) -> list[int]:
    found = []
    for path in paths:
        try:
            count = compare(path)
        except (Strange, SourceError):
            continue
        if count is not None:
            found.append(count)
    return found


def test_the_logs_of_our_samples_are_what_a_plain_reading_says() -> None:
    found = compared(sorted(path for path in (ROOT / "pcaps").iterdir() if ".pcap" in path.name))
    assert len(found) >= 5


def in_corpus(corpus: Path, least: int, most: int) -> list[Path]:
    with (corpus / "index.csv").open() as file:
        return [
            corpus / row["path"] for row in csv.DictReader(file) if least <= int(row["packets"] or 0) < most
        ]


@pytest.mark.corpus
def test_the_logs_of_real_captures_are_what_a_plain_reading_says(corpus: Path) -> None:
    found = compared(in_corpus(corpus, 20, 600))
    assert len(found) >= 200
    assert sum(found) >= 5


@pytest.mark.corpus
@pytest.mark.prove
def test_the_logs_of_long_real_captures_are_what_a_plain_reading_says(corpus: Path) -> None:
    found = compared(in_corpus(corpus, 600, 200_000))
    assert len(found) >= 50
    assert sum(found) >= 30
