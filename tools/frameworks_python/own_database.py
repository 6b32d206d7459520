# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: in daemon mode each test finds an empty database.

A program's tests make a new file, or ":memory:", for each test. On a server all of these are the one database of the
DSN. PostgreSQL's is emptied before each test. HeliosDB Nano gets slower with each table that was dropped and made again,
so there each test has a server of its own.
"""

import gc
import os

import pytest
import servers


@pytest.fixture(scope="session")
def is_heliosdb():
    return servers.is_heliosdb(os.environ["HELIOSDB_DSN"])


@pytest.fixture(autouse=True)
def own_database(is_heliosdb, tmp_path_factory, monkeypatch):
    if is_heliosdb:
        with servers.heliosdb(tmp_path_factory.mktemp("heliosdb")) as dsn:
            monkeypatch.setenv("HELIOSDB_DSN", dsn)
            yield
            gc.collect()  # closes the connections that nothing refers to any more
    else:
        servers.empty_postgresql(os.environ["HELIOSDB_DSN"])
        yield
        gc.collect()
