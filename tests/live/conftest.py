"""A cable between two network namespaces. Making one needs root, which CI is; without, the tests say so and
fail: a probe that was not tried is not proved."""

import os
from collections.abc import Iterator

import pytest

from benchmarks.wire import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(f"m{os.getpid()}") as laid:
        yield laid
