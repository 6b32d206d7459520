# SPDX-License-Identifier: Apache-2.0
"""Empty databases on servers, for other people's tests in daemon mode."""

import contextlib
import os
import secrets
import socket
import subprocess
import time

import psycopg


def is_heliosdb(dsn):
    with psycopg.connect(dsn) as server:
        return "heliosdb" in server.execute("SELECT version()").fetchone()[0].lower()


def empty_postgresql(dsn):
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(f"SELECT pg_terminate_backend(pid) {others}")
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")


def another_postgresql(dsn, name):
    """Makes a database on the server of a DSN and gives its DSN."""
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return dsn.rpartition("/")[0] + "/" + name


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def heliosdb(directory):
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
