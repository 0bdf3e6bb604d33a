"""The name and the height of a block of Monero or a fork that kept its form, from the block's own bytes.

A Levin notification carries blocks without their names. A block is a header, the transaction that pays its
finder, and the hashes of the other transactions; its name is keccak-256 of the header, the root of the hash
tree over all transactions and their number.
Source: monero src/cryptonote_basic/cryptonote_basic.h, cryptonote_format_utils.cpp, src/crypto/tree-hash.c;
docs/protocols/levin.md.
"""

from dataclasses import dataclass
from functools import lru_cache

MAX_HASHES = 2048  # transactions of a block whose name is worked out: some 20 ms of hashing
MAX_OUTPUTS = 1024  # of the finder's transaction; solo miners have one, P2Pool some hundreds
SHORT = 8192  # bytes of a block that is remembered: 230 transactions
REMEMBERED = 128
HASH_SIZE = 32
NULL_HASH = bytes(HASH_SIZE)
GENERATES = 0xFF  # the type of the input of a finder's transaction
KEY, TAGGED_KEY = 2, 3  # the types of its outputs, the latter with a view tag of one byte behind the key


@dataclass(frozen=True, slots=True)
class Block:
    """What the bytes of a block tell."""

    name: str
    """Hex."""
    height: int


def read_block(blob: bytes) -> Block | None:
    """Return name and height; None where the bytes have another form, as those of many forks do."""
    return _read_short(blob) if len(blob) <= SHORT else _read(blob)


def _read(blob: bytes) -> Block | None:
    try:
        return _Reader(blob).block()
    except (IndexError, ValueError):
        return None


_read_short = lru_cache(REMEMBERED)(_read)  # every peer of a node tells of the same blocks


class _Reader:
    def __init__(self, blob: bytes) -> None:
        self._blob = blob
        self._at = 0

    def block(self) -> Block:
        self._varint()  # major version
        self._varint()  # minor version
        self._varint()  # time
        self._take(HASH_SIZE + 4)  # previous block, nonce
        header = self._blob[: self._at]
        height, paying = self._finder()
        count = self._varint()
        if count > MAX_HASHES or len(self._blob) - self._at != count * HASH_SIZE:
            raise ValueError("the transaction hashes do not end the block")
        hashes = [paying, *(self._take(HASH_SIZE) for _ in range(count))]
        content = header + tree_hash(hashes) + _as_varint(len(hashes))
        return Block(keccak(_as_varint(len(content)) + content).hex(), height)

    def _finder(self) -> tuple[int, bytes]:
        """Read the transaction that pays the finder: its height and its hash."""
        begin = self._at
        version = self._varint()
        self._varint()  # unlock time
        if version not in (1, 2) or self._varint() != 1 or self._take(1)[0] != GENERATES:
            raise ValueError("no finder's transaction")
        height = self._varint()
        outputs = self._varint()
        if not 0 < outputs <= MAX_OUTPUTS:
            raise ValueError("no outputs, or too many")
        for _ in range(outputs):
            self._varint()  # amount
            kind = self._take(1)[0]
            if kind not in (KEY, TAGGED_KEY):
                raise ValueError("an output of another kind")
            self._take(HASH_SIZE + (kind == TAGGED_KEY))
        self._take(self._varint())  # extra
        prefix = keccak(self._blob[begin : self._at])
        if version == 1:
            return height, prefix
        base = self._take(1)
        if base != b"\0":
            raise ValueError("a finder's transaction with signatures")
        return height, keccak(prefix + keccak(base) + NULL_HASH)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._blob[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._blob):
            raise ValueError("cut off")
        taken = self._blob[self._at : end]
        self._at = end
        return taken


def tree_hash(hashes: list[bytes]) -> bytes:
    """Return the root over one or more hashes: the last ones are joined first, down to a power of two."""
    if len(hashes) == 1:
        return hashes[0]
    width = 1 << ((len(hashes) - 1).bit_length() - 1)  # the largest power of two below their number
    if len(hashes) == 2 * width:
        level = hashes
    else:
        single = 2 * width - len(hashes)
        level = hashes[:single] + _joined(hashes[single:])
    while len(level) > 1:
        level = _joined(level)
    return level[0]


def _joined(hashes: list[bytes]) -> list[bytes]:
    return [keccak(hashes[n] + hashes[n + 1]) for n in range(0, len(hashes), 2)]


def keccak(data: bytes) -> bytes:
    """Return keccak-256, as it was before it became SHA-3."""
    from Crypto.Hash import keccak as library  # only a block pays for loading it

    return library.new(digest_bits=256, data=data).digest()


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
