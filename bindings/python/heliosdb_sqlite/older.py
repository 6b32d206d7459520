# SPDX-License-Identifier: Apache-2.0
"""What sqlite3 raised before Python 3.11, where 3.11 changed it; the rest of the package follows the newer one."""

from __future__ import annotations

import sys

from .exceptions import InterfaceError, ProgrammingError, Warning

BEFORE_311 = sys.version_info < (3, 11)

# Of a statement's text with NUL in it, and of parameters that are neither a sequence nor a dictionary.
MALFORMED: type[Exception] = ValueError if BEFORE_311 else ProgrammingError

# Of a second statement in execute()'s text.
TOO_MUCH: type[Exception] = Warning if BEFORE_311 else ProgrammingError


def unsupported_value(index: int, value: object) -> Exception:
    """Of a value that is none of SQLite's and has no adapter; ``index`` counts parameters from 1."""
    if BEFORE_311:
        return InterfaceError(f"Error binding parameter {index - 1} - probably unsupported type.")
    return ProgrammingError(f"Error binding parameter {index}: type '{type(value).__name__}' is not supported")


def scattered_bytes(error: BufferError) -> Exception:
    """Of a memoryview whose bytes do not lie side by side."""
    return ValueError("could not convert BLOB to buffer") if BEFORE_311 else error


def script_of_wrong_type(script: object) -> Exception:
    """Of what is no text, given to executescript()."""
    if BEFORE_311:
        return ValueError("script argument must be unicode.")
    return TypeError(f"executescript() argument must be str, not {'None' if script is None else type(script).__name__}")


def check_collation_name(name: str) -> None:
    """Letters beyond ASCII, which 3.11 began to take."""
    if BEFORE_311 and not name.isascii():
        raise ProgrammingError("invalid character in collation name")
