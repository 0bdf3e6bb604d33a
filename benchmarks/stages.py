"""One part of MineScope's work at a time, in a process of its own; prints a JSON object.

usage: python -m benchmarks.stages limit|read|locate|sieve|worker|judge FILE
       python -m benchmarks.stages growth FLOWS

`seconds` is CPU time of the work alone, imports and compiled code loaded beforehand.
"""

import argparse
import gc
import json
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block

GROWTH_PACKETS = 10_000_000
GROWTH_BYTES = 80
GROWTH_BLOCK = 8_192  # packets in one block: 640 KiB, about what a block of a file holds
GROWTH_CAP = 1 << 23  # flows: above the 5 million that are asked for, so that none is given up


def as_in_replay() -> None:
    """Have Python look for cycles as seldom as `minescope replay` does, in what was imported not at all."""
    from minescope.replaying import FILE_CYCLES

    gc.set_threshold(*FILE_CYCLES)
    gc.freeze()


def cpu() -> float:
    """Return user and system seconds of this process."""
    return time.process_time()


def limit(path: Path) -> dict[str, float]:
    """Sum a file's words over a fresh mapping: what whoever looks at every byte must at least pay."""
    with path.open("rb") as file:
        began = cpu()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            words = np.frombuffer(mapped, "<u8", os.fstat(file.fileno()).st_size // 8)
            total = int(words.sum(dtype=np.uint64))
            del words
        return {"seconds": cpu() - began, "sum": total}


def read(path: Path) -> dict[str, float]:
    """Read the file into one buffer, as captures are read, and look at nothing."""
    room = memoryview(bytearray(1 << 20))
    began, size = cpu(), 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(room):
            size += count
    return {"seconds": cpu() - began, "bytes": size}


def locate(path: Path) -> dict[str, float]:
    """Read the file and find its packets, nothing more."""
    from capture.sources.opening import open_source

    began = cpu()
    with open_source(str(path), 0) as source:
        packets = sum(len(block.records) for block in source.blocks())
    return {"seconds": cpu() - began, "packets": packets}


def sieve(path: Path) -> dict[str, float]:
    """Read, find, parse, keep the flow table and tag; what the sieve hands on is counted and thrown away."""
    from capture.sieve.names import interest
    from capture.sieve.sieve import Sieve
    from capture.sources.opening import open_source
    from classifier.resolvers import resolvers
    from pipeline.pool_list import pool_names

    kernel = Sieve(names=interest(pool_names().domains | resolvers()))
    began = cpu()
    packets = tagged = 0
    with open_source(str(path), 0) as source:
        for block in source.blocks():
            packets += len(block.records)
            tagged += sum(len(rows) for rows in kernel.push(block))
    return {
        "seconds": cpu() - began,
        "packets": packets,
        "parsed": kernel.parsed,
        "flows": kernel.created,
        "tagged_packets": tagged,
    }


def worker(path: Path) -> dict[str, float]:
    """Do everything up to the events: sieve, sessions and parsers, without the judge."""
    from capture.sieve.sieve import CAP
    from capture.sources.opening import open_source
    from capture.worker import Worker
    from classifier.resolvers import resolvers
    from pipeline.pool_list import pool_names
    from pipeline.world import TOGETHER

    engine = Worker(pool_names().domains | resolvers(), CAP, together=TOGETHER)
    as_in_replay()
    began = cpu()
    with open_source(str(path), 0) as source:
        said = sum(1 for _ in engine.run(source.blocks(), [source]))
        seconds = cpu() - began
        summary = engine.summary
    return {"seconds": seconds, "packets": summary.packets, "parsed": summary.parsed, "said": said}


def judge(path: Path) -> dict[str, float]:
    """Do everything up to the verdicts; nothing is written."""
    from pipeline.scan import Scan
    from pipeline.world import compile_kernels

    compile_kernels()
    as_in_replay()
    began = cpu()
    scan = Scan([str(path)])
    outcomes = sum(1 for _ in scan)
    return {"seconds": cpu() - began, "packets": scan.totals.packets, "said": outcomes}


def growth(flows: int) -> dict[str, float]:
    """Push 10 million small packets, at random over so many flows: the worst case of the flow table."""
    from capture.sieve.sieve import Sieve

    kernel = Sieve(seed=1, cap=GROWTH_CAP)
    spent = 0.0
    for block in _random_blocks(flows):
        began = cpu()
        for _ in kernel.push(block):
            pass
        spent += cpu() - began
    return {"seconds": spent, "packets": GROWTH_PACKETS, "parsed": kernel.parsed, "flows": kernel.created}


def _random_blocks(flows: int) -> Iterator[Block]:
    """Yield blocks of TCP segments without mining; each flow is met once before any is met again."""
    draw = np.random.default_rng(7)
    frame = np.zeros((GROWTH_BLOCK, GROWTH_BYTES), np.uint8)
    frame[:, 12:14] = (0x08, 0x00)
    frame[:, 14:24] = (0x45, 0, 0, GROWTH_BYTES - 14, 0, 0, 0x40, 0, 64, 6)
    frame[:, 26] = frame[:, 30] = 10
    frame[:, 46] = 0x50
    frame[:, 47] = 0x10  # ACK
    frame[:, 54:] = 0x17
    records = np.zeros(GROWTH_BLOCK, RECORD)
    records["start"] = np.arange(GROWTH_BLOCK) * GROWTH_BYTES
    records["caplen"] = records["wirelen"] = GROWTH_BYTES
    records["link"] = 1
    for first in range(0, GROWTH_PACKETS, GROWTH_BLOCK):
        count = min(GROWTH_BLOCK, GROWTH_PACKETS - first)
        number = np.arange(first, first + count)
        flow = np.where(number < flows, number, draw.integers(0, flows, count)).astype(np.uint32)
        frame[:count, 27:30] = _octets(flow)[:, 1:]
        frame[:count, 31:34] = _octets(flow * np.uint32(2654435761))[:, 1:]
        frame[:count, 34:38] = _octets(flow ^ np.uint32(0xC35001BB))
        records["time_ns"][:count] = number * 1000
        records["frame"][:count] = number + 1
        yield Block(frame.reshape(-1), records[:count])


def _octets(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Return (n, 4) uint8: values in network order."""
    return values.astype(">u4").view(np.uint8).reshape(-1, 4)


BY_NAME = {
    "limit": limit, "read": read, "locate": locate, "sieve": sieve, "worker": worker, "judge": judge,
}  # fmt: skip


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=[*BY_NAME, "growth"])
    parser.add_argument("what", help="the capture, or the number of flows")
    given = parser.parse_args()
    if given.stage == "growth":
        print(json.dumps(growth(int(given.what))))
    else:
        print(json.dumps(BY_NAME[given.stage](Path(given.what))))


if __name__ == "__main__":
    main()
