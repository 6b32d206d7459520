#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/compatibility.md from the differential tests.

Usage: compatibility.py [--check]

Reads the comments at the head of every case file, which cases are left out of which set-up or refused there,
tests/sql/refusals.txt, and the hand-written rest of the page, docs/compatibility.md.in. The cases hold in every set-up
in which they run, or `make test` fails: so the page says what the tests say. --check writes nothing, and fails if the page
is not what it would write.
"""
import argparse
import difflib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "sql"
PAGE = ROOT / "docs" / "compatibility.md"
HAND_WRITTEN = ROOT / "docs" / "compatibility.md.in"

# A place is a column of the page; the set-ups are those that stand for it.
PLACES = {
    "file": ["embedded"],
    "`:memory:`": ["memory"],
    "HeliosDB server": ["daemon-heliosdb"],
    "PostgreSQL server": ["daemon-postgresql"],
}
URL = re.compile(r"https?://[^\s,;)]+")
HEAD_LINE = re.compile(r"#\s*(Feature|Limits):\s*(.*)")
NEEDS_FILE = ("reopen", "rebuild", "connection 2", "connection 3")


class Case:
    """One case of a file: what it leaves out, and what it says is refused, by set-up."""

    def __init__(self):
        self.skips = []  # (beginning of set-ups' names, feature)
        self.refusals = []
        self.needs_file = False

    def runs_in(self, setup):
        return not any(setup.startswith(beginning) for beginning, _ in self.skips)

    def features_in(self, setup):
        """Features of refusals.txt that show in a set-up."""
        return {name for beginning, name in self.skips + self.refusals if setup.startswith(beginning)}


class CaseFile:
    def __init__(self, path):
        self.path = path
        self.feature, self.limits, self.urls, self.cases = None, [], [], []
        for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            if line.startswith("== "):
                self.cases.append(Case())
            elif not self.cases and line.startswith("#"):
                self.read_head(line)
            elif self.cases and line.startswith("-- "):
                self.read_directive(line[3:])
        if not self.feature:
            sys.exit(f"{path.relative_to(ROOT)}: no line \"# Feature: ...\" before the first case")

    def read_head(self, line):
        match = HEAD_LINE.match(line)
        self.urls += URL.findall(line)
        if match and match.group(1) == "Feature":
            self.feature = match.group(2).strip()
        elif match:
            self.limits.append(match.group(2).strip())

    def read_directive(self, text):
        case = self.cases[-1]
        if text.startswith("skip "):
            setup, feature, _ = (part.strip() for part in text[5:].split(":", 2))
            case.skips.append((setup, feature))
        elif text.startswith("refused"):
            setup, feature = (part.strip() for part in text[7:].split(":", 1))
            case.refusals.append((setup, feature))
        elif text.startswith(NEEDS_FILE):
            case.needs_file = True

    def link(self):
        return f"[{self.path.stem}](../{self.path.relative_to(ROOT).as_posix()})"


def cell(files, setups):
    """Whether a feature runs in a place."""
    cases = [case for file in files for case in file.cases if "memory" not in setups or not case.needs_file]
    touched = [case for case in cases if any(case.features_in(setup) for setup in setups)]
    if not cases or not any(case.runs_in(setup) for case in cases for setup in setups):
        return "no"
    return "yes, but" if touched else "yes"


def feature_rows(files):
    by_feature = {}
    for file in files:
        by_feature.setdefault(file.feature, []).append(file)
    yield "| | " + " | ".join(PLACES) + " | limits | cases |"
    yield "|---" * (len(PLACES) + 3) + "|"
    for feature, group in sorted(by_feature.items(), key=lambda item: item[0].lower()):
        urls = list(dict.fromkeys(url for file in group for url in file.urls))
        name = f"[{feature}]({urls[0]})" if urls else feature
        cells = [cell(group, setups) for setups in PLACES.values()]
        limits = "; ".join(dict.fromkeys(limit for file in group for limit in file.limits))
        if "yes, but" in cells and not limits:
            names = ", ".join(file.path.name for file in group)
            sys.exit(f"{names}: something is left out or refused, and no line \"# Limits: ...\" says so")
        yield f"| {name} | {' | '.join(cells)} | {limits} | {', '.join(file.link() for file in group)} |"


def refusal_rows(files):
    yield "| | what | where | cases |"
    yield "|---|---|---|---|"
    for line in (TESTS / "refusals.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, words, what = (part.strip() for part in line.split("|", 2))
        shown = {
            place: [file for file in files for case in file.cases for setup in setups if name in case.features_in(setup)]
            for place, setups in PLACES.items()
        }
        where = [place for place, found in shown.items() if found]
        links = dict.fromkeys(file.link() for found in shown.values() for file in found)
        kind = "refused" if words else "otherwise"
        yield f"| {name} | {kind}: {what} | {', '.join(where) or '-'} | {', '.join(links) or '-'} |"


def page():
    paths = sorted([*TESTS.glob("cases/**/*.test"), *TESTS.glob("corpus/**/*.test")])
    files = [CaseFile(path) for path in paths]
    text = HAND_WRITTEN.read_text(encoding="utf-8")
    for mark, rows in (("@FEATURES@", feature_rows(files)), ("@REFUSALS@", refusal_rows(files))):
        text = text.replace(mark, "\n".join(rows))
    return "<!-- Written by tools/docs/compatibility.py from tests/sql and docs/compatibility.md.in: change those. -->\n" + text


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    wanted = page()
    if not arguments.check:
        PAGE.write_text(wanted, encoding="utf-8")
        return
    present = PAGE.read_text(encoding="utf-8")
    if present != wanted:
        sys.stdout.writelines(
            difflib.unified_diff(present.splitlines(True), wanted.splitlines(True), "docs/compatibility.md", "the tests")
        )
        sys.exit("docs/compatibility.md is not what the tests say: run tools/docs/compatibility.py")


if __name__ == "__main__":
    main()
