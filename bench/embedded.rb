# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# The same work by libheliosdb's Ruby binding, embedded, and by the gem sqlite3.
# Usage: ruby embedded.rb sqlite|heliosdb PATH ROWS COMMITS INSERTS SELECTS, on a path where nothing is yet. Prints a line
# "measure seconds count" each, as the C programs do.
library, path, *sizes = ARGV
rows, commits, inserts, selects = sizes.map { |size| Integer(size) }
if library == "heliosdb"
  $LOAD_PATH.unshift(File.expand_path("../bindings/ruby/lib", __dir__))
  require "heliosdb/sqlite3"
  sqlite = HeliosDB::SQLite3
else
  require "sqlite3"
  sqlite = SQLite3
end

def measure(name, count)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  result = yield
  puts format("%<name>s %<seconds>.9f %<count>d", name: name, seconds: Process.clock_gettime(Process::CLOCK_MONOTONIC) - start, count: count)
  result
end

def text(id)
  "#{id % 10 == 0 ? "world" : "hello"} number #{id} of the benchmark's rows"
end

INSERT = "INSERT INTO hdb_bench VALUES (?, ?, ?)"
following = 1
insert = lambda do |db, count|
  count.times do
    db.execute(INSERT, [following, text(following), following * 0.5])
    following += 1
  end
end

db = measure("connect_first", 1) { sqlite::Database.new(path) }
db.execute("CREATE TABLE hdb_bench(id INTEGER PRIMARY KEY, a TEXT, v REAL)")
measure("insert_commit", commits) { insert.call(db, commits) }
measure("insert_transaction", inserts) { db.transaction { insert.call(db, inserts) } }
db.transaction { insert.call(db, rows - following + 1) }
measure("point_select", selects) do
  selects.times { |i| db.execute("SELECT id, a, v FROM hdb_bench WHERE id = ?", [i * 7919 % rows + 1]).first.fetch(1) }
end
all = measure("fetchall", rows) { db.execute("SELECT id, a, v FROM hdb_bench") }
raise "rows are missing" unless all.size == rows && all.last[1] == text(rows)

measure("like_count", 1) { db.execute("SELECT count(*) FROM hdb_bench WHERE a LIKE 'hello%'") }
measure("close", 1) { db.close }
