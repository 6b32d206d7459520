# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"

# The database file is an ordinary SQLite file; the engine has every row.
class InteropTest < DatabaseTest
  def sqlite(*sql)
    output, status = Open3.capture2e("sqlite3", path, *sql)
    assert status.success?, output
    output
  rescue Errno::ENOENT
    skip "the sqlite3 program is not installed"
  end

  def psql(dsn, sql)
    output, status = Open3.capture2e("psql", "-X", "-A", "-t", "-d", dsn, "-c", sql)
    assert status.success?, output
    output
  rescue Errno::ENOENT
    skip "psql is not installed"
  end

  def write(*values)
    open_database do |db|
      db.execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, a TEXT)")
      values.each { |value| db.execute("INSERT INTO t(a) VALUES (?)", [value]) }
    end
  end

  def remove_replica
    assert_empty processes_after(10)
    FileUtils.rm(Dir.glob("#{path}{,-wal,-shm,-journal}"))
    refute File.exist?(path)
  end

  def texts
    open_database { |db| db.execute("SELECT a FROM t ORDER BY id").flatten }
  end

  def test_sqlite_reads_what_we_wrote
    write("one", "größe")
    assert_equal "one\ngröße\n", sqlite("SELECT a FROM t ORDER BY id")
  end

  def test_we_read_what_sqlite_wrote_meanwhile
    write("one")
    sqlite("INSERT INTO t(a) VALUES ('two'); UPDATE t SET a = 'ONE' WHERE id = 1; CREATE TABLE u(x)")
    assert_equal %w[ONE two], texts
    write("three")
    remove_replica
    assert_equal %w[ONE two three], texts
    open_database { |db| assert_equal [], db.execute("SELECT * FROM u") }
  end

  def test_an_existing_file_is_taken_in
    sqlite("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t(a) VALUES ('old')")
    assert_equal %w[old], texts
    remove_replica
    assert_equal %w[old], texts
  end

  def test_the_replica_deleted
    write("one", "two")
    open_database do |db|
      db.execute("CREATE TABLE blobs(b BLOB, r REAL, n)")
      db.execute("INSERT INTO blobs VALUES (?, ?, ?)", ["\0\xff".b, 0.1, nil])
      db.user_version = 5
    end
    remove_replica
    assert_equal %w[one two], texts
    open_database do |db|
      assert_equal [["\0\xff".b, 0.1, nil]], db.execute("SELECT * FROM blobs")
      assert_equal 5, db.user_version
      db.verify
    end
  end

  def test_psql_reads_the_engine_s_tables
    open_database do |db|
      db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
      db.execute("INSERT INTO t(a) VALUES ('one'), ('two')")
      db.flush
      assert_equal "1|one\n2|two\n", psql(db.engine_dsn, "SELECT id, a FROM t ORDER BY id")
    end
  end

  def test_two_processes_see_each_other_s_commits
    write("mine")
    script = <<~RUBY
      require "heliosdb/sqlite3"
      SQLite3::Database.open(ARGV[0]) do |db|
        db.execute("INSERT INTO t(a) VALUES (?)", ["theirs"])
        print db.get_first_value("SELECT count(*) FROM t")
      end
    RUBY
    open_database do |db|
      output, status = Open3.capture2e(RbConfig.ruby, *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", script, path)
      assert status.success?, output
      assert_equal "2", output
      assert_equal %w[mine theirs], db.execute("SELECT a FROM t ORDER BY id").flatten
    end
  end
end
