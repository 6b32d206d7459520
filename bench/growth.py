#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how costs grow with rows, with connections and with processes, embedded and with sqlite3 beside it.

Usage: bench/growth.py [--build DIR] [--rows 1000,10000,...] [--connections 1,2,...] [--processes 1,2,...] [--seconds S]

Prints Markdown tables, as docs/growth.md has them. A table of N rows is made for each N, in its own directory; the writers
of the other tables each have a connection and commit one row at a time, at synchronous=FULL, until the time is over.
"""
from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sqlite3
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


def module(name: str) -> Any:
    if name == "sqlite3":
        return sqlite3
    import heliosdb_sqlite

    return heliosdb_sqlite


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def us(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} us"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


# Rows


def fill(conn: Any, rows: int) -> None:
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)")
    conn.execute("BEGIN")
    conn.executemany(INSERT, (row_of(key) for key in range(1, rows + 1)))
    conn.execute("COMMIT")


def select_all_keys(conn: Any, rows: int) -> None:
    for i in range(SELECTS):
        if conn.execute("SELECT id, a, v FROM t WHERE id = ?", (key_of(i, rows),)).fetchone() is None:
            raise SystemExit("a row is missing")


def read_all(conn: Any) -> None:
    for _ in conn.execute("SELECT id, a, v FROM t"):
        pass


def rebuild(path: Path) -> None:
    for suffix in "", "-wal", "-shm":
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    with_file = module("heliosdb_sqlite").connect(path)
    with_file.execute("SELECT count(*) FROM t").fetchone()
    with_file.close()


def measure_rows(name: str, rows: int, directory: Path) -> dict[str, str]:
    path = directory / f"{name}.db"
    conn = module(name).connect(path, isolation_level=None)
    told = {"insert, a row": us(timed(lambda: fill(conn, rows)) / rows)}
    if name != "sqlite3":
        told["brought to the engine's tables, a row"] = us(timed(conn.flush) / rows)
    told["select by key"] = us(timed(lambda: select_all_keys(conn, rows)) / SELECTS)
    told["cursor over all, a row"] = us(timed(lambda: read_all(conn)) / rows)
    told["count(*) with LIKE"] = ms(timed(lambda: conn.execute("SELECT count(*) FROM t WHERE a LIKE 'hello%'").fetchone()))
    told["one more row, committed"] = us(timed(lambda: conn.execute(INSERT, row_of(rows + 1))))
    told["close"] = ms(timed(conn.close))
    told["connect and the first select"] = ms(timed(lambda: module(name).connect(path).execute("SELECT 1 FROM t").close()))
    if name != "sqlite3":
        told["rebuild of a lost file, a row"] = us(timed(lambda: rebuild(path)) / rows)
    return told


# Writers


def write(name: str, path: Path, number: int, seconds: float, counts: Any) -> None:
    conn = module(name).connect(path, isolation_level=None, timeout=60)
    end, longest, done = time.perf_counter() + seconds, 0.0, 0
    while time.perf_counter() < end:
        longest = max(longest, timed(lambda: conn.execute("INSERT INTO t(a) VALUES (?)", (f"writer {number}",))))
        done += 1
    counts[2 * number], counts[2 * number + 1] = done, longest
    conn.close()


def measure_writers(name: str, writers: int, seconds: float, directory: Path, kind: Any) -> dict[str, str]:
    path = directory / f"{name}.db"
    conn = module(name).connect(path, isolation_level=None)
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
    counts = SPAWNED.Array("d", 2 * writers)
    each = [kind(target=write, args=(name, path, number, seconds, counts)) for number in range(writers)]
    for one in each:
        one.start()
    for one in each:
        one.join()
    found = conn.execute("SELECT count(*) FROM t").fetchone()[0]
    conn.close()
    if found != sum(counts[::2]):
        raise SystemExit(f"{name}: {sum(counts[::2]):.0f} commits acknowledged, {found} rows")
    return {"commits a second": f"{found / seconds:,.0f}", "longest commit": ms(max(counts[1::2]))}


# Tables


def print_table(title: str, sizes: list[int], measure: Callable[[str, int, Path], dict[str, str]]) -> None:
    columns: list[dict[str, dict[str, str]]] = []
    for size in sizes:
        columns.append({})
        for name in "heliosdb_sqlite", "sqlite3":
            directory = Path(tempfile.mkdtemp(prefix="hdb-growth-"))
            try:
                columns[-1][name] = measure(name, size, directory)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    print(f"\n| {title} | | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|---|" + "---:|" * len(sizes))
    for job in columns[0]["heliosdb_sqlite"]:
        for name in "heliosdb_sqlite", "sqlite3":
            if job in columns[0][name]:
                print(f"| {job} | {name} | " + " | ".join(column[name][job] for column in columns) + " |", flush=True)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=HERE.parent / "build", help="Meson's build directory")
    parser.add_argument("--rows", type=numbers, default=[1_000, 10_000, 100_000, 1_000_000], help="sizes of the table")
    parser.add_argument("--connections", type=numbers, default=[1, 4, 16, 64], help="threads, each with its connection")
    parser.add_argument("--processes", type=numbers, default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=5, help="how long each set of writers writes (5)")
    chosen = parser.parse_args()
    os.environ.setdefault("HELIOSDB_LIBRARY", str(chosen.build / "src" / "libheliosdb.so"))
    os.environ.setdefault("HELIOSDB_KEEPER", str(chosen.build / "src" / "heliosdb-keeper"))
    os.environ.setdefault("HELIOSDB_NOTICES", "off")
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")
    if chosen.rows:
        print_table("rows", chosen.rows, measure_rows)
    for title, sizes, kind in (("connections", chosen.connections, threading.Thread), ("processes", chosen.processes, SPAWNED.Process)):
        if sizes:
            print_table(title, sizes, lambda name, size, place, kind=kind: measure_writers(name, size, chosen.seconds, place, kind))


if __name__ == "__main__":
    main()
