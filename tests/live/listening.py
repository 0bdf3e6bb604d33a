"""What the tests of live capture share: samples to send, and a probe that is run to its end."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.wire import Frames, Wire, inside
from capture.records import Block
from capture.sources.ring import Ring, RingSettings, open_rings
from pipeline.contract import verdict_json
from pipeline.probe import Ended, Probe
from pipeline.world import World, scan_alone
from tests.conftest import ROOT

SAMPLES = ROOT / "pcaps"
SMALL = RingSettings(megabytes=8)
CAP = 1 << 16


def listen(wire: Wire, settings: RingSettings = SMALL, workers: int = 1) -> list[Ring]:
    """Open rings at the far end of the wire."""
    with inside(wire.far_namespace):
        return open_rings([wire.far], workers, settings)


def send(wire: Wire, frames: Frames, rate: float | None = None) -> None:
    """Send from the near end."""
    with inside(wire.near_namespace):
        frames.send(wire.near, rate)


def probed(wire: Wire, rings: Sequence[Ring], frames: Frames, rate: float | None = None) -> Ended:
    """Have a probe hear what is sent, then stop it; return what it found."""
    with inside(wire.far_namespace):  # its threads ask after the interface
        probe = Probe(wire.far, rings, cap=CAP)
        probe.start()
    sending = threading.Thread(target=send, args=(wire, frames, rate))
    sending.start()
    try:
        while probe.take(0.05):
            probe.new()
            if not sending.is_alive():
                probe.stop()
        return probe.end()
    finally:
        sending.join()
        probe.close()


class Taped(Ring):
    """A ring that writes down what it hears: a pcap of nanoseconds."""

    def __init__(self, interface: str, settings: RingSettings, tape: Path) -> None:
        super().__init__(interface, settings)
        self._tape = tape

    def blocks(self) -> Iterator[Block]:
        """Yield the packets as the ring does, having written them."""
        with self._tape.open("wb") as tape:
            tape.write(bytes.fromhex("4d3cb2a1 02000400 00000000 00000000 00000400 01000000"))
            for block in super().blocks():
                for row in block.records:
                    seconds, nanoseconds = divmod(int(row["time_ns"]), 1_000_000_000)
                    start, length = int(row["start"]), int(row["caplen"])
                    for word in (seconds, nanoseconds, length, int(row["wirelen"])):
                        tape.write(word.to_bytes(4, "little"))
                    tape.write(block.data[start : start + length].tobytes())
                yield block


def taped(wire: Wire, tape: Path, settings: RingSettings = SMALL) -> Taped:
    """Open a ring at the far end that writes down what it hears."""
    with inside(wire.far_namespace):
        return Taped(wire.far, settings, tape)


def replayed(capture: Path) -> World:
    """Replay a capture."""
    world = scan_alone(str(capture))
    assert isinstance(world, World)
    return world


def told(hits: Any) -> list[dict[str, Any]]:
    """Return verdicts as the output has them, without the name of their source."""
    lines = [verdict_json(hit, lambda evidence: evidence.kind) for hit in hits]
    for line in lines:
        del line["source"]
        for evidence in line["evidence"]:
            del evidence["source"]
    return lines


@contextmanager
def all_closed(rings: Sequence[Ring]) -> Iterator[None]:
    """Give rings back at the end."""
    try:
        yield
    finally:
        for ring in rings:
            ring.close()
