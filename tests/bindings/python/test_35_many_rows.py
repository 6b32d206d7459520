# SPDX-License-Identifier: Apache-2.0
"""Many rows at once, in and out, which travel in blocks: the same as one by one, and as in sqlite3."""

import datetime

import pytest
from conftest import said

# Columns of one storage class, with NULL among them, and mixed in every order.
COLUMNS = {
    "integers": [1, -(2**63), 2**63 - 1, 0],
    "floats": [1.5, -0.0, float("inf"), float("nan")],
    "texts": ["one", "", "zwei \u00e4 \U0001f600", "x"],
    "blobs": [b"", b"\0\xff", b"abc", bytes(300)],
    "nothing": [None] * 4,
    "integers and NULL": [None, 1, 2, None],
    "floats and NULL": [1.5, None, 2.5, None],
    "texts and NULL": [None, "a", None, ""],
    "blobs and NULL": [b"a", None, b"", None],
    "texts with NUL": ["a\0b", "c", "\0", ""],
    "texts with NUL, and NULL": [None, "a\0b", None, "c"],
    "everything": [1, "text", 2.5, b"blob"],
    "texts, then others": ["text", 7, None, b"\0"],
    "numbers": [1, 1.0, -1, 0.0],
    "booleans": [True, False, 1, 0],
    "other buffers": [bytearray(b"ab"), memoryview(b"cd"), b"ef", None],
    "adapted": [datetime.date(2024, 1, 31), "2024-01-31", None, 4],
}


@pytest.mark.filterwarnings("ignore:.*adapter is deprecated")
@pytest.mark.parametrize("name", COLUMNS)
def test_every_kind_of_column_comes_back(same, name):
    rows = [(i, value) for i, value in enumerate(COLUMNS[name])]

    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
        cursor = conn.executemany("INSERT INTO t VALUES (?, ?)", rows)
        return cursor.rowcount, [repr(row) for row in conn.execute("SELECT i, v, typeof(v) FROM t ORDER BY i").fetchall()]

    same(scenario)


@pytest.mark.parametrize("factory", [bytes, bytearray, len, lambda text: text.decode("latin-1")])
def test_text_factory(same, factory):
    def scenario(module, conn):
        conn.text_factory = factory
        sql = "SELECT column1, column2, column3 FROM (VALUES ('a', 'x', x'62'), ('\u00e4', NULL, x''), ('c', 3, 'd'))"
        return conn.execute(sql).fetchall()

    same(scenario)


def test_text_that_is_not_utf8_is_named(same):
    def scenario(module, conn):
        sql = "SELECT column1 AS a, column2 AS b FROM (VALUES ('ok', x'ff'), ('ok', CAST(x'61ff' AS TEXT)), (CAST(x'ff' AS TEXT), 1))"
        return said(conn.execute(sql).fetchall), conn.execute("SELECT 1").fetchall()

    same(scenario)


def test_a_text_factory_that_fails_is_told(same):
    def scenario(module, conn):
        conn.text_factory = lambda text: text.decode("ascii")
        return said(conn.execute("SELECT 'a' UNION SELECT '\u00e4'").fetchall), conn.execute("SELECT 1").fetchall()

    same(scenario)


@pytest.mark.parametrize("size", [2, 999, 1000, 70_000, 200_000])
def test_a_large_result_in_pieces(conn, size):
    cursor = conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 140000) SELECT i, 'row number ' || i FROM n"
        + (" WHERE i <= 100" if size == 2 else "")
    )
    rows = []
    for some in iter(lambda: cursor.fetchmany(size), []):
        assert len(some) == size or len(some) < size and not cursor.fetchmany(size)
        rows += some
    count = 100 if size == 2 else 140_000
    assert rows == [(i, f"row number {i}") for i in range(1, count + 1)]


def test_an_error_among_the_rows(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i)")
        conn.executemany("INSERT INTO t VALUES (?)", [(i,) for i in (1, 2, -(2**63), 4)])
        cursor = conn.execute("SELECT abs(i) FROM t ORDER BY rowid")
        return cursor.fetchone(), said(cursor.fetchall), cursor.fetchall(), conn.execute("SELECT count(*) FROM t").fetchall()

    same(scenario)


SETS = {
    "list of tuples": [(1, "a"), (2, "b")],
    "tuple of lists": ([1, "a"], [2, "b"]),
    "lists and tuples": [(1, "a"), [2, "b"]],
    "dictionaries": [{"i": 1, "v": "a"}, {"v": "b", "i": 2}],
    "an iterator": None,
    "none": [],
    "the wrong number": [(1, "a"), (2,), (3, "c")],
    "another type": [(1, "a"), 5, (3, "c")],
    "what can't be bound": [(1, "a"), (2, object()), (3, "c")],
    "too large": [(1, "a"), (2**63, "b"), (3, "c")],
    "no text": [(1, "a"), (2, "\ud800"), (3, "c")],
    "a key twice": [(1, "a"), (2, "b"), (1, "c"), (3, "d")],
}


@pytest.mark.parametrize("name", SETS)
def test_sets_of_every_kind(same, name):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
        sets = SETS[name] if SETS[name] is not None else iter([(1, "a"), (2, "b")])
        values = "(:i, :v)" if name == "dictionaries" else "(?, ?)"
        cursor = conn.cursor()
        done = said(lambda: cursor.executemany(f"INSERT INTO t VALUES {values}", sets).rowcount)
        if isinstance(done, tuple):
            done = done[0], done[2]  # messages differ between versions
        return done, cursor.rowcount, conn.in_transaction, conn.execute("SELECT * FROM t ORDER BY i").fetchall()

    same(scenario)


def test_an_iterator_sees_the_rows_before(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i)")

        def sets():
            for _ in range(5):
                yield conn.execute("SELECT count(*) FROM t").fetchone()

        conn.executemany("INSERT INTO t VALUES (?)", sets())
        return conn.execute("SELECT i FROM t ORDER BY i").fetchall()

    same(scenario)


def test_changes_are_counted_over_many_sets(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
        inserted = conn.executemany("INSERT INTO t VALUES (?, ?)", [(i, i % 3) for i in range(1000)]).rowcount
        updated = conn.executemany("UPDATE t SET v = v + ? WHERE v = ?", [(10, 0), (10, 1), (10, 5)]).rowcount
        ignored = conn.executemany("INSERT OR IGNORE INTO t VALUES (?, ?)", [(5, 5), (1000, 0), (6, 6)]).rowcount
        deleted = conn.executemany("DELETE FROM t WHERE i < ?", [[10], [20]]).rowcount
        return inserted, updated, ignored, deleted, conn.total_changes, conn.execute("SELECT sum(v) FROM t").fetchall()

    same(scenario)


def test_rows_that_come_back_are_thrown_away(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
        cursor = conn.executemany("INSERT INTO t(v) VALUES (?) RETURNING i, v", [("a",), ("b",)])
        return cursor.fetchall(), conn.execute("SELECT * FROM t ORDER BY i").fetchall()

    same(scenario)


def test_a_function_that_fails_in_a_later_set(same):
    def scenario(module, conn):
        def refuse(value):
            if value == 300:
                raise ValueError(value)
            return value

        conn.execute("CREATE TABLE t(i)")
        conn.create_function("refuse", 1, refuse)
        done = said(conn.executemany, "INSERT INTO t VALUES (refuse(?))", [(i,) for i in range(1000)])
        return done, conn.execute("SELECT count(*), max(i) FROM t").fetchall(), conn.in_transaction

    same(scenario)
