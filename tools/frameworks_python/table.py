#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the runs of a program's tests recorded: a table of counts, and why a test fails that passes with sqlite3.

Usage: table.py --page PAGE DIRECTORY RUN..        DIRECTORY has RUN.xml, as pytest writes them; RUN sqlite3 first

Exits 1 if a test fails that passes with sqlite3 and that the page does not name, as `test` in the first column of a
table whose second one has the set-ups, or "all". A run that recorded nothing always makes it 1, but one against
PostgreSQL, which may not be installed. A run of a part of the tests is compared on that part.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from fnmatch import fnmatchcase

OUTCOMES = ("passed", "failed", "skipped")


def read(path):
    """Outcome and reason of each test."""
    tests = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        outcome, reason = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome, reason = "failed", why(child)
            elif child.tag == "skipped":
                outcome = "skipped"
        tests[name] = (outcome, reason)
    return tests


def why(failure):
    """What the test wanted that is not supported, else the message's first line."""
    told = re.search(r"NotSupportedError: (.*)", failure.text or "")
    return told.group(1) if told else (failure.get("message") or "").split("\n")[0]


def listed(page, run):
    """Patterns of the tests that the page names for a run: ``| `test` | set-ups | reason |``, `*` for anything."""
    patterns = []
    for line in page.read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| `([^`]+)` \| ([\w, -]+) \|", line)
        if row and (row[2] == "all" or run in row[2].split(", ")):
            patterns.append("*" + row[1])
    return patterns


def print_table(runs):
    print(f"{'':20}" + "".join(f"{outcome:>10}" for outcome in OUTCOMES))
    for run, tests in runs.items():
        counts = Counter(outcome for outcome, _ in tests.values())
        print(f"{run:20}" + "".join(f"{counts[outcome]:>10}" for outcome in OUTCOMES))


def print_lost(run, lost):
    by_reason = defaultdict(list)
    for name, reason in lost:
        by_reason[reason].append(name)
    print(f"\n{run}: {len(lost)} tests fail that pass with sqlite3")
    for reason, names in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        print(f"  {len(names)}: {reason}")
        for name in names:
            print(f"      {name}")


def lost_of(tests, standard):
    """The tests that pass with sqlite3 and not in a run, with the reason. A run may be of a part of them."""
    good = {name for name, (outcome, _) in standard.items() if outcome == "passed"}
    expected = good & set(tests)
    # A class that could not be set up has a test of its own, and those in it are not told.
    found = {name for name, (outcome, _) in tests.items() if outcome == "failed" and name not in standard}
    told = [(name, *tests[name]) for name in sorted(expected | found)]
    return [(name, reason or outcome) for name, outcome, reason in told if outcome != "passed"]


def read_runs(directory, names):
    runs = {}
    for run in names:
        path = directory / f"{run}.xml"
        if run == "daemon-postgresql" and not path.exists():
            continue
        try:
            runs[run] = read(path)
        except (OSError, ElementTree.ParseError) as error:
            print(f"{run}: no results: {error}")
            runs[run] = {}
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", type=pathlib.Path, required=True)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("runs", nargs="+")
    arguments = parser.parse_args()
    runs = read_runs(arguments.directory, arguments.runs)
    bad = not all(runs.values())
    print(f"\n== {arguments.directory.name}: its own tests")
    print_table(runs)
    for run, tests in runs.items():
        lost = lost_of(tests, runs.get("sqlite3", {}))
        if lost:
            print_lost(run, lost)
        patterns = listed(arguments.page, run) if arguments.page.exists() else []
        unlisted = [name for name, _ in lost if not any(fnmatchcase(name, pattern) for pattern in patterns)]
        for name in unlisted:
            print(f"  NOT IN {arguments.page}: {name}")
        bad = bad or bool(unlisted)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
