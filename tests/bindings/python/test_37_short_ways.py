# SPDX-License-Identifier: Apache-2.0
"""What may go a short way in C, and what may not: nobody sees the difference. Beside sqlite3."""

import gc
import importlib.machinery
import os
import sys
import threading
import time
import weakref

import pytest
from conftest import said

from heliosdb_sqlite import states

INSERT = "INSERT INTO t VALUES (?, ?)"


@pytest.fixture
def warm(same):
    """Runs scenario(module, connection) with a table of three rows, of which INSERT and SELECT were prepared before."""

    def compare(scenario, **options):
        def warmed(module, conn):
            conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
            for row in [(1, "one"), (2, "two"), (3, "three")]:
                conn.execute(INSERT, row)
            conn.execute("SELECT a, b FROM t").fetchall()
            return scenario(module, conn)

        return same(warmed, **options)

    return compare


def test_the_short_ways_are_taken():
    if os.environ.get("HELIOSDB_ACCELERATOR") == "off":
        assert not states.ACCELERATED
        pytest.skip("HELIOSDB_ACCELERATOR is off")
    assert states.ACCELERATED == (sys.version_info >= (3, 10) and ".abi3.so" in importlib.machinery.EXTENSION_SUFFIXES)


def test_they_can_be_turned_off(python):
    told = python("from heliosdb_sqlite import states; print(states.ACCELERATED)", HELIOSDB_ACCELERATOR="off")
    assert told == "False\n"


def test_they_are_found_beside_a_library_that_is_named_by_a_relative_path(python):
    told = python(
        "from heliosdb_sqlite import states; print(states.ACCELERATED)",
        HELIOSDB_LIBRARY=os.path.relpath(os.environ["HELIOSDB_LIBRARY"]),
    )
    assert told == f"{states.ACCELERATED}\n"


def test_a_cursor_class_of_the_program_is_asked(warm):
    def scenario(module, conn):
        class Told(module.Cursor):
            def execute(self, sql, *parameters):
                seen.append(sql)
                return super().execute(sql, *parameters)

            def fetchone(self):
                return "one", super().fetchone()

            def __next__(self):
                return "next", super().__next__()

        seen = []
        cursor = conn.cursor(Told)
        first = cursor.execute("SELECT a, b FROM t").fetchone()
        return seen, first, list(cursor), cursor.execute("SELECT a, b FROM t").fetchall()

    warm(scenario)


def test_a_connection_class_of_the_program_is_asked(place, tmp_path):
    import heliosdb_sqlite

    class Told(heliosdb_sqlite.Connection):
        def cursor(self, *arguments):
            seen.append("cursor")
            return super().cursor(*arguments)

    seen = []
    conn = place.connect(factory=Told)
    assert [conn.execute("SELECT 1").fetchone() for _ in range(3)] == [(1,)] * 3
    assert seen == ["cursor"] * 3
    conn.close()


def test_an_unread_statement_is_run_again_by_another_cursor(warm):
    def scenario(module, conn):
        one, other = conn.cursor(), conn.cursor()
        told = []
        for cursor in (one, other, one):
            told.append(cursor.execute("SELECT a, b FROM t").fetchone())
        return told, one.fetchall(), other.fetchall(), one.fetchone(), next(other, "end")

    warm(scenario)


def test_a_cursor_forgets_what_it_read_before(warm):
    def scenario(module, conn):
        cursor = conn.execute("SELECT a, b FROM t")
        first = cursor.fetchone()
        cursor.execute(INSERT, (4, "four"))
        told = cursor.description, cursor.rowcount, cursor.lastrowid, cursor.fetchall()
        return first, told, cursor.execute("SELECT a, b FROM t").fetchmany(2), cursor.description

    warm(scenario)


def test_every_way_to_take_rows_gives_the_same(warm):
    def scenario(module, conn):
        conn.executemany(INSERT, [(None, value) for value in [None, 1, -(2**63), 0.5, "a\0b", b"\0\xff", "", b"", "ü" * 70_000] * 100])
        select = "SELECT a, b, typeof(b), NULL, 7, 0.25, 'text', x'00ff' FROM t ORDER BY a"
        each = list(conn.execute(select))
        ones = list(iter(conn.execute(select).fetchone, None))
        cursor = conn.execute(select)
        parts = []
        while part := cursor.fetchmany(7):
            parts += part
        return each, each == ones == parts == conn.execute(select).fetchall() == conn.execute(select).fetchmany(0)

    assert warm(scenario)[1]


@pytest.mark.parametrize("size", [None, 2, -1, 0, True, 2**31 - 1])
def test_fetchmany_takes_numbers(warm, size):
    def scenario(module, conn):
        cursor = conn.execute("SELECT a FROM t")
        cursor.arraysize = 2
        return said(cursor.fetchmany, size) if size is not None else said(cursor.fetchmany)

    warm(scenario)


@pytest.mark.parametrize("size", [2**31, -(2**70), "two", 1.5, (2,), b"2"], ids=str)
def test_fetchmany_takes_nothing_else(warm, size):
    def scenario(module, conn):
        return said(conn.execute("SELECT a FROM t").fetchmany, size)[0]  # the class

    warm(scenario)


def test_the_row_factory_of_the_connection_and_of_the_cursor(warm):
    def scenario(module, conn):
        conn.row_factory = lambda cursor, row: (cursor.description[0][0], *row)
        cursor = conn.execute("SELECT a, b FROM t")
        told = [cursor.fetchone()]
        cursor.row_factory = lambda cursor, row: dict(zip("ab", row))
        told += [cursor.fetchone(), cursor.fetchall()]
        conn.row_factory = module.Row
        row = conn.execute("SELECT a, b FROM t").fetchone()
        return told, row["b"], tuple(row), row.keys()

    warm(scenario)


def test_a_row_factory_that_raises_or_uses_the_cursor(warm):
    def scenario(module, conn):
        def wrong(cursor, row):
            if row[0] == 2:
                raise ValueError("two")
            return row

        def again(cursor, row):
            return said(cursor.fetchone)

        conn.row_factory = wrong
        cursor = conn.execute("SELECT a, b FROM t")
        told = [said(cursor.fetchone) for _ in range(4)]
        conn.row_factory = again
        return told, [conn.execute("SELECT a, b FROM t").fetchall() for _ in range(2)], conn.execute("SELECT a, b FROM t").fetchmany(2)

    warm(scenario)


@pytest.mark.parametrize("what", ["close the cursor", "close the connection", "other texts", "no factory", "end"])
def test_a_row_factory_that_changes_what_comes_next(warm, what):
    def scenario(module, conn):
        def factory(cursor, row):
            if row[0] == 2 and what == "close the cursor":
                cursor.close()
            if row[0] == 2 and what == "close the connection":
                conn.close()
            if row[0] == 2 and what == "other texts":
                conn.text_factory = bytes
            if row[0] == 2 and what == "no factory":
                cursor.row_factory = None
            if row[0] == 2 and what == "end":
                raise StopIteration
            return list(row)

        conn.row_factory = factory
        cursor = conn.execute("SELECT a, b FROM t ORDER BY a")
        return said(cursor.fetchall), said(cursor.fetchone), said(lambda: conn.execute("SELECT a, b FROM t").fetchmany(3))

    warm(scenario)


def test_a_function_of_the_program_uses_the_cursor_that_calls_it(warm):
    def scenario(module, conn):
        told = []

        def function(value):
            told.append(said(cursor.execute, "SELECT 1") if value > 1 else conn.execute("SELECT a, b FROM t").fetchone())
            return value

        conn.create_function("f", 1, function)
        cursor = conn.cursor()
        return [cursor.execute("SELECT f(a) FROM t WHERE a = ?", (key,)).fetchall() for key in (1, 2, 3, 2)], told

    warm(scenario)


def test_a_failing_statement_leaves_the_cursor_usable(warm):
    def scenario(module, conn):
        cursor = conn.cursor()
        told = [said(cursor.execute, INSERT, (3, "again")), cursor.rowcount, cursor.description, said(cursor.fetchone)]
        conn.execute("SELECT abs(?)", (1,))
        told.append(said(cursor.execute, "SELECT abs(?)", (-(2**63),)))
        conn.create_function("f", 1, lambda value: 1 // (value - 2))
        cursor.execute("SELECT f(a) FROM t")
        told += [cursor.fetchone(), said(cursor.fetchone), said(cursor.fetchone)]
        return told, cursor.execute(INSERT, (4, "four")).rowcount, conn.execute("SELECT count(*) FROM t").fetchall()

    warm(scenario)


def test_text_that_is_not_utf8_among_many_rows(warm):
    def scenario(module, conn):
        conn.execute("INSERT INTO t SELECT 10, CAST(x'61ff' AS TEXT)")
        select = "SELECT a, b FROM t ORDER BY a"
        return said(conn.execute(select).fetchall), said(lambda: list(conn.execute(select))), conn.execute("SELECT 1").fetchone()

    warm(scenario)


def test_the_implicit_transaction_begins(warm):
    def scenario(module, conn):
        conn.commit()
        states = [conn.in_transaction]
        for sql in ("SELECT a, b FROM t", INSERT):
            conn.execute(sql, (9, "nine") if "?" in sql else ())
            states.append(conn.in_transaction)
        conn.rollback()
        conn.isolation_level = None
        conn.execute(INSERT, (9, "nine"))
        return states, conn.in_transaction, conn.execute("SELECT count(*) FROM t").fetchone()

    warm(scenario)


def test_a_changed_table_is_described_anew(warm):
    def scenario(module, conn):
        conn.execute("SELECT * FROM t").fetchall()
        conn.execute("ALTER TABLE t ADD COLUMN c DEFAULT 'new'")
        cursor = conn.execute("SELECT * FROM t")
        return [column[0] for column in cursor.description], cursor.fetchone(), cursor.fetchall()

    warm(scenario)


def test_a_statement_follows_changes_of_the_schema_and_their_undoing(warm):
    def scenario(module, conn):
        conn.isolation_level = None
        told = []

        def run():
            for sql in ("SELECT * FROM t WHERE a = ?", "SELECT * FROM t WHERE a < ?"):
                cursor = conn.execute(sql, (2,))
                told.append(([column[0] for column in cursor.description], cursor.fetchall()))
            told.append(conn.execute("SELECT * FROM t").fetchall())

        run()
        conn.execute("BEGIN")
        conn.execute("ALTER TABLE t ADD COLUMN c DEFAULT 'new'")
        run()
        conn.execute("ROLLBACK")
        run()
        conn.execute("ALTER TABLE t RENAME COLUMN b TO d")
        run()
        conn.execute("SAVEPOINT s")
        conn.execute("ALTER TABLE t DROP COLUMN d")
        run()
        conn.execute("ROLLBACK TO s")
        conn.execute("RELEASE s")
        run()
        conn.execute("DROP TABLE t")
        conn.execute("CREATE TABLE t(x, y, a INTEGER PRIMARY KEY)")
        conn.execute("INSERT INTO t VALUES (1, 2, 2)")
        run()
        return told

    warm(scenario)


def test_arguments_that_are_wrong(warm):
    def scenario(module, conn):
        cursor = conn.cursor()
        calls = [(1,), (INSERT, 1), (INSERT, (2**63, 1)), (INSERT, {"a": 1})]
        told = [said(cursor.execute, *call) for call in calls] + [said(conn.execute, *call) for call in calls]
        return told, [said(of.execute, *call)[0] for of in (cursor, conn) for call in [(), (INSERT, (1, 2), 3)]]

    warm(scenario)


def test_what_is_closed_says_so(warm):
    def scenario(module, conn):
        cursor, other = conn.execute("SELECT a, b FROM t"), conn.cursor()
        other.close()
        told = [said(other.execute, "SELECT a, b FROM t"), said(other.fetchone), said(other.fetchall), said(lambda: next(other))]
        conn.close()
        told += [said(cursor.execute, "SELECT a, b FROM t"), said(cursor.fetchone), said(cursor.fetchall), said(lambda: next(cursor))]
        return told + [said(conn.execute, "SELECT 1"), said(lambda: module.Cursor.__new__(module.Cursor).execute("SELECT 1"))]

    warm(scenario)


def test_a_text_factory_counts_at_once(warm):
    def scenario(module, conn):
        cursor = conn.execute("SELECT b FROM t")
        told = [cursor.fetchone()]
        conn.text_factory = bytes
        return told, cursor.fetchone(), conn.execute("SELECT a, b FROM t").fetchall()

    warm(scenario)


def test_converters_are_called(warm):
    def scenario(module, conn):
        module.register_converter("upper", bytes.upper)
        return [tuple(conn.execute('SELECT b AS "b [upper]", a FROM t').fetchone()) for _ in range(2)]

    warm(scenario, detect_types=2)


def test_a_cycle_is_collected(place):
    import heliosdb_sqlite

    class Connection(heliosdb_sqlite.Connection):
        pass

    conn = place.connect(factory=Connection)
    conn.execute("SELECT 1")
    conn.mine = conn.execute("SELECT 1 UNION SELECT 2")
    seen = weakref.ref(conn)
    conn.close()
    del conn
    gc.collect()
    assert seen() is None


def test_the_rows_of_a_cursor_that_is_gone_hold_no_lock(place):
    conn, other = place.connect(isolation_level=None), None
    conn.execute("CREATE TABLE t(a)")
    conn.execute("INSERT INTO t VALUES (1), (2)")
    conn.execute("SELECT a FROM t").fetchone()
    gc.collect()
    conn.execute("BEGIN EXCLUSIVE")  # which an unfinished SELECT of another cursor would not keep from it
    conn.execute("COMMIT")
    conn.execute("DROP TABLE t")  # that it would: "database table is locked"
    conn.close()


def test_who_has_the_connection_may_wait_for_the_interpreter(place):
    """A function of the program runs under the connection's lock in C, and lets another thread go on meanwhile."""
    conn = place.connect(check_same_thread=False)
    conn.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    conn.set_authorizer(lambda *words: time.sleep(0.001) or 0)
    threads = [threading.Thread(target=lambda: [conn(f"SELECT {i}, a FROM t") for i in range(50)], daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(200):
        conn.execute(INSERT, (i, "text"))
        assert conn.execute("SELECT a, b FROM t WHERE a = ?", (i,)).fetchall() == [(i, "text")]
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    conn.close()


def test_memory_stays_where_it_is(python):
    told = python(
        "import resource, heliosdb_sqlite\n"
        "conn = heliosdb_sqlite.connect(':memory:', isolation_level=None)\n"
        "conn.execute('CREATE TABLE t(a INTEGER PRIMARY KEY, b)')\n"
        "conn.executemany('INSERT INTO t VALUES (?, ?)', [(i, 'text %d' % i) for i in range(100)])\n"
        "def work(times):\n"
        "    for i in range(times):\n"
        "        conn.execute('REPLACE INTO t VALUES (?, ?)', (i % 100, 'text %d' % i))\n"
        "        conn.execute('SELECT a, b FROM t WHERE a = ?', (i % 100,)).fetchone()\n"
        "        conn.execute('SELECT a, b FROM t WHERE a < ?', [3]).fetchall()\n"
        "        for _ in conn.execute('SELECT a, b FROM t LIMIT 2'): pass\n"
        "        try: conn.execute('INSERT INTO t VALUES (?, ?)', (i % 100, b'there'))\n"
        "        except heliosdb_sqlite.IntegrityError: pass\n"
        "work(2000)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "work(20000)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    assert int(told) < 1024  # kB, of 100,000 statements
