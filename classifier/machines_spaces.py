"""Machines that share one connection and one name: told apart by the part of the search space each is given.

A proxy that hands its pool's work on gives every machine a beginning of its own to search under: the first
bytes of the extranonce, or the last byte of a CryptoNote nonce. Shares of several machines alternate between
a few such beginnings; a machine's own counter goes through its values once, and a random one fills them all.
"""

from collections import Counter

LENGTHS = (2, 4, 8)
"""Hexadecimal digits of a beginning: 1, 2 and 4 bytes."""
MANY = 48
"""Beginnings from which they must have recurred, one share in four, to be followed on: what is random or
counts up has not, nor have more than a hundred machines."""
CROWDED = 200
"""Of the 256 values of one byte: more are a counter or chance."""
SHARES_EACH = 3
"""Shares that each beginning must have on average."""
CHANGES_EACH = 4
"""And how often, for each beginning, the next share comes from another."""


class Spaces:
    """The beginnings of one connection's shares: 16 kB for a proxy of fifty machines, 6 kB for one."""

    __slots__ = ("_changes", "_counts", "_last", "_shares")

    def __init__(self) -> None:
        self._counts: list[dict[str, int] | None] = [{} for _ in LENGTHS]
        """For each length; None where it tells nothing."""
        self._changes = [0] * len(LENGTHS)
        self._last = ""
        self._shares = 0

    def note(self, space: str) -> None:
        """Take the part of the space of one share, most significant digit first."""
        self._shares += 1
        last = self._last
        for index, length in enumerate(LENGTHS):
            counts = self._counts[index]
            if counts is None or len(space) < length:
                continue
            begins = space[:length]
            counts[begins] = counts.get(begins, 0) + 1
            if len(counts) >= MANY and 4 * len(counts) > 3 * self._shares:
                self._counts[index] = None
            if begins != last[:length]:
                self._changes[index] += 1
        self._last = space

    def seen(self) -> tuple[int, int, int]:
        """Return (machines, those of one share, those of two); (1, 0, 0) where nothing tells them apart."""
        best = (1, 0, 0)
        for length, counts, changes in zip(LENGTHS, self._counts, self._changes, strict=True):
            if counts is None:
                continue
            found = len(counts)
            if length == LENGTHS[0] and found > CROWDED:
                continue
            told = found * SHARES_EACH <= self._shares and found * CHANGES_EACH <= changes
            if told and found > best[0]:
                times = Counter(counts.values())
                best = (found, times[1], times[2])
        return best
