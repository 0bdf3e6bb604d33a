"""What a probe may do: one capability of Linux, CAP_NET_RAW, and nothing else.

Sources: capabilities(7), capget(2), prctl(2). Rights belong to a thread and pass to the threads that it
starts, so they are given up before any library starts one: this file imports the standard library alone.
"""

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CAP_SETPCAP, CAP_NET_RAW = 8, 13
RAW: Final = 1 << CAP_NET_RAW

_VERSION: Final = 0x20080522  # of capget and capset: 64 capabilities in two words
_CAPBSET_READ, _CAPBSET_DROP, _NO_NEW_PRIVS, _AMBIENT = 23, 24, 38, 47
_AMBIENT_RAISE, _AMBIENT_CLEAR = 2, 4


@dataclass(frozen=True, slots=True)
class Rights:
    """The capabilities of this thread; bit n is capability n."""

    effective: int
    permitted: int
    inheritable: int


def rights() -> Rights:
    """Return what this thread may do."""
    words = (ctypes.c_uint32 * 6)()
    _call("capget", _header(), words)
    low, high = words[:3], words[3:]
    return Rights(*(a | b << 32 for a, b in zip(low, high, strict=True)))


def keep_only_raw_access() -> None:
    """Give up every capability but CAP_NET_RAW, for good, and all ways to gain others.

    What is not held is not asked for: without CAP_NET_RAW nothing is left, and opening a ring will say so.
    Does nothing where the system is not Linux.
    """
    if sys.platform != "linux":
        return
    held = rights()
    if held.effective >> CAP_SETPCAP & 1:
        for capability in range(64):
            if capability != CAP_NET_RAW and _prctl(_CAPBSET_READ, capability, check=False) == 1:
                _prctl(_CAPBSET_DROP, capability)
    _prctl(_AMBIENT, _AMBIENT_CLEAR)
    raw = held.permitted & RAW
    _set(Rights(raw, raw, 0))
    _prctl(_NO_NEW_PRIVS, 1)


def run_with_raw_access(command: Sequence[str], seconds: float) -> "subprocess.CompletedProcess[str]":
    """Run a program that inherits CAP_NET_RAW, if this thread holds it; it does not inherit anything else."""
    held = rights()
    raw = held.permitted & RAW
    if raw:
        _set(Rights(held.effective, held.permitted, held.inheritable | RAW))
        _prctl(_AMBIENT, _AMBIENT_RAISE, CAP_NET_RAW)
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {error.timeout:g} s")
    finally:
        if raw:
            _prctl(_AMBIENT, _AMBIENT_CLEAR)
            _set(held)


def _set(wanted: Rights) -> None:
    sets = (wanted.effective, wanted.permitted, wanted.inheritable)
    words = (ctypes.c_uint32 * 6)(*(s & 0xFFFFFFFF for s in sets), *(s >> 32 for s in sets))
    _call("capset", _header(), words)


def _header() -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(struct.pack("Ii", _VERSION, 0))


def _prctl(option: int, first: int, second: int = 0, *, check: bool = True) -> int:
    words = (ctypes.c_ulong(first), ctypes.c_ulong(second), ctypes.c_ulong(0), ctypes.c_ulong(0))
    return _call("prctl", option, *words, check=check)


def _call(name: str, *arguments: object, check: bool = True) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(getattr(libc, name)(*arguments))
    if result < 0 and check:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
