"""A report into a folder: every format that was asked for, and a list of files with their hashes."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from supervision.reports.document import Document
from supervision.reports.typeset import FontMissing

Format = Literal["html", "docx", "xlsx", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)


def rendered(document: Document, wanted: Format) -> bytes:
    """Return the document in one format. Raises FontMissing for PDF, and for charts in DOCX, in Chinese."""
    return _writers()[wanted](document)


def write(
    document: Document, folder: Path, formats: Sequence[Format] = FORMATS
) -> tuple[list[Path], Mapping[Format, str]]:
    """Write a report into a folder, which is made where it is missing.

    Returns the files, the list of hashes (`<name>.json`) last, and why a format could not be written. Each
    file appears whole or not at all, in the place of one of the same name. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{document.kind}-{document.as_of.isoformat()}-{document.language}"
    written, missing, hashes = [], dict[Format, str](), {}
    for wanted in formats:
        try:
            content = rendered(document, wanted)
        except FontMissing as error:
            missing[wanted] = str(error)
            continue
        path = folder / f"{name}.{wanted}"
        _put(path, content)
        written.append(path)
        hashes[path.name] = hashlib.sha256(content).hexdigest()
    about = {
        "kind": document.kind,
        "title": document.title,
        "as_of": document.as_of.isoformat(),
        "made": document.made.isoformat(),
        "sha256": hashes,
        "missing": missing,
        "unread": list(document.unread),
    }
    path = folder / f"{name}.json"
    _put(path, (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode())
    return [*written, path], missing


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _writers() -> Mapping[Format, Callable[[Document], bytes]]:
    # Each brings a library that the others do not need.
    from supervision.reports.docx import docx
    from supervision.reports.html import html
    from supervision.reports.typeset import pdf
    from supervision.reports.xlsx import xlsx

    return {"html": html, "docx": docx, "xlsx": xlsx, "pdf": pdf}
