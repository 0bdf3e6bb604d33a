"""Packets that something else captured, handed over one by one: the slow way, for systems without a ring."""

import threading
from collections.abc import Iterator

import numpy as np

from capture.records import RECORD, Block
from capture.sources.source import MAX_PACKET, LiveSource

ROOM = 1 << 20
"""Bytes of packets that a block holds."""
ROWS = 4_096
WAITING = 65_536
"""Packets that wait to be read; beyond it they are lost, and counted."""
TICK_S = 0.25

DROPPED = "dropped-by-reader"
TOO_LONG = "packet-too-long"


class Handed(LiveSource):
    """Takes packets by `hand` from any thread, and gives them out in blocks."""

    def __init__(self, name: str) -> None:
        super().__init__(name, 0)
        self._waiting: list[tuple[bytes, int, int, int]] = []
        self._come = threading.Condition()
        self._ended = False

    @property
    def size(self) -> int | None:
        """None: there is no end to see."""
        return None

    @property
    def position(self) -> int:
        """Bytes on the wire so far."""
        return self.wire_bytes

    def hand(self, packet: bytes, wire_length: int, link: int, time_ns: int) -> None:
        """Take one packet; `link` is a LINKTYPE_ value."""
        with self._come:
            if len(self._waiting) >= WAITING:
                self.skipped_counts[DROPPED] += 1
            elif len(packet) > MAX_PACKET:
                self.skipped_counts[TOO_LONG] += 1
            else:
                self._waiting.append((packet, wire_length, link, time_ns))
            self._come.notify()

    def start(self) -> None:
        """Take packets from now on."""

    def stop(self) -> None:
        """Say that no more packets come."""
        with self._come:
            self._ended = True
            self._come.notify()

    def close(self) -> None:
        """Nothing is held."""

    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order, and an empty block where none came for a while; to be called once."""
        data, rows = np.zeros(ROOM, np.uint8), np.zeros(ROWS, RECORD)
        while True:
            with self._come:
                if not self._waiting and not self._ended:
                    self._come.wait(TICK_S)
                packets, self._waiting = self._waiting, []
                ended = self._ended
            if not packets:
                if ended:
                    return
                yield Block(data, rows[:0])
            at = count = 0
            for packet, wire_length, link, time_ns in packets:
                if at + len(packet) > ROOM or count == ROWS:
                    yield Block(data, rows[:count])
                    at = count = 0
                data[at : at + len(packet)] = np.frombuffer(packet, np.uint8)
                self.records += 1
                self.wire_bytes += wire_length
                rows[count] = (at, len(packet), wire_length, self.index, link, time_ns, self.records)
                at += len(packet)
                count += 1
            if count:
                yield Block(data, rows[:count])
