# SPDX-License-Identifier: Apache-2.0
"""The values of one row, which go in one call where nothing has to be done for them, beside sqlite3."""

import array

import pytest
from conftest import said

ROWS = [
    (1, None),
    (2, -(2**63)),
    (3, 2**63 - 1),
    (4, 0.1),
    (5, float("inf")),
    (6, float("nan")),
    (7, ""),
    (8, "größer"),
    (9, "a\0b"),
    (10, b""),
    (11, b"\0\xff"),
    (12, True),
    (13, bytearray(b"mutable")),
    (14, memoryview(b"view")),
    (15, array.array("b", [1, 2])),
    [16, "of a list"],
]


def test_every_value_goes_in_and_comes_out(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        said_of = [conn.execute("INSERT INTO t VALUES (?, ?)", row).lastrowid for row in ROWS]
        cursor = conn.execute("SELECT id, v, typeof(v) FROM t ORDER BY id")
        return said_of, [cursor.fetchone() for _ in range(len(ROWS) + 1)]

    same(scenario)


class Number(int):
    pass


class Word(str):
    __slots__ = ()


WRONG = [2**63, -(2**63) - 1, "\ud800", object(), [1], {1}, Number(2**64)]


@pytest.mark.parametrize("value", WRONG, ids=[type(value).__name__ + str(i) for i, value in enumerate(WRONG)])
def test_what_can_not_be_bound_is_told(same, value):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a, b)")
        told = said(conn.execute, "INSERT INTO t VALUES (?, ?)", ("before", value))
        return told, conn.execute("SELECT count(*) FROM t").fetchone()

    same(scenario)


def test_subclasses_are_bound_as_what_they_are(same):
    def scenario(module, conn):
        return conn.execute("SELECT ?, ?, typeof(?1), typeof(?2)", (Number(7), Word("seven"))).fetchone()

    same(scenario)


def test_the_number_of_values_counts(same):
    def scenario(module, conn):
        sql = "SELECT ?, ?"
        sets = [(), (1,), (1, 2), (1, 2, 3), [1, 2], "ab", {"a": 1}, range(2)]
        return [said(lambda each=each: conn.execute(sql, each).fetchall()) for each in sets]

    same(scenario)


def test_a_statement_without_parameters_runs_each_time(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a)")
        counts = [conn.execute("INSERT INTO t VALUES (1)", given).rowcount for given in ((), [], {}, {}, "")]
        return counts, conn.execute("SELECT count(*) FROM t").fetchone()

    same(scenario)


def test_an_adapter_counts_from_when_it_is_registered(same):
    def scenario(module, conn):
        class Point:
            pass

        before = said(conn.execute, "SELECT ?", (Point(),))
        module.register_adapter(Point, lambda point: "a point")
        return type(before), conn.execute("SELECT ?", (Point(),)).fetchone()

    same(scenario)


def test_an_adapter_of_a_plain_type(python):
    told = python(
        "import heliosdb_sqlite\n"
        "conn = heliosdb_sqlite.connect(':memory:')\n"
        "print(conn.execute('SELECT ?, ?', (1, 'text')).fetchone())\n"
        "heliosdb_sqlite.register_adapter(str, str.upper)\n"
        "print(conn.execute('SELECT ?, ?', (1, 'text')).fetchone())\n"
    )
    assert told.split("\n")[:2] == ["(1, 'text')", "(1, 'TEXT')"]


@pytest.mark.parametrize("factory", [bytes, bytearray, lambda text: text.decode("latin-1")], ids=["bytes", "bytearray", "latin"])
def test_text_factory(same, factory):
    def scenario(module, conn):
        conn.text_factory = factory
        return conn.execute("SELECT 'text', CAST(x'ff61' AS TEXT), x'00', 1, NULL, 'more'").fetchone()

    same(scenario)


def test_text_that_is_not_utf8_is_named(same):
    def scenario(module, conn):
        cursor = conn.execute("SELECT 1 AS good, CAST(x'ff' AS TEXT) AS bad, CAST(x'fe' AS TEXT) AS worse")
        return said(cursor.fetchone)

    same(scenario)


def test_a_text_factory_may_use_the_connection(same):
    def scenario(module, conn):
        def factory(text):
            return conn.execute("SELECT ? || length(?)", (1, text)).fetchall() if text != b"12" else text

        conn.text_factory = factory
        return said(lambda: conn.execute("SELECT 'ab', 'abc'").fetchone())

    same(scenario)


def test_changes_and_rowids_are_those_of_the_statement(same):
    def scenario(module, conn):
        conn.executescript("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
        told = []
        for sql, values in [
            ("UPDATE t SET b = ? WHERE a > ?", (5, 1)),
            ("INSERT INTO t(b) VALUES (?)", ("x",)),
            ("SELECT a FROM t WHERE a = ?", (2,)),
            ("DELETE FROM t WHERE a < ?", (3,)),
            ("INSERT INTO t VALUES (?, ?) RETURNING a", (9, 9)),
        ]:
            cursor = conn.execute(sql, values)
            told.append((cursor.rowcount, cursor.lastrowid, cursor.fetchall(), cursor.rowcount))
        told.append(said(conn.execute, "INSERT INTO t VALUES (?, ?)", (9, 9)))
        return told, conn.total_changes

    same(scenario)
