# SPDX-License-Identifier: Apache-2.0
"""Fetching rows, and what describes them, beside sqlite3."""

import pytest
from conftest import said

ROWS = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z'), (4, NULL)"


def rows_of(conn, sql="SELECT * FROM t ORDER BY a"):
    conn.executescript(ROWS)
    return conn.execute(sql)


def test_fetchone(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        return [cursor.fetchone() for _ in range(6)]

    same(scenario)


@pytest.mark.parametrize("size", [0, 1, 2, 4, 9, -1])
def test_fetchmany(same, size):
    def scenario(module, conn):
        cursor = rows_of(conn)
        return cursor.fetchmany(size), cursor.fetchmany(size=size), cursor.fetchall()

    same(scenario)


def test_arraysize(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        first = cursor.arraysize, cursor.fetchmany()
        cursor.arraysize = 2
        return first, cursor.fetchmany(), cursor.fetchmany(), cursor.fetchmany()

    same(scenario)


def test_fetchall(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        return cursor.fetchone(), cursor.fetchall(), cursor.fetchall(), cursor.fetchone()

    same(scenario)


def test_iteration(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        return iter(cursor) is cursor, next(cursor), list(cursor), list(cursor), said(next, cursor, "end")

    same(scenario)


def test_fetch_without_execute(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        return cursor.fetchone(), cursor.fetchmany(3), cursor.fetchall(), list(cursor)

    same(scenario)


def test_fetch_after_statements_without_rows(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        return [cursor.execute(sql).fetchall() for sql in ("CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "")]

    same(scenario)


@pytest.mark.parametrize("sql", [
    "SELECT * FROM t", "SELECT * FROM t WHERE 0", "SELECT a AS x, b y, a + 1, 'q', count(*) FROM t",
    "PRAGMA table_info(t)",
    "SELECT 1 AS a, 2 AS a, 3 AS A", "SELECT t.a, t.b FROM t", "INSERT INTO t VALUES (9, 'n') RETURNING a, b AS c",
    "UPDATE t SET b = 1 WHERE 0 RETURNING a", "CREATE TABLE u(a)", "INSERT INTO t VALUES (9, 'n')",
    "SELECT 1 AS \"a [b]\"",
    "SELECT max(a), \"b\" FROM t", "EXPLAIN QUERY PLAN SELECT * FROM t", "SELECT 1 AS ü", "VALUES (1, 2)",
    "WITH q(z) AS (SELECT 1) SELECT * FROM q", "SELECT sqlite_master.name FROM sqlite_master WHERE name = 't'",
])  # fmt: skip
def test_description(same, sql):
    def scenario(module, conn):
        cursor = rows_of(conn, sql)
        return cursor.description, [len(row) for row in cursor] and cursor.description

    same(scenario)


def test_description_of_a_new_cursor(same):
    same(lambda module, conn: conn.cursor().description)


def test_cursor_belongs_to_its_connection(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        return cursor.connection is conn, said(setattr, cursor, "connection", None)[0]

    same(scenario)


def test_closed_cursor(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        cursor.close()
        return [
            said(call)
            for call in (
                cursor.fetchone, cursor.fetchall, cursor.fetchmany, lambda: cursor.execute("SELECT 1"),
                lambda: list(cursor),
                lambda: cursor.executemany("DELETE FROM t", []), lambda: cursor.executescript(""),
            )
        ]  # fmt: skip

    same(scenario)


def test_cursor_factory(same):
    def scenario(module, conn):
        class Own(module.Cursor):
            pass

        return (
            type(conn.cursor(Own)) is Own, type(conn.cursor(factory=Own)) is Own, said(conn.cursor, lambda c: 5),
            said(conn.cursor, 5), said(module.Cursor)[0], said(module.Cursor, 5)[0],
        )  # fmt: skip

    same(scenario)


def test_base_cursor_init_not_called(same):
    def scenario(module, conn):
        class Own(module.Cursor):
            def __init__(self, connection):
                pass

        cursor = Own(conn)
        return said(cursor.execute, "SELECT 1"), said(cursor.fetchall), said(cursor.close)

    same(scenario)


def test_sizes_do_nothing(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        return cursor.setinputsizes([1]), cursor.setoutputsize(5), cursor.setoutputsize(5, 1)

    same(scenario)


def test_rows_stay_readable_over_commit(same):
    def scenario(module, conn):
        cursor = rows_of(conn)
        first = cursor.fetchone()
        conn.execute("INSERT INTO t VALUES (5, 'v')")
        conn.commit()
        return first, cursor.fetchone()

    same(scenario)


def test_recursive_use(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        module.register_converter("again", lambda data: cursor.fetchone())
        cursor.execute('SELECT 1 AS "x [again]" UNION SELECT 2')
        return said(cursor.fetchall)

    same(scenario, detect_types=2)


def test_many_rows(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE n(a INTEGER PRIMARY KEY, b TEXT, c REAL)")
        conn.executemany("INSERT INTO n VALUES (?, ?, ?)", ((n, f"text {n}", n / 3) for n in range(5000)))
        conn.commit()
        return conn.execute("SELECT * FROM n ORDER BY a").fetchall()

    assert len(same(scenario)) == 5000
