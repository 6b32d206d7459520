# SPDX-License-Identifier: Apache-2.0
"""Values in pieces, switches and extensions, beside sqlite3, in each place."""

import sqlite3
import sys

import pytest
from conftest import said

import heliosdb_sqlite

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 has blobs since Python 3.11")


def fill(conn):
    conn.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content)")
    rows = [(1, b"0123456789"), (2, b""), (3, "text"), (4, None), (5, 5)]
    conn.executemany("INSERT INTO files VALUES (?, ?)", rows)
    conn.commit()


def test_what_is_written_in_pieces_is_read_by_others(same):
    def scenario(_module, conn):
        fill(conn)
        with conn.blobopen("files", "content", 1) as blob:
            blob.write(b"ab")
            blob.seek(-1, 2)
            blob.write(b"z")
            blob[2:4] = b"cd"
            blob[5] = 0
            told = blob.tell(), len(blob), blob[:], blob[::3], blob[-2]
        conn.commit()
        return told, conn.execute("SELECT content FROM files WHERE id = 1").fetchall()

    assert same(scenario)[1] == [(b"abcd4\x00678z",)]


def test_wrong_use_raises_as_in_sqlite3(same):
    def scenario(_module, conn):
        fill(conn)
        told = [said(conn.blobopen, "files", "content", row)[:2] for row in (4, 5, 6)]
        told.append(said(conn.blobopen, "nowhere", "content", 1)[:2])
        blob = conn.blobopen("files", "content", 1, readonly=True)
        told += [
            said(blob.write, b"x")[:2], said(blob.seek, 11), said(blob.write, b"x" * 11), said(lambda: blob[10]),
            said(lambda: blob["a"]), said(lambda: b"0" in blob)[0], said(iter, blob)[0],
            said(blob.__setitem__, 0, 256), said(blob.__setitem__, slice(0, 2), b"x"), said(blob.__delitem__, 0),
        ]  # fmt: skip
        blob.close()
        return told + [said(blob.read), said(blob.__enter__)]

    same(scenario)


def test_a_blob_of_a_changed_row_has_expired(same):
    def scenario(_module, conn):
        fill(conn)
        blob = conn.blobopen("files", "content", 1)
        conn.execute("UPDATE files SET content = 'x' WHERE id = 1")
        told = said(blob.read)
        blob.close()
        conn.commit()
        return told

    assert same(scenario)[0] == "OperationalError"


def test_what_was_written_in_pieces_is_rebuilt_from_the_engine(tmp_path):
    conn = heliosdb_sqlite.connect(tmp_path / "a.db", isolation_level=None)
    conn.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content)")
    conn.execute("INSERT INTO files VALUES (1, zeroblob(100000))")
    with conn.blobopen("files", "content", 1) as blob:
        for part in range(100):
            blob.write(bytes([part]) * 1000)
    conn.close()
    for name in ("a.db", "a.db-wal", "a.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    conn = heliosdb_sqlite.connect(tmp_path / "a.db")
    expected = b"".join(bytes([part]) * 1000 for part in range(100))
    assert conn.execute("SELECT content FROM files").fetchone() == (expected,)
    conn.close()


def test_a_blob_is_made_by_blobopen_alone():
    with pytest.raises(TypeError, match="cannot create"):
        heliosdb_sqlite.Blob()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has setconfig() since Python 3.12")
def test_switches_as_in_sqlite3(same):
    def scenario(module, conn):
        switch = module.SQLITE_DBCONFIG_ENABLE_FKEY
        before = conn.getconfig(switch)
        conn.setconfig(switch)
        now = conn.execute("PRAGMA foreign_keys").fetchone()
        conn.setconfig(switch, False)
        return before, now, conn.getconfig(switch), said(conn.setconfig, -1)

    same(scenario)


def test_an_extension_must_be_allowed(conn):
    conn.enable_load_extension(False)
    assert said(conn.load_extension, "nowhere")[:2] == ("OperationalError", "not authorized")
    conn.enable_load_extension(True)
    kind, message, _ = said(conn.load_extension, "/nowhere/at/all")
    assert kind == "OperationalError" and "/nowhere/at/all" in message
    conn.enable_load_extension(False)
    assert sqlite3.OperationalError in heliosdb_sqlite.OperationalError.__mro__


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "setlimit"), reason="limits came with Python 3.11")
def test_limits_are_for_the_programs_own_statements(same):
    """What the library prepares for itself needs more parameters, columns and text than these allow."""

    def scenario(module, conn):
        conn.execute("CREATE TABLE pairs(one TEXT, two TEXT, a, b, c, PRIMARY KEY (one, two)) WITHOUT ROWID")
        conn.execute("INSERT INTO pairs VALUES ('a', 'b', 1, 2, 3)")
        conn.commit()
        for category, limit in (
            (module.SQLITE_LIMIT_VARIABLE_NUMBER, 1),
            (module.SQLITE_LIMIT_SQL_LENGTH, 60),
            (module.SQLITE_LIMIT_COLUMN, 8),
            (module.SQLITE_LIMIT_COMPOUND_SELECT, 2),
            (module.SQLITE_LIMIT_EXPR_DEPTH, 4),
            (module.SQLITE_LIMIT_FUNCTION_ARG, 2),
        ):
            conn.setlimit(category, limit)
        told = [said(conn.execute, "SELECT * FROM pairs WHERE one = ? AND two = ?", ("a", "b"))]
        conn.execute("INSERT INTO pairs VALUES ('c', ?, 1, 2, 3)", ("d",))
        conn.execute("UPDATE pairs SET a = 9 WHERE one = ?", ("a",))
        conn.commit()
        conn.execute("DELETE FROM pairs WHERE one = ?", ("c",))
        conn.rollback()
        told.append(conn.execute("SELECT one, two, a, b, c FROM pairs WHERE b = ?", (2,)).fetchall())
        told.append(conn.execute("SELECT a, b, c FROM pairs WHERE one = ?", ("c",)).fetchall())
        told.append(said(conn.execute, "SELECT 1 FROM pairs WHERE a = 1 -- a text that is longer than sixty bytes"))
        return told

    same(scenario)
