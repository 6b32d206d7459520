# SPDX-License-Identifier: Apache-2.0
"""Whole programs: the shell, programs whose imports stay as they are, dumps."""

import os
import pathlib
import sqlite3
import subprocess
import sys

import pytest

import heliosdb_sqlite


PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(heliosdb_sqlite.__file__)))


def run(*arguments, cwd, **options):
    env = {**os.environ, "PYTHONPATH": PACKAGES}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, **options)


def test_shell_prints_the_rows_of_a_statement_and_keeps_them(tmp_path):
    made = run("-m", "heliosdb_sqlite", "a.db", "CREATE TABLE t AS SELECT 1 AS a", cwd=tmp_path)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    read = run("-m", "heliosdb_sqlite", "a.db", "SELECT a, 'x' FROM t", cwd=tmp_path)
    assert (read.returncode, read.stdout) == (0, "(1, 'x')\n")


def test_shell_tells_of_a_wrong_statement(tmp_path):
    told = run("-m", "heliosdb_sqlite", ":memory:", "SELEC 1", cwd=tmp_path)
    assert told.returncode == 1
    assert told.stderr == 'OperationalError (SQLITE_ERROR): near "SELEC": syntax error\n'


def test_shell_reads_statements_that_span_lines(tmp_path):
    told = run("-m", "heliosdb_sqlite", cwd=tmp_path, input="SELECT 1,\n2;\n.version\n.quit\n")
    assert told.returncode == 0
    assert "(1, 2)" in told.stdout and heliosdb_sqlite.sqlite_version in told.stdout


@pytest.mark.parametrize("form", ["script", "module", "code"])
def test_an_unmodified_program_gets_ours(tmp_path, form):
    text = "import sqlite3, sys\nfrom sqlite3 import dbapi2\nimport sqlite3.dbapi2 as d\n"
    text += "print(sqlite3.__name__, dbapi2 is d, sys.argv[1:], __name__)\n"
    (tmp_path / "program.py").write_text(text)
    how = {"script": ["program.py"], "module": ["-m", "program"], "code": ["-c", text]}[form]
    told = run("-m", "heliosdb_sqlite.run", *how, "one", "--two", cwd=tmp_path)
    assert told.stdout == "heliosdb_sqlite True ['one', '--two'] __main__\n", told.stderr


def test_replacing_can_be_undone():
    code = (
        "import sqlite3; before = sqlite3\nfrom heliosdb_sqlite import replace\nreplace.install()\nimport sqlite3\n"
        "assert sqlite3.__name__ == 'heliosdb_sqlite'\nreplace.uninstall()\nimport sqlite3\nassert sqlite3 is before"
    )
    assert run("-c", code, cwd=os.getcwd()).returncode == 0


def test_run_without_a_program_tells_how_to_use_it(tmp_path):
    told = run("-m", "heliosdb_sqlite.run", cwd=tmp_path)
    assert told.returncode == 2 and "program.py" in told.stderr


def test_a_dump_is_the_standard_librarys(tmp_path):
    script = """
        CREATE TABLE "odd ""name"(id INTEGER PRIMARY KEY AUTOINCREMENT, "it's" TEXT, b BLOB);
        INSERT INTO "odd ""name"("it's", b) VALUES ('a''b', x'00ff'), (NULL, 1.5);
        CREATE INDEX i ON "odd ""name"("it's");
        CREATE VIEW v AS SELECT 1;
        CREATE TRIGGER tr AFTER DELETE ON "odd ""name" BEGIN SELECT 1; END;
    """
    ours, theirs = heliosdb_sqlite.connect(tmp_path / "ours.db"), sqlite3.connect(":memory:")
    for connection in (ours, theirs):
        connection.executescript(script)
    assert list(ours.iterdump()) == list(theirs.iterdump())
    again = sqlite3.connect(":memory:")
    again.executescript("".join(ours.iterdump()))
    assert list(again.iterdump()) == list(theirs.iterdump())
    ours.close()


def test_a_path_need_not_be_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/w\xff\xfe.db"
    for _ in range(2):
        connection = heliosdb_sqlite.connect(path)
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
            connection.execute("INSERT INTO t VALUES (1)")
        connection.flush()
        connection.close()
        os.unlink(path)  # what was committed comes back from the engine
    connection = heliosdb_sqlite.connect(path)
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
    connection.close()


def interpreters():
    """The Python 3.8 and newer that are on PATH or that pyenv has, newest patch of each, by version."""
    found = {}
    places = [pathlib.Path(place) for place in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted(pathlib.Path.home().glob(".pyenv/versions/*/bin"))
    for place in places:
        for minor in range(8, 20):
            path = place / f"python3.{minor}"
            # pyenv's shims run only what is switched on.
            if path.exists() and place.name != "shims":
                found[f"3.{minor}"] = path
    return found


@pytest.mark.parametrize("version", [f"3.{minor}" for minor in range(8, 14)])
def test_every_python_imports_it_and_runs_a_program(tmp_path, version):
    path = interpreters().get(version)
    if path is None:
        pytest.skip(f"no Python {version} here")
    (tmp_path / "program.py").write_text("import sqlite3\nprint(sqlite3.connect(':memory:').execute('SELECT 1').fetchone())\n")
    env = {**os.environ, "PYTHONPATH": PACKAGES}
    for arguments in (["-m", "heliosdb_sqlite", ":memory:", "SELECT 1"], ["-m", "heliosdb_sqlite.run", "program.py"]):
        done = subprocess.run([str(path), *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout) == (0, "(1,)\n"), done.stderr
