"""Clients of the API that ask on schedule: one thread, plain sockets, waits of microseconds.

An event loop of Python rounds its timers up to whole milliseconds, which would be told as the server's.
"""

import select
import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

LATEST_S = 30.0
"""Seconds after the last question was due in which an answer still counts."""
_READ = 256 * 1024  # bytes taken from a socket at once
_SPIN_S = 0.0002
"""Waits end so early, and the rest is spent asking: a sleep ends late by as much."""


@dataclass(slots=True)
class Measured:
    """What a run found."""

    took_s: list[float] = field(default_factory=list)
    """Seconds from the moment at which each question was due to the last byte of its answer."""
    sent_late_s: list[float] = field(default_factory=list)
    """Seconds from that moment to when these clients noticed: their own lateness, in `took_s` too."""
    waited: int = 0
    """Questions that no client was free for when they were due: they wait for the server."""
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    """Questions without an answer."""


class _Client:
    """One keep-alive connection with at most one question on its way."""

    __slots__ = ("counted", "due", "got", "socket", "wanted")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.got = b""
        self.wanted = 0
        self.due = 0.0
        self.counted = False

    def ask(self, request: bytes, due: float, counted: bool) -> None:
        """Send a question; it is far smaller than a socket's buffer."""
        self.due, self.counted, self.got, self.wanted = due, counted, b"", 0
        self.socket.send(request)

    def answered(self) -> int:
        """Take what came; return the status of an answer that is whole, else 0. Raises OSError at its end."""
        part = self.socket.recv(_READ)
        if not part:
            raise ConnectionResetError("the server closed the connection")
        self.got += part
        if not self.wanted:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return 0
            head = self.got[:end].lower()
            at = head.index(b"content-length:") + len(b"content-length:")
            self.wanted = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
        return int(self.got[9:12]) if len(self.got) >= self.wanted else 0


def asked(
    port: int, requests: Iterator[bytes], rate: float, seconds: float, warming_s: float, clients: int
) -> Measured:
    """Ask at a steady rate for so long, behind some warming; rate 0: as soon as a client was answered.

    At most 900 clients, since select(2) is what waits by the microsecond.
    """
    if not 0 < clients <= 900:
        raise ValueError("1 to 900 clients")
    found = Measured()
    by_socket = {one.socket: one for one in (_Client(port) for _ in range(clients))}
    free, busy = deque(by_socket.values()), set[socket.socket]()
    waiting: deque[float] = deque()
    number, asking = 0, int(rate * (warming_s + seconds))
    began = perf_counter()
    counts, ends = began + warming_s, began + warming_s + seconds
    if not rate:
        waiting.extend([began] * clients)
    while True:
        now = perf_counter()
        while number < asking and (due := began + number / rate) <= now:
            if due >= counts:
                found.sent_late_s.append(now - due)
                found.waited += len(waiting) >= len(free)
            waiting.append(due)
            number += 1
        while waiting and free:
            one, due = free.popleft(), waiting.popleft()
            one.ask(next(requests), due, due >= counts)
            busy.add(one.socket)
        if (number >= asking if rate else now >= ends) and (not busy or now > ends + LATEST_S):
            break
        pause = began + number / rate - perf_counter() - _SPIN_S if number < asking else 0.05
        for ready in select.select(list(busy), [], [], max(0.0, pause))[0]:
            one = by_socket[ready]
            try:
                status = one.answered()
            except OSError:
                found.lost += one.counted
                busy.discard(ready)
                del by_socket[ready]
                ready.close()
                one = _Client(port)
                by_socket[one.socket] = one
                free.append(one)
                continue
            if status:
                moment = perf_counter()
                if one.counted:
                    found.took_s.append(moment - one.due)
                    found.statuses[status] += 1
                busy.discard(ready)
                free.append(one)
                if not rate and moment < ends:
                    waiting.append(moment)
    found.lost += sum(by_socket[one].counted for one in busy) + sum(due >= counts for due in waiting)
    for one in by_socket.values():
        one.socket.close()
    return found
