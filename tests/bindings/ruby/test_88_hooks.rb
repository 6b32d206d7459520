# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"

# Authorizer, trace, busy handler, time limit, switches and counters.
class HooksTest < DatabaseTest
  ENDLESS = "WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r"

  def test_the_authorizer_s_answers
    open_database do |db|
      db.execute("CREATE TABLE t(a, b)")
      db.execute("INSERT INTO t VALUES (1, 2)")
      { true => [[1]], 0 => [[1]], nil => [[nil]], 2 => [[nil]] }.each do |answer, rows|
        db.authorizer { |action, _, column| action == 20 && column == "a" ? answer : true }
        assert_equal rows, db.execute("SELECT a FROM t")
      end
      [false, 1].each do |answer|
        db.authorizer { |action, *| action == 20 ? answer : true }
        assert_raises(HDB::AuthorizationException) { db.execute("SELECT a FROM t") }
      end
      db.authorizer = nil
      assert_equal [[1]], db.execute("SELECT a FROM t")
    end
  end

  def test_the_authorizer_is_asked_at_each_run_as_the_gem_asks
    asked = [HDB, oracle].map do |sqlite|
      actions = []
      db = sqlite::Database.new(":memory:")
      db.authorizer { |action, *| (actions << action) && true }
      3.times { db.execute("SELECT 1") }
      db.close
      actions.count(21)
    end
    assert_equal [3, 3], asked
  end

  def test_what_an_authorizer_raises_reaches_the_caller
    open_database do |db|
      db.authorizer { |*| raise KeyError, "asked" }
      assert_raises(KeyError) { db.prepare("SELECT 1") }
      db.authorizer = nil
      assert_equal [[1]], db.execute("SELECT 1")
    end
  end

  def test_trace_tells_what_the_gem_tells
    told = [HDB, oracle].map do |sqlite|
      lines = []
      sqlite::Database.new(":memory:") do |db|
        db.execute("CREATE TABLE t(a)")
        db.trace { |sql| lines << sql }
        2.times { |i| db.execute("INSERT INTO t VALUES (?)", [i]) }
        db.execute("SELECT a FROM t WHERE a = :a", { a: "it's" })
        db.trace(nil)
        db.execute("SELECT 1")
      end
      lines
    end
    assert_equal ["INSERT INTO t VALUES (0)", "INSERT INTO t VALUES (1)", "SELECT a FROM t WHERE a = 'it''s'"], told.last
    assert_equal told.last, told.first
  end

  def test_busy_handler
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      other = HDB::Database.new(path)
      counts = []
      other.busy_handler { |count| counts << count && count < 3 }
      db.transaction(:immediate) do
        assert_raises(HDB::BusyException) { other.execute("INSERT INTO t VALUES (1)") }
      end
      assert_equal [0, 1, 2, 3], counts
      other.busy_handler { |_| raise KeyError, "busy" }
      db.transaction(:immediate) { assert_raises(KeyError) { other.execute("INSERT INTO t VALUES (1)") } }
      other.busy_handler
      other.execute("INSERT INTO t VALUES (1)")
      other.close
    end
  end

  def test_other_threads_run_while_a_lock_is_waited_for
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      other = HDB::Database.new(path)
      other.busy_timeout = 300
      count = 0
      ticking = Thread.new { loop { sleep(0.005) && count += 1 } }
      db.transaction(:immediate) { assert_raises(HDB::BusyException) { other.execute("INSERT INTO t VALUES (1)") } }
      ticking.kill
      assert_operator count, :>, 10
      other.close
    end
  end

  def test_statement_timeout
    open_database do |db|
      db.statement_timeout = 50
      2.times { assert_raises(HDB::InterruptException) { db.execute(ENDLESS) } }
      20.times { sleep(0.005) && db.execute("SELECT 1") }
      db.statement_timeout = 0
      assert_equal [[1]], db.execute("SELECT 1")
    end
  end

  def test_strict
    HDB::Database.open(":memory:") { |db| assert_equal [["nope"]], db.execute('SELECT "nope"') }
    HDB::Database.open(":memory:", strict: true) do |db|
      assert_match(/no such column/, assert_raises(HDB::SQLException) { db.execute('SELECT "nope"') }.message)
    end
  end

  def test_extensions
    open_database do |db|
      db.enable_load_extension(false)
      assert_match(/not authorized/, assert_raises(HDB::SQLException) { db.load_extension("/nowhere/x") }.message)
      db.enable_load_extension(true)
      assert_match(/nowhere/, assert_raises(HDB::SQLException) { db.load_extension(Pathname.new("/nowhere/x")) }.message)
      assert_raises(TypeError) { db.load_extension(1) }
    end
    assert_match(/nowhere/, assert_raises(HDB::SQLException) { open_database(extensions: ["/nowhere/x"]) }.message)
    assert_raises(TypeError) { open_database(extensions: "/nowhere/x") }
  end

  def test_a_database_whose_extension_can_not_be_loaded_is_closed
    GC.disable
    assert_raises(HDB::SQLException) { open_database(extensions: ["/nowhere/x"]) }
    assert_empty processes_after(10)
  ensure
    GC.enable
  end

  def test_utf16
    HDB::Database.open(":memory:".encode("UTF-16LE")) do |db|
      assert_equal Encoding::UTF_16LE, db.encoding
      assert_equal [["größe"]], db.execute("SELECT ?", ["größe".encode("UTF-16BE")])
    end
    open_database { |db| assert_equal Encoding::UTF_8, db.encoding }
    assert_raises(ArgumentError) { HDB::Database.new(path("a\0b")) }
  end

  def test_counters_of_a_statement
    open_database do |db|
      db.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)")
      db.prepare("SELECT a FROM t ORDER BY a") do |stmt|
        stmt.to_a
        assert_equal [2, 1, 1], [stmt.stat(:fullscan_steps), stmt.stat(:sorts), stmt.stat[:runs]]
        assert_equal HDB::Statement::COUNTERS.keys, stmt.stat.keys
        assert_operator stmt.memused, :>, 0
        assert_raises(ArgumentError) { stmt.stat(:absent) }
        assert_raises(TypeError) { stmt.stat("sorts") }
      end
    end
  end

  def test_counters_of_the_library
    status = HDB.status(HDB::Constants::Status::MEMORY_USED)
    assert_operator status[:highwater], :>=, status[:current]
    assert_raises(HDB::MisuseException) { HDB.status(99) }
  end
end
