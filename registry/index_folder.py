"""An index in files: written once, mapped by every process that answers, replaced by a rename.

    registry-index/
      CURRENT              name of the folder that holds
      2f1c.../index.json   format, stamp, list of arrays
      2f1c.../0000.npy     one array each

A folder is written under a temporary name and renamed; then CURRENT is replaced by a rename. Whoever mapped
an older folder goes on reading it, since what is mapped outlives its name.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from facts.errors import StoreError
from registry.index import FORMAT, RegistryIndex, of_columns, to_columns

CURRENT = "CURRENT"
_META = "index.json"


def publish(folder: Path, index: RegistryIndex, stamp: str) -> Path:
    """Write an index and make it the one that holds; return its folder. Raises StoreError."""
    columns, rest = to_columns(index)
    name = uuid4().hex
    making = folder / f".{name}"
    try:
        making.mkdir(parents=True)
        names: dict[str, str] = {}
        for number, (key, array) in enumerate(sorted(columns.items())):
            names[key] = f"{number:04}.npy"
            np.save(making / names[key], array, allow_pickle=False)
        meta = {"format": FORMAT, "stamp": stamp, "arrays": names, **rest}
        (making / _META).write_text(json.dumps(meta), encoding="utf-8")
        made = making.rename(folder / name)
        pointer = folder / f".{name}.current"
        pointer.write_text(name, encoding="utf-8")
        before = _current(folder) if mark(folder) else ""
        os.replace(pointer, folder / CURRENT)
        _tidy(folder, {name, before})
    except OSError as error:
        raise StoreError(f"{folder}: the registry's index cannot be written: {error.strerror}") from error
    return made


def stamp_of(folder: Path) -> str | None:
    """Return the stamp of the index that holds; None where there is none of this format."""
    try:
        meta = _meta(folder / _current(folder))
    except (OSError, ValueError):
        return None
    return meta["stamp"] if meta.get("format") == FORMAT else None


def mark(folder: Path) -> str:
    """Return what changes whenever another index holds; empty where none does. Cheap: it opens no file."""
    try:
        found = os.stat(f"{folder}/{CURRENT}")
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_mtime_ns}"


def load(folder: Path) -> tuple[RegistryIndex, str]:
    """Map the index that holds; return it and its stamp. Raises StoreError where there is none that fits."""
    try:
        place = folder / _current(folder)
        meta = _meta(place)
        if meta.get("format") != FORMAT:
            raise StoreError(f"{folder}: the index has format {meta.get('format')}, not {FORMAT}")
        columns: dict[str, NDArray[Any]] = {
            key: _mapped(place / name) for key, name in meta["arrays"].items()
        }
        return of_columns(columns, meta), str(meta["stamp"])
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{folder}: the registry's index cannot be read: {error}") from error


def _mapped(path: Path) -> NDArray[Any]:
    """Map an array; an empty one cannot be mapped. As a plain array, of which one element is read faster."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]


def _current(folder: Path) -> str:
    return (folder / CURRENT).read_text(encoding="utf-8").strip()


def _meta(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / _META).read_text(encoding="utf-8"))
    return found


def _tidy(folder: Path, keep: set[str]) -> None:
    """Remove all but the folder that holds and the one before, which a reader may be opening now."""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in keep and not entry.name.startswith("."):
            shutil.rmtree(entry, ignore_errors=True)
