"""Numbers off the wire: most significant byte first, and never a byte that is not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture.compiled import compiled
from capture.sieve.octets import be16, be32, be64, octet
from capture.words import int64, uint8, uint64
from tests.capture.sieve.test_compiled import python

DATA = np.arange(1, 12, dtype=np.uint8)


@compiled(uint64(uint8[::1], int64))
def _one(d: Any, p: Any) -> Any:
    return uint64(octet(d, p))


@compiled(uint64(uint8[::1], int64))
def _two(d: Any, p: Any) -> Any:
    return uint64(be16(d, p))


@compiled(uint64(uint8[::1], int64))
def _four(d: Any, p: Any) -> Any:
    return uint64(be32(d, p))


@compiled(uint64(uint8[::1], int64))
def _eight(d: Any, p: Any) -> Any:
    return uint64(be64(d, p))


READERS = [(_one, 1), (_two, 2), (_four, 4), (_eight, 8)]
READS = pytest.mark.parametrize(("read", "width"), READERS)


@READS
def test_fields_are_read_wherever_they_fit(read: Callable[[Any, int], int], width: int) -> None:
    for at in range(len(DATA) - width + 1):
        assert read(DATA, at) == int.from_bytes(DATA[at : at + width].tobytes(), "big")


@READS
@pytest.mark.parametrize("length", [0, 1, 3, 7, 11])
def test_a_field_that_does_not_fit_raises(read: Callable[[Any, int], int], width: int, length: int) -> None:
    beyond = max(length - width + 1, 0)
    for at in (-1, -width, -length, beyond, beyond + 1, length, 1 << 40, -(1 << 63), (1 << 63) - 1):
        if 0 <= at <= length - width:
            continue
        with pytest.raises(IndexError):
            read(DATA[:length], at)


def test_plain_python_refuses_the_same(tmp_path: Path) -> None:
    told = python(
        """
import numpy as np
from capture.sieve.octets import be16, be32, be64, octet
from capture.words import int64, uint8, uint64
data = np.arange(1, 12, dtype=np.uint8)
for read, width in ((octet, 1), (be16, 2), (be32, 4), (be64, 8)):
    for at in (-1, 11, 12 - width):
        try:
            read(data, at)
            print("read")
        except IndexError:
            print("refused", int(read(data, 11 - width)) & 0xFF)
""",
        tmp_path,
        NUMBA_DISABLE_JIT="1",
    )
    assert told.split("\n") == ["refused 11"] * 12 + [""]
