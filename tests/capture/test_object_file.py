"""Object files are put into memory as LLVM puts them, or left to it."""

import math
import struct
from functools import cache
from typing import Any

import numpy as np
import pytest

from capture import machine_code, object_file, processor
from capture.compiled import _BUILD
from capture.words import Signature, array, int64, uint8

WORDS = array(np.dtype("<f8"))
_TABLE = np.array([2, 3, 5, 7], np.int64)


def constant(n: Any) -> Any:
    return _TABLE[n]


def sum_of_logs(a: Any) -> Any:
    total = 0.0
    for value in a:
        total += math.log(value) + math.exp(-value) + math.sin(value) * math.cos(value)
    return int(total * 1e9)


def pick(d: Any, at: Any) -> Any:
    if at > 100:
        raise ValueError("too far")
    return d[at]


CASES = {
    "constant": (constant, int64(int64)),
    "sum_of_logs": (sum_of_logs, int64(WORDS)),
    "pick": (pick, int64(uint8[::1], int64)),
}


@cache
def made(name: str) -> tuple[bytes, str, Signature]:
    import numba

    function, signature = CASES[name]
    wanted = signature.numba_type()
    njit: Any = numba.njit
    jit = njit(**_BUILD)(function)
    jit.compile(wanted)
    found = jit.overloads[wanted.args]
    _, _, (code, _) = found.library.serialize_using_object_code()
    return code, found.fndesc.llvm_func_name, signature


def outcome(function: Any, *given: Any) -> Any:
    try:
        return function(*given)
    except (IndexError, ValueError) as error:
        return type(error), error.args


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("constant", (0,)),
        ("constant", (3,)),
        ("constant", (4,)),
        ("sum_of_logs", (np.arange(1.0, 50.0),)),
        ("pick", (np.arange(10, dtype=np.uint8), 9)),
        ("pick", (np.arange(10, dtype=np.uint8), 10)),
        ("pick", (np.arange(10, dtype=np.uint8), 101)),
    ],
)
def test_the_same_results_and_the_same_errors_as_from_llvm(
    name: str, given: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, symbol, signature = made(name)
    assert object_file.placed(code, symbol) is not None
    ours = outcome(machine_code.load(code, symbol, signature), *given)
    monkeypatch.setattr(machine_code, "placed", lambda code, symbol: None)
    assert ours == outcome(machine_code.load(code, symbol, signature), *given)


def test_the_code_cannot_be_written_to_once_it_can_run() -> None:
    code, symbol, _ = made("constant")
    address = object_file.placed(code, symbol)
    assert address is not None
    with open("/proc/self/maps", encoding="ascii") as lines:
        spans = [line.split()[:2] for line in lines]
    rights = [
        allowed
        for span, allowed in spans
        if int(span.split("-")[0], 16) <= address < int(span.split("-")[1], 16)
    ]
    assert rights == ["r-xp"]


def test_a_symbol_that_is_not_there_is_left_to_llvm() -> None:
    assert object_file.placed(made("constant")[0], "no_such_function") is None


def test_a_relocation_of_another_kind_is_left_to_llvm() -> None:
    code, symbol, _ = made("constant")
    sections = object_file._sections(code)
    loaded = {place for place, section in enumerate(sections) if section.is_loaded}
    table = next(one for one in sections if one.kind == 4 and one.info in loaded and one.size)
    changed = bytearray(code)
    (info,) = struct.unpack_from("<Q", code, table.begin + 8)
    struct.pack_into("<Q", changed, table.begin + 8, info & ~0xFFFFFFFF | 2)  # R_X86_64_PC32
    assert object_file.placed(bytes(changed), symbol) is None


def test_a_section_that_can_be_written_is_left_to_llvm() -> None:
    code, symbol, _ = made("constant")
    changed = bytearray(code)
    header = object_file._HEADER.unpack_from(code)
    for number, section in enumerate(object_file._sections(code)):
        if section.is_loaded:
            at = header[6] + number * object_file._SECTION.size + 8
            struct.pack_into("<Q", changed, at, section.flags | 1)
            break
    assert object_file.placed(bytes(changed), symbol) is None


@pytest.mark.parametrize("code", [b"", b"\x7fELF", bytes(64), b"\x7fELF\x01" + bytes(80)])
def test_what_is_no_object_file_for_this_processor_is_left_to_llvm(code: bytes) -> None:
    assert object_file.placed(code, "anything") is None


def test_the_processor_has_what_llvm_says_it_has() -> None:
    from llvmlite.binding import get_host_cpu_features  # type: ignore[import-untyped, unused-ignore]

    there = get_host_cpu_features()
    for feature in ("aes", "avx", "avx2", "sha", "bmi2"):
        assert processor.has([feature]) == bool(there.get(feature)), feature
    assert not processor.has(["aes", "no-such-feature"])
    assert processor.identity()
