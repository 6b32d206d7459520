# SPDX-License-Identifier: Apache-2.0
"""A prepared statement: its parameters go in, its rows come out."""

from __future__ import annotations

import re
import sys
from ctypes import Structure, byref, c_char_p, c_int64, c_void_p, string_at
from typing import Any, Callable, NoReturn, Optional, Sequence

from . import blocks, deprecations, older, signals
from ._declarations import (
    HDB_DONE,
    HDB_OK,
    HDB_ROW,
    HDB_TYPE_FLOAT,
    HDB_TYPE_INTEGER,
    HDB_TYPE_NULL,
    HDB_TYPE_TEXT,
)
from ._library import (
    bind_null,
    changes,
    column_blob,
    column_bytes,
    column_count,
    column_double,
    column_int64,
    column_name,
    column_text,
    column_text_address,
    column_type,
    execute,
    execute_block,
    execute_values,
    fetch_block,
    fetch_row,
    fetch_values,
    last_insert_rowid,
    lib,
    stmt_status,
)
from .adapters import PrepareProtocol, adapt, is_plain
from .buffers import bytes_of
from .exceptions import OperationalError, ProgrammingError
from .handle import Handle
from .pickling import refuse
from .states import StatementState
from .values import packed, unpacked

_BLANK = re.compile(rb"(?:[ \t\f\n\r]|--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))*")

_bind_int64, _bind_double = lib.hdb_bind_int64, lib.hdb_bind_double
_bind_text, _bind_blob = lib.hdb_bind_text, lib.hdb_bind_blob

_LARGE = 1 << 16  # bytes of a block
_REPREPARE, _RUN = 5, 6  # SQLITE_STMTSTATUS_...

Converters = Optional[Sequence[Optional[Callable[[bytes], Any]]]]


class Statement(StatementState):
    """A statement of one connection, made by prepare(). ``busy`` while a cursor reads rows from it."""

    __slots__ = ("_handle", "_names", "_owner")

    __reduce__ = refuse

    def __new__(cls, *arguments: Any, **options: Any) -> Statement:
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__qualname__}' instances")

    def _prepare(self, owner: Handle, sql: str) -> None:
        self._handle: c_void_p | None = None
        self.address = 0
        self._owner = owner
        self._names: list[str | None] | None = None
        self._compiled = -1
        self.described = None
        self.busy = False
        self.runs = 0
        text = sql.encode()
        if b"\0" in text:
            raise older.MALFORMED("the query contains a null character")
        owner.check_length(text)
        handle, tail = c_void_p(), c_int64()
        owner.check(lib.hdb_prepare(owner.pointer, text, len(text), byref(handle), byref(tail)))
        self._handle = handle if handle else None
        if tail.value < len(text) and not _BLANK.fullmatch(text, tail.value):
            raise older.TOO_MUCH("You can only execute one statement at a time.")
        if handle:
            self.address = handle.value or 0
            self.is_dml = bool(lib.hdb_stmt_is_dml(handle))
            self.readonly = bool(lib.hdb_stmt_readonly(handle))
            self.returns_rows = column_count(handle) > 0
            self._parameters = lib.hdb_bind_parameter_count(handle)
        else:
            self.is_dml, self.readonly, self.returns_rows, self._parameters = False, True, False, 0
        # Of which Python 3.12 warns if a sequence is bound to it.
        self._is_named = sys.version_info >= (3, 12) and any(name and name[0] != "?" for name in self._parameter_names())

    def __del__(self) -> None:
        # A closed connection has freed its statements; a commit that fails here must not pass unseen.
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None and self._owner.pointer is not None:
            self._owner.check(lib.hdb_finalize(handle))

    # Running

    def run(self, parameters: Any) -> int:
        """Runs it, with these parameters, to its first row, which can be read then. Returns HDB_ROW or HDB_DONE.

        The connection's handle has the changes and the last rowid afterwards.
        """
        owner = self._owner
        data = None if self._is_named or self._handle is None else packed(parameters, self._parameters)
        if data is None:
            self.bind(parameters)
        if self._handle is None:
            owner.changes.value, owner.rowid.value = changes(owner.pointer), last_insert_rowid(owner.pointer)
            return HDB_DONE
        owner.check_open()
        self.runs += 1
        if data is not None:
            code = execute_values(self._handle, data, c_int64(len(data)), owner.to_changes, owner.to_rowid)
        else:
            code = execute(self._handle)
            if code == HDB_ROW:
                code = fetch_row(self._handle)
            owner.changes.value, owner.rowid.value = changes(owner.pointer), last_insert_rowid(owner.pointer)
        if signals.lost:
            self._raise_lost()
        if code == HDB_ROW:
            self.busy = True
        elif code != HDB_DONE:
            self._fail(code)
        return int(code)

    def execute_all(self, sets: list[Any] | tuple[Any, ...]) -> int:
        """Runs it once for each of some parameter sets. Returns how many rows INSERT, UPDATE or DELETE changed."""
        block = blocks.block_of(sets, self._parameters) if self._parameters and self._handle is not None else None
        if block is None:
            return sum(map(self.execute_once, sets))
        if sys.version_info >= (3, 12):
            self._refuse_names()
        self._owner.check_open()
        self.runs += 1
        changed = c_int64()
        code = execute_block(self._handle, c_char_p(block), c_int64(len(block)), None, byref(changed))
        if signals.lost:
            self._raise_lost()
        if code != HDB_OK:
            self._fail(code)
        return changed.value

    def execute_once(self, parameters: Any) -> int:
        """Runs it to its end, with these parameters; rows are thrown away. Returns how many it changed."""
        if self.run(parameters) == HDB_ROW:
            self.drain()
        return changes(self._owner.pointer) if self.is_dml else 0

    def drain(self) -> None:
        """Runs it to its end; rows are thrown away."""
        while self._next():
            pass

    def _next(self) -> bool:
        """Moves to the next row; false if there is none."""
        code = fetch_row(self._handle)
        if signals.lost:
            self._raise_lost()
        self._owner.check_open()  # another thread may have closed it meanwhile
        if code == HDB_ROW:
            return True
        self.busy = False
        if code != HDB_DONE:
            self._fail(code)
        return False

    def _fail(self, code: int) -> NoReturn:
        """Raises the error of the last step, which resetting would only tell again."""
        error = self._owner.error(code)
        lib.hdb_reset(self._handle)
        raise error

    def _raise_lost(self) -> None:
        """Raises what a signal's handler raised where it could not be told of, though the statement went on."""
        error = signals.kept()
        if error is not None:
            self.reset()
            raise error

    def reset(self) -> None:
        """Ends the execution, so that it can be run again."""
        try:
            if self._handle is not None and self._owner.pointer is not None:
                self._owner.check(lib.hdb_reset(self._handle))
        finally:
            self.busy = False  # only now may another cursor, perhaps of another thread, run it

    # Parameters

    def bind(self, parameters: Any) -> None:
        """Binds a sequence by position or a dictionary by name."""
        if isinstance(parameters, dict):
            self._bind_names(parameters)
        elif isinstance(parameters, (tuple, list)) or hasattr(type(parameters), "__getitem__"):
            self._bind_positions(parameters)
        else:
            raise older.MALFORMED("parameters are of unsupported type")

    def _bind_positions(self, parameters: Sequence[Any]) -> None:
        if len(parameters) != self._parameters:
            raise ProgrammingError(
                "Incorrect number of bindings supplied. "
                f"The current statement uses {self._parameters}, and there are {len(parameters)} supplied."
            )
        if self._parameters and sys.version_info >= (3, 12):
            self._refuse_names()
        for index in range(self._parameters):
            self._bind(index + 1, parameters[index])

    def _bind_names(self, parameters: dict[Any, Any]) -> None:
        for index, name in enumerate(self._parameter_names(), 1):
            if name is None:
                raise ProgrammingError(
                    f"Binding {index} has no name, but you supplied a dictionary (which has only names)."
                )
            try:
                value = parameters[name[1:]]
            except LookupError:
                raise ProgrammingError(f"You did not supply a value for binding parameter :{name[1:]}.") from None
            self._bind(index, value)

    def _parameter_names(self) -> list[str | None]:
        if self._names is None:
            found = [lib.hdb_bind_parameter_name(self._handle, index + 1) for index in range(self._parameters)]
            self._names = [name.decode() if name else None for name in found]
        return self._names

    def _refuse_names(self) -> None:
        """A sequence for named placeholders: Python 3.12 warns of it, 3.14 refuses it."""
        for index, name in enumerate(self._parameter_names(), 1):
            if name is not None and name[0] != "?":
                message = (
                    f"Binding {index} ('{name}') is a named parameter, but you supplied a sequence which requires "
                    "nameless (qmark) placeholders."
                )
                if sys.version_info >= (3, 14):
                    raise ProgrammingError(message)
                message += " Starting with Python 3.14 an sqlite3.ProgrammingError will be raised."
                deprecations.warn(message)

    def _bind(self, index: int, value: Any) -> None:
        if not is_plain(type(value)):
            value = adapt(value, PrepareProtocol, value)
        if isinstance(value, int):
            if not -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
                raise OverflowError("Python int too large to convert to SQLite INTEGER")
            code = _bind_int64(self._handle, index, value)
        elif isinstance(value, str):
            data = value.encode()
            code = _bind_text(self._handle, index, data, len(data))
        elif value is None:
            code = bind_null(self._handle, index)
        elif isinstance(value, float):
            code = _bind_double(self._handle, index, value)
        else:
            data = _bytes_of(index, value)
            code = _bind_blob(self._handle, index, data, len(data))
        if code != HDB_OK:
            self._owner.check(code)

    # Columns and rows

    def has_same_names(self) -> bool:
        """Whether the columns have the names that ``described`` tells: SQLite has not compiled the statement anew since."""
        return self.described is not None and stmt_status(self._handle, _REPREPARE, 0) == self._compiled

    def column_names(self) -> list[bytes]:
        """Names of the columns, as they are in this execution."""
        # What SQLite has not run is looked at each time.
        self._compiled = stmt_status(self._handle, _REPREPARE, 0) if stmt_status(self._handle, _RUN, 0) > 0 else -1
        return [column_name(self._handle, index) for index in range(column_count(self._handle))]

    def column_types(self) -> list[bytes | None]:
        """Declared types of the columns, None for expressions."""
        return [lib.hdb_column_decltype(self._handle, index) for index in range(column_count(self._handle))]

    def fetch(self, limit: int, columns: int, text_factory: Any, converters: Converters) -> list[Any]:
        """The row that is there and those after it, at most ``limit`` of them (less than 1: all), as tuples.

        ``busy`` is false afterwards if there are no more.
        """
        self._owner.check_open()
        if converters is None:
            return self._fetch_blocks(limit, text_factory)
        rows: list[tuple[Any, ...]] = []
        while True:
            rows.append(self.fetch_one(columns, text_factory, converters))
            if not self.busy or len(rows) == limit:
                return rows

    def fetch_one(self, columns: int, text_factory: Any, converters: Converters) -> tuple[Any, ...]:
        """The row that is there. ``busy`` is false afterwards if there is none after it."""
        owner = self._owner
        owner.check_open()
        if converters is not None:
            row = tuple([self._converted(index, text_factory, converters) for index in range(columns)])
            self._next()
            return row
        code = fetch_values(self._handle, owner.to_row, owner.to_size)
        if signals.lost:
            self._raise_lost()
        owner.check_open()  # another thread may have closed it meanwhile
        self.busy = code == HDB_ROW
        if code not in (HDB_ROW, HDB_DONE):
            self._fail(code)
        address, size = owner.row.value or 0, owner.size.value
        try:
            return unpacked(address, size, columns, text_factory)
        except UnicodeDecodeError:
            if text_factory is not str:
                raise
        self._refuse_row(address, size, columns)

    def _fetch_blocks(self, limit: int, text_factory: Any) -> list[Any]:
        rows: list[tuple[Any, ...]] = []
        address, size = c_void_p(), c_int64()
        while True:
            code = fetch_block(self._handle, c_int64(limit - len(rows)), byref(address), byref(size))
            if signals.lost:
                self._raise_lost()
            self._owner.check_open()
            if code not in (HDB_ROW, HDB_DONE):
                self.busy = False
                self._fail(code)
            self.busy = code == HDB_ROW
            try:
                rows.extend(zip(*blocks.columns_of(address.value or 0, size.value, text_factory)))
            except UnicodeDecodeError:
                if text_factory is not str:
                    raise
                self._refuse_block(address.value or 0, size.value)
            if not self.busy or len(rows) == limit:
                break
        if not self.busy and size.value > _LARGE:
            lib.hdb_reset(self._handle)  # gives its memory back: the statement may stay in the cache
        return rows

    def _refuse_row(self, address: int, size: int, columns: int) -> NoReturn:
        """Raises what is wrong with a row that lies there, of which some text is not UTF-8."""
        error = self._undecodable(unpacked(address, size, columns, _Text))
        assert error is not None
        raise error

    def _refuse_block(self, address: int, size: int) -> NoReturn:
        """The same of a block."""
        rows = zip(*blocks.columns_of(address, size, _Text))
        raise next(error for error in map(self._undecodable, rows) if error) from None

    def _undecodable(self, row: Sequence[Any]) -> OperationalError | None:
        """Names the first text of a row that is not UTF-8."""
        for index, value in enumerate(row):
            if isinstance(value, _Text) and not value.is_utf8():
                return _undecodable(column_name(self._handle, index), value)
        return None

    def export(self, stream: Structure) -> None:
        """Fills an ArrowArrayStream that reads the row that is there and those after it."""
        self._owner.check_open()
        code = lib.hdb_fetch_arrow(self._handle, byref(stream))
        if code != HDB_OK:
            self.busy = False
            self._fail(code)
        self.busy = True

    def _converted(self, index: int, text_factory: Any, converters: Converters) -> Any:
        """A value of the row by its column's converter, or its text by the text factory."""
        handle = self._handle
        converter = converters[index] if converters is not None else None
        if converter is not None:
            data = _blob(handle, index)
            return None if data is None else converter(data)
        if text_factory is not str and column_type(handle, index) == HDB_TYPE_TEXT:
            return text_factory(_text(handle, index))
        return _value(handle, index)


def prepare(owner: Handle, sql: str) -> Statement:
    """A statement of the connection, compiled."""
    statement: Statement = object.__new__(Statement)
    statement._prepare(owner, sql)
    return statement


def _value(handle: c_void_p | None, index: int) -> Any:
    """A value of the row as int, float, str, bytes or None."""
    kind = column_type(handle, index)
    if kind == HDB_TYPE_INTEGER:
        return column_int64(handle, index)
    if kind == HDB_TYPE_TEXT:
        data = _text(handle, index)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise _undecodable(column_name(handle, index), data) from None
    if kind == HDB_TYPE_NULL:
        return None
    if kind == HDB_TYPE_FLOAT:
        return column_double(handle, index)
    return _blob(handle, index) or b""


def _text(handle: c_void_p | None, index: int) -> bytes:
    data: bytes = column_text(handle, index)
    size = column_bytes(handle, index)
    if len(data) != size:  # it contains NUL
        data = string_at(column_text_address(handle, index), size)
    return data


def _blob(handle: c_void_p | None, index: int) -> bytes | None:
    address = column_blob(handle, index)
    return string_at(address, column_bytes(handle, index)) if address else None


def _bytes_of(index: int, value: Any) -> bytes:
    """The bytes of a value that is bound."""
    try:
        return bytes_of(value)
    except TypeError:
        raise older.unsupported_value(index, value) from None
    except BufferError as error:
        raise older.scattered_bytes(error) from None


class _Text(bytes):
    """A text as it is, beside blobs."""

    def is_utf8(self) -> bool:
        try:
            self.decode()
        except UnicodeDecodeError:
            return False
        return True


def _undecodable(name: bytes, data: bytes) -> OperationalError:
    text = data.split(b"\0")[0]
    message = b"Could not decode to UTF-8 column '%s' with text '%s'" % (name, text)
    return OperationalError(message[:198].decode("ascii", "replace"))
