import os

# Before:
# import sqlite3
import heliosdb_sqlite as sqlite3 # one line changed
conn = sqlite3.connect("/tmp/app.db", mode="daemon", dsn=os.environ["HELIOSDB_DSN"], timeout=30.0)
conn.row_factory = sqlite3.Row
cur = conn.cursor()
cur.executescript("""
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, mtime REAL, size INTEGER
);
""")
cur.execute("PRAGMA foreign_keys = ON") # accepted as a no-op
cur.execute(
    "INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)",
    ("/tmp/x", 1.0, 100),
)
conn.commit()
cur.execute("SELECT * FROM sqlite_master WHERE type='table'")
print([dict(r) for r in cur.fetchall()])
