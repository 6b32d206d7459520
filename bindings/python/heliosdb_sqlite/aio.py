# SPDX-License-Identifier: Apache-2.0
"""heliosdb_sqlite for asyncio, with the names of aiosqlite.

>>> from heliosdb_sqlite import aio
>>> async with aio.connect("app.db") as db:
...     await db.execute("INSERT INTO notes(body) VALUES (?)", ("kept",))
...     await db.commit()
...     async with db.execute("SELECT body FROM notes") as cursor:
...         async for row in cursor:
...             print(row)

The calls of one connection run one after the other, each in a thread of a pool that all connections share, so that the
event loop never waits and an idle connection has no thread. A task that is cancelled interrupts its statement.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Coroutine, Generator, Generic, Iterable, TypeVar

from . import connection as _connection
from . import cursor as _cursor
from . import opening as _opening
from ._constants import *  # noqa: F403
from .cursor import PARSE_COLNAMES as PARSE_COLNAMES
from .cursor import PARSE_DECLTYPES as PARSE_DECLTYPES
from .dbapi2 import DatabaseError as DatabaseError
from .dbapi2 import DataError as DataError
from .dbapi2 import Error as Error
from .dbapi2 import IntegrityError as IntegrityError
from .dbapi2 import InterfaceError as InterfaceError
from .dbapi2 import InternalError as InternalError
from .dbapi2 import NotSupportedError as NotSupportedError
from .dbapi2 import OperationalError as OperationalError
from .dbapi2 import ProgrammingError as ProgrammingError
from .dbapi2 import Row as Row
from .dbapi2 import Warning as Warning
from .dbapi2 import apilevel as apilevel
from .dbapi2 import paramstyle as paramstyle
from .dbapi2 import register_adapter as register_adapter
from .dbapi2 import register_converter as register_converter
from .dbapi2 import sqlite_version as sqlite_version
from .dbapi2 import sqlite_version_info as sqlite_version_info
from .dbapi2 import threadsafety as threadsafety

_Given = TypeVar("_Given")

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _Arguments = ParamSpec("_Arguments")

_pool: concurrent.futures.ThreadPoolExecutor | None = None
_pool_process = 0


def _threads() -> concurrent.futures.ThreadPoolExecutor:
    """The pool of this process: threads do not come through a fork."""
    global _pool, _pool_process
    if _pool is None or _pool_process != os.getpid():
        _pool = concurrent.futures.ThreadPoolExecutor(max_workers=256, thread_name_prefix="heliosdb-aio")
        _pool_process = os.getpid()
    return _pool


class _Result(Generic[_Given]):
    """What a call returns: awaited it gives the object, in ``async with`` it also closes it."""

    __slots__ = ("_coroutine", "_object")

    def __init__(self, coroutine: Coroutine[Any, Any, _Given]) -> None:
        self._coroutine = coroutine
        self._object: Any = None

    def __await__(self) -> Generator[Any, None, _Given]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> _Given:
        self._object = given = await self._coroutine
        return given

    async def __aexit__(self, *_error: Any) -> None:
        if hasattr(self._object, "close"):
            await self._object.close()


def _result(
    method: Callable[_Arguments, Coroutine[Any, Any, _Given]],
) -> Callable[_Arguments, _Result[_Given]]:
    @functools.wraps(method)
    def call(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result[_Given]:
        return _Result(method(*arguments, **options))

    return call


class Cursor:
    """A cursor whose calls are awaited; ``async for`` gives its rows. See heliosdb_sqlite.Cursor."""

    def __init__(self, connection: Connection, cursor: _cursor.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Cursor:
        """Runs one statement with its parameters.

        >>> await cursor.execute("SELECT 1")
        """
        await self._connection._run(self._cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Cursor:
        """Runs one statement for each of many parameter sets."""
        await self._connection._run(self._cursor.executemany, sql, parameters)
        return self

    async def executescript(self, sql_script: str) -> Cursor:
        """Runs many statements."""
        await self._connection._run(self._cursor.executescript, sql_script)
        return self

    async def fetchone(self) -> Any:
        """The next row, None after the last one."""
        return await self._connection._run(self._cursor.fetchone)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows: ``size`` or ``arraysize`` of them."""
        return await self._connection._run(self._cursor.fetchmany, *(() if size is None else (size,)))

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return await self._connection._run(self._cursor.fetchall)

    async def close(self) -> None:
        """Closes the cursor."""
        await self._connection._run(self._cursor.close)

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The rows, fetched in chunks."""
        while True:
            rows = await self.fetchmany(self._connection._chunk)
            if not rows:
                return
            for row in rows:
                yield row

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(self, *_error: Any) -> None:
        await self.close()

    @property
    def connection(self) -> _connection.Connection:
        """The connection behind it, as of heliosdb_sqlite."""
        return self._cursor.connection

    @property
    def rowcount(self) -> int:
        """Rows changed, -1 where that is not known."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Rowid of the last row inserted."""
        return self._cursor.lastrowid

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | Any:
        """A 7-tuple for each column."""
        return self._cursor.description

    @property
    def arraysize(self) -> int:
        """Rows that fetchmany() gives by default."""
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._cursor.arraysize = size

    @property
    def row_factory(self) -> Any:
        """What makes a row of (cursor, tuple)."""
        return self._cursor.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._cursor.row_factory = factory


class Connection:
    """A connection whose calls are awaited; connect() makes it. See heliosdb_sqlite.Connection."""

    def __init__(self, connector: Callable[[], _connection.Connection], chunk: int) -> None:
        self._connector = connector
        self._chunk = chunk
        self._open: _connection.Connection | None = None
        self._turn: asyncio.Lock | None = None

    # Opening and closing

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._connect().__await__()

    async def _connect(self) -> Connection:
        if self._open is None:
            self._turn = asyncio.Lock()
            self._open = await asyncio.get_running_loop().run_in_executor(_threads(), self._connector)
        return self

    async def __aenter__(self) -> Connection:
        return await self._connect()

    async def __aexit__(self, *_error: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; an open transaction is rolled back."""
        if self._open is not None:
            await self._run(self._open.close)
            self._open = None

    @property
    def _conn(self) -> _connection.Connection:
        if self._open is None:
            raise ValueError("no active connection")
        return self._open

    async def _run(self, call: Callable[..., _Given], *arguments: Any, **options: Any) -> _Given:
        """Runs a call in the pool, after those before it. If the task is cancelled, the statement is interrupted."""
        connection, turn = self._conn, self._turn
        assert turn is not None
        async with turn:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(_threads(), functools.partial(call, *arguments, **options))
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                connection.interrupt()
                await asyncio.wait([future])
                if not future.cancelled():
                    future.exception()  # it was looked at
                raise

    # Statements

    @_result
    async def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self, await self._run(self._conn.cursor))

    @_result
    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Cursor:
        """Cursor.execute() on a new cursor.

        >>> async with db.execute("SELECT 1") as cursor:
        ...     print(await cursor.fetchone())
        """
        return Cursor(self, await self._run(self._conn.execute, sql, parameters))

    @_result
    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Cursor:
        """Cursor.executemany() on a new cursor."""
        return Cursor(self, await self._run(self._conn.executemany, sql, parameters))

    @_result
    async def executescript(self, sql_script: str) -> Cursor:
        """Cursor.executescript() on a new cursor."""
        return Cursor(self, await self._run(self._conn.executescript, sql_script))

    @_result
    async def execute_insert(self, sql: str, parameters: Iterable[Any] = ()) -> Any:
        """Runs an INSERT; gives a row with the rowid of what was inserted."""
        return await self._run(self._insert, sql, parameters)

    def _insert(self, sql: str, parameters: Iterable[Any]) -> Any:
        cursor = self._conn.execute(sql, parameters)
        return cursor.execute("SELECT last_insert_rowid()").fetchone()

    @_result
    async def execute_fetchall(self, sql: str, parameters: Iterable[Any] = ()) -> list[Any]:
        """Runs a statement and gives all its rows."""
        return await self._run(lambda: self._conn.execute(sql, parameters).fetchall())

    async def commit(self) -> None:
        """Makes the open transaction durable."""
        await self._run(self._conn.commit)

    async def rollback(self) -> None:
        """Undoes the open transaction."""
        await self._run(self._conn.rollback)

    async def interrupt(self) -> None:
        """Ends the statement that runs."""
        self._conn.interrupt()

    async def iterdump(self) -> AsyncIterator[str]:
        """The statements that make the database again."""
        statements = self._conn.iterdump()
        while True:
            chunk = await self._run(_take, statements, self._chunk)
            if not chunk:
                return
            for statement in chunk:
                yield statement

    async def backup(self, target: Any, **options: Any) -> None:
        """Copies the database into another connection, of this module or of heliosdb_sqlite."""
        inner = target._conn if isinstance(target, Connection) else target
        await self._run(self._conn.backup, inner, **options)

    # What the connection calls back, and its settings

    async def create_function(
        self, name: str, num_params: int, func: Callable[..., Any], deterministic: bool = False
    ) -> None:
        """Makes a Python function known to SQL; it runs in a thread of the pool."""
        await self._run(self._conn.create_function, name, num_params, func, deterministic=deterministic)

    async def create_aggregate(self, name: str, num_params: int, aggregate_class: Any) -> None:
        """Makes an aggregate of a class with step() and finalize()."""
        await self._run(self._conn.create_aggregate, name, num_params, aggregate_class)

    async def create_collation(self, name: str, callable: Callable[..., Any] | None) -> None:  # noqa: A002
        """Makes a collation of a comparing function."""
        await self._run(self._conn.create_collation, name, callable)

    async def set_progress_handler(self, handler: Callable[[], int | None], n: int) -> None:
        """Has ``handler`` called every ``n`` instructions."""
        await self._run(self._conn.set_progress_handler, handler, n)

    async def set_trace_callback(self, handler: Callable[..., Any] | None) -> None:
        """Has ``handler`` called with each statement."""
        await self._run(self._conn.set_trace_callback, handler)

    async def set_authorizer(self, authorizer_callback: Callable[..., Any] | None) -> None:
        """Has ``authorizer_callback`` asked what statements may do."""
        await self._run(self._conn.set_authorizer, authorizer_callback)

    async def enable_load_extension(self, value: bool) -> None:
        """Allows or forbids extensions."""
        await self._run(self._conn.enable_load_extension, value)

    async def load_extension(self, path: str) -> None:
        """Loads an extension."""
        await self._run(self._conn.load_extension, path)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._conn.in_transaction

    @property
    def isolation_level(self) -> str | None:
        """How the implicit BEGIN begins."""
        return self._conn.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._conn.isolation_level = level

    @property
    def row_factory(self) -> Any:
        """What makes a row of (cursor, tuple)."""
        return self._conn.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._conn.row_factory = factory

    @property
    def text_factory(self) -> Any:
        """What makes a text of its bytes."""
        return self._conn.text_factory

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._conn.text_factory = factory

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened."""
        return self._conn.total_changes


def _take(statements: Any, count: int) -> list[Any]:
    return [statement for _, statement in zip(range(count), statements)]


def connect(database: Any, *, iter_chunk_size: int = 64, **options: Any) -> Connection:
    """Opens a database when it is awaited or entered; the options are those of heliosdb_sqlite.connect().

    ``iter_chunk_size``: rows that ``async for`` fetches at a time.

    >>> db = await connect("app.db")
    >>> await db.close()
    """
    options["check_same_thread"] = False
    return Connection(functools.partial(_opening.connect, database, **options), iter_chunk_size)
