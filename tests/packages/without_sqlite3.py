# SPDX-License-Identifier: Apache-2.0
"""The wheel where `import sqlite3` fails, as on an interpreter that was built without it."""

import os
import sys
import tempfile

sys.modules["_sqlite3"] = None  # type: ignore[assignment]
try:
    import sqlite3  # noqa: F401

    raise SystemExit("sqlite3 is there")
except ImportError:
    pass

import heliosdb_sqlite  # noqa: E402
import heliosdb_sqlite.replace  # noqa: E402

conn = heliosdb_sqlite.connect(os.path.join(tempfile.mkdtemp(), "alone.db"))
conn.row_factory = heliosdb_sqlite.Row
conn.execute("CREATE TABLE t(a UNIQUE)")
conn.execute("INSERT INTO t VALUES (1)")
conn.commit()
assert conn.execute("SELECT a FROM t").fetchone()["a"] == 1
try:
    conn.execute("INSERT INTO t VALUES (1)")
except heliosdb_sqlite.IntegrityError as error:
    assert isinstance(error, heliosdb_sqlite.Error) and error.sqlite_errorname == "SQLITE_CONSTRAINT_UNIQUE"
else:
    raise SystemExit("the row was taken twice")
conn.close()
heliosdb_sqlite.replace.install()
import sqlite3  # noqa: E402, F811

assert sqlite3 is heliosdb_sqlite
