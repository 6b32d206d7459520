# SPDX-License-Identifier: Apache-2.0
"""Runs test modules of the interpreter's own suite and writes each test's outcome as a line of JSON.

    suite.py OUTPUT SECONDS MODULE...

With HELIOSDB_REPLACE_SQLITE3=1 sitecustomize.py has swapped the module, here and in processes that tests start. A test
that takes longer than SECONDS is ended and counted as hanging.
"""

import fcntl
import glob
import importlib
import json
import os
import shutil
import signal
import sys
import sysconfig
import types
import unittest


class Hang(BaseException):
    """A test took too long."""


class Outcomes(unittest.TestResult):
    """Writes what became of each test as soon as it is known, so that nothing is lost if the process dies."""

    def __init__(self, output, seconds):
        super().__init__()
        self.output = output
        self.seconds = seconds
        self.outcome, self.detail = "passed", ""

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.detail = "passed", ""
        self.write(test.id(), "started")
        if os.environ.get("HELIOSDB_CONFORMANCE_DAEMON"):
            import places

            places.reset()
        signal.alarm(self.seconds)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        self.write(test.id(), self.outcome, self.detail)
        remove_orphans()

    def write(self, name, outcome, detail=""):
        self.output.write(json.dumps({"test": name, "outcome": outcome, "detail": detail}) + "\n")
        self.output.flush()

    def _worse(self, outcome, detail):
        if self.outcome in ("passed", "skipped"):
            self.outcome, self.detail = outcome, detail

    def addError(self, test, err):
        super().addError(test, err)
        detail = self._exc_info_to_string(err, test)
        if isinstance(test, unittest.TestCase):
            self._worse("hang" if issubclass(err[0], Hang) else "error", detail)
        else:  # of a class or module that could not be set up
            self.write(test.id(), "error", detail)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._worse("failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._worse("failed", f"{subtest}\n" + self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._worse("skipped", reason)


def remove_orphans():
    """A database is a file and the directory beside it: where a test removed the file, the directory goes too."""
    for directory in glob.glob("*-heliosdb"):
        if not os.path.exists(directory[: -len("-heliosdb")]):
            await_engine(os.path.join(directory, "engine.lock"))
            shutil.rmtree(directory, ignore_errors=True)


def await_engine(path):
    """Waits until the engine of a directory has ended, which holds this lock."""
    try:
        with open(path, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    except FileNotFoundError:
        pass


def ring(_signal, _frame):
    raise Hang("the test took too long")


def find_suite_of_sqlite3():
    """Before Python 3.11 the suite is a part of sqlite3, in whose place ours has no tests: it is found where it is."""
    directory = os.path.join(sysconfig.get_path("stdlib"), "sqlite3", "test")
    if os.path.isdir(directory):
        package = sys.modules["sqlite3.test"] = types.ModuleType("sqlite3.test")
        package.__path__ = [directory]


def check_replacement():
    """A test that passes must have passed with the module that is asked for."""
    import sqlite3

    wanted = "heliosdb_sqlite" if os.environ.get("HELIOSDB_REPLACE_SQLITE3") else "sqlite3"
    if sqlite3.__name__ != wanted:
        sys.exit(f"sqlite3 is {sqlite3.__name__}, not {wanted}")


def main():
    check_replacement()
    path, seconds, modules = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGALRM, ring)
    find_suite_of_sqlite3()
    with open(path, "a", encoding="utf-8") as output:
        for name in modules:
            module = importlib.import_module(name)
            for prefix in ("test", "Check"):  # the second is that of Python 3.8 and 3.9
                loader = unittest.TestLoader()
                loader.testMethodPrefix = prefix
                loader.loadTestsFromModule(module).run(Outcomes(output, seconds))


if __name__ == "__main__":
    main()
