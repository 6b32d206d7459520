# SPDX-License-Identifier: Apache-2.0
"""sqlite3.Cursor."""

from __future__ import annotations

import re
from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Any, Iterable, TypeVar

from . import older
from ._declarations import HDB_ROW
from ._library import changes
from .adapters import converter_for
from .arrow import ArrowResult
from .blocks import ROWS
from .exceptions import ProgrammingError, type_name
from .pickling import refuse
from .row import own_row
from .states import CursorState
from .statement import Converters, Statement

if TYPE_CHECKING:
    from .connection import Connection

_Self = TypeVar("_Self", bound="Cursor")

PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2

_BRACKETED = re.compile(rb"\[([^\[\]]*)\]")


_connection_class: type = type(None)  # set by connection.py, which needs this module


class Cursor(CursorState):
    """Runs statements and hands out their rows.

    >>> cursor = connection.cursor()
    >>> cursor.execute("SELECT name FROM sqlite_master WHERE type = ?", ("table",)).fetchall()

    ``arraysize`` is the number of rows that fetchmany() gives by default.
    """

    __slots__ = ("__weakref__",)

    __reduce__ = refuse

    def _init(self, connection: Connection) -> None:
        if not isinstance(connection, _connection_class):
            name = type_name(connection)
            raise TypeError(f"Cursor() argument 1 must be heliosdb_sqlite.Connection, not {name}")
        if getattr(self, "_locked", False):
            raise ProgrammingError("Recursive use of cursors not allowed.")
        self._connection = connection
        self._statement: Statement | None = None
        self._empty: tuple[Statement, int] | None = None  # gave no row, in this run of it
        self._converters: Converters = None
        self._description: tuple[Any, ...] | None = None
        self._indexes: dict[str, int] = {}
        self._lastrowid: int | None = None
        self._rowcount = -1
        self._closed = self._locked = False
        self.arraysize = 1
        self._row_factory = self._factory = None
        connection._check()

    # What is there to know

    @property
    def connection(self) -> Connection:
        """The connection it was made from."""
        return self._connection

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | Any:
        """A 7-tuple for each column of the result, of which the first is its name; None if there is no result."""
        return self._description

    @property
    def lastrowid(self) -> int | None:
        """Rowid of the last row inserted; None if nothing was executed yet."""
        return self._lastrowid

    @property
    def rowcount(self) -> int:
        """Rows changed by INSERT, UPDATE, DELETE or REPLACE, summed by executemany(); -1 for other statements."""
        return self._rowcount

    @property
    def row_factory(self) -> Any:
        """What makes a row of (cursor, tuple); None: the tuple."""
        return self._row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._row_factory = factory
        self._factory = own_row(factory)

    # Running statements

    def _execute(self: _Self, sql: str, parameters: Any) -> _Self:
        connection = self._start(sql, "execute")
        try:
            with connection._turn:
                statement = self._prepare(connection, sql)
                code = statement.run(parameters)
                if code == HDB_ROW:
                    self._statement = statement
                elif statement.is_dml:
                    self._rowcount = connection._handle.changes.value
                if statement.returns_rows:
                    self._describe(connection, statement)
                if code != HDB_ROW and statement.returns_rows:
                    self._empty = statement, statement.runs
                self._lastrowid = connection._handle.rowid.value
        except BaseException:
            self._fail()
            raise
        finally:
            self._locked = False
        return self

    def executemany(self: _Self, sql: str, parameters: Iterable[Any], /) -> _Self:
        """Runs one INSERT, UPDATE, DELETE or REPLACE for each of many parameter sets.

        >>> cursor.executemany("INSERT INTO t(a) VALUES (?)", [(1,), (2,)]).rowcount
        2
        """
        connection = self._start(sql, "executemany")
        try:
            with connection._turn:
                self._run_each(connection, sql, parameters)
        except BaseException:
            self._fail()
            raise
        finally:
            self._locked = False
        return self

    def _run_each(self, connection: Connection, sql: str, sets: Iterable[Any]) -> None:
        each = iter(sets)
        statement = self._prepare(connection, sql, many=True)
        # An iterator may look at what the sets before have done; a list can't.
        step = ROWS if type(sets) in (list, tuple) else 1
        for some in iter(lambda: list(islice(each, step)), []):
            changed = statement.execute_all(some) if step > 1 else statement.execute_once(some[0])
            if statement.is_dml:
                self._rowcount += changed
            if statement.returns_rows and self._description is None:
                self._describe(connection, statement)

    def executescript(self: _Self, sql_script: str, /) -> _Self:
        """Runs many statements; an open transaction is committed first. Rows are thrown away.

        >>> cursor.executescript("CREATE TABLE a(x); CREATE TABLE b(y);")
        """
        if not isinstance(sql_script, str):
            raise older.script_of_wrong_type(sql_script)
        if "\0" in sql_script:
            raise ValueError("embedded null character")
        connection = self._check()
        script = sql_script.encode()
        connection._handle.check_length(script)
        with connection._turn:
            connection._commit_before_script()
            connection._handle.run(script)
        return self

    def _start(self, sql: str, method: str) -> Connection:
        """Checks that a statement may be run; ends the one before it."""
        if not isinstance(sql, str):
            raise TypeError(f"{method}() argument 1 must be str, not {type_name(sql)}")
        connection = self._check()
        self._locked = True
        return connection

    def _prepare(self, connection: Connection, sql: str, many: bool = False) -> Statement:
        self._description = self._empty = None
        if self._statement is not None:
            self._release()
        statement = connection._prepare(sql)
        if many and statement.readonly:
            raise ProgrammingError("executemany() can only execute DML statements.")
        self._rowcount = 0 if statement.is_dml else -1
        if statement.is_dml:
            connection._begin_transaction()
        return statement

    def _fail(self) -> None:
        """Leaves the cursor as one whose statement failed."""
        self._rowcount = -1
        if self._statement is not None:
            self._release()

    def _release(self) -> None:
        """Gives up the statement whose rows were read."""
        statement, self._statement = self._statement, None
        if statement is not None:
            statement.reset()

    def _describe(self, connection: Connection, statement: Statement) -> None:
        """Sets the description and the converters of the result's columns."""
        detect = connection._detect_types
        if not detect and statement.has_same_names():
            _, self._description, self._indexes = statement.described  # type: ignore[misc]
            self._converters = None
            return
        names = statement.column_names()
        if statement.described is None or statement.described[0] != names:
            description = tuple((_shown_name(name.decode(), detect),) + (None,) * 6 for name in names)
            statement.described = (names, description, {})
        _, self._description, self._indexes = statement.described
        self._converters = _converters(names, statement.column_types(), detect) if detect else None

    # Fetching rows

    def _fetchone(self) -> Any:
        self._check()
        return None if self._statement is None else self._fetch_one(self._statement)

    def _fetchmany(self, size: int | None) -> list[Any]:
        limit = self.arraysize if size is None else index(size)
        if not -0x80000000 <= limit <= 0x7FFFFFFF:
            raise OverflowError(f"signed integer is {'greater than maximum' if limit > 0 else 'less than minimum'}")
        self._check()
        return self._fetch(limit)

    def _fetchall(self) -> list[Any]:
        self._check()
        return self._fetch(-1)

    def _next(self) -> Any:
        self._check()
        if self._statement is None:
            raise StopIteration
        return self._fetch_one(self._statement)

    def fetch_arrow(self) -> ArrowResult:
        """The rows that are left, for pyarrow, pandas, polars, DuckDB and others that read Arrow's streams.

        A column's type comes from its first values, see <heliosdb/arrow.h>. row_factory, text_factory and converters do not
        matter. The cursor has no more rows afterwards. Raises ProgrammingError if there is no result.

        >>> polars.DataFrame(cursor.execute("SELECT * FROM t").fetch_arrow())
        """
        self._check()
        statement, self._statement = self._statement, None
        if statement is None and self._empty is not None:
            statement, run = self._empty
            if statement.busy or statement.runs != run:
                statement = None
        if statement is None:
            raise ProgrammingError("There is no result to fetch, or it was fetched already.")
        self._empty = None
        return ArrowResult(statement)

    def _fetch_one(self, statement: Statement) -> Any:
        connection = self._connection
        self._locked = True
        try:
            with connection._turn:
                row = statement.fetch_one(len(self._description or ()), connection.text_factory, self._converters)
                if not statement.busy:
                    self._finish(connection, statement)
        except BaseException:
            self._release()
            raise
        finally:
            self._locked = False
        return row if self._factory is None else self._factory(self, row)

    def _fetch(self, limit: int) -> list[Any]:
        if self._factory is not None:
            return self._fetch_made(limit)
        statement = self._statement
        if statement is None:
            return []
        connection = self._connection
        self._locked = True
        try:
            with connection._turn:
                rows = statement.fetch(limit, len(self._description or ()), connection.text_factory, self._converters)
                if not statement.busy:
                    self._finish(connection, statement)
        except BaseException:
            self._release()
            raise
        finally:
            self._locked = False
        return rows

    def _fetch_made(self, limit: int) -> list[Any]:
        """A row factory may read from the cursor itself: each row is made before the next one is fetched."""
        rows: list[Any] = []
        while limit < 1 or len(rows) < limit:
            self._check()
            if self._statement is None:
                break
            rows.append(self._fetch_one(self._statement))
        return rows

    def _finish(self, connection: Connection, statement: Statement) -> None:
        """Its last row was read."""
        self._statement = None
        if statement.is_dml:
            self._rowcount = changes(connection._handle.pointer)

    # The rest of DB-API

    def close(self) -> None:
        """Closes the cursor; its connection stays open."""
        self._initialized()
        if self._locked:
            raise ProgrammingError("Recursive use of cursors not allowed.")
        self._connection._check()
        self._closed = True
        if self._statement is not None:
            self._release()

    def setinputsizes(self, sizes: Any, /) -> None:
        """Does nothing; DB-API asks for it."""

    def setoutputsize(self, size: Any, column: Any = None, /) -> None:
        """Does nothing; DB-API asks for it."""

    def _initialized(self) -> None:
        if not hasattr(self, "_connection"):
            raise ProgrammingError("Base Cursor.__init__ not called.")

    def _check(self) -> Connection:
        """The connection, if it and the cursor may be used now."""
        try:
            closed, locked, connection = self._closed, self._locked, self._connection
        except AttributeError:
            raise ProgrammingError("Base Cursor.__init__ not called.") from None
        if closed:
            raise ProgrammingError("Cannot operate on a closed cursor.")
        connection._check()
        if locked:
            raise ProgrammingError("Recursive use of cursors not allowed.")
        return connection


def _shown_name(name: str, detect: int) -> str:
    """A column's name; with PARSE_COLNAMES without the type that follows it in brackets."""
    if detect & PARSE_COLNAMES and "[" in name:
        name = name[: name.index("[")]
        if name.endswith(" "):
            name = name[:-1]
    return name


def _converters(names: list[bytes], types: list[bytes | None], detect: int) -> Converters:
    """The converter of each column, None where there is none."""
    found = []
    for name, declared in zip(names, types):
        converter = None
        bracketed = _BRACKETED.search(name) if detect & PARSE_COLNAMES else None
        if bracketed:
            converter = converter_for(bracketed.group(1).decode())
        if converter is None and detect & PARSE_DECLTYPES and declared is not None:
            converter = converter_for(declared.decode().split("(")[0].split(" ")[0])
        found.append(converter)
    return found
