# SPDX-License-Identifier: Apache-2.0
"""Values there and back, adapters, converters and text factories, beside sqlite3."""

import array
import datetime
import enum
import math
import sqlite3

import pytest
from conftest import said

import heliosdb_sqlite

VALUES = [
    None, 0, 1, -1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), True, False,
    0.0, -0.0, 1.5, 1e300, -1e-300, 5e-324, 0.1, 1e15, math.inf, -math.inf, math.nan,
    "", "x", "ünïcode", "日本語", "🙂", "a\0b", "\0", "'quoted'", "NULL", "1", "1.0", "x" * 10000, "line\nbreak\ttab",
    b"", b"x", b"\0", b"a\0b", bytes(range(256)), b"\xff" * 10000, bytearray(b"ba"), memoryview(b"mv"),
    array.array("b", [1, 2]),
]  # fmt: skip


@pytest.mark.parametrize("declared", ["", "INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC"])
def test_values_there_and_back(same, declared):
    def scenario(module, conn):
        conn.execute(f"CREATE TABLE t(i INTEGER PRIMARY KEY, v {declared})")
        conn.executemany("INSERT INTO t(v) VALUES (?)", [(value,) for value in VALUES])
        conn.commit()
        rows = conn.execute("SELECT v, typeof(v) FROM t ORDER BY i").fetchall()
        return [(type(value).__name__, repr(value), kind) for value, kind in rows]

    assert len(same(scenario)) == len(VALUES)


@pytest.mark.parametrize("declared", ["", "INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC"])
def test_values_survive_a_rebuild_from_the_engine(tmp_path, declared):
    path = tmp_path / "a.db"
    conn = heliosdb_sqlite.connect(path)
    conn.execute(f"CREATE TABLE t(i INTEGER PRIMARY KEY, v {declared})")
    conn.executemany("INSERT INTO t(v) VALUES (?)", [(value,) for value in VALUES])
    conn.commit()
    before = repr(conn.execute("SELECT i, v, typeof(v) FROM t ORDER BY i").fetchall())
    conn.close()
    for name in tmp_path.glob("a.db*"):
        if name.is_file():
            name.unlink()
    conn = heliosdb_sqlite.connect(path)
    assert repr(conn.execute("SELECT i, v, typeof(v) FROM t ORDER BY i").fetchall()) == before
    assert conn.verify() == 0
    conn.close()


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, 10**40, "\ud800", object(), 1j, [], {}, (1,), range(3), memoryview(b"abcd")[::2]]
)
def test_values_that_can_not_be_bound(same, value):
    same(lambda module, conn: said(conn.execute, "SELECT ?", (value,)))


def test_subclasses_of_the_base_types(same):
    class Number(int):
        pass

    class Colour(enum.IntEnum):
        RED = 3

    class Text(str):
        pass

    class Half(float):
        pass

    def scenario(module, conn):
        values = (Number(5), Colour.RED, Text("t"), Half(0.5), True)
        return conn.execute("SELECT ?, ?, ?, ?, ?", values).fetchone()

    same(scenario)


def test_expressions(same):
    same(
        lambda module, conn: conn.execute("SELECT 1, 1.0, '1', x'31', NULL, 9223372036854775807, 1e999, ''").fetchone()
    )


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


def as_text(point):
    return f"{point.x};{point.y}"


def test_registered_adapter(same):
    class Own(Point):
        pass

    def scenario(module, conn):
        module.register_adapter(Own, as_text)
        return conn.execute("SELECT ?", (Own(1, 2),)).fetchone(), said(conn.execute, "SELECT ?", (Point(1, 2),))[0]

    assert same(scenario)[0] == ("1;2",)


def test_adapter_that_raises(same):
    class Own(Point):
        pass

    def scenario(module, conn):
        module.register_adapter(Own, lambda value: 1 // 0)
        return said(conn.execute, "SELECT ?", (Own(1, 2),))

    same(scenario)


def test_conform(same):
    def scenario(module, conn):
        class Own(Point):
            def __conform__(self, protocol):
                return as_text(self) if protocol is module.PrepareProtocol else None

        return conn.execute("SELECT ?", (Own(3, 4),)).fetchone(), module.adapt(Own(5, 6))

    assert same(scenario) == (("3;4",), "5;6")


def test_adapt(same):
    def scenario(module, conn):
        return (
            said(module.adapt, 1), said(module.adapt, None), said(module.adapt, object()),
            module.adapt(1, module.PrepareProtocol, 7), module.adapt(datetime.date(2024, 1, 31)), said(module.adapt)[0],
        )  # fmt: skip

    theirs = same(scenario)
    assert theirs[4] == "2024-01-31"


def test_adapter_for_a_base_type():
    for module in (sqlite3, heliosdb_sqlite):
        conn = module.connect(":memory:")
        module.register_adapter(float, lambda value: f"float {value}")
        try:
            assert conn.execute("SELECT ?", (0.5,)).fetchone() == ("float 0.5",)
        finally:
            del module.adapters[(float, module.PrepareProtocol)]
        assert conn.execute("SELECT ?", (0.5,)).fetchone() == (0.5,)
        conn.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dates_and_timestamps(same):
    moments = [
        datetime.datetime(2024, 2, 29, 23, 59, 59), datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
    ]  # fmt: skip

    def scenario(module, conn):
        conn.execute("CREATE TABLE t(d DATE, t TIMESTAMP)")
        conn.executemany("INSERT INTO t VALUES (?, ?)", [(moment.date(), moment) for moment in moments])
        conn.commit()
        return conn.execute("SELECT * FROM t ORDER BY t").fetchall(), conn.execute(
            "SELECT typeof(d), typeof(t) FROM t"
        ).fetchone()

    rows, _ = same(scenario, detect_types=sqlite3.PARSE_DECLTYPES)
    assert rows == [(moment.date(), moment) for moment in sorted(moments)]


def test_converters_by_declared_type(same):
    def scenario(module, conn):
        module.register_converter("Pt", lambda data: Point(*map(int, data.split(b";"))))
        conn.execute("CREATE TABLE t(p pT, q PT(5) NOT NULL, r point, s)")
        conn.execute("INSERT INTO t VALUES ('1;2', '3;4', 'r', 's')")
        first = conn.execute("SELECT * FROM t").fetchone()
        conn.execute("UPDATE t SET p = NULL")
        return first == (Point(1, 2), Point(3, 4), "r", "s"), conn.execute("SELECT p, p || 'x' FROM t").fetchone()

    assert same(scenario, detect_types=sqlite3.PARSE_DECLTYPES) == (True, (None, None))


def test_converters_by_column_name(same):
    def scenario(module, conn):
        module.register_converter("up", lambda data: data.upper())
        cursor = conn.execute(
            """SELECT 'x' AS "a [up]", 'y' AS "b[UP]", 'z' AS "c [none]", 'w' AS "d ]up[", 'v' AS "[up]",
                      NULL AS "n [up]", x'' AS "e [up]" """
        )
        return [column[0] for column in cursor.description], cursor.fetchall()

    same(scenario, detect_types=sqlite3.PARSE_COLNAMES)


def test_both_kinds_of_converters(same):
    def scenario(module, conn):
        module.register_converter("one", lambda data: b"one " + data)
        module.register_converter("two", lambda data: b"two " + data)
        conn.execute("CREATE TABLE t(a one)")
        conn.execute("INSERT INTO t VALUES ('x')")
        return conn.execute('SELECT a, a AS "a [two]", a AS "a [three]" FROM t').fetchall()

    same(scenario, detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)


def test_converter_that_raises(same):
    def scenario(module, conn):
        module.register_converter("bad", lambda data: 1 // 0)
        cursor = conn.execute('SELECT 1 AS "a [bad]" UNION SELECT 2')
        return said(cursor.fetchone), said(conn.execute('SELECT 1 AS "a [bad]"').fetchall)

    same(scenario, detect_types=sqlite3.PARSE_COLNAMES)


def test_converters_are_off_by_default(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(d DATE)")
        conn.execute("INSERT INTO t VALUES ('2024-01-01')")
        return conn.execute('SELECT d, d AS "x [date]" FROM t').fetchone()

    same(scenario)


@pytest.mark.parametrize(
    "factory", [str, bytes, bytearray, lambda data: data[::-1], lambda data: data.decode("latin-1")]
)
def test_text_factory(same, factory):
    def scenario(module, conn):
        conn.text_factory = factory
        return conn.execute("SELECT 'ü', x'41', 1, NULL, ''").fetchone()

    same(scenario)


def test_text_that_is_not_utf8(same):
    def scenario(module, conn):
        told = said(conn.execute("SELECT CAST(x'41ff42' AS TEXT) AS broken").fetchall)
        conn.text_factory = bytes
        return told, conn.execute("SELECT CAST(x'41ff42' AS TEXT)").fetchall()

    same(scenario)


def test_large_values(same):
    def scenario(module, conn):
        conn.execute("CREATE TABLE t(a TEXT, b BLOB)")
        conn.execute("INSERT INTO t VALUES (?, ?)", ("ä" * 1_000_000, b"\0\1" * 1_000_000))
        conn.commit()
        text, blob = conn.execute("SELECT a, b FROM t").fetchone()
        return len(text), len(blob), text == "ä" * 1_000_000, blob == b"\0\1" * 1_000_000

    same(scenario)
