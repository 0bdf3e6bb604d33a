"""Groestl-512, by which Groestlcoin sums its addresses.

The state is 8 rows and 16 columns of bytes. One round adds constants, replaces bytes by AES' S-box, turns row
r by a number of columns, and multiplies each column by a circulant matrix over GF(2^8); the last three are
one look-up a byte. Source: Groestl, the round-3 submission (2011).
"""

from functools import lru_cache

_ROUNDS = 14
_COLUMNS = 16
_BLOCK = 128  # bytes
_TURN_P = (0, 1, 2, 3, 4, 5, 6, 11)
_TURN_Q = (1, 3, 5, 11, 0, 2, 4, 6)
_MATRIX = (2, 2, 3, 4, 5, 3, 5, 7)
_ALL = 0xFFFF_FFFF_FFFF_FFFF


def groestl512(data: bytes) -> bytes:
    """Return the 64 bytes of Groestl-512. 0.4 ms a block of 128 bytes: for addresses, not for mining."""
    blocks = (len(data) + 9 + _BLOCK - 1) // _BLOCK
    padded = data + b"\x80" + bytes(blocks * _BLOCK - len(data) - 9) + blocks.to_bytes(8, "big")
    state = [0] * (_COLUMNS - 1) + [512]
    for at in range(0, len(padded), _BLOCK):
        block = _columns(padded[at : at + _BLOCK])
        mixed = _permute([a ^ b for a, b in zip(state, block, strict=True)], _TURN_P, False)
        added = _permute(block, _TURN_Q, True)
        state = [a ^ b ^ c for a, b, c in zip(state, mixed, added, strict=True)]
    last = _permute(state, _TURN_P, False)
    return b"".join((a ^ b).to_bytes(8, "big") for a, b in zip(state[8:], last[8:], strict=True))


def _columns(block: bytes) -> list[int]:
    """Return the columns, each a number whose first byte is row 0."""
    return [int.from_bytes(block[at : at + 8], "big") for at in range(0, _BLOCK, 8)]


def _permute(state: list[int], turns: tuple[int, ...], inverted: bool) -> list[int]:
    """Return the permutation Q (inverted) or P of a state."""
    t0, t1, t2, t3, t4, t5, t6, t7 = _tables()
    places = _places(turns)
    for step in range(_ROUNDS):
        if inverted:
            state = [_ALL ^ column ^ (at << 4 ^ step) for at, column in enumerate(state)]
        else:
            state = [column ^ (at << 4 ^ step) << 56 for at, column in enumerate(state)]
        now = b"".join([column.to_bytes(8, "big") for column in state])
        state = [  # written out: a loop over the rows takes twice as long
            t0[now[a]]
            ^ t1[now[b]]
            ^ t2[now[c]]
            ^ t3[now[d]]
            ^ t4[now[e]]
            ^ t5[now[f]]
            ^ t6[now[g]]
            ^ t7[now[h]]
            for a, b, c, d, e, f, g, h in places
        ]
    return state


@lru_cache(maxsize=2)
def _places(turns: tuple[int, ...]) -> list[list[int]]:
    """For each column: where in the state its eight bytes come from."""
    return [[8 * ((at + turn) % _COLUMNS) + row for row, turn in enumerate(turns)] for at in range(_COLUMNS)]


@lru_cache(maxsize=1)
def _tables() -> list[list[int]]:
    """For each row: what a byte there, once replaced, adds to its column."""
    box = _s_box()
    tables = []
    for row in range(8):
        table = []
        for value in box:
            column = 0
            for into in range(8):
                column = column << 8 | _times(value, _MATRIX[(row - into) % 8])
            table.append(column)
        tables.append(table)
    return tables


def _s_box() -> list[int]:
    """AES' S-box: the inverse in GF(2^8), then an affine map."""
    box = [0x63] * 256
    power = inverse = 1
    for _ in range(255):  # 3 generates the field; 0xF6 is its inverse
        spread = inverse * 0x101
        turned = inverse ^ spread >> 4 ^ spread >> 5 ^ spread >> 6 ^ spread >> 7
        box[power] = turned & 0xFF ^ 0x63
        power = _times(power, 3)
        inverse = _times(inverse, 0xF6)
    return box


def _times(a: int, b: int) -> int:
    """Multiply in GF(2^8) with AES' polynomial."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product
