#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the runs of a case study recorded: a table of counts, and why a test fails that passes with sqlite3.

Usage: table.py --strict yes|no DIRECTORY RUN..        DIRECTORY has RUN.xml, as pytest writes them; RUN sqlite3 first

With --strict yes, exits 1 if a test fails that passes with sqlite3. A run that recorded nothing always makes it 1, but
one against PostgreSQL, which may not be installed.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict

OUTCOMES = ("passed", "failed", "skipped")


def read(path):
    """Outcome and reason of each test."""
    tests = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        outcome, reason = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome, reason = "failed", why(case, child)
            elif child.tag == "skipped":
                outcome = "skipped"
        tests[name] = (outcome, reason)
    return tests


def why(case, failure):
    """What the test wanted that is not supported, else the message's first line."""
    refused = [entry.get("value") for entry in case.iter("property") if entry.get("name") == "not supported"]
    told = re.search(r"NotSupportedError: (.*)", failure.text or "")
    if refused:
        return "not supported: " + ", ".join(refused)
    return told.group(1) if told else (failure.get("message") or "").split("\n")[0]


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--strict", choices=("yes", "no"), required=True)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("runs", nargs="+")
    arguments = parser.parse_args()
    runs, bad = {}, False
    for run in arguments.runs:
        path = arguments.directory / f"{run}.xml"
        if run == "daemon-postgresql" and not path.exists():
            continue
        try:
            runs[run] = read(path)
        except (OSError, ElementTree.ParseError) as error:
            print(f"{run}: no results: {error}")
            runs[run] = {}
        bad = bad or not runs[run]
    print(f"\n== {arguments.directory.name}: its own tests")
    print_table(runs)
    good = {name for name, (outcome, _) in runs["sqlite3"].items() if outcome == "passed"}
    for run, tests in runs.items():
        lost = [(name, *tests.get(name, ("not run", "not run"))) for name in sorted(good)]
        lost = [(name, reason or outcome) for name, outcome, reason in lost if outcome != "passed"]
        if lost:
            print_lost(run, lost)
            bad = bad or arguments.strict == "yes"
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
