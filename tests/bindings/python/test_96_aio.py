# SPDX-License-Identifier: Apache-2.0
"""heliosdb_sqlite.aio, the surface of aiosqlite."""

import asyncio
import threading
import time

import pytest

from heliosdb_sqlite import aio


def test_rows_written_by_one_connection_are_read_by_another(place):
    async def main():
        async with aio.connect(place.ours, **place.options) as db:
            await db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
            await db.executemany("INSERT INTO t(b) VALUES (?)", [(str(i),) for i in range(200)])
            await db.commit()
            async with db.execute("SELECT a, b FROM t ORDER BY a") as cursor:
                return [row async for row in cursor]

    assert asyncio.run(main()) == [(i + 1, str(i)) for i in range(200)]


def test_awaited_or_entered_a_call_gives_a_cursor():
    async def main():
        db = await aio.connect(":memory:")
        cursor = await db.execute("SELECT 1 AS one")
        assert cursor.description[0][0] == "one"
        assert await cursor.fetchone() == (1,)
        assert await cursor.fetchone() is None
        await cursor.close()
        assert await db.execute_fetchall("VALUES (1), (2)") == [(1,), (2,)]
        await db.execute("CREATE TABLE t(a)")
        assert await db.execute_insert("INSERT INTO t VALUES (7)") == (1,)
        assert db.in_transaction and db.total_changes == 1
        await db.rollback()
        assert not db.in_transaction
        db.row_factory = aio.Row
        assert (await (await db.execute("SELECT 5 AS five")).fetchone())["FIVE"] == 5
        assert [line async for line in db.iterdump()][0] == "BEGIN TRANSACTION;"
        await db.close()
        with pytest.raises(ValueError, match="no active connection"):
            await db.execute("SELECT 1")

    asyncio.run(main())


def test_an_error_is_raised_where_it_is_awaited():
    async def main():
        async with aio.connect(":memory:") as db:
            with pytest.raises(aio.OperationalError, match="no such table: t"):
                await db.execute("SELECT * FROM t")
        with pytest.raises(aio.OperationalError):
            await aio.connect("/nowhere/at/all.db")

    asyncio.run(main())


LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_the_event_loop_goes_on_while_a_statement_runs():
    async def main():
        async with aio.connect(":memory:") as db:
            task = asyncio.ensure_future(db.execute_fetchall(LONG.replace("FROM n)", "FROM n LIMIT 300000)")).__aenter__())
            ticks = 0
            while not task.done():
                await asyncio.sleep(0.001)
                ticks += 1
            assert await task == [(300000,)]
            assert ticks > 3

    asyncio.run(main())


def test_a_cancelled_task_interrupts_its_statement():
    async def main():
        async with aio.connect(":memory:") as db:
            began = time.monotonic()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(db.execute_fetchall(LONG), 0.2)
            assert time.monotonic() - began < 60
            assert await db.execute_fetchall("SELECT 1") == [(1,)]

    asyncio.run(main())


def test_idle_connections_have_no_threads(tmp_path):
    async def main():
        connections = [await aio.connect(":memory:") for _ in range(200)]
        for db in connections:
            await db.execute("SELECT 1")
        assert threading.active_count() < 100
        for db in connections:
            await db.close()

    asyncio.run(main())
