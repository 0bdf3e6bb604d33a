"""Peers that do not mine: a Bitcoin full node, a light client, a Monero node, Ethereum discovery."""

import hashlib
import struct

import lz4.frame
from Crypto.Hash import keccak

from pcaps.makers.making import C, S, Tape

FILE = "nodes.pcap.lz4"
BITCOIN = bytes.fromhex("f9beb4d9")
MONERO_MAINNET = bytes.fromhex("1230f171610441611731008216a1a110")


def message(command: str, payload: bytes = b"") -> bytes:
    """Return a Bitcoin P2P message with its checksum."""
    checksum = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    return BITCOIN + command.encode().ljust(12, b"\0") + struct.pack("<I", len(payload)) + checksum + payload


def version(agent: str, services: int, height: int, nonce: int) -> bytes:
    """Return a `version` message."""
    address = struct.pack("<Q", services) + bytes(10) + b"\xff\xff" + bytes(4) + struct.pack(">H", 8333)
    payload = (
        struct.pack("<iQq", 70016, services, 1_772_416_800) + address + address + struct.pack("<Q", nonce)
    )
    payload += bytes([len(agent)]) + agent.encode() + struct.pack("<i?", height, True)
    return message("version", payload)


def levin(command: int, payload: bytes, *, flags: int, expect: bool) -> bytes:
    """Return a Levin packet."""
    head = b"\x01\x21\x01\x01\x01\x01\x01\x01" + struct.pack(
        "<QBIiII", len(payload), expect, command, 0, flags, 1
    )
    return head + payload


def handshake() -> bytes:
    """Return a handshake: node_data {network_id, my_port}, payload_data {current_height}."""

    def entry(name: str, kind: int, value: bytes) -> bytes:
        return bytes([len(name)]) + name.encode() + bytes([kind]) + value

    text = bytes([len(MONERO_MAINNET) << 2]) + MONERO_MAINNET
    node = bytes([2 << 2]) + entry("network_id", 10, text) + entry("my_port", 6, struct.pack("<I", 18080))
    sync = bytes([1 << 2]) + entry("current_height", 5, struct.pack("<Q", 3_620_000))
    body = bytes([2 << 2]) + entry("node_data", 12, node) + entry("payload_data", 12, sync)
    return bytes.fromhex("011101010101020101") + body


def discv4(kind: int, body: bytes) -> bytes:
    """Return a discv4 packet with its hash; the signature is a placeholder: nobody on the path checks it."""
    rest = hashlib.sha512(body).digest() + b"\x01" + bytes([kind]) + body
    return keccak.new(digest_bits=256, data=rest).digest() + rest


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    inventory = b"\x01" + struct.pack("<I", 1) + hashlib.sha256(b"tx").digest()
    relay = [(8.0, C, message("inv", inventory)), (0.1, S, message("getdata", inventory))]
    script = [
        (0.0, C, version("/Satoshi:29.0.0/", 0x409, 938_400, 1)),
        (0.05, S, version("/Satoshi:28.1.0/", 0x409, 938_400, 2) + message("verack")),
        (0.05, C, message("verack") + message("sendheaders")),
        *relay * 4,
    ]
    tape.tcp(0.0, ("198.51.100.120", 48001), ("203.0.113.180", 8333), script)
    light = [
        (0.0, C, version("/sample-wallet:2.1/", 0, 0, 3)),
        (0.05, S, version("/Satoshi:28.1.0/", 0x449, 938_400, 4) + message("verack")),
        (
            0.05,
            C,
            message("verack") + message("getcfheaders", b"\0" + struct.pack("<I", 938_000) + bytes(32)),
        ),
    ]
    tape.tcp(3.0, ("192.0.2.140", 48002), ("203.0.113.180", 8333), light)
    hello = handshake()
    monero = [
        (0.0, C, levin(1001, hello, flags=1, expect=True)),
        (0.06, S, levin(1001, hello, flags=2, expect=False)),
        (30.0, C, levin(1002, hello, flags=1, expect=True)),
        (0.06, S, levin(1002, hello, flags=2, expect=False)),
    ]
    tape.tcp(5.0, ("2001:db8:30::9", 48003), ("2001:db8:f00d::80", 18080), monero)
    one, other = ("198.51.100.121", 30303), ("203.0.113.190", 30303)
    end = bytes.fromhex("cb84c6336479") + bytes.fromhex("82765f82765f")
    ping = (
        bytes.fromhex("dc04") + end + bytes.fromhex("cb84cb0071be82765f82765f") + bytes.fromhex("8469a50100")
    )
    ping = bytes([0xC0 + len(ping) - 1]) + ping[1:]
    for turn in range(3):
        tape.udp(9.0 + 10 * turn, one, other, discv4(1, ping))
        tape.udp(9.1 + 10 * turn, other, one, discv4(1, ping))
    return lz4.frame.compress(tape.in_time_order().pcap(), store_size=False)
