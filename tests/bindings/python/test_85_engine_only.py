# SPDX-License-Identifier: Apache-2.0
"""Statements that only the engine understands: columns and rows, in every place; never inside a transaction that wrote."""

import pytest

import heliosdb_sqlite

STATEMENTS = [
    ("SELECT to_char(d::timestamp, 'YYYY/MM') AS m, a FROM t WHERE a = ?", (1,), ["m", "a"], [("2024/03", 1)]),
    ("SELECT to_char(d::timestamp, 'YYYY') AS y FROM t WHERE a = :key", {"key": 1}, ["y"], [("2024",)]),
    ("SELECT to_date('2024-01-02', 'YYYY-MM-DD') AS d;", (), ["d"], [("2024-01-02",)]),
    ("SELECT to_char(d::timestamp, 'DD') AS d FROM t WHERE a = 99", (), ["d"], []),
]


@pytest.fixture(params=["file", "memory", "heliosdb", "postgresql"])
def conn(request, tmp_path):
    if request.param == "file":
        connection = heliosdb_sqlite.connect(tmp_path / "a.db")
    elif request.param == "memory":
        connection = heliosdb_sqlite.connect(":memory:")
    else:
        import os

        dsn = os.environ.get(f"HELIOSDB_TEST_DSN_{request.param.upper()}")
        if not dsn:
            pytest.skip(f"HELIOSDB_TEST_DSN_{request.param.upper()} is not set")
        connection = heliosdb_sqlite.connect("x", mode="daemon", dsn=dsn)
        connection.execute("DROP TABLE IF EXISTS t")
    connection.executescript("CREATE TABLE t(a INTEGER, d TEXT); INSERT INTO t VALUES (1, '2024-03-05 10:11:12')")
    yield connection
    connection.rollback()
    connection.execute("DROP TABLE t")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("sql, parameters, names, rows", STATEMENTS)
def test_columns_and_rows(conn, sql, parameters, names, rows):
    cursor = conn.execute(sql, parameters)
    assert [column[0] for column in cursor.description] == names
    assert cursor.fetchall() == rows
    assert conn.explain(sql)["lane"] == "engine"


def test_refused_in_a_transaction_that_has_written(conn):
    conn.execute("INSERT INTO t VALUES (2, 'x')")
    with pytest.raises(heliosdb_sqlite.NotSupportedError):
        conn.execute("SELECT to_char(now(), 'YYYY')")
    conn.rollback()
    assert conn.execute("SELECT to_char(d::timestamp, 'MM') FROM t").fetchall() == [("03",)]


def test_a_statement_that_fails_leaves_the_connection_usable(conn):
    with pytest.raises(heliosdb_sqlite.Error):
        conn.execute("SELECT to_char(nosuchcolumn, 'YYYY') FROM t").fetchall()
    assert conn.execute("SELECT a FROM t").fetchall() == [(1,)]
    assert conn.execute("SELECT to_char(d::timestamp, 'MM') FROM t").fetchall() == [("03",)]


def test_changes_are_undone_and_kept_like_others(conn):
    changed = "UPDATE t SET d = to_char(d::timestamp, ?) WHERE a = ?"
    assert conn.execute(changed, ("YYYY", 1)).rowcount == 1
    assert conn.in_transaction
    assert conn.execute("SELECT d FROM t").fetchall() == [("2024",)]
    conn.rollback()
    assert conn.execute("SELECT d FROM t").fetchall() == [("2024-03-05 10:11:12",)]
    cursor = conn.execute("INSERT INTO t SELECT a + 1, to_char(d::timestamp, 'MM') FROM t")
    assert (cursor.rowcount, cursor.lastrowid) == (1, 2)
    conn.commit()
    assert conn.execute("SELECT a, d FROM t ORDER BY a").fetchall() == [(1, "2024-03-05 10:11:12"), (2, "03")]
    assert conn.execute("DELETE FROM t WHERE a = 1 AND to_char(d::timestamp, 'YYYY') = :year", {"year": "2024"}).rowcount == 1
    conn.commit()
    assert conn.execute("SELECT a, d FROM t").fetchall() == [(2, "03")]
