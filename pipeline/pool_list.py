"""The pool list in force: what the package ships, and what its operator added in the home folder."""

import csv
import os
from functools import lru_cache
from pathlib import Path

from classifier.operator_lists import Entry, ListName, OperatorLists, read_subject
from classifier.pool_lists import MAX_BYTES, Merged, Row, merge, read_list, write_csv
from classifier.poolnames import COLUMNS, PoolNames
from facts.errors import ReadError, RowError
from facts.where import Where
from pipeline.home import has_database, home_folder, plain_database

FILE = "pools.csv"
"""Name of the added list in the home folder."""
_ENTRIES = "SELECT list, subject, reason, added_ns FROM operator_entries ORDER BY id"


def own_path() -> Path:
    """Return where the added list lies, whether or not it exists."""
    return home_folder() / FILE


def own_rows() -> list[list[str]]:
    """Return the added rows, in the order of COLUMNS; none where there is no list.

    Raises ReadError where it cannot be read, RowError for a file that is no list of this version.
    """
    path = own_path()
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    reader = csv.reader(_text(path).splitlines())
    if tuple(next(reader, ())) != COLUMNS:
        raise RowError(f"the columns are not {', '.join(COLUMNS)}", str(path), 1)
    rows = list(reader)
    for number, row in enumerate(rows, 2):
        if len(row) != len(COLUMNS):
            raise RowError(f"{len(row)} columns instead of {len(COLUMNS)}", str(path), number)
    return rows


def read_file(path: Path, day: str) -> tuple[tuple[Row, ...], tuple[RowError, ...]]:
    """Read a list that an operator brings; return its rows and those refused. Raises ReadError."""
    listed = read_list(_text(path), path.name, day)
    return listed.rows, listed.errors


def updated(rows: tuple[Row, ...]) -> Merged:
    """Return the added list with rows merged into it; nothing is written."""
    return merge(own_rows(), rows)


def keep(merged: Merged) -> Path:
    """Write the added list, whole or not at all; return where. Raises ReadError where that fails."""
    path = own_path()
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(write_csv(merged.rows), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    return path


def pool_names() -> PoolNames:
    """Return the list in force, read again where the added list has changed."""
    path = own_path()
    try:
        stat = path.stat()
    except OSError:
        return _loaded(path, 0, 0)
    return _loaded(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(1)
def _loaded(path: Path, changed_ns: int, size: int) -> PoolNames:
    return PoolNames.load(own_rows())


def operator_lists() -> OperatorLists:
    """Return the operator's allow and deny lists; empty where no database was made yet.

    Nothing is created by asking. Raises StoreError where the database cannot be read.
    """
    if not has_database():
        return OperatorLists()
    if (file := plain_database()) is not None:
        from store.glance import glance

        if (rows := glance(file, _ENTRIES)) is not None:
            return OperatorLists(
                Entry(ListName(which), read_subject(subject), reason, added_ns)
                for which, subject, reason, added_ns in rows
            )
    from sqlalchemy import make_url

    from pipeline.settings import load_settings
    from store.database import open_database
    from store.operator_lists import OperatorListStore

    address = load_settings().database_url
    url = make_url(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").expanduser().is_file():
        return OperatorLists()
    with open_database(address) as database:
        return OperatorListStore(database).lists()


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(f"larger than {MAX_BYTES // 2**20} MiB", Where(str(path)))
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    except UnicodeDecodeError as error:
        raise ReadError("not UTF-8", Where(str(path), offset=error.start)) from error
