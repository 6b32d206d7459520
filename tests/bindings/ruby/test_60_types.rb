# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class TypesTest < DatabaseTest
  VALUES = [
    nil, 0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -2**63, 0.0, 1.5, -1e300, 5e-324, Float::INFINITY, "", "text",
    "größe 🦊", "a\0b", "it's", "NULL", "x" * 100_000
  ].freeze

  def setup
    super
    @db = HDB::Database.new(path)
  end

  def teardown
    @db.close
    super
  end

  def echo(value)
    @db.get_first_value("SELECT ?", [value])
  end

  def test_values_come_back
    VALUES.each do |value|
      back = echo(value)
      value.nil? ? assert_nil(back) : assert_equal(value, back)
      assert_equal value.class, back.class
    end
  end

  def test_values_come_back_from_a_table
    @db.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
    VALUES.each_with_index { |value, i| @db.execute("INSERT INTO t VALUES (?, ?)", [i, value]) }
    assert_equal VALUES, @db.execute("SELECT v FROM t ORDER BY i").flatten
  end

  def test_texts_are_utf8
    assert_equal Encoding::UTF_8, echo("é").encoding
    assert_equal "é", echo("é".encode(Encoding::ISO_8859_1))
    assert_equal "é", echo("é".encode(Encoding::UTF_16BE))
    assert_equal "text", @db.get_first_value("SELECT typeof(?)", ["é".encode(Encoding::UTF_16LE)])
  end

  def test_texts_follow_the_internal_encoding
    before = Encoding.default_internal
    verbose = $VERBOSE
    $VERBOSE = nil
    Encoding.default_internal = Encoding::ISO_8859_1
    assert_equal Encoding::ISO_8859_1, @db.get_first_value("SELECT 'é'").encoding
  ensure
    Encoding.default_internal = before
    $VERBOSE = verbose
  end

  def test_blobs
    bytes = (0..255).to_a.pack("C*")
    [bytes, HDB::Blob.new("text"), "text".b, "text".to_blob, "".b].each do |blob|
      assert_equal "blob", @db.get_first_value("SELECT typeof(?)", [blob])
      back = echo(blob)
      assert_equal blob.b, back
      assert_equal Encoding::BINARY, back.encoding
    end
  end

  def test_an_integer_over_64_bits_becomes_a_float
    assert_equal 2.0**70, echo(2**70)
    assert_equal 2.0**63, echo(2**63)
  end

  def test_nan_is_null
    assert_nil echo(Float::NAN)
  end

  def test_other_classes_are_refused
    [true, Object.new, Time.now, 1r].each do |value|
      assert_equal "can't prepare #{value.class}", assert_raises(RuntimeError) { echo(value) }.message
    end
  end

  def test_affinities
    @db.execute("CREATE TABLE t(i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC)")
    @db.execute("INSERT INTO t VALUES ('1', 2, 3, 'four', '5.0')")
    assert_equal [[1, 2.0, "3", "four", 5]], @db.execute("SELECT * FROM t")
  end
end
