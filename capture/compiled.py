"""The one decorator of every kernel: compiled by numba, bounds checked, cached, free of the interpreter lock.

Compilation happens when a kernel's module is imported, once: the result is kept beside the source where
that is writable, else in the user's cache folder, or where NUMBA_CACHE_DIR says. A cached kernel holds a
copy of every kernel and constant that it uses from other files, so the folder of a file's kernels is named
by a digest of that file and of all that it imports from here: no kernel outlives a change of what it calls.
Kernels own no arrays: they fill those that they are given, so they are compiled without numba's counting of
references, whose locked additions around every call cost more than all of the parsing.
MINESCOPE_UNCHECKED=1 builds without bounds checks (1.3 to 1.6 times faster, for trusted captures only) into
folders of its own. NUMBA_DISABLE_JIT=1 runs the kernels as plain Python, for tests.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name  # type: ignore[import-untyped, unused-ignore]

F = TypeVar("F", bound=Callable[..., Any])

CHECKED = os.environ.get("MINESCOPE_UNCHECKED", "") not in ("1", "true", "yes")
"""Whether kernels check every index; input is hostile, so they do unless told otherwise."""

_BUILD: dict[str, Any] = {"nogil": True, "boundscheck": CHECKED, "_nrt": False}
"""How every kernel and every part of one is built; `_nrt` is numba's own name for counting references."""

ROOT = Path(__file__).parent.parent
OLDER_KEPT = 3
"""Folders of earlier versions of one file that stay: another checkout or a rollback may want them."""

_config: Any = numba.config
PLAIN: bool = bool(_config.DISABLE_JIT)
"""Whether kernels run as plain Python."""

_given: str = _config.CACHE_DIR
_IMPORT = re.compile(r"^from ([\w.]+) import", re.MULTILINE)
_announce: Callable[[], None] | None = None


def announce_compilation(say: Callable[[], None]) -> None:
    """Have `say` called once, before the first kernel that no cache holds is compiled."""
    global _announce
    _announce = say


def is_warm() -> bool:
    """Say, without compiling or importing any, whether the cache holds every kernel of this version."""
    if PLAIN:
        return True
    for file in sorted((ROOT / "capture").rglob("*.py")):
        kernels = file.read_text(encoding="utf-8").count("\n@compiled(")
        if kernels:
            folder = _folder(file)
            if folder is None or len(list(folder.glob("*/*.nbi"))) < kernels:
                return False
    return True


def compiled(*signatures: Any) -> Callable[[F], F]:
    """Compile a function for exactly these numba signatures, at once.

    Explicit signatures keep a new argument type (a read-only array, say) from compiling again unseen.
    """

    def decorate(function: F) -> F:
        global _announce
        if PLAIN:
            return _plain(function)
        code = function.__code__
        folder = _folder(Path(code.co_filename))
        held = folder is not None and any(
            folder.glob(f"*/*.{function.__name__}-{code.co_firstlineno}.py*.nbi")
        )
        if not held:
            if folder is not None:
                _forget_older(folder)
            if _announce is not None:
                say, _announce = _announce, None
                say()
        before, _config.CACHE_DIR = _config.CACHE_DIR, str(folder or "")
        try:
            jit: Any = numba.njit(list(signatures), cache=folder is not None, **_BUILD)
            return cast(F, jit(function))
        finally:
            _config.CACHE_DIR = before

    return decorate


def part(function: F) -> F:
    """Have a function compiled with each kernel that calls it, bounds checked as that is.

    It has no compiled file of its own: loading one takes 20 ms, and the kernel holds a copy already.
    """
    jit: Any = numba.njit(**_BUILD)
    return cast(F, jit(function))


def inlined(function: F) -> F:
    """Have a small function written into every kernel that calls it, bounds checked as they are.

    LLVM inlines it, not numba: a third less to compile and a tenth less to run than with inline="always".
    """
    jit: Any = numba.njit(forceinline=True, **_BUILD)
    return cast(F, jit(function))


def _plain(function: F) -> F:
    """Give Python what numba gives a kernel: records with attributes, and integers that wrap."""

    @wraps(function)
    def run(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*(_with_attributes(arg) for arg in args))

    return cast(F, run)


def _with_attributes(value: Any) -> Any:
    return _Rows(value) if isinstance(value, np.ndarray) and value.dtype.names else value


class _Rows:
    """A structured array whose rows have fields as attributes; NumPy's own lack `data` and `flags`."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: Any) -> "_Row":
        return _Row(self._array[index])


class _Row:
    __slots__ = ("_row",)

    def __init__(self, row: Any) -> None:
        object.__setattr__(self, "_row", row)

    def __getattr__(self, name: str) -> Any:
        return self._row[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._row[name] = value


def _folder(file: Path) -> Path | None:
    """Return the cache folder of the kernels in a source file; None where nothing can be written."""
    base = _base()
    if base is None:
        return None
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts) if file.is_relative_to(ROOT) else file.stem
    return base / f"{name}-{_digest(file)}{'' if CHECKED else '-unchecked'}"


@cache
def _base() -> Path | None:
    """Return the first folder that can be written to, which numba insists on even for reading."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "minescope" / "kernels"
    for base in [Path(_given)] if _given else [Path(__file__).parent / "__pycache__" / "kernels", user]:
        with suppress(OSError):
            base.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=base).close()
            return base
    return None


def _digest(file: Path) -> str:
    """Return a digest of a file, of what it imports from this project, and of what else shapes the code."""
    cpu = _config.CPU_NAME or get_host_cpu_name()
    digest = hashlib.sha256(f"{sys.version} {numba.__version__} {cpu}".encode())
    for source in sorted(_sources(file)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _sources(file: Path) -> frozenset[Path]:
    """Return a file and all project files that it imports, by way of others too."""
    found = {file}
    waiting = [file]
    while waiting:
        for module in _IMPORT.findall(waiting.pop().read_text(encoding="utf-8")):
            source = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if source not in found and source.is_file():
                found.add(source)
                waiting.append(source)
    return frozenset(found)


def _forget_older(folder: Path) -> None:
    """Remove all but the newest folders that earlier versions of a file left."""
    with suppress(OSError):
        stem = folder.name[: folder.name.index("-")]
        others = [other for other in folder.parent.glob(f"{stem}-*") if other != folder]
        others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[OLDER_KEPT:]:
            shutil.rmtree(other, ignore_errors=True)
