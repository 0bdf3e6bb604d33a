"""Progress of an import on standard error: every few seconds how many rows of which file were read."""

import sys
import time

from minescope.language import Lang, chosen

LINE_EVERY_S = 5.0
"""Often enough to see life, seldom enough for a log."""


class RowsRead:
    """Takes the state of an import."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, name: str, rows: int) -> None:
        """Take how many rows of a file were read so far."""
        now = time.monotonic()
        if now < self._told + LINE_EVERY_S:
            return
        self._told = now
        zh = chosen(None) is Lang.ZH
        read = f"{name}：已读取 {rows:,} 行" if zh else f"{name}: {rows:,} rows read"
        print(f"minescope: {read}", file=sys.stderr, flush=True)
