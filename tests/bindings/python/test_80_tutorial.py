# SPDX-License-Identifier: Apache-2.0
"""The tutorial's programs, word for word."""

import ast
import os
import sqlite3

import pytest
from conftest import ROOT, Place

import heliosdb_sqlite

EXAMPLES = ROOT / "examples"


@pytest.fixture(params=["file", "heliosdb", "postgresql"])
def environment(request, tmp_path):
    """The environment that makes the unchanged programs use a place."""
    place = Place(request.param, tmp_path)
    if request.param == "file":
        return {"HELIOSDB_MODE": "embedded"}
    return {"HELIOSDB_MODE": "daemon", "HELIOSDB_DSN": place.options["dsn"]}


def source(name, directory):
    """A program's text; the tutorial's database in /tmp is put below the test's directory."""
    return (EXAMPLES / name).read_text(encoding="utf-8").replace('"/tmp/app.db"', repr(str(directory / "app.db")))


def test_smoke(python, environment, tmp_path):
    assert python(source("tutorial_smoke.py", tmp_path), TMPDIR=str(tmp_path), **environment) == "OK\n"


def test_30_seconds(python, environment, tmp_path):
    for _ in range(2):
        (table,) = [
            row
            for row in ast.literal_eval(python(source("tutorial_30_seconds.py", tmp_path), **environment))
            if row["name"] == "files"
        ]
        assert set(table) == {"type", "name", "tbl_name", "rootpage", "sql"}
        assert table["sql"].startswith("CREATE TABLE files (")


@pytest.mark.parametrize("name", ["heliosdb", "postgresql"])
@pytest.mark.parametrize("program", ["tutorial_smoke_daemon.py", "tutorial_30_seconds_daemon.py"])
def test_daemon_by_argument(python, name, program, tmp_path):
    dsn = Place(name, tmp_path).options["dsn"]
    printed = python(source(program, tmp_path), TMPDIR=str(tmp_path), HELIOSDB_DSN=dsn)
    assert printed == "OK\n" or "files" in printed


def test_dsn_alone_does_not_switch(python, tmp_path):
    environment = {"HELIOSDB_DSN": "host=127.0.0.1 port=1", "TMPDIR": str(tmp_path)}
    os.environ.pop("HELIOSDB_MODE", None)
    assert python(source("tutorial_smoke.py", tmp_path), **environment) == "OK\n"


def test_mode_and_dsn_as_the_tutorial_gives_them(python, tmp_path):
    """The port's backend switch: sqlite3 and heliosdb_sqlite on the same path, one after the other."""
    program = (
        "import os, sys\n"
        "if os.environ['BACKEND'] == 'sqlite':\n"
        "    import sqlite3\n"
        "else:\n"
        "    import heliosdb_sqlite as sqlite3\n"
        "conn = sqlite3.connect(sys.argv[1], timeout=30.0)\n"
        "conn.row_factory = sqlite3.Row\n"
        "with conn:\n"
        "    conn.execute('CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT)')\n"
        "    conn.execute('INSERT INTO t(who) VALUES (?)', (os.environ['BACKEND'],))\n"
        "print([dict(row) for row in conn.execute('SELECT * FROM t ORDER BY id')])\n"
        "conn.close()\n"
    )
    path, written = tmp_path / "app.db", []
    for backend in ("heliosdb", "sqlite", "heliosdb", "sqlite", "sqlite", "heliosdb"):
        written.append({"id": len(written) + 1, "who": backend})
        assert ast.literal_eval(python(program, path, BACKEND=backend)) == written


def test_file_is_a_plain_sqlite_file(python, tmp_path):
    python(source("tutorial_30_seconds.py", tmp_path))
    assert (tmp_path / "app.db").read_bytes()[:16] == b"SQLite format 3\0"
    conn = sqlite3.connect(tmp_path / "app.db")
    assert conn.execute("SELECT * FROM files").fetchall() == [("/tmp/x", 1.0, 100)]
    conn.close()
    assert issubclass(heliosdb_sqlite.Error, sqlite3.Error)
