# SPDX-License-Identifier: Apache-2.0
"""Daemon mode: which of a test's databases the server stands for.

The suite opens many databases at will, a server is one. So the first database that a test opens is the server's,
":memory:" or a file, and each further connection to that file; a second ":memory:" and other files stay what they are.
A process that a test starts is told of the choice by the environment.
"""

import os
import subprocess

from heliosdb_sqlite.connection import Connection

CHOSEN = "HELIOSDB_CONFORMANCE_CHOSEN"


def install():
    """Has connections opened by these rules."""
    plain = Connection.__init__

    def init(self, database, *arguments, **options):
        if _is_servers(database):
            options.setdefault("mode", "daemon")
        plain(self, database, *arguments, **options)

    Connection.__init__ = init


def _is_servers(database):
    name = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else None
    if name is None or name.startswith("file:"):
        return False
    chosen = os.environ.get(CHOSEN)
    if chosen is None:
        os.environ[CHOSEN] = name
        return True
    return name == chosen and name not in (":memory:", "")


def reset():
    """Before a test: the server has no tables, and no database is chosen."""
    os.environ.pop(CHOSEN, None)
    dsn = os.environ["HELIOSDB_DSN"]
    find = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'"
    found = subprocess.run(["psql", "-XAtq", "-c", find, dsn], capture_output=True, text=True, check=True)
    for line in found.stdout.splitlines():
        name, _, kind = line.rpartition("|")
        what = "VIEW" if kind == "VIEW" else "TABLE"
        drop = f'DROP {what} IF EXISTS "{name.replace(chr(34), chr(34) * 2)}" CASCADE'
        subprocess.run(["psql", "-Xq", "-c", drop, dsn], capture_output=True, text=True, check=True)
