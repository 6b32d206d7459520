# SPDX-License-Identifier: Apache-2.0
"""Authorizer, progress handler and trace, beside sqlite3, in each place."""

import sqlite3
import sys

from conftest import said

import heliosdb_sqlite

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def fill(conn):
    conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    conn.execute("CREATE TABLE log(what)")
    conn.execute("CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.b); END")
    conn.executemany("INSERT INTO t(b) VALUES (?)", [("one",), ("two",)])
    conn.commit()


def test_an_authorizer_is_asked_of_the_programs_statements_alone(same, place):
    """On a server a statement is prepared anew when the schema came anew, and SQLite then asks again."""
    statements = [
        "SELECT b FROM t WHERE a = 1", "INSERT INTO t(b) VALUES ('x')", "UPDATE t SET b = upper(b)", "DELETE FROM t",
        "CREATE TABLE u(x)", "DROP TABLE u", "PRAGMA user_version", "SAVEPOINT s", "RELEASE s",
    ]  # fmt: skip

    def scenario(_module, conn):
        fill(conn)
        conn.isolation_level = None
        asked = []
        conn.set_authorizer(lambda *words: asked.append(words) or 0)
        for statement in statements:
            conn.execute(statement).fetchall()
        conn.set_authorizer(None)
        conn.execute("SELECT b FROM t")
        return asked if place.name in ("memory", "file") else set(asked)

    assert len(same(scenario)) > 20


def test_what_an_authorizer_denies_or_ignores(same):
    def scenario(module, conn):
        fill(conn)

        def ask(action, first, second, database, trigger):
            if action == module.SQLITE_DELETE:
                return module.SQLITE_DENY
            if action == module.SQLITE_READ and second == "b":
                return module.SQLITE_IGNORE
            if action == module.SQLITE_INSERT:
                raise ValueError(first)
            return module.SQLITE_OK

        conn.set_authorizer(ask)
        return [
            said(conn.execute, "DELETE FROM t"),
            conn.execute("SELECT * FROM t").fetchall(),
            said(conn.execute, "INSERT INTO t(b) VALUES (1)"),
        ]

    assert same(scenario)[1] == [(1, None), (2, None)]


def test_a_progress_handler_ends_a_statement(same):
    def scenario(_module, conn):
        fill(conn)
        calls = []
        conn.set_progress_handler(lambda: calls.append(1) or len(calls) > 5, 1000)
        told = said(lambda: conn.execute(LONG).fetchall())
        conn.set_progress_handler(None, 0)
        return told, conn.execute("SELECT b FROM t").fetchall()

    assert same(scenario)[0][:2] == ("OperationalError", "interrupted")


def test_a_trace_tells_the_programs_statements_alone(same):
    def scenario(_module, conn):
        told = []
        conn.set_trace_callback(told.append)
        fill(conn)
        conn.execute("SELECT * FROM t WHERE b = :b AND a < :a", {"b": "o'ne", "a": 7}).fetchall()
        conn.executescript("DELETE FROM t WHERE a = 2; SELECT 1;")
        conn.set_trace_callback(None)
        conn.execute("SELECT 2")
        return told

    assert "SELECT * FROM t WHERE b = 'o''ne' AND a < 7" in same(scenario)


def test_callbacks_of_every_kind_are_shown_when_they_raise(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda each: told.append((each.exc_type, each.object)))
    conn = heliosdb_sqlite.connect(":memory:")

    def fails(*_arguments):
        raise ZeroDivisionError

    heliosdb_sqlite.enable_callback_tracebacks(True)
    try:
        conn.set_trace_callback(fails)
        conn.execute("SELECT 1")
        conn.set_trace_callback(None)
        conn.set_authorizer(fails)
        assert said(conn.execute, "SELECT 2")[0] == "DatabaseError"
        conn.set_authorizer(None)
        conn.set_progress_handler(fails, 1)
        assert said(conn.execute, "SELECT 3")[:2] == ("OperationalError", "interrupted")
        conn.set_progress_handler(None, 1)
        conn.create_collation("c", fails)
        conn.execute("SELECT 'a' < 'b' COLLATE c")
    finally:
        heliosdb_sqlite.enable_callback_tracebacks(False)
        conn.close()
    assert {each for each in told} == {(ZeroDivisionError, fails)} and len(told) >= 4


def test_the_standard_library_has_no_other_callbacks():
    names = {name for name in dir(sqlite3.Connection) if name.startswith(("set_", "create_"))}
    assert names <= set(dir(heliosdb_sqlite.Connection))
