"""The corpus proof: every capture replayed in one process, judged row by row, and the counts add up."""

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.judging import answered, by_address, false_alarms, truth, wrong_with

SAMPLE = 260
"""Negative captures of the quick test: a tenth."""


def replay(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-m", "minescope", "replay", "--json", "--lang", "en", *arguments],
        capture_output=True,
        text=True,
        timeout=1500,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def index(corpus: Path) -> dict[str, dict[str, str]]:
    with (corpus / "index.csv").open(encoding="utf-8") as rows:
        return {row["path"]: row for row in csv.DictReader(rows)}


def judge(lines: list[dict[str, Any]], corpus: Path, paths: set[str]) -> None:
    verdicts = [line for line in lines if line["type"] == "verdict"]
    found = by_address(verdicts, corpus)
    rows = [row for row in truth(corpus) if row.path in paths]
    both = answered(rows)
    wrong = {
        row: why
        for row in rows
        if (why := wrong_with(row, found, (row.path, row.server, row.port, row.client) in both))
    }
    assert not wrong, f"{len(wrong)} rows: {list(wrong.items())[:20]}"
    negatives = {path for path, row in index(corpus).items() if row["kind"] == "negative"}
    assert not false_alarms(verdicts, corpus, negatives)


def adds_up(lines: list[dict[str, Any]], files: int) -> None:
    summary = lines[-1]
    assert summary["type"] == "summary"
    assert summary["packets"] == summary["parsed"] + sum(summary["skipped"].values())
    each = [line for line in lines if line["type"] == "file"]
    assert len(each) == files == summary["files"]
    for key in ("packets", "parsed", "flows", "bytes", "tagged_flows"):
        assert summary[key] == sum(line[key] for line in each), key
    for line in each:
        assert line["packets"] == line["parsed"] + sum(line["skipped"].values()), line["source"]


@pytest.mark.corpus
def test_a_tenth_of_the_corpus_is_judged_right(corpus: Path) -> None:
    rows = index(corpus)
    positives = [path for path, row in rows.items() if row["kind"] == "positive"]
    negatives = [path for path, row in rows.items() if row["kind"] == "negative"]
    paths = positives + random.Random(2).sample(sorted(negatives), SAMPLE)
    status, lines, errors = replay("--each", *(str(corpus / path) for path in paths))
    assert status in (1, 2), errors
    judge(lines, corpus, set(paths))
    unreadable = len(paths) - len([line for line in lines if line["type"] == "file"])
    adds_up(lines, len(paths) - unreadable)


@pytest.mark.corpus
@pytest.mark.prove
def test_the_whole_corpus_is_judged_right_in_one_process(corpus: Path) -> None:
    status, lines, errors = replay("--each", str(corpus))
    assert status == 1, errors
    judge(lines, corpus, set(index(corpus)))
    adds_up(lines, len([line for line in lines if line["type"] == "file"]))
