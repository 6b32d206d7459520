# SPDX-License-Identifier: Apache-2.0
"""Shows a table of a database as psql reads it from the engine: show_engine.py DATABASE TABLE"""
import subprocess
import sys

import heliosdb_sqlite

database, table = sys.argv[1:]
with heliosdb_sqlite.connect(database) as conn:
    conn.flush()
    subprocess.run(["psql", "--no-psqlrc", conn.engine_dsn, "-c", f'SELECT * FROM "{table}"'], check=True)
