# SPDX-License-Identifier: Apache-2.0
"""What the tests share: places to keep a database, the standard library's sqlite3 as the oracle, processes."""

import os
import pathlib
import sqlite3
import subprocess
import sys
import time

import pytest

import heliosdb_sqlite

ROOT = pathlib.Path(__file__).resolve().parents[3]
SERVERS = {"heliosdb": "HELIOSDB_TEST_DSN_HELIOSDB", "postgresql": "HELIOSDB_TEST_DSN_POSTGRESQL"}

os.environ.setdefault("HELIOSDB_LINGER", "0")
os.environ.setdefault("HELIOSDB_NOTICES", "off")


def drop_everything(dsn):
    """Empties a server's database."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(dsn, autocommit=True) as server:
        find = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'"
        for name, kind in server.execute(find).fetchall():
            quoted = '"' + name.replace('"', '""') + '"'
            server.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {quoted} CASCADE")


class Place:
    """Where a test's database is: in memory, in a file with an engine beside it, or on a server."""

    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        self.options = {}
        self.ours = self.theirs = ":memory:"
        if name == "file":
            self.ours, self.theirs = str(directory / "ours.db"), str(directory / "theirs.db")
        elif name in SERVERS:
            dsn = os.environ.get(SERVERS[name])
            if not dsn:
                pytest.skip(f"{SERVERS[name]} is not set")
            drop_everything(dsn)
            self.ours = "ours"
            self.options = {"mode": "daemon", "dsn": dsn}

    def connect(self, **options):
        return heliosdb_sqlite.connect(self.ours, **{**self.options, **options})


@pytest.fixture(params=["memory", "file", "heliosdb", "postgresql"])
def place(request, tmp_path):
    return Place(request.param, tmp_path)


@pytest.fixture
def conn(place):
    """A connection of ours, in each place."""
    connection = place.connect()
    yield connection
    connection.close()


def said(action, *arguments, **options):
    """What a call says: its value, or its exception's class, message and code."""
    try:
        return action(*arguments, **options)
    except Exception as error:
        return type(error).__name__, str(error), getattr(error, "sqlite_errorname", None)


@pytest.fixture
def same(place):
    """Runs scenario(module, connection) with sqlite3 and with us, and compares what they say."""
    if sys.version_info < (3, 11):
        pytest.skip("what we are compared with is the sqlite3 of Python 3.11 and newer")

    def compare(scenario, **options):
        results = []
        for module, connection in (
            (sqlite3, sqlite3.connect(place.theirs, **options)),
            (heliosdb_sqlite, place.connect(**options)),
        ):
            try:
                results.append(said(scenario, module, connection))
            finally:
                connection.close()
        theirs, ours = results
        assert ours == theirs
        return theirs

    return compare


@pytest.fixture
def python(tmp_path):
    """Runs a program in an interpreter of its own; what it prints is returned."""

    def run(source, *arguments, ok=True, **environment):
        path = tmp_path / "program.py"
        path.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(path), *map(str, arguments)],
            env={**os.environ, **environment},
            text=True,
            capture_output=True,
            timeout=120,
        )
        if ok:
            assert done.returncode == 0, done.stderr
        return done.stdout if ok else done

    return run


def processes_of(directory):
    """Command lines of the engines and keepers that work below a directory."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        program = os.path.basename(words[0])
        if program.startswith("heliosdb-") and any(str(directory) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture
def no_process_left(tmp_path):
    """Fails the test if an engine or keeper of its directory outlives it by more than ten seconds."""
    yield
    end = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_of(tmp_path) == []
