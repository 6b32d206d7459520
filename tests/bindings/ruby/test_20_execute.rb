# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class ExecuteTest < DatabaseTest
  def setup
    super
    @db = HDB::Database.new(path)
    @db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a)")
  end

  def teardown
    @db.close
    super
  end

  def test_positional_parameters
    @db.execute("INSERT INTO t VALUES (?, ?)", [1, "one"])
    @db.execute("INSERT INTO t VALUES (?, ?)", [[2], "two"])
    assert_equal [[1, "one"], [2, "two"]], @db.execute("SELECT * FROM t ORDER BY id")
  end

  def test_named_parameters
    @db.execute("INSERT INTO t VALUES (:id, @a)", { id: 1, "@a" => "one" })
    assert_equal [["one"]], @db.execute("SELECT a FROM t WHERE id = :id", "id" => 1)
    assert_equal [["one"]], @db.execute("SELECT a FROM t WHERE id = $id", { "$id" => 1 })
  end

  def test_parameters_that_do_not_fit
    assert_raises(HDB::RangeException) { @db.execute("SELECT ?", [1, 2]) }
    assert_equal "no such bind parameter",
                 assert_raises(HDB::Exception) { @db.execute("SELECT :a", { b: 1 }) }.message
    assert_equal "can't prepare Symbol", assert_raises(RuntimeError) { @db.execute("SELECT ?", [:a]) }.message
    assert_equal [[1, nil]], @db.execute("SELECT ?, ?", [1])
    assert_raises(ArgumentError) { @db.execute("SELECT ?, ?", 1, 2) }
  end

  def test_execute_yields_rows
    rows = []
    @db.execute("SELECT 1 UNION ALL SELECT 2") { |row| rows << row }
    assert_equal [[1], [2]], rows
  end

  def test_execute2_begins_with_the_names
    assert_equal [%w[x y], [1, 2]], @db.execute2("SELECT 1 AS x, 2 AS y")
    rows = []
    @db.execute2("SELECT 1 AS x") { |row| rows << row }
    assert_equal [["x"], [1]], rows
  end

  def test_execute_batch
    assert_nil @db.execute_batch("INSERT INTO t VALUES (1, 'x;y'); -- a comment; with a semicolon\n" \
                                 "INSERT INTO t VALUES (2, NULL); UPDATE t SET a = 'z' WHERE id = 2;  ")
    assert_equal [[1, "x;y"], [2, "z"]], @db.execute("SELECT * FROM t ORDER BY id")
    assert_equal [2], @db.execute_batch("INSERT INTO t VALUES (?, ?); SELECT count(*) - 1 FROM t", [3, "three"])
    assert_equal "three", @db.get_first_value("SELECT a FROM t WHERE id = 3")
  end

  def test_execute_batch_stops_at_the_first_error
    assert_raises(HDB::SQLException) { @db.execute_batch("INSERT INTO t VALUES (1, 1); NONSENSE; SELECT 1") }
    assert_equal 1, @db.get_first_value("SELECT count(*) FROM t")
  end

  def test_execute_batch2_gives_strings
    assert_equal [["1", nil], ["2.5"]], @db.execute_batch2("SELECT 1, NULL; INSERT INTO t VALUES (1, 1); SELECT 2.5")
    assert_equal [3], @db.execute_batch2("SELECT 3") { |row| row.first.to_i }
  end

  def test_counts
    @db.execute("INSERT INTO t(a) VALUES ('x'), ('y')")
    assert_equal 2, @db.changes
    assert_equal 2, @db.last_insert_row_id
    @db.execute("UPDATE t SET a = 'z'")
    assert_equal 2, @db.changes
    assert_equal 4, @db.total_changes
  end

  def test_get_first
    assert_equal [1, 2], @db.get_first_row("SELECT ?, 2 UNION ALL SELECT 3, 4", [1])
    assert_equal 5, @db.get_first_value("SELECT ?", 5)
    assert_nil @db.get_first_row("SELECT 1 WHERE 0")
    assert_nil @db.get_first_value("SELECT 1 WHERE 0")
  end

  def test_a_prepared_statement_runs_again
    @db.prepare("INSERT INTO t VALUES (?, ?)") do |stmt|
      3.times { |i| stmt.execute(i, "row #{i}") }
    end
    assert_equal [[0, "row 0"], [1, "row 1"], [2, "row 2"]], @db.execute("SELECT * FROM t")
  end

  def test_statement_properties
    stmt = @db.prepare("SELECT id AS i, a, :x + 1 FROM t; SELECT 2")
    assert_equal ["i", "a", ":x + 1"], stmt.columns
    assert_equal ["integer", nil, nil], stmt.types
    assert_equal 3, stmt.column_count
    assert_equal 1, stmt.bind_parameter_count
    assert_equal ["x"], stmt.named_params
    assert_equal " SELECT 2", stmt.remainder
    assert_equal "main", stmt.database_name(0)
    stmt.bind_param("x", 4)
    assert_includes stmt.expanded_sql, "4 + 1"
    assert_includes stmt.sql, ":x + 1"
    stmt.close
    assert stmt.closed?
    assert_equal "cannot use a closed statement", assert_raises(HDB::Exception) { stmt.close }.message
  end

  def test_clear_bindings
    stmt = @db.prepare("SELECT ?")
    assert_equal [[1]], stmt.execute(1).to_a
    stmt.reset!
    stmt.clear_bindings!
    assert_equal [[nil]], stmt.execute.to_a
    stmt.close
  end

  def test_a_text_without_a_statement_is_closed_from_the_start
    stmt = @db.prepare("-- nothing")
    assert stmt.closed?
    assert_raises(HDB::Exception) { @db.execute("") }
  end

  def test_returning
    assert_equal [[1, "x"]], @db.execute("INSERT INTO t(a) VALUES ('x') RETURNING id, a")
    assert_equal 1, @db.get_first_value("INSERT INTO t VALUES (9, 1), (10, 2) RETURNING a")
    assert_equal 3, @db.get_first_value("SELECT count(*) FROM t")
  end

  def test_pragmas
    @db.foreign_keys = true
    assert @db.foreign_keys
    assert_raises(HDB::Exception) { @db.foreign_keys = "perhaps" }
    assert_raises(HDB::Exception) { @db.journal_mode = "sideways" }
    @db.user_version = 7
    assert_equal 7, @db.user_version
    assert_equal %w[id a], @db.table_info("t").map { |column| column["name"] }
    @db.execute("CREATE INDEX t_a ON t(a)")
    assert_equal "t_a", @db.index_list("t").first[1]
    assert_equal Encoding::UTF_8, @db.encoding
    assert_equal [["ok"]], @db.integrity_check
  end

  def test_explain_tells_the_lane
    assert_match(/^lane: replica$/, @db.explain("SELECT * FROM t"))
    assert_match(/^lane: commit$/, @db.explain("INSERT INTO t VALUES (1, 2)"))
  end

  def test_flush_and_verify
    @db.execute("INSERT INTO t VALUES (1, 2)")
    assert_same @db, @db.flush
    assert_same @db, @db.verify
    assert_match(/host=|postgresql:/, @db.engine_dsn)
  end

  def test_quote_and_complete
    assert_equal "it''s", HDB::Database.quote("it's")
    assert @db.complete?("SELECT 1;")
    refute @db.complete?("SELECT 'a;")
  end

  def test_a_text_in_another_encoding
    assert_equal [["é"]], @db.execute("SELECT 'é'".encode(Encoding::ISO_8859_1))
    assert_equal [["é"]], @db.execute("SELECT 'é'".encode(Encoding::UTF_16LE))
  end

  def test_what_the_gem_says
    scripts = ["SELECT 1, 'x', 2.5, NULL, x'00ff'", "SELEC", "SELECT * FROM absent", "INSERT INTO t VALUES (1, 2)",
               "INSERT INTO t VALUES (1, 3)", "SELECT count(*), max(a) FROM t", "COMMIT", "SELECT ?",
               "SELECT 1 AS a, 2 AS a"]
    theirs = oracle::Database.new(":memory:")
    theirs.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a)")
    scripts.each { |sql| assert_equal outcome(theirs, sql), outcome(@db, sql), sql }
    theirs.close
  end

  private

  # Rows, or class and first line of the message: later releases of the gem show the statement below it.
  def outcome(db, sql)
    [db.execute2(sql), db.changes, db.total_changes]
  rescue StandardError => e
    [e.class.name.split("::").last, e.message.lines.first.chomp.delete_suffix(":"), e.code]
  end
end
