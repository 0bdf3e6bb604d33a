"""Channels of Stratum V2 and their groups: lazily told, and yet as if each channel had been told at once."""

import time
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.sv2_channels import MAX_FUTURE, MAX_LATE, Channels

GROUPS = {1: 10, 2: 10, 3: 11, 4: None}


class Told:
    """What each channel is worth, told to all of them at once."""

    def __init__(self) -> None:
        self.hashes: dict[int, float | None] = dict.fromkeys(GROUPS, 1.0)
        self.future: dict[int, deque[int]] = {number: deque(maxlen=MAX_FUTURE) for number in GROUPS}
        self.jobs: dict[tuple[int, int], float | None] = {}

    def of(self, number: int) -> list[int]:
        return [one for one, group in GROUPS.items() if number in (one, group)]

    def target(self, number: int, hashes: float) -> None:
        for one in self.of(number):
            self.hashes[one] = hashes
            self.jobs |= {(one, job): hashes for job in self.future[one]}

    def block(self, number: int) -> None:
        for one in self.of(number):
            self.future[one].clear()

    def job(self, number: int, job: int, waits: bool) -> None:
        if waits:
            self.future[number].append(job)
        self.jobs[number, job] = self.hashes[number]


def opened() -> Channels:
    channels = Channels()
    for number, group in GROUPS.items():
        channels.open(number, 1.0, None, group)
    return channels


def worth(channels: Channels, number: int, job: int) -> float | None:
    channels.sent(number, 1, job)
    return channels.accepted(number, 1, 1, whole=True)[1]


@given(
    st.lists(
        st.tuples(st.sampled_from("tbjw"), st.sampled_from([1, 2, 3, 4, 10, 11]), st.integers(1, 9)),
        max_size=MAX_LATE,
    )
)
def test_a_group_s_channels_are_worth_what_they_would_be_were_each_told_at_once(
    said: list[tuple[str, int, int]],
) -> None:
    channels, told = opened(), Told()
    for turn, (kind, number, value) in enumerate(said):
        if kind == "t":
            channels.target(number, float(value))
            told.target(number, float(value))
        elif kind == "b":
            channels.block(number, turn, None)
            told.block(number)
        elif number in GROUPS:
            channels.job(number, turn, waits=kind == "w")
            told.job(number, turn, kind == "w")
    for number in GROUPS:
        assert channels.hashes(number) == told.hashes[number]
    for (number, job), hashes in told.jobs.items():
        assert worth(channels, number, job) == hashes


def test_who_hears_too_late_knows_the_last_target_all_the_same() -> None:
    channels = opened()
    channels.job(1, 5, waits=True)
    for value in range(3 * MAX_LATE):
        channels.target(10, float(value + 1))
        channels.block(10, value, None)
    assert channels.hashes(1) == channels.hashes(2) == 3 * MAX_LATE
    assert channels.hashes(3) == channels.hashes(4) == 1.0


def test_what_was_said_before_a_loss_is_forgotten() -> None:
    channels = opened()
    channels.target(10, 7.0)
    channels.forget(targets=True)
    assert channels.hashes(1) is None
    channels.target(10, 9.0)
    assert (channels.hashes(1), channels.hashes(3)) == (9.0, None)


@pytest.mark.prove
def test_a_segment_to_a_great_group_costs_under_100_ms() -> None:
    channels = Channels()
    for number in range(1, 16_000):
        channels.open(number, 1.0, None, 20_000)

    def seconds() -> float:
        began = time.process_time()
        for value in range(65_536 // 42):
            channels.target(20_000, float(value + 1))
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.1
