# SPDX-License-Identifier: Apache-2.0
"""A small SQL shell, as ``python -m sqlite3`` is one.

    python -m heliosdb_sqlite [filename] [sql]
"""

from __future__ import annotations

import argparse
import code
import sys
from typing import Any

from . import replace
from .dbapi2 import complete_statement, sqlite_version
from .exceptions import Error
from .opening import connect


def _execute(runner: Any, sql: str) -> bool:
    """Runs a statement and prints its rows; tells of an error and returns False."""
    try:
        for row in runner.execute(sql):
            print(row)
    except Error as error:
        name = getattr(error, "sqlite_errorname", None)
        kind = type(error).__name__ + (f" ({name})" if name else "")
        print(f"{kind}: {error}", file=sys.stderr)
        return False
    return True


class _Shell(code.InteractiveConsole):
    """Reads statements, which may span lines, and the dot commands."""

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self._cursor = connection.cursor()

    def runsource(self, source: str, filename: str = "<input>", symbol: str = "single") -> bool:
        """Runs what was read. True: more lines are needed."""
        if source == ".version":
            print(sqlite_version)
        elif source == ".help":
            print("Enter SQL code and press enter.")
        elif source == ".quit":
            sys.exit(0)
        elif not complete_statement(source):
            return True
        else:
            _execute(self._cursor, source)
        return False


def _banner(filename: str) -> str:
    place = "a transient in-memory database" if filename == ":memory:" else repr(filename)
    return (
        f"heliosdb_sqlite shell, running on SQLite version {sqlite_version}\n"
        f"Connected to {place}\n\n"
        "Each command will be run using execute() on the cursor.\n"
        'Type ".help" for more information; type ".quit" or CTRL-D to quit.'
    )


def main(arguments: list[str] | None = None) -> None:
    """Runs the shell, or the one statement that was given; ends the program."""
    name = "sqlite3" if replace.is_installed() else "heliosdb_sqlite"
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description="SQL shell of heliosdb_sqlite")
    parser.add_argument(
        "filename",
        nargs="?",
        default=":memory:",
        help="SQLite database to open, made if it is not there (default: ':memory:')",
    )
    parser.add_argument("sql", nargs="?", help="an SQL query to execute; its rows are printed")
    parser.add_argument("-v", "--version", action="version", version=f"SQLite version {sqlite_version}")
    chosen = parser.parse_args(arguments)
    try:
        connection = connect(chosen.filename, isolation_level=None)
    except Error as error:
        sys.exit(f"{type(error).__name__}: {error}")
    try:
        if chosen.sql:
            sys.exit(0 if _execute(connection, chosen.sql) else 1)
        sys.ps1, sys.ps2 = "sqlite> ", "    ... "
        try:
            import readline  # noqa: F401 - lines can be edited then
        except ImportError:
            pass
        _Shell(connection).interact(_banner(chosen.filename), exitmsg="")
    finally:
        connection.close()
    sys.exit(0)


if __name__ == "__main__":
    main()
