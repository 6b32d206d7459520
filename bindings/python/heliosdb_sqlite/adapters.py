# SPDX-License-Identifier: Apache-2.0
"""Adapters (Python value to SQLite value) and converters (SQLite value to Python value), as in sqlite3."""

from __future__ import annotations

import datetime
from typing import Any, Callable

from . import deprecations
from .exceptions import ProgrammingError

try:
    from sqlite3 import PrepareProtocol as PrepareProtocol
except ImportError:  # an interpreter without _sqlite3

    class PrepareProtocol:  # type: ignore[no-redef]
        """What ``__conform__`` is asked for when a value is bound."""


adapters: dict[tuple[type, Any], Callable[..., Any]] = {}
converters: dict[str, Callable[[bytes], Any]] = {}

_MISSING = object()


# Values of these types need no adapter, unless one was registered. None and bytes could have one in sqlite3 too.
plain = {int, float, str, bytearray, type(None), bytes}
is_plain = plain.__contains__
# Of values.py: how values of a sequence of types, all of them plain, are bound.
packers: dict[tuple[type, ...], Any] = {}


def register_adapter(type: type, adapter: Callable[[Any], Any], /) -> None:  # noqa: A002
    """Have values of a type bound as what ``adapter(value)`` returns: int, float, str, bytes or None.

    >>> register_adapter(Point, lambda point: f"{point.x};{point.y}")
    """
    plain.discard(type)
    packers.clear()
    adapters[(type, PrepareProtocol)] = adapter


def register_converter(typename: str, converter: Callable[[bytes], Any], /) -> None:
    """Have values of columns of a declared type returned as what ``converter(bytes)`` returns.

    It is used by connections opened with ``detect_types``; the name's case does not matter.

    >>> register_converter("point", lambda data: Point(*map(float, data.split(b";"))))
    """
    converters[typename.upper()] = converter


def adapt(obj: Any, proto: Any = PrepareProtocol, alt: Any = _MISSING, /) -> Any:
    """The value an adapter makes of ``obj``; ``alt`` if there is none.

    Raises ProgrammingError ("can't adapt") if there is neither.
    """
    adapter = adapters.get((type(obj), proto))
    if adapter is not None:
        return adapter(obj)
    for method, argument in ((getattr(proto, "__adapt__", None), obj), (getattr(obj, "__conform__", None), proto)):
        if method is not None:
            try:
                adapted = method(argument)
            except TypeError:
                continue
            if adapted is not None:
                return adapted
    if alt is not _MISSING:
        return alt
    raise ProgrammingError("can't adapt")


def converter_for(name: str) -> Callable[[bytes], Any] | None:
    """The converter registered for a type's name, None if there is none."""
    return converters.get(name.upper())


def _adapt_date(value: datetime.date) -> str:
    deprecations.default("date adapter")
    return value.isoformat()


def _adapt_datetime(value: datetime.datetime) -> str:
    deprecations.default("datetime adapter")
    return value.isoformat(" ")


def _convert_date(value: bytes) -> datetime.date:
    deprecations.default("date converter")
    return datetime.date(*map(int, value.split(b"-")))


def _convert_timestamp(value: bytes) -> datetime.datetime:
    deprecations.default("timestamp converter")
    date, clock = value.split(b" ")
    seconds, _, fraction = clock.partition(b".")
    year, month, day = map(int, date.split(b"-"))
    hour, minute, second = map(int, seconds.split(b":"))
    microsecond = int(fraction[:6].ljust(6, b"0")) if fraction else 0
    return datetime.datetime(year, month, day, hour, minute, second, microsecond)


register_adapter(datetime.date, _adapt_date)
register_adapter(datetime.datetime, _adapt_datetime)
register_converter("date", _convert_date)
register_converter("timestamp", _convert_timestamp)
