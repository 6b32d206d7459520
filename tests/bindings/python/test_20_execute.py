# SPDX-License-Identifier: Apache-2.0
"""execute(), executemany(), executescript() and parameters, beside sqlite3."""

import pytest
from conftest import said


def test_qmark_parameters(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a, b, c)")
        conn.execute("INSERT INTO t VALUES (?, ?, ?)", (1, "x", None))
        conn.execute("INSERT INTO t VALUES (?, ?, ?)", [2, "y", b"z"])
        return conn.execute("SELECT * FROM t WHERE a >= ? ORDER BY a", (1,)).fetchall()

    assert same(scenario) == [(1, "x", None), (2, "y", b"z")]


@pytest.mark.parametrize("sql, parameters", [
    ("SELECT :a, :b", {"a": 1, "b": 2}),
    ("SELECT @a, $b, :c", {"a": 1, "b": 2, "c": 3}),
    ("SELECT :a, :a", {"a": 1, "unused": 2}),
    ("SELECT ?2, ?1", (1, 2)),
    ("SELECT ?3", (1, 2, 3)),
    ("SELECT ?, ?", (1,)),
    ("SELECT ?", (1, 2)),
    ("SELECT 1", (1,)),
    ("SELECT ?", ()),
    ("SELECT ?", {"a": 1}),
    ("SELECT :a", {"b": 1}),
    ("SELECT :a", {}),
    ("SELECT ?", 5),
    ("SELECT ?", None),
    ("SELECT ?", {1}),
    ("SELECT ?", "x"),
    ("SELECT ?", b"x"),
    ("SELECT ?", range(7, 8)),
    ("SELECT ?", iter([1])),
    ("SELECT ?", (object(),)),
    ("SELECT ?", (1j,)),
    ("SELECT ?", ([],)),
])  # fmt: skip
def test_parameters(same, sql, parameters):
    same(lambda module, conn: conn.execute(sql, parameters).fetchall())


def test_own_mappings_and_sequences(same):
    class Missing(dict):
        def __missing__(self, key):
            return key + "!"

    class Items:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return "ab"[index]

    def scenario(module, conn):
        return (
            conn.execute("SELECT :x, :y", Missing(y=1)).fetchall(),
            conn.execute("SELECT ?, ?", Items()).fetchall(),
        )

    assert same(scenario) == ([("x!", 1)], [("a", "b")])


@pytest.mark.parametrize("sql", [
    "SELECT 1; SELECT 2", "SELECT 1;", "SELECT 1; ", "SELECT 1; -- c", "SELECT 1; /* c */", "SELECT 1;;",
    "SELECT 1; /* c */ x", "SELECT 1; /* c", "SELECT 1; -- c\n x", "SELECT 1; /**/ /* */\n", "", " ", "-- c",
    "/* c */", ";", "selec 1", "SELECT * FROM none", "SELECT none", "SELECT 'a", "SELECT 1 FROM", "SELECT \ud800",
    "SELECT 1\0", "\0SELECT 1", "SELECT 1 /* \0 */",
])  # fmt: skip
def test_statement_texts(same, sql):
    same(lambda module, conn: (conn.execute(sql).fetchall(), conn.cursor().execute(sql).description))


@pytest.mark.parametrize("sql", [5, None, b"SELECT 1"])
def test_statement_of_a_wrong_type(same, sql):
    def scenario(module, conn):
        cursor = conn.cursor()
        return said(cursor.execute, sql), said(cursor.executemany, sql, []), said(cursor.executescript, sql)

    same(scenario)


def test_wrong_number_of_arguments(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        calls = (cursor.execute, ()), (cursor.execute, ("SELECT 1", (), 3)), (cursor.executemany, ("SELECT 1",))
        return [said(call, *arguments)[0] for call, arguments in calls]

    assert same(scenario) == ["TypeError"] * 3


def test_rowcount(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        counts = [cursor.rowcount]
        for sql in (
            "CREATE TABLE t(a)", "INSERT INTO t VALUES (1), (2), (3)", "UPDATE t SET a = a + 1 WHERE a > 1",
            "SELECT * FROM t", "DELETE FROM t WHERE a = 99", "REPLACE INTO t VALUES (9)", "DELETE FROM t",
            "/* c */ INSERT INTO t VALUES (1)", "-- c\nINSERT INTO t VALUES (1)", "PRAGMA user_version",
            "EXPLAIN INSERT INTO t VALUES (1)", "WITH x AS (SELECT 5) INSERT INTO t SELECT * FROM x", "DROP TABLE t",
        ):  # fmt: skip
            counts.append((sql, cursor.execute(sql).rowcount, conn.in_transaction))
        return counts

    same(scenario)


def test_rowcount_with_returning(same):
    def scenario(module, conn):
        cursor = conn.execute("CREATE TABLE t(a)")
        cursor.execute("INSERT INTO t VALUES (1), (2) RETURNING a")
        before = cursor.rowcount
        return before, cursor.fetchone(), cursor.rowcount, cursor.fetchone(), cursor.rowcount, cursor.fetchone()

    same(scenario)


def test_rowcount_after_an_error(same):
    def scenario(module, conn):
        cursor = conn.execute("CREATE TABLE t(a UNIQUE)")
        cursor.execute("INSERT INTO t VALUES (1)")
        return said(cursor.execute, "INSERT INTO t VALUES (1)"), cursor.rowcount, cursor.description

    same(scenario)


def test_lastrowid(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        seen = [cursor.lastrowid]
        for sql in (
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)", "INSERT INTO t(b) VALUES ('x')",
            "INSERT INTO t VALUES (77, 'y')", "SELECT 1", "INSERT OR IGNORE INTO t(b) VALUES ('y')",
            "INSERT OR REPLACE INTO t(b) VALUES ('x')", "UPDATE t SET b = 'q' WHERE a = 77", "DELETE FROM t",
        ):  # fmt: skip
            seen.append(cursor.execute(sql).lastrowid)
        cursor.executemany("INSERT INTO t(b) VALUES (?)", [("m",), ("n",)])
        seen.append(cursor.lastrowid)
        seen.append(conn.cursor().lastrowid)
        return seen

    same(scenario)


def test_executemany(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a, b)")
        counts = [
            conn.executemany("INSERT INTO t VALUES (?, ?)", [(1, 2), (3, 4)]).rowcount,
            conn.executemany("INSERT INTO t VALUES (?, ?)", ((n, n) for n in range(3))).rowcount,
            conn.executemany("INSERT INTO t VALUES (:a, :b)", [{"a": 5, "b": 6}]).rowcount,
            conn.executemany("UPDATE t SET b = ?", [(9,), (8,)]).rowcount,
            conn.executemany("INSERT INTO t VALUES (?, ?)", []).rowcount,
            conn.executemany("DELETE FROM t WHERE a = ?", [(1,), (99,)]).rowcount,
        ]
        return counts, conn.execute("SELECT * FROM t ORDER BY a, b").fetchall()

    same(scenario)


@pytest.mark.parametrize("sql, sets", [
    ("SELECT ?", [(1,)]), ("INSERT INTO t VALUES (?)", 5), ("INSERT INTO t VALUES (?)", [5]),
    ("INSERT INTO t VALUES (?)", [(1,), (1, 2)]), ("INSERT INTO none VALUES (?)", []),
])  # fmt: skip
def test_executemany_errors(same, sql, sets):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a)")
        told = said(conn.executemany, sql, sets)
        return told if isinstance(told, tuple) else told.rowcount, conn.in_transaction

    same(scenario)


def test_executemany_stops_where_the_iterator_raises(same):
    def sets():
        yield (1,)
        raise ZeroDivisionError("here")

    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a)")
        told = said(conn.executemany, "INSERT INTO t VALUES (?)", sets())
        return told, conn.in_transaction, conn.execute("SELECT * FROM t").fetchall()

    same(scenario)


def test_executescript(same):
    def scenario(module, conn):
        cursor = conn.cursor()
        again = cursor.executescript(
            "-- a comment\nCREATE TABLE a(x); INSERT INTO a VALUES (1); SELECT * FROM a;"
            "/* ; */ INSERT INTO a VALUES (';');"
        )
        return again is cursor, cursor.fetchall(), cursor.rowcount, conn.execute("SELECT * FROM a").fetchall()

    same(scenario)


def test_executescript_with_an_error_in_the_middle(same):
    def scenario(module, conn):
        told = said(
            conn.executescript, "CREATE TABLE a(x); INSERT INTO a VALUES (1); INSERT INTO none VALUES (2); DROP TABLE a"
        )
        return told, conn.execute("SELECT * FROM a").fetchall(), said(conn.executescript, "SELECT 1\0")

    same(scenario)


def test_executescript_with_a_trigger(same):
    def scenario(module, conn):
        conn.executescript(
            "CREATE TABLE a(x); CREATE TABLE log(x);"
            "CREATE TRIGGER tr AFTER INSERT ON a BEGIN INSERT INTO log VALUES (new.x); INSERT INTO log VALUES (0); END;"
            "INSERT INTO a VALUES (5);"
        )
        return conn.execute("SELECT * FROM log").fetchall(), conn.total_changes

    same(scenario)


def test_total_changes(same):
    def scenario(module, conn):
        seen = [conn.total_changes]
        for sql in ("CREATE TABLE t(a)", "INSERT INTO t VALUES (1), (2)", "UPDATE t SET a = 0", "DELETE FROM t"):
            conn.execute(sql)
            seen.append(conn.total_changes)
        return seen, conn.execute("SELECT changes(), total_changes()").fetchone()

    same(scenario)


def test_error_codes(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL UNIQUE, c CHECK (c > 0))")
        conn.execute("INSERT INTO t VALUES (1, 1, 1)")
        told = []
        for sql in (
            "INSERT INTO t VALUES (1, 2, 3)", "INSERT INTO t VALUES (2, 1, 3)", "INSERT INTO t VALUES (2, NULL, 3)",
            "INSERT INTO t VALUES (2, 2, -3)", "INSERT INTO t VALUES ('x', 2, 3)", "INSERT INTO t VALUES (1)",
            "SELECT abs(-9223372036854775808)", "SELECT none()", "SELECT x FROM t", "DROP TABLE none",
        ):  # fmt: skip
            try:
                conn.execute(sql)
            except module.Error as error:
                told.append((type(error).__name__, str(error), error.sqlite_errorcode, error.sqlite_errorname))
        return told

    assert len(same(scenario)) == 10


def test_statement_cache_follows_the_schema(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a)")
        conn.execute("INSERT INTO t VALUES (1)")
        conn.commit()
        select = conn.execute("SELECT * FROM t")
        seen = [(select.description[0][0], len(select.description), select.fetchall())]
        conn.execute("ALTER TABLE t ADD COLUMN b DEFAULT 5")
        select = conn.execute("SELECT * FROM t")
        seen.append(([d[0] for d in select.description], select.fetchall()))
        conn.execute("ALTER TABLE t RENAME COLUMN a TO z")
        seen.append(([d[0] for d in conn.execute("SELECT * FROM t").description]))
        conn.execute("DROP TABLE t")
        seen.append(said(conn.execute, "SELECT * FROM t"))
        return seen

    same(scenario)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_small_statement_cache(same, size):
    def scenario(module, conn):
        return [conn.execute(f"SELECT {n % 3}").fetchone() for n in range(12)]

    same(scenario, cached_statements=size)


def test_same_statement_in_two_cursors(same):
    def scenario(module, conn):
        conn.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)")
        sql = "SELECT a FROM t ORDER BY a"
        first, second = conn.execute(sql), conn.execute(sql)
        return [first.fetchone(), second.fetchone(), first.fetchone(), second.fetchall(), first.fetchall()]

    same(scenario)


def test_cursor_reused_while_rows_are_left(same):
    def scenario(module, conn):
        cursor = conn.execute("SELECT 1 UNION SELECT 2")
        return cursor.fetchone(), cursor.execute("SELECT 3").fetchall(), cursor.fetchall()

    same(scenario)


def test_interrupt_between_statements(same):
    def scenario(module, conn):
        conn.interrupt()
        return conn.execute("SELECT 1").fetchall()

    assert same(scenario) == [(1,)]


def test_limits(same):
    def scenario(module, conn):
        before = conn.getlimit(module.SQLITE_LIMIT_VARIABLE_NUMBER)
        changed = conn.setlimit(module.SQLITE_LIMIT_VARIABLE_NUMBER, 2)
        told = said(conn.execute, "SELECT ?, ?, ?", (1, 2, 3))
        conn.setlimit(module.SQLITE_LIMIT_SQL_LENGTH, 50)
        return (
            before == changed, told, said(conn.getlimit, 9999), said(conn.execute, "SELECT " + "1" * 60),
            said(conn.executescript, "SELECT " + "1" * 60),
        )  # fmt: skip

    same(scenario)
