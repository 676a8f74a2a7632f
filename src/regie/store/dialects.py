"""Statements written once for two databases, and made ready once for many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Dialect, Integer, String
from sqlalchemy.dialects import postgresql, sqlite

Statement = Any
PerDialect = Mapping[str, Statement]
Values = Mapping[str, Any]
_Compiled = tuple[str, Callable[[Values], Any]]


def per_dialect(build: Callable[[Any], Statement]) -> PerDialect:
    """Make a statement for each database, from its own ``insert``, which knows ON CONFLICT."""
    return {"sqlite": build(sqlite.insert), "postgresql": build(postgresql.insert)}


def said_for(connection: Connection, statements: PerDialect) -> Statement:
    """Give the statement for the database at hand."""
    return statements[connection.dialect.name]


class Writing:
    """A writing statement, compiled at its first use; then only values go to the driver.

    SQLAlchemy's own path weighs each value of each row anew, which costs more than the database does, and does
    not tell how many rows an insert made. Values are converted by the types of the columns all the same.

    Args:
        statement: with a bound parameter for each value, or an insert.
        names: of an insert, the columns that are given.
    """

    def __init__(self, statement: Statement | PerDialect, names: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[str, _Compiled] = {}

    def run(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Execute for each row; give how many rows of the table were touched."""
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            statement: Statement = self._statement
            if isinstance(statement, Mapping):
                statement = statement[dialect.name]
            ready = self._ready[dialect.name] = _compile(statement, dialect, self._names)
        text, convert = ready
        values = [convert(row) for row in rows]
        return connection.exec_driver_sql(text, values[0] if len(values) == 1 else values).rowcount


class Reading:
    """A reading statement, compiled at its first use; gives rows as the driver does."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._ready: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        """Execute it with these values."""
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _compile(self._statement, dialect)
        text, convert = ready
        return [tuple(row) for row in connection.exec_driver_sql(text, convert(values))]


def _compile(statement: Statement, dialect: Dialect, names: Sequence[str] | None = None) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    changed = {}
    for name, parameter in compiled.binds.items():
        convert = _converter(parameter.type, dialect)
        if convert is not None:
            changed[name] = convert
    fixed = {name: parameter.value for name, parameter in compiled.binds.items() if not parameter.required}
    if compiled.positional:
        return str(compiled), _tuple_maker(compiled.positiontup, changed, fixed)
    return str(compiled), _dict_maker(tuple(compiled.binds), changed, fixed)


def _converter(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    """How values of a type are given to the driver; None when as they are."""
    if isinstance(kind, Date):
        return date.isoformat if dialect.name == "sqlite" else None
    if isinstance(kind, (String, Integer, Boolean)):
        return None
    convert: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _tuple_maker(
    names: Sequence[str], changed: Mapping[str, Callable[[Any], Any]], fixed: Values
) -> Callable[[Values], Any]:
    pick = itemgetter(*names)
    places = [(place, changed[name]) for place, name in enumerate(names) if name in changed]

    def make(row: Values) -> tuple[Any, ...]:
        picked = pick({**fixed, **row} if fixed else row)
        values = list(picked) if len(names) > 1 else [picked]
        for place, convert in places:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)

    return make


def _dict_maker(
    names: Sequence[str], changed: Mapping[str, Callable[[Any], Any]], fixed: Values
) -> Callable[[Values], Any]:
    def make(row: Values) -> dict[str, Any]:
        values = {name: row.get(name, fixed.get(name)) for name in names}
        for name, convert in changed.items():
            if values[name] is not None:
                values[name] = convert(values[name])
        return values

    return make
