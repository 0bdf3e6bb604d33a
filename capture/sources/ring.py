"""Live packets of a Linux interface, read in place from a ring that the system fills (AF_PACKET, TPACKET_V3).

Source: Documentation/networking/packet_mmap.rst of Linux; packet(7). Needs CAP_NET_RAW to open, nothing else.

The ring is a row of blocks of 1 MiB. The system fills one, hands it over when it is full or BLOCK_MS old, and
takes it back when it has been read; where none is free, packets are lost, and it counts them.
"""

import mmap
import select
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import randbits
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block
from capture.sources import ring_kernel as kernel
from capture.sources.ring_filter import NOTHING, Program, attach, by_addresses, set_program, take
from capture.sources.ring_link import link_of
from capture.sources.source import MAX_PACKET, LiveSource, SourceError
from capture.sources.window import overlapping_words
from facts.where import Where

BLOCK: Final = 1 << 20
"""Bytes of a block: as a file's window, so that it is read in pieces that fit the second-level cache."""
BLOCK_MS: Final = 60
"""Milliseconds after which a block that holds a packet is handed over, full or not."""
TICK_MS: Final = 250
"""Milliseconds without a packet after which an empty block is yielded, so that its reader stays awake."""
PATIENCE: Final = 20
"""Ticks that the packets which the system says it took may be late at the end; they never are."""

DROPPED: Final = "dropped-by-kernel"
"""Reason under which packets are counted that passed the filter and found the ring full."""
MISSED: Final = "missed-by-card"
"""Damage: packets that the network card lost, so that no filter and no ring ever met them."""

_SOL_PACKET: Final = 263
_ADD_MEMBERSHIP, _RX_RING, _STATISTICS, _VERSION, _RESERVE, _FANOUT, _FANOUT_DATA, _IGNORE_OUTGOING = (
    1, 5, 6, 10, 12, 18, 22, 23,
)  # fmt: skip
_TPACKET_V3, _MR_PROMISC, _ETH_P_ALL = 2, 1, 3
_FANOUT_CBPF, _FANOUT_UNIQUE_ID = 6, 0x2000
_FRAME: Final = 2048  # a unit in which version 3 counts its ring; packets may be longer
_READY: Final = 1

_LINKS: Final = {
    1: 1,
    772: 1,
    768: 101,
    769: 101,
    776: 101,
    778: 101,
    65534: 101,
    519: 101,
    803: 127,
    802: 119,
    801: 105,
}
"""LINKTYPE_ value by ARPHRD_ value: Ethernet, loopback, tunnels, tun and radio."""
_LOOPBACK: Final = 772


@dataclass(frozen=True, slots=True)
class RingSettings:
    """How a ring is opened."""

    megabytes: int = 64
    """Size of each ring. The larger, the longer a pause of the reader that costs no packet."""
    snap_length: int = MAX_PACKET
    """Bytes captured of one packet."""
    promiscuous: bool = True
    """Whether packets to other machines are asked for."""
    program: Program | None = None
    """Filter; None takes everything."""


class Ring(LiveSource):
    """One receive ring. Packets come as they do from a file; `stop` ends it once what is in it was read.

    Raises SourceError where the interface cannot be opened. It takes no packet before `start`.
    """

    def __init__(self, interface: str, settings: RingSettings, name: str | None = None) -> None:
        super().__init__(name or interface, 0)
        self.interface = interface
        self.stopping = False
        self._settings = settings
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # 0: nothing comes before bind
        except PermissionError as error:
            why = "live capture needs CAP_NET_RAW: run as root, or give this program that capability"
            raise SourceError(why, Where(interface), "not-permitted") from error
        try:
            self._open()
        except OSError as error:
            self.close()
            raise SourceError(f"{error.strerror or error}", Where(interface), "unreadable") from error
        except SourceError:
            self.close()
            raise
        blocks = settings.megabytes
        self._map = mmap.mmap(
            self._socket.fileno(), BLOCK * blocks, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE
        )
        whole = np.frombuffer(self._map, np.uint8)
        self._blocks = [whole[start : start + BLOCK] for start in range(0, len(whole), BLOCK)]
        self._words = [overlapping_words(block) for block in self._blocks]
        self._status = whole[kernel.BLOCK_STATUS :].view(np.uint32)[:: BLOCK // 4]
        self._rows: npt.NDArray[Any] = np.zeros(BLOCK // 64, RECORD)
        self._state = np.zeros(kernel.FIELDS, np.int64)
        self._state[kernel.FRAME] = 1
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLERR)
        self._seen = 0
        """Packets that passed the filter, as the system counts them."""
        self._missed = link_of(interface).missed
        self.counts_interface = True
        """Whether it is this ring that counts what the interface itself lost: one of those that share it."""

    @property
    def size(self) -> int | None:
        """None: there is no end to see."""
        return None

    @property
    def position(self) -> int:
        """Bytes on the wire so far."""
        return self.wire_bytes

    @property
    def dropped(self) -> int:
        """Packets that found the ring full, as of the last look at the system's counters."""
        return self.skipped_counts[DROPPED]

    def start(self) -> None:
        """Take packets from now on."""
        attach(self._socket, self._settings.program or take(self._settings.snap_length))

    def stop(self) -> None:
        """Take no more packets; `blocks` ends once those in the ring were read. For any thread."""
        with suppress(OSError):  # closed already
            attach(self._socket, NOTHING)
        self.stopping = True

    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order, and an empty block where none came for TICK_MS; to be called once.

        A block is valid until the next one is asked for.
        """
        at, waits = 0, 0
        while waits < PATIENCE:
            last = self.stopping  # asked for before looking: what comes later was not taken
            if not self._is_ready(at):
                self._poll.poll(TICK_MS)  # more than BLOCK_MS: a block that holds a packet comes within it
            if self._is_ready(at):
                yield from self._located(at)
                self._status[at] = 0
                at = (at + 1) % len(self._blocks)
                self._count_drops()
                if not at:
                    self._count_missed()
                continue
            self._count_drops()
            self._count_missed()
            self._look_after_interface()
            if last:
                if self._seen == self.records + self.dropped:
                    return
                waits += 1
            yield Block(self._blocks[at][:0], self._rows[:0])
        raise AssertionError(f"{self.name}: {self._seen} packets are not {self.records} + {self.dropped}")

    def _count_drops(self) -> None:
        """Add what the system lost in this ring since it was last asked; asking sets its counters to zero."""
        told = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, struct.calcsize("3I"))
        seen, dropped, _ = struct.unpack("3I", told)
        self._seen += seen
        if dropped:
            self.skipped_counts[DROPPED] += dropped

    def _count_missed(self) -> None:
        if not self.counts_interface:
            return
        with suppress(OSError):  # it is gone
            missed = link_of(self.interface).missed
            if missed > self._missed:
                self.damage_counts[MISSED] += missed - self._missed
            self._missed = missed

    def close(self) -> None:
        """Give the ring back; may be called twice."""
        self._socket.close()

    def _located(self, at: int) -> Iterator[Block]:
        data, words, state = self._blocks[at], self._words[at], self._state
        state[kernel.LEFT] = words[12]
        state[kernel.AT] = words[16]
        left = 1
        while left:
            left = kernel.locate(data, words, self.index, self._link, self._rows, state)
            self.records += int(state[kernel.COUNT])
            self.wire_bytes += int(state[kernel.WIRE])
            yield Block(data, self._rows[: int(state[kernel.COUNT])])

    def _is_ready(self, at: int) -> bool:
        return bool(self._status[at] & _READY)

    def _look_after_interface(self) -> None:
        """End with an interface that was removed. One that went down may come back."""
        failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # asking clears it
        if failed and not self.stopping and not self._socket.getsockname()[0]:
            self.note_damage(self.records + 1, 0, "interface-gone", "the interface was removed")
            self.stopping = True

    def _open(self) -> None:
        sock, settings = self._socket, self._settings
        try:
            link = link_of(self.interface)
        except OSError as error:
            raise SourceError("no such interface", Where(self.interface), "unreadable") from error
        if not link.is_up:
            raise SourceError("the interface is down", Where(self.interface), "unreadable")
        if link.hardware not in _LINKS:
            why = f"interfaces of hardware type {link.hardware} are not read"
            raise SourceError(why, Where(self.interface), "unreadable")
        self._link = _LINKS[link.hardware]
        attach(sock, NOTHING)
        sock.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        sock.setsockopt(_SOL_PACKET, _RESERVE, kernel.TAG)
        frames = BLOCK // _FRAME * settings.megabytes
        request = struct.pack("7I", BLOCK, settings.megabytes, _FRAME, frames, BLOCK_MS, 0, 0)
        sock.setsockopt(_SOL_PACKET, _RX_RING, request)
        sock.bind((self.interface, _ETH_P_ALL))
        if link.hardware == _LOOPBACK:  # every packet there comes twice: going out and coming in
            sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        if settings.promiscuous:
            sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, struct.pack("iHH8x", link.index, _MR_PROMISC, 0))

    def share(self, group: int | None) -> int:
        """Join a group of rings of one interface, of which each packet comes to one; return the group.

        None makes a new group. The packets between two hosts all come to the same ring.
        """
        if group is None:
            kind = _FANOUT_CBPF | _FANOUT_UNIQUE_ID
            self._socket.setsockopt(_SOL_PACKET, _FANOUT, kind << 16)
            set_program(self._socket, _SOL_PACKET, _FANOUT_DATA, by_addresses(randbits(32)))
            return int(self._socket.getsockopt(_SOL_PACKET, _FANOUT)) & 0xFFFF
        self._socket.setsockopt(_SOL_PACKET, _FANOUT, group | _FANOUT_CBPF << 16)
        return group


def open_rings(interfaces: Sequence[str], workers: int, settings: RingSettings) -> list[Ring]:
    """Open `workers` rings on each interface, which share its packets; none takes any before `start`.

    Raises SourceError, having closed what was opened.
    """
    rings: list[Ring] = []
    try:
        for interface in interfaces:
            group: int | None = None
            for number in range(1, workers + 1):
                name = interface if workers == 1 else f"{interface}#{number}"
                rings.append(Ring(interface, settings, name))
                rings[-1].counts_interface = number == 1
                if workers > 1:
                    group = rings[-1].share(group)
    except SourceError:
        for ring in rings:
            ring.close()
        raise
    return rings
