"""Statements that are formed once and run on the driver's own cursor, for what every request asks.

SQLAlchemy takes ten times as long to run such a statement as SQLite takes to answer it. The statement, the
types and the transaction stay SQLAlchemy's: only the way through its execution is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect, Engine, Executable, Select
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler

from facts.errors import StoreError
from store.database import place

Convert = Callable[[Any], Any]


class Runs(Protocol):
    """What a statement runs on: SQLAlchemy's connection, or one that is held (store/held.py)."""

    @property
    def dialect(self) -> Dialect:
        """Whose words the statement is put in."""

    @property
    def engine(self) -> Engine:
        """What names the database."""

    @property
    def connection(self) -> PoolProxiedConnection:
        """The driver's own."""


class Prepared:
    """One statement without expanding parameters; safe to share between threads.

    An insert wants a value for every column, also for one that the database would number itself.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def rows(
        self, connection: Runs, parameters: Mapping[str, Any], most: int | None = None
    ) -> list[list[Any]]:
        """Return the rows, at most so many, on an open transaction, as the types of the columns make them.

        Raises StoreError where the database fails.
        """
        made = self._of(connection)
        found = [list(row) for row in made.run(connection, [made.given(parameters)], most)]
        for row in found:
            for column, convert in made.results:
                row[column] = convert(row[column])
        return found

    def run(self, connection: Runs, many: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that gives no rows, for each set of parameters. Raises StoreError."""
        made = self._of(connection)
        made.run(connection, [made.given(parameters) for parameters in many])

    def _of(self, connection: Runs) -> "_Made":
        name = connection.dialect.name
        if name not in self._made:
            self._made[name] = _Made(self._statement, connection.dialect)
        return self._made[name]


class _Made:
    """A statement in the words of one database."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._names = None if compiled.positiontup is None else tuple(compiled.positiontup)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._binds: list[tuple[str, Convert | None]] = [
            (name, bind.type.bind_processor(dialect)) for bind, name in compiled.bind_names.items()
        ]
        self._errors = dialect.loaded_dbapi.Error
        convert = dict(self._binds)
        self._places = [(name, convert[name]) for name in self._names or ()]
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        kinds = (column.type.result_processor(dialect, None) for column in columns)
        self.results: list[tuple[int, Convert]] = [
            (place, kind) for place, kind in enumerate(kinds) if kind is not None
        ]
        """The places of a row that are not as the driver gives them, and what makes them so."""

    def given(self, parameters: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        values = {**self._fixed, **parameters} if self._fixed else parameters
        if self._names is None:
            return {
                name: values[name] if convert is None else convert(values[name])
                for name, convert in self._binds
            }
        return [values[name] if convert is None else convert(values[name]) for name, convert in self._places]

    def run(self, connection: Runs, many: Sequence[Any], most: int | None = None) -> list[Any]:
        """Run the statement; return its rows, where it is run once and has any: at most so many."""
        driver = connection.connection
        try:
            cursor = driver.cursor()
            try:
                if len(many) == 1:
                    cursor.execute(self._sql, many[0])
                    if not cursor.description:
                        return []
                    return list(cursor.fetchall() if most is None else cursor.fetchmany(most))
                cursor.executemany(self._sql, many)
                return []
            finally:
                cursor.close()
        except self._errors as error:
            why = str(error).strip().partition("\n")[0]
            raise StoreError(f"{place(connection.engine.url)}: {why}") from error
