"""The head of a CryptoNote job's blob: the version and the time of the block that is mined.

      major     minor     time       previous block   nonce     tree root and number of transactions ...
      varint    varint    varint     32 bytes         4 bytes

Source: Monero's block header (cryptonote_basic.h); docs/protocols/coins.md.
"""

from dataclasses import dataclass

NONCE_AT = 39
"""Byte of the nonce, as miners have it built in: versions of one byte each, a time of five."""
FIRST_TIME = 1_391_000_000
"""Unix time before the first chain of the kind: an earlier one is no time."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What the head says."""

    major: int
    """The hard fork in force: it decides the algorithm on most chains."""
    time: int
    """Unix time of the template."""


def read(blob: str) -> Blob | None:
    """Read the head of a blob in hex; None where it is none, or of a chain with a layout of its own."""
    try:
        head = bytes.fromhex(blob[: 2 * NONCE_AT])
    except ValueError:
        return None
    numbers = []
    at = 0
    for _ in range(3):
        number = shift = 0
        while True:
            if at >= len(head) or shift > 35:
                return None
            number |= (head[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not head[at - 1] & 0x80:
                break
        numbers.append(number)
    major, _, time = numbers
    if at + 32 != NONCE_AT or major < 1 or not FIRST_TIME <= time < 2**32:
        return None
    return Blob(major, time)
