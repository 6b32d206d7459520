#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times libheliosdb beside its peers, in one run, and prints ratios.

Usage: bench/run.py [--quick] [--build DIR] [--json FILE] [--rows N] [--repetitions N] ...

Embedded, it stands beside the standard library's sqlite3 (as it comes, and in WAL mode), libsqlite3 in C, better-sqlite3,
node:sqlite (of the Node on PATH, or of the newer one that NODE_WITH_SQLITE names) and Ruby's gem; what goes on behind the file is
measured too: the lag of the engine's own tables, the rebuild of a lost file. In daemon mode it stands beside libpq in C and
psycopg, on each server whose DSN is in HELIOSDB_TEST_DSN_HELIOSDB or HELIOSDB_TEST_DSN_POSTGRESQL (`tests/support/servers.sh run
bench/run.py` starts both). The table hdb_bench of these servers is dropped. Nothing here fails because something is slow.

How costs grow with rows, connections and processes is what bench/growth.py measures (`make growth`). The goals of scans are
for 10,000,000 rows: `--large 10000000 --only scan --repetitions 1`.
"""
import argparse
import importlib.util
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bindings" / "python")]

from goals import Medians, print_goals  # noqa: E402
from subjects import Behind, Daemon, Embedded, Program, Psycopg, Scan, Sqlite, Subject  # noqa: E402
from workload import Sizes  # noqa: E402

MEASURES = {  # label of each
    "connect_first": "connect, first",
    "connect_second": "connect, second",
    "connect_existing": "connect, first, on what is there",
    "insert_commit": "insert + commit",
    "insert_commit_normal": "  synchronous=NORMAL",
    "insert_commit_off": "  synchronous=OFF",
    "insert_transaction": "insert in a transaction, a row",
    "executemany": "executemany (libpq: COPY), a row",
    "flush": "flush to the engine's tables",
    "point_select": "select by key",
    "fetchall": "fetch all, a row",
    "like_count": "count(*) with LIKE",
    "join": "join of all rows by key",
    "range_join": "join of 1,000 rows by key",
    "group_by": "strftime and GROUP BY",
    "update_commit": "update by key + commit",
    "updates_applied": "apply {changes:,} updates on {rows:,} rows",
    "deletes_applied": "apply {changes:,} deletes on {rows:,} rows",
    "close": "close",
    "steady_commit": "steady load: a commit each",
    "lag_median": "lag of the engine's tables, median",
    "lag_99": "  99 of 100 commits",
    "lag_longest": "  the longest",
    "many_rows": "{large:,} rows in a transaction, a row",
    "catch_up": "  until the engine's tables have them",
    "rebuild": "rebuild of the lost file, a row",
    "scan_file": "cursor over all, a row",
    "scan_file_memory": "  memory at the peak",
    "scan_file_growth": "  more when repeated",
    "scan_direct": "cursor over all, direct=auto, a row",
    "scan_direct_memory": "  memory at the peak",
    "scan_direct_growth": "  more when repeated",
    "scan_rows": "cursor over all, direct=off, a row",
    "scan_rows_memory": "  memory at the peak",
    "scan_rows_growth": "  more when repeated",
}
IN_ALL = "updates_applied", "deletes_applied"  # shown for all operations together
Results = dict[str, dict[str, list[float]]]  # subject, measure: seconds per operation, one for each repetition


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, two repetitions: a smoke test")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build", help="Meson's build directory")
    parser.add_argument("--json", type=Path, help="where to write all values (default: BUILD/bench.json)")
    parser.add_argument("--rows", type=int, help="rows of the table (140000)")
    parser.add_argument("--commits", type=int, help="inserts with a commit each (500)")
    parser.add_argument("--inserts", type=int, help="inserts in one transaction (5000)")
    parser.add_argument("--selects", type=int, help="selects by key (2000)")
    parser.add_argument("--changes", type=int, help="updates, then deletes, in one transaction (10000)")
    parser.add_argument("--large", type=int, help="rows to catch up on, rebuild, scan by cursor (1000000; the scans' goal: 10000000)")
    parser.add_argument("--steady", type=int, help="seconds of the steady load of commits (10)")
    parser.add_argument("--repetitions", type=int, help="how often all is done; medians are shown (5)")
    parser.add_argument("--only", action="append", help="groups whose title has this: embedded, Python, scan, ...; may be repeated")
    parser.add_argument("--seconds", type=float, default=60, help="a subject is not repeated after this time (60)")
    parser.add_argument("--limit", type=float, default=5, help="a loop of single statements ends after this time (5)")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()  # by a relative one the package does not find all of it
    normal = {"rows": 140_000, "commits": 500, "inserts": 5_000, "selects": 2_000, "changes": 10_000, "repetitions": 5}
    quick = {"rows": 2_000, "commits": 20, "inserts": 100, "selects": 100, "changes": 200, "repetitions": 2}
    normal |= {"large": 1_000_000, "steady": 10}
    quick |= {"large": 20_000, "steady": 1}
    for name, value in (quick if chosen.quick else normal).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    if chosen.rows <= 3 * chosen.commits + chosen.inserts or min(getattr(chosen, name) for name in normal) < 1:
        parser.error("--rows must be more than three times --commits and --inserts together, and each at least 1")
    if chosen.changes > chosen.rows:
        parser.error("--changes can't be more than --rows")
    chosen.only = chosen.only or [""]
    chosen.json = chosen.json or chosen.build / "bench.json"
    return chosen


def compile_program(name: str, build: Path, libraries: list[str]) -> Path:
    """Compiles one of the C programs into BUILD/bench and returns its path."""
    program = build / "bench" / name
    program.parent.mkdir(exist_ok=True)
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", *libraries], text=True).split()
    if name != "raw_libpq":
        source = build / "src"
        flags += [f"-I{HERE.parent / 'include'}", f"-I{build / 'include'}"]
        flags += [f"-L{source}", "-lheliosdb", f"-Wl,-rpath,{source}"]
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O2", "-pthread", "-std=gnu11", str(HERE / f"{name}.c"), "-o", str(program), *flags], check=True)
    return program


def groups(build: Path) -> Iterator[tuple[str, list[Subject]]]:
    """Title and subjects of each table; the last subject is ours, the others its peers."""
    embedded = compile_program("embedded", build, ["sqlite3"])
    raw_libpq = compile_program("raw_libpq", build, ["libpq"])
    yield "embedded, Python", [Sqlite(), Sqlite(wal=True), Embedded()]
    yield "embedded, C", [
        Program("libsqlite3", embedded, "sqlite"),
        Program("libsqlite3 WAL", embedded, "sqlite-wal"),
        Program("libheliosdb", embedded, "heliosdb"),
    ]
    behind, scan = (compile_program(name, build, ["libpq"]) for name in ("behind", "scan"))
    yield "embedded, C: behind the file", [Behind("libpq", behind, "libpq"), Behind("libheliosdb", behind, "heliosdb")]
    yield "embedded, C: scan", [Scan("libheliosdb", scan)]
    yield from other_languages(build)
    have_psycopg = importlib.util.find_spec("psycopg") is not None
    if not have_psycopg:
        print("psycopg is not measured: it is not installed (build/venv/bin/python has it)")
    for server, variable in ("HeliosDB", "HELIOSDB_TEST_DSN_HELIOSDB"), ("PostgreSQL", "HELIOSDB_TEST_DSN_POSTGRESQL"):
        dsn = os.environ.get(variable)
        if not dsn:
            print(f"daemon mode on {server} is not measured: {variable} is not set")
            continue
        peers: list[Subject] = [Program("libpq in C", raw_libpq, dsn=dsn)]
        if have_psycopg:
            peers.append(Psycopg(dsn))
        yield f"daemon on {server}, Python", [*peers, Daemon(dsn)]
        yield f"daemon on {server}, C", [peers[0], Program("libheliosdb", embedded, "daemon", dsn=dsn)]
        yield f"daemon on {server}, C: scan", [Scan("libheliosdb", scan, dsn=dsn)]


def other_languages(build: Path) -> Iterator[tuple[str, list[Subject]]]:
    """The bindings of Node and Ruby beside the packages that they stand for, where these are installed."""
    peer = build / "node" / "node_modules" / "better-sqlite3"
    os.environ["BETTER_SQLITE3"] = str(peer.resolve())
    if peer.exists() and (HERE.parent / "bindings" / "node" / "build" / "heliosdb.node").exists():
        command = "node", HERE / "embedded.js"
        yield "embedded, Node", [
            Program("better-sqlite3", *command, "sqlite"),
            Program("heliosdb-sqlite", *command, "heliosdb"),
        ]
        # better-sqlite3 is compiled for one Node, which may be one without the other peer.
        newer = os.environ.get("NODE_WITH_SQLITE", "node")
        has_sqlite = "process.exit(require('module').isBuiltin('node:sqlite') ? 0 : 1)"
        if subprocess.run([newer, "-e", has_sqlite], check=False).returncode == 0:
            command = newer, HERE / "embedded.js"
            yield "embedded, Node: node:sqlite", [
                Program("node:sqlite", *command, "node:sqlite"),
                Program("heliosdb-sqlite/node", *command, "heliosdb/node"),
            ]
        else:
            print("node:sqlite is not measured: this Node has none; NODE_WITH_SQLITE names one of 22.13 or newer")
    else:
        print("Node is not measured: better-sqlite3 is not installed, or the addon is not built (bindings/node/build.sh)")
    if subprocess.run(["ruby", "-e", "require 'sqlite3'; require 'ffi'"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        command = "ruby", HERE / "embedded.rb"
        yield "embedded, Ruby", [
            Program("sqlite3 gem", *command, "sqlite"),
            Program("heliosdb-sqlite gem", *command, "heliosdb"),
        ]
    else:
        print("Ruby is not measured: the gems sqlite3 and ffi are not installed")


def measure(subjects: list[Subject], sizes: Sizes, chosen: argparse.Namespace) -> Results:
    """Runs the subjects in turn, so that what else the machine does falls on all of them."""
    results: Results = {subject.name: {} for subject in subjects}
    spent = dict.fromkeys(results, 0.0)
    for _ in range(chosen.repetitions):
        for subject in subjects:
            if spent[subject.name] > chosen.seconds:
                continue
            directory = Path(tempfile.mkdtemp(prefix="hdb-bench-"))
            start = time.monotonic()
            try:
                for found in subject.run(directory, sizes, chosen.limit):
                    results[subject.name].setdefault(found.name, []).append(found.seconds / found.count)
            finally:
                spent[subject.name] += time.monotonic() - start
                shutil.rmtree(directory, ignore_errors=True)
    return results


def shown(name: str, value: float) -> str:
    if name.endswith(("_memory", "_growth")):
        return f"{value / 1e6:.3g} MB"
    for unit, factor in ("s", 1), ("ms", 1e3):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} us"


def medians_of(results: Results) -> Medians:
    return {
        subject: {name: statistics.median(values) for name, values in measures.items()} for subject, measures in results.items()
    }


def print_table(title: str, results: Medians, sizes: Sizes) -> None:
    """Medians; after each peer, how many times as long ours takes."""
    *peers, ours = results
    print(f"\n{title}")
    header = [ours, *(cell for peer in peers for cell in (peer, "ratio"))]
    print(f"{'':40}" + "".join(f"{cell:>16}" if cell != "ratio" else f"{cell:>8}" for cell in header))
    for name, label in MEASURES.items():
        medians = {subject: values[name] for subject, values in results.items() if name in values}
        if ours not in medians:
            continue
        times = sizes.changes if name in IN_ALL else 1
        line = f"{label.format(**vars(sizes)):40}{shown(name, medians[ours] * times):>16}"
        for peer in peers:
            if peer in medians:
                line += f"{shown(name, medians[peer] * times):>16}{medians[ours] / medians[peer]:>8.2f}"
            else:
                line += f"{'-':>16}{'':>8}"
        print(line)


def machine() -> dict[str, object]:
    return {
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def main() -> None:
    chosen = options()
    sizes = Sizes(chosen.rows, chosen.commits, chosen.inserts, chosen.selects, chosen.changes, chosen.large, chosen.steady)
    os.environ.setdefault("HELIOSDB_LIBRARY", str(chosen.build / "src" / "libheliosdb.so"))
    os.environ.setdefault("HELIOSDB_KEEPER", str(chosen.build / "src" / "heliosdb-keeper"))
    os.environ.setdefault("HELIOSDB_NOTICES", "off")
    print(f"{sizes.rows} rows, medians of {chosen.repetitions}; a ratio is our time by the peer's")
    report = {"machine": machine(), "sizes": vars(sizes), "repetitions": chosen.repetitions, "groups": {}}
    found: dict[str, Medians] = {}
    for title, subjects in groups(chosen.build):
        if not any(part in title for part in chosen.only):
            continue
        results = measure(subjects, sizes, chosen)
        found[title] = medians_of(results)
        print_table(title, found[title], sizes)
        report["groups"][title] = results
    print_goals(found)
    chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\nall values, in seconds for one operation or bytes: {chosen.json}")


if __name__ == "__main__":
    main()
