"""Peers that do not mine: full nodes and light clients of several coins, Monero nodes, Ethereum discovery.

The messages of nodes that other makers use are here too. Everything is written from the specifications.
"""

import hashlib
import struct
from collections.abc import Iterable
from itertools import pairwise

import lz4.frame
from Crypto.Hash import keccak

from pcaps.makers.making import C, S, Script, Tape

FILE = "nodes.pcap.lz4"
BITCOIN = bytes.fromhex("f9beb4d9")
LITECOIN = bytes.fromhex("fbc0b6db")  # Monacoin's too
CASH = bytes.fromhex("e3e1f3e8")  # of BCH, XEC and BSV
PIVX = bytes.fromhex("90c4fde9")
TESTNET = bytes.fromhex("0b110907")
MONERO_MAINNET = bytes.fromhex("1230f171610441611731008216a1a110")
WOWNERO_MAINNET = bytes.fromhex("1133ff77610441611731008216a1a110")
CLOCK = 1_772_416_800  # seconds since 1970: when the capture begins
TX, BLOCK, FILTERED, COMPACT = 1, 2, 3, 4  # types of inventory entries


def sha256d(data: bytes) -> bytes:
    """Return SHA-256 of SHA-256."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def message(command: str, payload: bytes = b"", magic: bytes = BITCOIN) -> bytes:
    """Return a Bitcoin P2P message with its checksum."""
    head = magic + command.encode().ljust(12, b"\0") + struct.pack("<I", len(payload))
    return head + sha256d(payload)[:4] + payload


def version(
    agent: str,
    services: int,
    height: int,
    nonce: int,
    *,
    magic: bytes = BITCOIN,
    port: int = 8333,
    protocol: int = 70016,
) -> bytes:
    """Return a `version` message."""
    address = struct.pack("<Q", services) + bytes(10) + b"\xff\xff" + bytes(4) + struct.pack(">H", port)
    payload = struct.pack("<iQq", protocol, services, CLOCK) + address + address + struct.pack("<Q", nonce)
    payload += bytes([len(agent)]) + agent.encode() + struct.pack("<i?", height, True)
    return message("version", payload, magic)


def bare(command: str, payload: bytes = b"") -> bytes:
    """Return a message as clients before 2012 sent `version` and `verack`: without its checksum."""
    return BITCOIN + command.encode().ljust(12, b"\0") + struct.pack("<I", len(payload)) + payload


def inventory(kind: int, *hashes: bytes) -> bytes:
    """Return the payload of inv and getdata."""
    return bytes([len(hashes)]) + b"".join(struct.pack("<I", kind) + one for one in hashes)


def header(number: int) -> bytes:
    """Return the 80 bytes of a block's header, made up."""
    before, root = (hashlib.sha256(f"{word}{number}".encode()).digest() for word in ("before", "root"))
    return struct.pack("<i", 0x20000000) + before + root + struct.pack("<III", CLOCK, 0x17020000, number)


def coinbase(height: int) -> bytes:
    """Return a transaction that pays a block's finder, its height first in the script (BIP 34)."""
    pushed = height.to_bytes(4, "little").rstrip(b"\0")
    pushed += b"\0" * (pushed[-1] > 127)
    script = bytes([len(pushed)]) + pushed + b"/made/"
    paid = struct.pack("<Q", 312_500_000) + b"\x16\x00\x14" + bytes(20)
    return (
        struct.pack("<i", 2) + b"\x00\x01\x01" + bytes(32) + b"\xff" * 4 + bytes([len(script)]) + script
        + b"\xff" * 4 + b"\x01" + paid + b"\x01\x20" + bytes(32) + bytes(4)
    )  # fmt: skip


def compact(number: int, height: int, short: int = 40) -> bytes:
    """Return the payload of a cmpctblock: header, nonce, short ids, the coinbase in full (BIP 152)."""
    ids = b"".join(hashlib.sha256(f"{number}/{n}".encode()).digest()[:6] for n in range(short))
    return header(number) + bytes(8) + bytes([short]) + ids + b"\x01\x00" + coinbase(height)


def levin(command: int, payload: bytes, *, flags: int, expect: bool) -> bytes:
    """Return a Levin packet."""
    head = b"\x01\x21\x01\x01\x01\x01\x01\x01" + struct.pack(
        "<QBIiII", len(payload), expect, command, 0, flags, 1
    )
    return head + payload


def _entry(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def _count(value: int) -> bytes:
    return bytes([value << 2]) if value < 64 else struct.pack("<H", value << 2 | 1)


def _text(raw: bytes) -> bytes:
    return _count(len(raw)) + raw


def _storage(*entries: bytes) -> bytes:
    return bytes.fromhex("011101010101020101") + _count(len(entries)) + b"".join(entries)


def sync_data(height: int, top: bytes) -> bytes:
    """Return the entry that tells a peer's chain: its height and newest block."""
    told = _entry("current_height", 5, struct.pack("<Q", height)) + _entry("top_id", 10, _text(top))
    return _entry("payload_data", 12, _count(2) + told)


def handshake(network: bytes = MONERO_MAINNET, peer: int = 1, height: int = 3_620_000) -> bytes:
    """Return a handshake: node_data {network_id, my_port, peer_id, support_flags}, payload_data."""
    node = _entry("network_id", 10, _text(network)) + _entry("my_port", 6, struct.pack("<I", 18080))
    node += _entry("peer_id", 5, struct.pack("<Q", peer)) + _entry("support_flags", 6, struct.pack("<I", 1))
    return _storage(_entry("node_data", 12, _count(4) + node), sync_data(height, bytes([7]) * 32))


def timed_sync(height: int, top: bytes) -> bytes:
    """Return a timed sync."""
    return _storage(sync_data(height, top))


def fluffy(height: int) -> bytes:
    """Return a notification of a new block without its transactions."""

    def varint(value: int) -> bytes:
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    head = bytes([16, 16]) + varint(CLOCK) + hashlib.sha256(b"%d" % height).digest() + bytes(4)
    finder = b"\x02" + varint(height + 60) + b"\x01\xff" + varint(height)
    finder += b"\x01" + varint(600_000_000_000) + b"\x03" + bytes(33) + b"\x21\x01" + bytes(32) + b"\x00"
    others = [hashlib.sha256(f"{height}/{n}".encode()).digest() for n in range(30)]
    blob = head + finder + bytes([len(others)]) + b"".join(others)
    block = _entry("b", 12, _count(1) + _entry("block", 10, _text(blob)))
    return _storage(block, _entry("current_blockchain_height", 5, struct.pack("<Q", height + 1)))


def discv4(kind: int, body: bytes) -> bytes:
    """Return a discv4 packet with its hash; the signature is a placeholder: nobody on the path checks it."""
    rest = hashlib.sha512(body).digest() + b"\x01" + bytes([kind]) + body
    return keccak.new(digest_bits=256, data=rest).digest() + rest


def cut(script: Script, size: int) -> list[tuple[float, int, bytes]]:
    """Return a script whose payloads go out in segments of at most `size` bytes: a small MSS."""
    return [
        (pause if at == 0 else 0.0, side, payload[at : at + size])
        for pause, side, payload in script
        for at in range(0, len(payload), size)
    ]


def scheduled(start: float, said: Iterable[tuple[float, int, bytes]]) -> list[tuple[float, int, bytes]]:
    """Return the script of what is said at given times (s), in a conversation that begins at `start`."""
    ordered = sorted(said, key=lambda one: one[0])
    times = [start, *(at for at, _, _ in ordered)]
    return [
        (max(at - before - 0.04, 0.0), side, payload)
        for (before, at), (_, side, payload) in zip(pairwise(times), ordered, strict=True)
    ]


def repeat(tape: Tape, every: int) -> None:
    """Send every so-manieth packet once more, 3 ms later: a retransmission."""
    again = [(at + 0.003, raw) for at, raw in tape.packets[::every]]
    tape.packets += again


def full_node(tape: Tape) -> None:
    """Two Bitcoin nodes: introductions, transactions, a block as compact block and one after an inv."""
    tx = inventory(TX, hashlib.sha256(b"tx").digest())
    relay = [(8.0, C, message("inv", tx)), (0.1, S, message("getdata", tx))]
    block = sha256d(header(5))
    script = [
        (0.0, C, version("/Satoshi:29.0.0/", 0x409, 938_400, 1)),
        (0.05, S, version("/Satoshi:28.1.0/", 0x409, 938_400, 2) + message("wtxidrelay") + message("verack")),
        (0.05, C, message("verack") + message("sendheaders") + message("sendcmpct", b"\x01" + bytes(8))),
        *relay * 4,
        (1.0, S, message("cmpctblock", compact(4, 938_401))),
        (0.1, C, message("getblocktxn", sha256d(header(4)) + b"\x01\x05")),
        (0.1, S, message("blocktxn", sha256d(header(4)) + b"\x01" + coinbase(9))),
        (9.0, S, message("inv", inventory(BLOCK, block))),
        (0.1, C, message("getdata", inventory(BLOCK | 0x40000000, block))),
        (0.1, S, message("block", header(5) + b"\x01" + coinbase(938_402))),
    ]
    tape.tcp(0.0, ("198.51.100.120", 48001), ("203.0.113.180", 8333), cut(script, 536))


def light_clients(tape: Tape) -> None:
    """Wallets: by BIP 157 filters, and by a BIP 37 filter."""
    first = b"\0" + struct.pack("<I", 938_000) + bytes(32)
    filters = [
        (0.0, C, version("/sample-wallet:2.1/", 0, 0, 3)),
        (0.05, S, version("/Satoshi:28.1.0/", 0x449, 938_400, 4) + message("verack")),
        (0.05, C, message("verack") + message("getcfheaders", first)),
    ]
    tape.tcp(3.0, ("192.0.2.140", 48002), ("203.0.113.180", 8333), filters)
    bloom = [
        (0.0, C, version("/bitcoinj:0.16/", 0, 0, 5)),
        (0.05, S, version("/Satoshi:0.20.0/", 0x40D, 938_400, 6) + message("verack")),
        (0.05, C, message("verack") + message("filterload", b"\x02\xff\xff" + bytes(9))),
        (1.0, C, message("getdata", inventory(FILTERED, sha256d(header(5))))),
        (
            0.1,
            S,
            message("merkleblock", header(5) + struct.pack("<I", 1) + b"\x01" + bytes(32) + b"\x01\x01"),
        ),
    ]
    tape.tcp(4.0, ("192.0.2.141", 48004), ("203.0.113.180", 8333), bloom)


def other_coins(tape: Tape) -> None:
    """Nodes of coins that share a magic, of a testnet, of a proof-of-stake coin, and one of 2011."""
    peers = (
        (LITECOIN, "/LitecoinCore:0.21.4/", 3_060_000, 9333),
        (LITECOIN, "/MonacoinCore:0.20.4/", 3_900_000, 9401),
        (CASH, "/Bitcoin Cash Node:28.0.0(EB32.0)/", 938_900, 8333),
        (CASH, "/Bitcoin SV:1.2.0/", 938_700, 8333),
        (TESTNET, "/Satoshi:29.0.0/", 4_870_000, 18333),
        (PIVX, "/PIVX:5.6.1/", 5_300_000, 51472),
    )
    for number, (magic, agent, height, port) in enumerate(peers):
        script = [
            (0.0, C, version("/crawler:1.0/", 1, height, 20 + number, magic=magic, port=port)),
            (
                0.05,
                S,
                version(agent, 1, height, 30 + number, magic=magic, port=port)
                + message("verack", b"", magic),
            ),
            (0.05, C, message("verack", b"", magic)),
            (1.0, S, message("inv", inventory(BLOCK, sha256d(header(60 + number))), magic)),
        ]
        server = (f"203.0.113.{200 + number}", port)
        tape.tcp(6.0 + number, ("198.51.100.122", 48010 + number), server, script)
    old = struct.pack("<iQq", 31402, 1, 1_300_000_000) + bytes(52) + struct.pack("<QBi", 7, 0, 118_000)
    script = [
        (0.0, C, bare("version", old)),
        (0.2, S, bare("version", old) + bare("verack")),
        (0.2, C, bare("verack") + message("getblocks", bytes(69))),
    ]
    tape.tcp(14.0, ("198.51.100.123", 48020), ("203.0.113.210", 8333), script)


def monero(tape: Tape) -> None:
    """Two Monero nodes with a new block, and a node of a fork."""
    first, answer = handshake(peer=11), handshake(peer=12)
    script = [
        (0.0, C, levin(1001, first, flags=1, expect=True)),
        (0.06, S, levin(1001, answer, flags=2, expect=False)),
        (3.0, S, levin(2008, fluffy(3_620_000), flags=1, expect=False)),
        (30.0, C, levin(1002, timed_sync(3_620_001, bytes([8]) * 32), flags=1, expect=True)),
        (0.06, S, levin(1002, timed_sync(3_620_001, bytes([8]) * 32), flags=2, expect=False)),
    ]
    tape.tcp(5.0, ("2001:db8:30::9", 48003), ("2001:db8:f00d::80", 18080), cut(script, 1200))
    fork = [
        (0.0, C, levin(1001, handshake(WOWNERO_MAINNET, 13, 800_000), flags=1, expect=True)),
        (0.06, S, levin(1001, handshake(WOWNERO_MAINNET, 14, 800_000), flags=2, expect=False)),
    ]
    tape.tcp(7.0, ("2001:db8:30::9", 48005), ("2001:db8:f00d::81", 34567), fork)


def ethereum(tape: Tape) -> None:
    """Two Ethereum nodes that find each other."""
    one, other = ("198.51.100.121", 30303), ("203.0.113.190", 30303)
    end = bytes.fromhex("cb84c6336479") + bytes.fromhex("82765f82765f")
    ping = (
        bytes.fromhex("dc04") + end + bytes.fromhex("cb84cb0071be82765f82765f") + bytes.fromhex("8469a50100")
    )
    ping = bytes([0xC0 + len(ping) - 1]) + ping[1:]
    for turn in range(3):
        tape.udp(9.0 + 10 * turn, one, other, discv4(1, ping))
        tape.udp(9.1 + 10 * turn, other, one, discv4(1, ping))


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    full_node(tape)
    light_clients(tape)
    other_coins(tape)
    monero(tape)
    ethereum(tape)
    repeat(tape, 9)
    return lz4.frame.compress(tape.in_time_order().pcap(), store_size=False)
