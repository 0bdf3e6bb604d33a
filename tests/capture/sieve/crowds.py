"""Very many small packets, made by NumPy: the same frame over and over with other addresses and ports."""

from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block
from tests.capture.sieve.frames import SYN, tcp
from tests.capture.sieve.located import START

_SOURCE, _TARGET, _PORT, _SEQ, _FLAGS = 26, 30, 34, 38, 47


def crowd(
    numbers: npt.NDArray[Any], times: npt.NDArray[Any] | None = None, frame: bytes | None = None
) -> Block:
    """One packet a number, in their order: equal numbers are the same flow (up to 2**40 flows)."""
    model = np.frombuffer(tcp(flags=SYN, dport=80) if frame is None else frame, np.uint8)
    count = len(numbers)
    data = np.tile(model, count).reshape(count, len(model))
    wide = numbers.astype(np.uint64)
    data[:, _SOURCE : _SOURCE + 4] = (
        (wide & np.uint64(0xFFFFFF) | np.uint64(0x0A000000)).astype(">u4")[:, None].view(np.uint8)
    )
    data[:, _PORT : _PORT + 2] = (
        (np.uint64(1024) + (wide >> np.uint64(24))).astype(">u2")[:, None].view(np.uint8)
    )
    records = np.zeros(count, RECORD)
    records["start"] = np.arange(count) * len(model)
    records["caplen"] = records["wirelen"] = len(model)
    records["link"] = 1
    records["time_ns"] = START + np.arange(count) * 1000 if times is None else times
    records["frame"] = 1 + np.arange(count)
    return Block(data.reshape(-1), records)
