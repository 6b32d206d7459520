# SPDX-License-Identifier: Apache-2.0
"""Processes in three languages write one embedded database at once: transactions, whose trigger calls a function that each
process has registered in its own language. HELIOSDB_TORTURE_SECONDS says for how long."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

import heliosdb_sqlite

WRITERS = pathlib.Path(__file__).parent / "writers"
LANGUAGES = {"Python": [sys.executable, "writer.py"], "Node": ["node", "writer.js"], "Ruby": ["ruby", "writer.rb"]}
ACCOUNTS, FIRST_BALANCE = 20, 1000
SCHEMA = f"""
    CREATE TABLE account(id INTEGER PRIMARY KEY, balance NOT NULL);
    CREATE TABLE transfer(id INTEGER PRIMARY KEY, writer, amount);
    CREATE TABLE total(writer PRIMARY KEY, transfers, amount);
    CREATE TRIGGER counted AFTER INSERT ON transfer BEGIN
        INSERT INTO total VALUES (NEW.writer, 1, doubled(NEW.amount) / 2)
            ON CONFLICT(writer) DO UPDATE SET transfers = transfers + 1, amount = amount + excluded.amount;
    END;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {ACCOUNTS})
        INSERT INTO account SELECT i, {FIRST_BALANCE} FROM n;
"""


def start(path, number, seconds):
    language = list(LANGUAGES)[number % len(LANGUAGES)]
    program, script = LANGUAGES[language]
    command = [program, str(WRITERS / script), str(path), str(number), str(seconds)]
    return language, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def audit(conn, commits):
    """The sums, as the triggers made them and as the rows give them."""
    assert conn.execute("SELECT sum(balance), count(*) FROM account").fetchone() == (ACCOUNTS * FIRST_BALANCE, ACCOUNTS)
    counted = "SELECT writer, count(*), sum(amount) FROM transfer GROUP BY writer ORDER BY writer"
    assert conn.execute(counted).fetchall() == conn.execute("SELECT * FROM total ORDER BY writer").fetchall()
    assert dict(conn.execute("SELECT writer, transfers FROM total")) == {n: count for n, count in commits.items() if count}
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert conn.verify() == 0


def await_no_process_at(directory, seconds=60):
    """The commands that still name the directory after that time."""
    end = time.monotonic() + seconds
    while True:
        left = []
        for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                text = command.read_bytes()
                left += [text] if os.fsencode(directory) in text else []
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def test_eight_processes_in_three_languages_write_one_database(tmp_path, capsys):
    seconds = float(os.environ.get("HELIOSDB_TORTURE_SECONDS", "15"))
    path = tmp_path / "app.db"
    with contextlib.closing(heliosdb_sqlite.connect(path)) as conn:
        conn.executescript(SCHEMA)
    writers = [start(path, number, seconds) for number in range(8)]
    commits, busy, languages = {}, [], {}
    for number, (language, process) in enumerate(writers):
        text, _ = process.communicate(timeout=seconds + 240)
        assert process.returncode == 0, f"writer {number} in {language}"
        told = json.loads(text)
        commits[number] = told["commits"]
        busy += [f"{language}: {text}" for text in told["busy"]]
        languages[language] = languages.get(language, 0) + told["commits"]
    with contextlib.closing(heliosdb_sqlite.connect(path)) as conn:
        audit(conn, commits)
        before = list(conn.iterdump())
    for left in tmp_path.glob("app.db*"):
        if left.is_file():
            left.unlink()
    with contextlib.closing(heliosdb_sqlite.connect(path)) as conn:
        assert list(conn.iterdump()) == before
        audit(conn, commits)
    assert await_no_process_at(tmp_path) == []
    assert min(languages.values()) > 0
    each = ", ".join(f"{language} {count:,}" for language, count in languages.items())
    total = f"{sum(commits.values()):,} commits acknowledged and found ({each})"
    with capsys.disabled():
        print(f"\n8 processes, {seconds:g} s: {total}, {len(busy)} times busy", *busy[:5], sep="\n")
