# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"
require "timeout"

# Ctrl-C, Timeout and the end of a thread while a statement runs.
class SignalsTest < DatabaseTest
  ENDLESS = "WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r"

  def in_time(&block)
    Timeout.timeout(20, &block)
  end

  def test_ctrl_c_ends_a_statement
    script = <<~RUBY
      require "heliosdb/sqlite3"
      db = SQLite3::Database.new(ARGV[0])
      Thread.new { sleep(0.3) && Process.kill(:INT, Process.pid) }
      begin
        db.execute(#{ENDLESS.inspect})
      rescue Interrupt
        puts "interrupted, \#{db.get_first_value("SELECT 42")}"
      end
      db.close
    RUBY
    output, status = in_time do
      Open3.capture2e(RbConfig.ruby, *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", script, path)
    end
    assert status.success?, output
    assert_equal "interrupted, 42\n", output
  end

  def test_a_handler_of_the_program_s_runs_while_a_statement_does
    called = nil
    before = trap("USR1") { called = Process.clock_gettime(Process::CLOCK_MONOTONIC) }
    open_database do |db|
      db.statement_timeout = 1500
      Thread.new { sleep(0.2) && Process.kill(:USR1, Process.pid) }
      assert_raises(HDB::InterruptException) { db.execute(ENDLESS) }
      assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - called, :>, 0.3
    end
  ensure
    trap("USR1", before || "DEFAULT")
  end

  def test_timeout_ends_a_statement
    open_database do |db|
      3.times { assert_raises(Timeout::Error) { Timeout.timeout(0.1) { db.execute(ENDLESS) } } }
      assert_equal [[1]], db.execute("SELECT 1")
    end
  end

  def test_a_killed_thread_leaves_the_connection_usable
    open_database do |db|
      db.define_function("slow") { |a| sleep(0.001) && a }
      [ENDLESS, "WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT slow(i) + 1 FROM r) SELECT max(i) FROM r"].each do |sql|
        thread = Thread.new { db.execute(sql) }
        sleep 0.1
        in_time { thread.kill.join }
        in_time { assert_equal [[1]], Thread.new { db.execute("SELECT 1") }.value }
      end
    end
  end

  def test_timeout_ends_the_wait_for_a_lock
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      other = HDB::Database.new(path)
      other.busy_timeout = 10_000
      db.transaction(:immediate) do
        start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        assert_raises(Timeout::Error) { Timeout.timeout(0.2) { other.execute("INSERT INTO t VALUES (1)") } }
        assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - start, :<, 5
      end
      other.close
    end
  end

  def test_timeout_ends_a_statement_that_calls_a_function
    calls = 0
    open_database do |db|
      db.define_function("sleeping") { |_| sleep(0.2) && calls += 1 }
      assert_raises(Timeout::Error) do
        Timeout.timeout(0.1) { db.execute("WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r) SELECT sleeping(i) FROM r") }
      end
      assert_equal [1, [[1]]], [calls, db.execute("SELECT 1")]
    end
  end
end
