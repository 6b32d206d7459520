# SPDX-License-Identifier: Apache-2.0
"""What handles, statements, cursors and connections keep: the bases of the classes that users see.

The module _accelerator has them in C, with short ways for execute() and for the next row, where the interpreter has the
stable ABI of CPython 3.10. Otherwise, or with ``HELIOSDB_ACCELERATOR=off``, they are the classes here. ``ACCELERATED`` tells.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NoReturn, Tuple, TypeVar

from ._library import lib
from ._version import __version__

if TYPE_CHECKING:
    from .connection import Connection
    from .cursor import Cursor

_Cursor = TypeVar("_Cursor", bound="CursorState")
_Row = TypeVar("_Row", bound="RowState")

_NAME = "_accelerator.abi3.so"
_BUILT = os.path.join("..", "bindings", "python", "accelerator")  # beside the library's directory in a build directory


class HandleState:
    """``address`` is that of the hdb_conn, 0 once it is closed."""

    __slots__ = ("address",)

    address: int

    def __init__(self) -> None:
        self.address = 0


class StatementState:
    """A statement. ``busy`` while a cursor reads rows from it; ``described`` is names, description and indexes of its columns, as
    they were when SQLite had compiled it ``_compiled`` times; ``address`` is that of the hdb_stmt, 0 if there is none."""

    __slots__ = (
        "_compiled", "_is_named", "_parameters", "address", "busy", "described", "is_dml", "readonly", "returns_rows", "runs",
    )  # fmt: skip

    _compiled: int
    _is_named: bool
    _parameters: int
    address: int
    busy: bool
    described: Tuple[List[bytes], Tuple[Any, ...], Dict[str, int]] | None
    is_dml: bool
    readonly: bool
    returns_rows: bool
    runs: int


class CursorState:
    """A cursor: ``_statement`` is the one whose rows are read, ``_empty`` one that gave no row and the run of it,
    ``_indexes`` those of columns by name as far as they were asked for, ``_factory`` what makes the rows."""

    __slots__ = (
        "_closed", "_connection", "_converters", "_description", "_empty", "_factory", "_indexes", "_lastrowid", "_locked",
        "_row_factory", "_rowcount", "_statement", "arraysize",
    )  # fmt: skip

    _closed: bool
    _connection: Connection
    _converters: Any
    _description: Tuple[Any, ...] | None
    _empty: Tuple[Any, int] | None
    _factory: Any
    _indexes: Dict[str, int]
    _lastrowid: int | None
    _locked: bool
    _row_factory: Any
    _rowcount: int
    _statement: Any
    arraysize: int

    def __init__(self, connection: Any, /) -> None:
        self._init(connection)

    def __del__(self) -> None:
        if getattr(self, "_statement", None) is not None:
            self._release()

    if TYPE_CHECKING:

        def _init(self, connection: Any) -> None: ...
        def _release(self) -> None: ...
        def _execute(self: _Cursor, sql: str, parameters: Any) -> _Cursor: ...
        def _fetchone(self) -> Any: ...
        def _fetchmany(self, size: int | None) -> list[Any]: ...
        def _fetchall(self) -> list[Any]: ...
        def _next(self) -> Any: ...

    def execute(self: _Cursor, sql: str, parameters: Any = (), /) -> _Cursor:
        """Runs one statement with its parameters: a sequence for ``?``, a dictionary for ``:name``.

        Opens a transaction before INSERT, UPDATE, DELETE and REPLACE, unless isolation_level is None.

        Raises ProgrammingError for a wrong number of parameters and for more than one statement, OperationalError for
        wrong SQL or a locked database, IntegrityError for a violated constraint, NotSupportedError for what this
        library refuses.

        >>> cursor.execute("INSERT INTO t(a) VALUES (?)", (1,)).lastrowid
        """
        return self._execute(sql, parameters)

    def fetchone(self) -> Any:
        """The next row, None after the last one."""
        return self._fetchone()

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next ``size`` rows (``arraysize`` by default), fewer at the end."""
        return self._fetchmany(size)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self._fetchall()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._next()


class ConnectionState:
    """A connection: ``_thread`` is the identifier of the only thread that may use it, None for any; ``_turn`` the lock of threads that
    share it; ``_cache`` has statements by their text, the one that was used last at the end."""

    __slots__ = ("_cache", "_detect_types", "_handle", "_level", "_thread", "_turn", "row_factory", "text_factory")

    _cache: Any
    _detect_types: int
    _handle: Any
    _level: str | None
    _thread: int | None
    _turn: Any
    row_factory: Any
    text_factory: Any

    if TYPE_CHECKING:

        def cursor(self) -> Cursor: ...

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Cursor.execute() on a new cursor, which is returned."""
        return self.cursor().execute(sql, parameters)


class RowState:
    """A row: ``_values`` is the tuple, ``_indexes`` those of columns by name as far as they were asked for, shared by the rows of a
    result."""

    __slots__ = ("_description", "_indexes", "_values")

    _description: Tuple[Any, ...] | None
    _indexes: Dict[str, int]
    _values: Tuple[Any, ...]

    def __new__(cls: type[_Row], cursor: Any, data: Tuple[Any, ...], /) -> _Row:
        if not isinstance(data, tuple) or not isinstance(cursor, CursorState):
            cls._refuse(cursor, data)
        row = object.__new__(cls)
        row._description, row._indexes, row._values = cursor._description, cursor._indexes, data
        return row

    if TYPE_CHECKING:

        @staticmethod
        def _refuse(cursor: Any, data: Any) -> NoReturn: ...
        def _item(self, key: Any) -> Any: ...

    def __getitem__(self, key: Any) -> Any:
        return self._item(key)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


def _path() -> str | None:
    """Where the module is: in the package, or in the build directory of the library; None: nowhere."""
    places = [os.path.join(os.path.dirname(__file__), "_native")]
    if lib._name and os.path.dirname(lib._name):
        places.append(os.path.join(os.path.dirname(lib._name), _BUILT))
    found = [os.path.join(place, _NAME) for place in places]
    return next(filter(os.path.exists, found), None)


def _load() -> Any:
    """The module in C; None if there is none for this interpreter."""
    # A file of the stable ABI that is found by its name could be loaded where it does not fit.
    fits = sys.version_info >= (3, 10) and ".abi3.so" in importlib.machinery.EXTENSION_SUFFIXES
    path = _path() if fits and os.environ.get("HELIOSDB_ACCELERATOR") != "off" else None
    if path is None:
        return None
    name = f"{__package__}._accelerator"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return None
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:  # of another interpreter of the process
        return None
    if module.VERSION != __version__:
        raise ImportError(f"{path} is of libheliosdb {module.VERSION}, the package of {__version__}")
    return module


_accelerator = _load()
ACCELERATED = _accelerator is not None

if not TYPE_CHECKING and _accelerator is not None:
    ConnectionState, CursorState = _accelerator.ConnectionState, _accelerator.CursorState
    HandleState, StatementState, RowState = _accelerator.HandleState, _accelerator.StatementState, _accelerator.RowState


def start(signals: Dict[str, Any], plain: set[type], connection_class: type, cursor_class: type) -> None:
    """Tells the module in C, if there is one, what it has to know of the others."""
    if _accelerator is not None:
        _accelerator.start(lib._handle, signals, plain, connection_class, cursor_class)
