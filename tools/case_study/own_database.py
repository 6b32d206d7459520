# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for the case study: in daemon mode each test finds an empty database.

An application's tests make a new file, or ":memory:", for each test. On a server all of these are the one database of
the DSN. PostgreSQL's is emptied before each test. HeliosDB Nano gets slower with each table that was dropped and made
again, so there each test has a server of its own.
"""

import contextlib
import gc
import os
import secrets
import socket
import subprocess
import time

import psycopg
import pytest


def _empty_postgresql():
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(os.environ["HELIOSDB_DSN"], autocommit=True) as server:
        server.execute(f"SELECT pg_terminate_backend(pid) {others}")
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _heliosdb(directory):
    """A new HeliosDB Nano on a loopback port; gives its DSN."""
    password, port = secrets.token_hex(16), _free_port()
    command = [os.environ["HELIOSDB_BIN"], "start", "--data-dir", str(directory / "data"), "--listen", "127.0.0.1"]
    command += ["--port", str(port), "--http-port", "0", "--auth", "scram-sha-256"]
    with open(directory / "log", "wb") as log:
        environment = {**os.environ, "HELIOSDB_PASSWORD": password}
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        dsn = f"postgresql://postgres:{password}@127.0.0.1:{port}/heliosdb"
        end = time.monotonic() + 15
        while True:
            try:
                psycopg.connect(dsn).close()
                break
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.02)
        yield dsn
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def is_heliosdb():
    with psycopg.connect(os.environ["HELIOSDB_DSN"]) as server:
        return "heliosdb" in server.execute("SELECT version()").fetchone()[0].lower()


@pytest.fixture(autouse=True)
def own_database(is_heliosdb, tmp_path_factory, monkeypatch):
    if is_heliosdb:
        with _heliosdb(tmp_path_factory.mktemp("heliosdb")) as dsn:
            monkeypatch.setenv("HELIOSDB_DSN", dsn)
            yield
            gc.collect()  # closes the connections that nothing refers to any more
    else:
        _empty_postgresql()
        yield
        gc.collect()
