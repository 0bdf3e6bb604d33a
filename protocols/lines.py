"""Lines out of a byte stream that arrives in any cut, is joined in the middle, and loses pieces."""

MAX_LINE = 64 * 1024
"""Bytes without LF that one side may make the reader hold; pools disconnect at 10 KiB, the longest real
message (a self-select block template) has a few tens of KiB."""


class LineBuffer:
    """Cuts one side of a stream into lines; holds at most `ceiling` bytes of an unfinished one."""

    def __init__(self, ceiling: int = MAX_LINE) -> None:
        self._ceiling = ceiling
        self._partial = bytearray()
        self._start = 0
        """Stream offset of the first byte of `_partial`."""
        self._skipping = False
        """True while the rest of a line is passed over, up to its LF."""
        self._joined = True
        """True until the first LF after the beginning or a gap: that line may lack its head."""

    def push(self, data: bytes) -> list[tuple[int, bytes | None, bool]]:
        """Take the next bytes; return what they complete, in order: (stream offset, line, joined).

        A line comes without its LF, empty ones included, and None stands for one over the ceiling.
        `joined` is True for the first line after the beginning or a gap, which may be the tail of a line.
        """
        partial = self._partial
        size = len(data)
        lines: list[tuple[int, bytes | None, bool]] = []
        if not (partial or self._skipping) and data[-1:] == b"\n" and size <= self._ceiling:
            start, joined = self._start, self._joined  # whole lines, as most segments bring them
            self._start, self._joined = start + size, False
            for line in data[:-1].split(b"\n"):
                lines.append((start, line, joined))
                start += len(line) + 1
                joined = False
            return lines
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            start = self._start
            length = len(partial) + end - begin
            if self._skipping:
                self._skipping = False
            elif length > self._ceiling:
                lines.append((start, None, self._joined))
            elif partial:
                partial += data[begin:end]
                lines.append((start, bytes(partial), self._joined))
            else:
                lines.append((start, data[begin:end], self._joined))
            self._joined = False
            self._start = start + length + 1
            partial.clear()
            begin = end + 1
        rest = len(data) - begin
        if self._skipping:
            self._start += rest
        elif len(partial) + rest > self._ceiling:
            lines.append((self._start, None, self._joined))
            self._start += len(partial) + rest
            partial.clear()
            self._skipping = True
        else:
            partial += data[begin:]
        return lines

    def end(self) -> tuple[int, bytes | None, bool]:
        """Take what there is of the unfinished line for a whole one, as if its LF had come."""
        start, line = self._start, bytes(self._partial)
        self._start += len(line)
        self._partial.clear()
        return start, line, self._joined

    def skip(self, size: int) -> None:
        """Pass over whole lines unread: so many bytes, the last of them an LF, where no line has begun."""
        self._start += size

    @property
    def sure(self) -> bool:
        """Whether where the present line begins is known: an LF was read, and nothing was lost since."""
        return not (self._skipping or self._joined)

    @property
    def empty(self) -> bool:
        """Whether nothing of the present line was read."""
        return not (self._partial or self._skipping)

    @property
    def unfinished(self) -> tuple[int, bytes]:
        """The line that has begun: stream offset, and what there is of it (empty: where one will begin)."""
        return self._start, bytes(self._partial)

    def gap(self, missing: int) -> None:
        """Learn that `missing` bytes were lost here: the line around the hole is passed over.

        What follows the hole is taken for a line only if it can be one: `joined` says so.
        """
        self._start += len(self._partial) + missing
        self._partial.clear()
        self._skipping = False
        self._joined = True
