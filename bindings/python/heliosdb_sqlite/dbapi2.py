# SPDX-License-Identifier: Apache-2.0
"""The DB-API 2.0 interface, with every name of sqlite3.dbapi2."""

import datetime as _datetime
import sys as _sys
import time as _time
from typing import Any as _Any

from . import deprecations as _deprecations
from . import exceptions as _exceptions
from ._constants import *  # noqa: F403
from ._library import lib as _lib
from .adapters import PrepareProtocol as PrepareProtocol
from .adapters import adapt as adapt
from .adapters import adapters as adapters
from .adapters import converters as converters
from .adapters import register_adapter as register_adapter
from .adapters import register_converter as register_converter
from .blob import Blob as Blob
from .connection import LEGACY_TRANSACTION_CONTROL as LEGACY_TRANSACTION_CONTROL
from .connection import Connection as Connection
from .cursor import PARSE_COLNAMES as PARSE_COLNAMES
from .cursor import PARSE_DECLTYPES as PARSE_DECLTYPES
from .cursor import Cursor as Cursor
from .exceptions import DatabaseError as DatabaseError
from .exceptions import DataError as DataError
from .exceptions import Error as Error
from .exceptions import IntegrityError as IntegrityError
from .exceptions import InterfaceError as InterfaceError
from .exceptions import InternalError as InternalError
from .exceptions import NotSupportedError as NotSupportedError
from .exceptions import OperationalError as OperationalError
from .exceptions import ProgrammingError as ProgrammingError
from .exceptions import Warning as Warning
from .older import BEFORE_311 as _BEFORE_311
from .opening import connect as connect
from .row import Row as Row
from .tracebacks import show_tracebacks as _show_tracebacks

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1 if _BEFORE_311 else 3  # as sqlite3 says; it is 3 in any case

sqlite_version = _lib.hdb_sqlite_version().decode()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

# Of the module that this one stands in for; this package's own is __version__.
_VERSION: "dict[str, _Any]" = {"version": "2.6.0", "version_info": (2, 6, 0)}
if _sys.version_info < (3, 12):
    globals().update(_VERSION)

if _sys.version_info < (3, 10):
    OptimizedUnicode = str

Date = _datetime.date
Time = _datetime.time
Timestamp = _datetime.datetime
Binary = memoryview


def DateFromTicks(ticks: float) -> _datetime.date:  # noqa: N802 - the name is DB-API's
    """The local date of a time in seconds since the epoch."""
    return Date(*_time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> _datetime.time:  # noqa: N802
    """The local time of day of a time in seconds since the epoch."""
    return Time(*_time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> _datetime.datetime:  # noqa: N802
    """The local date and time of a time in seconds since the epoch."""
    return Timestamp(*_time.localtime(ticks)[:6])


def complete_statement(statement: str) -> bool:
    """Whether a text ends with a complete statement: an unquoted semicolon, and every CREATE TRIGGER its END.

    >>> complete_statement("SELECT 1;")
    True
    """
    if not isinstance(statement, str):
        raise TypeError(f"complete_statement() argument 'statement' must be str, not {type(statement).__name__}")
    if "\0" in statement:
        raise ValueError("embedded null character")
    return bool(_lib.hdb_complete(statement.encode()))


def __getattr__(name: str) -> _Any:
    """Names that sqlite3 gives up: ``OptimizedUnicode`` (Python 3.12), ``version`` and ``version_info`` (3.14)."""
    if name in _VERSION and _sys.version_info < (3, 14):
        _deprecations.warn(f"{name} is deprecated and will be removed in Python 3.14")
        return _VERSION[name]
    if name == "OptimizedUnicode" and _sys.version_info < (3, 12):
        message = (
            "OptimizedUnicode is deprecated and will be removed in Python 3.12. Since Python 3.3 it has simply been an "
            "alias for 'str'."
        )
        _deprecations.warn(message)
        return str
    raise AttributeError(f"module 'sqlite3' has no attribute '{name}'")


def enable_callback_tracebacks(enable: bool, /) -> None:
    """Has what functions, aggregates and other callbacks raise shown by ``sys.unraisablehook``, or no longer.

    >>> enable_callback_tracebacks(True)
    """
    _show_tracebacks(enable)


if _sys.version_info < (3, 12):

    def enable_shared_cache(enable: bool) -> None:
        """Refused, unless it is to be off, as it always is: it would change SQLite for the whole process.

        Deprecated in Python 3.10, gone in 3.12.
        """
        _deprecations.warn("enable_shared_cache is deprecated and will be removed in Python 3.12")
        if enable:
            raise _exceptions.not_supported("enable_shared_cache", "it would change SQLite for the whole process")
