# SPDX-License-Identifier: Apache-2.0
"""sqlite3 for HeliosDB Nano: SQLite answers, HeliosDB keeps the rows.

Change one import, and the program stays as it is:

>>> import heliosdb_sqlite as sqlite3
>>> connection = sqlite3.connect("app.db")
>>> connection.execute("CREATE TABLE t(a)")

What is here is what sqlite3 has, plus connect()'s ``mode`` and ``dsn`` and the methods flush(), verify(), explain() and
engine_dsn of connections. See connect() for how a database is opened.
"""

from . import dbapi2 as dbapi2
from ._version import __version__ as __version__
from .dbapi2 import *  # noqa: F403
from .dbapi2 import __getattr__ as __getattr__

# What a star import brings is sqlite3's, not the names of this package's modules.
__all__ = ["dbapi2", *(_name for _name in vars(dbapi2) if not _name.startswith("_"))]
