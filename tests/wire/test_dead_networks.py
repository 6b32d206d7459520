# SPDX-License-Identifier: Apache-2.0
"""Packets that are lost between two hosts: what TCP itself finds out, and when. Network namespaces, where they can be made."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time

import clusters
import network
import pytest
from servers import HeliosDB, copy_of, open_at

import heliosdb_sqlite

LONG = bool(os.environ.get("HDB_WIRE_LONG"))
# How soon a dead network is noticed, in the tests; what is the default a test of its own looks at.
QUICK = "tcp_user_timeout=2000&connect_timeout=2"
SERVER_NOTICES = "&options=" + "%20".join(
    f"-c%20{name}%3D{value}"
    for name, value in (("tcp_keepalives_idle", 1), ("tcp_keepalives_interval", 1), ("tcp_keepalives_count", 2), ("tcp_user_timeout", 2000))
)


@pytest.fixture(scope="module")
def hosts():
    with network.hosts() as hosts:
        yield hosts


@pytest.fixture(scope="module", params=["postgresql", "heliosdb"])
def server(request, hosts, template):
    with clusters.place() as directory, hosts.inside("server"):
        if request.param == "postgresql":
            server = copy_of(template, directory)
            with open(server.directory / "pg_hba.conf", "a") as rules:
                rules.write("host all all 10.77.0.0/16 scram-sha-256\n")
            server.start("fsync=off", "listen_addresses=*")
            notices = SERVER_NOTICES
        else:
            server = HeliosDB(directory / "heliosdb")
            keepalives = ["--tcp-keepalives-idle", "1", "--tcp-keepalives-interval", "1", "--tcp-keepalives-count", "2"]
            server.start(*keepalives, listen=hosts.server_address)
            notices = ""
        server.far = server.dsn().replace("127.0.0.1", hosts.server_address)
        server.quick = f"{server.far}?{QUICK}{notices}"
        yield server
        server.stop("immediate") if request.param == "postgresql" else server.stop()


@pytest.fixture
def conn(server, hosts):
    hosts.pass_on()
    with hosts.inside("client"):
        conn = open_at(server.quick, timeout=2)
        conn.execute("DROP TABLE IF EXISTS t")
        conn.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
        conn.execute("INSERT INTO t VALUES (1, 'first')")
        yield conn
        hosts.pass_on()
        conn.close()


def sockets():
    links = {int(name): f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")}
    return {number for number, link in links.items() if os.path.lexists(link) and os.readlink(link).startswith("socket:")}


@contextlib.contextmanager
def opened(hosts, dsn):
    """A connection and its socket."""
    hosts.pass_on()
    before = sockets()
    with hosts.inside("client"):
        conn = open_at(dsn)
        (number,) = sockets() - before
        with socket.socket(fileno=os.dup(number)) as link:
            yield conn, link
        conn.close()


def test_both_ends_look_after_the_network_by_default(server, hosts):
    wanted = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3, socket.TCP_USER_TIMEOUT: 60000}
    with opened(hosts, server.far) as (conn, link):
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert {option: link.getsockopt(socket.IPPROTO_TCP, option) for option in wanted} == wanted
        if isinstance(server, clusters.Cluster):
            names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
            ours = [conn.execute(f"SELECT current_setting('{name}')::text").fetchone()[0] for name in names]
            assert ours == ["30", "10", "3", "60000"]


def test_what_the_dsn_says_of_the_network_stays(server, hosts):
    with opened(hosts, f"{server.far}?keepalives_idle=7&tcp_user_timeout=9000") as (_, link):
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 9000


ABROAD = """
import sys, heliosdb_sqlite
for dsn in sys.argv[1:]:
    for _ in range(2):
        heliosdb_sqlite.connect("app", mode="daemon", dsn=dsn, notices="stderr").close()
"""


def said(hosts, *dsns):
    """What a program that connects to another machine finds on standard error."""
    with hosts.inside("client"):
        ended = subprocess.run([sys.executable, "-c", ABROAD, *dsns], check=True, stderr=subprocess.PIPE, text=True, timeout=120)
    return ended.stderr


def test_plain_text_to_another_machine_is_told_once_unless_it_is_meant(server, hosts):
    hosts.pass_on()
    notice = said(hosts, server.far, server.far)
    assert notice.count("the link to the server is not encrypted") == 1
    assert "sslmode=verify-full" in notice and server.password not in notice
    assert said(hosts, f"{server.far}?sslmode=disable") == ""


def test_a_host_that_answers_nothing_is_given_up(server, hosts, conn):
    hosts.lose()
    with pytest.raises(heliosdb_sqlite.OperationalError, match="did not answer within 2000 ms|timed out"):
        open_at(server.quick)


@pytest.mark.parametrize("directions", [("up",), ("down",), ("up", "down")] if LONG else [("up", "down")])
def test_a_statement_ends_when_its_packets_are_lost(server, hosts, conn, directions):
    hosts.lose(*directions)
    start = time.monotonic()
    with pytest.raises(heliosdb_sqlite.OperationalError, match="did not answer|lost"):
        conn.execute("SELECT v FROM t WHERE v LIKE 'f%'").fetchall()
    assert time.monotonic() - start < 60
    hosts.pass_on()
    assert conn.execute("SELECT v FROM t").fetchall() == [("first",)]


def test_an_interrupt_does_not_wait_for_a_dead_network(server, hosts, conn):
    """Nor does the request to cancel that goes with it, for which libpq opens a connection."""
    with opened(hosts, server.far) as (other, _):
        hosts.lose()
        timer = threading.Timer(0.3, other.interrupt)
        timer.start()
        start = time.monotonic()
        with pytest.raises(heliosdb_sqlite.OperationalError, match="interrupted"):
            other.execute("SELECT v FROM t WHERE v LIKE 'f%'").fetchall()
        assert time.monotonic() - start < 60
        timer.join()
        hosts.pass_on()


@pytest.mark.parametrize("directions", [("up",), ("down",)] if LONG else [("up",)])
def test_a_commit_that_tcp_sends_again_is_not_called_lost(server, hosts, conn, directions):
    """The link is given up while the COMMIT is under way; the network is there again before the kernel has given up, and
    sends it."""
    conn.execute("BEGIN")
    conn.execute("INSERT INTO t VALUES (2, 'second')")
    hosts.lose(*directions)

    def return_to_life():
        time.sleep(1.6)
        hosts.pass_on()
        conn.interrupt()

    thread = threading.Thread(target=return_to_life)
    thread.start()
    told = "kept"
    try:
        conn.execute("COMMIT")
    except heliosdb_sqlite.OperationalError as error:
        told = error.sqlstate
        if conn.in_transaction:
            conn.execute("ROLLBACK")
    thread.join()
    time.sleep(2.5)
    with hosts.inside("server"):
        other = open_at(server.far, timeout=30)
        kept = other.execute("SELECT count(*) FROM t WHERE id = 2").fetchone() == (1,)
        other.close()
    assert told == "08007" or kept == (told == "kept"), (told, kept)


def test_a_client_that_is_gone_does_not_keep_others_out(server, hosts, conn):
    """Its writer lock is freed when the server notices."""
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("INSERT INTO t VALUES (2, 'never committed')")
    # Keepalives are for a link that is idle: HeliosDB Nano has nothing to bound what it sends again and again.
    time.sleep(0.5)
    hosts.lose()
    with hosts.inside("server"):
        other = open_at(server.far, timeout=60)
        other.execute("INSERT INTO t VALUES (3, 'third')")
        assert other.execute("SELECT id FROM t").fetchall() == [(1,), (3,)]
        other.close()
    hosts.pass_on()
    with pytest.raises(heliosdb_sqlite.OperationalError, match="lost"):
        conn.execute("COMMIT")


def test_closing_ends_on_a_dead_network(server, hosts):
    hosts.pass_on()
    with hosts.inside("client"):
        conn = open_at(server.quick)
        conn.execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v TEXT)")
        conn.execute("BEGIN IMMEDIATE")
        hosts.lose()
        start = time.monotonic()
        conn.close()
        assert time.monotonic() - start < 60
    hosts.pass_on()
