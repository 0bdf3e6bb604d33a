"""Frozen dataclasses that are made by the ten thousand: an `__init__` that costs half.

The one that `dataclasses` writes for a frozen class sets each field through `object.__setattr__`, which looks
its name up anew; here each field is set by the descriptor of its own slot. Everything else stays as it is:
frozen, slots, the order of parameters, defaults.
"""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: type[T]) -> type[T]:
    """Give a frozen slotted dataclass the quicker `__init__`; stands above its `@dataclass`.

    Raises TypeError for a class with a field that is no plain slot, or that computes when it is made.
    """
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} computes when it is made")
    given, named, body = ["self"], ["*"], list[str]()
    scope: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, as it stands above one
        slot: Any = getattr(cls, field.name, None)
        if not hasattr(slot, "__set__") or not field.init or field.default_factory is not MISSING:
            raise TypeError(f"{cls.__name__}.{field.name} is no plain slot")
        scope[f"_set_{field.name}"] = slot.__set__
        parameter = field.name
        if field.default is not MISSING:
            scope[f"_default_{field.name}"] = field.default
            parameter += f"=_default_{field.name}"
        (named if field.kw_only else given).append(parameter)
        body.append(f"_set_{field.name}(self, {field.name})")
    parameters = ", ".join(given + (named if len(named) > 1 else []))
    exec(f"def __init__({parameters}):\n " + "\n ".join(body), scope)  # as `dataclasses` does
    scope["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    type.__setattr__(cls, "__init__", scope["__init__"])
    return cls
