# SPDX-License-Identifier: Apache-2.0
"""Who does the work: libheliosdb from Python and C, and its peers."""
import os
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

from workload import Measure, Sizes, run


class Subject:
    """One way to do the work; `run` does it once in a directory of its own."""

    name = ""
    mark = "?"
    integer, real = "INTEGER", "REAL"
    relaxable = False  # is SQLite: has PRAGMA synchronous, strftime() and what else the queries need
    flushes = False  # has something behind it that lags

    def run(self, directory: Path, sizes: Sizes, limit: float) -> list[Measure]:
        self.directory = directory
        return run(self, sizes, limit)

    def connect(self) -> Any:
        raise NotImplementedError

    def rest(self) -> None:
        """Waits until nothing is left of the last connection."""

    def clean(self) -> None:
        """Removes what the directory does not hold."""


class Server(Subject):
    """A subject whose table is a server's."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def clean(self) -> None:
        # By a connection that has prepared nothing: after DROP psycopg sends DEALLOCATE ALL, which HeliosDB lacks.
        conn = self.connect()
        conn.execute("DROP TABLE hdb_bench")
        conn.commit()
        conn.close()


class Sqlite(Subject):
    """The standard library's sqlite3."""

    relaxable = True

    def __init__(self, wal: bool = False) -> None:
        self.name = "sqlite3 WAL" if wal else "sqlite3"
        self.wal = wal

    def connect(self) -> Any:
        conn = sqlite3.connect(self.directory / "sqlite.db")
        if self.wal:
            conn.execute("PRAGMA journal_mode = WAL")
        return conn


class Embedded(Subject):
    """heliosdb_sqlite, which runs the engine."""

    name = "heliosdb_sqlite"
    relaxable = True
    flushes = True

    def connect(self) -> Any:
        import heliosdb_sqlite

        return heliosdb_sqlite.connect(str(self.directory / "app.db"))

    def rest(self) -> None:
        time.sleep(4)  # the engine lingers for two seconds


class Daemon(Server):
    """heliosdb_sqlite against a server."""

    name = "heliosdb_sqlite"

    def connect(self) -> Any:
        import heliosdb_sqlite

        return heliosdb_sqlite.connect(str(self.directory / "app.db"), mode="daemon", dsn=self.dsn, timeout=30.0)


class Psycopg(Server):
    """psycopg 3, as it comes."""

    name = "psycopg"
    mark = "%s"
    integer, real = "BIGINT", "DOUBLE PRECISION"

    def connect(self) -> Any:
        import psycopg

        return psycopg.connect(self.dsn)


class Program(Subject):
    """A program of this directory in another language, which prints what it measured."""

    def __init__(self, name: str, *command: object, dsn: str = "") -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.dsn = dsn

    def run(self, directory: Path, sizes: Sizes, limit: float) -> list[Measure]:
        place = [] if self.dsn else [str(directory / "app.db")]
        done = subprocess.run(
            [*self.command, *place, *self.arguments(sizes)],
            env={**os.environ, "HDB_BENCH_DSN": self.dsn},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        fields = (line.split() for line in done.stdout.splitlines())
        return [Measure(name, float(seconds), int(count)) for name, seconds, count in fields]

    def arguments(self, sizes: Sizes) -> list[str]:
        return sizes.arguments()


class Behind(Program):
    """behind.c: the engine behind a file."""

    RATE = 5000  # commits a second

    def arguments(self, sizes: Sizes) -> list[str]:
        return [str(number) for number in (sizes.commits, self.RATE, sizes.seconds, sizes.large)]


class Scan(Program):
    """scan.c: a cursor over all rows of the large table, three times."""

    def arguments(self, sizes: Sizes) -> list[str]:
        return [str(sizes.large), "3"]
