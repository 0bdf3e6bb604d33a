"""Sizes of encrypted Stratum V2 messages, and what a number of bytes can be made of.

Every message is sealed by itself and padded by nothing, so its size tells its payload's, and most payloads
of a mining conversation have one size only. Bytes that left together are compared against sums. Where sums
are ambiguous the least count of each message holds, whatever the others are.
Source: Stratum V2 specification, chapters 4.6, 5 and 8; docs/protocols/stratum-v2.md.
"""

from dataclasses import dataclass
from functools import cache

# Payload bytes of the messages that always have the same size, or no smaller one.
SETUP = range(16 + 1, 16 + 5 * 255 + 1)  # five strings, of which the vendor must not be empty
SETUP_SUCCESS = 6
EXTENSIONS = range(4 + 2, 4 + 2 * 16 + 1, 2)  # a list of one extension or more; two are defined
EXTENSIONS_ANSWER = range(4, 6 + 2 * 32 + 1, 2)
OPEN = range(41 + 1, 43 + 255 + 1)  # a standard channel's, an extended one's; u >= 1
OPEN_SUCCESS = range(45, 47 + 32 + 1)  # both kinds, by the length of the extranonce prefix
DRAFT_OPEN_SUCCESS = 43  # least of an extended channel's before there were groups
FUTURE_JOB = 45
ACTIVE_JOB = 49
PREV_HASH = 48
TARGET = 36
SHARE = 24
EXTENDED_SHARE = range(25, 25 + 32 + 5 + 32 + 1)  # an extranonce, and the worker that an extension appends
SHARE_SUCCESS = 20
EXTENDED_JOB = 105
"""The least: 19 bytes of fields, a coinbase of one input with a height and one output, no merkle path."""

LONGEST_SUM = 1_600
"""Bytes up to which sums are taken apart: what leaves in one segment; longer runs are made of many parts."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What some bytes of a pool hold at the least."""

    successes: int = 0
    jobs: int = 0
    blocks: int = 0
    """SetNewPrevHash messages."""
    maybe_blocks: bool = False
    """Whether there may be more of these."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.successes + other.successes,
            self.jobs + other.jobs,
            self.blocks + other.blocks,
            self.maybe_blocks or other.maybe_blocks,
        )


@cache
def standard_tally(size: int, overhead: int) -> Tally | None:
    """Return what `size` bytes of a pool hold where channels are standard; None where they are no sum.

    `overhead` is what sealing adds to a payload.
    """
    if size in (FUTURE_JOB + 1 + overhead, ACTIVE_JOB + 1 + overhead):  # a draft's merkle root has a length
        return Tally(jobs=1)
    if size > LONGEST_SUM:
        return None
    return _sums(overhead)[size]


@cache
def _sums(overhead: int) -> tuple[Tally | None, ...]:
    """Return the least counts for every size up to LONGEST_SUM."""
    parts = (
        (SHARE_SUCCESS + overhead, (1, 0, 0)),
        (TARGET + overhead, (0, 0, 0)),
        (FUTURE_JOB + overhead, (0, 1, 0)),
        (ACTIVE_JOB + overhead, (0, 1, 0)),
        (PREV_HASH + overhead, (0, 0, 1)),
    )
    least: list[tuple[int, int, int] | None] = [(0, 0, 0)]
    most_blocks = [0]
    for size in range(1, LONGEST_SUM + 1):
        found: list[tuple[int, int, int]] = []
        blocks = 0
        for part, (success, job, block) in parts:
            before = least[size - part] if size >= part else None
            if before is not None:
                found.append((before[0] + success, before[1] + job, before[2] + block))
                blocks = max(blocks, most_blocks[size - part] + block)
        most_blocks.append(blocks)
        least.append(
            (min(one[0] for one in found), min(one[1] for one in found), min(one[2] for one in found))
            if found
            else None
        )
    return tuple(
        None if one is None else Tally(*one, maybe_blocks=blocks > one[2])
        for one, blocks in zip(least, most_blocks, strict=True)
    )


@cache
def extended_tally(size: int, overhead: int) -> Tally | None:
    """Return what `size` bytes of a pool hold where channels are extended; None where they are no sum.

    Extended jobs have any size from a least one on, so a sum that one could be shows nothing.
    """
    exact = {
        SHARE_SUCCESS + overhead: Tally(successes=1),
        TARGET + overhead: Tally(),
        PREV_HASH + overhead: Tally(blocks=1),
    }
    if size in exact:
        return exact[size]
    short = fewest(size, tuple(exact)) is not None if size <= LONGEST_SUM else False
    if size < EXTENDED_JOB + overhead:
        twice = 2 * (SHARE_SUCCESS + overhead)
        return Tally(successes=2) if size == twice else None
    return Tally(maybe_blocks=True) if short else Tally(jobs=1)


@cache
def fewest(size: int, parts: tuple[int, ...]) -> int | None:
    """Return the least number of parts that make `size`, each used as often as wanted; None if none do."""
    if size > LONGEST_SUM:
        alone = parts[0] if len(parts) == 1 else 0
        return size // alone if alone and size % alone == 0 else None
    counts: list[int | None] = [0]
    for at in range(1, size + 1):
        before = [counts[at - part] for part in parts if at >= part]
        known = [one for one in before if one is not None]
        counts.append(min(known) + 1 if known else None)
    return counts[size]
