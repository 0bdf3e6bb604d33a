"""A full table gives up the least wanted flows, the longest unseen first, and counts every one."""

import resource
import time
from collections.abc import Iterator

import numpy as np
import pytest

from capture.records import Block
from capture.sieve.sieve import Sieve
from capture.timeouts import TICK_BITS, TICKS
from tests.capture.sieve.crowds import crowd
from tests.capture.sieve.frames import tcp
from tests.capture.sieve.located import SECOND, conserved, live, located, sift
from tests.capture.sieve.located import START as BEGIN

LINE = b'{"id":1,"method":"mining.subscribe","params":["toy/1.0"]}\n'
TALKING = tcp(b"\x17\x03\x03\x00\x20" + bytes(32), dport=80)
TICK = 1 << TICK_BITS
PIECE = 2000
MINERS = 100


def gone_in(sieve: Sieve, block: Block) -> list[int]:
    """The sources (lower half of the 10.x address) of flows given up while a block is read, in order."""
    found: list[int] = []
    for _ in sieve.push(block):
        found += (sieve.flows["a_lo"][sieve.expired] & np.uint64(0xFFFFFF)).tolist()
    return found


@pytest.mark.parametrize("apart", [TICK, 7 * SECOND, TICKS * TICK, 3 * 86_400 * SECOND])
def test_flows_go_in_the_order_in_which_they_were_last_seen(apart: int) -> None:
    sieve = Sieve(seed=1, cap=1024)
    first = np.arange(900)
    sift(sieve, crowd(first, BEGIN + first * apart))
    seen_again = np.arange(0, 900, 3)
    sift(sieve, crowd(seen_again, BEGIN + (900 + seen_again) * apart))
    more = np.arange(1000, 1256)
    gone = gone_in(sieve, crowd(more, np.full(256, BEGIN + 1900 * apart)))
    assert len(gone) == sieve.evicted > 0
    silent = [number for number in range(900) if number % 3]
    assert sorted(gone) == silent[: len(gone)]


def test_times_that_run_backwards_or_leap_lose_no_count() -> None:
    draw = np.random.default_rng(3)
    sieve = Sieve(seed=1, cap=1024)
    gone = 0
    for first in range(0, 40_000, PIECE):
        times = draw.integers(-(1 << 62), 1 << 62, PIECE)
        gone += len(gone_in(sieve, crowd(np.arange(first, first + PIECE), times)))
        assert len(live(sieve)) == sieve.created - sieve.evicted <= 1024
    assert gone == sieve.evicted
    assert conserved(sieve, 40_000)


def test_every_flow_that_stayed_is_still_found_and_none_is_doubled() -> None:
    draw = np.random.default_rng(5)
    sieve = Sieve(seed=1, cap=2048)
    for first in range(0, 60_000, PIECE):
        numbers = draw.integers(0, 6000, PIECE)
        sift(sieve, crowd(numbers, BEGIN + first * 1_000_000 + np.arange(PIECE)))
        rows = live(sieve)
        assert len(np.unique(rows["a_lo"])) == len(rows)
    kept = live(sieve)
    created = sieve.created
    sift(sieve, crowd((kept["a_lo"] & np.uint64(0xFFFFFF)).astype(np.int64)))
    assert sieve.created == created


def flood(count: int, found: set[int], sieve: Sieve) -> None:
    """SYNs from everywhere, a thousand a second, while miners speak twice a minute."""
    for first in range(0, count, PIECE):
        now = BEGIN + (1 + first // 1000) * SECOND
        sift(sieve, crowd(np.arange(first, first + PIECE), np.full(PIECE, now)))
        if first % 30_000 == 0:
            later = [tcp(b"{}\n", seq=2000 + first, sport=20_000 + miner) for miner in range(MINERS)]
            rows = sift(sieve, located(later, times=[now] * MINERS))
            found &= set((sieve.flows["ports"][rows["flow"]] >> np.uint32(16)).tolist())


@pytest.mark.parametrize(
    ("count", "cap"), [(120_000, 8192), pytest.param(2_000_000, 262_144, marks=pytest.mark.prove)]
)
def test_a_flood_of_connections_costs_no_miner(count: int, cap: int) -> None:
    sieve = Sieve(cap=cap)
    miners = {20_000 + miner for miner in range(MINERS)}
    sift(sieve, located([tcp(LINE, sport=port) for port in sorted(miners)]))
    found = set(miners)
    flood(count, found, sieve)
    assert len(found) >= 95
    assert sieve.created == count + MINERS
    assert len(live(sieve)) == sieve.created - sieve.evicted <= cap


@pytest.mark.prove
def test_a_flood_takes_no_more_memory_than_its_cap() -> None:
    cap = 262_144
    sieve = Sieve(cap=cap)
    sift(sieve, crowd(np.arange(PIECE)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for block in syns(2_000_000):
        sift(sieve, block)
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert taken <= 1.1 * cap * 160


def syns(count: int) -> Iterator[Block]:
    for first in range(0, count, 20_000):
        yield crowd(np.arange(first, first + 20_000), np.full(20_000, BEGIN + first * 10_000))


def seconds(sieve: Sieve, blocks: Iterator[Block]) -> float:
    spent = 0.0
    for block in blocks:
        began = time.thread_time()
        for _ in sieve.push(block):
            pass
        spent += time.thread_time() - began
    return spent


@pytest.mark.prove
def test_a_flood_is_read_at_half_the_speed_at_least() -> None:
    at_cap = min(seconds(Sieve(cap=65_536), syns(1_000_000)) for _ in range(5))
    roomy = min(seconds(Sieve(), syns(1_000_000)) for _ in range(5))
    assert at_cap <= 2 * roomy
