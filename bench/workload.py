# SPDX-License-Identifier: Apache-2.0
"""The work that is timed, as an application of the DB-API writes it; the C programs do the same.

A subject is one of subjects.py; its connections have execute(), cursor(), commit() and close(), as sqlite3's and
psycopg's have.
"""
import time
from dataclasses import dataclass
from typing import Any, Iterator


JOIN = "SELECT count(*) FROM hdb_bench AS one JOIN hdb_bench AS next ON next.id = one.id + 1 WHERE next.v > one.v"
RANGE_JOIN = (  # as report.h has it
    "SELECT count(*) FROM hdb_bench AS one JOIN hdb_bench AS next ON next.id = one.id + 1 WHERE one.id BETWEEN 1 AND 1000"
)
GROUP_BY = (
    "SELECT count(*) FROM (SELECT strftime('%Y-%m-%d', id / 31 * 86400, 'unixepoch') AS day, sum(v) FROM hdb_bench GROUP BY day)"
)


@dataclass(frozen=True)
class Sizes:
    """How much of everything: rows of the table, single inserts, inserts in a transaction, selects by key, updates or
    deletes in a transaction; rows of the large table, and how long the steady load goes on."""

    rows: int
    commits: int
    inserts: int
    selects: int
    changes: int
    large: int
    seconds: int

    def arguments(self) -> list[str]:
        """As the C programs take them."""
        return [str(self.rows), str(self.commits), str(self.inserts), str(self.selects)]


@dataclass(frozen=True)
class Measure:
    """What was timed, how long it took in all, and for how many operations."""

    name: str
    seconds: float
    count: int


class Stopwatch:
    """`with watch("name", count):` appends a Measure; `each()` goes through its operations, as many as time allows."""

    def __init__(self, limit: float) -> None:
        self.measures: list[Measure] = []
        self._limit = limit

    def __call__(self, name: str, count: int = 1) -> "Stopwatch":
        self._name, self._count = name, count
        return self

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        seconds = time.perf_counter() - self._start
        if kind is None:
            self.measures.append(Measure(self._name, seconds, self._count))

    def each(self, first: int = 0) -> Iterator[int]:
        """Numbers from `first`, up to the measure's count; fewer once the limit is over."""
        for done in range(self._count):
            yield first + done
            if time.perf_counter() - self._start > self._limit:
                self._count = done + 1
                return


def key_of(i: int, rows: int) -> int:
    """Keys spread over the table, in no order."""
    return i * 7919 % rows + 1


def row_of(key: int) -> tuple[int, str, float]:
    return key, f"{'hello' if key % 10 else 'world'} number {key} of the benchmark's rows", key * 0.5


def run(subject: Any, sizes: Sizes, limit: float) -> list[Measure]:
    """Does the work once, on a database where the table hdb_bench is not yet; no loop takes longer than `limit`."""
    watch = Stopwatch(limit)
    with watch("connect_first"):
        conn = subject.connect()
        conn.execute("SELECT 1").fetchall()
    writes(subject, conn, sizes, watch)
    with watch("connect_second"):
        second = subject.connect()
        second.execute("SELECT 1").fetchall()
    second.close()
    reads(subject, conn, sizes, watch)
    changes(subject, conn, sizes, watch)
    with watch("close"):
        conn.close()
    subject.rest()
    with watch("connect_existing"):
        conn = subject.connect()
        conn.execute(f"SELECT id, a, v FROM hdb_bench WHERE id = {subject.mark}", (1,)).fetchall()
    conn.close()
    subject.clean()
    return watch.measures


def writes(subject: Any, conn: Any, sizes: Sizes, watch: Stopwatch) -> None:
    insert = "INSERT INTO hdb_bench VALUES ({0}, {0}, {0})".format(subject.mark)
    conn.execute("DROP TABLE IF EXISTS hdb_bench")
    conn.execute(f"CREATE TABLE hdb_bench(id {subject.integer} PRIMARY KEY, a TEXT, v {subject.real})")
    conn.commit()
    following = insert_and_commit(conn, insert, 1, watch("insert_commit", sizes.commits))
    if subject.relaxable:
        conn.execute("PRAGMA synchronous = NORMAL")
        following = insert_and_commit(conn, insert, following, watch("insert_commit_normal", sizes.commits))
        conn.execute("PRAGMA synchronous = OFF")
        following = insert_and_commit(conn, insert, following, watch("insert_commit_off", sizes.commits))
        conn.execute("PRAGMA synchronous = FULL")
    with watch("insert_transaction", sizes.inserts):
        for key in watch.each(following):
            conn.execute(insert, row_of(key))
        conn.commit()
    left = sizes.rows - key
    rows = [row_of(key) for key in range(key + 1, sizes.rows + 1)]
    with watch("executemany", left):
        conn.cursor().executemany(insert, rows)
        conn.commit()
    if subject.flushes:
        with watch("flush"):
            conn.flush()


def insert_and_commit(conn: Any, insert: str, first: int, watch: Stopwatch) -> int:
    """Returns the key after the last one."""
    with watch:
        for key in watch.each(first):
            conn.execute(insert, row_of(key))
            conn.commit()
    return key + 1


def reads(subject: Any, conn: Any, sizes: Sizes, watch: Stopwatch) -> None:
    select = f"SELECT id, a, v FROM hdb_bench WHERE id = {subject.mark}"
    with watch("point_select", sizes.selects):
        for i in watch.each():
            (row,) = conn.execute(select, (key_of(i, sizes.rows),)).fetchall()
    assert row == row_of(key_of(i, sizes.rows)), row
    conn.commit()
    with watch("fetchall", sizes.rows):
        found = conn.execute("SELECT id, a, v FROM hdb_bench").fetchall()
    assert len(found) == sizes.rows
    with watch("like_count"):
        ((count,),) = conn.execute("SELECT count(*) FROM hdb_bench WHERE a LIKE 'hello%'").fetchall()
    assert count == sizes.rows - sizes.rows // 10, count
    with watch("range_join"):
        ((count,),) = conn.execute(RANGE_JOIN).fetchall()
    assert count == min(1000, sizes.rows - 1), count
    if subject.relaxable:
        with watch("join"):
            ((count,),) = conn.execute(JOIN).fetchall()
        assert count == sizes.rows - 1, count
        with watch("group_by"):
            ((count,),) = conn.execute(GROUP_BY).fetchall()
        assert count == sizes.rows // 31 + 1, count
    conn.commit()


def changes(subject: Any, conn: Any, sizes: Sizes, watch: Stopwatch) -> None:
    """Each is done when the engine's tables have it."""
    for name, sql in (
        ("updates_applied", f"UPDATE hdb_bench SET v = v + 1 WHERE id = {subject.mark}"),
        ("deletes_applied", f"DELETE FROM hdb_bench WHERE id = {subject.mark}"),
    ):
        with watch(name, sizes.changes):
            for i in watch.each():
                conn.execute(sql, (key_of(i, sizes.rows),))
            conn.commit()
            if subject.flushes:
                conn.flush()
