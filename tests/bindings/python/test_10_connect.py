# SPDX-License-Identifier: Apache-2.0
"""The module's names, and what connect() takes."""

import os
import pathlib
import re
import shutil
import sqlite3
import sys
import threading
import time

import pytest
from conftest import ROOT, said

import heliosdb_sqlite

pytestmark = pytest.mark.usefixtures("no_process_left")


def test_every_name_of_sqlite3_is_there():
    modules = {"collections", "datetime", "time"}
    private = {name for name in dir(sqlite3) if name.startswith("_")}
    assert set(dir(sqlite3)) - set(dir(heliosdb_sqlite)) - modules - private == set()


def test_constants_have_their_numbers():
    names = [name for name in dir(sqlite3) if name.startswith(("SQLITE_", "PARSE_"))]
    assert len(names) > 100
    assert {n: getattr(heliosdb_sqlite, n) for n in names} == {n: getattr(sqlite3, n) for n in names}


@pytest.mark.parametrize("name", ["apilevel", "paramstyle", "threadsafety", "sqlite_version", "sqlite_version_info"])
def test_globals(name):
    assert getattr(heliosdb_sqlite, name) == getattr(sqlite3, name)


def test_dbapi2_submodule():
    import heliosdb_sqlite.dbapi2

    assert heliosdb_sqlite.dbapi2.connect is heliosdb_sqlite.connect


def test_version_is_that_of_the_project():
    meson = (ROOT / "meson.build").read_text(encoding="utf-8")
    assert re.search(r"version: '([^']+)'", meson)[1] == heliosdb_sqlite.__version__


@pytest.mark.parametrize("name", [
    "Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
    "InternalError", "ProgrammingError", "NotSupportedError",
])  # fmt: skip
def test_exceptions_are_subclasses_of_sqlite3s(name):
    ours = getattr(heliosdb_sqlite, name)
    assert issubclass(ours, getattr(sqlite3, name))
    assert getattr(heliosdb_sqlite.Connection, name) is ours
    parent = "Error" if name not in ("Warning", "Error") else None
    assert parent is None or issubclass(ours, getattr(heliosdb_sqlite, parent))


@pytest.mark.parametrize("text", ["select 1;", "select 1", "", "create trigger t begin select 1;", "select ';"])
def test_complete_statement(text):
    assert heliosdb_sqlite.complete_statement(text) == sqlite3.complete_statement(text)


def test_ticks():
    for name in ("DateFromTicks", "TimeFromTicks", "TimestampFromTicks"):
        assert getattr(heliosdb_sqlite, name)(86400.5) == getattr(sqlite3, name)(86400.5)


def test_arguments_by_position(tmp_path):
    conn = heliosdb_sqlite.connect(
        str(tmp_path / "a.db"), 1.5, 0, "IMMEDIATE", False, heliosdb_sqlite.Connection, 10, False
    )
    assert conn.isolation_level == "IMMEDIATE"
    conn.close()


def test_arguments_by_name(tmp_path):
    conn = heliosdb_sqlite.connect(
        database=tmp_path / "a.db", timeout=2, detect_types=0, isolation_level=None, check_same_thread=True,
        factory=heliosdb_sqlite.Connection, cached_statements=0, uri=False, mode="embedded", dsn=None, memory="sqlite",
        linger=0, direct="auto", coherence="strict", locking="sqlite", notices="off", open="rwc",
    )  # fmt: skip
    assert conn.isolation_level is None
    assert conn.mode == "embedded"
    conn.close()


@pytest.mark.parametrize("argument", [5, None, 1.5])
def test_database_of_a_wrong_type(argument):
    assert said(heliosdb_sqlite.connect, argument) == said(sqlite3.connect, argument)


@pytest.mark.parametrize("options", [
    {"isolation_level": "x"}, {"isolation_level": 3}, {"timeout": "x"},
])  # fmt: skip
def test_wrong_values(options):
    theirs = said(sqlite3.connect, ":memory:", **options)
    ours = said(heliosdb_sqlite.connect, ":memory:", **options)
    assert ours[0] == theirs[0] or {ours[0], theirs[0]} == {"ValueError", "TypeError"}


def test_embedded_nul():
    assert said(heliosdb_sqlite.connect, "a\0b") == said(sqlite3.connect, "a\0b")


def test_unknown_argument():
    with pytest.raises(TypeError, match="'foo' is an invalid keyword argument for Connection()"):
        heliosdb_sqlite.connect(":memory:", foo=1)


@pytest.mark.parametrize(
    "key, value", [("mode", "x"), ("memory", "x"), ("open", "x"), ("locking", "x"), ("linger", "x")]
)
def test_value_a_key_does_not_take(key, value):
    with pytest.raises(ValueError, match=key):
        heliosdb_sqlite.connect(":memory:", **{key: value})


@pytest.mark.parametrize("kind", [str, pathlib.Path, os.fsencode])
def test_path_types(tmp_path, kind):
    path = tmp_path / "päth with space.db"
    with heliosdb_sqlite.connect(kind(str(path))) as conn:
        conn.execute("CREATE TABLE t(a)")
    conn.close()
    assert path.exists()


def test_uri(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(f"file:{path}?mode=rwc", uri=True)
    conn.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    conn.close()
    conn = heliosdb_sqlite.connect(f"file:{path}?mode=ro", uri=True)
    assert conn.execute("SELECT a FROM t").fetchall() == [(1,)]
    with pytest.raises(heliosdb_sqlite.OperationalError, match="attempt to write a readonly database"):
        conn.execute("INSERT INTO t VALUES (2)")
    conn.close()
    with pytest.raises(heliosdb_sqlite.OperationalError, match="unable to open database file"):
        heliosdb_sqlite.connect(f"file:{tmp_path / 'none.db'}?mode=rw", uri=True)


def test_without_uri_as_sqlite3_does_it(tmp_path, monkeypatch):
    """What a file: name means then is a choice of whoever compiled libsqlite3."""
    made = []
    for module in (sqlite3, heliosdb_sqlite):
        directory = tmp_path / module.__name__
        directory.mkdir()
        monkeypatch.chdir(directory)
        conn = module.connect("file:a.db")
        conn.execute("CREATE TABLE t(a)")
        made.append({name for name in os.listdir(directory) if name.endswith(".db")})
        conn.close()
    assert made[0] == made[1] != set()


def test_factory():
    class Own(heliosdb_sqlite.Connection):
        def __init__(self, *arguments, **options):
            self.options = options
            super().__init__(*arguments, **options)

    conn = heliosdb_sqlite.connect(":memory:", factory=Own, timeout=1)
    assert isinstance(conn, Own) and conn.options == {"factory": Own, "timeout": 1}
    conn.close()


def test_base_init_not_called():
    class Own(heliosdb_sqlite.Connection):
        def __init__(self, name, factory):
            pass

    with pytest.raises(heliosdb_sqlite.ProgrammingError, match="Base Connection.__init__ not called"):
        heliosdb_sqlite.connect(":memory:", factory=Own).cursor()


def test_closed():
    def scenario(module):
        conn = module.connect(":memory:")
        cursor = conn.cursor()
        conn.close()
        conn.close()
        return [
            said(call)
            for call in (
                lambda: conn.execute("SELECT 1"), conn.cursor, conn.commit, conn.rollback, conn.interrupt,
                cursor.fetchone, cursor.fetchall, cursor.close, conn.__enter__, lambda: conn.in_transaction,
                lambda: conn.total_changes, lambda: conn.isolation_level, lambda: list(cursor),
                lambda: conn.create_function("f", 0, int), lambda: conn("SELECT 1"),
            )
        ]  # fmt: skip

    assert scenario(heliosdb_sqlite) == scenario(sqlite3)


def test_other_thread():
    def scenario(module):
        conn, said_there = module.connect(":memory:"), []
        cursor = conn.cursor()
        calls = [
            conn.cursor,
            conn.commit,
            conn.rollback,
            conn.close,
            cursor.fetchone,
            lambda: cursor.execute("SELECT 1"),
        ]
        thread = threading.Thread(target=lambda: said_there.extend(said(call) for call in calls))
        thread.start()
        thread.join()
        conn.close()
        return [(kind, re.sub(r"\d+", "N", text), name) for kind, text, name in said_there]

    assert scenario(heliosdb_sqlite) == scenario(sqlite3)


def test_other_thread_when_allowed():
    conn = heliosdb_sqlite.connect(":memory:", check_same_thread=False)
    rows = []
    thread = threading.Thread(target=lambda: rows.extend(conn.execute("SELECT 1")))
    thread.start()
    thread.join()
    conn.close()
    assert rows == [(1,)]


def test_connections_of_many_threads(tmp_path):
    path, errors = tmp_path / "a.db", []
    with heliosdb_sqlite.connect(path) as conn:
        conn.execute("CREATE TABLE t(a)")

    def work(number):
        try:
            own = heliosdb_sqlite.connect(path, timeout=30)
            for step in range(20):
                with own:
                    own.execute("INSERT INTO t VALUES (?)", (number * 100 + step,))
            own.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert conn.execute("SELECT count(*), count(DISTINCT a) FROM t").fetchone() == (80, 80)
    assert conn.verify() == 0
    conn.close()


def test_rows_reach_the_engine_without_close(python, tmp_path):
    python(
        "import sys, heliosdb_sqlite\n"
        "conn = heliosdb_sqlite.connect(sys.argv[1])\n"
        "conn.executescript('CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (41)')\n"
        "conn.execute('INSERT INTO t VALUES (42)')\n"
        "conn.commit()\n"
        "conn.execute('INSERT INTO t VALUES (43)')\n",
        tmp_path / "a.db",
    )
    conn = heliosdb_sqlite.connect(tmp_path / "a.db")
    assert conn.execute("SELECT a FROM t").fetchall() == [(41,), (42,)]
    assert conn.verify() == 0
    conn.close()


def test_psql_sees_the_rows(tmp_path):
    psycopg = pytest.importorskip("psycopg")
    conn = heliosdb_sqlite.connect(tmp_path / "a.db")
    conn.executescript("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL); INSERT INTO t VALUES (1, 'x', 0.5)")
    conn.flush()
    with psycopg.connect(conn.engine_dsn) as engine:
        assert engine.execute("SELECT a, b, c FROM t").fetchall() == [(1, "x", 0.5)]
    conn.close()


def test_memory_kept_by_an_engine():
    psycopg = pytest.importorskip("psycopg")
    conn = heliosdb_sqlite.connect(":memory:", memory="engine")
    conn.executescript("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (7)")
    conn.flush()
    with psycopg.connect(conn.engine_dsn) as engine:
        assert engine.execute("SELECT a FROM t").fetchall() == [(7,)]
    conn.close()


def test_explain(conn, place):
    conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)")
    told = conn.explain("SELECT * FROM t")
    assert {"lane", "sends", "why"} <= set(told)
    assert told["lane"] in (("direct", "rows") if place.name in ("heliosdb", "postgresql") else ("replica",))
    with pytest.raises(heliosdb_sqlite.OperationalError, match="no such table: none"):
        conn.explain("SELECT * FROM none")


def test_mode(conn, place):
    assert conn.mode == ("daemon" if place.name in ("heliosdb", "postgresql") else "embedded")


def test_mode_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HELIOSDB_DSN", "host=127.0.0.1 port=1")
    heliosdb_sqlite.connect(tmp_path / "a.db").close()
    monkeypatch.setenv("HELIOSDB_MODE", "daemon")
    with pytest.raises(heliosdb_sqlite.OperationalError):
        heliosdb_sqlite.connect(tmp_path / "a.db", timeout=1)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="sqlite3 warns of unclosed connections from Python 3.13 on")
def test_resource_warning():
    with pytest.warns(ResourceWarning, match="unclosed database"):
        heliosdb_sqlite.connect(":memory:")


def test_missing_library(python, tmp_path):
    done = python("import heliosdb_sqlite", ok=False, HELIOSDB_LIBRARY=str(tmp_path / "none.so"))
    assert done.returncode != 0
    assert "ImportError: libheliosdb was not found" in done.stderr and "HELIOSDB_LIBRARY" in done.stderr


def test_another_library(python):
    done = python("import heliosdb_sqlite", ok=False, HELIOSDB_LIBRARY="libm.so.6")
    assert "ImportError: libm.so.6 is not libheliosdb" in done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="sqlite3 has no enable_shared_cache() since Python 3.12")
def test_a_shared_cache_is_refused_and_none_accepted():
    with pytest.warns(DeprecationWarning):
        heliosdb_sqlite.enable_shared_cache(False)
    with pytest.warns(DeprecationWarning), pytest.raises(heliosdb_sqlite.NotSupportedError, match="whole process"):
        heliosdb_sqlite.enable_shared_cache(True)


def test_the_directory_of_a_new_database_can_be_removed_once_it_is_closed(tmp_path):
    """Although its engine may have been about to start, and lingers."""
    for number in range(10):
        directory = tmp_path / str(number)
        directory.mkdir()
        connection = heliosdb_sqlite.connect(directory / "app.db", linger=2)
        connection.execute("SELECT 1").fetchall()
        connection.close()
        shutil.rmtree(directory)


def test_opening_takes_no_longer_for_every_parenthesis_of_the_schema(tmp_path):
    path = tmp_path / "app.db"
    plain = sqlite3.connect(path)
    columns = ", ".join(f"c{i} VARCHAR(100) CHECK(length(c{i}) < 100)" for i in range(20))
    plain.executescript("".join(f"CREATE TABLE t{i}({columns});" for i in range(100)))
    plain.close()
    heliosdb_sqlite.connect(path).close()
    took = []
    for module in (sqlite3, heliosdb_sqlite):
        start = time.process_time()
        for _ in range(3):
            connection = module.connect(path)
            connection.execute("SELECT count(*) FROM t0").fetchall()
            connection.close()
        took.append(time.process_time() - start)
    assert took[1] < 20 * took[0]
