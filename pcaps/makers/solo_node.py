"""A Bitcoin node that finds blocks, beside one that only passes them on; both talk to the same three peers.

Thirty blocks in five hours. Most come from one of the peers first, in turn; three are announced by the finder
before anybody has told it of them. The finder asks its peers for headers when it connects, as nodes do.
"""

import bz2

from pcaps.makers.making import C, S, Tape
from pcaps.makers.nodes import compact, header, inventory, message, repeat, scheduled, sha256d, version

FILE = "solo_node.pcap.bz2"
FINDER, RELAY = "192.0.2.90", "198.51.100.90"
PEERS = ("203.0.113.10", "203.0.113.11", "203.0.113.12")
FIRST_HEIGHT = 938_400
FOUND = (11, 18, 26)
BLOCKS = 30
INTERVAL = 600.0


def headers(*numbers: int) -> bytes:
    """Return the payload of a `headers` message."""
    return bytes([len(numbers)]) + b"".join(header(number) + b"\0" for number in numbers)


def introductions(start: float, nonce: int) -> list[tuple[float, int, bytes]]:
    """Return how a connection begins: versions, settings, and a question for headers that is answered."""
    return [
        (start + 0.1, C, version("/Satoshi:29.0.0/", 0x409, FIRST_HEIGHT, nonce)),
        (start + 0.3, S, version("/Satoshi:28.1.0/", 0x409, FIRST_HEIGHT, nonce + 1) + message("verack")),
        (start + 0.5, C, message("verack") + message("sendheaders") + message("sendcmpct", b"\1" + bytes(8))),
        (start + 0.7, C, message("getheaders", bytes(69))),
        (start + 0.9, S, message("headers", headers(*range(900, 940)))),
        (start + 1.1, S, message("getheaders", bytes(69))),
        (start + 1.3, C, message("headers", headers(*range(900, 940)))),
    ]


def announcement(number: int, how: int) -> bytes:
    """Return the news of a block, in one of the three ways in which nodes tell it."""
    if how == 0:
        return message("cmpctblock", compact(number, FIRST_HEIGHT + number))
    if how == 1:
        return message("headers", headers(number))
    return message("inv", inventory(2, sha256d(header(number))))


def conversation(node: str, peer: int, start: float) -> list[tuple[float, int, bytes]]:
    """Return what a node and a peer say to each other."""
    said = introductions(start, 100 * peer)
    for number in range(1, BLOCKS + 1):
        at = number * INTERVAL
        if node == FINDER and number in FOUND:
            said.append((at, C, announcement(number, peer % 2)))
        elif number % 3 == peer:
            said.append((at, S, announcement(number, number % 2)))
        else:
            said.append((at + 1.5 + peer, C, announcement(number, 2 - number % 3)))
        said.append((at + 120.0, C, message("ping", bytes(8))))
        said.append((at + 120.1, S, message("pong", bytes(8))))
    return said


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    for turn, node in enumerate((FINDER, RELAY)):
        for peer, address in enumerate(PEERS):
            start = 1.0 + 5 * peer + 2 * turn
            script = scheduled(start, conversation(node, peer, start))
            tape.tcp(start, (node, 40_100 + 10 * turn + peer), (address, 8333), script)
    repeat(tape, 23)
    return bz2.compress(tape.in_time_order().pcap())
