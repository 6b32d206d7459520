# SPDX-License-Identifier: Apache-2.0
"""Daemon mode where there is more than one server, something between, or a thousand clients: real PostgreSQL, real PgBouncer."""

import threading
import time

import clusters

import heliosdb_sqlite


def open_at(dsn, **options):
    return heliosdb_sqlite.connect("app", mode="daemon", dsn=dsn, isolation_level=None, **options)


class Writer(threading.Thread):
    """Commits one row after the other by one connection, which it never opens again."""

    def __init__(self, conn):
        super().__init__()
        self.conn = conn
        self.ends = threading.Event()
        self.acknowledged, self.unclear, self.refused = [], [], []

    def run(self):
        number = 0
        while not self.ends.is_set():
            number += 1
            try:
                self.conn.execute("INSERT INTO t VALUES (?, 'row')", (number,))
                self.acknowledged.append(number)
            except heliosdb_sqlite.OperationalError as error:
                known = getattr(error, "sqlstate", "") != "08007"
                (self.refused if known else self.unclear).append(number)
                time.sleep(0.05)


def await_more(writer, count):
    enough = len(writer.acknowledged) + count
    end = time.monotonic() + 60
    while len(writer.acknowledged) < enough and time.monotonic() < end:
        time.sleep(0.01)
    assert len(writer.acknowledged) >= enough, (len(writer.acknowledged), writer.refused[-3:])


def test_a_connection_goes_on_at_the_standby_with_every_acknowledged_row():
    with clusters.primary_and_standby() as (first, second):
        hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
        dsn = f"postgresql://postgres:{first.password}@{hosts}/postgres?target_session_attrs=read-write"
        conn = open_at(dsn, check_same_thread=False, timeout=2)
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        writer = Writer(conn)
        writer.start()
        try:
            await_more(writer, 50)
            first.stop("immediate")
            second.promote()
            await_more(writer, 50)
        finally:
            writer.ends.set()
            writer.join()
        kept = {row[0] for row in conn.execute("SELECT id FROM t")}
        conn.close()
        assert set(writer.acknowledged) <= kept
        assert kept - set(writer.acknowledged) <= set(writer.unclear)
        assert len(writer.unclear) <= 1


def test_a_transaction_that_was_open_at_the_lost_server_is_told():
    with clusters.primary_and_standby() as (first, second):
        hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
        conn = open_at(f"postgresql://postgres:{first.password}@{hosts}/postgres?target_session_attrs=read-write", timeout=2)
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        conn.execute("BEGIN")
        conn.execute("INSERT INTO t VALUES (1, 'lost')")
        first.stop("immediate")
        second.promote()
        try:
            conn.execute("COMMIT")
        except heliosdb_sqlite.OperationalError as error:
            assert "rolled back" in str(error)
        else:
            raise AssertionError("the COMMIT was acknowledged")
        assert not conn.in_transaction
        conn.execute("INSERT INTO t VALUES (2, 'kept')")
        assert conn.execute("SELECT * FROM t").fetchall() == [(2, "kept")]
        conn.close()


def test_more_clients_than_pgbouncer_has_sessions():
    def work(dsn, number, failures):
        try:
            conn = open_at(dsn, timeout=60)
            for each in range(5):
                conn.execute("BEGIN IMMEDIATE")
                conn.execute("INSERT INTO t(who, n) SELECT ?, count(*) FROM t", (number,))
                conn.execute("COMMIT")
                assert conn.execute("SELECT count(*) > ? FROM t WHERE who = ?", (each, number)).fetchone() == (1,)
            conn.close()
        except Exception as error:
            failures.append(error)

    with clusters.primary() as cluster, clusters.bouncer(cluster, 4) as dsn:
        conn = open_at(dsn)
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, who, n UNIQUE)")
        failures = []
        threads = [threading.Thread(target=work, args=(dsn, number, failures)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert conn.execute("SELECT count(*), count(DISTINCT n), max(n) FROM t").fetchone() == (60, 60, 59)
        conn.close()


def test_a_thousand_connections_at_once():
    clients, together = 1000, threading.Barrier(1001, timeout=300)
    failures = []

    def work(dsn, number):
        try:
            conn = open_at(dsn, timeout=240)
            together.wait()
            assert conn.execute("SELECT v FROM seed WHERE id = 1").fetchone() == ("there",)
            conn.execute("INSERT INTO t VALUES (?, 'row')", (number,))
            together.wait()
            conn.close()
        except Exception as error:
            failures.append(error)
            together.abort()

    with clusters.primary(f"max_connections={clients + 50}", "shared_buffers=64MB") as cluster:
        conn = open_at(cluster.dsn())
        conn.execute("CREATE TABLE seed(id INTEGER PRIMARY KEY, v)")
        conn.execute("INSERT INTO seed VALUES (1, 'there')")
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
        before = threading.stack_size(256 * 1024)
        try:
            threads = [threading.Thread(target=work, args=(cluster.dsn(), number)) for number in range(clients)]
            for thread in threads:
                thread.start()
            try:
                together.wait()  # all are connected
                together.wait()  # and have written
            except threading.BrokenBarrierError:
                pass
            for thread in threads:
                thread.join()
        finally:
            threading.stack_size(before)
        assert failures == []
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (clients,)
        conn.close()
