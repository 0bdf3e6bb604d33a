"""Object files of kernels, put into memory as a linker would: x86-64, ELF, nothing but what LLVM writes.

LLVM can do this too, but its library takes 49 MB of memory and a tenth of a second, which every small replay
would pay for. What numba makes for this processor is code and constants that refer to each other by 64-bit
addresses (the large code model) and to functions of the C library by name. An object file that holds anything
else is left to LLVM: `placed` says so by None.

Memory is written first and made executable, and no more writable, afterwards. What was placed stays.

Source: System V ABI, chapter 4 (object files); its AMD64 supplement, 4.4 (relocation).
"""

import ctypes
import mmap
import platform
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_RELOCATION: Final = struct.Struct("<QQq")

_IDENT: Final = b"\x7fELF\x02\x01\x01"  # 64 bits, least significant byte first, version 1
_RELOCATABLE, _X86_64 = 1, 62
_SYMBOLS, _RELOCATIONS, _NO_BITS = 2, 4, 8
_WRITE, _ALLOCATED = 1, 2
_UNDEFINED, _RESERVED = 0, 0xFF00
_R_64: Final = 1
"""Relocation R_X86_64_64: the symbol's address plus the addend, in eight bytes."""
_UNWINDING: Final = ".eh_frame"
"""How to unwind the stack: kernels raise by what they return, and need none of it."""

_placed: list[mmap.mmap] = []


@dataclass(frozen=True, slots=True)
class _Section:
    """A header of the section table."""

    name: str
    kind: int
    flags: int
    begin: int
    size: int
    link: int
    info: int
    align: int

    @property
    def is_loaded(self) -> bool:
        return bool(self.flags & _ALLOCATED) and self.size > 0 and self.name != _UNWINDING


def placed(code: bytes, symbol: str) -> int | None:
    """Put an object file into memory; return the address of a function that it defines.

    None where LLVM must do it: another processor or system, or something in the file that is not foreseen.
    Raises OSError where the system lets nobody make memory executable.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    sections = _sections(code)
    loaded = [section for section in sections if section.is_loaded]
    if not loaded or any(section.flags & _WRITE for section in loaded):
        return None
    places, size = _laid_out(loaded)
    own = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    room = mmap.mmap(-1, size, flags=own, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(room))
    for section in loaded:
        if section.kind != _NO_BITS:
            begin = places[section.begin, section.name]
            room[begin : begin + section.size] = code[section.begin : section.begin + section.size]
    addresses = _addresses(code, sections, places, base)
    if symbol not in addresses.by_name or not _related(code, sections, places, addresses, room):
        return None
    if _system().mprotect(ctypes.c_void_p(base), ctypes.c_size_t(size), mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "compiled kernels may not be made executable on this system")
    _placed.append(room)
    return addresses.by_name[symbol]


@cache
def _system() -> Any:
    """Return the functions of the C library, its mathematics included, by name."""
    return ctypes.CDLL(None, use_errno=True)


def _sections(code: bytes) -> list[_Section]:
    """Return the section table; empty where this is no object file for this processor."""
    if len(code) < _HEADER.size:
        return []
    ident, kind, machine, *_, at, _, _, _, _, size, count, names = _HEADER.unpack_from(code)
    if not ident.startswith(_IDENT) or (kind, machine, size) != (_RELOCATABLE, _X86_64, _SECTION.size):
        return []
    rows = [_SECTION.unpack_from(code, at + n * size) for n in range(count)]
    text = rows[names][4]
    return [
        _Section(_text(code, text + name), kind, flags, begin, length, link, info, max(align, 1))
        for name, kind, flags, _, begin, length, link, info, align, _ in rows
    ]


def _text(code: bytes, at: int) -> str:
    return code[at : code.index(0, at)].decode()


def _laid_out(loaded: list[_Section]) -> tuple[dict[tuple[int, str], int], int]:
    """Return where in memory each section begins, by its place in the file and its name; and the size."""
    places = {}
    end = 0
    for section in loaded:
        end = -(-end // section.align) * section.align
        places[section.begin, section.name] = end
        end += section.size
    return places, end


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Of the symbols of one file."""

    by_number: list[int | None]
    """None: it lies in a section that is not loaded, or nobody knows it."""
    by_name: dict[str, int]
    """Of those that the file defines."""


def _addresses(
    code: bytes, sections: list[_Section], places: dict[tuple[int, str], int], base: int
) -> _Addresses:
    found = _Addresses([], {})
    table = next(section for section in sections if section.kind == _SYMBOLS)
    names = sections[table.link].begin
    for name, _, _, where, value, _ in _SYMBOL.iter_unpack(code[table.begin : table.begin + table.size]):
        text = _text(code, names + name)
        address: int | None = None
        if where == _UNDEFINED:
            function = getattr(_system(), text, None) if text else None
            address = None if function is None else ctypes.cast(function, ctypes.c_void_p).value
        elif where < _RESERVED and (sections[where].begin, sections[where].name) in places:
            address = base + places[sections[where].begin, sections[where].name] + value
            found.by_name[text] = address
        found.by_number.append(address)
    return found


def _related(
    code: bytes,
    sections: list[_Section],
    places: dict[tuple[int, str], int],
    addresses: _Addresses,
    room: mmap.mmap,
) -> bool:
    """Write addresses where the code refers to them; False where one is of another kind, or not known."""
    for begin, section in _relocated(sections, places):
        for offset, info, addend in _RELOCATION.iter_unpack(
            code[section.begin : section.begin + section.size]
        ):
            address = addresses.by_number[info >> 32]
            if info & 0xFFFFFFFF != _R_64 or address is None:
                return False
            struct.pack_into("<Q", room, begin + offset, address + addend)
    return True


def _relocated(
    sections: list[_Section], places: dict[tuple[int, str], int]
) -> Iterator[tuple[int, _Section]]:
    """Yield the tables of relocations, each with where the section that it is for begins in memory."""
    for section in sections:
        if section.kind == _RELOCATIONS:
            target = sections[section.info]
            begin = places.get((target.begin, target.name))
            if begin is not None:
                yield begin, section
