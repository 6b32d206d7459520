#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes random cases for run_differential.

Usage: random_cases.py SEED COUNT > FILE.test

A case makes a few tables with keys, types, collations and triggers by chance, then mixes writes, transactions,
savepoints, ALTER TABLE, DROP and rebuilds. Many of its statements fail; they must fail alike on both sides. The largest
rowid does not occur: after it SQLite chooses rowids by chance.
"""
import random
import sys

TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "", "VARCHAR(9)", "DATE", "BOOLEAN", "DECIMAL(5,2)"]
VALUES = [
    "1", "0", "-1", "2", "3", "7", "1.0", "2.5", "-0.0", "0.1", "1e15", "1e999", "123456789012", "4611686018427387904",
    "-9223372036854775808", "'1'", "'1.0'", "'a'", "'A'", "'b'", "'zz'", "''", "'a '", "'  x'", "'été'", "TRUE", "NULL",
    "x''", "x'61'", "x'00ff'", "CAST(x'ff' AS TEXT)", "CAST(x'6100' AS TEXT)",
]
# How a value is written in a "-- bind:" line, where that is not as in SQL.
BOUND = {"1e999": "inf", "TRUE": "1", "CAST(x'ff' AS TEXT)": "t'ff'", "CAST(x'6100' AS TEXT)": "t'6100'"}
ACTIONS = ["", "", "", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ROLLBACK", " OR ABORT"]
NAMES = ["t", "u", "w"]


class Case:
    """One script; `tables` is what the tables would be if every statement succeeded."""

    def __init__(self, rng):
        self.rng = rng
        self.tables = {}
        self.lines = []
        self.parameters = None  # the values of a statement with parameters

    def value(self):
        value = self.rng.choice(VALUES)
        if self.parameters is None:
            return value
        self.parameters.append(BOUND.get(value, value))
        return "?"

    def with_parameters(self, make):
        """A statement whose values are bound, with the line that binds them."""
        self.parameters = []
        text = make()
        bound, self.parameters = self.parameters, None
        return f"-- bind: {', '.join(bound)}\n{text}" if bound else text

    def chance(self, probability):
        return self.rng.random() < probability

    def column(self, name):
        text = f"{name} {self.rng.choice(TYPES)}"
        if self.chance(0.15):
            text += " UNIQUE"
        if self.chance(0.1):
            text += " NOT NULL"
        if self.chance(0.2):
            text += f" DEFAULT ({self.value()})"
        if self.chance(0.15):
            text += f" COLLATE {self.rng.choice(['NOCASE', 'RTRIM'])}"
        return text

    def create(self, name):
        columns = [f"c{i}" for i in range(self.rng.randint(1, 4))]
        parts = [self.column(column) for column in columns]
        if self.chance(0.15):
            parts.append(f"g AS ({columns[0]} || 'g')" + self.rng.choice(["", " STORED"]))
        kind = self.rng.randint(0, 5)
        without_rowid = kind in (2, 3) and self.chance(0.6)
        if kind == 0:
            parts.insert(0, "id INTEGER PRIMARY KEY")
        elif kind == 1:
            parts.insert(0, "id INTEGER PRIMARY KEY AUTOINCREMENT")
        elif kind == 2:
            parts.insert(0, f"id {self.rng.choice(TYPES)} PRIMARY KEY" + self.rng.choice(["", " COLLATE NOCASE"]))
        elif kind == 3:
            key = columns[:]
            self.rng.shuffle(key)
            parts.append(f"PRIMARY KEY ({', '.join(key[:2])})")
        if kind < 3:
            columns.insert(0, "id")
        self.tables[name] = (columns, without_rowid)
        return f"CREATE TABLE {name}({', '.join(parts)}){' WITHOUT ROWID' if without_rowid else ''};"

    def trigger(self):
        on, into = self.rng.choice(list(self.tables)), self.rng.choice(list(self.tables))
        event = self.rng.choice(["INSERT", "UPDATE", "DELETE"])
        row = "old" if event == "DELETE" else "new"
        return (f"CREATE TRIGGER tr AFTER {event} ON {on} BEGIN INSERT OR IGNORE INTO {into}"
                f"({self.rng.choice(self.tables[into][0])}) VALUES ({row}.{self.rng.choice(self.tables[on][0])}); END;")

    def where(self, table):
        columns, without_rowid = self.tables[table]
        column = self.rng.choice(columns)
        choices = [lambda: f"{column} = {self.value()}", lambda: f"{column} > {self.value()}",
                   lambda: f"{column} IS NULL", lambda: f"typeof({column}) = 'text'",
                   lambda: f"{column} IN ({self.value()}, {self.value()})", lambda: "1"]
        if not without_rowid:
            choices += [lambda: "rowid % 2 = 0", lambda: f"rowid = {self.rng.randint(1, 6)}"]
        return self.rng.choice(choices)()

    def by_key(self, table):
        """The plain statements that a server can run by itself."""
        columns = self.tables[table][0]
        key, column = columns[0], self.rng.choice(columns)
        return self.rng.choice([
            lambda: f"SELECT * FROM {table} WHERE {key} = {self.value()};",
            lambda: f"SELECT {column}, {key} FROM {table} WHERE {key} = {self.value()};",
            lambda: f"UPDATE {table} SET {column} = {self.value()} WHERE {key} = {self.value()};",
            lambda: f"DELETE FROM {table} WHERE {key} = {self.value()};",
            lambda: f"SELECT count(*) FROM {table};",
            lambda: f"SELECT {column} FROM {table} WHERE {key} >= {self.value()} ORDER BY {key} LIMIT 3;",
        ])()

    def insert(self, table):
        columns = self.tables[table][0]
        chosen = self.rng.sample(columns, self.rng.randint(1, len(columns)))
        rows = [f"({', '.join(self.value() for _ in chosen)})" for _ in range(self.rng.choice([1, 1, 2, 5]))]
        text = f"INSERT{self.rng.choice(ACTIONS)} INTO {table}({', '.join(chosen)}) VALUES {', '.join(rows)}"
        if self.chance(0.1):
            text += " ON CONFLICT DO NOTHING"
        if self.chance(0.15):
            text += " RETURNING *"
        return text + ";"

    def update(self, table):
        columns, without_rowid = self.tables[table]
        changes = []
        for column in self.rng.sample(columns, self.rng.randint(1, min(2, len(columns)))):
            new = self.rng.choice([self.value, self.value, lambda: f"{column} || 'x'", lambda: f"{column} + 1",
                                   lambda: self.rng.choice(columns), lambda: f"-{column}"])
            changes.append(f"{column} = {new()}")
        if not without_rowid and self.chance(0.1):
            changes = [f"rowid = rowid + {self.rng.choice([1, 10, 100, -3])}"]
        return f"UPDATE{self.rng.choice(ACTIONS)} {table} SET {', '.join(changes)} WHERE {self.where(table)};"

    def schema_change(self, table):
        columns = self.tables[table][0]
        return self.rng.choice([
            lambda: f"ALTER TABLE {table} ADD COLUMN n{self.rng.randint(0, 9)} {self.rng.choice(TYPES)} DEFAULT 2.5;",
            lambda: f"ALTER TABLE {table} RENAME COLUMN {self.rng.choice(columns)} TO r{self.rng.randint(0, 9)};",
            lambda: f"ALTER TABLE {table} DROP COLUMN {self.rng.choice(columns)};",
            lambda: f"ALTER TABLE {table} RENAME TO {self.rng.choice(NAMES + ['x', 'y'])};",
            lambda: f"DROP TABLE {table};\n" + (self.create(table) if self.chance(0.7) else ""),
            lambda: f"CREATE TABLE k{self.rng.randint(0, 3)} AS SELECT * FROM {table};",
            lambda: f"CREATE {self.rng.choice(['', 'UNIQUE '])}INDEX i{self.rng.randint(0, 5)} ON {table}"
                    f"({self.rng.choice(columns)});",
        ])()

    def step(self):
        table = self.rng.choice(list(self.tables))
        writes = [
            (30, lambda: self.insert(table)),
            (15, lambda: self.update(table)),
            (8, lambda: f"DELETE FROM {table} WHERE {self.where(table)};"),
            (12, lambda: self.by_key(table)),
            (3, lambda: f"SELECT * FROM {table} WHERE {self.where(table)};"),
        ]
        others = [
            (2, lambda: f"DELETE FROM {table};"),
            (6, lambda: self.rng.choice(["BEGIN;", "BEGIN IMMEDIATE;"])),
            (6, lambda: "COMMIT;"),
            (2, lambda: "ROLLBACK;"),
            (5, lambda: self.rng.choice(["SAVEPOINT s;", "ROLLBACK TO s;", "RELEASE s;"])),
            (9, lambda: self.schema_change(table)),
            (1, lambda: f"PRAGMA user_version = {self.rng.randint(0, 99)};"),
            (2, lambda: self.rng.choice(["-- rebuild", "-- reopen"])),
            (12, lambda: f"SELECT * FROM {table};"),
        ]
        kinds = writes + others
        make = self.rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]
        if self.chance(0.5) and any(make is write for _, write in writes):
            return self.with_parameters(make)
        return make()

    def parent(self):
        """A foreign key between two tables that have an `id`."""
        child, parent = "child", self.rng.choice([name for name, (columns, _) in self.tables.items()])
        column = self.rng.choice(self.tables[parent][0])
        actions = ["", " ON DELETE CASCADE", " ON UPDATE CASCADE ON DELETE SET NULL", " DEFERRABLE INITIALLY DEFERRED"]
        self.tables[child] = (["id", "p"], False)
        return (f"PRAGMA foreign_keys = ON;\nCREATE TABLE {child}(id INTEGER PRIMARY KEY,"
                f" p REFERENCES {parent}({column}){self.rng.choice(actions)});")

    def text(self, name):
        self.lines = [f"== {name}"]
        several = self.chance(0.2)
        if several:
            self.lines.append("-- timeout 0.3")
        self.lines += [self.create(table) for table in NAMES[: self.rng.randint(1, 3)]]
        if self.chance(0.25):
            self.lines.append(self.trigger())
        if self.chance(0.2):
            self.lines.append(self.parent())
        for _ in range(self.rng.randint(6, 24)):
            if several and self.chance(0.3):
                self.lines.append(f"-- connection {self.rng.randint(1, 2)}")
            self.lines.append(self.step())
        return "\n".join(line for line in self.lines if line)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    print("\n\n".join(Case(rng).text(f"{seed}/{i}") for i in range(count)))


main()
