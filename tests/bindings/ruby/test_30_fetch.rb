# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class FetchTest < DatabaseTest
  ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n"

  def setup
    super
    @db = HDB::Database.new(":memory:")
  end

  def teardown
    @db.close
    super
  end

  def test_next_and_eof
    rows = @db.query(ROWS, [2])
    refute rows.eof?
    assert_equal [1], rows.next
    assert_equal [2], rows.next
    assert_nil rows.next
    assert rows.eof?
    assert_nil rows.next
    rows.close
    assert rows.closed?
  end

  def test_a_result_set_is_enumerable
    @db.query(ROWS, [4]) { |rows| assert_equal [2, 4], rows.map(&:first).select(&:even?) }
    assert_equal [[1], [2]], @db.query(ROWS, [4]) { |rows| rows.first(2) }
  end

  def test_columns_and_types
    @db.execute("CREATE TABLE t(a INTEGER, b VARCHAR(10))")
    @db.query("SELECT a, b AS c, a + 1 FROM t") do |rows|
      assert_equal ["a", "c", "a + 1"], rows.columns
      assert_equal ["integer", "varchar(10)", nil], rows.types
    end
  end

  def test_each_hash
    rows = @db.query("SELECT 1 AS a, 2 AS b").each_hash.to_a
    assert_equal [{ "a" => 1, "b" => 2 }], rows
  end

  def test_reset_begins_again
    rows = @db.query(ROWS, [2])
    assert_equal [[1], [2]], rows.to_a
    rows.reset
    assert_equal [1], rows.next
    rows.reset(1)
    assert_equal [[1]], rows.to_a
    rows.close
  end

  def test_step_and_done
    stmt = @db.prepare(ROWS)
    stmt.bind_params(1)
    assert stmt.active?
    refute stmt.done?
    assert_equal [1], stmt.step
    assert_nil stmt.step
    assert stmt.done?
    refute stmt.active?
    assert_nil stmt.step
    stmt.close
  end

  def test_execute_bang
    stmt = @db.prepare(ROWS)
    assert_equal [[1], [2]], stmt.execute!(2)
    seen = []
    stmt.execute!(3) { |row| seen << row.first }
    assert_equal [1, 2, 3], seen
    stmt.close
  end

  def test_an_error_in_the_middle
    rows = @db.query("SELECT 1 UNION ALL SELECT abs(-9223372036854775807 - 1)")
    assert_equal [1], rows.next
    assert_equal "integer overflow", assert_raises(HDB::SQLException) { rows.next }.message
    rows.close
  end

  def test_many_rows
    rows = @db.execute(ROWS, [20_000])
    assert_equal 20_000, rows.length
    assert_equal 200_010_000, rows.sum(&:first)
  end

  def test_interrupt_from_another_thread
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    busy = Thread.new { @db.get_first_value(endless) }
    busy.report_on_exception = false
    # The query runs without Ruby's lock, so this thread gets here; an interrupt before it began has no effect.
    until busy.join(0.05)
      @db.interrupt
    end
    flunk "nothing was raised"
  rescue HDB::InterruptException => e
    assert_equal HDB::Constants::ErrorCode::INTERRUPT, e.code
  end

  def test_two_threads_share_a_connection
    @db.execute("CREATE TABLE t(a)")
    threads = Array.new(4) do |n|
      Thread.new { 50.times { |i| @db.execute("INSERT INTO t VALUES (?)", [n * 50 + i]) } }
    end
    threads.each(&:join)
    assert_equal [200, 19_900], @db.get_first_row("SELECT count(*), sum(a) FROM t")
  end

  def test_close_waits_for_a_thread_that_reads
    db = HDB::Database.new(":memory:")
    reader = Thread.new { db.execute(ROWS, [100_000]).length }
    reader.report_on_exception = false
    sleep 0.01
    db.close
    begin
      assert_equal 100_000, reader.value
    rescue HDB::Exception, ArgumentError => e
      assert_match(/closed/, e.message)
    end
  end
end
