# SPDX-License-Identifier: Apache-2.0
"""sqlite3.Connection."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections import OrderedDict
from ctypes import byref, c_char_p, c_int, c_int64
from threading import RLock, get_ident
from typing import Any, Callable, Iterable, Iterator, Literal, NoReturn, TypeVar, overload

from . import _declarations as c
from . import _library as native
from . import _constants, copies, deprecations
from . import cursor as cursor_module
from . import exceptions, signals
from ._library import lib
from .adapters import plain
from .blob import Blob, open_blob
from .callbacks import Callbacks
from .cursor import Cursor
from .dump import _iterdump
from .exceptions import OperationalError, ProgrammingError
from .handle import Handle
from .pickling import refuse
from .retrying import transact
from .states import ConnectionState, start
from .statement import Statement, prepare

LEGACY_TRANSACTION_CONTROL = -1

_Cursor = TypeVar("_Cursor", bound=Cursor)
_Self = TypeVar("_Self", bound="Connection")
_Result = TypeVar("_Result")

_SWITCHES = {value for name, value in vars(_constants).items() if name.startswith("SQLITE_DBCONFIG_")}
_LEVELS = ("", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")


class Connection(ConnectionState):
    """A connection to a database; see connect() for the arguments.

    As a context manager it commits at the end of the block, or rolls back if the block raised; it stays open.

    >>> with connection:
    ...     connection.execute("INSERT INTO t(a) VALUES (?)", (1,))
    """

    Warning = exceptions.Warning
    Error = exceptions.Error
    InterfaceError = exceptions.InterfaceError
    DatabaseError = exceptions.DatabaseError
    DataError = exceptions.DataError
    OperationalError = exceptions.OperationalError
    IntegrityError = exceptions.IntegrityError
    InternalError = exceptions.InternalError
    ProgrammingError = exceptions.ProgrammingError
    NotSupportedError = exceptions.NotSupportedError

    __reduce__ = refuse

    def __init__(self, *arguments: Any, **options: Any) -> None:
        deprecations.positional("_sqlite3.Connection", len(arguments))
        self._open(*arguments, **options)

    def _open(
        self,
        database: Any,
        timeout: float = 5.0,
        detect_types: int = 0,
        isolation_level: str | None = "",
        check_same_thread: bool = True,
        factory: Any = None,
        cached_statements: int = 128,
        uri: bool = False,
        *,
        autocommit: Any = LEGACY_TRANSACTION_CONTROL,
        **settings: Any,
    ) -> None:
        if hasattr(self, "_handle"):
            del self._handle  # until the new one is there
        self._level = _isolation_level(isolation_level)
        self._autocommit = _autocommit(autocommit)
        self._detect_types = detect_types
        self._thread = get_ident() if check_same_thread else None
        self._cache: OrderedDict[str, Statement] = OrderedDict()
        self._cache_size = cached_statements
        self.row_factory, self.text_factory = None, str
        # Of threads that share the connection: a statement is bound, run and read, or a transaction begun, by one at a time.
        self._turn = RLock()
        self._handle = Handle(database, {"timeout": float(timeout), "uri": bool(uri), **settings})
        self._callbacks = Callbacks(self._handle)
        # Rows on their way to the engine's tables must get there if the program ends without close().
        self._finalizer = weakref.finalize(self, self._handle.close)
        if self._autocommit is False:
            self._handle.run(b"BEGIN")

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None and handle.pointer is not None and sys.version_info >= (3, 13):
            warnings.warn(f"unclosed database in {self!r}", ResourceWarning, stacklevel=2, source=self)

    # Statements

    @overload
    def cursor(self) -> Cursor: ...
    @overload
    def cursor(self, factory: Callable[[Connection], _Cursor]) -> _Cursor: ...

    def cursor(self, factory: Callable[[Connection], Any] = Cursor) -> Any:
        """A new cursor. ``factory`` makes it, of the connection."""
        if factory is Cursor:
            cursor = Cursor(self)  # which looks whether the connection may be used
        else:
            self._check()
            cursor = factory(self)
            if not issubclass(type(cursor), Cursor):
                raise TypeError(f"factory must return a cursor, not {type(cursor).__name__}")
        if self.row_factory is not None:
            cursor.row_factory = self.row_factory
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Cursor.executemany() on a new cursor, which is returned."""
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Cursor:
        """Cursor.executescript() on a new cursor, which is returned."""
        return self.cursor().executescript(sql_script)

    def __call__(self, *arguments: Any) -> Statement:
        """Prepares the statement that is the one argument, as sqlite3's connections do when called."""
        self._check()
        (sql,) = arguments if len(arguments) == 1 else _one_argument(len(arguments))
        if not isinstance(sql, str):
            raise TypeError(f"argument 1 must be str, not {type(sql).__name__}")
        return self._prepare(sql)

    def _prepare(self, sql: str) -> Statement:
        """A statement nobody reads from, from the cache if it is there."""
        statement = self._cache.get(sql)
        if statement is None:
            statement = prepare(self._handle, sql)
            if self._cache_size > 0:
                if len(self._cache) >= self._cache_size:
                    self._cache.popitem(last=False)
                self._cache[sql] = statement
        elif statement.busy:
            statement = prepare(self._handle, sql)
        else:
            self._cache.move_to_end(sql)
        return statement

    # Transactions

    def commit(self) -> None:
        """Makes the open transaction durable in the engine; does nothing if there is none."""
        self._end_transaction(b"COMMIT")

    def rollback(self) -> None:
        """Undoes the open transaction; does nothing if there is none."""
        self._end_transaction(b"ROLLBACK")

    def _end_transaction(self, statement: bytes) -> None:
        self._check()
        with self._turn:
            if self._autocommit is False:
                self._handle.run(statement)
                self._handle.run(b"BEGIN")
            elif self._autocommit is not True and self._open_transaction():
                self._handle.run(statement)

    def __enter__(self: _Self) -> _Self:
        self._check_open()
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any, /) -> Literal[False]:
        if kind is None and value is None and traceback is None:
            try:
                self.commit()
            except BaseException:
                self.rollback()
                raise
        else:
            self.rollback()
        return False

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        self._check_open()
        return self._open_transaction()

    @property
    def isolation_level(self) -> str | None:
        """How the implicit BEGIN begins: "", "DEFERRED", "IMMEDIATE" or "EXCLUSIVE"; None: there is none."""
        self._check_open()
        return self._level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._check_open()
        level = _isolation_level(level)
        if level is None and self._open_transaction():
            self._handle.run(b"COMMIT")
        self._level = level

    @property
    def autocommit(self) -> Any:
        """LEGACY_TRANSACTION_CONTROL (isolation_level decides), True (SQLite's autocommit) or False (always in one)."""
        self._check()
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        self._check()
        value = _autocommit(value)
        if value is True and self._open_transaction():
            self._handle.run(b"COMMIT")
        elif value is False and not self._open_transaction():
            self._handle.run(b"BEGIN")
        self._autocommit = value

    def _open_transaction(self) -> bool:
        return bool(native.in_transaction(self._handle.pointer))

    def _begin_transaction(self) -> None:
        """The implicit BEGIN before a statement that changes rows."""
        if self._level is None or self._autocommit != LEGACY_TRANSACTION_CONTROL:
            return
        if not native.in_transaction(self._handle.pointer):
            self._handle.run(b"BEGIN " + self._level.encode())

    def _commit_before_script(self) -> None:
        if self._autocommit == LEGACY_TRANSACTION_CONTROL and self._open_transaction():
            self._handle.run(b"COMMIT")

    # The connection itself

    def close(self) -> None:
        """Closes the connection; an open transaction is rolled back. Closing again does nothing.

        The last connection to a database waits until the engine has every row in its tables.
        """
        self._initialized()
        self._check_thread()
        if self._autocommit is False and self._handle.pointer is not None and self._open_transaction():
            self._handle.run(b"ROLLBACK")
        self._cache.clear()
        self._finalizer()

    def interrupt(self) -> None:
        """Ends the statement that another thread runs on this connection, with OperationalError ("interrupted")."""
        self._check_open()
        lib.hdb_interrupt(self._handle.pointer)

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened."""
        self._check_open()
        changes: int = lib.hdb_total_changes(self._handle.pointer)
        return changes

    def getlimit(self, category: int, /) -> int:
        """Value of a limit (SQLITE_LIMIT_*)."""
        return self.setlimit(category, -1)

    def setlimit(self, category: int, limit: int, /) -> int:
        """Sets a limit (SQLITE_LIMIT_*) and returns its value before. A negative limit is not set."""
        self._check()
        before: int = lib.hdb_limit(self._handle.pointer, category, limit)
        if before < 0:
            raise ProgrammingError("'category' is out of bounds")
        return before

    def iterdump(self, *, filter: str | None = None) -> Iterator[str]:  # noqa: A002 - as in sqlite3
        """The SQL statements that make the database again, or only what a LIKE pattern, ``filter``, names.

        >>> script = "\\n".join(connection.iterdump())
        """
        self._check_open()
        return _iterdump(self, filter=filter)

    # What SQL calls

    @deprecations.keywords("name", "narg", "func")
    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, *, deterministic: bool = False
    ) -> None:
        """Makes a Python function known to SQL. None removes it.

        ``narg``: the number of its arguments, -1 for any. ``deterministic``: the same arguments always give the same
        result, so that indexes and generated columns may use it.

        Raises OperationalError for a wrong name or number.

        >>> connection.create_function("double", 1, lambda x: 2 * x)
        >>> connection.execute("SELECT double(21)").fetchone()
        (42,)
        """
        self._check()
        flags = c.HDB_FUNCTION_DETERMINISTIC if deterministic else 0
        self._callbacks.create_function(_text(name), narg, func, flags)

    @deprecations.keywords("name", "n_arg", "aggregate_class")
    def create_aggregate(self, name: str, n_arg: int, aggregate_class: Callable[..., Any] | None) -> None:
        """Makes an aggregate of a class with ``step(*values)`` and ``finalize()``. None removes it.

        >>> class Longest:
        ...     def __init__(self): self.found = ""
        ...     def step(self, text): self.found = max(self.found, text, key=len)
        ...     def finalize(self): return self.found
        >>> connection.create_aggregate("longest", 1, Longest)
        """
        self._check()
        self._callbacks.create_aggregate(_text(name), n_arg, aggregate_class)

    def create_window_function(self, name: str, num_params: int, aggregate_class: Callable[..., Any] | None, /) -> None:
        """Makes an aggregate that works in windows: its class also has ``value()`` and ``inverse(*values)``.

        Raises ProgrammingError for a wrong name or number.

        >>> connection.create_window_function("sumint", 1, SumInt)
        """
        self._check()
        self._callbacks.create_window_function(_text(name), num_params, aggregate_class)

    def create_collation(self, name: str, callback: Callable[[str, str], int] | None, /) -> None:
        """Makes a collation of a function that compares two texts: negative, 0 or positive. None removes it.

        >>> connection.create_collation("reverse", lambda a, b: (a < b) - (a > b))
        """
        self._check()
        if callback is not None and not callable(callback):
            raise TypeError("parameter must be callable")
        self._callbacks.create_collation(_text(name), callback)

    @deprecations.keywords("authorizer_callback")
    def set_authorizer(self, authorizer_callback: Callable[..., int] | None) -> None:
        """Has a function asked what each statement may do, while it is prepared. None: no longer.

        It gets an action code (SQLITE_READ and so on), two words that depend on it, the database's name and that of the
        trigger or view, and returns SQLITE_OK, SQLITE_DENY (the statement is refused) or SQLITE_IGNORE.

        >>> connection.set_authorizer(lambda action, *words: SQLITE_DENY if action == SQLITE_DELETE else SQLITE_OK)
        """
        self._check()
        self._callbacks.set_authorizer(authorizer_callback)

    @deprecations.keywords("progress_handler")
    def set_progress_handler(self, progress_handler: Callable[[], Any] | None, n: int) -> None:
        """Has a function called every ``n`` instructions of SQLite; what it returns, if true, ends the statement with
        OperationalError ("interrupted"). None: no longer.

        >>> connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
        """
        self._check()
        self._handle.set_progress_handler(progress_handler, n)

    @deprecations.keywords("trace_callback")
    def set_trace_callback(self, trace_callback: Callable[[str], Any] | None) -> None:
        """Has a function told each statement that runs, with the values of its parameters in it. None: no longer.

        >>> connection.set_trace_callback(print)
        """
        self._check()
        self._callbacks.set_trace(trace_callback)

    # Values in pieces, settings, extensions

    def blobopen(self, table: str, column: str, row: int, /, *, readonly: bool = False, name: str = "main") -> Blob:
        """Opens the value of one row and column, to be read and written in pieces.

        ``row`` is its rowid, ``name`` the database ("main", "temp" or that of an attached one).

        Raises OperationalError if there is no such table, column or row, or if the value is a number or NULL.

        >>> connection.execute("INSERT INTO files VALUES (1, zeroblob(1000))")
        >>> with connection.blobopen("files", "content", 1) as blob:
        ...     blob.write(b"start")
        """
        self._check()
        return open_blob(self, name, table, column, row, readonly)

    def getconfig(self, op: int, /) -> bool:
        """Whether a switch of the connection (SQLITE_DBCONFIG_*) is on."""
        return self._switch(op, -1)

    def setconfig(self, op: int, enable: bool = True, /) -> None:
        """Turns a switch of the connection (SQLITE_DBCONFIG_*) on or off.

        Raises ValueError for an unknown one, NotSupportedError for one that the engine's keeping of rows forbids.

        >>> connection.setconfig(SQLITE_DBCONFIG_ENABLE_FKEY)
        """
        wanted = bool(enable)
        if self._switch(op, int(wanted)) != wanted:
            raise OperationalError("Unable to set config")

    def _switch(self, op: int, value: int) -> bool:
        self._check()
        if op not in _SWITCHES:
            raise ValueError(f"unknown config 'op': {op}")
        out = c_int()
        self._handle.check(lib.hdb_db_config(self._handle.pointer, op, value, byref(out)))
        return bool(out.value)

    def enable_load_extension(self, enable: bool, /) -> None:
        """Allows or forbids load_extension()."""
        self._check()
        self._handle.check(lib.hdb_enable_load_extension(self._handle.pointer, 1 if enable else 0))

    def load_extension(self, name: str, /, *, entrypoint: str | None = None) -> None:
        """Loads an extension of SQLite from a shared library; its functions and virtual tables work in every mode.

        Raises OperationalError if it can't be loaded or that was not allowed.
        """
        self._check()
        entry = None if entrypoint is None else entrypoint.encode()
        self._handle.check(lib.hdb_load_extension(self._handle.pointer, name.encode(), entry))

    # Copies

    def backup(
        self, target: Any, *, pages: int = -1, progress: copies.Progress | None = None, name: str = "main",
        sleep: float = 0.250,
    ) -> None:  # fmt: skip
        """Copies the database into another connection, of this module or of the standard library's sqlite3.

        ``pages`` at a time (all, by default); after each time ``progress(status, remaining, total)`` is called. ``name``
        is "main", "temp" or that of an attached database. While either is locked it waits ``sleep`` seconds and tries
        again. When it returns, an engine behind ``target`` has every row; if it raises, ``target`` is as it was.

        Raises ValueError for the same connection, OperationalError for an unknown name or a target in a transaction.

        >>> with connect("copy.db", mode="plain") as target:  # an ordinary SQLite file
        ...     connection.backup(target)
        """
        self._check()
        standard = copies.is_standard(target) and not isinstance(target, Connection)
        if not standard and not isinstance(target, Connection):
            raise TypeError(f"backup() argument 1 must be heliosdb_sqlite.Connection, not {type(target).__name__}")
        if progress is not None and not callable(progress):
            raise TypeError("progress argument must be a callable")
        if target is self:
            raise ValueError("target cannot be the same connection instance")
        if standard:
            copies.backup_to_standard(self._handle, target, pages, progress, name.encode(), max(0.0, sleep))
        else:
            target._check_open()  # of any thread, as in sqlite3
            copies.backup(self._handle, target._handle, pages, progress, name.encode(), max(0.0, sleep))

    def serialize(self, *, name: str = "main") -> bytes:
        """The database as the bytes that an SQLite file would have.

        >>> data = connection.serialize()
        """
        self._check()
        return copies.serialize(self._handle, name.encode())

    def deserialize(self, data: Any, /, *, name: str = "main") -> None:
        """Puts the database that serialize() made in the place of ``name``; the connection lets go of its file, as in
        sqlite3: nothing there is changed, and what is done from then on is in memory only.

        Raises OperationalError inside a transaction. Bytes that are no database are told of when they are first used.

        >>> connect(":memory:").deserialize(data)
        """
        self._check()
        copies.deserialize(self._handle, data, name.encode())

    # What sqlite3's connections do not have

    def transaction(self, work: Callable[[Connection], _Result], /, *, retries: int = 0) -> _Result:
        """Calls ``work(connection)`` in a transaction: committed when it returns, rolled back when it raises.

        ``retries``: how often it may be called anew, after a short time, when the database is busy: with
        ``locking=mvcc`` transactions that meet end so. Returns what ``work`` returned.

        Raises ProgrammingError within a transaction, and what ``work`` raises.

        >>> connection.transaction(lambda c: c.execute("UPDATE t SET a = a + 1").rowcount, retries=10)
        1
        """
        self._check()
        with self._turn:
            return transact(self, work, retries)

    def flush(self) -> None:
        """Waits until everything committed is in the engine's own tables, where psql sees it.

        Raises OperationalError if the engine is gone and does not come back.
        """
        self._check()
        self._handle.check(lib.hdb_flush(self._handle.pointer))

    def verify(self) -> int:
        """Compares the database file with the engine, every table and value. Returns 0: nothing differs.

        Raises DatabaseError that names the first differences; ``differences`` is their number.
        """
        self._check()
        differences = c_int64()
        code = lib.hdb_verify(self._handle.pointer, byref(differences))
        if code != c.HDB_OK:
            error = self._handle.error(code)
            error.differences = differences.value
            raise error
        return differences.value

    def explain(self, sql: str, /) -> dict[str, str]:
        """What would be done with a statement: ``lane`` (where it runs), ``sends`` (what goes to the engine), ``why``.

        >>> connection.explain("SELECT 1")["lane"]
        'replica'
        """
        self._check()
        text, out = sql.encode(), c_char_p()
        self._handle.check(lib.hdb_explain(self._handle.pointer, text, len(text), byref(out)))
        told: dict[str, str] = {}
        for line in (out.value or b"").decode().splitlines():
            key, _, value = line.partition(": ")
            told[key] = f"{told[key]}\n{value}" if key in told else value
        return told

    @property
    def engine_dsn(self) -> str:
        """A libpq connection string of the engine, for psql and other readers run by the same user.

        Raises OperationalError if the engine does not start.
        """
        self._check()
        out = c_char_p()
        self._handle.check(lib.hdb_engine_dsn(self._handle.pointer, byref(out)))
        return (out.value or b"").decode()

    @property
    def mode(self) -> str:
        """``"embedded"`` or ``"daemon"``."""
        self._check()
        return {c.HDB_MODE_EMBEDDED: "embedded", c.HDB_MODE_DAEMON: "daemon"}[lib.hdb_conn_mode(self._handle.pointer)]

    # Whether it may be used

    def _initialized(self) -> None:
        if not hasattr(self, "_handle"):
            raise ProgrammingError("Base Connection.__init__ not called.")

    def _check_open(self) -> None:
        self._initialized()
        self._handle.check_open()

    def _check_thread(self) -> None:
        if self._thread is not None and self._thread != get_ident():
            raise ProgrammingError(
                "SQLite objects created in a thread can only be used in that same thread. The object was created in "
                f"thread id {self._thread} and this is thread id {get_ident()}."
            )

    def _check(self) -> None:
        try:
            pointer, thread = self._handle.pointer, self._thread
        except AttributeError:
            raise ProgrammingError("Base Connection.__init__ not called.") from None
        if pointer is None or (thread is not None and thread != get_ident()):
            self._check_open()
            self._check_thread()


cursor_module._connection_class = Connection
start(vars(signals), plain, Connection, Cursor)

# What inspect.signature() says of a connection, which takes any arguments itself: a closed one is told of first.
Connection.__call__.__wrapped__ = lambda self, sql, /: None  # type: ignore[attr-defined]


def _one_argument(given: int) -> NoReturn:
    raise TypeError(f"function takes exactly 1 argument ({given} given)")


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"argument 1 must be str, not {type(name).__name__}")
    return str(name)


def _isolation_level(level: Any) -> str | None:
    if level is None:
        return None
    if not isinstance(level, str):
        raise TypeError("isolation_level must be str or None")
    if "\0" in level:
        raise ValueError("embedded null character")
    upper = str.upper(level)
    if upper not in _LEVELS:
        raise ValueError("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'")
    return upper


def _autocommit(value: Any) -> Any:
    if value is True or value is False:
        return value
    if isinstance(value, int) and value == LEGACY_TRANSACTION_CONTROL:
        return LEGACY_TRANSACTION_CONTROL
    raise ValueError("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL")
