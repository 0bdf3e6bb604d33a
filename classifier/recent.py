"""The talk of a stream, found without its addresses, which take longer to hash than all else that is done."""

from typing import Generic, TypeVar

from facts.conversation import Flow

K = TypeVar("K")
V = TypeVar("V")

RECENT = 16_384
"""Streams remembered; when it is full, all are forgotten and found again by their addresses."""


class Recent(Generic[K, V]):
    """What goes with a stream and a key, by the identity of its flow, which is kept alive by it."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Flow, K, V]] = {}

    def find(self, flow: Flow, key: K) -> V | None:
        """Return what was kept last for this stream, if it was with this key."""
        found = self._kept.get(id(flow))
        return found[2] if found is not None and found[0] is flow and found[1] == key else None

    def keep(self, flow: Flow, key: K, value: V) -> None:
        """Keep it in place of what was there."""
        if len(self._kept) >= RECENT:
            self._kept.clear()
        self._kept[id(flow)] = flow, key, value
