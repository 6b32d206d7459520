# SPDX-License-Identifier: Apache-2.0
"""sqlite3.Blob: a value read and written in pieces."""

from __future__ import annotations

import operator
import os
import sys
from ctypes import byref, c_void_p, create_string_buffer
from typing import TYPE_CHECKING, Any, Literal

from . import _declarations as c
from ._library import lib
from .buffers import bytes_of
from .exceptions import ProgrammingError
from .pickling import refuse

if TYPE_CHECKING:
    from .connection import Connection

_INT_MAX = 0x7FFFFFFF


class Blob:
    """The value of one row and column, like a file of fixed size and like a bytearray; Connection.blobopen() makes it.

    >>> with connection.blobopen("files", "content", 1) as blob:
    ...     blob.write(b"start")
    ...     blob[-1] = 0
    """

    __slots__ = ("_connection", "_handle", "_offset", "__weakref__")

    _connection: Connection
    _handle: c_void_p | None
    _offset: int

    __reduce__ = refuse
    __iter__ = None  # as in sqlite3, though it has indexes

    def __new__(cls, *arguments: Any, **options: Any) -> Blob:
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__qualname__}' instances")

    # Position

    def tell(self) -> int:
        """Where the next read() or write() begins."""
        self._check()
        return self._offset

    def seek(self, offset: int, origin: int = os.SEEK_SET, /) -> None:
        """Moves to ``offset``, counted from the start, the position (os.SEEK_CUR) or the end (os.SEEK_END).

        Raises ValueError for a place outside of the value.
        """
        size = self._size()
        if origin not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise ValueError("'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END")
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: size}[origin]
        if start and offset > _INT_MAX - start:
            raise OverflowError("seek offset results in overflow")
        if not 0 <= start + offset <= size:
            raise ValueError("offset out of blob range")
        self._offset = start + offset

    # Bytes

    def read(self, length: int = -1, /) -> bytes:
        """The next ``length`` bytes, all that are left if it is negative or larger.

        Raises OperationalError if the row was changed since the blob was opened.
        """
        left = self._size() - self._offset
        count = left if length < 0 else min(length, left)
        data = self._read(self._offset, count)
        self._offset += count
        return data

    def write(self, data: Any, /) -> None:
        """Overwrites the bytes at the position with ``data``; the value's size can't change.

        Raises ValueError if ``data`` is longer than what is left.
        """
        size = self._size()
        content = bytes_of(data)
        if len(content) > size - self._offset:
            raise ValueError("data longer than blob length")
        self._write(self._offset, content)
        self._offset += len(content)

    def __len__(self) -> int:
        return self._size()

    def __getitem__(self, key: Any) -> Any:
        size = self._size()
        if isinstance(key, slice):
            start, stop, step = _bounds(key, size)
            data = self._read(start, max(0, stop - start)) if step > 0 else self._read(0, size)
            return data[::step] if step > 0 else data[start : stop if stop >= 0 else None : step]
        return self._read(_index(key, size), 1)[0]

    def __setitem__(self, key: Any, value: Any) -> None:
        size = self._size()
        if not isinstance(key, slice):
            at = _index(key, size)
            byte = operator.index(value)
            if not 0 <= byte <= 255:
                raise ValueError("byte must be in range(0, 256)")
            self._write(at, bytes((byte,)))
            return
        start, stop, step = _bounds(key, size)
        content = bytes_of(value)
        if len(content) != len(range(start, stop, step)):
            raise IndexError("Blob slice assignment is wrong size")
        if step == 1:
            self._write(start, content)
        elif content:
            whole = bytearray(self._read(0, size))
            whole[start : stop if stop >= 0 else None : step] = content
            self._write(0, bytes(whole))

    def __delitem__(self, key: Any) -> None:
        self._check()
        raise TypeError(f"Blob doesn't support {'slice' if isinstance(key, slice) else 'item'} deletion")

    # Closing

    def close(self) -> None:
        """Closes the blob; what was written is committed then if no transaction is open."""
        self._connection._check()
        handle, self._handle = self._handle, None
        if handle is not None:
            self._connection._handle.check(lib.hdb_blob_close(handle))

    def __enter__(self) -> Blob:
        self._check()
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any, /) -> Literal[False]:
        self._check()
        self.close()
        return False

    def __del__(self) -> None:
        # A closed connection has closed its blobs.
        handle = getattr(self, "_handle", None)
        if handle is not None and self._connection._handle.pointer is not None:
            lib.hdb_blob_close(handle)

    # The C library's handle

    def _check(self) -> None:
        self._connection._check()
        if self._handle is None:
            raise ProgrammingError("Cannot operate on a closed blob.")

    def _size(self) -> int:
        self._check()
        size: int = lib.hdb_blob_bytes(self._handle)
        return size

    def _read(self, offset: int, count: int) -> bytes:
        if count == 0:
            return b""
        buffer = create_string_buffer(count)
        self._connection._handle.check(lib.hdb_blob_read(self._handle, buffer, count, offset))
        return buffer.raw

    def _write(self, offset: int, data: bytes) -> None:
        if data:
            self._connection._handle.check(lib.hdb_blob_write(self._handle, data, len(data), offset))


def open_blob(connection: Connection, database: str, table: str, column: str, row: int, readonly: bool) -> Blob:
    """Opens the value of one row and column."""
    handle = c_void_p()
    names = [name.encode() for name in (database, table, column)]
    code = lib.hdb_blob_open(connection._handle.pointer, *names, row, 0 if readonly else 1, byref(handle))
    if code != c.HDB_OK:
        raise connection._handle.error(code)
    blob: Blob = object.__new__(Blob)
    blob._connection, blob._handle, blob._offset = connection, handle, 0
    return blob


def _index(key: Any, size: int) -> int:
    if not hasattr(type(key), "__index__"):
        raise TypeError("Blob indices must be integers")
    at = operator.index(key)
    if not -sys.maxsize - 1 <= at <= sys.maxsize:
        raise IndexError(f"cannot fit '{type(key).__name__}' into an index-sized integer")
    if at < 0:
        at += size
    if not 0 <= at < size:
        raise IndexError("Blob index out of range")
    return at


def _bounds(key: slice, size: int) -> tuple[int, int, int]:
    try:
        return key.indices(size)
    except TypeError:
        raise TypeError("Blob slice indices must be integers or None or have an __index__ method") from None
