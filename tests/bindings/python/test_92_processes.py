# SPDX-License-Identifier: Apache-2.0
"""Processes: connections and fork, as servers do it that fork their workers, and what can't be pickled."""

import copy
import os
import pickle
import sqlite3
import sys

import pytest
from conftest import said

import heliosdb_sqlite

pytestmark = [
    pytest.mark.usefixtures("no_process_left"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture
def forked():
    """Runs an action in a forked child and returns what it says; the child ends without cleaning up."""

    def run(action):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, pickle.dumps(said(action)))
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pickle.loads(pipe.read())
        assert os.waitpid(child, 0)[1] == 0
        return told

    return run


REFUSED = ("InterfaceError", "the connection was opened before fork() and can't be used in the child", "SQLITE_MISUSE")


def test_a_connection_from_before_the_fork_is_refused_in_the_child(conn, forked):
    conn.execute("CREATE TABLE t(a)")
    conn.execute("INSERT INTO t VALUES (1)")
    cursor = conn.execute("SELECT a FROM t UNION ALL SELECT 2")
    calls = {
        "execute": lambda: conn.execute("SELECT 1"),
        "the same again": lambda: conn.execute("INSERT INTO t VALUES (1)"),
        "fetchone": cursor.fetchone,
        "commit": conn.commit,
        "rollback": conn.rollback,
        "executescript": lambda: conn.executescript("SELECT 1"),
        "create_function": lambda: conn.create_function("f", 0, int),
        "set_authorizer": lambda: conn.set_authorizer(None),
        "verify": conn.verify,
    }
    assert {name: forked(call) for name, call in calls.items() if name != "create_function"} == {
        name: REFUSED for name in calls if name != "create_function"
    }
    assert forked(calls["create_function"])[0] == "OperationalError"  # as for every wrong registration
    conn.commit()
    assert cursor.fetchall() == [(1,), (2,)]
    assert conn.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_child_opens_its_own_connection_and_leaves_the_parents_alone(place, forked):
    if place.name == "memory":
        pytest.skip("a database in memory is its process's own")
    parent = place.connect()
    parent.execute("CREATE TABLE t(a)")
    parent.execute("INSERT INTO t VALUES ('parent')")
    parent.commit()

    def work():
        own = place.connect()
        with own:
            own.execute("INSERT INTO t VALUES ('child')")
        rows = own.execute("SELECT a FROM t ORDER BY a").fetchall()
        own.close()
        parent.close()  # what a worker does with what it inherited
        return rows

    assert forked(work) == [("child",), ("parent",)]
    with parent:
        parent.execute("INSERT INTO t VALUES ('parent again')")
    assert parent.execute("SELECT a FROM t ORDER BY a").fetchall() == [("child",), ("parent",), ("parent again",)]
    if place.name == "file":
        assert parent.verify() == 0
    parent.close()


def test_an_open_transaction_of_the_parent_outlives_the_child(place, forked):
    parent = place.connect()
    parent.execute("CREATE TABLE t(a)")
    parent.commit()
    parent.execute("INSERT INTO t VALUES (1)")

    def work():
        parent.close()

    assert forked(work) is None
    assert parent.in_transaction
    parent.execute("INSERT INTO t VALUES (2)")
    parent.commit()
    parent.close()
    if place.name != "memory":
        again = place.connect()
        assert again.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
        again.close()


PREFORK = """
import multiprocessing, sys
import heliosdb_sqlite

path = sys.argv[1]
options = dict(pair.split("=", 1) for pair in sys.argv[2:])
master = heliosdb_sqlite.connect(path, timeout=30, **options)
master.execute("CREATE TABLE hits(worker, number)")
master.commit()
reading = master.execute("SELECT 1 UNION ALL SELECT 2")
assert reading.fetchone() == (1,)

def worker(number):
    try:
        master.execute("SELECT 1")
    except heliosdb_sqlite.InterfaceError as error:
        assert "fork()" in str(error)
    else:
        raise SystemExit("the master's connection was used in a worker")
    own = heliosdb_sqlite.connect(path, timeout=30, **options)
    for step in range(5):
        with own:
            own.execute("INSERT INTO hits VALUES (?, ?)", (number, step))
    own.close()

context = multiprocessing.get_context("fork")
workers = [context.Process(target=worker, args=(number,)) for number in range(3)]
for each in workers:
    each.start()
for each in workers:
    each.join()
assert reading.fetchone() == (2,)
print([each.exitcode for each in workers])
print(master.execute("SELECT worker, count(*), max(number) FROM hits GROUP BY worker ORDER BY worker").fetchall())
master.close()
"""


@pytest.mark.parametrize("place", ["file", "heliosdb", "postgresql"], indirect=True)
def test_workers_forked_from_a_master_with_a_connection(place, python):
    """As gunicorn with --preload: the workers inherit a connection, end normally and say nothing."""
    options = [f"{name}={value}" for name, value in place.options.items()]
    done = python(PREFORK, place.ours, *options, ok=False, PYTHONWARNINGS="ignore::DeprecationWarning")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["[0, 0, 0]", "[(0, 5, 4), (1, 5, 4), (2, 5, 4)]"]


def objects(module, connection):
    """Objects that can't be pickled or copied, by name."""
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES (x'00')")
    cursor = connection.cursor()
    cursor.row_factory = module.Row
    yield "Connection", connection
    yield "Cursor", cursor
    yield "Row", cursor.execute("SELECT 1 AS a").fetchone()
    if hasattr(connection, "blobopen") and hasattr(sqlite3, "Blob"):
        yield "Blob", connection.blobopen("t", "a", 1)


@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_what_can_not_be_pickled_or_copied_as_in_sqlite3(way):
    ways = {
        "pickle": pickle.dumps,
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }

    def told(module):
        connection = module.connect(":memory:")
        found = {name: said(ways[way], value)[:2] for name, value in objects(module, connection)}
        connection.close()
        return {name: (kind, text.replace("sqlite3.", "")) for name, (kind, text) in found.items()}

    assert told(heliosdb_sqlite) == told(sqlite3)


def test_a_subclass_may_say_how_it_is_pickled():
    connection = pickle.loads(pickle.dumps(Reopened(":memory:")))
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.close()


class Reopened(heliosdb_sqlite.Connection):
    """Pickled as the database that it opens."""

    def __reduce__(self):
        return Reopened, (":memory:",)


def test_errors_are_pickled_with_what_they_carry():
    connection = heliosdb_sqlite.connect(":memory:")
    connection.execute("CREATE TABLE t(a UNIQUE)")
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError) as caught:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is heliosdb_sqlite.IntegrityError and again.args == caught.value.args
    assert again.sqlite_errorcode == heliosdb_sqlite.SQLITE_CONSTRAINT_UNIQUE
    assert again.sqlite_errorname == "SQLITE_CONSTRAINT_UNIQUE"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="sqlite3 warns of unclosed connections from Python 3.13 on")
def test_no_warning_for_a_closed_connection(python):
    source = (
        "import gc, heliosdb_sqlite\n"
        "connection = heliosdb_sqlite.connect(':memory:')\n"
        "connection.close()\n"
        "del connection\n"
        "gc.collect()\n"
        "left = heliosdb_sqlite.connect(':memory:')\n"
        "del left\n"
        "gc.collect()\n"
        "print('end')\n"
    )
    done = python(source, ok=False, PYTHONWARNINGS="always::ResourceWarning")
    assert done.stdout == "end\n"
    assert done.stderr.count("ResourceWarning: unclosed database in <heliosdb_sqlite.") == 1
