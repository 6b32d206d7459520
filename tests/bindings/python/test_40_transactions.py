# SPDX-License-Identifier: Apache-2.0
"""Transactions, beside sqlite3: the implicit BEGIN, commit, rollback, isolation_level, locks."""

import sys
import threading

import pytest
from conftest import said

import heliosdb_sqlite

LEVELS = ["", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "immediate", None]


def make(conn):
    conn.executescript("CREATE TABLE t(a INTEGER)")
    return conn


@pytest.mark.parametrize("level", LEVELS)
def test_implicit_begin(same, level):
    def scenario(module, conn):
        make(conn)
        seen = [conn.isolation_level, conn.in_transaction]
        for sql in (
            "SELECT * FROM t", "CREATE TABLE u(a)", "PRAGMA user_version", "INSERT INTO t VALUES (1)",
            "SELECT * FROM t",
            "CREATE TABLE w(a)", "COMMIT", "UPDATE t SET a = 2", "ROLLBACK", "BEGIN", "DELETE FROM t", "SAVEPOINT s",
            "REPLACE INTO t VALUES (5)", "ROLLBACK TO s", "COMMIT", "SAVEPOINT s", "RELEASE s",
        ):  # fmt: skip
            told = said(conn.execute, sql)
            seen.append((sql, told if isinstance(told, tuple) else told.fetchall(), conn.in_transaction))
        conn.rollback()
        return seen, conn.execute("SELECT * FROM t").fetchall()

    same(scenario, isolation_level=level)


@pytest.mark.parametrize("level", LEVELS)
def test_commit_and_rollback(same, level):
    def scenario(module, conn):
        make(conn)
        seen = [conn.commit(), conn.rollback()]
        conn.execute("INSERT INTO t VALUES (1)")
        conn.commit()
        conn.execute("INSERT INTO t VALUES (2)")
        conn.rollback()
        seen.append(conn.execute("SELECT * FROM t").fetchall())
        return seen

    same(scenario, isolation_level=level)


def test_changing_the_isolation_level(same):
    def scenario(module, conn):
        make(conn)
        conn.execute("INSERT INTO t VALUES (1)")
        seen = [conn.in_transaction]
        conn.isolation_level = None
        seen.append(conn.in_transaction)
        conn.execute("INSERT INTO t VALUES (2)")
        seen.append(conn.in_transaction)
        conn.isolation_level = "deferred"
        seen.append(conn.isolation_level)
        conn.execute("INSERT INTO t VALUES (3)")
        seen.append(conn.in_transaction)
        conn.rollback()
        wrong = [said(setattr, conn, "isolation_level", value) for value in ("x", 1, b"", "DEFERRED\0")]
        return seen, wrong, conn.isolation_level, conn.execute("SELECT * FROM t").fetchall()

    same(scenario)


def test_executescript_commits_first(same):
    def scenario(module, conn):
        make(conn)
        conn.execute("INSERT INTO t VALUES (1)")
        conn.executescript("INSERT INTO t VALUES (2)")
        seen = [conn.in_transaction]
        conn.rollback()
        conn.executescript("BEGIN; INSERT INTO t VALUES (3);")
        seen.append(conn.in_transaction)
        conn.rollback()
        return seen, conn.execute("SELECT * FROM t").fetchall()

    same(scenario)


def test_context_manager(same):
    def scenario(module, conn):
        make(conn)
        with conn as entered:
            conn.execute("INSERT INTO t VALUES (1)")
        seen = [entered is conn, conn.in_transaction]
        try:
            with conn:
                conn.execute("INSERT INTO t VALUES (2)")
                raise ZeroDivisionError
        except ZeroDivisionError:
            seen.append(conn.in_transaction)
        with conn:
            pass
        return seen, conn.execute("SELECT * FROM t").fetchall()

    same(scenario)


def test_context_manager_when_the_commit_fails(same):
    def scenario(module, conn):
        conn.executescript(
            "PRAGMA foreign_keys = ON; CREATE TABLE p(a PRIMARY KEY);"
            "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
        )

        def work():
            with conn:
                conn.execute("INSERT INTO c VALUES (5)")

        return said(work), conn.in_transaction, conn.execute("SELECT * FROM c").fetchall()

    same(scenario)


def test_ddl_in_a_transaction(same):
    def scenario(module, conn):
        make(conn)
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE u(a)")
        conn.execute("ALTER TABLE t ADD COLUMN b")
        conn.execute("INSERT INTO u VALUES (1)")
        conn.rollback()
        return conn.execute("SELECT name, sql FROM sqlite_master").fetchall(), said(conn.execute, "SELECT * FROM u")

    same(scenario)


def test_savepoints(same):
    def scenario(module, conn):
        make(conn)
        for sql in (
            "BEGIN", "INSERT INTO t VALUES (1)", "SAVEPOINT a", "INSERT INTO t VALUES (2)", "SAVEPOINT b",
            "INSERT INTO t VALUES (3)", "ROLLBACK TO a", "INSERT INTO t VALUES (4)", "RELEASE a", "COMMIT",
        ):  # fmt: skip
            conn.execute(sql)
        return conn.execute("SELECT a FROM t ORDER BY a").fetchall(), said(conn.execute, "RELEASE none")

    assert same(scenario)[0] == [(1,), (4,)]


def test_statement_that_fails_inside_a_transaction(same):
    def scenario(module, conn):
        conn.executescript("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (3)")
        conn.execute("INSERT INTO t VALUES (1)")
        told = said(conn.execute, "INSERT INTO t VALUES (2), (3), (4)")
        partly = said(conn.execute, "INSERT OR FAIL INTO t VALUES (7), (3), (8)")
        conn.commit()
        undone = said(conn.execute, "INSERT OR ROLLBACK INTO t VALUES (9), (3)")
        return told, partly, undone, conn.in_transaction, conn.execute("SELECT a FROM t ORDER BY a").fetchall()

    same(scenario)


def test_returning_commits_at_its_end(same):
    def scenario(module, conn):
        make(conn)
        cursor = conn.execute("INSERT INTO t VALUES (1), (2) RETURNING a")
        seen = [conn.in_transaction, cursor.fetchall(), conn.in_transaction]
        conn.execute("INSERT INTO t VALUES (3) RETURNING a")
        return seen, conn.execute("SELECT count(*) FROM t").fetchone()

    same(scenario, isolation_level=None)


def test_autocommit_false(conn):
    conn.autocommit = False
    assert conn.in_transaction
    conn.execute("CREATE TABLE t(a)")
    conn.commit()
    assert conn.in_transaction
    conn.execute("INSERT INTO t VALUES (1)")
    conn.rollback()
    assert conn.in_transaction
    with conn:
        conn.executescript("INSERT INTO t VALUES (2)")
    conn.execute("INSERT INTO t VALUES (3)")
    conn.rollback()
    assert conn.execute("SELECT * FROM t").fetchall() == [(2,)]
    conn.autocommit = True
    assert not conn.in_transaction


def test_autocommit_true(place):
    conn = place.connect(autocommit=True)
    conn.execute("CREATE TABLE t(a)")
    conn.execute("INSERT INTO t VALUES (1)")
    assert not conn.in_transaction
    conn.execute("BEGIN")
    conn.commit()
    assert conn.in_transaction
    conn.autocommit = heliosdb_sqlite.LEGACY_TRANSACTION_CONTROL
    conn.commit()
    assert not conn.in_transaction
    with pytest.raises(ValueError):
        conn.autocommit = 7
    conn.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has autocommit from Python 3.12 on")
@pytest.mark.parametrize("autocommit", [True, False, -1])
def test_autocommit_as_in_sqlite3(same, autocommit):
    def scenario(module, conn):
        seen = [conn.in_transaction]
        for step in (
            lambda: conn.execute("CREATE TABLE t(a)"), conn.commit, lambda: conn.execute("INSERT INTO t VALUES (1)"),
            conn.rollback, lambda: conn.executescript("INSERT INTO t VALUES (2)"), conn.commit, conn.__enter__,
        ):  # fmt: skip
            step()
            seen.append(conn.in_transaction)
        return seen, conn.execute("SELECT * FROM t").fetchall()

    same(scenario, autocommit=autocommit)


def test_uncommitted_rows_are_rolled_back_by_close(place):
    if place.name == "memory":
        pytest.skip("a database in memory is gone when closed")
    conn = make(place.connect())
    conn.execute("INSERT INTO t VALUES (1)")
    conn.close()
    conn = place.connect()
    assert conn.execute("SELECT * FROM t").fetchall() == []
    conn.close()


def test_locked(tmp_path):
    path = tmp_path / "a.db"
    first = make(heliosdb_sqlite.connect(path))
    second = heliosdb_sqlite.connect(path, timeout=0.2)
    first.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(heliosdb_sqlite.OperationalError, match="database is locked") as caught:
        second.execute("INSERT INTO t VALUES (2)")
    assert caught.value.sqlite_errorname == "SQLITE_BUSY"
    assert second.execute("SELECT count(*) FROM t").fetchone() == (0,)
    second.rollback()
    first.commit()
    second.execute("INSERT INTO t VALUES (2)")
    second.commit()
    assert first.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
    first.close()
    second.close()


def test_waits_for_the_lock(tmp_path):
    path = tmp_path / "a.db"
    first = make(heliosdb_sqlite.connect(path, check_same_thread=False))
    second = heliosdb_sqlite.connect(path, timeout=20)
    first.execute("INSERT INTO t VALUES (1)")
    timer = threading.Timer(0.3, first.commit)
    timer.start()
    second.execute("INSERT INTO t VALUES (2)")
    second.commit()
    timer.join()
    assert second.execute("SELECT count(*) FROM t").fetchone() == (2,)
    first.close()
    second.close()


def test_snapshot(tmp_path):
    path = tmp_path / "a.db"
    writer, reader = make(heliosdb_sqlite.connect(path)), heliosdb_sqlite.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    count = "SELECT count(*) FROM t"
    assert reader.execute(count).fetchone() == (0,)
    with writer:
        writer.execute("INSERT INTO t VALUES (1)")
    assert reader.execute(count).fetchone() == (0,)
    reader.execute("COMMIT")
    assert reader.execute(count).fetchone() == (1,)
    writer.close()
    reader.close()


def test_many_small_transactions_reach_the_engine(tmp_path):
    conn = make(heliosdb_sqlite.connect(tmp_path / "a.db"))
    for number in range(200):
        with conn:
            conn.execute("INSERT INTO t VALUES (?)", (number,))
    with conn:
        conn.execute("DELETE FROM t WHERE a % 2")
        conn.execute("UPDATE t SET a = -a WHERE a > 100")
    assert conn.verify() == 0
    conn.close()


def test_a_function_in_a_transaction(conn):
    make(conn)

    def add(number, fail=False):
        def work(given):
            assert given is conn and conn.in_transaction
            given.execute("INSERT INTO t VALUES (?)", (number,))
            if fail:
                raise KeyError(number)
            return number

        return work

    assert conn.transaction(add(1)) == 1
    with pytest.raises(KeyError):
        conn.transaction(add(2, fail=True), retries=5)
    assert not conn.in_transaction
    assert conn.execute("SELECT a FROM t").fetchall() == [(1,)]
    conn.execute("BEGIN")
    with pytest.raises(heliosdb_sqlite.ProgrammingError, match="within a transaction"):
        conn.transaction(add(3))
    conn.rollback()


@pytest.mark.parametrize("autocommit", [True, False, heliosdb_sqlite.LEGACY_TRANSACTION_CONTROL])
def test_a_busy_transaction_is_tried_again_as_often_as_allowed(tmp_path, autocommit):
    first = make(heliosdb_sqlite.connect(tmp_path / "a.db"))
    second = heliosdb_sqlite.connect(tmp_path / "a.db", timeout=0, autocommit=autocommit)
    calls = []

    def work(given):
        calls.append(given)
        if len(calls) == 5:
            first.commit()
        given.execute("INSERT INTO t VALUES (?)", (len(calls),))

    first.execute("INSERT INTO t VALUES (0)")
    with pytest.raises(heliosdb_sqlite.OperationalError, match="database is locked"):
        second.transaction(work, retries=2)
    assert len(calls) == 3 and second.in_transaction == (autocommit is False)
    second.transaction(work, retries=2)
    assert len(calls) == 5 and second.in_transaction == (autocommit is False)
    assert first.execute("SELECT a FROM t").fetchall() == [(0,), (5,)]
    first.close()
    second.close()


def test_writers_that_meet_on_a_server_try_again(place):
    if place.name != "postgresql":
        pytest.skip("locking=mvcc is PostgreSQL's")
    conns = [place.connect(locking="mvcc", isolation_level=None, check_same_thread=False) for _ in range(4)]
    make(conns[0]).execute("INSERT INTO t VALUES (0)")

    def add(conn):
        for _ in range(10):
            conn.transaction(lambda given: given.execute("UPDATE t SET a = a + 1"), retries=1000)

    threads = [threading.Thread(target=add, args=(conn,)) for conn in conns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert conns[0].execute("SELECT a FROM t").fetchall() == [(40,)]
    for conn in conns:
        conn.close()
