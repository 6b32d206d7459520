# SPDX-License-Identifier: Apache-2.0
"""The DB-API 2.0 interface, with every name of sqlite3.dbapi2."""

from __future__ import annotations

import datetime
import time

from ._constants import *  # noqa: F403
from ._library import lib
from ._version import __version__ as version
from .adapters import PrepareProtocol, adapt, adapters, converters, register_adapter, register_converter
from .connection import LEGACY_TRANSACTION_CONTROL, Connection, connect
from .cursor import PARSE_COLNAMES, PARSE_DECLTYPES, Cursor
from .exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
    not_supported,
)
from .row import Row

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 3

version_info = tuple(int(part) for part in version.split("."))
sqlite_version = lib.hdb_sqlite_version().decode()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = memoryview


class Blob:
    """What Connection.blobopen() will return."""

    def __init__(self) -> None:
        raise TypeError("cannot create 'heliosdb_sqlite.Blob' instances")


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - the name is DB-API's
    """The local date of a time in seconds since the epoch."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """The local time of day of a time in seconds since the epoch."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """The local date and time of a time in seconds since the epoch."""
    return Timestamp(*time.localtime(ticks)[:6])


def complete_statement(statement: str) -> bool:
    """Whether a text ends with a complete statement: an unquoted semicolon, and every CREATE TRIGGER its END.

    >>> complete_statement("SELECT 1;")
    True
    """
    if not isinstance(statement, str):
        raise TypeError(f"complete_statement() argument 'statement' must be str, not {type(statement).__name__}")
    if "\0" in statement:
        raise ValueError("embedded null character")
    return bool(lib.hdb_complete(statement.encode()))


def enable_callback_tracebacks(enable: bool, /) -> None:
    """Accepted: callbacks, whose tracebacks this shows, come with create_function()."""


def enable_shared_cache(do_enable: bool) -> None:
    """Not supported: it would change SQLite for the whole process."""
    raise not_supported("enable_shared_cache")


_OWN = {"annotations", "datetime", "lib", "not_supported", "time"}
__all__ = [name for name in dir() if not name.startswith("_") and name not in _OWN]
