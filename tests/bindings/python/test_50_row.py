# SPDX-License-Identifier: Apache-2.0
"""Row and other row factories, beside sqlite3."""

import collections.abc
import sqlite3

from conftest import said

import heliosdb_sqlite


def row_of(module, conn, sql='SELECT 1 AS a, 2 AS B, 3 AS "ü"'):
    conn.row_factory = module.Row
    return conn.execute(sql).fetchone()


def test_row(same):
    def scenario(module, conn):
        row = row_of(module, conn)
        return (
            row[0], row[-1], row["a"], row["A"], row["b"], row["B"], row["ü"], row[0:2], row[::-1], row[5:], len(row),
            row.keys(), tuple(row), list(row), dict(row), 2 in row, 7 in row, [*row], dict(zip(row.keys(), row)),
            isinstance(row, tuple), isinstance(row, collections.abc.Sequence), type(row).__name__,
        )  # fmt: skip

    same(scenario)


def test_wrong_keys(same):
    def scenario(module, conn):
        row = row_of(module, conn)
        return [said(row.__getitem__, key) for key in ("c", "Ü", "a\0", "", 3, -4, 2**70, 1.5, None, b"a", (0,))]

    same(scenario)


def test_duplicate_names(same):
    def scenario(module, conn):
        row = row_of(module, conn, "SELECT 1 AS A, 2 AS a, 3 AS b")
        return row["a"], row["A"], row.keys(), dict(row)

    same(scenario)


def test_equality_and_hash(same):
    def scenario(module, conn):
        one, two = row_of(module, conn, "SELECT 1 AS a"), row_of(module, conn, "SELECT 1 AS a")
        other, named = row_of(module, conn, "SELECT 2 AS a"), row_of(module, conn, "SELECT 1 AS b")
        return (
            one == two, one != two, one == other, one == named, one == (1,), one != (1,), hash(one) == hash(two),
            said(lambda: one < two)[0], one in [two], len({one, two, other}),
        )  # fmt: skip

    same(scenario)


def test_row_is_read_only(same):
    def scenario(module, conn):
        row = row_of(module, conn)

        def assign():
            row["a"] = 5

        return said(assign)[0]

    assert same(scenario) == "TypeError"


def test_making_a_row(same):
    def scenario(module, conn):
        cursor = conn.execute("SELECT 1 AS a, 2 AS b")
        wrong = said(module.Row, 5, (1,))[0], said(module.Row, cursor, 5)[0], said(module.Row)[0]
        row = module.Row(cursor, (1, 2))
        return wrong, row["b"], row.keys()

    same(scenario)


def test_subclass(same):
    def scenario(module, conn):
        class Own(module.Row):
            def total(self):
                return sum(self)

        conn.row_factory = Own
        row = conn.execute("SELECT 1 AS a, 2 AS b").fetchone()
        return type(row) is Own, row.total(), row["b"]

    same(scenario)


def test_factories(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        conn.row_factory = lambda cursor, row: {d[0]: value for d, value in zip(cursor.description, row)}
        sql = "SELECT 1 AS a UNION SELECT 2"
        seen = [
            cursor.execute(sql).fetchall(),
            conn.execute(sql).fetchall(),
            conn.cursor().row_factory is conn.row_factory,
        ]
        cursor.row_factory = lambda cursor, row: list(row)
        seen += [cursor.execute(sql).fetchone(), cursor.fetchmany(5), [row for row in cursor.execute(sql)]]
        cursor.row_factory = None
        return seen, cursor.execute(sql).fetchone()

    same(scenario)


def test_factory_that_raises(same):
    def scenario(module, conn):
        conn.row_factory = lambda cursor, row: 1 // 0
        cursor = conn.execute("SELECT 1")
        return said(cursor.fetchone), said(cursor.fetchall)

    same(scenario)


def test_row_outlives_the_cursor_and_its_next_statement(same):
    def scenario(module, conn):
        conn.row_factory = module.Row
        cursor = conn.execute("SELECT 1 AS a")
        row = cursor.fetchone()
        other = cursor.execute("SELECT 2 AS b, 3 AS c").fetchone()
        cursor.close()
        return dict(row), dict(other)

    same(scenario)


def test_the_standard_librarys_row():
    conn = heliosdb_sqlite.connect(":memory:")
    conn.row_factory = sqlite3.Row
    assert conn.row_factory is sqlite3.Row
    row = conn.execute("SELECT 1 AS a").fetchone()
    assert isinstance(row, heliosdb_sqlite.Row) and row["A"] == 1
    cursor = conn.cursor()
    cursor.row_factory = sqlite3.Row
    assert cursor.execute("SELECT 2 AS b").fetchall()[0]["b"] == 2
    conn.close()


def test_names_after_the_schema_changed(conn):
    conn.row_factory = heliosdb_sqlite.Row
    conn.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    assert conn.execute("SELECT * FROM t").fetchone()["a"] == 1
    conn.execute("ALTER TABLE t RENAME COLUMN a TO b")
    assert conn.execute("SELECT * FROM t").fetchone().keys() == ["b"]
