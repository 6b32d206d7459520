# SPDX-License-Identifier: Apache-2.0
"""Signals while a statement runs: Ctrl-C ends it at once, other handlers run meanwhile, the connection stays usable."""

import pytest

pytestmark = pytest.mark.usefixtures("no_process_left")

PROGRAM = """
import os, signal, sys, threading, time
import heliosdb_sqlite

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
options = dict(pair.split("=", 1) for pair in sys.argv[3:])
conn = heliosdb_sqlite.connect(sys.argv[2], **options)
conn.execute("CREATE TABLE t(a)")
conn.execute("INSERT INTO t VALUES (1)")
conn.commit()
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

def press(number, after=0.5):
    threading.Timer(after, os.kill, (os.getpid(), number)).start()

def select():
    conn.execute(ENDLESS + "SELECT sum(i) FROM n").fetchall()

def insert():
    conn.execute("INSERT INTO t VALUES (2)")
    conn.execute(ENDLESS + "INSERT INTO t SELECT i FROM n WHERE i < 0")

def fetch():
    for row in conn.execute("SELECT a FROM t UNION ALL SELECT * FROM (" + ENDLESS + "SELECT sum(i) FROM n)"):
        pass

def script():
    conn.executescript("SELECT 1; " + ENDLESS + "SELECT sum(i) FROM n; SELECT 2;")

def many():
    conn.executemany("INSERT INTO t SELECT ? WHERE (" + ENDLESS + "SELECT sum(i) FROM n) > 0", [(1,), (2,)])

def function():
    conn.create_function("busy", 1, lambda value: time.sleep(0.01))
    conn.execute(ENDLESS + "SELECT sum(busy(i)) FROM n").fetchall()
"""

INTERRUPTED = PROGRAM + """
start = time.monotonic()
press(signal.SIGINT)
try:
    globals()[sys.argv[1]]()
except KeyboardInterrupt:
    print("KeyboardInterrupt", time.monotonic() - start < 60)
print(conn.execute("SELECT a FROM t ORDER BY a").fetchall(), conn.in_transaction)
conn.commit()
conn.execute("INSERT INTO t VALUES (3)")
conn.commit()
print(conn.execute("SELECT a FROM t ORDER BY a").fetchall())
conn.close()
"""


@pytest.mark.parametrize("what", ["select", "insert", "fetch", "script", "many", "function"])
def test_ctrl_c_ends_a_statement_and_leaves_the_connection_usable(place, python, what):
    options = [f"{name}={value}" for name, value in place.options.items()]
    told = python(INTERRUPTED, what, place.ours, *options).splitlines()
    # SQLite rolls back the transaction of an interrupted INSERT, with what was inserted before.
    assert told == ["KeyboardInterrupt True", "[(1,)] False", "[(1,), (3,)]"]


HANDLED = PROGRAM + """
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
press(signal.SIGUSR1, 0.3)
start = time.monotonic()
threading.Timer(1.5, conn.interrupt).start()
try:
    select()
except heliosdb_sqlite.OperationalError as error:
    print(error, len(seen), seen[0] - start < 1)

class Stop(Exception):
    pass

def stop(*_):
    raise Stop("of the program")

signal.signal(signal.SIGUSR1, stop)
press(signal.SIGUSR1, 0.3)
try:
    select()
except Stop as error:
    print(repr(error))
conn.close()
"""


def test_a_handler_runs_while_the_statement_goes_on_and_may_end_it(place, python):
    options = [f"{name}={value}" for name, value in place.options.items()]
    told = python(HANDLED, "", place.ours, *options).splitlines()
    assert told == ["interrupted 1 True", "Stop('of the program')"]


LOST = PROGRAM + """
class Count:
    def __init__(self): self.rows = 0
    def step(self, value): self.rows += 1
    def finalize(self): return self.rows

signal.signal(signal.SIGALRM, signal.default_int_handler)
conn.create_function("same", 1, lambda value: value)
conn.create_aggregate("rows", 1, Count)
conn.create_collation("bytes", lambda one, two: (one > two) - (one < two))
told = []
for what in ("sum(same(i))", "rows(i)", "sum(i || '' < i || 'a' COLLATE bytes)"):
    for attempt in range(8):
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        try:
            conn.execute(ENDLESS + f"SELECT {what} FROM n").fetchall()
        except KeyboardInterrupt:
            told.append(what)
print(len(told), conn.execute("SELECT same(1), rows(1)").fetchall())
conn.close()
"""


@pytest.mark.parametrize("place", ["memory", "file"], indirect=True)
def test_no_signal_is_lost_between_sqlite_and_the_programs_functions(place, python):
    assert python(LOST, "", place.ours) == "24 [(1, 1)]\n"


WAITING = PROGRAM + """
if sys.argv[1] == "lock":
    other = heliosdb_sqlite.connect(sys.argv[2], **options)
    other.execute("INSERT INTO t VALUES (2)")
    waits = ("INSERT INTO t VALUES (?)", (3,))
else:
    waits = ("SELECT pg_sleep(20), to_char(now(), 'YYYY')",)
start = time.monotonic()
press(signal.SIGINT)
try:
    conn.execute(*waits).fetchall()
except KeyboardInterrupt:
    print("KeyboardInterrupt", time.monotonic() - start < 15)
if sys.argv[1] == "lock":
    other.commit()
    other.close()
conn.rollback()
conn.execute("INSERT INTO t VALUES (4)")
conn.commit()
print(conn.execute("SELECT a FROM t ORDER BY a").fetchall())
conn.close()
"""


@pytest.mark.parametrize("place", ["heliosdb", "postgresql"], indirect=True)
def test_ctrl_c_ends_a_wait_for_a_servers_lock(place, python):
    options = [f"{name}={value}" for name, value in place.options.items()]
    told = python(WAITING, "lock", place.ours, "timeout=20", *options).splitlines()
    assert told == ["KeyboardInterrupt True", "[(1,), (2,), (4,)]"]


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_ctrl_c_ends_a_statement_that_the_server_runs(place, python):
    options = [f"{name}={value}" for name, value in place.options.items()]
    told = python(WAITING, "statement", place.ours, *options).splitlines()
    assert told == ["KeyboardInterrupt True", "[(1,), (4,)]"]
