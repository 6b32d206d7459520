# SPDX-License-Identifier: Apache-2.0
"""Backups and databases as bytes: between our connections, plain files and the standard library's connections."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import said

import heliosdb_sqlite

ROWS = [(i, "text %d" % i, i / 3) for i in range(500)]
ALL = "SELECT * FROM t ORDER BY a"


def fill(conn):
    conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL)")
    conn.execute("CREATE INDEX by_b ON t(b)")
    conn.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
    conn.execute("PRAGMA user_version = 7")
    conn.commit()


def test_a_backup_into_a_plain_file_is_read_by_sqlite3(place, tmp_path):
    conn = place.connect()
    fill(conn)
    steps = []
    target = heliosdb_sqlite.connect(tmp_path / "copy.db", mode="plain")
    conn.backup(target, pages=3, progress=lambda *told: steps.append(told))
    target.close()
    conn.close()
    assert steps[-1][:2] == (101, 0) and len(steps) > 2
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute(ALL).fetchall() == ROWS
    assert copy.execute("PRAGMA user_version").fetchone() == (7,)
    copy.close()


def test_a_backup_into_the_standard_librarys_connection(place):
    conn = place.connect()
    fill(conn)
    target = sqlite3.connect(":memory:")
    conn.backup(target)
    assert target.execute(ALL).fetchall() == ROWS
    conn.close()


def test_a_backup_into_ours_is_in_the_engine(tmp_path):
    source = sqlite3.connect(tmp_path / "plain.db")
    fill(source)
    source.close()
    target = heliosdb_sqlite.connect(tmp_path / "ours.db")
    target.execute("CREATE TABLE gone(x)")
    plain = heliosdb_sqlite.connect(tmp_path / "plain.db", mode="plain")
    plain.backup(target)
    plain.close()
    assert target.verify() == 0
    target.close()
    for name in ("ours.db", "ours.db-wal", "ours.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    again = heliosdb_sqlite.connect(tmp_path / "ours.db")
    assert again.execute(ALL).fetchall() == ROWS
    assert again.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() == [("by_b",), ("t",)]
    again.close()


def test_wrong_arguments_of_backup_raise_as_in_sqlite3(same):
    def scenario(module, conn):
        fill(conn)
        busy = module.connect(":memory:")
        busy.execute("CREATE TABLE x(y)")
        busy.execute("INSERT INTO x VALUES (1)")
        told = [
            said(conn.backup, conn)[0],
            said(conn.backup, busy, progress=3)[:2],
            said(conn.backup, busy, sleep=-1)[0],
            said(conn.backup, busy)[0],
            said(conn.backup, None)[0],
        ]
        busy.rollback()
        told.append(said(conn.backup, busy, name="nowhere")[:2])
        busy.close()
        return told

    same(scenario)


def test_bytes_there_and_back(place):
    conn = place.connect()
    fill(conn)
    data = conn.serialize()
    assert data.startswith(b"SQLite format 3\0")
    conn.close()
    theirs = sqlite3.connect(":memory:")
    if hasattr(theirs, "deserialize"):
        theirs.deserialize(data)
        assert theirs.execute(ALL).fetchall() == ROWS
    ours = heliosdb_sqlite.connect(":memory:")
    ours.deserialize(data)
    assert ours.execute(ALL).fetchall() == ROWS
    ours.close()


def test_deserialize_lets_go_of_the_file(tmp_path):
    other = heliosdb_sqlite.connect(":memory:")
    fill(other)
    conn = heliosdb_sqlite.connect(tmp_path / "a.db")
    conn.execute("CREATE TABLE kept(x)")
    conn.deserialize(other.serialize())
    conn.execute("INSERT INTO t(b) VALUES ('only in memory')")
    conn.commit()
    conn.close()
    other.close()
    again = heliosdb_sqlite.connect(tmp_path / "a.db")
    assert again.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
    again.close()


def test_bytes_that_are_no_database_are_refused_when_used():
    conn = heliosdb_sqlite.connect(":memory:")
    conn.deserialize(b"\0\1\3")
    with pytest.raises(heliosdb_sqlite.DatabaseError, match="file is not a database"):
        conn.execute("CREATE TABLE t(a)")
    with pytest.raises(heliosdb_sqlite.OperationalError, match="unable to serialize 'nowhere'|unknown database"):
        conn.serialize(name="nowhere")
    conn.close()


def test_backup_takes_a_target_of_another_thread():
    with heliosdb_sqlite.connect(":memory:") as target, ThreadPoolExecutor(1) as thread:

        def copy():
            source = heliosdb_sqlite.connect(":memory:")
            source.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
            source.backup(target)
            source.close()

        thread.submit(copy).result()
        assert target.execute("SELECT a FROM t").fetchall() == [(1,)]
