"""The programs that read the same capture: how each is called, what it does, how many packets it counts.

Every peer does its own job as its manual has it for files, with tables large enough that none throws flows
away early. No two do the same: the notes say what the figures do not compare.
"""

import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FLOWS_HELD = 1_000_000
"""Flows that softflowd may hold: three times those of the capture; its default, 8,192, expires most early."""

TSHARK_PACKETS = 500_000
"""Packets that tshark is given: it keeps state for every one of them, and the whole capture takes minutes."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One program beside MineScope."""

    name: str
    program: str
    package: str
    """Where Debian and Ubuntu have it."""
    command: Callable[[Path, Path], list[str]]
    """(capture, an empty folder to write into) to the command line."""
    counted: Callable[[str], int | None]
    """What it printed, to the packets that it says it took in; None: it says nothing about that."""
    version: tuple[str, ...]
    note: str
    packets: int | None = None
    """Packets that it is given; None: all."""

    @property
    def present(self) -> bool:
        """Whether the program is on this machine."""
        return shutil.which(self.program, path=PATH) is not None


PATH = ":".join(["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Where programs are looked for: the daemons among them lie outside a user's PATH."""


def number(pattern: str) -> Callable[[str], int | None]:
    """Return a reader of the sum of all numbers that a pattern finds."""

    def read(text: str) -> int | None:
        found = re.findall(pattern, text)
        return sum(int(number) for number in found) if found else None

    return read


@contextmanager
def collector() -> Iterator[int]:
    """Hold a UDP port on loopback open, so that exported flows go somewhere; nobody reads them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def peers(port: int) -> list[Peer]:
    """Return the peers; flows are exported to this UDP port on loopback."""
    return [
        Peer(
            "tcpdump -w /dev/null",
            "tcpdump",
            "tcpdump",
            lambda capture, _: ["tcpdump", "-r", str(capture), "-w", "/dev/null"],
            lambda _: None,
            ("tcpdump", "--version"),
            "libpcap's reading and writing; looks into no packet, keeps no flow, says no count",
        ),
        Peer(
            "softflowd",
            "softflowd",
            "softflowd",
            lambda capture, folder: [
                *["softflowd", "-r", str(capture), "-d", "-v", "9", "-m", str(FLOWS_HELD)],
                *["-n", f"127.0.0.1:{port}", "-p", str(folder / "pid"), "-c", "none"],
            ],
            number(r"Packets processed: (\d+)"),
            ("softflowd", "-h"),
            "flow table and NetFlow v9 export; no payload, no tunnels; leaves out QinQ, PPPoE, MPLS and ARP",
        ),
        Peer(
            "nfpcapd",
            "nfpcapd",
            "nfdump",
            lambda capture, folder: ["nfpcapd", "-r", str(capture), "-w", str(folder)],
            number(r"Packets: (\d+)"),
            ("nfdump", "-V"),
            "flow table, flow files written every 5 minutes of traffic; reassembles no stream",
        ),
        Peer(
            "ndpiReader",
            "ndpiReader",
            "libndpi-bin",
            lambda capture, _: ["ndpiReader", "-i", str(capture)],
            number(r"IP packets:\s+(\d+)"),
            ("ndpiReader", "-h"),
            "flow table and deep inspection for some 300 protocols on a flow's first packets, no reassembly; "
            "with -q it costs the same and prints no count",
        ),
        Peer(
            "tshark -z conv,tcp",
            "tshark",
            "tshark",
            lambda capture, _: [
                *["tshark", "-q", "-n", "-r", str(capture), "-c", str(TSHARK_PACKETS)],
                *["-z", "conv,tcp", "-z", "io,stat,0"],
            ],
            number(r"(?m)^\|\s*[\d.]+\s*<>\s*(?:[\d.]+|Dur)\s*\|\s*(\d+)"),
            ("tshark", "--version"),
            f"every dissector on every packet, reassembly; given {TSHARK_PACKETS:,} packets only, as its "
            "time and memory grow with the file",
            packets=TSHARK_PACKETS,
        ),
    ]


ABSENT = {
    "ipfixprobe": "no package in Debian or Ubuntu and no wheel; version 5 asks for GCC 14 to build it",
}
"""Peers that the promises name and that are not run here, each with the reason."""
