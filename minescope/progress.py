"""Progress on standard error: a bar with packets/s and the time left on a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from pipeline.scan import Reading

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

LINE_EVERY_S = 5.0
"""Plain lines: often enough to see life, seldom enough for a log."""


class Progress(AbstractContextManager["Progress"]):
    """Shows how far a run is. Monotonic time is read here alone: it measures the tool, never the traffic."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._next = self._began + LINE_EVERY_S
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        if not quiet and sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task("", total=None, said="reading")
            self._bar.start()

    def __call__(self, reading: Reading) -> None:
        """Take the state of the run."""
        if self._bar is not None and self._task is not None:
            said = self._sentence(reading)
            self._bar.update(self._task, completed=reading.bytes_read, total=reading.bytes_total, said=said)
        elif not self._quiet and (now := time.monotonic()) >= self._next:
            self._next = now + LINE_EVERY_S
            share = f"{reading.bytes_read / reading.bytes_total:.0%}, " if reading.bytes_total else ""
            self.say(share + self._sentence(reading))

    def say(self, text: str) -> None:
        """Write one line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.console.print(f"minescope: {text}", markup=False, highlight=False)
        elif not self._quiet:
            print(f"minescope: {text}", file=sys.stderr, flush=True)

    def _sentence(self, reading: Reading) -> str:
        seconds = max(time.monotonic() - self._began, 1e-3)
        files = ""
        if reading.files > 1:
            files = f"file {min(reading.files_done + 1, reading.files):,} of {reading.files:,}, "
        return f"{files}{reading.packets:,} packets, {reading.packets / seconds:,.0f} packets/s"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
