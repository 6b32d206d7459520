# SPDX-License-Identifier: Apache-2.0
"""Run an unmodified program whose ``import sqlite3`` gets this package.

    python -m heliosdb_sqlite.run program.py [argument ...]
    python -m heliosdb_sqlite.run -m module [argument ...]
    python -m heliosdb_sqlite.run -c code [argument ...]

Processes that the program starts get it too if HELIOSDB_REPLACE_SQLITE3 is set and a sitecustomize calls
heliosdb_sqlite.replace.install_if_asked().
"""

from __future__ import annotations

import os
import runpy
import sys

from .replace import install


def main(arguments: list[str]) -> int:
    """Runs what ``arguments`` (those of the command line, without the interpreter's) say; 2 for wrong ones."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip(), file=sys.stderr if not arguments else sys.stdout)
        return 0 if arguments else 2
    if arguments[0] in ("-m", "-c") and len(arguments) < 2:
        print(f"heliosdb_sqlite.run: {arguments[0]} needs an argument", file=sys.stderr)
        return 2
    install()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        sys.path[0] = ""
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
