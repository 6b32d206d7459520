# SPDX-License-Identifier: Apache-2.0
"""Find libheliosdb, load it and check that it is the one this package was made for.

Looked for in this order:

1. ``HELIOSDB_LIBRARY``: path of the shared library; nothing else is tried.
2. the directory ``_native`` beside this file, where a wheel carries it.
3. where the system's loader finds it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import glob
import os
from ctypes import c_char_p, c_double, c_int, c_int64, c_void_p
from typing import Any

from ._declarations import declare
from ._version import __version__

_NAME = "libheliosdb.so.0.1"


def _candidates() -> list[str]:
    chosen = os.environ.get("HELIOSDB_LIBRARY")
    if chosen:
        return [chosen]
    carried = glob.glob(os.path.join(glob.escape(os.path.dirname(__file__)), "_native", "libheliosdb.*"))
    system = ctypes.util.find_library("heliosdb")
    return sorted(carried) + [_NAME] + ([system] if system else [])


def _load() -> ctypes.CDLL:
    problems = []
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            problems.append(str(error))
            continue
        _check_version(library, name)
        try:
            declare(library)
        except AttributeError as error:
            raise ImportError(f"{name} does not fit heliosdb_sqlite {__version__}: {error}") from None
        return library
    raise ImportError(
        "libheliosdb was not found; install a heliosdb_sqlite wheel that carries it, or set HELIOSDB_LIBRARY to the "
        "path of libheliosdb.so (" + "; ".join(problems) + ")"
    )


def _check_version(library: ctypes.CDLL, name: str) -> None:
    """The major and minor number must agree: only patches keep the interface."""
    try:
        library.hdb_version.restype = c_char_p
        found = library.hdb_version().decode()
    except AttributeError:
        raise ImportError(f"{name} is not libheliosdb") from None
    if found.split(".")[:2] != __version__.split(".")[:2]:
        raise ImportError(f"heliosdb_sqlite {__version__} needs libheliosdb of the same version; {name} is {found}")


lib = _load()


def _unchecked(name: str, result: Any) -> Any:
    """A second view of a function without declared parameters, which ctypes calls in half the time.

    What is passed must already be right: a handle as ``c_void_p``, numbers that fit an int.
    """
    function = lib[name]
    function.restype = result
    return function


fetch_row = _unchecked("hdb_fetch_row", c_int)
execute = _unchecked("hdb_execute", c_int)
execute_block = _unchecked("hdb_execute_block", c_int)
execute_values = _unchecked("hdb_execute_values", c_int)
fetch_values = _unchecked("hdb_fetch_values", c_int)
fetch_block = _unchecked("hdb_fetch_block", c_int)
column_count = _unchecked("hdb_column_count", c_int)
column_name = _unchecked("hdb_column_name", c_char_p)
column_type = _unchecked("hdb_column_type", c_int)
column_int64 = _unchecked("hdb_column_int64", c_int64)
column_double = _unchecked("hdb_column_double", c_double)
column_text = _unchecked("hdb_column_text", c_char_p)
column_text_address = _unchecked("hdb_column_text", c_void_p)
column_blob = _unchecked("hdb_column_blob", c_void_p)
column_bytes = _unchecked("hdb_column_bytes", c_int64)
stmt_status = _unchecked("hdb_stmt_status", c_int)
bind_null = _unchecked("hdb_bind_null", c_int)
changes = _unchecked("hdb_changes", c_int64)
last_insert_rowid = _unchecked("hdb_last_insert_rowid", c_int64)
in_transaction = _unchecked("hdb_in_transaction", c_int)
