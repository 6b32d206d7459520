# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for SQLAlchemy's tests in daemon mode: the second schema of its tests is a database in memory.

They attach a file to each connection, which is refused on a server: its rows would not be kept there.
"""


def _attach_memory(url, engine, follower_ident):
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def attach(connection, record):
        connection.execute("ATTACH DATABASE ':memory:' AS test_schema")


def pytest_configure(config):
    from sqlalchemy.testing import provision  # not before SQLAlchemy's own plugin has seen to how it is imported

    provision.post_configure_engine.fns["sqlite"] = _attach_memory
