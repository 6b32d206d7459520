# SPDX-License-Identifier: Apache-2.0
"""Python functions that are asked or told what statements do: authorizer and trace."""

from __future__ import annotations

from typing import Any, Callable

from . import _declarations as c
from ._library import lib
from .exceptions import DataError
from .signals import lose
from .tracebacks import show


def authorizer(ask: Callable[..., int]) -> Any:
    """The C function that asks a Python function; what it raises, and what is no int, denies."""

    def call(_user_data: Any, action: int, *words: bytes | None) -> int:
        try:
            answer = ask(action, *(None if word is None else word.decode() for word in words))
            if isinstance(answer, int) and -0x80000000 <= answer <= 0x7FFFFFFF:
                return answer
        except BaseException as error:
            lose(error)
            show(error, ask)
        return c.HDB_DENY

    return c.hdb_authorizer_callback(call)


def trace(tell: Callable[[str], Any]) -> Any:
    """The C function that tells a Python function each statement, with the values of its parameters in it."""

    def call(_user_data: Any, _event: int, statement: int | None, sql: bytes | None, _nanoseconds: int) -> int:
        try:
            tell(_text(statement, sql or b"", tell))
        except BaseException as error:
            lose(error)
            show(error, tell)
        return 0

    return c.hdb_trace_callback(call)


def _text(statement: int | None, sql: bytes, tell: Callable[..., Any]) -> Any:
    if statement is None:
        return sql.decode()
    expanded = lib.hdb_stmt_expanded_sql(statement)
    if expanded is None:
        show(DataError("Expanded SQL string exceeds the maximum string length"), tell)
        return (lib.hdb_stmt_sql(statement) or sql).decode()
    return expanded.decode()
