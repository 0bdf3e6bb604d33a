"""Idle flows leave the table when their kind's time is over, none before; what is left is found as before."""

import numpy as np
import pytest

from capture.sieve.sieve import Sieve
from capture.timeouts import LONGEST_S, Timeouts, timeouts_of
from tests.capture.sieve.crowds import crowd
from tests.capture.sieve.frames import MINER, POOL, datagram, ethernet, ipv4, tcp
from tests.capture.sieve.located import SECOND, live, located, sift
from tests.capture.sieve.located import START as BEGIN

ACK, FIN_ACK, RST_ACK = 0x10, 0x11, 0x14
QUIET = tcp(b"\x17\x03\x03\x00\x20" + bytes(32), flags=ACK, dport=80)
UDP = ethernet(ipv4(17, datagram(b"x" * 40, 5000, 6000), MINER, POOL))
CLOCK = tcp(b"\x17\x03\x03\x00\x20" + bytes(32), flags=ACK, sport=9, dport=9)
"""Speaks every second, so that time goes on."""


def lasts(frames: list[bytes], every_s: int, speaks_s: int) -> float:
    """Seconds that a flow stays in the table after its last packet: it speaks for a time, then no more."""
    sieve = Sieve(seed=1, timeouts=Timeouts())
    last = 0
    for now in range(6000):
        packets = [CLOCK]
        if now <= speaks_s and now % every_s == 0:
            packets += frames
            last = now
        sift(sieve, located(packets, times=[BEGIN + now * SECOND] * len(packets)))
        if now > speaks_s and sieve.idle:
            assert len(live(sieve)) == 1
            return now - last
    raise AssertionError("it never left")


@pytest.mark.parametrize("every_s", [1, 20])
@pytest.mark.parametrize(
    ("frames", "timeout"),
    [
        ([QUIET], 1800),
        ([UDP], 300),
        ([tcp(flags=2, dport=80)], 120),
        ([QUIET, tcp(flags=RST_ACK, dport=80)], 30),
    ],
)
def test_a_flow_leaves_when_the_time_of_its_kind_is_over(
    frames: list[bytes], timeout: int, every_s: int
) -> None:
    for speaks_s in (0, 50, 500):
        assert timeout <= lasts(frames, every_s, speaks_s) <= timeout + 2


def test_one_side_that_has_closed_may_still_be_talked_to() -> None:
    assert lasts([QUIET, tcp(flags=FIN_ACK, dport=80)], 1, 10) >= 1800


@pytest.mark.parametrize("cap", [2048, 1 << 16])
def test_none_leaves_before_its_time_and_who_stays_is_found_again(cap: int) -> None:
    draw = np.random.default_rng(11)
    timeouts = Timeouts(closed=5, unanswered=20, datagrams=60, segments=90)
    sieve = Sieve(seed=1, cap=cap, timeouts=timeouts)
    seen: dict[int, int] = {}
    now = BEGIN
    for turn in range(300):
        now += (190 if turn % 50 == 0 else int(draw.integers(1, 9))) * SECOND // 2
        numbers = draw.integers(0, 4000, 300)
        gone: list[int] = []
        for _ in sieve.push(crowd(numbers, np.full(300, now), QUIET)):
            gone += (sieve.flows["a_lo"][sieve.expired] & np.uint64(0xFFFFFF)).tolist()
        if not sieve.evicted:
            assert all(now - seen.get(number, now) >= 90 * SECOND for number in gone)
        seen.update(dict.fromkeys(numbers.tolist(), now))
        rows = live(sieve)
        assert len(np.unique(rows["a_lo"])) == len(rows) == sieve.created - sieve.evicted - sieve.idle
        assert int((now - rows["last_ns"]).max()) <= 92 * SECOND
    assert sieve.idle > 0
    assert (sieve.evicted > 0) == (cap == 2048)
    kept, created = live(sieve), sieve.created
    sift(sieve, crowd((kept["a_lo"] & np.uint64(0xFFFFFF)).astype(np.int64), np.full(len(kept), now), QUIET))
    assert sieve.created == created
    assert sieve.parsed == 300 * 300 + len(kept)


def test_weeks_of_traffic_need_no_more_room_than_minutes() -> None:
    sieve = Sieve(seed=1, cap=8192, timeouts=Timeouts())
    for number in range(7000):  # 24 days, five minutes at a time
        flows = np.arange(40 * number, 40 * number + 40)
        sift(sieve, crowd(flows, np.full(40, BEGIN + number * 300 * SECOND), QUIET))
    assert sieve.evicted == 0
    assert sieve.created == 280_000
    assert len(sieve.flows) <= 40 * 8
    assert len(live(sieve)) == sieve.created - sieve.idle


def test_a_leap_in_time_loses_no_count() -> None:
    draw = np.random.default_rng(3)
    sieve = Sieve(seed=1, cap=1024, timeouts=Timeouts())
    for first in range(0, 40_000, 2000):
        times = draw.integers(-(1 << 62), 1 << 62, 2000)
        sift(sieve, crowd(np.arange(first, first + 2000), times))
        assert len(live(sieve)) == sieve.created - sieve.evicted - sieve.idle <= 1024
    assert sieve.parsed == 40_000


def test_without_timeouts_nobody_leaves() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, crowd(np.arange(1000)))
    sift(sieve, crowd(np.arange(1000, 1001), np.array([BEGIN + 86_400 * SECOND])))
    assert (sieve.idle, len(live(sieve))) == (0, 1001)


@pytest.mark.parametrize("wrong", [0.0, -1.0, LONGEST_S + 1, float("nan")])
def test_a_timeout_that_the_wheels_do_not_span_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="segments"):
        Timeouts(segments=wrong)


def test_timeouts_are_written_and_read() -> None:
    assert timeouts_of("") == Timeouts()
    assert timeouts_of(str(Timeouts())) == Timeouts()
    assert timeouts_of(" udp = 60 , closed=1.5") == Timeouts(closed=1.5, datagrams=60)
    assert str(Timeouts(segments=2000)) == "closed=30,unanswered=120,udp=300,tcp=2000"


@pytest.mark.parametrize("text", ["udp", "icmp=3", "udp=3,udp=4", "tcp=soon", "tcp=0", "udp=3000"])
def test_what_is_no_timeout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"timeout|twice|seconds"):
        timeouts_of(text)
