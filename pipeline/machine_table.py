"""The table of machines in force: what the package ships, and the operator's own in the home folder."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from classifier.power_table import Catalogue, read, shipped
from facts.errors import ReadError
from facts.where import Where
from pipeline.home import home_folder

FILE = "machines.toml"
"""Name of the operator's table in the home folder."""


def machine_table() -> Catalogue:
    """Return the table in force, read again where the operator's has changed.

    Raises ReadError where that cannot be read, RowError with row and key where it is wrong.
    """
    path = home_folder() / FILE
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return shipped()
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    return _loaded(path, stat.st_mtime_ns, stat.st_size)


def table_at_hand() -> Callable[[], Catalogue]:
    """Return `machine_table`, having read the operator's own now: what is wrong with it stops no run midway.

    Where there is none, nothing is read yet: many a run needs no table. Raises as `machine_table` does.
    """
    if (home_folder() / FILE).exists():
        machine_table()
    return machine_table


@lru_cache(1)
def _loaded(path: Path, changed_ns: int, size: int) -> Catalogue:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(str(error), Where(str(path))) from error
    return read(text, str(path), shipped())
