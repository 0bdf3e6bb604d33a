"""`minescope inspect`: one packet of a capture, opened layer by layer.

The one file of the program that may import scapy (GPL-2.0-only), and it does so only where tshark is absent.
"""

import bz2
import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Annotated, Any

import typer

from facts.errors import UsageError
from facts.instant import rfc3339
from minescope.exits import EXIT_NOTHING

PUMPED = 1 << 20  # bytes handed to tshark at once
SLOW = 500_000  # frames; tshark opens about 100,000 a second, so that beyond this a person should be told


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured packet."""

    number: int
    data: bytes
    """As captured, from the first byte of the link layer."""
    wire_length: int
    link: int
    """LINKTYPE_ value (tcpdump.org/linktypes)."""
    time_ns: int


def inspect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Capture file, compressed or not, as evidence names it in `source`.",
            show_default=False,
        ),
    ],
    frame: Annotated[
        int,
        typer.Option(
            "--frame",
            "-f",
            min=1,
            help="Number of the frame, from 1, as evidence names it.",
            show_default=False,
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the decode tree as one JSON object.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Write the bytes as captured, as a hex dump.")] = False,
) -> int:
    """Show the packet behind a piece of evidence: every layer and field of one frame of FILE.

    Evidence names a file and a frame. This opens that frame with tshark, which reads what came before it too,
    so that a message is shown reassembled, or with scapy where tshark is absent: then the frame stands alone.
    FILE may be compressed (.gz, .zst, .lz4, .bz2, .xz). With --json the key `decoder` says which of the two
    spoke; the trees are theirs.

    **Examples**

        minescope inspect monday.pcap.gz --frame 118

        minescope inspect monday.pcap.gz --frame 118 --json | jq .layers.tcp

        minescope inspect monday.pcap.gz --frame 118 --raw

    **Exit codes**: 0 shown; 2 FILE cannot be read; 3 wrong usage, or FILE has no such frame.
    """
    if as_json and raw:
        raise UsageError("--json and --raw exclude each other")
    if file == "-":
        raise UsageError("standard input cannot be read twice: name a file")
    found = locate(file, frame)
    lines: Iterable[str] | None = hex_dump(found.data) if raw else None
    if lines is None and (tshark := shutil.which("tshark")):
        if frame > SLOW:
            typer.echo(f"minescope: tshark reads the {frame - 1:,} frames before it too", err=True)
        lines = _by_tshark(tshark, file, found, as_json)
    for line in lines if lines is not None else _by_scapy(file, found, as_json):
        sys.stdout.write(f"{line}\n")
    return EXIT_NOTHING


def hex_dump(data: bytes) -> Iterator[str]:
    """Yield lines of offset, 16 bytes and their ASCII, as `tshark -x` writes them."""
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{start:04x}  {row.hex(' '):<47}  {shown}"


def locate(file: str, number: int) -> Frame:
    """Return one frame of a capture as the engine reads it.

    Raises ReadError where the file cannot be read, and UsageError where it has no such frame.
    """
    from capture.sources.opening import open_source

    last = 0
    with open_source(file, 0) as source:
        for block in source.blocks():
            records = block.records
            if not len(records):
                continue
            last = int(records["frame"][-1])
            if last < number:
                continue
            row = records[int(records["frame"].searchsorted(number))]
            if int(row["frame"]) != number:
                break
            start = int(row["start"])
            return Frame(
                number,
                block.data[start : start + int(row["caplen"])].tobytes(),
                int(row["wirelen"]),
                int(row["link"]),
                int(row["time_ns"]),
            )
        for skipped in source.skipped:
            if skipped.where.frame == number:
                raise UsageError(
                    f"{skipped.where}: damaged or not readable: {skipped.detail or skipped.reason}"
                )
    raise UsageError(f"{file}: there is no frame {number:,}: it holds {last:,} frames")


def _by_tshark(tshark: str, file: str, frame: Frame, as_json: bool) -> list[str] | None:
    """Return what tshark shows, None where it does not show the frame."""
    form = ["-T", "json", "--no-duplicate-keys"] if as_json else ["-V"]
    wanted = ["-c", str(frame.number), "-Y", f"frame.number=={frame.number}"]
    unpack = _unpacker(file)
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            [tshark, "-n", "-r", "-" if unpack else os.path.abspath(file), *wanted, *form],
            stdin=subprocess.PIPE if unpack else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        ) as process:
            pump = threading.Thread(target=_pump, args=(unpack, process.stdin))
            pump.start()
            shown = process.stdout.read().decode("utf-8", "replace") if process.stdout else ""
            pump.join()
        complaints.seek(0)
        said = complaints.read().decode("utf-8", "replace").strip().splitlines()
    packets = json.loads(shown) if as_json and shown.strip() else []
    if not (packets if as_json else shown.strip()):
        typer.echo(f"minescope: tshark does not show the frame, scapy does ({' '.join(said[-1:])})", err=True)
        return None
    if as_json:
        return [_object(file, frame, "tshark", packets[0]["_source"]["layers"])]
    return shown.rstrip("\n").split("\n")


def _unpacker(file: str) -> IO[bytes] | None:
    """Return the unpacked bytes where tshark does not read the compression; None: it reads the file."""
    with open(file, "rb") as packed:
        head = packed.read(6)
    if head.startswith(b"BZh"):
        return bz2.open(file)
    return lzma.open(file) if head == b"\xfd7zXZ\0" else None


def _pump(capture: IO[bytes] | None, sink: IO[bytes] | None) -> None:
    """Hand a capture to tshark until it has seen enough, or as far as the file is whole."""
    if capture is None or sink is None:
        return
    with suppress(BrokenPipeError, EOFError, OSError, lzma.LZMAError), capture, sink:
        while data := capture.read(PUMPED):
            sink.write(data)


def _by_scapy(file: str, frame: Frame, as_json: bool) -> Iterator[str]:
    import scapy.layers.all  # noqa: F401 - registers every layer
    from scapy.config import conf

    layer = conf.l2types.num2layer.get(frame.link, conf.raw_layer)
    packet = layer(frame.data)
    if as_json:
        layers = [
            {"layer": part.name, "fields": {name: _plain(value) for name, value in part.fields.items()}}
            for part in _parts(packet)
        ]
        yield _object(file, frame, "scapy", layers)
        return
    yield f"Frame {frame.number}: {frame.wire_length} bytes on wire, {len(frame.data)} bytes captured"
    yield f"    Arrival Time: {rfc3339(frame.time_ns)}"
    yield from str(packet.show(dump=True)).rstrip("\n").split("\n")


def _parts(packet: Any) -> Iterator[Any]:
    """Yield a packet's layers from the outside in."""
    while packet:  # scapy ends the chain with an empty one
        yield packet
        packet = packet.payload


def _plain(value: Any) -> Any:
    """Return a field's value as JSON has it: bytes in hex, what is nested as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value)


def _object(file: str, frame: Frame, decoder: str, layers: Any) -> str:
    told = {
        "type": "frame",
        "source": file,
        "frame": frame.number,
        "time": rfc3339(frame.time_ns),
        "captured": len(frame.data),
        "length": frame.wire_length,
        "link": frame.link,
        "decoder": decoder,
        "layers": layers,
    }
    return json.dumps(told, ensure_ascii=False)
