"""Machine code that numba made, loaded without it and called as numba's own code calls it.

Loading a kernel so takes a millisecond; by way of numba, with its import, a third of a second and 60 MB.
LLVM alone loads what object_file.py leaves to it.
The object files need nothing of numba's: arrays are lent, and no kernel counts references.

A compiled function is called by numba's calling convention (numba/core/callconv.py, CPUCallConv):

    int32 status = function(result*, exception**, arguments ...)

where an array is passed as (owner, parent, items, bytes of an item, data*, lengths ..., strides ...). A
status of 0 is a success, -2 returned nothing; above 0 the exception is { pickle*, int32 size, ... }.
"""

import ctypes
import pickle
import weakref
from collections.abc import Callable
from functools import cache
from operator import index
from typing import Any

import numpy as np

from capture.object_file import placed
from capture.words import Array, Number, Signature

_C = {
    "bool": ctypes.c_uint8,
    "int64": ctypes.c_int64,
    "uint8": ctypes.c_uint8,
    "uint16": ctypes.c_uint16,
    "uint32": ctypes.c_uint32,
    "uint64": ctypes.c_uint64,
    "none": ctypes.c_int64,
}
_OK, _NONE = 0, -2


class _Failure(ctypes.Structure):
    _fields_ = (("pickled", ctypes.c_void_p), ("size", ctypes.c_int32))


@cache
def _engine() -> Any:
    """Return LLVM and the one engine of this process; what it has loaded stays."""
    from llvmlite import binding as llvm  # type: ignore[import-untyped, unused-ignore]

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    return llvm, llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def _placed_by_llvm(code: bytes, symbol: str) -> int:
    llvm, engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address(symbol))


def load(code: bytes, symbol: str, signature: Signature) -> Callable[..., Any]:
    """Return the function `symbol` of an object file, to be called with NumPy arrays and Python numbers.

    The interpreter lock is free while it runs. Raises TypeError for an argument of another type, and what the
    compiled code raises: IndexError for a read or write outside an array.
    """
    address = placed(code, symbol)
    if address is None:
        address = _placed_by_llvm(code, symbol)
    kinds: list[type[ctypes._SimpleCData[Any]]] = [ctypes.c_void_p, ctypes.c_void_p]
    for kind in signature.arguments:
        kinds += [_C[kind.name]] if isinstance(kind, Number) else [ctypes.c_void_p] * (5 + 2 * kind.ndim)
    native = ctypes.CFUNCTYPE(ctypes.c_int32, *kinds)(address)
    result = _C[signature.result.name]
    convert = bool if signature.result.name == "bool" else int
    arguments = signature.arguments
    lent: list[tuple[Callable[[], Any], tuple[Any, ...]]] = [(lambda: None, ())] * len(arguments)
    by_place = list(enumerate(arguments))

    def call(*given: Any) -> Any:
        if len(given) != len(by_place):
            raise TypeError(f"{len(given)} arguments for a kernel that takes {len(by_place)}")
        words: list[Any] = []
        for (place, kind), value in zip(by_place, given, strict=True):
            if isinstance(kind, Number):
                words.append(index(value))
                continue
            known, passed = lent[place]
            if known() is not value:  # most arrays are those of the last call
                passed = _passed(kind, value)
                lent[place] = (weakref.ref(value), passed)
            words += passed
        out, failure = result(), ctypes.c_void_p()
        status = native(ctypes.addressof(out), ctypes.addressof(failure), *words)
        if status == _OK:
            return convert(out.value)
        if status == _NONE:
            return None
        raise _raised(failure)

    return call


def _passed(kind: Array, value: Any) -> tuple[Any, ...]:
    """Return the words that stand for an array. Raises TypeError where the kernel was not made for it."""
    if (
        not isinstance(value, np.ndarray)
        or value.dtype != kind.dtype
        or value.ndim != kind.ndim
        or not value.flags.writeable
        or (kind.contiguous and not value.flags.c_contiguous)
        or (kind.aligned and not value.flags.aligned)
    ):
        raise TypeError(f"a kernel takes {kind}, not {value!r:.200}")
    return (None, None, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)


def _raised(failure: ctypes.c_void_p) -> BaseException:
    info = _Failure.from_address(failure.value or 0)
    kind, given, _ = pickle.loads(ctypes.string_at(info.pickled, info.size))
    raised = kind(*(given or ()))
    assert isinstance(raised, BaseException)
    return raised
