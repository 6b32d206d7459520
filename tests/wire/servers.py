# SPDX-License-Identifier: Apache-2.0
"""A HeliosDB Nano server of a test's own, and what the tests do on servers of both kinds."""

import contextlib
import os
import secrets
import subprocess

import clusters
import pytest

import heliosdb_sqlite


class HeliosDB:
    database = "heliosdb"

    def __init__(self, directory, password=None):
        self.directory = directory
        self.port = clusters.free_port()
        self.password = password or secrets.token_hex(16)
        self.process = None

    def dsn(self):
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/heliosdb"

    def start(self, *options, listen="127.0.0.1"):
        words = ["--data-dir", self.directory, "--listen", listen, "--port", self.port, "--http-port", 0, "--auth", "scram-sha-256"]
        with open(f"{self.directory}.log", "ab") as log:
            self.process = subprocess.Popen(
                list(map(str, [os.environ["HELIOSDB_BIN"], "start", *words, *options])),
                env={**os.environ, "HELIOSDB_PASSWORD": self.password},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        clusters.await_listener(self.port, listen, self.process)
        return self

    def stop(self, signal=15):
        if self.process:
            self.process.send_signal(signal)
            self.process.wait(60)
        self.process = None


def copy_of(template, directory):
    """A PostgreSQL cluster, faster than initdb makes one."""
    cluster = clusters.Cluster(directory / "postgresql", template.password)
    subprocess.run(["cp", "-a", template.directory, cluster.directory], check=True, timeout=120)
    return cluster


@contextlib.contextmanager
def postgresql(template):
    with clusters.place() as directory:
        cluster = copy_of(template, directory)
        cluster.start("fsync=off")
        try:
            yield cluster
        finally:
            cluster.stop("immediate")


@contextlib.contextmanager
def heliosdb(*options):
    with clusters.place() as directory:
        server = HeliosDB(directory / "heliosdb")
        try:
            yield server.start(*options)
        finally:
            server.stop()


def open_at(dsn, **options):
    return heliosdb_sqlite.connect("app", mode="daemon", dsn=dsn, isolation_level=None, check_same_thread=False, **options)


def refusal(dsn, password, *parts, sqlstate="08001", **options):
    """The error of a connect that must fail; it has to hold all `parts`, and nothing of the password."""
    with pytest.raises(heliosdb_sqlite.OperationalError) as caught:
        open_at(dsn, **options).close()
    text = str(caught.value)
    for part in parts:
        assert part in text, text
    assert password not in text
    assert caught.value.sqlstate == sqlstate, text
    return text


def ask(dsn, sql, *parameters):
    """What another client of the server is told; None where nothing is."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(dsn, autocommit=True) as link:
        cursor = link.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None
