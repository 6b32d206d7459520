# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class RowTest < DatabaseTest
  def setup
    super
    @db = HDB::Database.new(":memory:")
  end

  def teardown
    @db.close
    super
  end

  def test_rows_are_arrays
    assert_equal [[1, 2]], @db.execute("SELECT 1 AS a, 2 AS b")
    refute @db.results_as_hash
  end

  def test_rows_are_hashes_if_asked
    @db.results_as_hash = true
    assert_equal [{ "a" => 1, "b" => 2 }], @db.execute("SELECT 1 AS a, 2 AS b")
    assert_equal({ "a" => 1 }, @db.get_first_row("SELECT 1 AS a"))
    assert_equal 1, @db.get_first_value("SELECT 1 AS a")
    assert_equal [{ "a" => "1" }], @db.execute_batch2("SELECT 1 AS a")
    @db.query("SELECT 1 AS a") { |rows| assert_equal({ "a" => 1 }, rows.next) }
  end

  def test_the_option
    HDB::Database.open(":memory:", results_as_hash: true) do |db|
      assert_equal [{ "a" => 1 }], db.execute("SELECT 1 AS a")
    end
  end

  def test_statements_step_in_arrays_all_the_same
    @db.results_as_hash = true
    @db.prepare("SELECT 1 AS a") { |stmt| assert_equal [1], stmt.step }
  end

  def test_the_last_of_two_columns_of_one_name_wins
    assert_equal({ "a" => 2 }, @db.query("SELECT 1 AS a, 2 AS a", &:next_hash))
  end

  def test_rows_and_values_are_frozen
    rows = @db.execute("SELECT 'a', x'00', NULL, 1")
    assert_predicate rows, :frozen?
    assert_predicate rows.first, :frozen?
    rows.first.each { |value| assert_predicate value, :frozen? }
  end

  def test_names_are_utf8
    name = @db.execute2("SELECT 1 AS \"größe\"").first.first
    assert_equal "größe", name
    assert_equal Encoding::UTF_8, name.encoding
  end
end
