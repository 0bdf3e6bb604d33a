"""The report of refused rows: a CSV file, or one JSON array, written as the rows are refused."""

import csv
import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from facts.errors import ReadError, RowError
from facts.where import Where
from registry.reasons import code_of, worded

COLUMNS = ("file", "row", "column", "reason", "code")


class RefusedReport:
    """Writes refused rows to a file, if one is given. Raises ReadError where it cannot be written."""

    def __init__(self, path: Path | None, lang: str = "en") -> None:
        """`lang`: of the reasons, `en` or `zh`; their codes are the same in both."""
        self._path, self._lang = path, lang
        self._file: IO[str] | None = None
        self._rows: Any = None
        self._count = 0

    def add(self, error: RowError) -> None:
        """Write one row; its number counts from 1, a header being row 1."""
        if self._file is None:
            return
        why = worded(error.why, self._lang)
        values = (error.source, error.row, error.column, why, code_of(error.why))
        if self._rows is not None:
            self._rows.writerow([_cell(value) for value in values])
        else:
            text = json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False)
            self._file.write((",\n" if self._count else "\n") + text)
        self._count += 1

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                # A byte order mark, so that spreadsheets read Chinese reasons as UTF-8.
                as_json = self._path.suffix.lower() == ".json"
                encoding = "utf-8" if as_json else "utf-8-sig"
                self._file = self._path.open("w", encoding=encoding, newline="")
            except OSError as error:
                raise ReadError(error.strerror or str(error), Where(str(self._path))) from error
            if as_json:
                self._file.write("[")
            else:
                self._rows = csv.writer(self._file, lineterminator="\n")
                self._rows.writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            if self._rows is None:
                self._file.write("\n]\n")
            self._file.close()


def _cell(value: object) -> object:
    # A spreadsheet would run a cell that begins with one of these.
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
