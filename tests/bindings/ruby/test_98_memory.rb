# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Memory stays what it is, however many statements are run: HDB_RUBY_STATEMENTS says how many.
class MemoryTest < DatabaseTest
  STATEMENTS = Integer(ENV.fetch("HDB_RUBY_STATEMENTS", "30000"))
  MEGABYTE = 1024

  def resident
    GC.start
    File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i
  end

  def assert_flat(count)
    yield(count / 2)
    before = resident
    yield(count)
    grown = resident - before
    assert_operator grown, :<, 6 * MEGABYTE, "#{grown} KB more after #{count} statements"
  end

  def test_statements
    HDB::Database.open(":memory:") do |db|
      db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
      db.define_function("same") { |value| value }
      assert_flat(STATEMENTS) do |count|
        (count / 5).times do |i|
          db.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", [i % 100, "text #{i}"])
          db.execute("SELECT a, b FROM t WHERE a = ?", [i % 100])
          db.prepare("SELECT b FROM t WHERE a = :a") { |stmt| stmt.execute(a: i % 100).next }
          db.get_first_value("SELECT same(#{i})")
          begin
            db.execute("SELECT absent FROM t")
          rescue HDB::SQLException
            nil
          end
        end
      end
    end
  end

  def test_connections_and_their_callbacks
    assert_flat([STATEMENTS / 50, 2000].min) do |count|
      count.times do
        HDB::Database.open(":memory:") do |db|
          db.define_function("f") { |value| db && value }
          db.busy_handler { |_| false }
          db.trace { |_| nil }
          db.collation("c", Class.new { def compare(first, second) = first <=> second }.new)
          db.execute("SELECT f(1)")
        end
      end
    end
  end
end
