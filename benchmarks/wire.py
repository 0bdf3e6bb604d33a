"""A cable between two network namespaces, and a sender that puts the packets of a capture on it.

The sender hands frames to the system 64 at a time (sendmmsg), as they lie in memory: one core sends some
400,000 frames a second. Namespaces need CAP_SYS_ADMIN and CAP_NET_ADMIN: root, as CI has it.
"""

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from capture.sources.opening import open_source

ETH_P_ALL = 3
AT_ONCE = 64
"""Frames handed over with one call."""
MTU = 65_535
ETHERNET = 1


class WireError(Exception):
    """Namespaces or interfaces cannot be made here; says why."""


class Wire(AbstractContextManager["Wire"]):
    """Two namespaces with an end of a veth pair in each; `near` sends, `far` is listened on."""

    def __init__(self, name: str) -> None:
        """`name`: at most 8 characters, so that both ends make names of interfaces."""
        self.near_namespace, self.far_namespace = f"{name}-near", f"{name}-far"
        self.near, self.far = f"{name}0", f"{name}1"

    def __enter__(self) -> Self:
        self._remove()
        _ip("netns", "add", self.near_namespace)
        _ip("netns", "add", self.far_namespace)
        peer = ["peer", "name", self.far, "netns", self.far_namespace]
        _ip("-n", self.near_namespace, "link", "add", self.near, "type", "veth", *peer)
        for space, end in ((self.near_namespace, self.near), (self.far_namespace, self.far)):
            # Without addresses of its own an interface stays silent: only what is sent is on the wire.
            _ip("-n", space, "link", "set", end, "addrgenmode", "none", "mtu", str(MTU))
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "link", "set", end, "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        for space in (self.near_namespace, self.far_namespace):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    def listening(self, command: list[str], **how: Any) -> "subprocess.Popen[str]":
        """Start a program at the far end."""
        return subprocess.Popen(["ip", "netns", "exec", self.far_namespace, *command], text=True, **how)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WireError(f"ip {' '.join(arguments)}: {done.stderr.strip()}; network namespaces need root")


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Have this thread, and the threads and programs that it starts, live in a network namespace."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{namespace}", "rb") as there:
        _setns(there.fileno())
        try:
            yield
        finally:
            _setns(home.fileno())


def _setns(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0) < 0:
        number = ctypes.get_errno()
        raise WireError(f"setns: {os.strerror(number)}")


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Msghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Mmsghdr(ctypes.Structure):
    _fields_ = [("header", _Msghdr), ("length", ctypes.c_uint32)]


class Frames:
    """The Ethernet frames of a capture, laid out in memory ready to be sent."""

    def __init__(self, capture: Path, most: int | None = None) -> None:
        """Read at most `most` frames; what no interface takes (cut, too short or too long) is left out."""
        parts, lengths = [], []
        with open_source(str(capture)) as source:
            for block in source.blocks():
                rows = block.records[: None if most is None else most - sum(map(len, lengths))]
                fit = (rows["link"] == ETHERNET) & (rows["caplen"] == rows["wirelen"])
                rows = rows[fit & (rows["caplen"] >= 14) & (rows["caplen"] <= MTU)]
                for start, length in zip(rows["start"].tolist(), rows["caplen"].tolist(), strict=True):
                    parts.append(block.data[start : start + length].tobytes())
                lengths.append(rows["caplen"].astype(np.int64))
                if most is not None and sum(map(len, lengths)) >= most:
                    break
        self._bytes = ctypes.create_string_buffer(b"".join(parts))
        self.lengths = np.concatenate([np.zeros(0, np.int64), *lengths])
        self._messages = self._laid_out()

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[bytes]:
        ends = np.cumsum(self.lengths).tolist()
        return (self._bytes[start:end] for start, end in zip([0, *ends], ends, strict=False))

    def _laid_out(self) -> Any:
        """Fill the arrays of struct iovec and struct mmsghdr column by column."""
        count = len(self.lengths)
        self._vectors = np.zeros(count, np.dtype([("base", "<u8"), ("length", "<u8")]))
        self._vectors["base"] = ctypes.addressof(self._bytes) + np.cumsum(self.lengths) - self.lengths
        self._vectors["length"] = self.lengths
        words = np.zeros((count, ctypes.sizeof(_Mmsghdr) // 8), np.uint64)
        words[:, _Msghdr.iov.offset // 8] = self._vectors.ctypes.data + 16 * np.arange(count)
        words[:, _Msghdr.iov_length.offset // 8] = 1
        return words

    def send(self, interface: str, rate: float | None = None, times: int = 1) -> float:
        """Send every frame, `times` over, at `rate` frames a second (None: as fast as can be).

        Returns the seconds it took. To be called inside the namespace of the interface.
        """
        send = ctypes.CDLL(None, use_errno=True).sendmmsg
        size, start = ctypes.sizeof(_Mmsghdr), self._messages.ctypes.data
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind((interface, 0))
            sock.setsockopt(263, 20, 0)  # PACKET_QDISC_BYPASS off: a full queue makes the sender wait
            began = time.monotonic()
            done = 0
            for _ in range(times):
                at = 0
                while at < len(self):
                    if rate and (ahead := done / rate - (time.monotonic() - began)) > 0:
                        time.sleep(ahead)
                    count = min(AT_ONCE, len(self) - at)
                    sent = send(sock.fileno(), ctypes.c_void_p(start + at * size), count, 0)
                    if sent < 0:
                        number = ctypes.get_errno()
                        if number in (105, 11):  # ENOBUFS, EAGAIN: the queue is full for a moment
                            continue
                        raise WireError(f"sendmmsg at frame {at + 1}: {os.strerror(number)}")
                    at += sent
                    done += sent
            return time.monotonic() - began


def main(namespace: str, interface: str, capture: str, rate: str, times: str, most: str) -> None:
    """Send from a process of its own; prints frames and seconds."""
    frames = Frames(Path(capture), int(most) or None)
    print("ready", flush=True)
    with suppress(EOFError):
        input()
    with inside(namespace):
        seconds = frames.send(interface, float(rate) or None, int(times))
    print(len(frames) * int(times), seconds, int(frames.lengths.sum()) * int(times), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
