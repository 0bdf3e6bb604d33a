"""The parsers say of real captures what tshark's own dissection says."""

import csv
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from Crypto.Hash import keccak

from protocols import bitcoin_p2p
from protocols.bitcoin_p2p import BitcoinP2P
from protocols.discv4 import Discv4
from protocols.dns import Dns
from protocols.events import DnsAnswer, DnsQuery, NodeBlock, NodeHello, NodeMessage, TlsHello
from protocols.parser import Match, Side
from protocols.tls import Tls
from tests.protocols import wire

pytestmark = pytest.mark.corpus

NDPI = Path("ntop+nDPI/tests/cfgs/default/pcap")
BUSY = 3000  # packets: a longer capture only takes longer
COUNTS = pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.prove)])
"""Captures compared: a few in every run, more where proofs run."""


def fields(capture: Path, shown: str, *names: str) -> Iterator[list[str]]:
    """Yield the fields of the packets that tshark shows; several values of one field are joined by `|`."""
    wanted = [part for name in names for part in ("-e", name)]
    command = ["tshark", "-r", str(capture), "-Y", shown, "-T", "fields", "-E", "aggregator=|", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        yield line.split("\t")


def streams(capture: Path) -> dict[str, dict[Side, bytes]]:
    """Return both sides of each TCP stream up to its first hole; the first sender counts as the client."""
    pieces: dict[str, dict[str, dict[int, bytes]]] = defaultdict(dict)
    names = ("tcp.stream", "tcp.srcport", "tcp.seq", "tcp.payload")
    for stream, port, seq, payload in fields(capture, "tcp.len > 0 && !icmp && !icmpv6", *names):
        if payload and "|" not in seq + payload:
            pieces[stream].setdefault(port, {}).setdefault(int(seq), bytes.fromhex(payload))
    return {
        stream: {side: _joined(pieces) for side, pieces in zip(Side, sides.values(), strict=False)}
        for stream, sides in pieces.items()
    }


def _joined(pieces: dict[int, bytes]) -> bytes:
    start = at = min(pieces)
    out = b""
    for seq in sorted(pieces):
        if seq > at:
            break
        out += pieces[seq][at - seq :]
        at = start + len(out)
    return out


def chosen(corpus: Path, words: str, count: int) -> list[Path]:
    with (corpus / "index.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] == "negative"]
    fitting = [
        row["path"] for row in rows if re.search(words, row["path"], re.I) and 0 < int(row["packets"]) < BUSY
    ]
    step = max(len(fitting) // count, 1)
    return [corpus / path for path in fitting[::step][:count]]


def test_every_bitcoin_message_is_read_and_none_that_tshark_names_is_missed(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clients of 2011 leave the checksum out of verack, which throws tshark out of step for a while.

    What is known already is told here too: test_skim.py shows that skimming changes no more than that.
    """
    monkeypatch.setattr(bitcoin_p2p, "MAX_TOLD", 10**9)
    capture = corpus / NDPI / "bitcoin.pcap"
    named: Counter[str] = Counter()
    for (commands,) in fields(capture, "bitcoin", "bitcoin.command"):
        named.update(command for command in commands.split("|") if re.fullmatch("[a-z]+", command))
    read: Counter[str] = Counter()
    walked: Counter[str] = Counter()
    heights: set[int] = set()
    for sides in streams(capture).values():
        assert BitcoinP2P.probe({side: data[:4096] for side, data in sides.items()}) is Match.YES
        for event in wire.play(BitcoinP2P, list(sides.items())):
            if isinstance(event, NodeHello):
                assert (event.coins, event.full) == (("BTC",), True)
                assert event.height is not None
                heights.add(event.height)
            if not isinstance(event, NodeBlock):
                read[event.command if isinstance(event, NodeMessage) else "version"] += 1
        for data in sides.values():
            walked.update(_walk(data))
    assert read == walked
    assert not named - read
    assert read["version"] == named["version"] == 12
    assert all(110_000 < height < 120_000 for height in heights)  # the spring of 2011


def _walk(data: bytes) -> Iterator[str]:
    at = 0
    while at + 20 <= len(data):
        command = data[at + 4 : at + 16].rstrip(b"\0").decode()
        size = (20 if command in ("version", "verack") else 24) + int.from_bytes(
            data[at + 16 : at + 20], "little"
        )
        at += size
        if at <= len(data):
            yield command


def test_discovery_is_read_in_every_flow_that_is_known_to_hold_it(corpus: Path) -> None:
    path = NDPI / "ethereum.pcap"
    found = set()
    read = right = 0
    ports = ("ip.src", "udp.srcport", "ip.dst", "udp.dstport", "udp.payload")
    for source, source_port, target, target_port, payload in fields(
        corpus / path, "udp && ip && !icmp", *ports
    ):
        datagram = bytes.fromhex(payload)
        right += (
            len(datagram) > 98 and datagram[:32] == keccak.new(digest_bits=256, data=datagram[32:]).digest()
        )
        if wire.play(Discv4, [(Side.CLIENT, datagram)]):
            read += 1
            found.add(frozenset({(source, source_port), (target, target_port)}))
    assert read == right > 0
    with (corpus / "truth.csv").open(encoding="utf-8", newline="") as stream:
        known = [
            row for row in csv.DictReader(stream) if row["path"] == str(path) and "discv4" in row["protocol"]
        ]
    for row in known:
        server = (row["server_ip"], row["server_port"])
        assert any(server in pair and row["client_ip"] in dict(pair) for pair in found), row
    assert len(found) == len(known)


@COUNTS
def test_client_hellos_have_the_names_and_fingerprints_that_tshark_gives_the_parts_of(
    corpus: Path, count: int
) -> None:
    hellos = 0
    for capture in chosen(
        corpus, "tls|ssl|https|http2|browser|chrome|firefox|google|facebook|whatsapp|zoom|teams", count
    ):
        wanted: dict[str, list[str]] = {}
        names = ("version", "ciphersuite", "extension.type", "extensions_alpn_str", "sig_hash_alg")
        parts = [
            f"tls.handshake.{name}"
            for name in (*names, "extensions.supported_version", "extensions_server_name")
        ]
        shown = "tls.handshake.type == 1 && tcp && !dtls && !quic && !socks && !http.proxy_connect_host"
        for stream, number, *values in fields(capture, shown, "tcp.stream", "tls.handshake.type", *parts):
            if "|" not in stream and number == "1":
                wanted.setdefault(stream, values)
        held = streams(capture) if wanted else {}
        for stream, values in wanted.items():
            sides = held.get(stream, {})
            if Tls.probe({side: data[:4096] for side, data in sides.items()}) is not Match.YES:
                continue
            events = [event for event in wire.play(Tls, list(sides.items())) if isinstance(event, TlsHello)]
            if not events:
                continue
            hellos += 1
            name, fingerprint = _hello(*values)
            assert (events[0].sni or "") == name, capture
            if re.search(r"\b(0x0*)?(34|50)\b", values[2]):  # tshark gives their algorithms in the same field
                assert events[0].ja4[:-12] == fingerprint[:-12], capture
            else:
                assert events[0].ja4 == fingerprint, capture
    assert hellos >= count


def _hello(
    version: str, ciphers: str, kinds: str, alpn: str, algorithms: str, versions: str, name: str
) -> tuple[str, str]:
    """Return the name and the fingerprint of what tshark dissected."""

    def values(text: str) -> list[str]:
        numbers = [int(word, 0) for word in text.split("|") if word]
        return [f"{n:04x}" for n in numbers if n & 0x0F0F != 0x0A0A or n >> 8 != n & 0xFF]

    kind, cipher = values(kinds), values(ciphers)
    newest = max([*values(versions)] or values(version))
    known = {"0304": "13", "0303": "12", "0302": "11", "0301": "10", "0300": "s3"}
    first = alpn.split("|")[0]
    ends = first[0] + first[-1] if first else "00"
    counts = f"{min(len(cipher), 99):02}{min(len(kind), 99):02}"
    hashed = ",".join(sorted(each for each in kind if each not in ("0000", "0010")))
    signed = values(algorithms)
    tail = hashed + ("_" + ",".join(signed) if signed else "")
    a = f"t{known.get(newest, '00')}{'d' if '0000' in kind else 'i'}{counts}{ends}"
    b = sha256(",".join(sorted(cipher)).encode()).hexdigest()[:12] if cipher else "0" * 12
    c = sha256(tail.encode()).hexdigest()[:12] if tail else "0" * 12
    return name.lower(), f"{a}_{b}_{c}"


@COUNTS
def test_dns_names_and_addresses_are_those_of_tshark(corpus: Path, count: int) -> None:
    messages = addressed = 0
    names = (
        "udp.payload",
        "dns.qry.name",
        "dns.qry.type",
        "dns.flags.response",
        "dns.flags.rcode",
        "dns.a",
        "dns.aaaa",
        "dns.count.add_rr",
    )
    shown = "dns && udp.port == 53 && dns.flags.opcode == 0 && dns.count.queries == 1"
    shown += " && !icmp && !icmpv6 && !_ws.malformed"
    for capture in chosen(corpus, "dns|chrome|android|wechat|youtube|skype|zoom|teams|malware|web", count):
        for payload, name, kind, response, rcode, four, six, further in fields(capture, shown, *names):
            if "|" in payload or not re.fullmatch(r"[\w.-]+|<Root>", name, re.ASCII):
                continue
            (event, *_) = wire.play(Dns, [(Side.CLIENT, bytes.fromhex(payload))])
            messages += 1
            assert isinstance(event, DnsQuery | DnsAnswer)
            assert event.name == (name.lower() if name != "<Root>" else "."), capture
            if isinstance(event, DnsQuery):
                assert (response, event.qtype) == ("0", int(kind)), capture
            else:
                assert (response, event.rcode) == ("1", int(rcode)), capture
                told = {address for address in (four + "|" + six).split("|") if address}
                addressed += bool(event.addresses)
                if kind not in ("64", "65"):  # their hints are other fields of tshark's
                    assert {str(address) for address in event.addresses} <= told
                if kind in ("1", "28") and event.addresses and further == "0":
                    assert {str(address) for address in event.addresses} == told, capture
    assert messages > 5 * count
    assert addressed > count // 2
