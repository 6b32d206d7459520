# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "timeout"

# Functions, aggregates and collations of the program's.
class FunctionsTest < DatabaseTest
  class Sum
    def step(*numbers)
      @sum = (@sum || 0) + numbers.sum
    end

    def finalize
      @sum
    end
  end

  class Product
    def self.name
      "product"
    end

    def self.arity
      1
    end

    def step(group, number)
      group[:product] = (group[:product] || 1) * number
    end

    def finalize(group)
      group.result = group[:product]
    end
  end

  class ByLength
    def compare(first, second)
      first.length <=> second.length
    end
  end

  def with_numbers
    open_database do |db|
      db.execute("CREATE TABLE t(a, b)")
      4.times { |i| db.execute("INSERT INTO t VALUES (?, ?)", [i + 1, %w[x y][i % 2]]) }
      yield db
    end
  end

  def test_values_go_through_a_function_unchanged
    open_database do |db|
      db.define_function("same") { |value| value }
      [1, -2**63, 1.5, nil, "größe", "a\0b", "\xFF\0".b].each do |value|
        assert_equal [[value]], db.execute("SELECT same(?)", [value])
        assert_equal value&.then { |v| v.is_a?(String) ? v.encoding : nil },
                     db.get_first_value("SELECT same(?)", value)&.then { |v| v.is_a?(String) ? v.encoding : nil }
      end
      assert_in_delta 2.0**64, db.get_first_value("SELECT same(?)", 2**64)
    end
  end

  def test_a_function_takes_what_its_block_takes
    open_database do |db|
      db.define_function("two") { |a, b| "#{a}-#{b}" }
      db.define_function("any") { |*all| all.length }
      assert_equal [["1-2", 3]], db.execute("SELECT two(1, 2), any(1, 2, 3)")
      assert_match(/wrong number of arguments/, assert_raises(HDB::SQLException) { db.execute("SELECT two(1)") }.message)
    end
  end

  def test_create_function_gives_its_proxy
    open_database do |db|
      assert_same db, db.create_function("maim", 1) { |function, text| function.result = text[0, 2] }
      assert_equal "he", db.get_first_value("SELECT maim('hello')")
    end
  end

  def test_a_deterministic_function_may_be_indexed
    with_numbers do |db|
      db.define_function("plain") { |a| a }
      assert_raises(HDB::SQLException) { db.execute("CREATE INDEX i ON t(plain(a))") }
      db.define_function_with_flags("plain", HDB::Constants::TextRep::DETERMINISTIC) { |a| a }
      db.execute("CREATE INDEX i ON t(plain(a))")
      assert_equal [[2]], db.execute("SELECT a FROM t WHERE plain(a) = 2")
    end
  end

  def test_what_a_function_raises_reaches_the_caller
    open_database do |db|
      db.define_function("boom") { |a| raise ArgumentError, "boom #{a}" }
      2.times { assert_equal "boom 1", assert_raises(ArgumentError) { db.execute("SELECT boom(1)") }.message }
      assert_raises(ArgumentError) { db.prepare("SELECT boom(2)") { |stmt| stmt.step } }
      assert_equal [[1]], db.execute("SELECT 1")
      Thread.new { assert_equal [[2]], db.execute("SELECT 2") }.join
    end
  end

  def test_a_result_of_another_class
    open_database do |db|
      db.define_function("odd") { |_| Object.new }
      assert_equal "can't return Object", assert_raises(RuntimeError) { db.execute("SELECT odd(1)") }.message
    end
  end

  def test_a_throw_does_not_leave_the_statement
    open_database do |db|
      db.define_function("thrower") { |_| throw :out }
      caught = catch(:out) { assert_raises(HDB::Exception) { db.execute("SELECT thrower(1)") } }
      assert_match(/left by throw/, caught.message)
      assert_equal [[1]], db.execute("SELECT 1")
    end
  end

  def test_a_function_may_use_its_connection
    with_numbers do |db|
      db.define_function("most") { || db.get_first_value("SELECT max(a) FROM t") }
      assert_equal [[4]], db.execute("SELECT most()")
    end
  end

  def test_another_thread_asks_while_a_function_runs
    open_database do |db|
      entered = Queue.new
      leave = Queue.new
      db.define_function("wait") { |_| entered << true && leave.pop && 1 }
      running = Thread.new { db.execute("SELECT wait(1)") }
      entered.pop
      asking = Thread.new { db.changes }
      sleep 0.05
      leave << true
      Timeout.timeout(10) { assert_equal [[[1]], 0], [running.value, asking.value] }
    end
  end

  def test_an_aggregate_from_an_object
    with_numbers do |db|
      db.define_aggregator("sum_of", Sum.new)
      assert_equal [["x", 4, 4], ["y", 6, 6]], db.execute("SELECT b, sum_of(a), sum_of(a) FROM t GROUP BY b ORDER BY b")
      assert_nil db.get_first_value("SELECT sum_of(a) FROM t WHERE a > 9")
    end
  end

  def test_an_aggregate_from_blocks
    with_numbers do |db|
      db.create_aggregate("longest", 1) do
        step { |group, text| group[:longest] = [group[:longest].to_s, text.to_s].max_by(&:length) }
        finalize { |group| group.result = group[:longest] }
      end
      assert_equal "x", db.get_first_value("SELECT longest(b) FROM t")
      add = proc { |group, a| group[:sum] = (group[:sum] || 0) + a }
      db.create_aggregate("adding", 1, add, proc { |group| group.result = group[:sum] })
      assert_equal 10, db.get_first_value("SELECT adding(a) FROM t")
      assert_raises(ArgumentError) { db.create_aggregate("wide", 1000, add, add) }
    end
  end

  def test_an_aggregate_from_a_class
    with_numbers do |db|
      db.create_aggregate_handler(Product)
      2.times { assert_equal 24, db.get_first_value("SELECT product(a) FROM t") }
      assert_raises(HDB::SQLException) { db.execute("SELECT product(a, b) FROM t") }
    end
  end

  def test_what_an_aggregate_raises_reaches_the_caller
    with_numbers do |db|
      db.create_aggregate("boom", 1, proc { |_, _| raise KeyError, "step" }, proc { |group| group.result = 1 })
      assert_raises(KeyError) { db.execute("SELECT boom(a) FROM t") }
      db.create_aggregate("boom", 1, proc { |_, _| nil }, proc { |_| raise IndexError, "end" })
      assert_raises(IndexError) { db.execute("SELECT boom(a) FROM t") }
      assert_equal [[4]], db.execute("SELECT count(*) FROM t")
    end
  end

  def test_collation
    with_numbers do |db|
      db.collation("by_length", ByLength.new)
      assert_equal [["a"], ["bb"], ["ccc"]],
                   db.execute("SELECT column1 FROM (VALUES ('ccc'), ('a'), ('bb')) ORDER BY column1 COLLATE by_length")
      assert_equal ["by_length"], db.collations.keys
      db.collation("by_length", nil)
      assert_raises(HDB::SQLException) { db.execute("SELECT b FROM t ORDER BY b COLLATE by_length") }
    end
  end

  def test_what_a_collation_raises_reaches_the_caller
    with_numbers do |db|
      db.collation("boom", Class.new { def compare(*) = raise(KeyError, "compare") }.new)
      assert_raises(KeyError) { db.execute("SELECT b FROM t ORDER BY b COLLATE boom") }
      assert_equal [[4]], db.execute("SELECT count(*) FROM t")
    end
  end

  def test_a_database_whose_blocks_refer_to_it_is_collected
    ids = Array.new(20) do
      db = HDB::Database.new(":memory:")
      db.define_function("self_") { db.changes }
      db.busy_handler { db.closed? }
      db.object_id
    end
    ObjectSpace.garbage_collect
    living = ids.count { |id| HDB::Callbacks.find(id) }
    assert_operator living, :<, 10
  end

  %w[HELIOSDB POSTGRESQL].each do |server|
    define_method("test_functions_in_daemon_mode_#{server.downcase}") do
      open_daemon(server) do |db|
        db.execute_batch("DROP TABLE IF EXISTS hdb_ruby_f; CREATE TABLE hdb_ruby_f(a INTEGER); INSERT INTO hdb_ruby_f VALUES (2), (3)")
        db.define_function("double") { |a| a * 2 }
        db.define_aggregator("sum_of", Sum.new)
        assert_equal [[4], [6]], db.execute("SELECT double(a) FROM hdb_ruby_f ORDER BY a")
        assert_equal [[3]], db.execute("SELECT a FROM hdb_ruby_f WHERE double(a) = 6")
        assert_equal 5, db.get_first_value("SELECT sum_of(a) FROM hdb_ruby_f")
      ensure
        db.execute("DROP TABLE IF EXISTS hdb_ruby_f")
      end
    end
  end
end
