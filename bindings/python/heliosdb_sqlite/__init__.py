# SPDX-License-Identifier: Apache-2.0
"""sqlite3 for HeliosDB Nano: SQLite answers, HeliosDB keeps the rows.

Change one import, and the program stays as it is:

>>> import heliosdb_sqlite as sqlite3
>>> connection = sqlite3.connect("app.db")
>>> connection.execute("CREATE TABLE t(a)")

What is here is what sqlite3 has, plus connect()'s ``mode`` and ``dsn`` and the methods flush(), verify(), explain() and
engine_dsn of connections. See connect() for how a database is opened.
"""

from ._version import __version__ as __version__
from .dbapi2 import *  # noqa: F403
from .dbapi2 import __getattr__ as __getattr__
