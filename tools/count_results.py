#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what test runners recorded, from their machine-readable results.

Usage: count_results.py --totals FILE RESULT..

A RESULT is meson:PATH (testlog.json), junit:PATH (pytest, node, minitest) or tap:PATH. Prints a line per suite, and one
per test that failed or was skipped; writes "passed failed skipped" to FILE. A result that is missing, damaged or holds
no test at all counts as one failure: a runner that died must not look like one that passed.
"""
import argparse
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

TAP_LINE = re.compile(r"^(not )?ok\b\s*(\d*)\s*-?\s*(.*?)(?:\s*#\s*(skip|todo)\S*\s*(.*))?$", re.IGNORECASE)
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)
OWN_CLOSING_LINE = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")
MESON_GOOD = {"OK", "EXPECTEDFAIL"}
REASON_LENGTH = 300


class Results:
    """Outcomes by suite; details of what did not pass."""

    def __init__(self):
        self.suites = {}
        self.details = []

    def add(self, suite, name, outcome, reason=""):
        self.suites.setdefault(suite, Counter())[outcome] += 1
        if outcome != "passed":
            reason = " ".join(reason.split())
            reason = f" ({reason[:REASON_LENGTH]})" if reason else ""
            self.details.append(f"    {outcome}: {suite}: {name}{reason}")

    def total(self):
        return sum(self.suites.values(), Counter())


def read_tap(results, suite, text):
    """Adds every test point; returns how many there were and how many of them failed."""
    points = failed = 0
    lines = text.splitlines()
    for position, line in enumerate(lines):
        match = TAP_LINE.match(line)
        if not match:
            continue
        points += 1
        bad, number, name, directive, reason = match.groups()
        if directive:
            results.add(suite, name or number, "skipped", reason)
        elif bad:
            failed += 1
            results.add(suite, name or number, "failed", comment_after(lines, position))
        else:
            results.add(suite, name or number, "passed")
    plan = TAP_PLAN.search(text)
    if plan and int(plan.group(1)) != points:
        failed += 1
        results.add(suite, "plan", "failed", f"{plan.group(1)} tests planned, {points} run")
    return points, failed


def comment_after(lines, position):
    """What a runner tells of a failed test point: the comment that follows it."""
    comment = []
    for line in lines[position + 1 :]:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    return " ".join(comment)


def last_line(text):
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def read_closing_line(results, suite, text):
    """Adds what our own runners' closing line tells; returns how many tests there were and how many of them failed."""
    match = OWN_CLOSING_LINE.fullmatch(last_line(text))
    if not match:
        return 0, 0
    passed, failed, skipped = (int(number or 0) for number in match.groups())
    results.suites.setdefault(suite, Counter()).update(passed=passed, failed=failed, skipped=skipped)
    for line in text.splitlines():
        if line.startswith(("not ok - ", "skipped - ")):
            outcome, _, name = line.partition(" - ")
            results.details.append(f"    {'failed' if outcome == 'not ok' else outcome}: {suite}: {name}")
    return passed + failed + skipped, failed


def read_meson(results, path):
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            suite, _, name = test["name"].rpartition(" / ")
            suite = suite.rpartition(":")[2] or "meson"
            output = test.get("stdout", "")
            read_output = read_tap if TAP_PLAN.search(output) else read_closing_line
            points, failed = read_output(results, f"{suite}/{name}", output)
            if test["result"] == "SKIP":
                if not points:
                    results.add(suite, name, "skipped", last_line(output))
            elif test["result"] not in MESON_GOOD:
                if not failed:
                    results.add(suite, name, "failed", test["result"].lower())
            elif not points:
                results.add(suite, name, "passed")


def read_junit(results, path):
    label = path.rpartition("/")[2].removesuffix(".xml")
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = " ".join(filter(None, (case.get("classname"), case.get("name"))))
        skipped = case.find("skipped")
        if skipped is not None:
            results.add(label, name, "skipped", skipped.get("message", ""))
        elif (failure := next(iter([*case.findall("failure"), *case.findall("error")]), None)) is not None:
            results.add(label, name, "failed", failure.get("message", ""))
        else:
            results.add(label, name, "passed")


def read(results, source):
    kind, _, path = source.partition(":")
    before = results.total().total()
    try:
        if kind == "meson":
            read_meson(results, path)
        elif kind == "junit":
            read_junit(results, path)
        elif kind == "tap":
            with open(path, encoding="utf-8", errors="replace") as tap:
                read_tap(results, path.rpartition("/")[2].removesuffix(".tap"), tap.read())
        else:
            sys.exit(f"count_results: unknown kind of result: {source}")
    except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
        results.add(path, "results", "failed", f"can't be read: {error}")
    if results.total().total() == before:
        results.add(path, "results", "failed", "no test was run")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--totals", required=True)
    parser.add_argument("results", nargs="+")
    arguments = parser.parse_args()
    results = Results()
    for source in arguments.results:
        read(results, source)
    for suite, count in results.suites.items():
        worse = "".join(f", {count[outcome]} {outcome}" for outcome in ("failed", "skipped") if count[outcome])
        print(f"    {suite}: {count['passed']} ok{worse}")
    for line in results.details:
        print(line)
    total = results.total()
    with open(arguments.totals, "w", encoding="utf-8") as totals:
        print(total["passed"], total["failed"], total["skipped"], file=totals)


if __name__ == "__main__":
    main()
