"""Requests without an exchange: a login that nobody answers, and one that the server refuses."""

from pcaps.makers.making import C, S, Tape, line, monero_address

FILE = "unanswered.pcap"


def make() -> bytes:
    """Return the capture."""
    login = {"login": monero_address(), "pass": "x", "agent": "XMRig/6.26.0"}
    hello = line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})
    tape = Tape()
    for count in range(3):
        tape.tcp(
            count * 20.0,
            ("192.0.2.88", 40001 + count),
            ("203.0.113.99", 3333),
            [(0.1, C, hello)],
            closed=False,
        )
    subscribe = line({"id": 1, "method": "mining.subscribe", "params": ["probe/1.0"]})
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    tape.tcp(5.0, ("192.0.2.89", 40010), ("203.0.113.98", 80), [(0.1, C, subscribe), (0.1, S, refusal)])
    return tape.in_time_order().pcap()
