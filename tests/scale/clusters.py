# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL clusters and a PgBouncer of a test's own, on loopback ports with a random password."""

import contextlib
import glob
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

import pytest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listener(port, address="127.0.0.1", process=None):
    """Waits until somebody takes connections at a port: the process that is to do so, or one in the background."""
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((address, port), timeout=5).close()
            return
        except OSError:
            assert process is None or process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not listen"
            time.sleep(0.05)


def programs():
    """The directory of PostgreSQL's programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or list(filter(None, [shutil.which("initdb")]))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    return pathlib.Path(found[-1]).parent


def as_postgres(command, **options):
    """PostgreSQL does not run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, *map(str, command)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, **options
    )


@contextlib.contextmanager
def place():
    """A directory that the server's user may use."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hdb-scale-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Cluster:
    """One server: a primary, or a standby of one."""

    def __init__(self, directory, password=None):
        self.directory = directory
        self.port = free_port()
        self.password = password or secrets.token_hex(16)
        self.runs = False

    def dsn(self):
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def initialise(self):
        file = self.directory.parent / "password"
        file.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(file, "postgres")
        as_postgres(
            [programs() / "initdb", "-D", self.directory, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={file}", "--no-sync"]
        )
        file.unlink()

    def copy_of(self, primary):
        """A standby that follows `primary`."""
        environment = {**os.environ, "PGPASSWORD": self.password}
        source = ["-h", "127.0.0.1", "-p", primary.port, "-U", "postgres"]
        as_postgres([programs() / "pg_basebackup", *source, "-D", self.directory, "-R", "-c", "fast"], env=environment)

    def control(self, *words):
        as_postgres([programs() / "pg_ctl", "-D", self.directory, "-s", "-w", *words])

    def start(self, *settings):
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.directory}", *settings]
        self.control("-l", str(self.directory / "log"), "-o", " ".join(f"-c {option}" for option in options), "start")
        self.runs = True

    def stop(self, mode="fast"):
        """`immediate` is what a crash does."""
        if self.runs:
            self.control("-m", mode, "stop")
        self.runs = False

    def promote(self):
        self.control("promote")


@contextlib.contextmanager
def primary(*settings):
    with place() as directory:
        cluster = Cluster(directory / "primary")
        cluster.initialise()
        cluster.start("fsync=off", *settings)
        try:
            yield cluster
        finally:
            cluster.stop("immediate")


@contextlib.contextmanager
def primary_and_standby():
    """The standby has every commit that the primary has acknowledged."""
    with place() as directory:
        first = Cluster(directory / "primary")
        second = Cluster(directory / "standby", first.password)
        try:
            first.initialise()
            first.start("fsync=off")
            second.copy_of(first)
            second.start("fsync=off", "synchronous_standby_names=''")
            first.stop()
            first.start("fsync=off", "synchronous_standby_names='*'", "synchronous_commit=remote_apply")
            yield first, second
        finally:
            first.stop("immediate")
            second.stop("immediate")


@contextlib.contextmanager
def bouncer(cluster, size):
    """PgBouncer in session mode with `size` connections to the server; gives the DSN through it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/sbin")
    if not program:
        pytest.skip("pgbouncer is not installed")
    port = free_port()
    directory = cluster.directory.parent
    settings = directory / "pgbouncer.ini"
    users = directory / "users.txt"
    users.write_text(f'"postgres" "{cluster.password}"\n')
    settings.write_text(
        f"[databases]\n* = host=127.0.0.1 port={cluster.port}\n"
        f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\nauth_type=scram-sha-256\n"
        f"auth_file={users}\npool_mode=session\ndefault_pool_size={size}\nmax_client_conn=200\n"
        f"ignore_startup_parameters=extra_float_digits\nlogfile={directory}/bouncer.log\npidfile={directory}/bouncer.pid\n"
    )
    if os.geteuid() == 0:
        for file in (settings, users):
            shutil.chown(file, "postgres")
    as_postgres([program, "-d", "-q", settings])
    try:
        await_listener(port)
        yield f"postgresql://postgres:{cluster.password}@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((directory / "bouncer.pid").read_text()), 9)
