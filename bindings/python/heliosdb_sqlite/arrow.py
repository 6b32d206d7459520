# SPDX-License-Identifier: Apache-2.0
"""Results for pyarrow, pandas, polars, DuckDB and others that read Apache Arrow's streams."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, addressof, c_char_p, c_void_p, cast, pointer, py_object
from typing import TYPE_CHECKING, Any

from .exceptions import ProgrammingError
from .pickling import refuse

if TYPE_CHECKING:
    from .statement import Statement

_CAPSULE = b"arrow_array_stream"


class _Stream(Structure):
    """struct ArrowArrayStream."""

    _fields_ = [(name, c_void_p) for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")]


_Release = CFUNCTYPE(None, POINTER(_Stream))
_Destructor = CFUNCTYPE(None, c_void_p)

_new_capsule = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, _Destructor)(("PyCapsule_New", ctypes.pythonapi))
_capsule_pointer = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))

# The structs that capsules point to, by address.
_structs: dict[int, _Stream] = {}
# The statements that streams read from and the library's function that releases them, by ``private_data``, which stays when
# a consumer moves the content of the struct elsewhere.
_read: dict[int, tuple[Statement, Any]] = {}


def _release(stream: Any) -> None:
    statement, release = _read.pop(stream.contents.private_data)
    release(stream)
    statement.reset()


def _destroy(capsule: int) -> None:
    stream = _structs.pop(_capsule_pointer(capsule, _CAPSULE))
    if stream.release:
        _release(pointer(stream))


_release_callback, _destroy_callback = _Release(_release), _Destructor(_destroy)


class ArrowResult:
    """Rows of a cursor, made by Cursor.fetch_arrow(), for whatever takes an object with ``__arrow_c_stream__``.

    They can be read once, and until the connection is closed.

    >>> pyarrow.table(connection.execute("SELECT * FROM t").fetch_arrow())
    """

    __slots__ = ("_statement",)

    __reduce__ = refuse

    def __init__(self, statement: Statement) -> None:
        self._statement: Statement | None = statement

    def __del__(self) -> None:
        if self._statement is not None:
            self._statement.reset()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A capsule with the stream. The types that the consumer wishes for do not matter: it can cast ours.

        Raises ProgrammingError when it was called before, IntegrityError if a column of the first rows has values of
        several storage classes, or what fetchone() raises.
        """
        statement, self._statement = self._statement, None
        if statement is None:
            raise ProgrammingError("The rows were read already.")
        stream = _Stream()
        statement.export(stream)
        _read[stream.private_data] = statement, _Release(stream.release)
        stream.release = cast(_release_callback, c_void_p).value
        _structs[addressof(stream)] = stream
        return _new_capsule(addressof(stream), _CAPSULE, _destroy_callback)
