"""Where a kernel's memory lies."""

import numpy as np
import pytest

from capture.sieve.memory import LARGE_PAGE, PAGE, cleared, roomy
from facts.flow import FLOW


@pytest.mark.parametrize("count", [1, 4096, LARGE_PAGE // 8 - 1, LARGE_PAGE // 8, 3 * LARGE_PAGE // 8 + 5])
def test_cleared_memory_is_zero_writable_and_as_long_as_asked(count: int) -> None:
    slots = cleared(count, np.uint64)
    assert slots.shape == (count,)
    assert slots.dtype == np.uint64
    assert slots.flags.writeable
    assert slots.flags.c_contiguous
    assert slots.flags.aligned
    assert not slots.any()
    slots[:] = np.arange(count, dtype=np.uint64)
    assert int(slots[-1]) == count - 1


def test_large_cleared_memory_begins_on_a_large_page_and_is_apart_from_any_other() -> None:
    one, other = cleared(LARGE_PAGE, np.uint8), cleared(LARGE_PAGE, np.uint8)
    assert one.ctypes.data % LARGE_PAGE == 0
    one[:] = 1
    assert not other.any()


def test_rows_begin_on_a_page() -> None:
    assert roomy(100, FLOW).ctypes.data % PAGE == 0
