# SPDX-License-Identifier: Apache-2.0
"""A writer of test_languages.py: PATH NUMBER SECONDS. Moves money between accounts, one transaction a transfer."""

import json
import random
import sys
import time

import heliosdb_sqlite


def transfer(conn, number, draw):
    source, target = draw.sample(range(20), 2)
    amount = draw.randrange(1, 50)
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, source))
    conn.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, target))
    conn.execute("INSERT INTO transfer(writer, amount) VALUES (?, ?)", (number, amount))
    conn.execute("COMMIT")


def main():
    path, number, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    draw = random.Random(number)
    conn = heliosdb_sqlite.connect(path, timeout=60, isolation_level=None)
    conn.create_function("doubled", 1, lambda amount: 2 * amount, deterministic=True)
    commits, busy = 0, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            transfer(conn, number, draw)
            commits += 1
        except heliosdb_sqlite.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            busy.append(f"{error} after {time.monotonic() - began:.3f} s")
            if conn.in_transaction:
                conn.execute("ROLLBACK")
    conn.close()
    print(json.dumps({"commits": commits, "busy": busy}))


main()
