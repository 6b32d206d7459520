# SPDX-License-Identifier: Apache-2.0
"""Uses the installed wheel as a user would: `every_python.py ROOT`, the checkout, whose programs are run, not imported."""

import os
import subprocess
import sys
import tempfile

import heliosdb_sqlite
from heliosdb_sqlite import states

root = sys.argv[1]
assert not os.path.realpath(heliosdb_sqlite.__file__).startswith(os.path.realpath(root)), heliosdb_sqlite.__file__
assert states.ACCELERATED == (sys.version_info >= (3, 10)), "the short ways in C"


def run(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=300
    )
    print(done.stdout)
    assert done.returncode == 0, arguments
    return done.stdout


directory = tempfile.mkdtemp()
database = os.path.join(directory, "wheel.db")
program = os.path.join(directory, "program.py")
with open(program, "w") as file:
    file.write("import sqlite3, sys; print(sqlite3.__name__, sqlite3.connect(sys.argv[1]).execute('SELECT 7').fetchone())")

assert run(os.path.join(root, "examples", "tutorial_smoke.py")).splitlines()[-1] == "OK"
run("-m", "heliosdb_sqlite", database, "CREATE TABLE t(a)")
run("-m", "heliosdb_sqlite", database, "INSERT INTO t VALUES (1), ('two')")
assert run("-m", "heliosdb_sqlite", database, "SELECT a FROM t") == "(1,)\n('two',)\n"
assert run("-m", "heliosdb_sqlite.run", program, database) == "heliosdb_sqlite (7,)\n"
run(os.path.join(root, "tools", "docs", "python_examples.py"), "--check", "--quick", "--module", "heliosdb_sqlite")
