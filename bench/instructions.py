#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of single statements, ours and SQLite's, with valgrind's callgrind: unlike times, they are the same
on a machine that does other things too. Prints TAP and ends with 1 if one of ours needs more of SQLite's than it should.

Usage: bench/instructions.py [--build DIR]

C first, with an engine; then Python, in memory, beside the interpreter's sqlite3. The limits are a little above what was counted
when they were set: what lowers a count lowers its limit, too.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS, COMMITS, INSERTS, SELECTS = 12_000, 20, 5_000, 2_000
JOBS = [  # function of embedded.c, what it does, how often, the ratio that it should not exceed
    ("select_by_key", "select by key", SELECTS, 1.3),
    ("fetch_all", "fetch a row of many", ROWS, 1.4),
    ("insert_in_transaction", "insert in a transaction, its share of COMMIT included", ROWS - 3 * COMMITS, 1.8),
]
PYTHON_TIMES = 4_000
PYTHON_JOBS = [  # job of single_statements.py, what it does, the ratio that it should not exceed
    ("select", "Python: execute() of a select by key, and fetchone()", 0.95),
    ("insert", "Python: execute() of an insert in a transaction", 1.05),
    ("iterate", "Python: a row of many, by the cursor's iterator", 1.05),
]


def compile_program(build: Path, directory: Path) -> Path:
    """embedded.c with its functions kept apart."""
    program = directory / "embedded"
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "sqlite3"], text=True).split()
    flags += [f"-I{HERE.parent / 'include'}", f"-I{build / 'include'}"]
    flags += [f"-L{build / 'src'}", "-lheliosdb", f"-Wl,-rpath,{build / 'src'}"]
    source = str(HERE / "embedded.c")
    subprocess.run([os.environ.get("CC", "cc"), "-g", "-O1", "-fno-inline", "-std=gnu11", source, "-o", str(program), *flags], check=True)
    return program


def callgrind(out: Path, program: list[str], **environment: str) -> int:
    """Runs a program under callgrind, which writes `out`; the instructions of all of it."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *program]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    found = re.search(r"Collected *: *(\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return int(found[1])


def count(program: Path, library: str, directory: Path) -> dict[str, int]:
    """Instructions of each function, those of what it calls included."""
    out = directory / f"callgrind.{library}"
    callgrind(out, [str(program), library, str(directory / library), *map(str, (ROWS, COMMITS, INSERTS, SELECTS))])
    table = subprocess.check_output(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", str(out)], text=True)
    found = re.findall(r"^ *([\d,]+) [^>\n]*embedded\.c:(\w+) ", table, re.MULTILINE)
    return {name: int(number.replace(",", "")) for number, name in found}


def count_python(module: str, job: str, directory: Path) -> int:
    """Instructions of an interpreter that does a job, its start included."""
    program = [sys.executable, str(HERE / "single_statements.py"), module, job, str(PYTHON_TIMES)]
    package = str(HERE.parent / "bindings" / "python")
    return callgrind(directory / f"callgrind.{module}", program, PYTHONHASHSEED="1", PYTHONPATH=package)


def count_python_jobs(module: str, directory: Path) -> dict[str, int]:
    nothing = count_python(module, "nothing", directory)
    return {job: count_python(module, job, directory) - nothing for job, _, _ in PYTHON_JOBS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=HERE.parent / "build", help="Meson's build directory")
    build = parser.parse_args().build.resolve()
    os.environ.setdefault("HELIOSDB_KEEPER", str(build / "src" / "heliosdb-keeper"))
    os.environ.setdefault("HELIOSDB_NOTICES", "off")
    os.environ.setdefault("HELIOSDB_LIBRARY", str(build / "src" / "libheliosdb.so"))
    told = []
    with tempfile.TemporaryDirectory(prefix="hdb-instructions-") as name, ThreadPoolExecutor() as pool:
        program = compile_program(build, Path(name))
        theirs, ours = pool.map(lambda library: count(program, library, Path(name)), ("sqlite", "heliosdb"))
        told += [(job, ours[function] // times, theirs[function] // times, limit) for function, job, times, limit in JOBS]
        theirs, ours = pool.map(lambda module: count_python_jobs(module, Path(name)), ("sqlite3", "heliosdb_sqlite"))
        told += [(label, ours[job] // PYTHON_TIMES, theirs[job] // PYTHON_TIMES, limit) for job, label, limit in PYTHON_JOBS]
    print(f"1..{len(told)}")
    for number, (job, mine, other, limit) in enumerate(told, 1):
        result = "ok" if mine <= limit * other else "not ok"
        print(f"{result} {number} - {job}: {mine:,} instructions, SQLite {other:,}: {mine / other:.2f} times, at most {limit}", flush=True)
    sys.exit(any(mine > limit * other for _, mine, other, limit in told))


if __name__ == "__main__":
    main()
