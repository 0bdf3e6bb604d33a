"""Stratum V2: binary frames of a mining connection, before Noise seals them.

A frame: extension u16, type u8, length u24, payload; little-endian. The channel bit is 0x8000 of the first.
"""

import struct

from benchmarks.lab.players.dialect import Dialect, Said

CHANNEL = 0x8000


def frame(kind: int, payload: bytes, channel: bool = True) -> bytes:
    """Return one frame."""
    return struct.pack("<HB", CHANNEL if channel else 0, kind) + len(payload).to_bytes(3, "little") + payload


def text(value: str) -> bytes:
    """Return STR0_255."""
    raw = value.encode()[:255]
    return bytes([len(raw)]) + raw


class StratumV2(Dialect):
    """A standard channel for a machine, an extended one for a proxy."""

    name = "stratum-v2"

    def raw(self, count: int) -> bytes:
        """Return bytes by chance."""
        return self.rand.randbytes(count)

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Set the connection up, open a channel; first a future job, then what it builds on."""
        self.extended = len(self.rig.workers) > 1 or self.rig.style.rolling
        self.job_number = self.sequence = self.sum = 0
        names = b"".join(map(text, (self.rig.agent[:24], "v1", self.rig.agent[-6:], self.hex(8))))
        setup = struct.pack("<BHHI", 0, 2, 2, 4) + text(self.rig.host) + struct.pack("<H", 3336) + names
        user = text(self.user())
        speed = struct.pack("<f", self.rig.hashrate) + self.target_of(difficulty)
        prefix = bytes([self.pool.style.extranonce]) + self.raw(self.pool.style.extranonce)
        if self.extended:
            ask = frame(0x13, struct.pack("<I", 1) + user + speed + struct.pack("<H", 4), channel=False)
            given = struct.pack("<II", 1, 1) + self.target_of(difficulty) + struct.pack("<H", 4) + prefix
            told = frame(0x14, given + struct.pack("<I", 1), channel=False)
        else:
            ask = frame(0x10, struct.pack("<I", 1) + user + speed, channel=False)
            given = struct.pack("<II", 1, 1) + self.target_of(difficulty) + prefix
            told = frame(0x11, given + struct.pack("<I", 1), channel=False)
        first = [told, self.new_work(future=True, entries=10), self.previous()]
        return [
            [(0, frame(0x00, setup, channel=False))],
            [(1, frame(0x01, struct.pack("<HI", 2, 0), channel=False))],
            [(0, ask)],
            [(1, said) for said in first],
        ]

    def target_of(self, difficulty: float) -> bytes:
        """Return U256 of a difficulty."""
        return min(2**256 - 1, int((0xFFFF << 208) / max(difficulty, 1e-6))).to_bytes(32, "little")

    def new_work(self, future: bool, entries: int) -> bytes:
        """Return NewMiningJob, or NewExtendedMiningJob with its branch and coinbase."""
        self.job_number += 1
        since = b"\0" if future else b"\1" + self.raw(4)
        head = struct.pack("<II", 1, self.job_number) + since + struct.pack("<I", 0x20000000)
        if not self.extended:
            return frame(0x15, head + self.raw(32))
        first, last = self.pool.style.coinbase
        branch = bytes([entries]) + self.raw(32 * entries)
        coinbase = struct.pack("<H", first) + self.raw(first) + struct.pack("<H", last) + self.raw(last)
        return frame(0x1F, head + b"\1" + branch + coinbase)

    def previous(self) -> bytes:
        """Return SetNewPrevHash."""
        return frame(0x20, struct.pack("<II", 1, self.job_number) + self.raw(32) + self.raw(8))

    def job(self, clean: bool, entries: int) -> bytes:
        """Return work; with a new block, what it builds on in the same write."""
        if not clean:
            return self.new_work(False, entries)
        return self.new_work(True, entries) + self.previous()

    def retarget(self, difficulty: float) -> list[bytes]:
        """Return SetTarget."""
        return [frame(0x21, struct.pack("<I", 1) + self.target_of(difficulty))]

    def share(self) -> bytes:
        """Return SubmitSharesStandard or SubmitSharesExtended."""
        self.sequence += 1
        fields = struct.pack("<III", 1, self.sequence, self.job_number) + self.raw(8)
        fields += struct.pack("<I", 0x20000000)
        return frame(0x1B, fields + b"\4" + self.raw(4)) if self.extended else frame(0x1A, fields)

    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return SubmitShares.Success for all shares since the last, or SubmitShares.Error."""
        if error is not None:
            code = {"stale": "stale-share", "low": "difficulty-too-low"}[error]
            return frame(0x1D, struct.pack("<II", 1, self.sequence) + text(code))
        self.sum += shares
        return frame(0x1C, struct.pack("<IIIQ", 1, self.sequence, shares, self.sum))
