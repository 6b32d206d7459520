# SPDX-License-Identifier: Apache-2.0
"""How often the library waits for a server: what a statement costs on a network that takes its time."""

import contextlib
import itertools
import time

import pytest
from between import Network
from servers import open_at

# The server is heard when the client has said nothing for so long: what is sent without waiting is one turn then.
QUIET = 0.01


class Counter(Network):
    """Counts how often the client speaks after it was answered."""

    def __init__(self, port):
        self.turns, self.heard, self.answered = 0, 0.0, True
        super().__init__(port)

    def forward(self, wire, direction):
        source, target = wire.ends[direction]
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if direction == "up":
                    self.turns += self.answered
                    self.heard, self.answered = time.monotonic(), False
                else:
                    while time.monotonic() - self.heard < QUIET:
                        time.sleep(QUIET / 4)
                    self.answered = True
                target.sendall(data)

    def least(self, conn, sql, *rows):
        """Of several runs: where the client was held up between two things it sends, a turn too many is counted."""
        found = []
        for row in rows:
            before = self.turns
            conn.execute(sql, row).fetchall()
            found.append(self.turns - before)
        return min(found)


@pytest.fixture
def network(server):
    with Counter(server.port) as network:
        network.dsn = server.dsn().replace(f":{server.port}/", f":{network.port}/")
        yield network


@pytest.fixture
def conn(network):
    conn = open_at(network.dsn, timeout=30)
    conn.isolation_level = None
    conn.execute("DROP TABLE IF EXISTS t")
    conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
    yield conn
    conn.close()


def test_a_select_by_key_is_one_round_trip(network, conn):
    conn.execute("INSERT INTO t VALUES (1, 'one')")
    assert network.least(conn, "SELECT v FROM t WHERE id = ?", *[(1,)] * 8) == 1


def test_a_select_of_all_rows_is_three_round_trips(network, conn):
    conn.execute("INSERT INTO t VALUES (1, 'one')")
    assert network.least(conn, "SELECT * FROM t", *[()] * 8) == 3


def test_a_change_by_key_is_two_round_trips(network, conn):
    keys = itertools.count(1)
    assert network.least(conn, "INSERT INTO t VALUES (?, 'new')", *[(next(keys),) for _ in range(8)]) == 2
    assert network.least(conn, "UPDATE t SET v = 'changed' WHERE id = ?", *[(key,) for key in range(1, 9)]) == 2
    assert network.least(conn, "DELETE FROM t WHERE id = ?", *[(key,) for key in range(1, 9)]) == 2
    assert conn.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
