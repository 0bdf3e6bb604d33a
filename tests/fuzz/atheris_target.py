"""Coverage-guided fuzzing of one parser: `python -m tests.fuzz.atheris_target PARSER [libFuzzer options]`.

PARSER is a name of protocols/table.py; `-runs=10000` and the like are libFuzzer's. The input is read as
steps: a byte of kind and side, two bytes of length, and the bytes (or the number of missing ones).
"""

import sys
from collections.abc import Callable

from protocols.parser import Parser, Side
from protocols.table import PARSERS
from tests.fuzz.examine import Step, check_retained, examine
from tests.fuzz.seeds import Talk, seeds

GAP = 0x80
MOST_STEPS = 64


def steps_of(data: bytes) -> list[Step]:
    """Read an input as steps; any bytes are one."""
    out: list[Step] = []
    at = 0
    while at + 3 <= len(data) and len(out) < MOST_STEPS:
        head, size = data[at], int.from_bytes(data[at + 1 : at + 3], "big")
        at += 3
        side = Side(head & 1)
        if head & GAP:
            out.append((side, size))
        else:
            out.append((side, data[at : at + size]))
            at += size
    return out


def input_of(talk: Talk) -> bytes:
    """Write a conversation as an input."""
    out = b""
    for side, data in talk:
        for start in range(0, len(data), 0xFFFF):
            part = data[start : start + 0xFFFF]
            out += bytes([side]) + len(part).to_bytes(2, "big") + part
    return out


def target(kind: type[Parser]) -> Callable[[bytes], None]:
    """Return what is called with every input; it raises where something that must hold does not."""

    def once(data: bytes) -> None:
        check_retained(kind, examine(kind, steps_of(data)))

    return once


def main(arguments: list[str]) -> None:
    """Fuzz the parser of that name until told otherwise."""
    import tempfile
    from pathlib import Path

    import atheris

    kinds = {kind.name: kind for kind in PARSERS}
    if len(arguments) < 2 or arguments[1] not in kinds:
        sys.exit(f"usage: python -m tests.fuzz.atheris_target PARSER [libFuzzer options]\n{' '.join(kinds)}")
    kind = kinds[arguments[1]]
    with tempfile.TemporaryDirectory() as folder:
        for number, talk in enumerate(seeds()[kind]):
            Path(folder, str(number)).write_bytes(input_of(talk))
        for name in sorted(sys.modules):
            if name.startswith("protocols."):
                _instrument(atheris, name)
        atheris.Setup([arguments[0], *arguments[2:], folder], target(kind))
        atheris.Fuzz()


def _instrument(atheris: object, name: str) -> None:
    """Trace a module's functions and methods, so that the fuzzer sees which lines an input reaches."""
    module = sys.modules[name]
    for holder in [module, *(one for one in vars(module).values() if isinstance(one, type))]:
        if getattr(holder, "__module__", name) != name:
            continue
        for key, value in list(vars(holder).items()):
            if callable(value) and hasattr(value, "__code__") and value.__module__ == name:
                setattr(holder, key, atheris.instrument_func(value))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv)
