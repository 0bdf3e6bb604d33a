"""Real first flights of versions 1 and 2, with the names that tshark finds in them."""

import subprocess
from pathlib import Path

import pytest

from protocols.events import TlsHello
from protocols.observe import Observer
from protocols.parser import Side
from protocols.quic import Quic

FOLDER = "ntop+nDPI/tests/cfgs/default/pcap"
CAPTURES = (
    "quic-33.pcapng",
    "quic-v2.pcapng",
    "quic_crypto_aes_auth_size.pcap",
    "quic_frags_ch_in_multiple_packets.pcapng",
    "quic_frags_different_dcid.pcapng",
)
CHROME = "q13d0310h3_55b375c5d22e_cd85d2d88918"
"""The fingerprint that FoxIO publishes for Chromium over QUIC."""


def fields(path: Path, wanted: str, *names: str) -> list[list[str]]:
    command = ["tshark", "-r", str(path), "-Y", wanted, "-T", "fields"]
    for name in names:
        command += ["-e", name]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in listed.splitlines()]


def hellos(path: Path) -> list[TlsHello]:
    """What the parser reads of each flow; the first datagram of a flow is taken for the client's."""
    flows: dict[frozenset[tuple[str, str]], tuple[Observer, tuple[str, str]]] = {}
    found: list[TlsHello] = []
    ends = ("ip.src", "ipv6.src", "udp.srcport", "ip.dst", "ipv6.dst", "udp.dstport", "udp.payload")
    for v4, v6, sport, to4, to6, dport, payload in fields(path, "udp.payload && !icmp", *ends):
        source, target = (v4 or v6, sport), (to4 or to6, dport)
        observer, client = flows.setdefault(frozenset((source, target)), (Observer([Quic]), source))
        side = Side.CLIENT if source == client else Side.SERVER
        reads = observer.datagram(side, bytes.fromhex(payload))
        found += [event for _, event in reads if isinstance(event, TlsHello)]
    return found


@pytest.mark.corpus
@pytest.mark.parametrize("name", CAPTURES)
def test_the_same_names_and_protocols_are_found_as_by_tshark(corpus: Path, name: str) -> None:
    path = corpus / FOLDER / name
    fields_of = ("tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str")
    listed = fields(path, "quic && tls.handshake.type==1", *fields_of)
    told = {(sni, tuple(alpn.split(","))) for sni, alpn in listed}
    assert {(hello.sni or "", hello.alpn) for hello in hellos(path)} == told


@pytest.mark.corpus
def test_the_published_fingerprint_of_chromium_comes_out_of_real_traffic(corpus: Path) -> None:
    found = hellos(corpus / FOLDER / "quic_crypto_aes_auth_size.pcap")
    assert {hello.ja4 for hello in found} == {CHROME}
