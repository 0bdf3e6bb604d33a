"""The carbon factors in use: those of the package, and over them the operator's own in the home folder."""

from functools import lru_cache
from pathlib import Path

from facts.errors import ReadError
from facts.where import Where
from pipeline.home import home_folder
from supervision.carbon import Factors, merged, parse, shipped

FILE = "carbon.toml"
"""Name of the operator's file in the home folder; of the form of supervision/carbon.toml."""


def factors_in_use() -> Factors:
    """Return the factors, read again where the operator's have changed.

    A row of the operator's file takes the place of the shipped one of the same id, others are added. Raises
    ReadError where the file cannot be read, SettingsError with row and field where it is wrong.
    """
    path = home_folder() / FILE
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _shipped()
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    return _loaded(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(1)
def _shipped() -> Factors:
    return Factors(shipped())


@lru_cache(1)
def _loaded(path: Path, changed_ns: int, size: int) -> Factors:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(str(error), Where(str(path))) from error
    return Factors(merged(shipped(), parse(text, str(path))))
