"""A glance into SQLite's file by the driver alone: what a replay asks of a store that it does not write to.

Loading SQLAlchemy and Alembic takes longer than reading a million packets. Where anything is not plain (an
older schema, a file in use that will not be shared, damage), nothing is answered: whoever asks then opens the
database as everybody does, and learns what is wrong.
"""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def glance(file: Path, statement: str) -> list[tuple[Any, ...]] | None:
    """Return the rows of a SELECT on the database in a file; None where it must be opened to tell.

    No file is made. (`mode=ro` would leave one: only who may write takes its part of the log away again.)
    """
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as driver:
            driver.execute("BEGIN")  # one view for both
            if driver.execute("SELECT version_num FROM alembic_version").fetchall() != [(newest(),)]:
                return None
            return driver.execute(statement).fetchall()
    except sqlite3.Error:
        return None


@cache
def newest() -> str:
    """Return the newest revision of the schema, by the names of the migrations (store/schema.py)."""
    return max(path.name for path in _VERSIONS.glob("[0-9]*_*.py")).partition("_")[0]
