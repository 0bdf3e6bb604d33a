"""QUIC's first packets, opened in the kernel: a connection is handed on only where its host is of interest.

An ordinary link opens hundreds of QUIC connections a second. The keys of a client's Initial packet are made
from the connection id that it carries (RFC 9001, section 5; RFC 9369), so the name in its ClientHello can be
read like that of TLS. The packet is not authenticated here: whoever is handed on is opened again, with proof,
by protocols/quic.py.
"""

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.compiled import inlined, part
from capture.sieve.ciphers import MADE, MESSAGE, NATIVE, WORDS, encrypted, mac, pads, round_keys
from capture.sieve.instructions import native
from capture.sieve.names import SCRATCH, hello_matters
from capture.sieve.octets import be16, be32, be64
from capture.words import int64, uint32, uint64

V2 = 0x6B3343CF
FOREIGN, LISTED, UNTOLD = range(3)
"""What an Initial packet says: the name of a host of no interest, of one of interest, or not to be told."""

MAX_HELLO = 4096  # bytes of a ClientHello that are put together; post-quantum ones have 2 KiB
MAX_FRAMES = 64  # of one packet
_TAG = 16

# Places in the scratch: bytes of the plain packet and of the hello; and what the ciphers work on, words of
# 32 bits.
_PLAIN = SCRATCH
_MAX_PLAIN = 2048
_HELLO = _PLAIN + _MAX_PLAIN + 16
_WORK = _HELLO + MAX_HELLO


def quic_scratch(instructions: int | None = None) -> npt.NDArray[np.uint8]:
    """Return what `quic_name` works on; `instructions`: those it may use, by default all that there are."""
    scratch = np.zeros(_WORK + 4 * WORDS, np.uint8)
    scratch[_WORK:].view(np.uint32)[NATIVE] = native() if instructions is None else instructions
    return scratch


def _label(text: bytes, size: int) -> list[int]:
    """Return the block of SHA-256 in which HKDF-Expand-Label (RFC 8446, section 7.1) ends, for HMAC."""
    name = b"tls13 " + text
    info = size.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0\1"
    padded = (info + b"\x80").ljust(60, b"\0") + struct.pack(">I", 8 * (64 + len(info)))
    return list(struct.unpack(">16I", padded))


_SALTS = np.array(
    [
        struct.unpack(">5I", bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")),
        struct.unpack(">5I", bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")),
    ],
    np.uint32,
)
_SECRET_LABEL = np.array(_label(b"client in", 32), np.uint32)
_KEY, _IV, _MASK = range(3)
_LABELS = np.array(
    [
        [_label(word + what, size) for what, size in ((b" key", 16), (b" iv", 12), (b" hp", 16))]
        for word in (b"quic", b"quicv2")
    ],
    np.uint32,
)


@part
def quic_name(d: Any, p: Any, end: Any, names: Any, scratch: Any) -> Any:
    """Return what the Initial packet that begins at p says of its host: FOREIGN, LISTED or UNTOLD.

    p is the first of at least 1,200 bytes, of which the first six were tested.
    """
    if len(names) == 0:
        return UNTOLD
    plain = _unprotected(d, p, end, scratch, scratch[_WORK:].view(np.uint32))
    if plain <= 0:
        return UNTOLD
    begins, end = _begun(scratch, _PLAIN + plain)
    if not _is_named(scratch, begins, end):
        if begins < end:
            return UNTOLD  # of such a packet nothing is opened behind its first frame
        begins = int64(_HELLO)
        end = begins + _collected(scratch, _PLAIN + plain)
        if not _is_named(scratch, begins, end):
            return UNTOLD
    # hello_matters counts the header of a record.
    return LISTED if hello_matters(scratch, begins - 5, end, names, scratch) else FOREIGN


@inlined
def _begun(scratch: Any, end: Any) -> Any:
    """Return where the hello begins and ends in a packet whose first frame begins it; else an empty stretch.

    Most packets are so, and need not be put together.
    """
    if scratch[_PLAIN] == 6 and scratch[_PLAIN + 1] == 0:
        size, begins = _number(scratch, int64(_PLAIN + 2), end)
        if 0 <= size <= end - begins:
            return begins, begins + size
    return end, end


@inlined
def _is_named(scratch: Any, begins: Any, end: Any) -> Any:
    """Say whether a ClientHello is here that names its host; its end may be wanting."""
    return end - begins >= 4 and scratch[begins] == 1 and _name_at(scratch, begins + 4, end) != 0


@inlined
def connection_id(d: Any, p: Any, end: Any) -> Any:
    """Return 32 bits that stand for the connection id whose length is d[p], never 0; 0 where it is not all
    there."""
    if p >= end or p + 1 + int64(d[p]) > end:
        return uint32(0)
    value = uint64(0xCBF29CE484222325)  # FNV-1a
    for at in range(p, p + 1 + int64(d[p])):
        value = (value ^ uint64(d[at])) * uint64(0x100000001B3)
    return uint32(value >> uint64(32) | uint64(1))


@inlined
def _name_at(d: Any, at: Any, end: Any) -> Any:
    """Return where the server name of a ClientHello d[at:end] begins, all of it being there; else 0."""
    at += 34
    if at >= end:
        return 0
    at += 1 + int64(d[at])
    if at + 2 > end:
        return 0
    at += 2 + be16(d, at)
    if at >= end:
        return 0
    at += 1 + int64(d[at]) + 2
    while at + 4 <= end:
        size = be16(d, at + 2)
        if be16(d, at) == 0:
            return at + 4 if at + 4 + size <= end else 0
        at += 4 + size
    return 0


@inlined
def _number(d: Any, at: Any, end: Any) -> Any:
    """Return a variable-length integer and where it ends; -1 where it does not fit or is enormous."""
    if at >= end:
        return int64(-1), end
    size = int64(1) << (int64(d[at]) >> 6)
    if at + size > end or size == 8:
        return int64(-1), end
    value = int64(d[at]) & 0x3F
    for more in range(1, size):
        value = value << 8 | int64(d[at + more])
    return value, at + size


@part
def _unprotected(d: Any, p: Any, end: Any, scratch: Any, w: Any) -> Any:
    """Write the frames of an Initial packet to the scratch; return their length, 0 where it is not whole.

    The long header is drawn in protocols/quic.py.
    """
    second = 1 if be32(d, p + 1) == uint32(V2) else 0
    size = int64(d[p + 5])
    at = p + 6 + size
    if size > 20 or at >= end:
        return int64(0)
    _keys(d, p + 6, size, second, w)
    at += 1 + int64(d[at])
    token, at = _number(d, at, end)
    if token < 0:
        return int64(0)
    length, at = _number(d, at + token, end)
    if length < 20 or at + length > end:
        return int64(0)
    _expand(w, second, _MASK)
    round_keys(w)
    mask, more, _, _ = encrypted(w, be32(d, at + 4), be32(d, at + 8), be32(d, at + 12), be32(d, at + 16))
    width = (int64(d[p]) ^ int64(mask >> uint32(24))) & 3
    number: Any = int64(0)
    for byte in range(width + 1):
        masked = int64(mask >> uint32(16 - 8 * byte)) if byte < 3 else int64(more >> uint32(24))
        number = number << 8 | (int64(d[at + byte]) ^ masked) & 0xFF
    body = at + width + 1
    count = min(at + length - _TAG - body, _MAX_PLAIN)
    _expand(w, second, _IV)
    nonce0, nonce1, nonce2 = w[MADE], w[MADE + 1], uint32(w[MADE + 2] ^ uint32(number))
    _expand(w, second, _KEY)
    round_keys(w)
    plain = scratch[_PLAIN:_HELLO].view(np.uint32)
    done: Any = int64(0)
    while done < count:
        # What a last block has too much is read from the tag behind it, and not counted.
        k0, k1, k2, k3 = encrypted(w, nonce0, nonce1, nonce2, uint32(2 + (done >> 4)))
        words = done >> 2
        plain[words] = _swapped(be32(d, body + done) ^ k0)
        plain[words + 1] = _swapped(be32(d, body + done + 4) ^ k1)
        plain[words + 2] = _swapped(be32(d, body + done + 8) ^ k2)
        plain[words + 3] = _swapped(be32(d, body + done + 12) ^ k3)
        done += 16
        if done == 16 and scratch[_PLAIN] == 6 and scratch[_PLAIN + 1] == 0:
            # Most clients begin with a frame of the whole hello; the padding behind it need not be read.
            size, begins = _number(scratch, int64(_PLAIN + 2), int64(_PLAIN + 16))
            count = min(count, begins - _PLAIN + size)
    return count


@inlined
def _swapped(word: Any) -> Any:
    """Turn the bytes of a word round: every processor with kernels writes the lowest one first."""
    low, high = uint32(word & uint32(0xFF)), uint32(word & uint32(0xFF00))
    return uint32(
        low << uint32(24) | high << uint32(8) | word >> uint32(8) & uint32(0xFF00) | word >> uint32(24)
    )


@part
def _collected(scratch: Any, end: Any) -> Any:
    """Put the CRYPTO frames of a packet together; return how much of the hello is there from its start.

    Frames may come in any order: they are walked again as long as one of them adds to it.
    """
    there: Any = int64(0)
    for _ in range(MAX_FRAMES):
        before = there
        there = _walked(scratch, end, there)
        if there == before:
            break
    return there


@part
def _walked(scratch: Any, end: Any, there: Any) -> Any:
    """Walk the frames once and append what follows the first `there` bytes of the hello."""
    at: Any = int64(_PLAIN)
    for _ in range(MAX_FRAMES):
        while at < end and scratch[at] <= 1:  # PADDING, PING; of padding there may be a thousand bytes
            at += 8 if at + 8 <= end and be64(scratch, at) == 0 else 1
        if at >= end or (scratch[at] != 6 and scratch[at] != 2 and scratch[at] != 3):
            break
        kind = scratch[at]
        first, at = _number(scratch, at + 1, end)
        size, at = _number(scratch, at, end)
        if first < 0 or size < 0:
            break
        if kind == 6:  # CRYPTO: offset, length, bytes
            if at + size > end or first + size > MAX_HELLO:
                break
            if first <= there:
                for byte in range(there - first, size):
                    scratch[_HELLO + first + byte] = scratch[at + byte]
                there = max(there, first + size)
            at += size
        else:  # ACK: largest, delay, ranges, each of two numbers, and counts of ECN
            ranges, at = _number(scratch, at, end)
            left = 1 + 2 * ranges + (3 if kind == 3 else 0)
            while left > 0 and at < end:
                _, at = _number(scratch, at, end)
                left -= 1
    return there


@part
def _keys(d: Any, p: Any, size: Any, second: Any, w: Any) -> Any:
    """Make the secret of a client whose first destination connection id is d[p:p + size]; HMAC begins with
    it."""
    for word in range(8):
        w[MADE + word] = _SALTS[second, word] if word < 5 else uint32(0)
    for word in range(16):
        w[MESSAGE + word] = uint32(0)
    for byte in range(size):
        w[MESSAGE + (byte >> 2)] |= uint32(d[p + byte]) << uint32(24 - 8 * (byte & 3))
    w[MESSAGE + (size >> 2)] |= uint32(0x80) << uint32(24 - 8 * (size & 3))
    w[MESSAGE + 15] = uint32(8 * (64 + size))
    pads(w)
    mac(w)
    for word in range(16):
        w[MESSAGE + word] = _SECRET_LABEL[word]
    pads(w)
    mac(w)
    pads(w)


@part
def _expand(w: Any, second: Any, what: Any) -> Any:
    """Make one of the keys from the secret."""
    for word in range(16):
        w[MESSAGE + word] = _LABELS[second, what, word]
    mac(w)
