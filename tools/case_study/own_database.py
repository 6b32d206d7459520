# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for the case study: in daemon mode each test finds an empty database.

An application's tests make a new file, or ":memory:", for each test. On a server all of these are the one database of
the DSN, so it is emptied before each test, whatever connections the test before left open.
"""

import gc
import os

import psycopg
import pytest


def _empty_postgresql(server):
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    server.execute(f"SELECT pg_terminate_backend(pid) {others}")
    server.execute("DROP SCHEMA public CASCADE")
    server.execute("CREATE SCHEMA public")


def _empty_heliosdb(server):
    find = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'"
    for name, kind in server.execute(find).fetchall():
        quoted = '"' + name.replace('"', '""') + '"'
        server.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {quoted} CASCADE")


@pytest.fixture(autouse=True)
def own_database():
    gc.collect()  # closes the connections that nothing refers to any more
    with psycopg.connect(os.environ["HELIOSDB_DSN"], autocommit=True) as server:
        is_heliosdb = "heliosdb" in server.execute("SELECT version()").fetchone()[0].lower()
        (_empty_heliosdb if is_heliosdb else _empty_postgresql)(server)
