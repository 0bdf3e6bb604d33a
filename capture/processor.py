"""What processor this is, asked of the system where that can tell: LLVM's library takes 49 MB to say it."""

import platform
import sys
from collections.abc import Collection
from contextlib import suppress
from functools import cache

_MODEL = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
_LLVM = {"sha": "sha_ni"}
"""Features that Linux names otherwise than LLVM does."""


def identity() -> str:
    """Return what tells this processor from others, as far as code made for it may differ."""
    told = _told_by_linux()
    if told:
        return "|".join(told.get(name, "") for name in _MODEL)
    from llvmlite.binding import get_host_cpu_name  # type: ignore[import-untyped, unused-ignore]

    return str(get_host_cpu_name())


def has(features: Collection[str]) -> bool:
    """Say whether the processor, and the system with it, has all these features, named as LLVM does."""
    told = _told_by_linux()
    if told:
        flags = told["flags"].split()
        return all(_LLVM.get(name, name) in flags for name in features)
    from llvmlite.binding import get_host_cpu_features

    there = get_host_cpu_features()
    return all(there.get(name) for name in features)


@cache
def _told_by_linux() -> dict[str, str]:
    """Return what /proc/cpuinfo says of the first processor; empty where there is no such list of flags."""
    told: dict[str, str] = {}
    if sys.platform == "linux" and platform.machine() == "x86_64":
        with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, colon, value = line.partition(":")
                if not colon:
                    break
                told[name.strip()] = value.strip()
    return told if "flags" in told else {}
