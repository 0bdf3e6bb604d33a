"""Sizes of encrypted Stratum V2 messages, and what a number of bytes can be made of.

Every message is sealed by itself and padded by nothing, so its size tells its payload's, and most payloads
of a mining conversation have one size only. Bytes that left together are compared against sums. Where sums
are ambiguous the least count of each message holds, whatever the others are.
Source: Stratum V2 specification, chapters 4.6, 5 and 8; docs/protocols/stratum-v2.md.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

# Payload bytes of the messages that always have the same size, or no smaller one.
SETUP = range(16 + 1, 16 + 5 * 255 + 1)  # five strings, of which the vendor must not be empty
SETUP_SUCCESS = 6
EXTENSIONS = range(4 + 2, 4 + 2 * 16 + 1, 2)  # a list of one extension or more; two are defined
EXTENSIONS_ANSWER = range(4, 6 + 2 * 32 + 1, 2)
OPEN = range(41 + 1, 43 + 255 + 1)  # a standard channel's, an extended one's; u >= 1
STANDARD_OPENED = range(45, 45 + 32 + 1)  # by the length of the extranonce prefix
EXTENDED_OPENED = range(43, 47 + 32 + 1)  # the same, with and, in drafts, without the group
FUTURE_JOB = 45
ACTIVE_JOB = 49
PREV_HASH = 48
TARGET = 36
SHARE = 24
EXTENDED_SHARE = range(25, 25 + 32 + 5 + 32 + 1)  # an extranonce, and the worker that an extension appends
SHARE_SUCCESS = 20
SHARE_ERROR = range(9 + 1, 9 + 64)  # by the length of the code: the longest in use has 18 letters
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

    def least(self, other: "Tally") -> "Tally":
        """Return what both readings of the same bytes hold at the least."""
        return Tally(
            min(self.successes, other.successes),
            min(self.jobs, other.jobs),
            min(self.blocks, other.blocks),
            maybe_blocks=True,
        )

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.successes + other.successes,
            self.jobs + other.jobs,
            self.blocks + other.blocks,
            self.maybe_blocks or other.maybe_blocks,
        )


def standard_tally(size: int, overhead: int, answers: int) -> Tally | None:
    """Return what `size` bytes of a pool hold where channels are standard; None where they are no sum.

    `overhead` is what sealing adds to a payload, `answers` the most acceptances that there is reason for.
    """
    if size in (FUTURE_JOB + 1 + overhead, ACTIVE_JOB + 1 + overhead):  # a draft's merkle root has a length
        return Tally(jobs=1)
    if size > LONGEST_SUM:
        return None
    return _standard(size, overhead, min(answers, size // (SHARE_SUCCESS + overhead)))


def extended_tally(size: int, overhead: int, answers: int) -> Tally | None:
    """Return what `size` bytes of a pool hold where channels are extended; None where they are no sum.

    Extended jobs have any size from a least one on, so a sum that one could be shows neither.
    """
    return _extended(size, overhead, min(answers, size // (SHARE_SUCCESS + overhead)))


@lru_cache(maxsize=8192)
def _standard(size: int, overhead: int, answers: int) -> Tally | None:
    sums = _sums(overhead)
    found = []
    for successes in range(answers + 1):
        rest = sums[size - successes * (SHARE_SUCCESS + overhead)]
        if rest is not None:
            found.append((successes, *rest))
    return _least(found)


@lru_cache(maxsize=8192)
def _extended(size: int, overhead: int, answers: int) -> Tally | None:
    found = []
    for successes, targets, blocks in product(range(answers + 1), range(3), range(3)):
        payload = successes * SHARE_SUCCESS + targets * TARGET + blocks * PREV_HASH
        if payload + (successes + targets + blocks) * overhead == size:
            found.append((successes, 0, blocks, blocks))
    if size >= EXTENDED_JOB + overhead:
        found.append((0, 1, 0, 0))
        refused = size - (answers - 1) * (SHARE_SUCCESS + overhead) - overhead
        if answers and refused <= SHARE_ERROR.stop:  # acceptances, and a refusal of some length among them
            found.append((0, 0, 0, 0))
    return _least(found)


def _least(found: list[tuple[int, int, int, int]]) -> Tally | None:
    """Return the least of each count: successes, jobs, blocks, and the most blocks."""
    if not found:
        return None
    successes, jobs, blocks, most = zip(*found, strict=True)
    return Tally(min(successes), min(jobs), min(blocks), maybe_blocks=max(most) > min(blocks))


@cache
def _sums(overhead: int) -> tuple[tuple[int, int, int] | None, ...]:
    """Return least jobs, least and most blocks of every size up to LONGEST_SUM, without acceptances."""
    parts = (
        (TARGET + overhead, 0, 0),
        (FUTURE_JOB + overhead, 1, 0),
        (ACTIVE_JOB + overhead, 1, 0),
        (PREV_HASH + overhead, 0, 1),
    )
    sums: list[tuple[int, int, int] | None] = [(0, 0, 0)]
    for size in range(1, LONGEST_SUM + 1):
        found = []
        for part, job, block in parts:
            before = sums[size - part] if size >= part else None
            if before is not None:
                found.append((before[0] + job, before[1] + block, before[2] + block))
        jobs, least, most = zip(*found, strict=True) if found else ((), (), ())
        sums.append((min(jobs), min(least), max(most)) if found else None)
    return tuple(sums)


def fewest(size: int, parts: tuple[int, ...]) -> int | None:
    """Return the least number of parts that make `size`, each used as often as wanted; None if none do."""
    if size <= LONGEST_SUM:
        return _counts(parts)[size]
    return size // parts[0] if len(parts) == 1 and size % parts[0] == 0 else None


@lru_cache(maxsize=256)
def _counts(parts: tuple[int, ...]) -> tuple[int | None, ...]:
    counts: list[int | None] = [0]
    for size in range(1, LONGEST_SUM + 1):
        before = [counts[size - part] for part in parts if size >= part]
        known = [one for one in before if one is not None]
        counts.append(min(known) + 1 if known else None)
    return tuple(counts)
