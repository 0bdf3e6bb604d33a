"""The decorators of kernels: compiled by numba, bounds checked, cached, free of the interpreter lock.

Compilation happens when a kernel's module is imported, once: the machine code is kept beside the source where
that is writable, else in the user's cache folder, or where NUMBA_CACHE_DIR says. While a kernel is in the
cache, numba is not even imported: machine_code.py loads the code. Machine code holds a copy of every
function and constant that it uses from other files, so the folder of a file's kernels is named by a digest of
that file and of all that it imports from here: no kernel outlives a change of what it calls.
Kernels own no arrays: they fill those that they are given, so they are compiled without numba's counting of
references, whose locked additions around every call cost more than all of the parsing.
MINESCOPE_UNCHECKED=1 builds without bounds checks (1.3 to 1.6 times faster, for trusted captures only) into
folders of its own. NUMBA_DISABLE_JIT=1 runs the kernels as plain Python, for tests.
"""

import gc
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from capture.processor import identity
from capture.words import Signature

F = TypeVar("F", bound=Callable[..., Any])

_YES = ("1", "true", "yes")
CHECKED = os.environ.get("MINESCOPE_UNCHECKED", "") not in _YES
"""Whether kernels check every index; input is hostile, so they do unless told otherwise."""
PLAIN = os.environ.get("NUMBA_DISABLE_JIT", "") in _YES
"""Whether kernels run as plain Python."""

_BUILD = {
    "nogil": True,
    "boundscheck": CHECKED,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
"""How every kernel and every part of one is built; `_nrt` is numba's own name for counting references."""

ROOT = Path(__file__).parent.parent
OLDER_KEPT = 3
"""Folders of earlier versions of one file that stay: another checkout or a rollback may want them."""
SUFFIX = ".kernel"
"""Of a file in the cache: the name of the function, a line feed, and the object file that defines it."""

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
            if folder is None or len(list(folder.glob(f"*{SUFFIX}"))) < kernels:
                return False
    return True


def compiled(signature: Signature) -> Callable[[F], F]:
    """Compile a function for exactly this signature, at once, or load what the cache holds of it.

    An explicit signature keeps a new argument type (a read-only array, say) from compiling again unseen.
    """

    def decorate(function: F) -> F:
        return cast(F, _plain(function) if PLAIN else _Kernel(function, signature))

    return decorate


def part(function: F) -> F:
    """Have a function compiled with each kernel that calls it, bounds checked as that is.

    It has no machine code of its own: the kernel holds a copy.
    """
    return cast(F, _Part(function))


def inlined(function: F) -> F:
    """Have a small function written into every kernel that calls it, bounds checked as they are.

    LLVM inlines it, not numba: a third less to compile and a tenth less to run than with inline="always".
    """
    return cast(F, _Part(function, forceinline=True))


def extension(plain: Callable[..., Any], make: Callable[[], Any]) -> Any:
    """Return what numba is extended by (an intrinsic): `make` is called when a kernel needs it compiled.

    `plain` does the same in plain Python.
    """
    return plain if PLAIN else _Extension(plain, make)


class _Part:
    """A function that kernels may call: plain Python, until numba asks what it is."""

    def __init__(self, function: Callable[..., Any], **options: bool) -> None:
        self._function = function
        self._options = options

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    @cached_property
    def jit(self) -> Any:
        """What numba makes of it."""
        import numba

        from capture import compiling

        njit: Any = numba.njit
        how = compiling.KernelCompiler if isinstance(self, _Kernel) else compiling.PartCompiler
        return njit(**_BUILD, **self._options, pipeline_class=how)(self._function)

    @property
    def _numba_type_(self) -> Any:
        return self.jit._numba_type_


class _Extension:
    """Something that only numba's compiler can call, made once it asks what it is."""

    def __init__(self, plain: Callable[..., Any], make: Callable[[], Any]) -> None:
        self._plain = plain
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._plain(*args)

    @cached_property
    def _numba_type_(self) -> Any:
        from numba.core.registry import cpu_target

        made = self._make()
        cpu_target.typing_context.refresh()  # learns of what was made since it last looked
        return cpu_target.typing_context.resolve_value_type(made)


class _Kernel(_Part):
    """A function with machine code of its own, which other kernels may call, too."""

    def __init__(self, function: Callable[..., Any], signature: Signature) -> None:
        super().__init__(function)
        from capture.machine_code import load

        symbol, code = self._found(signature)
        self._run = load(code, symbol, signature)

    def __call__(self, *args: Any) -> Any:
        return self._run(*args)

    def _found(self, signature: Signature) -> tuple[str, bytes]:
        """Return the name and the machine code, from the cache or made now and kept there."""
        folder = _folder(Path(self._function.__code__.co_filename))
        kept = None if folder is None else folder / f"{self._function.__name__}{SUFFIX}"
        if kept is not None:
            with suppress(OSError):
                name, _, code = kept.read_bytes().partition(b"\n")
                return name.decode(), code
        symbol, code = self._compiled(signature)
        if folder is not None and kept is not None:
            _forget_older(folder)
            folder.mkdir(exist_ok=True)
            making = folder / f"{self._function.__name__}.{os.getpid()}"
            making.write_bytes(symbol.encode() + b"\n" + code)
            making.replace(kept)  # another process may be at it as well
        return symbol, code

    def _compiled(self, signature: Signature) -> tuple[str, bytes]:
        global _announce
        if _announce is not None:
            say, _announce = _announce, None
            say()
        wanted = signature.numba_type()
        collecting = gc.isenabled()
        gc.disable()  # numba makes millions of objects that stay: looking for cycles among them takes long
        try:
            self.jit.compile(wanted)
        finally:
            if collecting:
                gc.enable()
        made = self.jit.overloads[wanted.args]
        _, _, (code, _) = made.library.serialize_using_object_code()
        return made.fndesc.llvm_func_name, code


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
    given = os.environ.get("NUMBA_CACHE_DIR", "")
    for base in [Path(given)] if given else [Path(__file__).parent / "__pycache__" / "kernels", user]:
        with suppress(OSError):
            base.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=base).close()
            return base
    return None


def _digest(file: Path) -> str:
    """Return a digest of a file, of what it imports from this project, and of what else shapes the code."""
    digest = hashlib.sha256(_ground())
    for source in sorted(_sources(file)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _ground() -> bytes:
    """Return what machine code rests on beside its sources: Python, numba, how it is used, the processor."""
    numba = find_spec("numba")
    assert numba is not None
    assert numba.origin is not None
    version = Path(numba.origin).with_name("_version.py").read_bytes()  # without importing it
    version += Path(__file__).with_name("compiling.py").read_bytes()
    cpu = os.environ.get("NUMBA_CPU_NAME") or identity()
    return f"{sys.version} {cpu} {os.environ.get('NUMBA_CPU_FEATURES', '')}".encode() + version


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
