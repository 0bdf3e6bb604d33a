"""The targets of the coverage-guided fuzzer: every parser has one, and it runs."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.parser import Parser, Side
from protocols.table import PARSERS
from tests.fuzz.atheris_target import input_of, steps_of, target
from tests.fuzz.seeds import seeds

ROOT = Path(__file__).parents[2]
RUNS = 20_000


@pytest.mark.parametrize("kind", PARSERS, ids=lambda kind: kind.name)
def test_every_parser_has_a_target_that_takes_its_seeds_and_any_bytes(kind: type[Parser]) -> None:
    once = target(kind)
    for talk in seeds()[kind]:
        once(input_of(talk))
    for data in (b"", b"\0", b"\0\xff\xff", b"\x81\x01\x00\x00\x00\x02ab", bytes(range(256)) * 4):
        once(data)


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=300)), max_size=20))
@settings(max_examples=50)
def test_a_conversation_is_written_as_an_input_and_read_back(said: list[tuple[Side, bytes]]) -> None:
    said = [(side, data) for side, data in said if data]
    assert steps_of(input_of(tuple(said))) == said


@pytest.mark.prove
@pytest.mark.parametrize("kind", PARSERS, ids=lambda kind: kind.name)
def test_the_coverage_guided_fuzzer_finds_nothing(kind: type[Parser]) -> None:
    assert find_spec("atheris") is not None, "atheris belongs to the development dependencies"
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.atheris_target", kind.name, f"-runs={RUNS}", "-max_len=20000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS}" in done.stderr
