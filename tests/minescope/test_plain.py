"""A plain command line means without Typer what it means with it, and everything else is left to Typer."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minescope.replay
from minescope.commands import by_typer
from minescope.plain import SWITCHES, VALUES, plain
from minescope.replaying import Wanted

ROOT = Path(__file__).parents[2]
words = st.one_of(
    st.sampled_from([*SWITCHES, "-"]), st.text(min_size=1, max_size=9).filter(lambda word: word[0] != "-")
)


def by_typer_wanted(arguments: list[str]) -> Wanted:
    asked: list[Wanted] = []

    def take(wanted: Wanted) -> int:
        asked.append(wanted)
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minescope.replay, "run", take)
        for name in VALUES:
            patch.delenv(name, raising=False)
        assert by_typer(arguments) == 0
    (wanted,) = asked
    return wanted


@settings(deadline=None, max_examples=60)  # each makes all that Typer makes of a command
@given(st.lists(words, max_size=6), words.filter(lambda word: word not in SWITCHES), st.integers(0, 6))
def test_a_plain_command_line_means_the_same_by_typer(some: list[str], path: str, place: int) -> None:
    arguments = ["replay", *some[:place], path, *some[place:]]
    assert plain(arguments, {}) == by_typer_wanted(arguments)


@pytest.mark.parametrize(
    "line",
    [
        "", "probe lo", "replay", "replay --json", "replay --help", "replay x -h", "replay x --",
        "replay -- -x", "replay x --cap 5000", "replay x --cap=5000", "replay x --jsn", "replay x -qj2",
        "replay x --lang zh",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_typer(line: str) -> None:
    assert plain(line.split(), {}) is None


@pytest.mark.parametrize("name", VALUES)
def test_options_from_the_environment_are_left_to_typer(name: str) -> None:
    assert plain(["replay", "x"], {}) == Wanted(paths=["x"])
    assert plain(["replay", "x"], {name: "1"}) is None


def test_a_plain_replay_imports_no_parser_of_command_lines() -> None:
    code = (
        "import sys; from minescope.main import run; run(['replay', '-q', '--json', 'pcaps/btc_farm.pcap']); "
        "print([m for m in ('typer', 'pydantic', 'rich', 'email') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
