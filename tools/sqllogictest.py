#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes cases of tests/sql out of files of the public sqllogictest corpus, which this project does not hold.

    tools/sqllogictest.py DIRECTORY OUTPUT [--every N] [--queries N] [--skip PATTERN]

Every file below DIRECTORY that is named *.test, or each Nth, is written to one file in OUTPUT. Only statements and queries
are taken, not what they gave elsewhere: plain SQLite runs them again beside this library. A case has at most 200
queries, so that one that differs is found quickly; it begins with all statements that came before them.
"""

import argparse
import pathlib
import re
import sys

QUERIES_PER_CASE = 200


def records(text):
    """The (kind, SQL) of each record that is meant for SQLite; kind is 'statement' or 'query'."""
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line for line in paragraph.split("\n") if not line.startswith("#")]
        wanted = True
        while lines and (not lines[0].strip() or re.match(r"(skipif|onlyif|hash-threshold|halt)\b", lines[0])):
            words = lines.pop(0).split()
            if words[:1] == ["halt"] and wanted:
                return
            if words[:1] == ["skipif"] and words[1] == "sqlite":
                wanted = False
            if words[:1] == ["onlyif"] and words[1] != "sqlite":
                wanted = False
        if not lines or not wanted:
            continue
        kind = lines[0].split()[0]
        if kind not in ("statement", "query"):
            raise ValueError(f"unknown record: {lines[0]!r}")
        sql = []
        for line in lines[1:]:
            if line.startswith("----"):
                break
            sql.append(line)
        yield kind, "\n".join(sql).strip().rstrip(";")


def cases(name, text, limit):
    """The text of the cases of one file, and how many queries they hold."""
    before, body, queries, part, taken = [], [], 0, 1, 0
    out = []

    def finish():
        out.append(f"== {name}, part {part}\n" + "".join(sql + ";\n" for sql in body) + "\n")

    for kind, sql in records(text):
        if not sql:
            continue
        if queries == QUERIES_PER_CASE:
            finish()
            body, queries, part = list(before), 0, part + 1
        body.append(sql)
        if kind == "statement":
            before.append(sql)
        else:
            queries += 1
            taken += 1
        if taken == limit:
            break
    if body:
        finish()
    return "".join(out), taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1, help="take each Nth file")
    parser.add_argument("--queries", type=int, default=0, help="take at most N queries of a file")
    parser.add_argument("--skip", default="", help="leave out files whose path matches")
    options = parser.parse_args()
    files = sorted(path for path in options.directory.rglob("*.test") if path.is_file())
    files = [path for path in files if not options.skip or not re.search(options.skip, str(path))]
    options.output.mkdir(parents=True, exist_ok=True)
    total = 0
    for path in files[:: options.every]:
        name = str(path.relative_to(options.directory).with_suffix("")).replace("/", "-")
        text, queries = cases(name, path.read_text(encoding="utf-8", errors="surrogateescape"), options.queries)
        if text:
            (options.output / f"{name}.test").write_text(text, encoding="utf-8", errors="surrogateescape")
        total += queries
    print(f"{len(files[:: options.every])} files, {total} queries", file=sys.stderr)
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main())
