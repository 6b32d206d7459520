# SPDX-License-Identifier: Apache-2.0
"""Mistakes that a type checker must tell of, one on each line with a comment."""

import heliosdb_sqlite

connection = heliosdb_sqlite.connect("app.db")
heliosdb_sqlite.connect("app.db", timout=1.0)  # call-overload
connection.execute(b"SELECT 1")  # arg-type
connection.exceute("SELECT 1")  # attr-defined
connection.cursor().rowcount = 1  # misc
count: str = connection.total_changes  # assignment
connection.create_function("f", "1", len)  # arg-type
