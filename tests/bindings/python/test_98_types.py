# SPDX-License-Identifier: Apache-2.0
"""What a type checker says of the package, of a typed program and of typical mistakes."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import ROOT

HERE = pathlib.Path(__file__).resolve().parent / "typed"
PACKAGE = ROOT / "bindings" / "python"

pytest.importorskip("mypy", reason="mypy is not installed for this interpreter")


@pytest.fixture
def mypy(tmp_path):
    """Runs mypy --strict on a path; (exit code, output)."""

    def check(path, *options):
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", *options, path]
        environment = {**os.environ, "MYPYPATH": str(PACKAGE)}
        done = subprocess.run(
            [str(word) for word in command], env=environment, capture_output=True, text=True, timeout=600, cwd=tmp_path
        )
        return done.returncode, done.stdout + done.stderr

    return check


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_the_package_is_typed(mypy, version):
    code, told = mypy(PACKAGE / "heliosdb_sqlite", "--python-version", version)
    assert code == 0, told


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "heliosdb_sqlite" / "py.typed").exists()


@pytest.mark.timeout(600)
def test_a_typed_program_is_accepted(mypy):
    code, told = mypy(HERE / "program.py")
    assert code == 0, told


def test_the_typed_program_runs(tmp_path):
    command = [sys.executable, str(HERE / "program.py"), str(tmp_path / "app.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['note 0', 'note 1', 'note 2', 'last', 'note 0'] b'da' SQLITE_CONSTRAINT_PRIMARYKEY 42",
        "7 4 False embedded",
    ]


@pytest.mark.timeout(600)
def test_mistakes_are_told_of(mypy):
    expected = set()
    for number, line in enumerate((HERE / "wrong.py").read_text(encoding="utf-8").splitlines(), 1):
        named = re.search(r"  # ([a-z-]+)$", line)
        if named:
            expected.add((number, named[1]))
    code, told = mypy(HERE / "wrong.py")
    found = {(int(line), kind) for line, kind in re.findall(r"wrong\.py:(\d+): error: .*\[([a-z-]+)\]$", told, re.M)}
    assert code == 1 and len(expected) > 5
    assert found == expected
