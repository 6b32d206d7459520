# SPDX-License-Identifier: Apache-2.0
"""The deprecation warnings that sqlite3 gives, told of the line that called this package."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from typing import Any, Callable, TypeVar, cast

_Method = TypeVar("_Method", bound=Callable[..., Any])

_PACKAGE = os.path.dirname(__file__) + os.sep


def warn(message: str) -> None:
    """Gives a DeprecationWarning for the nearest caller outside of this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level + 1)


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]


def keywords(*names: str) -> Callable[[_Method], _Method]:
    """Parameters of a method that become positional-only in Python 3.15: 3.13 and newer warn when they are named."""

    def decorate(method: _Method) -> _Method:
        if sys.version_info < (3, 13):
            return method
        plural = "s" if len(names) > 1 else ""
        message = (
            f"Passing keyword argument{plural} {_listed(names)} to _sqlite3.Connection.{method.__name__}() is deprecated. "
            f"Parameter{plural} {_listed(names)} will become positional-only in Python 3.15."
        )

        @functools.wraps(method)
        def call(self: Any, *arguments: Any, **options: Any) -> Any:
            if not options.keys().isdisjoint(names):
                warn(message)
            return method(self, *arguments, **options)

        return cast(_Method, call)

    return decorate


def positional(function: str, given: int) -> None:
    """More than the path by position: 3.13 and newer warn of it."""
    if given > 1 and sys.version_info >= (3, 13):
        names = ("timeout", "detect_types", "isolation_level", "check_same_thread", "factory", "cached_statements", "uri")
        warn(
            f"Passing more than 1 positional argument to {function}() is deprecated. Parameters {_listed(names)} will "
            "become keyword-only parameters in Python 3.15."
        )


def default(what: str) -> None:
    """The adapters and converters that are there from the start: 3.12 and newer warn of them."""
    if sys.version_info >= (3, 12):
        warn(
            f"The default {what} is deprecated as of Python 3.12; see the sqlite3 documentation for suggested replacement "
            "recipes"
        )
