# SPDX-License-Identifier: Apache-2.0
"""The exceptions of DB-API 2.0.

Each is a subclass of the standard library's class of the same name, so that ``except sqlite3.OperationalError`` in code
that still imports ``sqlite3`` catches ours too. Where the interpreter was built without SQLite they stand alone.

Those that come from a statement carry ``sqlite_errorcode`` (the extended result code), ``sqlite_errorname``
("SQLITE_CONSTRAINT_UNIQUE") and ``sqlstate`` ("23505").
"""

from __future__ import annotations

from ctypes import c_void_p
from typing import Any

from . import _declarations as c
from ._library import lib

try:
    import sqlite3 as _base
except ImportError:  # an interpreter without _sqlite3

    class _base:  # type: ignore[no-redef]
        Warning = Exception
        Error = Exception
        InterfaceError = DatabaseError = DataError = OperationalError = IntegrityError = Exception
        InternalError = ProgrammingError = NotSupportedError = Exception


class Warning(_base.Warning):  # noqa: A001 - the name is DB-API's
    """An important warning."""


class Error(_base.Error):
    """Base of all errors."""

    sqlite_errorcode: int
    sqlite_errorname: str
    sqlstate: str
    differences: int  # of Connection.verify()


class InterfaceError(Error, _base.InterfaceError):
    """The interface was misused."""


class DatabaseError(Error, _base.DatabaseError):
    """Something is wrong with the database."""


class InternalError(DatabaseError, _base.InternalError):
    """The library found itself in a state that should not be."""


class OperationalError(DatabaseError, _base.OperationalError):
    """The operation failed: no such table, locked, no engine, unreachable."""


class ProgrammingError(DatabaseError, _base.ProgrammingError):
    """The program used the interface wrongly: closed connection, wrong number of bindings."""


class IntegrityError(DatabaseError, _base.IntegrityError):
    """A constraint refused the change."""


class DataError(DatabaseError, _base.DataError):
    """A value is too large."""


class NotSupportedError(DatabaseError, _base.NotSupportedError):
    """SQLite would do it, this library does not."""


_OPERATIONAL = {
    c.HDB_ERROR, c.HDB_PERM, c.HDB_ABORT, c.HDB_BUSY, c.HDB_LOCKED, c.HDB_READONLY, c.HDB_INTERRUPT, c.HDB_IOERR,
    c.HDB_FULL, c.HDB_CANTOPEN, c.HDB_PROTOCOL, c.HDB_EMPTY, c.HDB_SCHEMA,
}  # fmt: skip

_CLASSES: dict[int, type] = {
    **{code: OperationalError for code in _OPERATIONAL},
    c.HDB_INTERNAL: InternalError,
    c.HDB_NOTFOUND: InternalError,
    c.HDB_NOMEM: MemoryError,
    c.HDB_CORRUPT: DatabaseError,
    c.HDB_TOOBIG: DataError,
    c.HDB_CONSTRAINT: IntegrityError,
    c.HDB_MISMATCH: IntegrityError,
    c.HDB_MISUSE: InterfaceError,
    c.HDB_RANGE: InterfaceError,
    c.HDB_NOTSUPPORTED: NotSupportedError,
}


def class_for(code: int) -> type:
    """The exception class of a result code, primary or extended, as the standard library has it."""
    return _CLASSES.get(code & 0xFF, DatabaseError)


def from_connection(handle: c_void_p | None, code: int) -> Any:
    """The exception for a call on a connection that gave ``code``."""
    extended = lib.hdb_extended_errcode(handle)
    if extended & 0xFF == code & 0xFF:
        return _make(extended, _text(lib.hdb_errmsg(handle)), _text(lib.hdb_sqlstate(handle)))
    # The connection tells nothing: it was made before a fork, or another thread has used it since.
    return _make(code, _text(lib.hdb_errstr(code)), "")


def _text(data: bytes | None) -> str:
    return data.decode("utf-8", "replace") if data else ""


def _make(code: int, message: str, sqlstate: str) -> Any:
    kind = class_for(code)
    if kind is MemoryError:
        return MemoryError()
    error = kind(message)
    error.sqlite_errorcode = code
    error.sqlite_errorname = _text(lib.hdb_errname(code)) or "unknown"
    error.sqlstate = sqlstate
    return error


def not_supported(name: str, reason: str) -> Any:
    """The exception for a function that sqlite3 has and this library refuses."""
    return _make(c.HDB_NOTSUPPORTED, f"{name}() is not supported: {reason}", "0A000")


def type_name(value: object) -> str:
    """What a TypeError's message calls a value's type."""
    return "None" if value is None else type(value).__name__
