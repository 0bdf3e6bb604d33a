"""The words of a kernel's signature: numbers and arrays by name, so that no signature needs numba to be read.

Importing numba takes longer than all else that a small replay does, and only who compiles needs it. Within a
kernel `int64(x)` is a cast, to numba as in plain Python; around one, `int64(BYTES, int64)` is the signature
of a function that returns an int64, and `uint8[::1]` is a contiguous array of one dimension.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Array:
    """An array that a kernel takes; it is lent for the call, and may be written to."""

    dtype: np.dtype[Any]
    ndim: int = 1
    contiguous: bool = True
    aligned: bool = True
    """False where elements may begin at any byte."""

    def numba_type(self) -> Any:
        """Return numba's type of it."""
        import numba

        element = numba.from_dtype(self.dtype)
        return numba.types.Array(element, self.ndim, "C" if self.contiguous else "A", aligned=self.aligned)


class Number:
    """A kind of number: a cast where it is called with a value, a signature where it is called with kinds."""

    def __init__(self, name: str) -> None:
        """`name` is NumPy's and numba's; `none` for functions that return nothing."""
        self.name = name
        self.dtype: np.dtype[Any] | None = None if name == "none" else np.dtype(name)

    def __call__(self, *given: Any) -> Any:
        """Return a value as this kind of number, or the signature of a function that takes these kinds."""
        if len(given) == 1 and not isinstance(given[0], Number | Array):
            assert self.dtype is not None
            return self.dtype.type(given[0])
        return Signature(self, given)

    def __getitem__(self, layout: slice) -> Array:
        """Return `[::1]`, the contiguous array of it."""
        assert self.dtype is not None
        return Array(self.dtype)

    def numba_type(self) -> Any:
        """Return numba's type of it."""
        import numba

        return getattr(numba.types, "boolean" if self.name == "bool" else self.name)

    @property
    def _numba_type_(self) -> Any:
        """What numba takes it for in the code of a kernel: the function that casts."""
        from numba import types

        return types.NumberClass(self.numba_type())


@dataclass(frozen=True, slots=True)
class Signature:
    """What a kernel returns and takes."""

    result: Number
    arguments: tuple[Number | Array, ...]

    def numba_type(self) -> Any:
        """Return numba's signature."""
        return self.result.numba_type()(*(kind.numba_type() for kind in self.arguments))


def array(dtype: npt.DTypeLike, ndim: int = 1, *, contiguous: bool = True, aligned: bool = True) -> Array:
    """Return the array of a NumPy type, of a record say."""
    return Array(np.dtype(dtype), ndim, contiguous, aligned)


void: Final = Number("none")
boolean: Final = Number("bool")
int64: Final = Number("int64")
uint8: Final = Number("uint8")
uint16: Final = Number("uint16")
uint32: Final = Number("uint32")
uint64: Final = Number("uint64")
