import os
import signal
import time
from multiprocessing import active_children

import pytest

from capture.workers import Crash, each_file
from facts.errors import ReadError
from facts.where import Where


def length_of(path: str) -> tuple[str, int]:
    """Stands for the work on one file; some names make it fail in one way or another."""
    if path == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if path == "exits":
        os._exit(3)
    if path == "unreadable":
        raise ReadError("no capture", Where(path))
    if path.startswith("slow"):
        time.sleep(0.2)
    return path, len(path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_files(jobs: int) -> None:
    paths = ["slow one", *(f"file {n}" for n in range(40)), "slow two", "last"]
    assert list(each_file(length_of, paths, jobs)) == [(path, len(path)) for path in paths]


def test_a_crash_costs_its_file_only_and_names_it() -> None:
    paths = ["a", "killed", "b", "unreadable", "exits", "c", "killed"]
    assert list(each_file(length_of, paths, 2)) == [
        ("a", 1),
        Crash("killed", "its worker process ended by signal 9"),
        ("b", 1),
        Crash("unreadable", "unreadable: no capture"),
        Crash("exits", "its worker process ended with exit code 3"),
        ("c", 1),
        Crash("killed", "its worker process ended by signal 9"),
    ]


def test_an_unreadable_file_is_a_crash_in_one_process_too() -> None:
    assert list(each_file(length_of, ["unreadable", "b"], 1)) == [
        Crash("unreadable", "unreadable: no capture"),
        ("b", 1),
    ]


def test_stopping_early_leaves_no_process_behind() -> None:
    results = each_file(length_of, [f"slow {n}" for n in range(20)], 2)
    assert next(results) == ("slow 0", 6)
    results.close()  # type: ignore[attr-defined]
    assert not active_children()
