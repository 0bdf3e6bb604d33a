"""From what the command line names to files, and from a file to the source that reads it."""

import glob
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from capture.sources.compressed import codec_of
from capture.sources.pcap import PcapSource, byte_order
from capture.sources.reader import Reader
from capture.sources.source import SourceError
from capture.sources.window import STDIN, WINDOW, ByteStream, FileBytes
from facts.errors import ReadError
from facts.where import Skipped, Where

MAX_SOURCES: Final = 65_536
"""Sources that one run can tell apart: RECORD.source has 16 bits."""

_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"

_OTHERS: Final = {
    b"snoop\0\0\0": "a snoop capture",
    b"btsnoop\0": "a Bluetooth snoop capture",
    b"RTSS": "a Network Monitor 1 capture",
    b"GMBU": "a Network Monitor 2 capture",
    b"TRSNIFF data    \x1a": "a Sniffer capture",
    b"XCP\0": "a NetXRay capture",
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\x1f\x9d": "compressed by compress (.Z)",
    b"\x02\x21\x4c\x18": "compressed by lz4 in its legacy format",
}
"""Kinds of file that are met among captures and are not read: they are told by name."""


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A file to be read; whether it is a capture shows when it is opened."""

    path: str
    """As given, or joined with what was given inside a folder; `-` for standard input. Also its name."""
    named: bool
    """Named on the command line: not to be able to read it is an error, and not something skipped."""
    size: int | None
    """Bytes as it lies; None for a pipe."""


@dataclass(slots=True)
class Found:
    """What the paths of a command line come to."""

    files: list[CaptureFile] = field(default_factory=list)
    """In the order given; those of one folder or pattern sorted by path. No file twice."""
    skipped: list[Skipped] = field(default_factory=list)
    """Inside folders: what is no file, or cannot be looked at."""
    errors: list[ReadError] = field(default_factory=list)
    """Named on the command line and not there."""


def find(paths: Sequence[str]) -> Found:
    """Find the files that paths name: files, folders (all that is below them), patterns and `-`.

    A pattern is looked at only where no file has that very name; `**` goes through folders. Files matched
    by a pattern count as named. Nothing is opened.
    """
    found = Found()
    seen: set[str] = set()
    for path in paths:
        if path == STDIN or os.path.lexists(path):
            _add(found, seen, path)
        elif matches := sorted(glob.glob(path, recursive=True)):
            for match in matches:
                _add(found, seen, match)
        else:
            why = "no file matches this pattern" if glob.has_magic(path) else "no such file or folder"
            found.errors.append(SourceError(why, Where(path), "unreadable"))
    if len(found.files) > MAX_SOURCES:
        for file in found.files[MAX_SOURCES:]:
            why = f"more than {MAX_SOURCES:,} files in one run"
            found.errors.append(SourceError(why, Where(file.path), "too-many-files"))
        del found.files[MAX_SOURCES:]
    return found


def open_source(path: str, index: int = 0, window: int = WINDOW) -> Reader:
    """Open a capture by what it holds, compressed or not; `index` is its number in the run.

    `window` bytes are read at once. Raises SourceError where nothing of it can be read.
    """
    stream: ByteStream = FileBytes(path, path)
    try:
        codec = codec_of(stream)
        if codec is not None:
            stream = codec.open(stream)
        return _reader(stream, path, index, window, codec.name if codec else None)
    except SourceError:
        stream.close()
        raise


def _reader(stream: ByteStream, name: str, index: int, window: int, packing: str | None) -> Reader:
    head = stream.peek(32)
    if head.startswith(_PCAPNG):
        from capture.sources.pcapng import PcapngSource  # its kernels cost time where none is needed

        return PcapngSource(stream, name, index, window)
    if byte_order(head) is not None:
        return PcapSource(stream, name, index, window)
    inside = f"what the {packing} stream holds" if packing else "the file"
    if stream.failure:
        raise SourceError(stream.failure[1], Where(name), "unreadable")
    if not head:
        raise SourceError(f"{inside} is empty", Where(name), "not-a-capture")
    if codec := codec_of(stream):
        raise SourceError(f"{inside} is compressed again ({codec.name})", Where(name), "not-a-capture")
    for magic, kind in _OTHERS.items():
        if head.startswith(magic):
            raise SourceError(f"{inside} is {kind}, which is not read", Where(name), "not-a-capture")
    raise SourceError(f"{inside} is neither pcap nor pcapng", Where(name), "not-a-capture")


def _add(found: Found, seen: set[str], path: str) -> None:
    """Add what one path of the command line names."""
    if path != STDIN and os.path.isdir(path):
        _add_folder(found, seen, path)
        return
    if path in seen:
        return
    seen.add(path)
    try:
        size = None if path == STDIN else _size(os.stat(path))
    except OSError as error:
        why = f"cannot be looked at: {error.strerror or error}"
        found.errors.append(SourceError(why, Where(path), "unreadable"))
        return
    found.files.append(CaptureFile(path, True, size))


def _add_folder(found: Found, seen: set[str], folder: str) -> None:
    """Add every file below a folder, sorted by path; links to folders are not followed, for they may turn."""

    def unreadable(error: OSError) -> None:
        path = str(error.filename)
        refused = SourceError(f"cannot be listed: {error.strerror}", Where(path), "unreadable")
        if path == folder:
            found.errors.append(refused)
        else:
            found.skipped.append(refused.skipped())

    paths = [
        os.path.join(place, name) for place, _, names in os.walk(folder, onerror=unreadable) for name in names
    ]
    for path in sorted(paths):
        if path in seen:
            continue
        seen.add(path)
        try:
            status = os.stat(path)
        except OSError as error:
            why = f"cannot be looked at: {error.strerror or error}"
            found.skipped.append(Skipped(Where(path), "unreadable", why))
            continue
        if not stat.S_ISREG(status.st_mode):
            # Opening a pipe that lies in a folder would wait for a writer for ever.
            found.skipped.append(Skipped(Where(path), "not-a-capture", "neither a file nor a folder"))
            continue
        found.files.append(CaptureFile(path, False, _size(status)))


def _size(status: os.stat_result) -> int | None:
    return status.st_size if stat.S_ISREG(status.st_mode) else None
