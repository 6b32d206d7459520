#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells how many differential cases ran in each set-up, how many differed, and what is refused, by feature.

Usage: count_differential.py TESTLOG

TESTLOG is Meson's testlog.json of the suite `sql`. Hand-written cases (those of tests/sql/cases and tests/sql/corpus) and
random ones are counted apart.
"""
import json
import re
import sys

CLOSING = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
RANDOM = re.compile(r"^.*: seeds \d+ to \d+: .*$", re.MULTILINE)
REFUSED = re.compile(r"^refused: (.+): (\d+) statements$", re.MULTILINE)
FEATURE_LINE = re.compile(r"^([^#|\n][^|\n]*?) *\|", re.MULTILINE)


def read_tests(path):
    """Yields the name and the output of each differential test."""
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            name = test["name"].rpartition(" / ")[2]
            if name.startswith("differential "):
                yield name.removeprefix("differential "), test.get("stdout", "")


def read_random(path):
    """Yields the closing lines of the runs of random scripts."""
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            if test["name"].rpartition(" / ")[2].startswith("random scripts "):
                yield from RANDOM.findall(test.get("stdout", ""))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows, refused, left_out = [], {}, {}
    with open("tests/sql/refusals.txt", encoding="utf-8") as features:
        names = FEATURE_LINE.findall(features.read())
    for setup, output in read_tests(sys.argv[1]):
        closing = CLOSING.search(output)
        passed, failed, skipped = map(int, closing.groups()) if closing else (0, 1, 0)
        rows.append((setup, passed, failed, skipped))
        for feature, statements in REFUSED.findall(output):
            refused[feature] = max(refused.get(feature, 0), int(statements))
        for feature in names:
            count = len(re.findall(rf"^skipped - .*: {re.escape(feature)}: ", output, re.MULTILINE))
            if count:
                left_out[feature] = max(left_out.get(feature, 0), count)
    count = max((passed + failed + skipped for _, passed, failed, skipped in rows), default=0)
    print(f"    {count} hand-written differential cases, {sum(row[2] for row in rows)} differing")
    for setup, passed, failed, skipped in rows:
        print(f"        {setup}: {passed + failed} run, {failed} differing, {skipped} not for it")
    print("    random scripts")
    for closing in read_random(sys.argv[1]):
        print(f"        {closing}")
    print(f"    {len(refused)} features are refused by name:")
    for feature, statements in sorted(refused.items()):
        print(f"        {feature}: {statements} statements")
    print(f"    {len(left_out)} features are otherwise in some set-up:")
    for feature, cases in sorted(left_out.items()):
        print(f"        {feature}: {cases} cases")


if __name__ == "__main__":
    main()
