# SPDX-License-Identifier: Apache-2.0
"""Threads: which may use a connection, that others run meanwhile, and one connection shared by many."""

import re
import sqlite3
import threading
import time

import pytest
from conftest import said

import heliosdb_sqlite

pytestmark = pytest.mark.usefixtures("no_process_left")

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT sum(i) FROM n"
ENDLESS = LONG.format(10**12)

# What a connection and a cursor let another thread do or not, by the name of the method or property.
CALLS = {
    "cursor": (),
    "commit": (),
    "rollback": (),
    "close": (),
    "execute": ("SELECT 1",),
    "executemany": ("INSERT INTO t VALUES (?)", [(1,)]),
    "executescript": ("SELECT 1",),
    "create_function": ("f", 0, None),
    "create_aggregate": ("a", 0, None),
    "create_collation": ("c", None),
    "set_authorizer": (None,),
    "set_progress_handler": (None, 1),
    "set_trace_callback": (None,),
    "backup": ("itself",),
    "iterdump": (),
    "interrupt": (),
    "__enter__": (),
    "__call__": ("SELECT 1",),
    "blobopen": ("t", "a", 1),
    "getlimit": (0,),
    "setlimit": (0, -1),
    "serialize": (),
    "deserialize": (b"",),
    "create_window_function": ("w", 0, None),
    "getconfig": (1002,),
    "setconfig": (1002,),
}
PROPERTIES = ["in_transaction", "total_changes", "isolation_level", "row_factory", "text_factory", "autocommit"]
CURSOR_CALLS = {
    "execute": ("SELECT 1",),
    "executemany": ("INSERT INTO t VALUES (?)", [(1,)]),
    "executescript": ("SELECT 1",),
    "fetchone": (),
    "fetchmany": (),
    "fetchall": (),
    "close": (),
    "__iter__": (),
    "__next__": (),
    "setinputsizes": (None,),
}
CURSOR_PROPERTIES = ["rowcount", "lastrowid", "description", "arraysize", "connection", "row_factory"]


def in_another_thread(action):
    """What an action says in a thread of its own; numbers of threads and objects' addresses do not count."""
    told = []
    thread = threading.Thread(target=lambda: told.append(said(action)))
    thread.start()
    thread.join()
    if isinstance(told[0], tuple) and len(told[0]) == 3:
        return tuple(re.sub(r"\d{4,}", "N", str(part)) for part in told[0])
    return type(told[0]).__name__


def calls_of(target, calls, properties):
    """(name, the call or the reading of it) of what sqlite3 of this Python has."""
    for name, arguments in calls.items():
        if hasattr(target, name):
            given = tuple(target if argument == "itself" else argument for argument in arguments)
            yield name, lambda name=name, given=given: getattr(target, name)(*given)
    for name in properties:
        if hasattr(target, name):
            yield name, lambda name=name: getattr(target, name)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_call_checks_its_thread_as_in_sqlite3():
    told = {}
    theirs = sqlite3.connect(":memory:")
    ours = heliosdb_sqlite.connect(":memory:")
    for module, connection in ((sqlite3, theirs), (heliosdb_sqlite, ours)):
        connection.execute("CREATE TABLE t(a)")
        cursor = connection.cursor()
        for target, calls, properties, label in (
            (connection, CALLS, PROPERTIES, "Connection"),
            (cursor, CURSOR_CALLS, CURSOR_PROPERTIES, "Cursor"),
        ):
            for name, action in calls_of(target, calls, properties):
                told[module.__name__, label, name] = in_another_thread(action)
        connection.close()
    expected = {key[1:]: value for key, value in told.items() if key[0] == "sqlite3"}
    found = {key[1:]: value for key, value in told.items() if key[0] != "sqlite3" and key[1:] in expected}
    assert found == expected


class Ticks:
    """A thread that counts as long as it gets the interpreter."""

    def __enter__(self):
        self.count, self._stop = 0, False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self):
        while not self._stop:
            self.count += 1
            time.sleep(0.001)

    def __exit__(self, *_error):
        self._stop = True
        self._thread.join()


def test_other_threads_run_while_a_statement_runs(conn):
    timer = threading.Timer(1, conn.interrupt)
    with Ticks() as ticks:
        timer.start()
        with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
            conn.execute(ENDLESS).fetchall()
    timer.join()
    assert ticks.count > 50


@pytest.mark.parametrize("place", ["file", "heliosdb", "postgresql"], indirect=True)
def test_other_threads_run_while_a_statement_waits_for_a_lock(place):
    first = place.connect()
    first.execute("CREATE TABLE t(a)")
    first.commit()
    first.execute("INSERT INTO t VALUES (1)")
    second = place.connect(timeout=1.5)
    with Ticks() as ticks, pytest.raises(heliosdb_sqlite.OperationalError, match="database is locked"):
        second.execute("INSERT INTO t VALUES (2)")
    assert ticks.count > 50
    second.close()
    first.close()


def test_threads_sharing_a_connection_each_get_their_own_rows(place):
    """The same statements in every thread at once: none may see another's parameters or rows, and no row is lost."""
    conn = place.connect(check_same_thread=False, isolation_level=None)
    conn.execute("CREATE TABLE t(a PRIMARY KEY, b)")
    wrong = []

    def work(number):
        try:
            for step in range(40):
                value = number * 1000 + step
                conn.execute("INSERT INTO t VALUES (?, ?)", (value, str(value)))
                row = conn.execute("SELECT a, b FROM t WHERE a = ?", (value,)).fetchone()
                if row != (value, str(value)):
                    wrong.append((value, row))
                rows = conn.execute("SELECT ?, ? UNION ALL SELECT 1, 2", (value, step)).fetchall()
                if rows != [(value, step), (1, 2)]:
                    wrong.append((value, rows))
        except Exception as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert conn.execute("SELECT count(*), count(DISTINCT a), sum(a || '' = b) FROM t").fetchone() == (160, 160, 160)
    conn.close()


def test_threads_sharing_a_connection_begin_one_transaction(place):
    """With the implicit BEGIN: two threads may not both find that there is no transaction yet."""
    conn = place.connect(check_same_thread=False)
    conn.execute("CREATE TABLE t(a)")
    wrong = []

    def work(number):
        try:
            for step in range(40):
                conn.execute("INSERT INTO t VALUES (?)", (number * 1000 + step,))
                if step % 8 == 7:
                    conn.commit()
        except Exception as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    conn.commit()
    assert wrong == []
    assert conn.execute("SELECT count(*), count(DISTINCT a) FROM t").fetchone() == (160, 160)
    conn.close()
