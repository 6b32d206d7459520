# SPDX-License-Identifier: Apache-2.0
"""One database and several programs: sqlite3 on the same file, the file gone, other processes."""

import sqlite3
import subprocess
import sys

import pytest

import heliosdb_sqlite

pytestmark = pytest.mark.usefixtures("no_process_left")

SCHEMA = """
CREATE TABLE plain(a INTEGER PRIMARY KEY, b TEXT NOT NULL, c REAL, d BLOB, e);
CREATE TABLE keyless(a, b);
CREATE TABLE pair(a TEXT, b INTEGER, c, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE INDEX by_b ON plain(b);
CREATE VIEW seen AS SELECT a, b FROM plain;
CREATE TRIGGER copied AFTER INSERT ON plain BEGIN INSERT INTO keyless VALUES (new.a, new.b); END;
INSERT INTO plain VALUES (1, 'one', 1.5, x'00ff', NULL), (2, 'two', -0.0, NULL, 'odd'), (3, '', 1e300, x'', 7);
INSERT INTO pair VALUES ('k', 1, 'v'), ('k', 2, NULL);
PRAGMA user_version = 42;
"""


def contents(module, path):
    """Everything in a database, as one value."""
    conn = module.connect(path)
    tables = conn.execute(
        "SELECT name, type, sql FROM sqlite_master"
        " WHERE substr(name, 1, 4) <> '_hdb' AND substr(name, 1, 6) <> 'sqlite' ORDER BY name"
    ).fetchall()
    rows = {
        name: sorted(conn.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
        for name, kind, _ in tables
        if kind in ("table", "view")
    }
    version = conn.execute("PRAGMA user_version").fetchone()
    conn.close()
    return repr((tables, rows, version))


def remove_file(path):
    for suffix in ("", "-wal", "-shm"):
        file = path.parent / (path.name + suffix)
        if file.exists():
            file.unlink()


def verified(path):
    conn = heliosdb_sqlite.connect(path)
    assert conn.verify() == 0
    conn.close()


def test_ours_then_sqlite3(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.executescript(SCHEMA)
    conn.close()
    oracle = sqlite3.connect(tmp_path / "oracle.db")
    oracle.executescript(SCHEMA)
    oracle.close()
    assert contents(sqlite3, path) == contents(sqlite3, tmp_path / "oracle.db")


def test_existing_file_is_taken_in(tmp_path):
    path = tmp_path / "a.db"
    conn = sqlite3.connect(path)
    conn.executescript(SCHEMA)
    conn.close()
    before = contents(sqlite3, path)
    assert contents(heliosdb_sqlite, path) == before
    verified(path)
    remove_file(path)
    assert contents(heliosdb_sqlite, path) == before


def test_there_and_back(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.executescript(SCHEMA)
    conn.close()
    with sqlite3.connect(path) as plain:
        plain.execute("INSERT INTO plain VALUES (10, 'meanwhile', 0, NULL, NULL)")
        plain.execute("UPDATE plain SET b = 'changed' WHERE a = 1")
        plain.execute("DELETE FROM plain WHERE a = 2")
        plain.execute("CREATE TABLE fresh(x)")
        plain.execute("INSERT INTO fresh VALUES ('new')")
        plain.execute("ALTER TABLE pair ADD COLUMN d DEFAULT 'more'")
    plain.close()
    before = contents(sqlite3, path)
    assert contents(heliosdb_sqlite, path) == before
    verified(path)
    remove_file(path)
    assert contents(heliosdb_sqlite, path) == before


def test_file_deleted(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.executescript(SCHEMA)
    conn.close()
    before = contents(sqlite3, path)
    for _ in range(2):
        remove_file(path)
        assert contents(heliosdb_sqlite, path) == before
        assert contents(sqlite3, path) == before


def test_file_that_is_behind(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.executescript("CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    conn.close()
    old = path.read_bytes()
    conn = heliosdb_sqlite.connect(path)
    conn.executescript("INSERT INTO t VALUES (2); CREATE TABLE u(b); INSERT INTO u VALUES ('later')")
    conn.close()
    remove_file(path)
    path.write_bytes(old)
    conn = heliosdb_sqlite.connect(path)
    assert conn.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
    assert conn.execute("SELECT b FROM u").fetchall() == [("later",)]
    assert conn.verify() == 0
    conn.close()


WRITER = """
import sys, heliosdb_sqlite
path, who, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
conn = heliosdb_sqlite.connect(path, timeout=60)
for number in range(count):
    with conn:
        conn.execute("INSERT INTO t(who, n) VALUES (?, ?)", (who, number))
conn.close()
"""


def test_several_processes_write_at_once(tmp_path):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT, n INTEGER)")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), who, "50"]) for who in ("one", "two", "three")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    rows = conn.execute("SELECT who, count(*), count(DISTINCT n) FROM t GROUP BY who ORDER BY who").fetchall()
    assert rows == [("one", 50, 50), ("three", 50, 50), ("two", 50, 50)]
    assert conn.verify() == 0
    conn.close()
    remove_file(path)
    conn = heliosdb_sqlite.connect(path)
    assert conn.execute("SELECT count(*), max(id) FROM t").fetchone() == (150, 150)
    conn.close()


def test_killed_process_loses_no_commit(tmp_path):
    path = tmp_path / "a.db"
    program = (
        "import sys, heliosdb_sqlite\n"
        "conn = heliosdb_sqlite.connect(sys.argv[1])\n"
        "conn.execute('CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY)')\n"
        "number = conn.execute('SELECT coalesce(max(a), 0) FROM t').fetchone()[0]\n"
        "while True:\n"
        "    number += 1\n"
        "    with conn:\n"
        "        conn.execute('INSERT INTO t VALUES (?)', (number,))\n"
        "    print(number, flush=True)\n"
    )
    acknowledged = 0
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(30):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        acknowledged = int(rest[-1]) if rest else acknowledged
        conn = heliosdb_sqlite.connect(path)
        (highest, count) = conn.execute("SELECT max(a), count(*) FROM t").fetchone()
        assert count == highest and highest in (acknowledged, acknowledged + 1)
        assert conn.verify() == 0
        conn.close()


def test_iterdump(tmp_path):
    oracle, conn = sqlite3.connect(":memory:"), heliosdb_sqlite.connect(tmp_path / "a.db")
    for each in (oracle, conn):
        each.executescript(SCHEMA)
    assert list(conn.iterdump()) == list(oracle.iterdump())
    again = heliosdb_sqlite.connect(":memory:")
    again.executescript("\n".join(conn.iterdump()))
    assert again.execute("SELECT count(*) FROM plain").fetchone() == (3,)
    for each in (again, conn, oracle):
        each.close()
