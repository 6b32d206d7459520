# SPDX-License-Identifier: Apache-2.0
"""The C handle of a connection, shared by everything that is made from it."""

from __future__ import annotations

import os
from ctypes import byref, c_int64, c_void_p
from typing import Any

from . import _declarations as c
from ._constants import SQLITE_LIMIT_SQL_LENGTH
from ._library import lib
from .exceptions import DataError, ProgrammingError, from_connection
from .states import HandleState
from .signals import OPERATIONS, SignalWatch, kept


class Handle(HandleState):
    """An open ``hdb_conn``; ``pointer`` is None once it is closed."""

    __slots__ = ("_signals", "changes", "pointer", "rowid", "to_changes", "to_rowid", "to_row", "to_size", "row", "size")

    def __init__(self, database: Any, settings: dict[str, Any]) -> None:
        super().__init__()
        self.pointer: c_void_p | None = None
        # Where calls of one statement at a time put what they tell: made once, as that takes as long as a call.
        self.changes, self.rowid, self.row, self.size = c_int64(), c_int64(), c_void_p(), c_int64()
        self.to_changes, self.to_rowid = byref(self.changes), byref(self.rowid)
        self.to_row, self.to_size = byref(self.row), byref(self.size)
        path = os.fsencode(database)
        if b"\0" in path:
            raise ValueError("embedded null byte")
        config = c_void_p(lib.hdb_config_create())
        if not config:
            raise MemoryError
        try:
            for key, value in settings.items():
                _configure(config, key, value)
            pointer = c_void_p()
            code = lib.hdb_connect(path, config, byref(pointer))
        finally:
            lib.hdb_config_destroy(config)
        if not pointer:
            raise MemoryError
        if code != c.HDB_OK:
            error = from_connection(pointer, code)
            lib.hdb_close(pointer)
            raise error
        self.pointer, self.address = pointer, pointer.value or 0
        self._signals = SignalWatch()
        self.check(lib.hdb_progress_handler(pointer, OPERATIONS, self._signals.working, None))
        self.check(lib.hdb_wait_handler(pointer, self._signals.waiting, None))

    def set_progress_handler(self, handler: Any, operations: int) -> None:
        """Has ``handler`` called every so many operations; None: no longer. Signals are looked at as well."""
        asked = handler is not None and operations > 0
        self._signals.handler = handler if asked else None
        every = operations if asked else OPERATIONS
        self.check(lib.hdb_progress_handler(self.pointer, every, self._signals.working, None))

    def check(self, code: int) -> None:
        """Raises what a call's result code stands for, unless it is HDB_OK."""
        if code != c.HDB_OK:
            raise self.error(code)

    def error(self, code: int) -> Any:
        """The exception for a call that gave ``code``: what a signal's handler raised, if that ended the call."""
        error = from_connection(self.pointer, code)
        raised = self._signals.take()
        return kept() or (raised if raised is not None and code & 0xFF == c.HDB_INTERRUPT else error)

    def check_open(self) -> None:
        """Raises ProgrammingError once it is closed: its statements are freed then."""
        if self.pointer is None:
            raise ProgrammingError("Cannot operate on a closed database.")

    def check_length(self, sql: bytes) -> None:
        """Raises DataError for a text over SQLite's limit."""
        if -1 < lib.hdb_limit(self.pointer, SQLITE_LIMIT_SQL_LENGTH, -1) < len(sql):
            raise DataError("query string is too large")

    def run(self, script: bytes) -> None:
        """Runs a script of which no rows are wanted."""
        self.check(lib.hdb_exec(self.pointer, script, len(script)))

    def close(self) -> None:
        """Closes the connection, waiting until the engine has its rows; a second call does nothing.

        The C library has then freed every statement of it.
        """
        pointer, self.pointer, self.address = self.pointer, None, 0
        if pointer is not None:
            lib.hdb_close(pointer)


def _configure(config: c_void_p, key: str, value: Any) -> None:
    if value is None:
        return
    text = str(int(value)) if isinstance(value, bool) else os.fspath(value) if isinstance(value, os.PathLike) else value
    data = str(text).encode()
    if b"\0" in data:
        raise ValueError(f"embedded null byte in {key}")
    code = lib.hdb_config_set(config, key.encode(), data)
    if code == c.HDB_NOTFOUND:
        raise TypeError(f"{key!r} is an invalid keyword argument for Connection()")
    if code == c.HDB_RANGE:
        raise ValueError(f"{value!r} is not a value that {key} takes")
    if code != c.HDB_OK:
        raise MemoryError
