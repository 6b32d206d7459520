import os, tempfile
import heliosdb_sqlite as sqlite3
db_path = os.path.join(tempfile.mkdtemp(), "smoke.db")
conn = sqlite3.connect(db_path, mode="daemon", dsn=os.environ["HELIOSDB_DSN"], timeout=30.0); conn.row_factory = sqlite3.Row
cur = conn.cursor()
cur.execute("PRAGMA foreign_keys = ON") # PRAGMA stub
cur.executescript( # multi-statement
    "CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INT);"
    "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);"
)
cur.execute("INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)",
            ("/x", 1.0, 100)) # ? + upsert
cur.execute("INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)",
            ("/x", 2.0, 200)) # idempotent
cur.execute("SELECT name FROM sqlite_master WHERE type='table'") # introspection
assert {"files", "notes"}.issubset({r["name"] for r in cur.fetchall()})
cur.execute("PRAGMA table_info(files)") # column shape
assert [r["name"] for r in cur.fetchall()] == ["path", "mtime", "size"]
conn.commit()
print("OK")
