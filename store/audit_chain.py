"""The chain of the audit: what an entry says, its digest, and where a chain is broken. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from facts.quick import quick

START = bytes(32)
"""What the first entry has in the place of its predecessor's digest."""


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody asked or did."""

    at_ns: int
    actor: str
    """Account, with the key's prefix where one was used; "" for nobody."""
    role: str
    division: str
    client: str
    action: str
    """Operation id of the API, or a command."""
    subject: str
    """What was asked about, as the path and query say it."""
    purpose: str
    status: int
    """HTTP status of the answer."""
    detail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain. Kept elsewhere, it shows that nothing before it was cut off or written anew."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold."""

    seq: int
    why: str


TEXTS = ("actor", "role", "division", "client", "action", "subject", "purpose")
FIELDS = ("seq", "at_ns", *TEXTS, "status", "detail", "previous", "digest")
"""The order of a raw entry: numbers as int, texts as UTF-8 bytes."""


def digest_of(raw: Sequence[Any]) -> bytes:
    """Return the SHA-256 of a raw entry but for its own digest: each part with its kind and length before it.

    Raises TypeError or OverflowError for a value that no entry holds.
    """
    parts = []
    for value in raw[:-1]:
        if isinstance(value, int):
            parts.append(b"i" + value.to_bytes(8, "big", signed=True))
        elif value is None:
            parts.append(b"n")
        elif isinstance(value, bytes | memoryview):
            parts.append(b"b" + len(value).to_bytes(8, "big") + bytes(value))
        else:
            raise TypeError(f"{type(value).__name__} in an entry")
    return hashlib.sha256(b"".join(parts)).digest()


class Walk:
    """Follows a chain from a known place; `found` is where it breaks first, and `head` how far it holds."""

    def __init__(self, start: Head) -> None:
        self.head = start
        self.entries = 0
        self.found: Break | None = None

    def along(self, raws: Iterable[Sequence[Any]], expected: Head | None = None) -> None:
        """Follow entries in the order of their numbers; `expected` is a head that was kept elsewhere."""
        for raw in raws:
            if (why := self._fault(raw)) is not None:
                at = self.head.seq + 1
                self.found = Break(at, why)
                return
            self.head = Head(raw[0], bytes(raw[-1]))
            self.entries += 1
            if expected is not None and expected.seq == raw[0] and expected.digest != self.head.digest:
                self.found = Break(
                    raw[0], "this is not the entry of the exported head: the chain was written anew"
                )
                return
        if expected is not None and expected.seq > self.head.seq:
            self.found = Break(
                self.head.seq + 1, f"the chain ends here, the exported head has entry {expected.seq}: cut off"
            )

    def _fault(self, raw: Sequence[Any]) -> str | None:
        if raw[0] != self.head.seq + 1:
            return f"this entry is missing, the next one held is {raw[0]}"
        try:
            same = digest_of(raw) == raw[-1]
        except (TypeError, OverflowError) as error:
            return f"this entry holds what no entry can: {error}"
        if not same:
            return "this entry is not what was written: its digest differs"
        if raw[-2] != self.head.digest:
            return "this entry does not follow the one before it: inserted, swapped or written anew"
        return None
