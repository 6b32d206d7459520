# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"

class ConnectTest < DatabaseTest
  def test_the_version_is_the_library_s
    assert_equal HeliosDB::C.hdb_version, HeliosDB::VERSION
    assert_match(/\A3\.\d+\.\d+\z/, HDB::SQLITE_VERSION)
    assert_equal HDB::SQLITE_VERSION.split(".")[1].to_i, HDB.libversion / 1000 % 1000
    assert HDB.threadsafe?
  end

  def test_new_makes_the_file
    db = HDB::Database.new(path)
    assert_equal "embedded", db.mode
    assert_equal File.realpath(path), db.filename
    refute db.closed?
    db.close
    assert db.closed?
    assert File.exist?(path)
  end

  def test_closing_twice_is_allowed
    db = HDB::Database.new(path)
    db.close
    assert_same db, db.close
  end

  def test_new_with_a_block_closes
    inner = nil
    db = HDB::Database.new(path) { |opened| inner = opened }
    assert_same inner, db
    assert db.closed?
  end

  def test_open_with_a_block_gives_its_value
    assert_equal 42, HDB::Database.open(path) { |db| db.get_first_value("SELECT 42") }
  end

  def test_a_path_may_be_a_pathname
    HDB::Database.open(Pathname.new(path)) { |db| assert_equal File.realpath(path), db.filename }
  end

  def test_memory_databases_are_private
    HDB::Database.open(":memory:") do |db|
      db.execute("CREATE TABLE t(a)")
      HDB::Database.open(":memory:") { |other| assert_raises(HDB::SQLException) { other.execute("SELECT * FROM t") } }
      assert_equal "", db.filename
    end
  end

  def test_readonly
    open_database { |db| db.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)") }
    open_database(readonly: true) do |db|
      assert db.readonly?
      assert_equal [[1]], db.execute("SELECT a FROM t")
      assert_raises(HDB::ReadOnlyException) { db.execute("INSERT INTO t VALUES (2)") }
    end
  end

  def test_readwrite_does_not_make_a_file
    error = assert_raises(HDB::CantOpenException) { open_database(readwrite: true) }
    assert_equal HDB::Constants::ErrorCode::CANTOPEN, error.code
    refute File.exist?(path)
  end

  def test_flags
    assert_raises(HDB::CantOpenException) { open_database(flags: HDB::Constants::Open::READWRITE) }
    flags = HDB::Constants::Open::READWRITE | HDB::Constants::Open::CREATE
    open_database(flags: flags) { |db| refute db.readonly? }
  end

  def test_conflicting_options
    assert_raises(RuntimeError) { open_database(readonly: true, readwrite: true) }
    flags = HDB::Constants::Open::READONLY | HDB::Constants::Open::READWRITE
    assert_raises(HDB::MisuseException) { open_database(flags: flags) }
  end

  def test_file_uri
    open_database { |db| db.execute("CREATE TABLE t(a)") }
    HDB::Database.open("file:#{path}?mode=ro") do |db|
      assert_equal ["t"], db.execute("SELECT name FROM sqlite_master").flatten
      assert_raises(HDB::ReadOnlyException) { db.execute("INSERT INTO t VALUES (1)") }
    end
  end

  def test_a_value_that_a_key_does_not_take
    error = assert_raises(HDB::RangeException) { open_database(mode: "sideways") }
    assert_equal 'option mode does not take "sideways"', error.message
  end

  def test_unknown_options_are_ignored_as_in_the_gem
    open_database(adapter: "sqlite3", pool: 5) { |db| assert_equal 1, db.get_first_value("SELECT 1") }
  end

  def test_a_closed_database_says_so
    db = HDB::Database.new(path)
    db.close
    assert_raises(ArgumentError) { db.prepare("SELECT 1") }
    assert_equal "cannot use a closed database", assert_raises(HDB::Exception) { db.changes }.message
  end

  def test_closing_finalizes_statements
    db = HDB::Database.new(path)
    stmt = db.prepare("SELECT 1 UNION SELECT 2")
    assert_equal [1], stmt.step
    db.close
    assert stmt.closed?
    assert_equal "cannot use a closed statement", assert_raises(HDB::Exception) { stmt.step }.message
    stmt.close
    assert_raises(HDB::Exception) { stmt.close }
  end

  def test_statements_left_to_the_garbage_collector
    open_database do |db|
      200.times { db.prepare("SELECT 1").step }
      GC.start
      assert_equal 1, db.get_first_value("SELECT 1")
    end
  end

  def test_connections_left_open_are_closed_at_exit
    script = <<~RUBY
      require "heliosdb/sqlite3"
      db = SQLite3::Database.new(ARGV[0])
      db.execute("CREATE TABLE t(a)")
      stmt = db.prepare("INSERT INTO t VALUES (?)")
      stmt.execute(7)
    RUBY
    output, status = Open3.capture2e(RbConfig.ruby, *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", script, path)
    assert status.success?, output
    assert_empty output
    assert_empty processes_after(10)
    open_database { |db| assert_equal [[7]], db.execute("SELECT a FROM t") }
  end

  def test_the_constant_sqlite3_is_ours_where_the_gem_is_not_loaded
    script = 'require "heliosdb/sqlite3"; require "sqlite3"; print SQLite3.equal?(HeliosDB::SQLite3)'
    output, = Open3.capture2e(RbConfig.ruby, *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", script)
    assert_equal "true", output
  end

  def test_a_missing_library_says_which
    output, status = Open3.capture2e({ "HELIOSDB_LIBRARY" => "/nowhere/libheliosdb.so" }, RbConfig.ruby,
                                     *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", 'require "heliosdb/sqlite3"')
    refute status.success?
    assert_includes output, "/nowhere/libheliosdb.so"
    assert_includes output, "LoadError"
  end

  def test_a_forked_child_gets_a_clear_error
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      reader, writer = IO.pipe
      child = fork do
        reader.close
        begin
          db.execute("INSERT INTO t VALUES (1)")
          writer.write("nothing was raised")
        rescue HDB::Exception => e
          writer.write("#{e.class.name.split('::').last}: #{e.message}")
        end
        writer.close
        exit!(0)
      end
      writer.close
      message = reader.read
      Process.wait(child)
      assert_match(/\AMisuseException: .*fork/, message)
      db.execute("INSERT INTO t VALUES (2)")
      assert_equal [[2]], db.execute("SELECT a FROM t")
    end
  end

  %w[HELIOSDB POSTGRESQL].each do |server|
    define_method("test_daemon_#{server.downcase}") do
      open_daemon(server) do |db|
        assert_equal "daemon", db.mode
        assert_equal [[1, "one"]], db.execute("SELECT 1, 'one'")
      end
      HDB::Database.open(daemon_dsn(server)) { |db| assert_equal "daemon", db.mode }
    end
  end
end
