# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Threads: that others run meanwhile, a connection shared by many, and a connection for each.
class ThreadsTest < DatabaseTest
  ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
  STEPS = 40

  # Runs a block in threads at once, with their numbers; what one raises, the test does.
  def in_threads(count = 4, &block)
    threads = Array.new(count) { |number| Thread.new(number, &block) }
    threads.each { |thread| thread.report_on_exception = false }
    threads.map(&:value)
  end

  # How often another thread got Ruby's lock while a block ran.
  def ticks
    count = 0
    ticking = Thread.new { loop { sleep(0.001) && count += 1 } }
    yield
    count
  ensure
    ticking.kill.join
  end

  in_each_place("other_threads_run_while_a_statement_runs") do |place|
    open_in(place) do |db|
      db.statement_timeout = 300
      count = ticks { assert_raises(HDB::InterruptException) { db.execute(ENDLESS) } }
      assert_operator count, :>, 20
      assert_equal [[1]], db.execute("SELECT 1")
    end
  end

  in_each_place("other_threads_run_while_a_statement_waits_for_a_lock", %w[file heliosdb postgresql]) do |place|
    open_in(place) do |first|
      first.execute("CREATE TABLE t(a)")
      second = open_in(place, { timeout: 0.5 }, first: false)
      first.transaction(:immediate) do
        first.execute("INSERT INTO t VALUES (1)")
        assert_operator ticks { assert_raises(HDB::BusyException) { second.execute("INSERT INTO t VALUES (2)") } }, :>, 20
      end
      second.execute("INSERT INTO t VALUES (3)")
      assert_equal [[1], [3]], second.execute("SELECT a FROM t ORDER BY a")
      second.close
    end
  end

  # The same statements in every thread at once: none may see another's parameters or rows, and no row is lost.
  in_each_place("threads_sharing_a_connection_each_get_their_own_rows") do |place|
    open_in(place) do |db|
      db.execute("CREATE TABLE t(a PRIMARY KEY, b)")
      in_threads do |number|
        STEPS.times do |step|
          value = number * 1000 + step
          db.execute("INSERT INTO t VALUES (?, ?)", [value, value.to_s])
          assert_equal [value, value.to_s], db.get_first_row("SELECT a, b FROM t WHERE a = ?", [value])
          assert_equal [[value, step], [1, 2]], db.execute("SELECT ?, ? UNION ALL SELECT 1, 2", [value, step])
          assert_equal [[step]], db.query("SELECT ?", [step]) { |rows| rows.map(&:itself) }
        end
      end
      assert_equal [4 * STEPS] * 3, db.get_first_row("SELECT count(*), count(DISTINCT a), sum(a || '' = b) FROM t")
    end
  end

  in_each_place("threads_sharing_a_connection_take_turns_in_transactions") do |place|
    open_in(place) do |db|
      db.execute("CREATE TABLE t(a)")
      turn = Mutex.new
      in_threads do |number|
        5.times do |step|
          values = Array.new(8) { |i| number * 1000 + step * 8 + i }
          turn.synchronize do
            db.transaction { values.each { |value| db.execute("INSERT INTO t VALUES (?)", [value]) } }
          end
        end
      end
      assert_equal [160, 160], db.get_first_row("SELECT count(*), count(DISTINCT a) FROM t")
      refute db.transaction_active?
    end
  end

  def test_threads_sharing_a_statement_get_every_row_once
    HDB::Database.open(":memory:") do |db|
      rows = db.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i FROM n")
      found = in_threads do
        seen = []
        until rows.eof?
          row = rows.next
          seen << row.first if row
        end
        seen
      end
      assert_equal (1..2000).to_a, found.flatten.sort
      found.each { |seen| assert_equal seen.sort, seen }
      rows.close
    end
  end

  def test_threads_sharing_a_connection_call_the_same_blocks
    HDB::Database.open(":memory:") do |db|
      db.define_function("twice") { |x| Thread.pass || x * 2 }
      db.create_aggregate("total", 1) do
        step { |group, x| group[:sum] = (group[:sum] || 0) + x }
        finalize { |group| Thread.pass || group.result = group[:sum] }
      end
      sql = "SELECT total(x) FROM (SELECT twice(?) AS x UNION ALL SELECT 3)"
      in_threads { |number| 20.times { assert_equal number * 2 + 3, db.get_first_value(sql, [number]) } }
    end
  end

  # What a block raises goes to the thread whose statement called it.
  def test_an_exception_reaches_the_thread_that_ran_the_statement
    HDB::Database.open(":memory:") do |db|
      db.define_function("picky") { |x| Thread.pass || x.odd? ? raise(KeyError, x.to_s) : x }
      told = in_threads do |number|
        Array.new(20) { said { db.get_first_value("SELECT picky(?)", [number]) } }.uniq
      end
      assert_equal [[0], [%w[KeyError 1]], [2], [%w[KeyError 3]]], told
    end
  end

  in_each_place("a_connection_for_each_thread_loses_no_row", %w[file heliosdb postgresql]) do |place|
    open_in(place) do |db|
      db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, who INTEGER)")
      in_threads do |number|
        open_in(place, { timeout: 30 }, first: false) do |own|
          10.times { own.execute("INSERT INTO t(who) VALUES (?)", [number]) }
          own.transaction(:immediate) { own.execute("UPDATE t SET who = who + 10 WHERE who = ?", [number]) }
        end
      end
      found = db.execute("SELECT who, count(*) FROM t GROUP BY who ORDER BY who")
      assert_equal Array.new(4) { |number| [number + 10, 10] }, found
      db.verify
    end
  end

  in_each_place("a_thread_that_ends_in_the_midst_of_a_transaction_undoes_it", %w[file heliosdb postgresql]) do |place|
    open_in(place) do |db|
      db.execute("CREATE TABLE t(a)")
      begun = Queue.new
      thread = Thread.new do
        open_in(place, first: false) do |own|
          own.transaction { own.execute("INSERT INTO t VALUES ('lost')") && begun << true && sleep }
        end
      end
      begun.pop
      thread.kill.join
      db.execute("INSERT INTO t VALUES ('kept')")
      assert_equal [["kept"]], db.execute("SELECT a FROM t")
    end
  end

  def test_a_connection_goes_from_thread_to_thread
    db = Thread.new { open_database.tap { |opened| opened.execute("CREATE TABLE t(a)") } }.value
    stmt = Thread.new { db.prepare("INSERT INTO t VALUES (?)") }.value
    in_threads { |number| stmt.execute(number) }
    assert_equal [[0], [1], [2], [3]], db.execute("SELECT a FROM t ORDER BY a")
    Thread.new { db.close }.join
    assert db.closed?
  end
end
