#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells where the campaigns killed or cut the power, and what was found, from Meson's testlog.json of the suite `fault`.

Usage: count_kills.py TESTLOG
"""
import json
import re
import sys

TOLD = re.compile(r"^(?: *\d+ (?:kills of|points:|within|acknowledged commits|cuts within)).*$", re.MULTILINE)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            print(f"    {test['name'].rpartition(' / ')[2]}")
            for told in TOLD.findall(test.get("stdout", "")):
                print(f"        {told.rstrip()}")


if __name__ == "__main__":
    main()
