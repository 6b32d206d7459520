# SPDX-License-Identifier: Apache-2.0
"""Connection.iterdump(): the statements that make a database again, in the standard library's form and order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Iterator

if TYPE_CHECKING:
    from .connection import Connection


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _iterdump(connection: Connection, *, filter: str | None = None) -> Iterator[str]:  # noqa: A002 - as in sqlite3
    """Yields the statements one by one. ``filter``: a LIKE pattern for the names of what is dumped."""
    cursor = connection.cursor()
    cursor.row_factory = None
    condition, parameters = ('AND "name" LIKE ?', (filter,)) if filter else ("", ())

    def objects(types: str, order: str) -> list[tuple[str, str]]:
        found = f'SELECT "name", "sql" FROM "sqlite_master" WHERE "sql" NOT NULL AND "type" IN ({types}) {condition}'
        return list(cursor.execute(found + order, parameters).fetchall())

    if _violates_foreign_keys(cursor):
        yield "PRAGMA foreign_keys=OFF;"
    yield "BEGIN TRANSACTION;"
    has_virtual = False
    sequence: list[str] = []
    for name, sql in objects("'table'", ' ORDER BY "name"'):
        if name == "sqlite_sequence":
            sequence = ['DELETE FROM "sqlite_sequence";']
            for table, last in cursor.execute('SELECT * FROM "sqlite_sequence"').fetchall():
                sequence.append(f'INSERT INTO "sqlite_sequence" VALUES({_literal(table)},{last});')
            continue
        if name == "sqlite_stat1":
            yield 'ANALYZE "sqlite_master";'
        elif name.startswith("sqlite_"):
            continue
        elif sql.startswith("CREATE VIRTUAL TABLE"):
            if not has_virtual:
                has_virtual = True
                yield "PRAGMA writable_schema=ON;"
            yield (
                "INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)"
                f"VALUES('table',{_literal(name)},{_literal(name)},0,{_literal(sql)});"
            )
        else:
            yield f"{sql};"
        yield from _rows(cursor, _identifier(name))
    for _, sql in objects("'index', 'trigger', 'view'", ""):
        yield f"{sql};"
    if has_virtual:
        yield "PRAGMA writable_schema=OFF;"
    yield from sequence
    yield "COMMIT;"


def _violates_foreign_keys(cursor: Any) -> bool:
    """Whether the rows can only be loaded with foreign keys off: what Python 3.13 and newer look at."""
    if sys.version_info < (3, 13):
        return False
    return bool(cursor.execute("PRAGMA foreign_key_check").fetchall())


def _rows(cursor: Any, table: str) -> Iterator[str]:
    """An INSERT for each row, with the values as SQLite's quote() writes them."""
    columns = [row[1] for row in cursor.execute(f"PRAGMA table_info({table})").fetchall()]
    values = "','".join(f"||quote({_identifier(column)})||" for column in columns)
    start = "'" + f"INSERT INTO {table} VALUES(".replace("'", "''")
    for (statement,) in cursor.execute(f"SELECT {start}'{values}')' FROM {table}"):
        yield f"{statement};"
