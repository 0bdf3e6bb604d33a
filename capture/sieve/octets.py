"""Reading numbers off the wire, for kernels: 32-bit and 64-bit unsigned, since mixed signs become floats.

A field is read by one load behind one check: an offset at which it would not fit, a negative one among
them, raises IndexError. Byte by byte it would cost a check and a shift for every byte.
"""

from typing import Any

from capture.compiled import CHECKED, extension, inlined
from capture.words import Number, int64, uint8, uint16, uint32, uint64


def _reader(kind: Number) -> Any:
    """Return what reads an unsigned number of this kind, most significant byte first."""
    size = int(kind(0).itemsize)

    def plain(d: Any, p: Any) -> Any:
        if not 0 <= p <= len(d) - size:
            raise IndexError("read beyond the packet's block")
        return kind(int.from_bytes(d[p : p + size].tobytes(), "big"))

    def make() -> Any:
        return _intrinsic(kind.numba_type(), size)

    return extension(plain, make)


def _intrinsic(of: Any, size: int) -> Any:
    """Make the intrinsic that reads an unsigned number of this type and size in bytes."""
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    def read(typing: Any, d: Any, p: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            if CHECKED:
                # One unsigned comparison with the number of places at which the field fits; that number does
                # not change, so LLVM makes it once a kernel.
                zero = array.nitems.type(0)
                room = builder.sub(array.nitems, array.nitems.type(size - 1))
                places = builder.select(builder.icmp_signed(">", room, zero), room, zero)
                beyond = builder.icmp_unsigned(">=", args[1], places)
                with cgutils.if_unlikely(builder, beyond):  # type: ignore[no-untyped-call]
                    context.call_conv.return_user_exc(
                        builder, IndexError, ("read beyond the packet's block",)
                    )
            value = context.get_value_type(of)
            place = builder.bitcast(builder.gep(array.data, [args[1]]), value.as_pointer())
            loaded = builder.load(place, align=1)
            return builder.bswap(loaded) if size > 1 else loaded

        return of(d, types.int64), generate

    return intrinsic(read)


_read8, _read16, _read32, _read64 = _reader(uint8), _reader(uint16), _reader(uint32), _reader(uint64)


@inlined
def octet(d: Any, p: Any) -> Any:
    """Return one byte, as int64."""
    return int64(_read8(d, p))


@inlined
def be16(d: Any, p: Any) -> Any:
    """Return two bytes, most significant first, as int64."""
    return int64(_read16(d, p))


@inlined
def be32(d: Any, p: Any) -> Any:
    """Return four bytes, most significant first, as uint32."""
    return uint32(_read32(d, p))


@inlined
def be64(d: Any, p: Any) -> Any:
    """Return eight bytes, most significant first, as uint64."""
    return uint64(_read64(d, p))


@inlined
def mix(x: Any) -> Any:
    """Scramble 64 bits (a multiply-xorshift finaliser)."""
    x ^= x >> uint64(32)
    x *= uint64(0xD6E8FEB86659FD93)
    x ^= x >> uint64(32)
    x *= uint64(0xD6E8FEB86659FD93)
    x ^= x >> uint64(32)
    return x


@inlined
def held(words: Any, word: Any) -> Any:
    """Say whether a sorted array holds a word."""
    low: Any = int64(0)
    high: Any = int64(len(words))
    while low < high:
        middle = (low + high) >> 1
        if words[middle] < word:
            low = middle + 1
        else:
            high = middle
    return low < len(words) and words[low] == word
