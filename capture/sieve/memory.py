"""Where a kernel's memory lies: on whole cache lines, in large pages, and fetched before it is asked for."""

import mmap
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.compiled import extension, inlined

PAGE = 4096
LARGE_PAGE = 1 << 21

_READ, _KEEP, _DATA = 0, 3, 1
"""What llvm.prefetch is told: for reading, to stay in all caches, data and not code."""


def _nothing(array: Any, index: Any, offset: Any) -> None:
    """Do what a prefetch does in plain Python."""


def _prefetch() -> Any:
    """Make the intrinsic that asks for a cache line."""
    from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
    from numba.core import types
    from numba.extending import intrinsic

    def ask(typing: Any, array: Any, index: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            octets, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            place = builder.bitcast(builder.gep(data, [args[1]]), octets)
            kind = ir.FunctionType(ir.VoidType(), [octets, word, word, word])
            prefetch = builder.module.declare_intrinsic("llvm.prefetch", [octets], kind)
            how = [ir.Constant(word, each) for each in (_READ, _KEEP, _DATA)]
            builder.call(prefetch, [builder.gep(place, [args[2]]), *how])
            return context.get_dummy_value()

        return types.void(array, types.int64, types.int64), generate

    return intrinsic(ask)


_fetch = extension(_nothing, _prefetch)


@inlined
def fetch(array: Any, index: Any, offset: Any) -> None:
    """Have the cache line at a byte offset behind array[index] brought near; any index may be asked for.

    Nothing is read, so nothing is waited for, and there is nothing to check.
    """
    _fetch(array, index, offset)


def roomy(count: int, dtype: Any) -> npt.NDArray[Any]:
    """Return (count,) dtype, not set, on a page boundary: the rows of a large `malloc` straddle cache lines.

    The system gives memory to the pages that are written, so room for more than is used costs nothing.
    """
    kind = np.dtype(dtype)
    raw = np.empty(count * kind.itemsize + PAGE, np.uint8)
    begin = -raw.ctypes.data % PAGE
    return raw[begin : begin + count * kind.itemsize].view(kind)


def cleared(count: int, dtype: Any) -> npt.NDArray[Any]:
    """Return (count,) dtype, all zero, in large pages where it is large and the system has them.

    It is read at random: in pages of 4 KiB the processor looks up where nearly each of them lies.
    """
    kind = np.dtype(dtype)
    size = count * kind.itemsize
    if size < LARGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.zeros(count, kind)
    held = mmap.mmap(-1, size + LARGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without large pages
        held.madvise(mmap.MADV_HUGEPAGE)
    raw = np.frombuffer(held, np.uint8)
    begin = -raw.ctypes.data % LARGE_PAGE
    return raw[begin : begin + size].view(kind)
