"""Everything that can go wrong, as values with fields that form the sentence.

MineScopeError
├── ReadError       a source cannot be read (from this place on)
├── ParseError      a stream is not what its parser reads (knows its stream offset only)
├── RowError        one row of an imported table is wrong
├── SettingsError   a setting is wrong or contradicts another
├── UsageError      the command or request is wrong
│   └── NotHeldError   what it names is not held: no such id
└── StoreError      the database refused or is not what this version expects
"""

from facts.where import Where


class MineScopeError(Exception):
    """The one class the doors catch."""


class ReadError(MineScopeError):
    """A source cannot be read from `where` on; what came before it stands."""

    def __init__(self, why: str, where: Where) -> None:
        super().__init__(f"{where}: {why}")
        self.why = why
        self.where = where


class ParseError(MineScopeError):
    """A stream is not the protocol it seemed to be, at a byte offset of one side's stream."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(f"stream offset {offset}: {why}")
        self.why = why
        self.offset = offset


class RowError(MineScopeError):
    """One row of a table was refused; rows count from 1, the header being row 1."""

    def __init__(self, why: str, source: str, row: int, column: str | None = None) -> None:
        place = f"{source}, row {row}" + (f", column {column}" if column else "")
        super().__init__(f"{place}: {why}")
        self.why = why
        self.source = source
        self.row = row
        self.column = column


class SettingsError(MineScopeError):
    """A setting is wrong; `name` is the name its user wrote."""

    def __init__(self, why: str, name: str) -> None:
        super().__init__(f"{name}: {why}")
        self.why = why
        self.name = name


class UsageError(MineScopeError):
    """A command line or a request asks for something that cannot be."""


class NotHeldError(UsageError):
    """A command line or a request names something that is not held, or that who asks may not see.

    At the terminal it is told by the exit code of what cannot be read, over HTTP by 404.
    """


class StoreError(MineScopeError):
    """The database cannot be reached, or its schema is not the one this version expects."""
