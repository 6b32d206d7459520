# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Many rows at once, which travel in blocks: the same as one by one, and as in the gem.
class ManyRowsTest < DatabaseTest
  # Columns of one storage class, with NULL among them, and mixed in every order.
  COLUMNS = {
    integers: [1, -2**63, 2**63 - 1, 0],
    floats: [1.5, -0.0, Float::INFINITY, Float::NAN],
    texts: ["one", "", "zwei ä 😀", "x"],
    blobs: ["".b, "\0\xFF".b, "abc".b, ("\0" * 300).b],
    nulls: [nil] * 4,
    integers_and_null: [nil, 1, 2, nil],
    floats_and_null: [nil, 1.5, nil, 2.5],
    texts_and_null: [nil, "a", nil, ""],
    blobs_and_null: ["a".b, nil, "".b, nil],
    texts_with_nul: ["a\0b", "c", "\0", ""],
    texts_with_nul_and_null: [nil, "a\0b", nil, "c"],
    everything: [1, "text", 2.5, "blob".b],
    texts_then_others: ["text", 7, nil, "\0".b],
    numbers: [1, 1.0, -1, 0.0],
    too_large: [2**63, -2**70, 2**64, 1],
    other_encodings: ["é".encode("ISO-8859-1"), "é".encode("UTF-16LE"), "e".encode("US-ASCII"), "é"],
    not_utf8: ["a\xFF", "ok", "\xC3", "é"]
  }.freeze
  MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i, 'row ' || i FROM n"

  # NaN, which is nothing's equal, is NULL in SQLite.
  def described(rows)
    rows.map { |row| row.map { |value| [value.class, value.inspect, value.is_a?(String) && value.encoding] } }
  end

  # In a table of its own, and read in every way.
  def written_and_read(db, name, values)
    db.execute("CREATE TABLE #{name}(i INTEGER PRIMARY KEY, v)")
    db.prepare("INSERT INTO #{name} VALUES (?, ?)") { |stmt| values.each_with_index { |value, i| stmt.execute(i, value) } }
    sql = "SELECT i, v, typeof(v) FROM #{name} ORDER BY i"
    whole = described(db.execute(sql))
    stepped = described(db.query(sql) { |rows| rows.map(&:itself) })
    left = described(db.query(sql) { |rows| [rows.next] + rows.to_a })
    hashes = described(db.query(sql) { |rows| rows.enum_for(:each_hash).map(&:values) })
    assert_equal [whole] * 3, [stepped, left, hashes], name
    whole
  end

  in_each_place("every_kind_of_column_comes_back") do |place|
    same_in(place) do |_sqlite, db|
      COLUMNS.to_h { |name, values| [name, db.transaction && written_and_read(db, name, values).tap { db.commit }] }
    end
  end

  in_each_place("a_large_result_in_pieces") do |place|
    open_in(place) do |db|
      expected = (1..20_000).map { |i| [i, "row #{i}"] }
      assert_equal expected, db.execute(MANY, [20_000])
      [1, 2, 999].each do |size|
        db.query(MANY, [20_000]) do |rows|
          first = Array.new(size) { rows.next }
          assert_equal expected, first + rows.to_a
          assert rows.eof?
        end
      end
      assert_equal expected, db.query(MANY, [20_000]) { |rows| rows.each_slice(999).to_a.flatten(1) }
    end
  end

  in_each_place("an_error_among_the_rows") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE t(i)")
      [1, 2, -2**63, 4].each { |i| db.execute("INSERT INTO t VALUES (?)", [i]) }
      rows = db.query("SELECT abs(i) FROM t ORDER BY rowid")
      told = [rows.next, said { rows.to_a }, said { rows.to_a }, db.get_first_value("SELECT count(*) FROM t")]
      rows.close
      told << said { db.execute("SELECT abs(i) FROM t") }
    end
  end

  SETS = {
    one_by_one: [[1, "a"], [2, "b"]],
    arrays: [[[1, "a"]], [[2, ["b"]]]],
    by_number: [[{ 1 => 1, 2 => "a" }], [{ 2 => "b", 1 => 2 }]],
    too_few: [[1, "a"], [2], [3, "c"]],
    too_many: [[1, "a"], [2, "b", "c"], [3, "c"]],
    what_can_t_be_bound: [[1, "a"], [2, :b], [3, true], [4, 1r], [5, "e"]],
    too_large_for_an_id: [[1, "a"], [2**63, "b"], [3, "c"]],
    a_key_twice: [[1, "a"], [2, "b"], [1, "c"], [3, "d"]]
  }.freeze

  in_each_place("sets_of_every_kind") do |place|
    same_in(place) do |_sqlite, db|
      SETS.to_h do |name, sets|
        db.execute("CREATE TABLE #{name}(i INTEGER PRIMARY KEY, v)")
        sql = "INSERT INTO #{name} VALUES (?, ?)"
        done = db.prepare(sql) { |stmt| sets.map { |set| said { stmt.execute(*set).to_a } } }
        [name, [done, db.total_changes, db.transaction_active?, db.execute("SELECT * FROM #{name} ORDER BY i")]]
      end
    end
  end

  in_each_place("rows_are_read_while_others_are_written") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE t(i)")
      db.execute("CREATE TABLE copy(i)")
      5.times { |i| db.execute("INSERT INTO t VALUES (?)", [i]) }
      db.transaction do
        db.execute("SELECT i FROM t ORDER BY i") { |(i)| db.execute("INSERT INTO copy SELECT ? + count(*) FROM copy", [i * 10]) }
      end
      db.execute("SELECT i FROM copy ORDER BY i")
    end
  end

  in_each_place("changes_are_counted_over_many_sets") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
      counts = lambda do |sql, sets|
        db.prepare(sql) { |stmt| sets.map { |set| stmt.execute(*set) && db.changes }.sum }
      end
      db.transaction
      told = [
        counts.call("INSERT INTO t VALUES (?, ?)", Array.new(500) { |i| [i, i % 3] }),
        counts.call("UPDATE t SET v = v + ? WHERE v = ?", [[10, 0], [10, 1], [10, 5]]),
        counts.call("INSERT OR REPLACE INTO t VALUES (?, ?)", [[5, 5], [1000, 0], [6, 6]]),
        counts.call("DELETE FROM t WHERE i < ?", [[10], [20]])
      ]
      db.commit
      told + [db.total_changes, db.execute("SELECT sum(v) FROM t")]
    end
  end

  in_each_place("what_returning_gives_is_read_or_not") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
      read = db.execute("INSERT INTO t(v) VALUES ('a'), ('b') RETURNING i, v")
      db.prepare("INSERT INTO t(v) VALUES (?) RETURNING i") do |stmt|
        stmt.execute("never run")
        read += [stmt.execute("c").next]
        stmt.execute("nor this")
      end
      [read, db.execute("SELECT * FROM t ORDER BY i")]
    end
  end

  in_each_place("a_function_that_fails_in_a_later_set") do |place|
    same_in(place) do |_sqlite, db|
      db.define_function("refuse") { |value| value == 30 ? raise(KeyError, "30") : value }
      db.execute("CREATE TABLE t(i)")
      db.transaction
      done = said { db.prepare("INSERT INTO t VALUES (refuse(?))") { |stmt| 100.times { |i| stmt.execute(i) } } }
      told = [done, db.transaction_active?, db.execute("SELECT count(*), max(i) FROM t")]
      db.rollback
      told
    end
  end

  # One that has no room for every text, and one that takes any bytes.
  %w[ISO-8859-1 UTF-16LE BINARY].each do |encoding|
    define_method("test_many_texts_in_the_internal_encoding_#{encoding}") do
      in_internal_encoding(encoding) do
        same_in("memory") do |_sqlite, db|
          columns = %w[ä €].product(["'x'", "NULL", "7", "x'ff'", "CAST(x'61ff' AS TEXT)"])
          sql = columns.map { |text, other| "SELECT '#{text}', #{other}" }.join(" UNION ALL ")
          compared = []
          db.collation("seen", Class.new { define_method(:compare) { |*texts| (compared.concat(texts)) && 0 } }.new)
          db.execute("SELECT '€' = 'ä' COLLATE seen")
          rows = [db.execute(sql), db.query(sql) { |found| found.map(&:itself) }, [db.get_first_row(sql)], [compared]]
          rows.map { |found| found.map { |row| row.map { |value| value.is_a?(String) ? [value.b, value.encoding] : value } } }
        end
      end
    end
  end

  def in_internal_encoding(encoding)
    before = [Encoding.default_internal, $VERBOSE]
    $VERBOSE = nil # Ruby warns of it
    Encoding.default_internal = encoding
    yield
  ensure
    Encoding.default_internal, $VERBOSE = before
  end
end
