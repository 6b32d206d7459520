# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Database#execute keeps what it has compiled; the gem compiles each time, and nobody can tell the difference.
class KeptTest < DatabaseTest
  Pair = [1, "größe"].freeze

  def setup
    super
    @db = HDB::Database.new(":memory:")
    @db.execute("CREATE TABLE t(a, b)")
  end

  def teardown
    @db.close
    super
  end

  def test_a_text_is_compiled_once
    compiled = compilations { 5.times { |i| @db.execute("INSERT INTO t VALUES (?, ?)", [i, "row #{i}"]) } }
    assert_equal 1, compiled
    compiled = compilations do
      5.times { |i| assert_equal [[i, "row #{i}"]], @db.execute("SELECT a, b FROM t WHERE a = ?", [i]) }
      5.times { |i| assert_equal "row #{i}", @db.get_first_value("SELECT b FROM t WHERE a = :a", a: i) }
      5.times { |i| assert_equal [i], @db.get_first_row("SELECT a FROM t WHERE a = ?", i) }
    end
    assert_equal 3, compiled
  end

  def test_a_run_knows_nothing_of_the_values_of_the_one_before
    sql = "SELECT ?, ?, typeof(?2)"
    assert_equal [[1, 2, "integer"]], @db.execute(sql, [1, 2])
    assert_equal [[1, nil, "null"]], @db.execute(sql, [1])
    assert_equal [[nil, nil, "null"]], @db.execute(sql)
    assert_equal [["x", 2.5, "real"]], @db.execute(sql, ["x", 2.5])
    assert_equal [["é", "\x00\xFF".b, "blob"]], @db.execute(sql, ["é".encode("ISO-8859-1"), "\x00\xFF".b])
    assert_equal [["", "".b, "blob"]], @db.execute(sql, ["", "".to_blob])
    assert_equal [[2.0**64, -2**63, "integer"]], @db.execute(sql, [2**64, -2**63])
    assert_equal [[1, 2, "integer"]], @db.execute(sql, [[1], 2])
  end

  def test_values_by_name
    sql = "SELECT :a, @b, $c"
    2.times { assert_equal [[1, 2, 3]], @db.execute(sql, { a: 1, "@b" => 2, "$c" => 3 }) }
    assert_equal [[nil, 2, nil]], @db.execute(sql, { "@b" => 2 })
    assert_equal [[7, 8, nil]], @db.execute(sql, [7, { "@b" => 8 }])
    assert_raises(HDB::Exception) { @db.execute(sql, { d: 1 }) }
    assert_equal [[1, 2, nil]], @db.execute(sql, [1, 2])
  end

  def test_many_rows_come_whole
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i, 'row ' || i, i * 0.5 FROM n"
    [0, 1, 2, 3, 50_000, 2].each do |count|
      rows = @db.execute(sql, [count])
      assert_equal (1..[count, 1].max).map { |i| [i, "row #{i}", i * 0.5] }, rows
      assert rows.frozen? && rows.all?(&:frozen?)
    end
  end

  def test_a_changed_schema_is_seen
    @db.execute("INSERT INTO t VALUES (?, ?)", Pair)
    assert_equal [Pair], @db.execute("SELECT * FROM t")
    @db.execute("ALTER TABLE t ADD COLUMN c DEFAULT 'new'")
    assert_equal [Pair + ["new"]], @db.execute("SELECT * FROM t")
    @db.results_as_hash = true
    assert_equal [{ "a" => 1, "b" => "größe", "c" => "new" }], @db.execute("SELECT * FROM t")
    @db.execute("ALTER TABLE t RENAME COLUMN b TO d")
    assert_equal [{ "a" => 1, "d" => "größe", "c" => "new" }], @db.execute("SELECT * FROM t")
    assert_equal({ "a" => 1, "d" => "größe", "c" => "new" }, @db.get_first_row("SELECT * FROM t"))
  end

  def test_a_text_that_has_become_wrong_fails_as_a_new_one
    texts = ["SELECT a, b FROM t", "INSERT INTO t VALUES (1, 2)"]
    texts.each { |sql| @db.execute(sql) }
    @db.execute("ALTER TABLE t DROP COLUMN b")
    texts.each { |sql| assert_fails_as_a_new_one(sql) }
    @db.execute("SELECT a FROM t")
    @db.execute("DROP TABLE t")
    assert_fails_as_a_new_one("SELECT a FROM t")
  end

  def test_an_error_of_a_run_does_not_show_the_text
    2.times do
      error = assert_raises(HDB::SQLException) { @db.execute("SELECT abs(?)", [-2**63]) }
      assert_equal ["integer overflow", nil], [error.message, error.sql]
    end
    assert_equal [[1]], @db.execute("SELECT abs(?)", [-1])
  end

  def test_the_first_row_is_not_kept_waiting_for_the_second
    sql = "SELECT 1 UNION ALL SELECT abs(?)"
    2.times do
      assert_equal 1, @db.get_first_value(sql, -2**63)
      assert_raises(HDB::SQLException) { @db.execute(sql, [-2**63]) }
    end
  end

  def test_what_is_kept_holds_no_lock
    @db.execute_batch("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 2)")
    assert_equal 1, @db.get_first_value("SELECT a FROM t")
    assert_equal 0, HeliosDB::C.hdb_txn_state(@db.native.pointer, nil)
    assert_equal 2, @db.execute("SELECT a FROM t").length
    assert_raises(HDB::SQLException) { @db.execute("SELECT abs(a - 9223372036854775807 - 2) FROM t") }
    assert_equal 0, HeliosDB::C.hdb_txn_state(@db.native.pointer, nil)
    @db.execute("DROP TABLE t")
  end

  def test_a_forgotten_statement_is_finalized_though_nothing_is_compiled
    @db.execute_batch("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 2)")
    @db.execute("SELECT 1")
    pointer, = @db.native.prepare("SELECT a FROM t")
    HeliosDB::C.hdb_fetch_row(pointer)
    assert_equal 1, HeliosDB::C.hdb_txn_state(@db.native.pointer, nil)
    @db.native.abandon(pointer)
    @db.execute("SELECT 1")
    assert_equal 0, HeliosDB::C.hdb_txn_state(@db.native.pointer, nil)
  end

  def test_what_a_pragma_changes_is_seen
    2.times do
      assert_equal [[1]], @db.execute("SELECT 'A' LIKE 'a'")
      @db.execute("PRAGMA case_sensitive_like = 1")
      assert_equal [[0]], @db.execute("SELECT 'A' LIKE 'a'")
      @db.execute("PRAGMA case_sensitive_like = 0")
    end
    [100, 101, 100, 101].each do |size|
      @db.execute("PRAGMA cache_size = #{size}")
      assert_equal [[size]], @db.execute("PRAGMA cache_size")
    end
  end

  def test_more_texts_than_are_kept
    2.times { 250.times { |i| assert_equal [[i, 7]], @db.execute("SELECT #{i}, ?", [7]) } }
    assert_equal 1, compilations { @db.execute("SELECT 0, ?", [7]) }
    assert_equal 0, compilations { @db.execute("SELECT 249, ?", [7]) }
  end

  def test_large_values_are_not_kept
    sql = "SELECT length(?)"
    assert_equal [[3]], @db.execute(sql, ["abc"])
    assert_equal [[1_000_000]], @db.execute(sql, ["x" * 1_000_000])
    assert_equal 1, compilations { @db.execute(sql, ["abc"]) }
  end

  def test_a_closed_database
    @db.execute("SELECT 1")
    @db.close
    assert_equal "prepare called on a closed database", assert_raises(ArgumentError) { @db.execute("SELECT 1") }.message
  end

  def test_a_prepared_insert_keeps_what_is_not_given_anew
    scripts = [[1, "one"], [2], [[3, "three"]], [], [4, nil], [{ "1" => 5 }], [6, 7.5], ["x" * 100, "\xFF".b]]
    outcomes = [@db, oracle::Database.new(":memory:")].map do |db|
      db.execute("CREATE TABLE u(a UNIQUE, b)")
      db.prepare("INSERT INTO u VALUES (?, ?)") { |stmt| scripts.map { |values| outcome { stmt.execute(*values) && nil } } } +
        db.execute("SELECT * FROM u")
    end
    assert_equal outcomes.last, outcomes.first
  end

  def test_what_the_gem_says_each_time
    runs = [["BEGIN"], ["BEGIN"], ["INSERT INTO t VALUES (?, ?)", [1, 2]], ["COMMIT"], ["COMMIT"], ["SELECT * FROM t ORDER BY a"],
            ["INSERT INTO t VALUES (?, ?) RETURNING *", [3, nil]], ["SELECT ?", [:a]], ["SELECT ?", [1, 2]], ["SELECT ?", { 1 => 2 }],
            ["SELECT count(*) FROM t"], ["UPDATE t SET b = ? WHERE a = ?", [9, 1]], ["DELETE FROM t WHERE a = ?", [3]],
            ["SELECT 1; SELECT 2"], ["  -- a comment\nSELECT 3"], ["VALUES (?), (2)", [1]]]
    theirs = oracle::Database.new(":memory:")
    theirs.execute("CREATE TABLE t(a, b)")
    2.times do
      runs.each do |run|
        expected, found = [theirs, @db].map { |db| outcome { [db.execute(*run), db.changes, db.total_changes, db.last_insert_row_id] } }
        assert_equal expected, found, run.inspect
      end
    end
  end

  %w[HELIOSDB POSTGRESQL].each do |server|
    define_method("test_what_another_client_changes_on_#{server.downcase}_is_seen") do
      open_daemon(server) do |db|
        other = open_daemon(server)
        db.execute("DROP TABLE IF EXISTS kept")
        db.execute("CREATE TABLE kept(a, b)")
        [1, 2].each { |i| db.execute("INSERT INTO kept VALUES (?, ?)", [i, "x"]) }
        assert_equal [[1, "x"], [2, "x"]], db.execute("SELECT * FROM kept ORDER BY a")
        other.execute("ALTER TABLE kept ADD COLUMN c DEFAULT 5")
        assert_equal [[1, "x", 5], [2, "x", 5]], db.execute("SELECT * FROM kept ORDER BY a")
        assert_raises(HDB::SQLException) { db.execute("INSERT INTO kept VALUES (?, ?)", [3, "x"]) }
        other.execute("DROP TABLE kept")
        error = assert_raises(HDB::SQLException) { db.execute("SELECT * FROM kept ORDER BY a") }
        assert_match(/\Ano such table: kept/, error.message)
      ensure
        other&.close
      end
    end
  end

  private

  # How often the block makes the connection compile a text.
  def compilations
    count = 0
    native = @db.native
    native.define_singleton_method(:prepare) do |sql|
      count += 1
      super(sql)
    end
    yield
    count
  ensure
    native.singleton_class.remove_method(:prepare)
  end

  def assert_fails_as_a_new_one(sql)
    known = assert_raises(HDB::SQLException) { @db.execute(sql) }
    fresh = assert_raises(HDB::SQLException) { @db.prepare(sql) }
    assert_equal [fresh.message, fresh.code, fresh.sqlstate, fresh.sql, fresh.sql_offset],
                 [known.message, known.code, known.sqlstate, known.sql, known.sql_offset]
  end

  # What the block gives, or class and first line of what it raises: later releases of the gem show the statement below it.
  def outcome
    yield
  rescue StandardError => e
    [e.class.name.split("::").last, e.message.lines.first.chomp.delete_suffix(":")]
  end
end
