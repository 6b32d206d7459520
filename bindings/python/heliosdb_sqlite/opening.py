# SPDX-License-Identifier: Apache-2.0
"""connect(), and the types of its arguments."""

from __future__ import annotations

import os
from typing import Any, Callable, Literal, TypeVar, Union, overload

from . import deprecations
from .connection import Connection

_Connection = TypeVar("_Connection", bound=Connection)
_Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
_Level = Literal["", "DEFERRED", "EXCLUSIVE", "IMMEDIATE"]


# fmt: off
@overload
def connect(
    database: _Path, timeout: float = 5.0, detect_types: int = 0, isolation_level: _Level | None = "",
    check_same_thread: bool = True, *, cached_statements: int = 128, uri: bool = False, autocommit: bool | int = -1,
    mode: str | None = None, dsn: str | None = None, open: str | None = None, memory: str | None = None,
    engine: _Path | None = None, linger: float | None = None, direct: str | None = None,
    coherence: str | None = None, locking: str | None = None, notices: str | None = None,
) -> Connection: ...
@overload
def connect(
    database: _Path, timeout: float = 5.0, detect_types: int = 0, isolation_level: _Level | None = "",
    check_same_thread: bool = True, *, factory: Callable[..., _Connection], cached_statements: int = 128,
    uri: bool = False, autocommit: bool | int = -1,
    mode: str | None = None, dsn: str | None = None, open: str | None = None, memory: str | None = None,
    engine: _Path | None = None, linger: float | None = None, direct: str | None = None,
    coherence: str | None = None, locking: str | None = None, notices: str | None = None,
) -> _Connection: ...
@overload
def connect(
    database: _Path, timeout: float, detect_types: int, isolation_level: _Level | None, check_same_thread: bool,
    factory: Callable[..., _Connection], cached_statements: int = 128, uri: bool = False, *,
    autocommit: bool | int = -1,
    mode: str | None = None, dsn: str | None = None, open: str | None = None, memory: str | None = None,
    engine: _Path | None = None, linger: float | None = None, direct: str | None = None,
    coherence: str | None = None, locking: str | None = None, notices: str | None = None,
) -> _Connection: ...
# fmt: on


def connect(*arguments: Any, **options: Any) -> Any:
    """Opens a database and returns a Connection.

    Arguments of sqlite3.connect(), by position or name: ``database`` (path, ":memory:", "", ``file:`` URI with
    ``uri=True``, or ``postgresql://`` DSN), ``timeout=5.0``, ``detect_types=0``, ``isolation_level=""``,
    ``check_same_thread=True``, ``factory=Connection``, ``cached_statements=128``, ``uri=False``, and by name
    ``autocommit=LEGACY_TRANSACTION_CONTROL``.

    Arguments of HeliosDB, by name; each defaults to what the environment says, else to the first value:

    - ``mode``: "embedded" (HELIOSDB_MODE) or "daemon"
    - ``dsn``: libpq connection string or URI of the server (HELIOSDB_DSN), in daemon mode
    - ``open``: "rwc", "rw" or "ro"
    - ``memory``: "sqlite" or "engine" (HELIOSDB_MEMORY): whether ":memory:" is kept by an engine
    - ``engine``: path of the heliosdb-nano program (HELIOSDB_BIN)
    - ``linger``: seconds the engine stays after its last user left (HELIOSDB_LINGER)
    - ``direct``: "auto" or "off": in daemon mode, whether a statement may run in the server
    - ``coherence``: "strict", or "sdk": a replica file at the path follows the server
    - ``locking``: "sqlite": one writer at a time; "mvcc": many, on PostgreSQL, where one that meets another is told
      "database is locked" and can only roll back and start again
    - ``notices``: "stderr" or "off" (HELIOSDB_NOTICES)

    Raises OperationalError if there is no engine, it does not start, the server can't be reached or refuses the
    password, or the file can't be opened; DatabaseError if the file is not a database; TypeError and ValueError for
    arguments that are none.

    >>> connect("app.db", timeout=30.0)
    >>> connect("app.db", mode="daemon", dsn="postgresql://user:secret@host/database")
    """
    deprecations.positional("sqlite3.connect", len(arguments))
    factory = arguments[5] if len(arguments) > 5 else options.get("factory")
    return (Connection if factory is None else factory)(*arguments, **options)
