#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how costs grow with rows, with connections and with processes: embedded, with sqlite3 beside it, and on servers.

Usage: bench/growth.py [--build DIR] [--json FILE] [--rows 1000,10000,...] [--server-rows N] [--connections 1,4,...]
                       [--processes 1,2,...] [--seconds S]

Prints Markdown tables, as docs/growth.md has them, and writes their numbers for bench/plot.py. A table of N rows is made for
each N, in its own directory; the writers of the other tables each have a connection and commit one row at a time, at
synchronous=FULL, until the time is over. Servers are those whose DSN is in HELIOSDB_TEST_DSN_HELIOSDB or
HELIOSDB_TEST_DSN_POSTGRESQL (`make growth` starts both); their table t is dropped.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bindings" / "python")]

from workload import key_of, row_of  # noqa: E402

SELECTS = 2_000
SPAWNED = multiprocessing.get_context("spawn")  # nothing of a connection is of use after a fork
INSERT = "INSERT INTO t VALUES (?, ?, ?)"
SERVERS = {"on HeliosDB": "HELIOSDB_TEST_DSN_HELIOSDB", "on PostgreSQL": "HELIOSDB_TEST_DSN_POSTGRESQL"}
UNITS = {  # what a job is told in; else ms
    "insert, a row": "us",
    "brought to the engine's tables, a row": "us",
    "select by key": "us",
    "cursor over all, a row": "us",
    "rebuild of a lost file, a row": "us",
    "commits a second": "",
    "refused as locked": "",
    "size of the file": "MB",
    "size of the engine's directory": "MB",
    "memory of the engine": "MB",
}
FACTORS = {"us": 1e6, "ms": 1e3, "": 1, "MB": 1e-6}
Told = dict[str, float]  # job: seconds, bytes, or how many a second


def connect(name: str, path: Path, **settings: Any) -> Any:
    if name == "sqlite3":
        return sqlite3.connect(path, isolation_level=None, **settings)
    import heliosdb_sqlite

    if name in SERVERS:
        settings.update(mode="daemon", dsn=os.environ[SERVERS[name]])
    return heliosdb_sqlite.connect(path, isolation_level=None, **settings)


def subjects() -> list[str]:
    return ["embedded", "sqlite3", *(name for name, variable in SERVERS.items() if os.environ.get(variable))]


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# Rows


def fill(conn: Any, rows: int) -> None:
    conn.execute("BEGIN")
    conn.executemany(INSERT, (row_of(key) for key in range(1, rows + 1)))
    conn.execute("COMMIT")


def select_one(conn: Any, key: int) -> None:
    """To its end: on a server, what a statement that is still open has read stays for the next ones."""
    if len(conn.execute("SELECT id, a, v FROM t WHERE id = ?", (key,)).fetchall()) != 1:
        raise SystemExit("a row is missing")


def select_all_keys(conn: Any, rows: int) -> None:
    for i in range(SELECTS):
        select_one(conn, key_of(i, rows))


def read_all(conn: Any) -> None:
    for _ in conn.execute("SELECT id, a, v FROM t"):
        pass


def rebuild(path: Path) -> None:
    for suffix in "", "-wal", "-shm":
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    with_file = connect("embedded", path)
    with_file.execute("SELECT count(*) FROM t").fetchone()
    with_file.close()


def size_of(place: Path) -> int:
    return sum(file.stat().st_size for file in [place, *place.rglob("*")] if file.is_file())


def memory_of_engine(path: Path) -> int:
    """Bytes that the engine behind a file has in memory: it is the child of a keeper that names its directory."""
    for keeper in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{path}-heliosdb".encode() in (keeper / "cmdline").read_bytes().split(b"\0"):
                (engine,) = (keeper / "task" / keeper.name / "children").read_text().split()
                return int(Path(f"/proc/{engine}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    raise SystemExit("there is no engine")


def measure_rows(name: str, rows: int, directory: Path) -> Told:
    path = directory / "app.db"
    conn = connect(name, path)
    conn.execute("DROP TABLE IF EXISTS t")
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)")
    told = {"insert, a row": timed(lambda: fill(conn, rows)) / rows}
    if name == "embedded":
        told["brought to the engine's tables, a row"] = timed(conn.flush) / rows
    told["select by key"] = timed(lambda: select_all_keys(conn, rows)) / SELECTS
    told["cursor over all, a row"] = timed(lambda: read_all(conn)) / rows
    told["count(*) with LIKE"] = timed(lambda: conn.execute("SELECT count(*) FROM t WHERE a LIKE 'hello%'").fetchone())
    told["one more row, committed"] = statistics.median(timed(lambda: conn.execute(INSERT, row_of(rows + i))) for i in range(1, 22))
    if name == "embedded":
        told["memory of the engine"] = memory_of_engine(path)
    told["close"] = timed(conn.close)
    if name not in SERVERS:
        told["size of the file"] = size_of(path)
    if name == "embedded":
        told["size of the engine's directory"] = size_of(Path(f"{path}-heliosdb"))
    told["connect and the first select"] = timed(lambda: select_one(connect(name, path), 1))
    if name == "embedded":
        told["rebuild of a lost file, a row"] = timed(lambda: rebuild(path)) / rows
    return told


# Writers


def write(name: str, path: Path, number: int, seconds: float, counts: Any) -> None:
    conn = connect(name, path, timeout=60)
    end, longest, done, refused = time.perf_counter() + seconds, 0.0, 0, 0
    while (start := time.perf_counter()) < end:
        try:
            conn.execute("INSERT INTO t(a) VALUES (?)", (f"writer {number}",))
            done += 1
        except sqlite3.OperationalError as error:  # "database is locked": ours is one of these, too
            print(f"{name}: after {time.perf_counter() - start:.1f} s: {error}", file=sys.stderr)
            refused += 1
        longest = max(longest, time.perf_counter() - start)
    counts[3 * number : 3 * number + 3] = [done, longest, refused]
    conn.close()


def measure_writers(name: str, writers: int, seconds: float, directory: Path, kind: Any) -> Told:
    path = directory / "app.db"
    conn = connect(name, path)
    conn.execute("DROP TABLE IF EXISTS t")
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
    counts = SPAWNED.Array("d", 3 * writers)
    each = [kind(target=write, args=(name, path, number, seconds, counts)) for number in range(writers)]
    for one in each:
        one.start()
    for one in each:
        one.join()
    found = conn.execute("SELECT count(*) FROM t").fetchone()[0]
    conn.close()
    if found != sum(counts[::3]):
        raise SystemExit(f"{name}: {sum(counts[::3]):.0f} commits acknowledged, {found} rows")
    return {"commits a second": found / seconds, "longest commit": max(counts[1::3]), "refused as locked": sum(counts[2::3])}


# Tables


def shown(job: str, value: float | None) -> str:
    if value is None:
        return "-"
    unit = UNITS.get(job, "ms")
    digits = f"{value * FACTORS[unit]:,.0f}" if value * FACTORS[unit] >= 100 else f"{value * FACTORS[unit]:.3g}"
    return f"{digits} {unit}".strip()


def measure_table(title: str, sizes: list[int], measure: Callable[[str, int, Path], Told], most: int) -> dict[str, Any]:
    """Measures each subject at each size, servers up to `most`; prints the table and returns it, in the units that it has."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for index, size in enumerate(sizes):
        for name in subjects():
            if name in SERVERS and size > most:
                continue
            directory = Path(tempfile.mkdtemp(prefix="hdb-growth-"))
            try:
                for job, value in measure(name, size, directory).items():
                    found.setdefault(job, {}).setdefault(name, [None] * len(sizes))[index] = value
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    print(f"\n| {title} | | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|---|" + "---:|" * len(sizes))
    for job, lines in found.items():
        for name, values in lines.items():
            print(f"| {job} | {name} | " + " | ".join(shown(job, value) for value in values) + " |", flush=True)
    jobs = {job: {"unit": UNITS.get(job, "ms"), "subjects": in_units(job, lines)} for job, lines in found.items()}
    return {"sizes": sizes, "jobs": jobs}


def in_units(job: str, lines: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
    factor = FACTORS[UNITS.get(job, "ms")]
    return {name: [None if value is None else value * factor for value in values] for name, values in lines.items()}


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=HERE.parent / "build", help="Meson's build directory")
    parser.add_argument("--json", type=Path, help="where to write the numbers (default: BUILD/growth.json)")
    parser.add_argument("--rows", type=numbers, default=[1_000, 10_000, 100_000, 1_000_000], help="up to 10000000 if you have time")
    parser.add_argument("--server-rows", type=int, default=1_000_000, help="servers are not measured with more rows (1000000)")
    parser.add_argument("--connections", type=numbers, default=[1, 4, 16, 64], help="threads, each with its connection")
    parser.add_argument("--processes", type=numbers, default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=5, help="how long each set of writers writes (5)")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()  # by a relative one the package does not find all of it
    os.environ.setdefault("HELIOSDB_LIBRARY", str(chosen.build / "src" / "libheliosdb.so"))
    os.environ.setdefault("HELIOSDB_KEEPER", str(chosen.build / "src" / "heliosdb-keeper"))
    os.environ.setdefault("HELIOSDB_NOTICES", "off")
    machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    print(machine)
    tables: dict[str, Any] = {}
    if chosen.rows:
        tables["rows"] = measure_table("rows", chosen.rows, measure_rows, chosen.server_rows)
    kinds = ("connections", chosen.connections, threading.Thread), ("processes", chosen.processes, SPAWNED.Process)
    for title, sizes, kind in kinds:
        if sizes:
            writers = lambda name, size, place, kind=kind: measure_writers(name, size, chosen.seconds, place, kind)  # noqa: E731
            tables[title] = measure_table(title, sizes, writers, max(sizes))
    target = chosen.json or chosen.build / "growth.json"
    target.write_text(json.dumps({"machine": machine, "tables": tables}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
