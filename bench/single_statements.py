# SPDX-License-Identifier: Apache-2.0
"""Single statements of Python, for bench/instructions.py: `single_statements.py MODULE JOB TIMES`, in memory."""
import importlib
import sys

JOBS = "nothing", "select", "insert", "iterate"


def main(module: str, job: str, times: int) -> None:
    conn = importlib.import_module(module).connect(":memory:", isolation_level=None)
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)")
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO t VALUES (?, ?, ?)", [(key, f"hello number {key} of the rows", key * 0.5) for key in range(1, 201)])
    if job == "select":
        for i in range(times):
            conn.execute("SELECT id, a, v FROM t WHERE id = ?", (i % 200 + 1,)).fetchone()
    elif job == "insert":
        for i in range(times):
            conn.execute("INSERT INTO t VALUES (?, ?, ?)", (i + 1000, "hello number 1234 of the rows", 0.5))
    elif job == "iterate":
        for _ in range(times // 200):
            for _ in conn.execute("SELECT id, a, v FROM t"):
                pass
    conn.execute("COMMIT")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
