# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# The tutorial's smoke test in the sqlite3 gem's words.
require "heliosdb/sqlite3"
require "tmpdir"

def check(expected, found)
  raise "expected #{expected.inspect}, found #{found.inspect}" unless expected == found
end

db = SQLite3::Database.new(File.join(Dir.mktmpdir("hdb-"), "smoke.db"))
db.results_as_hash = true
db.execute("PRAGMA foreign_keys = ON")
db.execute_batch(<<~SQL)
  CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INT);
  CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);
SQL
put = "INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)"
db.execute(put, ["/x", 1.0, 100])
db.execute(put, ["/x", 2.0, 200])
tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").map { |row| row["name"] }
check([], %w[files notes] - tables)
check(%w[path mtime size], db.execute("PRAGMA table_info(files)").map { |row| row["name"] })
check([{ "path" => "/x", "mtime" => 2.0, "size" => 200 }], db.execute("SELECT * FROM files"))
db.close
puts "OK"
