# SPDX-License-Identifier: Apache-2.0
"""Copies of whole databases: backup into another connection, and a database as bytes."""

from __future__ import annotations

import os
import tempfile
import time
from ctypes import byref, c_int64, c_void_p, string_at
from typing import Any, Callable

from . import _declarations as c
from ._library import lib
from .buffers import bytes_of
from .exceptions import OperationalError

try:
    from sqlite3 import Connection as _StandardConnection
    from sqlite3 import connect as _standard_connect
except ImportError:  # an interpreter without _sqlite3
    _StandardConnection = None  # type: ignore[assignment, misc]

Progress = Callable[[int, int, int], object]


def is_standard(target: Any) -> bool:
    """Whether a backup's target is a connection of the standard library's."""
    return _StandardConnection is not None and isinstance(target, _StandardConnection)


def backup(source: Any, target: Any, pages: int, progress: Progress | None, name: bytes, sleep: float) -> None:
    """Copies database ``name`` of one handle into main of another one, waiting ``sleep`` seconds while it is locked."""
    made = c_void_p()
    target.check(lib.hdb_backup_init(target.pointer, b"main", source.pointer, name, byref(made)))
    code = c.HDB_OK
    try:
        while code in (c.HDB_OK, c.HDB_BUSY, c.HDB_LOCKED):
            code = lib.hdb_backup_step(made, pages if pages else -1) & 0xFF
            if progress is not None:
                progress(code, lib.hdb_backup_remaining(made), lib.hdb_backup_pagecount(made))
            if code in (c.HDB_BUSY, c.HDB_LOCKED):
                time.sleep(sleep)
    finally:
        ended = lib.hdb_backup_finish(made)
    target.check(ended)


def backup_to_standard(source: Any, target: Any, pages: int, progress: Any, name: bytes, sleep: float) -> None:
    """Copies a database into a connection of the standard library's, by way of a temporary file: the two modules have
    no view of each other's connections."""
    data = serialize(source, name)
    descriptor, path = tempfile.mkstemp(prefix="heliosdb-backup-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        between = _standard_connect(path)
        try:
            between.backup(target, pages=pages, progress=progress, sleep=sleep)
        finally:
            between.close()
    finally:
        os.unlink(path)


def serialize(handle: Any, name: bytes) -> bytes:
    """A database as the bytes of an SQLite file."""
    data, size = c_void_p(), c_int64()
    code = lib.hdb_serialize(handle.pointer, name, byref(data), byref(size))
    if code != c.HDB_OK:
        error = handle.error(code)
        if code == c.HDB_ERROR:
            raise OperationalError(f"unable to serialize '{name.decode()}'")
        raise error
    try:
        return string_at(data, size.value) if data else b""
    finally:
        lib.hdb_free(data)


def deserialize(handle: Any, data: Any, name: bytes) -> None:
    """Puts a database in memory in the place of one of the connection's."""
    content = bytes_of(data.encode() if isinstance(data, str) else data)
    if len(content) >= 2**63:
        raise OverflowError("'data' is too large")
    handle.check(lib.hdb_deserialize(handle.pointer, name, content, len(content)))
