# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# The tutorial's two programs, in Ruby.
class TutorialTest < DatabaseTest
  def smoke_test(db)
    db.results_as_hash = true
    db.execute("PRAGMA foreign_keys = ON")
    db.execute_batch(
      "CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INT);" \
      "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);"
    )
    insert = "INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)"
    db.execute(insert, ["/x", 1.0, 100])
    db.execute(insert, ["/x", 2.0, 200])
    tables = db.execute("SELECT name FROM sqlite_master WHERE type='table'").map { |row| row["name"] }
    assert_empty %w[files notes] - tables
    assert_equal %w[path mtime size], db.execute("PRAGMA table_info(files)").map { |row| row["name"] }
    assert_equal [{ "path" => "/x", "mtime" => 2.0, "size" => 200 }], db.execute("SELECT * FROM files")
    db.execute("INSERT INTO notes(body) VALUES ('a note')")
    assert_equal 1, db.last_insert_row_id
  end

  def example(db)
    db.results_as_hash = true
    db.execute_batch("CREATE TABLE IF NOT EXISTS files (\npath TEXT PRIMARY KEY, mtime REAL, size INTEGER\n);")
    db.execute("PRAGMA foreign_keys = ON")
    db.transaction do
      db.execute("INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)", ["/tmp/x", 1.0, 100])
    end
    row = db.execute("SELECT * FROM sqlite_master WHERE type='table' AND name='files'").first
    assert_equal %w[type name tbl_name rootpage sql], row.keys
    assert_equal "CREATE TABLE files (\npath TEXT PRIMARY KEY, mtime REAL, size INTEGER\n)", row["sql"]
  end

  def test_embedded
    open_database { |db| smoke_test(db) }
    open_database do |db|
      assert_equal [["/x", 2.0, 200]], db.execute("SELECT * FROM files")
      db.verify
    end
  end

  def test_the_thirty_second_example
    open_database { |db| example(db) }
  end

  %w[HELIOSDB POSTGRESQL].each do |server|
    define_method("test_daemon_#{server.downcase}") do
      drop = ["DROP TABLE IF EXISTS files", "DROP TABLE IF EXISTS notes"]
      open_daemon(server) do |db|
        drop.each { |sql| db.execute(sql) }
        smoke_test(db)
      end
      # Another connection sees it: the rows are the server's.
      open_daemon(server) { |db| assert_equal [["/x", 2.0, 200]], db.execute("SELECT * FROM files") }
    ensure
      open_daemon(server) { |db| drop.each { |sql| db.execute(sql) } }
    end

    define_method("test_the_example_on_#{server.downcase}") do
      open_daemon(server) do |db|
        db.execute("DROP TABLE IF EXISTS files")
        example(db)
        db.execute("DROP TABLE files")
      end
    end
  end
end
