# SPDX-License-Identifier: Apache-2.0
"""Python functions, aggregates and collations that SQL calls.

What one of them raises ends the statement with OperationalError, as in sqlite3.
"""

from __future__ import annotations

from ctypes import POINTER, c_int64, c_void_p, cast, string_at
from typing import Any, Callable

from . import _declarations as c
from . import hooks, signals
from ._library import lib
from .buffers import bytes_of
from .exceptions import OperationalError, ProgrammingError
from .older import BEFORE_311, check_collation_name
from .tracebacks import show

# Values


def _arguments(count: int, data: Any) -> list[Any]:
    return [_value(data[index]) for index in range(count)]


def _value(datum: int) -> Any:
    """A Python value of what SQLite gives."""
    kind = lib.hdb_datum_type(datum)
    if kind == c.HDB_TYPE_INTEGER:
        return lib.hdb_datum_int64(datum)
    if kind == c.HDB_TYPE_FLOAT:
        return lib.hdb_datum_double(datum)
    if kind == c.HDB_TYPE_NULL:
        return None
    if kind == c.HDB_TYPE_TEXT:
        address = lib.hdb_datum_text(datum)
        if not address:
            raise MemoryError
        return string_at(address, lib.hdb_datum_bytes(datum)).decode()
    address = lib.hdb_datum_blob(datum)
    return string_at(address, lib.hdb_datum_bytes(datum)) if address else b""


def _set_result(context: int, value: Any) -> None:
    """Gives SQLite a Python value. Raises what says that it has no such values."""
    if value is None:
        lib.hdb_result_null(context)
    elif isinstance(value, int):
        if not -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        lib.hdb_result_int64(context, value)
    elif isinstance(value, float):
        lib.hdb_result_double(context, value)
    elif isinstance(value, str):
        data = value.encode()
        lib.hdb_result_text(context, data, len(data))
    else:
        data = bytes_of(value)
        lib.hdb_result_blob(context, data, len(data))


def _set_error(context: int, error: BaseException, message: str, callback: Any) -> None:
    if isinstance(error, MemoryError) and not BEFORE_311:
        lib.hdb_result_error_nomem(context)
    elif isinstance(error, OverflowError) and not BEFORE_311:
        lib.hdb_result_error_toobig(context)
    else:
        data = message.encode()
        lib.hdb_result_error(context, data, len(data))
    signals.keep(error)
    show(error, callback)


# Functions


def scalar(function: Callable[..., Any]) -> Any:
    """The C function that calls a Python function."""

    def call(_user_data: Any, context: int, count: int, data: Any) -> None:
        try:
            if signals.lost:
                signals.raise_lost()
            _set_result(context, function(*_arguments(count, data)))
        except BaseException as error:
            _set_error(context, error, "user-defined function raised exception", function)

    return c.hdb_function_callback(call)


class Aggregate:
    """The C functions of an aggregate class. An instance of it works for each group; they are told apart by a number
    in the memory that SQLite keeps for the group."""

    def __init__(self, factory: Callable[..., Any]) -> None:
        self._factory = factory
        self._instances: dict[int, Any] = {}
        self._last = 0
        self.step = c.hdb_function_callback(self._call_step)
        self.inverse = c.hdb_function_callback(self._call_inverse)
        self.final = c.hdb_final_callback(self._call_final)
        self.value = c.hdb_final_callback(self._call_value)

    def _number(self, context: int, size: int) -> Any:
        """Where the number of the group is, None if no step was run and ``size`` is 0."""
        address = lib.hdb_aggregate_context(context, size)
        return cast(address, POINTER(c_int64)) if address else None

    def _call_step(self, _user_data: Any, context: int, count: int, data: Any) -> None:
        try:
            number = self._number(context, 8)
            if number is None:
                raise MemoryError
            if number[0] == 0:
                instance = self._make(context)
                if instance is None:
                    return
                self._last += 1
                number[0] = self._last
                self._instances[self._last] = instance
            self._method(context, self._instances[number[0]], "step", count, data)
        except BaseException as error:
            _set_error(context, error, "user-defined aggregate's 'step' method raised error", self._factory)

    def _make(self, context: int) -> Any:
        try:
            return self._factory()
        except BaseException as error:
            _set_error(context, error, "user-defined aggregate's '__init__' method raised error", self._factory)
            return None

    def _call_inverse(self, _user_data: Any, context: int, count: int, data: Any) -> None:
        number = self._number(context, 8)
        if number is not None and number[0]:
            self._method(context, self._instances[number[0]], "inverse", count, data)

    def _call_value(self, _user_data: Any, context: int) -> None:
        number = self._number(context, 0)
        if number is not None and number[0]:
            self._method(context, self._instances[number[0]], "value", 0, None)

    def _call_final(self, _user_data: Any, context: int) -> None:
        number = self._number(context, 0)
        instance = self._instances.pop(number[0], None) if number is not None else None
        if instance is not None:
            self._method(context, instance, "finalize", 0, None)

    def _method(self, context: int, instance: Any, name: str, count: int, data: Any) -> None:
        """Calls a method; step() and inverse() return nothing to SQL."""
        state = "raised error" if BEFORE_311 else "not defined"
        try:
            if signals.lost:
                signals.raise_lost()
            method = getattr(instance, name)
            state = "raised error"
            result = method(*_arguments(count, data))
            if name in ("value", "finalize"):
                _set_result(context, result)
        except BaseException as error:
            if not isinstance(error, AttributeError):
                state = "raised error"
            _set_error(context, error, f"user-defined aggregate's '{name}' method {state}", self._factory)


def collation(compare: Callable[[str, str], int]) -> Any:
    """The C function that compares two texts by a Python function; what it raises makes them equal."""

    def call(_user_data: Any, first_size: int, first: int, second_size: int, second: int) -> int:
        try:
            one, two = string_at(first, first_size).decode(), string_at(second, second_size).decode()
            result = compare(one, two)
            return (result > 0) - (result < 0)
        except BaseException as error:
            signals.lose(error)
            show(error, compare)
            return 0

    return c.hdb_compare_callback(call)


class Callbacks:
    """What one connection has registered; it keeps alive what the library may call.

    It belongs to the Connection, not to its handle, which outlives it: a callback may know its connection.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._kept: dict[Any, Any] = {}

    def _keep(self, key: Any, callback: Any, code: int, kind: type, failure: str) -> None:
        if code != c.HDB_OK:
            raise kind(failure)
        signals.notice_lost()
        self._kept[key] = callback

    def create_function(self, name: str, arguments: int, function: Callable[..., Any] | None, flags: int) -> None:
        """Registers a function, or removes it (None)."""
        callback = scalar(function) if function is not None else None
        code = lib.hdb_create_function(self._handle.pointer, name.encode(), arguments, flags, callback, None, None)
        self._keep((name.lower(), arguments), callback, code, OperationalError, "Error creating function")

    def create_aggregate(self, name: str, arguments: int, factory: Callable[..., Any] | None) -> None:
        """Registers an aggregate, or removes it (None)."""
        made = Aggregate(factory) if factory is not None else None
        parts = (made.step, made.final) if made else (None, None)
        code = lib.hdb_create_aggregate(self._handle.pointer, name.encode(), arguments, 0, *parts, None, None)
        self._keep((name.lower(), arguments), made, code, OperationalError, "Error creating aggregate")

    def create_window_function(self, name: str, arguments: int, factory: Callable[..., Any] | None) -> None:
        """Registers an aggregate that works in windows, or removes it (None)."""
        made = Aggregate(factory) if factory is not None else None
        parts = (made.step, made.final, made.value, made.inverse) if made else (None,) * 4
        code = lib.hdb_create_window_function(self._handle.pointer, name.encode(), arguments, 0, *parts, None, None)
        failure = "" if code == c.HDB_OK else str(self._handle.error(code))
        self._keep((name.lower(), arguments), made, code, ProgrammingError, failure)

    def set_authorizer(self, ask: Callable[..., Any] | None) -> None:
        """Sets the authorizer, or removes it (None)."""
        callback = hooks.authorizer(ask) if ask is not None else None
        self._handle.check(lib.hdb_set_authorizer(self._handle.pointer, callback, None, None))
        self._kept["authorizer"] = callback

    def set_trace(self, tell: Callable[..., Any] | None) -> None:
        """Sets the trace, or removes it (None)."""
        callback = hooks.trace(tell) if tell is not None else None
        self._handle.check(lib.hdb_trace(self._handle.pointer, c.HDB_TRACE_STMT, callback, None, None))
        self._kept["trace"] = callback

    def create_collation(self, name: str, compare: Callable[..., Any] | None) -> None:
        """Registers a collation, or removes it (None)."""
        check_collation_name(name)
        callback = collation(compare) if compare is not None else None
        self._handle.check(lib.hdb_create_collation(self._handle.pointer, name.encode(), callback, None, None))
        self._kept["collation", name.lower()] = callback
