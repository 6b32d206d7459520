# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Every public name of the gem is here, with as many parameters.
class SurfaceTest < DatabaseTest
  # Of 1.4 alone: heliosdb/sqlite3/v1 has them, but for classes that have not worked since 1.3.
  OLD = { "Database" => %i[translator type_translation type_translation= translate_from_db] }.freeze
  OLD_CLASSES = %i[Translator Value VersionProxy].freeze
  # What 2.9.6 has and Debian's 1.4.2 has not.
  NEW = {
    "Database" => %i[busy_handler_timeout= statement_timeout= initialize_extensions],
    "Statement" => %i[named_params stat memused sql expanded_sql],
    "Pragmas" => %i[optimize]
  }.freeze

  def test_methods
    %w[Database Statement ResultSet Backup Pragmas].each do |name|
      theirs = oracle.const_get(name)
      ours = HDB.const_get(name)
      wanted = theirs.public_instance_methods(false) - OLD.fetch(name, []) | NEW.fetch(name, [])
      missing = wanted.reject { |method| ours.public_method_defined?(method) || HDB::Database.public_method_defined?(method) }
      assert_empty missing, "#{name} has no #{missing.join(', ')}"
    end
    missing = oracle::Database::FunctionProxy.public_instance_methods(false) - %i[set_error count] -
              HDB::Database::FunctionProxy.public_instance_methods
    assert_empty missing
  end

  def test_module_functions_and_constants
    assert_empty oracle.singleton_methods(false) + %i[status threadsafe?] - [:const_missing] - HDB.singleton_methods
    assert_empty oracle.constants - HDB.constants - OLD_CLASSES
    oracle::Constants.constants.each do |name|
      theirs = oracle::Constants.const_get(name)
      ours = HDB::Constants.const_get(name)
      theirs.constants.each { |constant| assert_equal theirs.const_get(constant), ours.const_get(constant), constant }
    end
  end

  def test_every_exception_of_the_gem
    names = oracle.constants.select { |name| name.to_s.end_with?("Exception") }
    assert_operator names.length, :>=, 26
    names.each { |name| assert_operator HDB.const_get(name), :<=, oracle.const_get(name), name }
  end
end
