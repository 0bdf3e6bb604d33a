"""Packets located in a block without a file, and flow tables as plain Python."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, TAGGED, Block
from capture.sieve.sieve import Sieve
from facts.endpoint import Address, address_of
from facts.flow import LIVE

ETHERNET = 1
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND

Ends = tuple[Address, int, Address, int, int]
"""Address a, port a, address b, port b, IP protocol."""
Counts = tuple[int, int, int]
"""Packets, bytes and payload bytes, of both directions."""


def located(
    packets: Sequence[bytes],
    link: int | Sequence[int] = ETHERNET,
    wirelen: Sequence[int] | None = None,
    times: Sequence[int] | None = None,
    source: int = 0,
    first_frame: int = 1,
) -> Block:
    """A block of whole packets, one a millisecond; `wirelen` where they were cut."""
    lengths = np.array([len(packet) for packet in packets], np.int64)
    records = np.zeros(len(packets), RECORD)
    records["start"] = np.cumsum(lengths) - lengths
    records["caplen"] = lengths
    records["wirelen"] = lengths if wirelen is None else wirelen
    records["source"] = source
    records["link"] = link
    records["time_ns"] = START + np.arange(len(packets)) * 1_000_000 if times is None else times
    records["frame"] = first_frame + np.arange(len(packets))
    return Block(np.frombuffer(bytearray(b"".join(packets)), np.uint8), records)


def sift(sieve: Sieve, block: Block) -> npt.NDArray[Any]:
    """Push a block; all TAGGED rows, copied."""
    rows = [batch.copy() for batch in sieve.push(block)]
    return np.concatenate(rows) if rows else np.empty(0, TAGGED)


def payloads(block: Block, rows: npt.NDArray[Any]) -> list[bytes]:
    """The captured payload of each row."""
    data = block.data.tobytes()
    return [data[row["payload"] : row["payload"] + row["length"]] for row in rows]


def live(sieve: Sieve) -> npt.NDArray[Any]:
    """The records in use."""
    flows = sieve.flows
    return flows[flows["state"] & LIVE != 0]


def ends(row: Any) -> Ends:
    """Who spoke to whom in one record."""
    return (
        address_of(int(row["a_hi"]), int(row["a_lo"])),
        int(row["ports"]) >> 16,
        address_of(int(row["b_hi"]), int(row["b_lo"])),
        int(row["ports"]) & 0xFFFF,
        int(row["proto"]),
    )


def table(sieve: Sieve) -> dict[Ends, Counts]:
    """The flow table by 5-tuple, whatever the tunnel."""
    found: dict[Ends, Counts] = {}
    for row in live(sieve):
        key = ends(row)
        packets, size, payload = found.get(key, (0, 0, 0))
        found[key] = (
            packets + int(row["packets"].sum()),
            size + int(row["bytes"].sum()),
            payload + int(row["payload"].sum()),
        )
    return found


def conserved(sieve: Sieve, pushed: int) -> bool:
    """Whether every packet is either in the table or skipped by a named reason."""
    in_table = int(live(sieve)["packets"].sum())
    return sieve.parsed + sum(sieve.skipped.values()) == pushed and (
        sieve.evicted > 0 or in_table == sieve.parsed
    )
