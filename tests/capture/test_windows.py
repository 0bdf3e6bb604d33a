import numpy as np
import pytest

from capture.records import Block
from capture.sieve.sieve import Sieve
from capture.windows import Window, Windows, WindowSettings
from facts.rhythm import CUT
from tests.capture.sieve.located import SECOND
from tests.capture.sieve.located import START as BEGIN
from tests.capture.test_rhythm import crowd_of, joined, key_of, talk

WINDOW = 100 * SECOND


def windows_of(sieve: Sieve, block: Block, settings: WindowSettings, pieces: int = 50) -> list[Window]:
    """What a worker would hand out, its block cut in pieces."""
    leaving, found = Windows(sieve, settings), []
    for first in range(0, len(block.records), pieces):
        for _ in sieve.push(Block(block.data, block.records[first : first + pieces])):
            expired = sieve.expired
            if len(expired):
                found += leaving.gone(expired)
        found += leaving.due()
    return [*found, *leaving.end()]


def test_one_window_holds_the_whole_run() -> None:
    sieve = Sieve(seed=1)
    (flows, last) = windows_of(sieve, joined(talk(40), crowd_of(30, BEGIN)), WindowSettings(None, True))
    assert len(flows.flows) == sieve.created == 31
    assert last.last
    assert len(last.candidates.flows) == 1
    assert last.until_ns == BEGIN + 39 * 5 * SECOND


def test_without_records_there_are_candidates_alone() -> None:
    (last,) = windows_of(Sieve(seed=1), talk(40), WindowSettings())
    assert len(last.flows) == 0
    assert len(last.candidates.packets) == 40


def test_windows_share_the_packets_of_a_flow_out_and_repeat_none() -> None:
    sieve = Sieve(seed=1)
    found = windows_of(sieve, talk(200), WindowSettings(WINDOW, True), pieces=1)
    rows = [window.candidates.packets for window in found if len(window.candidates.packets)]
    assert len(rows) >= 9
    assert [some["marks"][0] & CUT for some in rows] == [0] + [CUT] * (len(rows) - 1)
    at = np.concatenate([some["at_ns"] for some in rows])
    assert at.tolist() == [BEGIN + n * 5 * SECOND for n in range(len(at))]
    assert len(at) >= 190  # what is less than a minute at the end is no candidate
    records = [window.flows for window in found if len(window.flows)]
    assert [len(some) for some in records] == [1] * len(records)
    assert [int(some["packets"].sum()) for some in records] == sorted(
        int(s["packets"].sum()) for s in records
    )
    assert int(records[-1]["packets"].sum()) == 200


def test_a_window_holds_only_flows_that_sent_something_in_it() -> None:
    sieve = Sieve(seed=1)
    block = joined(talk(60), crowd_of(25, BEGIN + SECOND), crowd_of(5, BEGIN + 150 * SECOND, 1000))
    counts = [len(window.flows) for window in windows_of(sieve, block, WindowSettings(WINDOW, True), 1)]
    assert [count for count in counts if count] == [26, 6, 1]


@pytest.mark.parametrize("settings", [WindowSettings(None, True), WindowSettings(WINDOW, True)])
def test_flows_that_the_table_gave_up_are_handed_out_too(settings: WindowSettings) -> None:
    sieve = Sieve(seed=1, capacity=512, cap=512)
    block = joined(talk(30), *(crowd_of(900, BEGIN + at * SECOND, 900 * at) for at in range(1, 5)))
    found = windows_of(sieve, block, settings)
    flows = np.concatenate([window.flows for window in found])
    assert sieve.evicted > 0
    assert len({key_of(flow) for flow in flows}) == 3601
    assert len({(key_of(flow), int(flow["first_ns"])) for flow in flows}) == sieve.created
