"""SOCKS and WebSocket in real captures: what a proxy is asked for, and the messages that tshark sees."""

from pathlib import Path

import pytest

from protocols.events import ProxyTarget
from protocols.observe import Observer
from protocols.parser import Side
from protocols.table import PARSERS
from protocols.websocket_frames import FrameReader
from tests.protocols.test_binary_parsers_against_tshark import fields, streams

pytestmark = pytest.mark.corpus

NDPI, ZEEK = Path("ntop+nDPI/tests/cfgs/default/pcap"), Path("zeek+zeek/testing/btest/Traces")
ASKED = {
    NDPI / "socks.pcap": {
        ("www.google.com", 80),
        ("93.184.216.119", 80),
        ("www.example.com", 80),
    },
    ZEEK / "socks-with-ssl.pcap": {("www.google.com", 443)},
    ZEEK / "socks-auth.pcap": {("192.168.0.2", 22)},
    ZEEK / "socks-auth-10080.pcap": {("192.168.0.2", 22)},
    ZEEK / "socks.pcap": {("www.osnews.com", 80)},
    ZEEK / "tunnels/socks.pcap": {("192.150.187.12", 80)},
}
"""As the bytes of the captures show: versions 4, 4a and 5, with and without a password."""


@pytest.mark.parametrize("capture", ASKED, ids=str)
def test_what_clients_ask_of_a_proxy(corpus: Path, capture: Path) -> None:
    asked = set()
    for sides in streams(corpus / capture).values():
        observer = Observer([parser for parser in PARSERS if parser.transport == "tcp"])
        reads = [read for side, data in sides.items() for read in observer.feed(side, 0, data)]
        asked |= {(event.host, event.port) for _, event in reads if isinstance(event, ProxyTarget)}
        assert not observer.errors
    assert asked == ASKED[capture]


LONG = 126
"""What tshark shows of a length that has bytes of its own."""
SPOKEN = [
    ZEEK / "http/websocket.pcap",
    ZEEK / "websocket/broker-websocket.pcap",
    ZEEK / "websocket/jupyter-websocket.pcap",
]


@pytest.mark.parametrize("capture", SPOKEN, ids=str)
def test_messages_are_as_many_and_as_long_as_tshark_says(corpus: Path, capture: Path) -> None:
    wanted: list[int] = []
    for opcodes, lengths in fields(
        corpus / capture, "websocket", "websocket.opcode", "websocket.payload_length"
    ):
        kinds, sizes = opcodes.split("|"), lengths.split("|")
        wanted += [int(size) for kind, size in zip(kinds, sizes, strict=False) if int(kind) in (1, 2)]
    found: list[int] = []
    masks: set[tuple[bool, bool]] = set()
    for sides in streams(corpus / capture).values():
        for side, data in sides.items():
            inner = data.partition(b"\r\n\r\n")[2] if data[:4] in (b"GET ", b"HTTP") else data
            reader = FrameReader(None, synchronous=True)
            found += [min(len(text), LONG) for _, text in reader.push(inner)]
            if reader.masked is not None:
                masks.add((side is Side.CLIENT, reader.masked))
    assert sorted(found) == sorted(wanted)
    assert len(masks) == 2
