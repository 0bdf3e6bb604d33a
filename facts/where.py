"""Where something was seen: the source, the frame and, for damage, the byte offset."""

from dataclasses import dataclass

from facts.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Where:
    """A place that a person can open."""

    source: str
    """The path as given (joined inside a folder), or `-` for standard input."""
    frame: int | None = None
    """Frame number as Wireshark counts it, from 1; None before the first frame."""
    offset: int | None = None
    """Byte offset in the uncompressed file, where that is what matters."""

    def __str__(self) -> str:
        parts = [self.source]
        if self.frame is not None:
            parts.append(f"frame {self.frame}")
        if self.offset is not None:
            parts.append(f"offset {self.offset}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not read, and why: silence is never an answer."""

    where: Where
    reason: str
    """Stable, lower case, hyphenated: the key under which the summary counts it."""
    detail: str = ""
    """A sentence for a person: "record claims 70,000 bytes, 31 remain"."""
