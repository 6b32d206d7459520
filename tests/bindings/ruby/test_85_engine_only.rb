# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Statements that only the engine understands: columns and rows, in every place; never inside a transaction that wrote.
class EngineOnlyTest < DatabaseTest
  STATEMENTS = [
    ["SELECT to_char(d::timestamp, 'YYYY/MM') AS m, a FROM t WHERE a = ?", [1], %w[m a], [["2024/03", 1]]],
    ["SELECT to_char(d::timestamp, 'YYYY') AS y FROM t WHERE a = :key", { key: 1 }, %w[y], [["2024"]]],
    ["SELECT to_date('2024-01-02', 'YYYY-MM-DD') AS d;", [], %w[d], [["2024-01-02"]]],
    ["SELECT to_char(d::timestamp, 'DD') AS d FROM t WHERE a = 99", [], %w[d], []]
  ].freeze

  def open_filled(place)
    open_in(place) do |db|
      db.execute_batch("CREATE TABLE t(a INTEGER, d TEXT); INSERT INTO t VALUES (1, '2024-03-05 10:11:12')")
      yield db
    end
  end

  def assert_usable(db)
    assert_equal [["03"]], db.execute("SELECT to_char(d::timestamp, 'MM') FROM t")
  end

  in_each_place("columns_and_rows") do |place|
    open_filled(place) do |db|
      STATEMENTS.each do |sql, values, names, rows|
        2.times { assert_equal rows, db.execute(sql, values) } # the second time compiled already
        db.query(sql, values) { |found| assert_equal [names, rows], [found.columns, found.to_a] }
        assert_equal rows.map { |row| names.zip(row).to_h }, db.query(sql, values) { |found| found.each_hash.to_a }
        rows.first ? assert_equal(rows.first, db.get_first_row(sql, values)) : assert_nil(db.get_first_row(sql, values))
        assert_includes db.explain(sql), "lane: engine\n"
      end
    end
  end

  in_each_place("refused_in_a_transaction_that_has_written") do |place|
    open_filled(place) do |db|
      db.transaction
      db.execute("INSERT INTO t VALUES (2, 'x')")
      assert_raises(HDB::NotSupportedException) { db.execute("SELECT to_char(now(), 'YYYY')") }
      db.rollback
      assert_usable db
    end
  end

  in_each_place("a_statement_that_fails_leaves_the_connection_usable") do |place|
    open_filled(place) do |db|
      assert_raises(HDB::Exception) { db.execute("SELECT to_char(nosuchcolumn, 'YYYY') FROM t") }
      assert_equal [[1]], db.execute("SELECT a FROM t")
      assert_usable db
    end
  end

  in_each_place("changes_are_undone_and_kept_like_others") do |place|
    open_filled(place) do |db|
      assert_usable db # in memory the engine starts with the first of these, and in no transaction
      db.transaction
      db.execute("UPDATE t SET d = to_char(d::timestamp, ?) WHERE a = ?", ["YYYY", 1])
      assert_equal [1, true, [["2024"]]], [db.changes, db.transaction_active?, db.execute("SELECT d FROM t")]
      db.rollback
      assert_usable db
      db.execute("INSERT INTO t SELECT a + 1, to_char(d::timestamp, 'MM') FROM t")
      assert_equal [1, 2], [db.changes, db.last_insert_row_id]
      assert_equal [[1, "2024-03-05 10:11:12"], [2, "03"]], db.execute("SELECT a, d FROM t ORDER BY a")
      db.prepare("DELETE FROM t WHERE a = 1 AND to_char(d::timestamp, 'YYYY') = :year") { |stmt| stmt.execute(year: "2024") }
      assert_equal [1, [[2, "03"]]], [db.changes, db.execute("SELECT a, d FROM t")]
    end
  end
end
