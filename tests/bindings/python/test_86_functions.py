# SPDX-License-Identifier: Apache-2.0
"""Functions, aggregates, windows and collations of the program's, beside sqlite3, in each place."""

import sqlite3
import sys

import pytest
from conftest import said

import heliosdb_sqlite


class SumInt:
    def __init__(self):
        self.sum = 0

    def step(self, value):
        self.sum += value

    def inverse(self, value):
        self.sum -= value

    def value(self):
        return self.sum

    def finalize(self):
        return self.sum


def fill(conn):
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, g TEXT, v)")
    rows = [("a", 1), ("b", 2), ("a", 3), ("b", None), ("c", "text"), ("c", b"\x00\xff"), ("a", 1.5)]
    conn.executemany("INSERT INTO t(g, v) VALUES (?, ?)", rows)
    conn.commit()


def test_a_function_gets_and_gives_every_storage_class(same):
    def scenario(_module, conn):
        fill(conn)
        seen = []
        conn.create_function("echo", -1, lambda *values: seen.append(values) or (values[-1] if values else None))
        rows = conn.execute("SELECT echo(v), typeof(echo(id, v)), echo() FROM t ORDER BY id").fetchall()
        return rows, seen

    assert len(same(scenario)[0]) == 7


def test_a_function_is_used_by_writes_and_triggers(same):
    def scenario(_module, conn):
        fill(conn)
        conn.create_function("shout", 1, lambda text: text.upper() + "!", deterministic=True)
        conn.execute("CREATE TABLE log(what)")
        conn.execute("CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (shout(new.g)); END")
        conn.execute("UPDATE t SET g = shout(g) WHERE shout(g) = 'A!'")
        conn.commit()
        return conn.execute("SELECT g FROM t ORDER BY id").fetchall(), conn.execute("SELECT * FROM log").fetchall()

    assert ("A!",) in same(scenario)[0]


def test_an_aggregate_works_for_each_group(same):
    class Longest:
        def __init__(self):
            self.seen = []

        def step(self, one, two):
            self.seen.append((one, two))

        def finalize(self):
            return repr(self.seen)

    def scenario(_module, conn):
        fill(conn)
        conn.create_aggregate("listed", 2, Longest)
        grouped = conn.execute("SELECT g, listed(id, g) FROM t GROUP BY g ORDER BY g").fetchall()
        return grouped, conn.execute("SELECT listed(id, g) FROM t WHERE id < 0").fetchall()

    assert same(scenario)[1] == [(None,)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 has window functions since Python 3.11")
def test_an_aggregate_works_in_a_window(same):
    def scenario(_module, conn):
        conn.create_window_function("sumint", 1, SumInt)
        return conn.execute(
            "WITH n(i) AS (VALUES (1), (2), (3), (4), (5)) SELECT i, sumint(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING "
            "AND 1 FOLLOWING), (SELECT sumint(i) FROM n) FROM n"
        ).fetchall()

    assert same(scenario)[2] == (3, 9, 15)


def test_what_callbacks_raise_ends_the_statement_as_in_sqlite3(same):
    class Broken:
        def __init__(self, fails=None):
            pass

        def step(self, value):
            raise ValueError(value)

        def finalize(self):
            return 1

    class Unfinished:
        def step(self, value):
            pass

    def scenario(module, conn):
        conn.create_function("zero", 0, lambda: 1 // 0)
        conn.create_function("huge", 0, lambda: 2**63)
        conn.create_function("odd", 0, lambda: object())
        conn.create_function("surrogate", 0, lambda: "\ud800")
        conn.create_function("memory", 0, lambda: (_ for _ in ()).throw(MemoryError))
        conn.create_aggregate("broken", 1, Broken)
        conn.create_aggregate("unfinished", 1, Unfinished)
        calls = ["zero()", "huge()", "odd()", "surrogate()", "memory()", "broken(1)", "unfinished(1)", "zero(1)"]
        return [said(conn.execute, f"SELECT {call}") for call in calls]

    assert same(scenario)[0][:2] == ("OperationalError", "user-defined function raised exception")


def test_a_failing_function_changes_nothing(same):
    def scenario(_module, conn):
        fill(conn)
        conn.create_function("fails_at", 2, lambda value, at: value if value != at else 1 // 0)
        told = said(conn.execute, "UPDATE t SET v = fails_at(id, 5)")
        conn.commit()
        return told, conn.execute("SELECT id, v FROM t ORDER BY id").fetchall()

    same(scenario)


def test_registering_wrongly_raises_as_in_sqlite3(same):
    def scenario(_module, conn):
        return [
            said(conn.create_function, "f", -100, lambda: 1),
            said(conn.create_function, "x" * 300, 0, lambda: 1),
            said(conn.create_aggregate, "f", 1000, SumInt),
            said(conn.create_collation, "c", 42),
        ]

    same(scenario)


def test_none_removes_a_collation(same):
    def scenario(_module, conn):
        conn.create_collation("c", lambda a, b: 0)
        before = conn.execute("SELECT 'a' = 'b' COLLATE c").fetchall()
        conn.create_collation("c", None)
        return before, said(conn.execute, "SELECT 'a' = 'b' COLLATE c")

    same(scenario)


def test_none_removes_a_function(conn):
    """As Python documents it; sqlite3 itself, up to 3.13, then fails to call None."""
    conn.create_function("f", 0, lambda: 1)
    assert conn.execute("SELECT f()").fetchone() == (1,)
    conn.create_function("f", 0, None)
    with pytest.raises(heliosdb_sqlite.OperationalError, match="no such function: f"):
        conn.execute("SELECT f()")


def test_a_collation_orders_rows_and_its_index_is_used(same):
    def scenario(_module, conn):
        conn.create_collation("backwards", lambda a, b: (a < b) - (a > b))
        conn.execute("CREATE TABLE names(n TEXT COLLATE backwards)")
        conn.execute("CREATE INDEX by_name ON names(n)")
        conn.executemany("INSERT INTO names VALUES (?)", [("b",), ("ä",), ("a",), ("a\0c",)])
        conn.commit()
        return conn.execute("SELECT n FROM names ORDER BY n").fetchall()

    assert same(scenario)[0] == ("ä",)


def test_a_table_whose_index_needs_a_function_is_rebuilt_from_the_engine(tmp_path):
    path = tmp_path / "a.db"

    def connect():
        conn = heliosdb_sqlite.connect(path)
        conn.create_function("half", 1, lambda value: value / 2, deterministic=True)
        conn.create_collation("backwards", lambda a, b: (a < b) - (a > b))
        return conn

    conn = connect()
    conn.execute("CREATE TABLE t(a INTEGER, b TEXT COLLATE backwards)")
    conn.execute("CREATE INDEX by_half ON t(half(a))")
    conn.execute("CREATE INDEX by_b ON t(b)")
    conn.executemany("INSERT INTO t VALUES (?, ?)", [(i, str(i)) for i in range(10)])
    conn.commit()
    before = conn.execute("SELECT * FROM t ORDER BY b").fetchall()
    conn.close()
    for name in ("a.db", "a.db-wal", "a.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    conn = connect()
    assert conn.execute("SELECT * FROM t ORDER BY b").fetchall() == before
    assert conn.execute("SELECT a FROM t WHERE half(a) = 2.0").fetchall() == [(4,)]
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    conn.close()


def test_a_stored_column_of_a_function_is_refused_by_name(tmp_path):
    """Its values could not be made again before the program has registered the function."""
    conn = heliosdb_sqlite.connect(tmp_path / "a.db")
    conn.create_function("half", 1, lambda value: value / 2, deterministic=True)
    with pytest.raises(heliosdb_sqlite.NotSupportedError, match="STORED"):
        conn.execute("CREATE TABLE t(a INTEGER, c AS (half(a)) STORED)")
    conn.close()


def test_callbacks_are_shown_when_asked_for(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    conn = heliosdb_sqlite.connect(":memory:")

    def divide():
        return 1 // 0

    conn.create_function("divide", 0, divide)
    for enable in (True, False):
        heliosdb_sqlite.enable_callback_tracebacks(enable)
        with pytest.raises(sqlite3.OperationalError):
            conn.execute("SELECT divide()")
    conn.close()
    assert [(each.exc_type, each.object) for each in told] == [(ZeroDivisionError, divide)]


def test_a_connection_that_its_function_knows_is_freed():
    import gc
    import weakref

    conn = heliosdb_sqlite.connect(":memory:")
    conn.create_function("own", 0, lambda conn=conn: conn.total_changes)
    assert conn.execute("SELECT own()").fetchone() == (0,)
    gone = weakref.ref(conn)
    del conn
    gc.collect()
    assert gone() is None
