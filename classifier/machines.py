"""Machines that speak through one connection, each under a number of its own (BTCAgent): counted exactly."""

SESSIONS = 1 << 16
"""Numbers that one connection has."""


class Machines:
    """Those of one connection: who is there now, and how many there were at once. 8 KiB."""

    __slots__ = ("_bits", "first_ns", "last_ns", "most", "now")

    def __init__(self, at_ns: int) -> None:
        self._bits = bytearray(SESSIONS // 8)
        self.now = 0
        self.most = 0
        self.first_ns = self.last_ns = at_ns

    def hear(self, number: int, at_ns: int) -> None:
        """Learn that a machine registered, or spoke: its registration may lie before the capture."""
        self.last_ns = max(self.last_ns, at_ns)
        bit = 1 << (number & 7)
        if not self._bits[number >> 3] & bit:
            self._bits[number >> 3] |= bit
            self.now += 1
            self.most = max(self.most, self.now)

    def leave(self, number: int, at_ns: int) -> None:
        """Learn that a machine unregistered."""
        self.last_ns = max(self.last_ns, at_ns)
        bit = 1 << (number & 7)
        if self._bits[number >> 3] & bit:
            self._bits[number >> 3] &= ~bit
            self.now -= 1
