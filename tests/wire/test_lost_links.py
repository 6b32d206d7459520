# SPDX-License-Identifier: Apache-2.0
"""A network that stalls, loses what is on its way, closes half, or is slow, between the library and real servers."""

import contextlib
import os
import threading
import time

import pytest
from between import Network
from servers import ask, open_at, refusal

import heliosdb_sqlite

LONG = bool(os.environ.get("HDB_WIRE_LONG"))
# Nothing here may hang; how fast it is, a busy machine decides.
SOON = 60


@pytest.fixture
def network(server):
    with Network(server.port) as network:
        network.dsn = server.dsn().replace(f":{server.port}/", f":{network.port}/") + "?connect_timeout=2"
        yield network


@pytest.fixture
def conn(server, network):
    # As another process would have left it: a table of this test's own.
    conn = open_at(network.dsn, timeout=2)
    conn.execute("DROP TABLE IF EXISTS t")
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
    conn.execute("INSERT INTO t VALUES (1, 'first')")
    yield conn
    network.stalls_new = False
    for wire in network.wires:
        wire.cut()
    conn.close()


@contextlib.contextmanager
def soon():
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SOON


@contextlib.contextmanager
def beside(act):
    """Runs a function in a thread beside the block, which goes on until both have ended."""
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextlib.contextmanager
def after(seconds, *actions):
    """Does something while the block runs, which goes on until then."""

    def act():
        time.sleep(seconds)
        for action in actions:
            action()

    with beside(act):
        yield


def test_connecting_ends_when_its_time_is_over(server, network):
    network.stalls_new = True
    with soon():
        refusal(network.dsn, server.password, "did not answer within 2000 ms", timeout=0)


def test_a_server_that_stops_after_the_handshake_is_given_up(server, network, conn):
    """Opening again: what is asked of a new session before anything else is bounded, too."""
    network.stalls_new = True
    network.last.cut()
    with soon(), pytest.raises(heliosdb_sqlite.OperationalError, match="did not answer|no answer|lost"):
        conn.execute("SELECT count(*) FROM t")
    network.stalls_new = False
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_a_stalled_statement_is_interrupted(network, conn):
    network.last.stall()
    with soon(), after(0.3, conn.interrupt), pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
        conn.execute("SELECT v FROM t WHERE v LIKE 'f%'").fetchall()
    assert conn.execute("SELECT v FROM t").fetchall() == [("first",)]


def test_opening_a_session_again_is_interrupted(network, conn):
    network.stalls_new = True
    network.last.cut()
    with soon(), after(0.3, conn.interrupt), pytest.raises(heliosdb_sqlite.OperationalError) as caught:
        conn.execute("SELECT v FROM t").fetchall()
    assert str(caught.value) == "interrupted"


def add_many_rows(conn):
    rows = [(key, "x" * 500) for key in range(10, 4000)]
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO t VALUES (?, ?)", rows)
    conn.execute("COMMIT")
    return rows


def test_many_rows_that_stop_halfway_are_interrupted(network, conn):
    add_many_rows(conn)
    with contextlib.closing(open_at(network.dsn, timeout=2)) as reader:
        network.piece = 4096
        wire = network.last
        wire.stall_after("down", 100)
        with soon(), when_held(wire, reader.interrupt):
            with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
                reader.execute("SELECT * FROM t ORDER BY v, id").fetchall()
        network.piece = 65536
        assert reader.execute("SELECT count(*), sum(length(v)) FROM t").fetchone() == (3991, 5 + 3990 * 500)


def test_all_rows_that_stop_halfway_are_interrupted_or_read_again(network, conn):
    rows = [(1, "first"), *add_many_rows(conn)]
    with contextlib.closing(open_at(network.dsn, timeout=2)) as reader:
        network.piece = 4096
        wire = network.last
        wire.stall_after("down", 100)
        with soon(), when_held(wire, reader.interrupt):
            with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
                reader.execute("SELECT * FROM t").fetchall()
        assert reader.execute("SELECT * FROM t").fetchall() == rows
        wire = network.last
        wire.stall_after("down", 100)
        with soon(), when_held(wire, wire.cut):
            assert reader.execute("SELECT * FROM t").fetchall() == rows
        network.piece = 65536


def test_a_stalled_statement_by_key_is_interrupted(network, conn):
    conn.execute("SELECT v FROM t WHERE id = 1").fetchall()
    wire = network.last
    wire.stall_after("down", 0)
    with soon(), when_held(wire, conn.interrupt):
        with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
            conn.execute("SELECT v FROM t WHERE id = 1").fetchall()
    assert conn.execute("SELECT v FROM t WHERE id = 1").fetchall() == [("first",)]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_half_that_is_closed_is_made_up_for_or_told(network, conn, direction):
    network.last.half_close(direction)
    with soon():
        assert conn.execute("SELECT v FROM t WHERE v LIKE 'f%'").fetchall() == [("first",)]
    conn.execute("BEGIN")
    conn.execute("INSERT INTO t VALUES (2, 'second')")
    network.last.half_close(direction)
    with soon(), pytest.raises(heliosdb_sqlite.OperationalError, match="lost"):
        conn.execute("SELECT v FROM t WHERE v LIKE 's%'").fetchall()
        conn.execute("COMMIT")
    if conn.in_transaction:
        conn.execute("ROLLBACK")
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (1,)


def changes(conn, key):
    conn.execute("BEGIN")
    conn.execute("INSERT INTO t VALUES (?, 'one')", (key,))
    conn.execute("UPDATE t SET v = v || '!' WHERE id = 1")


def outcome(conn, sql="COMMIT"):
    """What a COMMIT told: "kept", "lost" or "unknown"."""
    try:
        conn.execute(sql)
    except heliosdb_sqlite.OperationalError as error:
        assert error.sqlstate in ("08006", "08007", "57014"), error
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        return "unknown" if error.sqlstate == "08007" else "lost"
    return "kept"


def audit(server, told, key):
    """What was told is so, whole, to another client of the library, which finishes what was logged and not applied."""
    other = open_at(server.dsn(), timeout=30)
    rows = other.execute("SELECT id, v FROM t WHERE id IN (1, ?) ORDER BY id", (key,)).fetchall()
    other.close()
    assert rows in ([(1, "first")], [(1, "first!"), (key, "one")])
    if told != "unknown":
        assert (len(rows) == 2) == (told == "kept"), told
    return rows


@contextlib.contextmanager
def when_held(wire, action):
    """Does something to the block when a piece is held back, which may never be."""
    ended = threading.Event()

    def act():
        wire.holds.wait()
        time.sleep(0.05)
        if not ended.is_set():
            action()

    with beside(act):
        try:
            yield
        finally:
            ended.set()
            wire.holds.set()


def pieces_of_a_commit(network, conn, sql):
    """How many pieces go each way."""
    before = dict(network.last.passed)
    conn.execute(sql)
    return {direction: count - before[direction] for direction, count in network.last.passed.items()}


def points(count, last):
    """Where a commit of `count` pieces is stalled: everywhere, or, in the short form, where it matters, at the end."""
    return range(0 if LONG else max(0, count - last), count)


@pytest.mark.parametrize("ends", ["interrupted", "broken off"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_commit_that_arrives_late_is_not_called_lost(server, network, conn, direction, ends):
    """What was held back reaches the server after the outcome was told."""
    changes(conn, 2)
    count = pieces_of_a_commit(network, conn, "COMMIT")[direction]
    told = []
    for pieces in points(count, 3):
        conn.execute("UPDATE t SET v = 'first' WHERE id = 1")
        changes(conn, 10 + pieces)
        wire = network.last
        wire.stall_after(direction, pieces)
        with soon(), when_held(wire, conn.interrupt if ends == "interrupted" else wire.lose_client):
            told.append(outcome(conn))
        wire.release()
        time.sleep(0.2)
        audit(server, told[-1], 10 + pieces)
    # A network that is there again leaves nothing open.
    assert set(told) <= {"kept", "lost"}, told


@pytest.mark.parametrize("direction", ["up", "down"] if LONG else ["down"])
def test_a_commit_on_a_dead_network_is_not_guessed_at(server, network, conn, direction):
    """Nobody answers a new session either."""
    changes(conn, 2)
    count = pieces_of_a_commit(network, conn, "COMMIT")[direction]
    for pieces in points(count, 1):
        conn.execute("UPDATE t SET v = 'first' WHERE id = 1")
        changes(conn, 10 + pieces)
        wire, network.stalls_new = network.last, True
        wire.stall_after(direction, pieces)
        with soon(), when_held(wire, conn.interrupt):
            told = outcome(conn)
        network.stalls_new = False
        for each in network.wires:
            each.release()
        time.sleep(0.2)
        audit(server, told, 10 + pieces)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_insert_that_is_a_commit_by_itself_is_not_guessed_at(server, network, conn, direction):
    sql = "INSERT INTO t VALUES ({}, 'one')"
    count = pieces_of_a_commit(network, conn, sql.format(2))[direction]
    for pieces in points(count, 3):
        wire, key = network.last, 10 + pieces
        wire.stall_after(direction, pieces)
        with soon(), when_held(wire, conn.interrupt):
            told = outcome(conn, sql.format(key))
        wire.release()
        time.sleep(0.2)
        kept = ask(server.dsn(), "SELECT count(*) FROM t WHERE id = %s", key) == [(1,)]
        assert told == "unknown" or kept == (told == "kept"), (told, kept, pieces)
        conn.execute("SELECT count(*) FROM t").fetchone()


@pytest.mark.parametrize("delay, piece", [(0.1, 65536), (0, 1)], ids=["a round trip of 200 ms", "a byte at a time"])
def test_a_slow_network_gives_the_right_answers(server, network, conn, delay, piece):
    network.delay, network.piece = delay, piece
    conn.execute("INSERT INTO t VALUES (2, 'zwei'), (3, 'drei')")
    assert conn.execute("SELECT id, upper(v) FROM t WHERE v LIKE '%ei' ORDER BY id").fetchall() == [(2, "ZWEI"), (3, "DREI")]
    network.delay, network.piece = 0, 65536
    assert ask(server.dsn(), "SELECT count(*) FROM t") == [(3,)]
