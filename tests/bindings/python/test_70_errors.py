# SPDX-License-Identifier: Apache-2.0
"""What goes wrong says what it is, in the right class, and leaves no process behind."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import urllib.parse

import pytest
from conftest import SERVERS, Place, said

import heliosdb_sqlite

pytestmark = pytest.mark.usefixtures("no_process_left")


def fails(*arguments, **options):
    """The OperationalError that connecting raises; sqlite3's class of that name catches it too."""
    with pytest.raises(sqlite3.OperationalError) as caught:
        heliosdb_sqlite.connect(*arguments, **options)
    assert type(caught.value) is heliosdb_sqlite.OperationalError
    return caught.value


def server(name):
    dsn = os.environ.get(SERVERS[name])
    if not dsn:
        pytest.skip(f"{SERVERS[name]} is not set")
    return dsn


def changed(dsn, **parts):
    """A DSN with some of its parts replaced, be it a URI or key=value words."""
    psycopg = pytest.importorskip("psycopg")
    return psycopg.conninfo.make_conninfo(dsn, **parts)


def test_missing_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("HELIOSDB_BIN", str(tmp_path / "none"))
    error = fails(tmp_path / "a.db")
    assert "HELIOSDB_BIN" in str(error) and str(tmp_path / "none") in str(error)
    assert error.sqlite_errorname == "SQLITE_CANTOPEN"
    assert not (tmp_path / "a.db").exists()


def test_missing_engine_named_by_argument(tmp_path):
    assert "none" in str(fails(tmp_path / "a.db", engine=tmp_path / "none"))


def test_no_engine_anywhere(tmp_path, monkeypatch):
    monkeypatch.delenv("HELIOSDB_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    error = fails(tmp_path / "a.db")
    assert "HELIOSDB_BIN" in str(error) and "heliosdb-nano" in str(error)


def test_engine_that_is_something_else(tmp_path):
    def write():
        conn = heliosdb_sqlite.connect(tmp_path / "a.db", engine="/bin/false", timeout=1)
        with contextlib.closing(conn):
            conn.execute("CREATE TABLE t(a)")

    kind, text, name = said(write)
    assert (kind, name) == ("OperationalError", "SQLITE_CANTOPEN")
    assert "engine did not start" in text


@pytest.mark.parametrize("name", SERVERS)
def test_wrong_password(name):
    error = fails("a", mode="daemon", dsn=changed(server(name), password="wrong"))
    assert error.sqlstate == "28P01"
    assert "password" in str(error)


@pytest.mark.parametrize("dsn", [
    "host=127.0.0.1 port=1 user=u dbname=d", "postgresql://u:secret@127.0.0.1:1/d", "host=/nonexistent user=u",
    "host=no.such.host.invalid user=u",
])  # fmt: skip
def test_unreachable_server(dsn):
    error = fails("a", mode="daemon", dsn=dsn, timeout=5)
    assert error.sqlite_errorname == "SQLITE_CANTOPEN"
    assert "secret" not in str(error)
    assert len(str(error)) > 20


def test_unreachable_server_as_the_database():
    assert fails("postgresql://u:secret@127.0.0.1:1/d").sqlite_errorname == "SQLITE_CANTOPEN"


def test_daemon_mode_without_a_dsn(monkeypatch):
    monkeypatch.delenv("HELIOSDB_DSN", raising=False)
    assert "dsn" in said(heliosdb_sqlite.connect, "a", mode="daemon")[1].lower()


def test_malformed_dsn():
    assert said(heliosdb_sqlite.connect, "a", mode="daemon", dsn="what is this")[0] == "OperationalError"


@pytest.mark.parametrize("name", SERVERS)
def test_server_disconnects_in_the_middle(name, tmp_path):
    psycopg = pytest.importorskip("psycopg")
    conn = Place(name, tmp_path).connect()
    conn.execute("CREATE TABLE t(a)")
    conn.commit()
    with psycopg.connect(server(name), autocommit=True) as other:
        try:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ).fetchall()
        except psycopg.Error as error:
            conn.close()
            pytest.skip(f"this server can't end a session: {error}")
    said(conn.execute, "INSERT INTO t VALUES (1)")
    conn.close()


@pytest.mark.parametrize("path", ["none/a.db", "none/none/a.db"])
def test_directory_that_is_not_there(tmp_path, path):
    error = fails(tmp_path / path)
    assert str(error) == said(sqlite3.connect, str(tmp_path / path))[1]


def test_directory_as_database(tmp_path):
    assert str(fails(tmp_path)) == "unable to open database file"


def unprivileged(source, *arguments):
    """Runs a program as nobody when the tests run as root, whom permissions do not stop."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    if os.geteuid() != 0:
        return subprocess.run(command, text=True, capture_output=True, timeout=60)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return subprocess.run(command, text=True, capture_output=True, timeout=60)


def test_read_only_directory(tmp_path):
    probe = unprivileged("import sqlite3, heliosdb_sqlite; print('can')")
    if probe.stdout.strip() != "can":
        pytest.skip(f"another user can't run this interpreter: {probe.stderr.strip()[-200:]}")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    closed.chmod(0o555)
    done = unprivileged(
        "import sys, heliosdb_sqlite\n"
        "try:\n"
        "    heliosdb_sqlite.connect(sys.argv[1])\n"
        "except heliosdb_sqlite.OperationalError as error:\n"
        "    print(error.sqlite_errorname, error)\n",
        closed / "a.db",
    )
    closed.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SQLITE_CANTOPEN"), done.stdout
    assert list(closed.iterdir()) == []


def test_not_a_database(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no SQLite file at all\n" * 100)
    before = path.read_bytes()

    def read(module):
        with contextlib.closing(module.connect(path)) as conn:
            conn.execute("SELECT * FROM sqlite_master")

    assert said(read, heliosdb_sqlite) == said(read, sqlite3)
    assert path.read_bytes() == before


def test_corrupt_data_directory(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    conn.close()
    wait_for_no_engine(tmp_path)
    damaged = 0
    for name in (tmp_path / "a.db-heliosdb" / "data").rglob("*"):
        if name.is_file() and (name.name == "CURRENT" or name.name.startswith(("MANIFEST", "OPTIONS"))):
            name.write_bytes(b"\0damaged\0" * 20)
            damaged += 1
    assert damaged

    def use():
        with contextlib.closing(heliosdb_sqlite.connect(path, timeout=5)) as conn:
            conn.execute("INSERT INTO t VALUES (2)")
            conn.commit()

    kind, text, _ = said(use)
    assert kind in ("OperationalError", "DatabaseError")
    assert "a.db-heliosdb" in text
    assert sqlite3.connect(path).execute("SELECT * FROM t").fetchall() == [(1,)]


def wait_for_no_engine(directory):
    import time

    from conftest import processes_of

    end = time.monotonic() + 10
    while processes_of(directory) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_of(directory) == []


def test_syntax_error(same):
    assert same(lambda module, conn: conn.execute("SELEC 1"))[0] == "OperationalError"


def test_constraint_error(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a PRIMARY KEY)")
        conn.execute("INSERT INTO t VALUES (1)")
        return conn.execute("INSERT INTO t VALUES (1)")

    assert same(scenario) == ("IntegrityError", "UNIQUE constraint failed: t.a", "SQLITE_CONSTRAINT_PRIMARYKEY")


def test_constraint_error_has_an_sqlstate(conn):
    conn.execute("CREATE TABLE t(a PRIMARY KEY)")
    conn.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError) as caught:
        conn.execute("INSERT INTO t VALUES (1)")
    assert caught.value.sqlstate == "23505"


def test_too_many_connections(name="postgresql"):
    psycopg = pytest.importorskip("psycopg")
    dsn = server(name)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS few")
        admin.execute("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 1")
        admin.execute("GRANT ALL ON SCHEMA public TO few")
        few = changed(dsn, user="few", password="few")
        first = psycopg.connect(few)
        try:
            error = fails("a", mode="daemon", dsn=few)
        finally:
            first.close()
            admin.execute("REVOKE ALL ON SCHEMA public FROM few")
            admin.execute("DROP ROLE few")
    assert error.sqlite_errorname == "SQLITE_CANTOPEN"
    assert "too many connections" in str(error)


def test_too_many_connections_to_heliosdb():
    psycopg = pytest.importorskip("psycopg")
    dsn, held = server("heliosdb"), []
    try:
        for _ in range(200):
            try:
                held.append(psycopg.connect(dsn))
            except psycopg.OperationalError:
                break
        else:
            pytest.skip("the server takes more than 200 connections")
        error = fails("a", mode="daemon", dsn=dsn, timeout=2)
    finally:
        for connection in held:
            connection.close()
    assert error.sqlite_errorname in ("SQLITE_CANTOPEN", "SQLITE_BUSY")


def test_masked_password_in_engine_dsn():
    dsn = server("postgresql")
    password = urllib.parse.urlsplit(dsn).password or changed(dsn).split("password=")[1].split()[0]
    conn = heliosdb_sqlite.connect("a", mode="daemon", dsn=dsn)
    assert password not in conn.engine_dsn
    conn.close()


def test_error_after_an_error(conn):
    for _ in range(3):
        with pytest.raises(heliosdb_sqlite.OperationalError, match="no such table: none"):
            conn.execute("SELECT * FROM none")
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_keyboard_interrupt_ends_a_long_statement(python):
    done = python(
        "import heliosdb_sqlite, os, signal, threading, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "conn = heliosdb_sqlite.connect(':memory:')\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "start = time.monotonic()\n"
        "try:\n"
        "    conn.execute('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT sum(i) FROM n')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', time.monotonic() - start < 60, conn.execute('SELECT 1').fetchall())\n",
    )
    assert done == "interrupted True [(1,)]\n"


def test_interrupt_from_another_thread(conn):
    import threading

    timer = threading.Timer(0.3, conn.interrupt)
    timer.start()
    with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted") as caught:
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT sum(i) FROM n"
        )
    timer.join()
    assert caught.value.sqlite_errorname == "SQLITE_INTERRUPT"
    assert conn.execute("SELECT 1").fetchone() == (1,)
