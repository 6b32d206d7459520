# SPDX-License-Identifier: Apache-2.0
"""Connection.transaction(): a function that runs in a transaction, and again when the database was busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, TypeVar

from ._constants import SQLITE_BUSY
from ._library import lib
from .exceptions import OperationalError, ProgrammingError

if TYPE_CHECKING:
    from .connection import Connection

_Result = TypeVar("_Result")


def transact(connection: Connection, work: Callable[[Connection], _Result], retries: int) -> _Result:
    if connection._autocommit is not False and connection._open_transaction():
        raise ProgrammingError("transaction() can't be called within a transaction")
    tries = 0
    while True:
        try:
            return _once(connection, work)
        except OperationalError as error:
            if tries >= retries or getattr(error, "sqlite_errorcode", 0) & 0xFF != SQLITE_BUSY:
                raise
        connection._handle.check(lib.hdb_transaction_retry(connection._handle.pointer, tries))
        tries += 1


def _once(connection: Connection, work: Callable[[Connection], _Result]) -> _Result:
    handle = connection._handle
    if not connection._open_transaction():
        handle.run(b"BEGIN " + (connection._level or "").encode())
    try:
        result = work(connection)
        if connection._open_transaction():
            handle.run(b"COMMIT")
    except BaseException:
        if connection._open_transaction():
            handle.run(b"ROLLBACK")
        raise
    finally:
        if connection._autocommit is False and not connection._open_transaction():
            handle.run(b"BEGIN")
    return result
