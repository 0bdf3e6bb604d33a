"""What the messages of the Bitcoin family say: introductions, inventories, headers and blocks.

Source: Bitcoin's protocol.h, serialize.h and net_processing.cpp, BIP 34 (height in the coinbase), BIP 37,
BIP 130, BIP 144, BIP 152, BIP 157, BIP 159; docs/protocols/bitcoin_p2p.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from hashlib import sha256
from struct import Struct

MAX_AGENT = 256  # bytes: MAX_SUBVERSION_LENGTH, beyond which clients refuse a version message
MAX_ANNOUNCED = 8  # blocks of one message: MAX_BLOCKS_TO_ANNOUNCE; longer lists answer a question

_COMMANDS = (
    "version verack addr addrv2 sendaddrv2 inv getdata merkleblock getblocks getheaders tx headers block"
    " getaddr mempool ping pong notfound filterload filteradd filterclear sendheaders feefilter sendcmpct"
    " cmpctblock getblocktxn blocktxn getcfilters cfilter getcfheaders cfheaders getcfcheckpt cfcheckpt"
    " wtxidrelay sendtxrcncl reject alert"
)
COMMANDS = frozenset(_COMMANDS.split())
"""What Bitcoin Core and its light clients send or have sent; forks add their own."""
LIGHT_COMMANDS = frozenset(
    {"filterload", "filteradd", "filterclear", "getcfilters", "getcfheaders", "getcfcheckpt"}
)
"""Requests of BIP 37 and BIP 157, for which a node with blocks of its own has no use."""
BLOCK_COMMANDS = frozenset({"inv", "headers", "cmpctblock", "block", "merkleblock"})
"""Messages that tell of a block."""
SERVED = frozenset({"block", "merkleblock"})
"""Those that only a request brings about."""

# The payload of `version`: version i32, services u64, time i64, addr_recv, addr_from, nonce u64,
# agent (length-prefixed), height i32; an address is services u64, IPv6 16 bytes, port u16 (big-endian).
VERSION_HEAD = Struct("<iQq")
ADDR_RECV_PORT = 44
ADDR_FROM_PORT = 70
AGENT_LENGTH = 80
FIRST_VERSION_SIZE = 46  # up to addr_recv: all that clients before protocol 106 sent

HEADER_SIZE = 80  # of a block: version, previous hash, merkle root, time, nBits, nonce
HASH_SIZE = 32
ENTRY_SIZE = 36  # of an inventory: type u32, hash
SHORT_ID_SIZE = 6
SEGWIT_MARK = b"\x00\x01"
NO_OUTPUT = bytes(32) + b"\xff\xff\xff\xff"  # what the input of a coinbase points to


class Service(IntFlag):
    """The service bits of a version message that promise blocks."""

    NETWORK = 1
    NETWORK_LIMITED = 1 << 10
    """A pruned node (BIP 159): a full node too, which serves the last 288 blocks."""


_BLOCKS = int(Service.NETWORK | Service.NETWORK_LIMITED)


class Inventory(IntEnum):
    """Type of an inventory entry, its witness flag taken off."""

    BLOCK = 2
    FILTERED_BLOCK = 3
    """A merkleblock: only BIP 37 light clients ask for it."""
    CMPCT_BLOCK = 4


WITNESS_FLAG = 0x40000000


@dataclass(frozen=True, slots=True)
class Version:
    """What a `version` message says."""

    protocol: int
    services: int
    time_s: int
    """The sender's clock, seconds since 1970; anything, as it is only claimed."""
    ports: tuple[int, ...]
    """Of the receiver and of the sender, as the sender believes; 0 where it does not say."""
    agent: str | None
    height: int | None

    @property
    def full(self) -> bool:
        """Whether it serves blocks."""
        return bool(self.services & _BLOCKS)


def read_version(payload: bytes) -> Version:
    """Read the payload of a version message; raises ValueError where it is too short or too long."""
    if len(payload) < FIRST_VERSION_SIZE:
        raise ValueError(f"a version message of {len(payload)} bytes")
    protocol, services, time_s = VERSION_HEAD.unpack_from(payload)
    ports = tuple(int.from_bytes(payload[at : at + 2], "big") for at in (ADDR_RECV_PORT, ADDR_FROM_PORT))
    agent, height = None, None
    if len(payload) > FIRST_VERSION_SIZE:
        length, begin = _varint(payload, AGENT_LENGTH)
        end = begin + length
        if not begin or length > MAX_AGENT or end + 4 > len(payload):
            raise ValueError("a version message whose agent or height is cut off")
        agent = _text(payload[begin:end]) or None
        number = int.from_bytes(payload[end : end + 4], "little", signed=True)
        height = number if number >= 0 else None
    return Version(protocol, services, time_s, ports, agent, height)


def wanted(payload: bytes) -> tuple[bool, tuple[bytes, ...]]:
    """Return of a getdata whether it asks for filtered blocks, and the blocks it asks for (at most 8).

    Its first entry tells of what kind it is: clients do not mix types.
    """
    entries = _entries(payload, MAX_ANNOUNCED)
    filtered = bool(entries) and entries[0][0] == Inventory.FILTERED_BLOCK
    return filtered, tuple(raw for kind, raw in entries if kind in (Inventory.BLOCK, Inventory.CMPCT_BLOCK))


def announced(payload: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return of an inv how many blocks it names, and the last 8 of them, as the wire has them."""
    at = _varint(payload, 0)[1]
    kinds = payload[at::ENTRY_SIZE]  # the lowest byte of each type
    if Inventory.BLOCK not in kinds and Inventory.CMPCT_BLOCK not in kinds:
        return 0, ()  # transactions, as nearly always
    entries = _entries(payload, len(payload) // ENTRY_SIZE)
    blocks = [raw for kind, raw in entries if kind in (Inventory.BLOCK, Inventory.CMPCT_BLOCK)]
    return len(blocks), tuple(blocks[-MAX_ANNOUNCED:])


def lists_more(data: bytes, begin: int, end: int) -> bool:
    """Say whether an inv or getdata, `data[begin:end]` of at least a byte, lists more than transactions.

    Their types are 1 and 5 (BIP 339), the lowest byte whatever flags there are.
    """
    return data[begin] >= 0xFD or bool(data[begin + 1 : end : ENTRY_SIZE].translate(None, b"\x01\x05"))


def header_hashes(payload: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return how many headers a `headers` message has, and the hashes of the last 8.

    0 where it is not made of headers of 80 bytes, as those of merge-mined coins are not.
    """
    count, at = _varint(payload, 0)
    stride = HEADER_SIZE + 1  # each with a transaction count of 0
    if not at or not count or len(payload) - at != count * stride or any(payload[at + HEADER_SIZE :: stride]):
        return 0, ()
    first = max(count - MAX_ANNOUNCED, 0)
    return count, tuple(block_hash(payload[at + n * stride :]) for n in range(first, count))


def block_hash(block: bytes) -> bytes:
    """Return SHA256d of the header that `block` begins with, in the wire's order."""
    return sha256(sha256(block[:HEADER_SIZE]).digest()).digest()


def height_of(command: str, payload: bytes) -> int | None:
    """Return the height that the coinbase of a `block` or `cmpctblock` names (BIP 34), if it is there.

    `payload` may be cut off behind the coinbase's script.
    """
    if command == "block":
        at = _varint(payload, HEADER_SIZE)[1]
    elif command == "cmpctblock":
        short, at = _varint(payload, HEADER_SIZE + 8)  # behind a nonce
        at += short * SHORT_ID_SIZE
        at = _varint(payload, at)[1] if at else 0
        if not at or payload[at : at + 1] != b"\x00":  # the coinbase is the first prefilled transaction
            return None
        at += 1
    else:
        return None
    return _coinbase_height(payload, at) if at else None


def _coinbase_height(payload: bytes, at: int) -> int | None:
    at += 4  # version
    if payload[at : at + 2] == SEGWIT_MARK:
        at += 2
    if payload[at : at + 1] != b"\x01" or payload[at + 1 : at + 37] != NO_OUTPUT:
        return None
    script, at = _varint(payload, at + 37)
    size = payload[at] if at and at < len(payload) else 0
    if not 1 <= size <= 4 or size >= script or at + 1 + size > len(payload):
        return None
    height = int.from_bytes(payload[at + 1 : at + 1 + size], "little", signed=True)
    return height if height >= 0 else None


def _entries(payload: bytes, most: int) -> Sequence[tuple[int, bytes]]:
    """Return type (its witness flag taken off) and hash of at most `most` inventory entries."""
    count, at = _varint(payload, 0)
    if not at:
        return ()
    count = min(count, most, (len(payload) - at) // ENTRY_SIZE)
    return [
        (
            int.from_bytes(payload[begin : begin + 4], "little") & ~WITNESS_FLAG,
            payload[begin + 4 : begin + ENTRY_SIZE],
        )
        for begin in range(at, at + count * ENTRY_SIZE, ENTRY_SIZE)
    ]


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and the place behind it; (0, 0) where it is cut off."""
    if at >= len(payload):
        return 0, 0
    width = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(payload[at], 0)
    if not width:
        return payload[at], at + 1
    end = at + 1 + width
    return (int.from_bytes(payload[at + 1 : end], "little"), end) if end <= len(payload) else (0, 0)


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
