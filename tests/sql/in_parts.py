#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the differential cases of a server in parts, each on servers of its own, and add up what they say.

Usage: in_parts.py SERVERS RUNNER [--direct auto|off] SETUP FILE... [--every N]

A HeliosDB server gets slower with every table that was made and dropped on it, so that all cases on one take an hour.
Two parts run at a time, as one waits half of its time. SERVERS is tests/support/servers.sh. The output and the exit
code are those of one run of RUNNER.
"""

import collections
import concurrent.futures
import re
import subprocess
import sys

PART = 16  # files
AT_A_TIME = 2
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")
REFUSED = re.compile(r"^refused: (.+): (\d+) statements$")


def main():
    servers, runner = sys.argv[1:3]
    files = [word for word in sys.argv[3:] if word.endswith(".test")]
    options = [word for word in sys.argv[3:] if not word.endswith(".test")]
    sums, refused, status = [0, 0, 0], collections.Counter(), 0

    def run(part):
        command = [servers, "run", runner, *options, *part]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, errors="replace", stdin=subprocess.DEVNULL)

    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    pool = concurrent.futures.ThreadPoolExecutor(AT_A_TIME)
    for part, done in zip(parts, pool.map(run, parts)):
        closed = False
        for line in done.stdout.splitlines():
            closing, feature = CLOSING.match(line), REFUSED.match(line)
            if closing:
                sums = [total + int(count) for total, count in zip(sums, closing.groups())]
                closed = True
            elif feature:
                refused[feature[1]] += int(feature[2])
            else:
                print(line, flush=True)
        if done.returncode == 77:
            return 77
        if done.returncode != 0 or not closed:
            status = 1
        if not closed:
            print(f"not ok - {part[0]} and what follows: ended with {done.returncode}")
            sums[1] += 1
    for name, count in refused.items():
        print(f"refused: {name}: {count} statements")
    print("{} passed, {} failed, {} skipped".format(*sums))
    return status


if __name__ == "__main__":
    sys.exit(main())
