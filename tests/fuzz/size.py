"""How much memory an object keeps alive, walked without tracing allocations."""

import sys
from collections import deque
from collections.abc import Iterable
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, Enum)
"""What belongs to the program, not to the object."""


def retained(thing: object) -> int:
    """Return the bytes of an object and of all that it refers to, each object once."""
    seen: set[int] = set()
    total = 0
    waiting: list[object] = [thing]
    while waiting:
        one = waiting.pop()
        if one is None or isinstance(one, _SHARED) or id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, str | bytes | bytearray | int | float):
            continue
        waiting += _parts(one)
    return total


def _parts(one: object) -> Iterable[object]:
    if isinstance(one, dict):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset | deque):
        yield from one
    elif isinstance(one, memoryview):
        yield one.obj
    if hasattr(one, "gi_frame") and one.gi_frame is not None:
        yield from one.gi_frame.f_locals.values()
    if hasattr(one, "__dict__"):
        yield from vars(one).values()
    for kind in type(one).__mro__:
        names = kind.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            full = f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            if hasattr(one, full):
                yield getattr(one, full)
