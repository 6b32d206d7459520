# SPDX-License-Identifier: Apache-2.0
"""A program as a user types it: type checkers must accept it, and it must run."""

from __future__ import annotations

import sys
from typing import Iterator

import heliosdb_sqlite as sqlite3
from heliosdb_sqlite import aio


class Longest:
    """An aggregate."""

    def __init__(self) -> None:
        self.found = ""

    def step(self, text: str) -> None:
        self.found = max(self.found, text, key=len)

    def finalize(self) -> str:
        return self.found


class Audited(sqlite3.Connection):
    """A connection of one's own."""

    def notes(self) -> list[str]:
        return [row["body"] for row in self.execute("SELECT body FROM notes ORDER BY id")]


def bodies(count: int) -> Iterator[tuple[str]]:
    for number in range(count):
        yield (f"note {number}",)


def open_database(path: str) -> Audited:
    connection = sqlite3.connect(path, timeout=30.0, isolation_level="IMMEDIATE", factory=Audited)
    connection.row_factory = sqlite3.Row
    connection.create_aggregate("longest", 1, Longest)
    connection.create_function("double", 1, lambda value: 2 * value, deterministic=True)
    return connection


def write(connection: sqlite3.Connection) -> int | None:
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body TEXT, data BLOB)")
        cursor: sqlite3.Cursor = connection.executemany("INSERT INTO notes (body) VALUES (?)", bodies(3))
        assert cursor.rowcount == 3
        last = connection.execute("INSERT INTO notes (body, data) VALUES (:body, zeroblob(4))", {"body": "last"})
    return last.lastrowid


def read(connection: Audited) -> list[str]:
    cursor = connection.cursor()
    names: list[str] = [column[0] for column in cursor.execute("SELECT id, body FROM notes").description]
    assert names == ["id", "body"]
    row: sqlite3.Row = cursor.fetchone()
    keys: list[str] = row.keys()
    assert keys == names and isinstance(row["id"], int)
    longest: str = connection.execute("SELECT longest(body) FROM notes").fetchone()[0]
    return [*connection.notes(), longest]


def blob(connection: sqlite3.Connection, row: int) -> bytes:
    with connection.blobopen("notes", "data", row) as value:
        value.write(b"data")
        value.seek(0)
        return value.read(2)


def refuse(connection: sqlite3.Connection) -> str:
    try:
        with connection:
            connection.execute("INSERT INTO notes (id) VALUES (1)")
    except sqlite3.IntegrityError as error:
        code: int = error.sqlite_errorcode
        assert code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
        return error.sqlite_errorname
    return ""


async def awaited() -> int:
    async with aio.connect(":memory:") as connection:
        async with connection.execute("SELECT 20 + ?", (22,)) as cursor:
            found = await cursor.fetchone()
            return int(found[0])


def main(path: str) -> None:
    import asyncio

    connection = open_database(path)
    last = write(connection)
    assert last is not None
    print(read(connection), blob(connection, last), refuse(connection), asyncio.run(awaited()))
    copy = sqlite3.connect(":memory:")
    connection.backup(copy, pages=1)
    print(sum(1 for _ in copy.iterdump()), connection.total_changes, connection.in_transaction, connection.mode)
    copy.close()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
