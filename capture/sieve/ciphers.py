"""SHA-256, HMAC and AES-128 for kernels: what opens the first packets of QUIC.

Each works in place on `w`, WORDS words of 32 bits. Their time depends on what they work on: they are not for
secrets; there are none here, since anybody can derive the keys of those packets.
"""

from typing import Any

import numpy as np

from capture.compiled import inlined, part
from capture.sieve.instructions import AES, SHA, compress, encrypt
from capture.words import int64, uint32

WORDS = 160
"""Of 32 bits, to work on."""
MESSAGE = 72
"""Place of the block of 16 words that `mac` takes: what the message ends in, padded as the second block of a
hash."""
MADE = 104
"""Place of the 8 words that `mac` makes; of the secret that `pads` takes, and of the 4 of `round_keys`."""
NATIVE = 156
"""Place of what the processor has instructions for; see instructions.py."""
_SCHEDULE, _STATE, _INNER, _OUTER, _ROUND_KEYS = 0, 64, 88, 96, 112


def _cube_roots() -> Any:
    """Return the constants of SHA-256 (FIPS 180-4): 32 bits of the cube roots of the first 64 primes."""
    primes = [n for n in range(2, 312) if all(n % m for m in range(2, n))]
    roots = []
    for prime in primes:
        low, high = 0, 8 << 32
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**3 <= prime << 96 else (low, middle)
        roots.append(low & 0xFFFFFFFF)
    return np.array(roots, np.uint32)


def _substitution() -> list[int]:
    """Return the S-box of AES (FIPS 197): the inverse in GF(2^8), then an affine map."""
    box = [0x63] * 256
    p = q = 1
    while True:
        p ^= p << 1 & 0xFF ^ (0x1B if p & 0x80 else 0)  # times 3
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        q ^= 0x09 if q & 0x80 else 0  # divided by 3
        turned = q
        for turn in range(1, 5):
            turned ^= q << turn & 0xFF | q >> 8 - turn
        box[p] = turned ^ 0x63
        if p == 1:
            return box


def _columns(box: list[int]) -> Any:
    """Return SubBytes and MixColumns in one table, for the first byte of a column; others are it, turned."""
    doubled = [value << 1 & 0xFF ^ (0x1B if value & 0x80 else 0) for value in box]
    return np.array(
        [two << 24 | one << 16 | one << 8 | two ^ one for one, two in zip(box, doubled, strict=True)],
        np.uint32,
    )


_K = _cube_roots()
_H = np.array(
    [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19],
    np.uint32,
)
_BOX = np.array(_substitution(), np.uint32)
_COLUMNS = _columns(_substitution())


@part
def pads(w: Any) -> Any:
    """Begin HMAC-SHA-256 (RFC 2104) under what was just made: hash its inner and its outer pad."""
    for outer in range(2):
        pad = uint32(0x5C5C5C5C) if outer else uint32(0x36363636)
        for word in range(16):
            w[_SCHEDULE + word] = (w[MADE + word] if word < 8 else uint32(0)) ^ pad
        for word in range(8):
            w[_STATE + word] = _H[word]
        _compress(w)
        for word in range(8):
            w[(_OUTER if outer else _INNER) + word] = w[_STATE + word]


@part
def mac(w: Any) -> Any:
    """HMAC of a message of one block, padded as the second one of its hash."""
    for word in range(16):
        w[_SCHEDULE + word] = w[MESSAGE + word]
    for word in range(8):
        w[_STATE + word] = w[_INNER + word]
    _compress(w)
    for word in range(16):
        w[_SCHEDULE + word] = w[_STATE + word] if word < 8 else uint32(0)
    w[_SCHEDULE + 8] = uint32(0x80000000)
    w[_SCHEDULE + 15] = uint32(8 * (64 + 32))
    for word in range(8):
        w[_STATE + word] = w[_OUTER + word]
    _compress(w)
    for word in range(8):
        w[MADE + word] = w[_STATE + word]


@inlined
def _turned(x: Any, by: Any) -> Any:
    return uint32(x >> uint32(by) | x << uint32(32 - by))


@part
def _compress(w: Any) -> Any:
    """SHA-256's compression (FIPS 180-4, section 6.2.2) of the block in the schedule into the state."""
    if w[NATIVE] & uint32(SHA) != 0:
        compress(w, int64(_STATE), int64(_SCHEDULE), _K)
    else:
        _compress_by_words(w)


@part
def _compress_by_words(w: Any) -> Any:
    """Compress by words of 32 bits, where the processor has nothing of its own."""
    for t in range(16, 64):
        x, y = w[_SCHEDULE + t - 15], w[_SCHEDULE + t - 2]
        small0 = _turned(x, 7) ^ _turned(x, 18) ^ uint32(x >> uint32(3))
        small1 = _turned(y, 17) ^ _turned(y, 19) ^ uint32(y >> uint32(10))
        w[_SCHEDULE + t] = uint32(w[_SCHEDULE + t - 16] + small0 + w[_SCHEDULE + t - 7] + small1)
    a, b, c, d = w[_STATE], w[_STATE + 1], w[_STATE + 2], w[_STATE + 3]
    e, f, g, h = w[_STATE + 4], w[_STATE + 5], w[_STATE + 6], w[_STATE + 7]
    for t in range(64):
        large1 = _turned(e, 6) ^ _turned(e, 11) ^ _turned(e, 25)
        first = uint32(h + large1 + ((e & f) ^ (~e & g)) + _K[t] + w[_SCHEDULE + t])
        large0 = _turned(a, 2) ^ _turned(a, 13) ^ _turned(a, 22)
        second = uint32(large0 + ((a & b) ^ (a & c) ^ (b & c)))
        h, g, f, e = g, f, e, uint32(d + first)
        d, c, b, a = c, b, a, uint32(first + second)
    for word, value in enumerate((a, b, c, d, e, f, g, h)):
        w[_STATE + word] = uint32(w[_STATE + word] + value)


@part
def round_keys(w: Any) -> Any:
    """AES-128's key expansion (FIPS 197, section 5.2) of the key just made."""
    for word in range(4):
        w[_ROUND_KEYS + word] = w[MADE + word]
    constant: Any = uint32(1)
    for word in range(4, 44):
        x = w[_ROUND_KEYS + word - 1]
        if word & 3 == 0:
            x = _substituted(_turned(x, 24)) ^ uint32(constant << uint32(24))
            constant = uint32(constant << uint32(1) ^ (0x1B if constant & uint32(0x80) else 0)) & uint32(0xFF)
        w[_ROUND_KEYS + word] = uint32(w[_ROUND_KEYS + word - 4] ^ x)


@inlined
def _substituted(x: Any) -> Any:
    return uint32(
        _BOX[x >> uint32(24)] << uint32(24)
        | _BOX[x >> uint32(16) & uint32(0xFF)] << uint32(16)
        | _BOX[x >> uint32(8) & uint32(0xFF)] << uint32(8)
        | _BOX[x & uint32(0xFF)]
    )


@inlined
def _column(a: Any, b: Any, c: Any, d: Any, key: Any) -> Any:
    """One column of a round: the rows shifted, substituted and mixed."""
    return uint32(
        _COLUMNS[a >> uint32(24)]
        ^ _turned(_COLUMNS[b >> uint32(16) & uint32(0xFF)], 8)
        ^ _turned(_COLUMNS[c >> uint32(8) & uint32(0xFF)], 16)
        ^ _turned(_COLUMNS[d & uint32(0xFF)], 24)
        ^ key
    )


@inlined
def _last(a: Any, b: Any, c: Any, d: Any, key: Any) -> Any:
    """One column of the last round, which mixes nothing."""
    top = uint32(0xFF000000)
    shifted = a & top | b & uint32(top >> uint32(8)) | c & uint32(top >> uint32(16)) | d & uint32(0xFF)
    return uint32(_substituted(uint32(shifted)) ^ key)


@part
def encrypted(w: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """AES-128 of one block of four words under the expanded key."""
    if w[NATIVE] & uint32(AES) != 0:
        return encrypt(w, int64(_ROUND_KEYS), a, b, c, d)
    return _encrypted_by_words(w, a, b, c, d)


@part
def _encrypted_by_words(w: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Encrypt by tables, where the processor has nothing of its own."""
    k = _ROUND_KEYS
    a, b = uint32(a ^ w[k]), uint32(b ^ w[k + 1])
    c, d = uint32(c ^ w[k + 2]), uint32(d ^ w[k + 3])
    for _ in range(9):
        k += 4
        a, b, c, d = (
            _column(a, b, c, d, w[k]),
            _column(b, c, d, a, w[k + 1]),
            _column(c, d, a, b, w[k + 2]),
            _column(d, a, b, c, w[k + 3]),
        )
    k += 4
    return (
        _last(a, b, c, d, w[k]),
        _last(b, c, d, a, w[k + 1]),
        _last(c, d, a, b, w[k + 2]),
        _last(d, a, b, c, w[k + 3]),
    )
