"""What the database said a moment ago: asked once by all who wait, and anew before it has aged."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from api.access.remembered import AGE_NS, ANEW_NS, MOST, Remembered
from facts.errors import StoreError

_KEY = b"key"


class _Database:
    """Says what it is told to say, and counts how often it is asked; `open` lets it answer."""

    def __init__(self, said: str | None = "ours") -> None:
        self.said = said
        self.asked = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> str | None:
        self.asked += 1
        said = self.said
        assert self.open.wait(10)
        if said == "broken":
            raise StoreError("the disk is gone")
        return said


class _Clock:
    now = 1_000 * AGE_NS

    def __call__(self) -> int:
        return self.now


def _run(test: Callable[[Remembered[str], _Clock], Coroutine[Any, Any, None]]) -> None:
    clock = _Clock()
    asyncio.run(test(Remembered[str](clock), clock))


async def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.001)


def test_all_who_ask_at_once_share_one_question() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        ask.open.clear()
        waiting = [asyncio.create_task(remembered.of(_KEY, ask)) for _ in range(100)]
        await _until(lambda: ask.asked == 1)
        ask.open.set()
        assert await asyncio.gather(*waiting) == ["ours"] * 100
        assert ask.asked == 1
        clock.now += ANEW_NS - 1
        assert await remembered.of(_KEY, ask) == "ours"
        assert ask.asked == 1

    _run(test)


def test_what_has_aged_is_asked_for_and_waited_for() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        await remembered.of(_KEY, ask)
        clock.now += AGE_NS
        ask.said = None
        assert await remembered.of(_KEY, ask) is None
        assert ask.asked == 2

    _run(test)


def test_nobody_waits_where_it_is_asked_anew_in_time() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        await remembered.of(_KEY, ask)
        clock.now += ANEW_NS
        ask.said = "changed"
        ask.open.clear()
        for _ in range(10):
            assert await remembered.of(_KEY, ask) == "ours"
        await _until(lambda: ask.asked == 2)
        clock.now += AGE_NS - ANEW_NS - 1
        assert await remembered.of(_KEY, ask) == "ours"
        ask.open.set()
        for _ in range(1000):  # what is said by then counts from when it was asked for
            if await remembered.of(_KEY, ask) == "changed":
                break
            await asyncio.sleep(0.001)
        assert await remembered.of(_KEY, ask) == "changed"
        clock.now += 1 + ANEW_NS
        assert await remembered.of(_KEY, ask) == "changed"
        assert ask.asked >= 3

    _run(test)


def test_a_revoked_key_opens_nothing_once_what_was_said_of_it_has_aged() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        await remembered.of(_KEY, ask)
        ask.said = None
        clock.now += ANEW_NS
        assert await remembered.of(_KEY, ask) == "ours"
        await _until(lambda: not remembered._asking)
        assert await remembered.of(_KEY, ask) is None

    _run(test)


def test_what_is_forgotten_does_not_come_back_with_an_answer_that_was_under_way() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        await remembered.of(_KEY, ask)
        clock.now += ANEW_NS
        ask.open.clear()
        await remembered.of(_KEY, ask)
        await _until(lambda: ask.asked == 2)
        under_way = remembered._asking[_KEY]
        remembered.forget(_KEY)
        ask.open.set()
        await under_way
        ask.said = None
        assert await remembered.of(_KEY, ask) is None

    _run(test)


def test_a_failure_is_told_to_all_who_wait_and_remembered_by_nobody() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database("broken")
        told = await asyncio.gather(*(remembered.of(_KEY, ask) for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in told] == [StoreError] * 5
        assert ask.asked == 1
        ask.said = "ours"
        assert await remembered.of(_KEY, ask) == "ours"
        ask.said = "broken"
        clock.now += ANEW_NS
        assert await remembered.of(_KEY, ask) == "ours"  # asked anew in vain, and still young enough
        await _until(lambda: not remembered._asking)
        clock.now += AGE_NS
        with pytest.raises(StoreError):
            await remembered.of(_KEY, ask)

    _run(test)


def test_who_hangs_up_takes_the_answer_from_nobody() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        ask.open.clear()
        first, second = (asyncio.create_task(remembered.of(_KEY, ask)) for _ in range(2))
        await _until(lambda: ask.asked == 1)
        first.cancel()
        await asyncio.sleep(0)
        ask.open.set()
        assert await second == "ours"
        assert first.cancelled()

    _run(test)


def test_a_clock_that_was_set_back_makes_nothing_younger() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        ask = _Database()
        await remembered.of(_KEY, ask)
        clock.now -= 3600 * AGE_NS
        await remembered.of(_KEY, ask)
        assert ask.asked == 2

    _run(test)


def test_a_question_that_ended_with_its_loop_is_asked_anew() -> None:
    clock, ask = _Clock(), _Database()
    remembered = Remembered[str](clock)

    async def leave() -> None:
        asyncio.create_task(remembered.of(_KEY, ask)).cancel()
        remembered._asked(_KEY, ask)

    ask.open.clear()
    asyncio.run(leave())
    ask.open.set()
    assert asyncio.run(remembered.of(_KEY, ask)) == "ours"


def test_no_more_is_remembered_than_was_agreed() -> None:
    async def test(remembered: Remembered[str], clock: _Clock) -> None:
        remembered._known = {str(n).encode(): ("other", clock.now) for n in range(MOST)}
        await remembered.of(_KEY, _Database())
        assert list(remembered._known) == [_KEY]

    _run(test)
