# SPDX-License-Identifier: Apache-2.0
"""Run the interpreter's own tests of sqlite3 with heliosdb_sqlite in its place.

    conformance.py [--python PROGRAM] [--build DIRECTORY] [--set-up NAME]... [--list] [MODULE...]

Set-ups: ``sqlite3`` (the standard library itself), ``embedded`` (as users run it), ``engine`` (HELIOSDB_MEMORY=engine, so
that every commit of a ":memory:" database reaches an engine too), ``daemon-heliosdb`` and ``daemon-postgresql`` (servers
named by HELIOSDB_TEST_DSN_*; child/places.py says which databases they stand for).

The tests are those that the interpreter carries (``test.test_sqlite3``, before Python 3.11 ``sqlite3.test``), unchanged. A test that the standard library
passes must pass here, or be listed with its reason in docs/conformance-python.md; the exit code is 1 otherwise.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "conformance-python.md"
SERVERS = {"daemon-heliosdb": "HELIOSDB_TEST_DSN_HELIOSDB", "daemon-postgresql": "HELIOSDB_TEST_DSN_POSTGRESQL"}
SET_UPS = ["sqlite3", "embedded", "engine", *SERVERS]
SECONDS = 30  # for one test


# Where interpreters keep the suite: since 3.11 with the other tests, before that in sqlite3 itself.
PACKAGES = ("test.test_sqlite3", "sqlite3.test")


def test_modules(python):
    """The modules of an interpreter's suite; none if it was installed without its tests."""
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        suite = importlib.import_module(name)\n"
        "    except ImportError:\n        continue\n"
        "    files = sorted(os.listdir(os.path.dirname(suite.__file__)))\n"
        "    start = 'test_' if name.startswith('test.') else ''\n"
        "    print(*(name + '.' + file[:-3] for file in files\n"
        "            if file.startswith(start) and file.endswith('.py') and not file.startswith('__')))\n"
        "    break\n"
    )
    out = subprocess.run([python, "-c", code, *PACKAGES], capture_output=True, text=True, check=True).stdout
    return out.strip().splitlines()[-1].split() if out.strip() else []


def short_name(test):
    """A test's name without its package."""
    for package in PACKAGES:
        if test.startswith(package + "."):
            return test[len(package) + 1 :]
    return test


def environment(set_up, build):
    """What the child of a set-up finds in its environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HELIOSDB_MO")}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "bindings" / "python"), str(HERE / "child")])
    env.update(HELIOSDB_LINGER="0", HELIOSDB_NOTICES="off")
    env.setdefault("HELIOSDB_LIBRARY", str(build / "src" / "libheliosdb.so"))
    env.setdefault("HELIOSDB_KEEPER", str(build / "src" / "heliosdb-keeper"))
    if set_up != "sqlite3":
        env["HELIOSDB_REPLACE_SQLITE3"] = "1"
    if set_up == "engine":
        env["HELIOSDB_MEMORY"] = "engine"
    if set_up in SERVERS:
        env.update(HELIOSDB_CONFORMANCE_DAEMON="1", HELIOSDB_DSN=os.environ[SERVERS[set_up]])
    return env


def run(set_up, python, build, modules):
    """The outcome of each test as {name: (outcome, detail)}; a process for each module, in a directory of its own."""
    outcomes = {}
    for module in modules:
        with tempfile.TemporaryDirectory(prefix="conformance-") as directory:
            output = pathlib.Path(directory, "outcomes.jsonl")
            command = [python, str(HERE / "child" / "suite.py"), str(output), str(SECONDS), module]
            done = subprocess.run(
                command, cwd=directory, env=environment(set_up, build), stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, errors="replace", timeout=1200,
            )  # fmt: skip
            if not output.exists():
                sys.exit(f"{set_up}: {module} did not begin: {done.stderr.strip()}")
            for line in output.read_text().splitlines():
                told = json.loads(line)
                outcomes[told["test"]] = (told["outcome"], told["detail"])
    return outcomes


def listed(set_up):
    """The tests that docs/conformance-python.md names for a set-up: ``| `test` | set-ups | reason |``."""
    names = {}
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        row = re.match(r"\| `([\w.]+)` \| ([\w, -]+) \| (.+) \|$", line)
        if row and (set_up in row[2].split(", ") or row[2] == "all"):
            names[row[1]] = row[3]
    return names


def last_line(detail):
    lines = detail.strip().splitlines()
    return lines[-1] if lines else ""


def judge(set_up, expected, outcomes):
    """Prints the count of a set-up and what is not listed; returns how many of the latter."""
    short = {name: short_name(name) for name in expected}
    lost = [name for name in expected if outcomes.get(name, ("not run", ""))[0] != "passed"]
    reasons = listed(set_up)
    unlisted = [name for name in lost if short[name] not in reasons]
    passed = len(expected) - len(lost)
    print(f"{set_up}: {passed} of the {len(expected)} tests that sqlite3 passes ({100 * passed / len(expected):.1f} %)")
    for name in lost:
        outcome, detail = outcomes.get(name, ("not run", ""))
        mark = "" if short[name] in reasons else "NOT LISTED "
        print(f"    {mark}{short[name]}: {outcome}: {last_line(detail)[:160]}")
    for name in sorted(set(reasons) - {short[name] for name in lost} - {""}):
        if name in short.values():
            print(f"    listed, but it passes: {name}")
    return len(unlisted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter, with its tests")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="where the library was built")
    parser.add_argument("--set-up", action="append", choices=SET_UPS[1:], help="only these; can be repeated")
    parser.add_argument("--list", action="store_true", help="show the outcomes in full")
    parser.add_argument("modules", nargs="*", help="only these, such as test_dbapi")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()  # the tests run elsewhere
    modules = test_modules(chosen.python)
    if not modules:
        print(f"0 passed, 0 failed, 1 skipped: {chosen.python} was installed without its tests of sqlite3")
        return 0
    if chosen.modules:
        modules = [module for module in modules if module.rpartition(".")[2] in chosen.modules]
    standard = run("sqlite3", chosen.python, chosen.build, modules)
    expected = [name for name, (outcome, _) in standard.items() if outcome == "passed"]
    print(f"sqlite3 itself: {len(expected)} passed, {len(standard) - len(expected)} skipped or failed")
    unlisted = skipped = 0
    for set_up in chosen.set_up or SET_UPS[1:]:
        if set_up in SERVERS and not os.environ.get(SERVERS[set_up]):
            print(f"{set_up}: skipped, {SERVERS[set_up]} is not set")
            skipped += 1
            continue
        outcomes = run(set_up, chosen.python, chosen.build, modules)
        unlisted += judge(set_up, expected, outcomes)
        if chosen.list:
            for name, (outcome, detail) in outcomes.items():
                print(f"== {name}: {outcome}\n{detail}")
    print(f"{unlisted} not passed and not listed, {skipped} set-ups skipped")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
