"""Who writes to a lake and who cares for it: folders of writers that live, and one carer at a time."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from facts.errors import StoreError

WRITING: Final = ".writing"
"""In the lake: folders of batches that are being written."""


class Writer:
    """A folder beside the lake in which a batch is prepared, locked as long as its process lives.

    Use it as a context: what was not committed leaves nothing behind. Raises StoreError where no folder can
    be made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            (root / WRITING).mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=root / WRITING))
            self._lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError(f"{root}: no batch can be begun: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was not committed. May be called twice."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


@contextmanager
def only_one(root: Path, name: str, doing: str) -> Iterator[None]:
    """Care for a lake alone: `name` is the file of the lock, `doing` what another one may be at.

    Raises StoreError where somebody else does so just now, or the folder cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / name, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreError(f"{root}: {error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreError(f"{root}: somebody else is {doing} there") from error
    finally:
        os.close(handle)
