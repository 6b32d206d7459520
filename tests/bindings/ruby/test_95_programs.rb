# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"

# Programs that `require "sqlite3"`, unchanged, and the surface of the gem's 1.4.
class ProgramsTest < DatabaseTest
  def run_ruby(script, *options, surface: nil)
    env = { "HELIOSDB_SQLITE3_SURFACE" => surface }
    Open3.capture2e(env, RbConfig.ruby, "-W0", *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, *options, "-e", script)
  end

  def said(script, surface: nil)
    output, status = run_ruby(script, "-rheliosdb/sqlite3/shim", surface: surface)
    assert status.success?, output
    output
  end

  def test_the_shim_is_found_by_require_and_by_gem
    assert_equal "true 2.9.6 true", said(<<~RUBY)
      gem "sqlite3", "~> 2.0"
      require "sqlite3"
      require "sqlite3/version"
      print [SQLite3.equal?(HeliosDB::SQLite3), SQLite3::VERSION, Gem.loaded_specs["sqlite3"].version.to_s == "2.9.6"].join(" ")
    RUBY
    assert_match(/Gem::LoadError: .*HELIOSDB_SQLITE3_SURFACE=1.4/, said('begin; gem "sqlite3", "~> 1.4"; rescue LoadError => e; print "#{e.class}: #{e.message}"; end'))
  end

  def test_the_shim_refuses_to_come_second
    oracle
    output, status = run_ruby('require "sqlite3"; require "heliosdb/sqlite3/shim"')
    refute status.success?
    assert_includes output, "must be required before sqlite3"
  end

  def test_values_one_by_one_and_rows_of_1_4
    assert_equal "1.4.2 [[1, nil]] [[2]] [\"a\"] [\"INTEGER\"] 7 false true nil no such column: absent", said(<<~'RUBY', surface: "1.4")
      gem "sqlite3", "~> 1.4"
      require "sqlite3"
      db = SQLite3::Database.new(":memory:")
      print SQLite3::VERSION, " ", db.execute("SELECT ?, ?", 1, nil), " ", db.query("SELECT ?", 2) { |rows| rows.to_a }, " "
      db.execute_batch("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (7)")
      row = db.execute("SELECT a FROM t").first
      db.results_as_hash = true
      print row.fields, " ", row.types, " ", db.execute("SELECT a FROM t").first[0], " ", row.frozen?, " "
      print db.transaction { :value }, " ", db.execute_batch("SELECT 1").inspect, " "
      begin; db.execute("SELECT absent"); rescue SQLite3::SQLException => e; print e.message; end
    RUBY
  end

  def test_types_are_translated_on_demand
    script = <<~'RUBY'
      db = SQLite3::Database.new(":memory:", type_translation: true)
      db.execute_batch("CREATE TABLE t(a boolean, b date, c real, d tinyint(1), e money, f timestamp);" \
                       "INSERT INTO t VALUES ('no', '2024-02-03', '5', 1, '9', '2024-02-03 04:05:06')")
      db.translator.add_translator("money") { |_, value| "$#{value}" }
      p db.execute("SELECT * FROM t").first.map { |value| [value.class, value.to_s[0, 10]] }
    RUBY
    ours = said("require 'sqlite3'\n#{script}", surface: "1.4")
    oracle
    skip "the gem is not 1.4" unless Oracle::VERSION.start_with?("1.4")
    theirs, = run_ruby("require 'sqlite3'\n#{script}")
    assert_equal theirs, ours
  end
end
