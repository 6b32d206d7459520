# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "../sqlite3"
require_relative "v1/translator"
require_relative "v1/rows"
require_relative "v1/database"

module HeliosDB
  module SQLite3
    # The surface of the sqlite3 gem's 1.4, which differs from that of 2.x: parameters may be given one by one, types are translated
    # on demand, rows know their types and column names, and neither they nor their values are frozen.
    #
    # <tt>require "heliosdb/sqlite3/v1"</tt> changes the classes for the whole process.
    module V1
      # Version of the gem whose surface this is.
      VERSION = "1.4.2"

      # Messages do not show the statement.
      SQLite3::ErrorDetails.class_eval do
        remove_method :message

        def message
          to_s
        end
      end

      SQLite3::Database.prepend(Database)
      SQLite3::Database.singleton_class.prepend(OpenIsNew)
      SQLite3::ResultSet.prepend(ResultSet)
      SQLite3::HashResultSet.prepend(ResultSet)
      SQLite3::Statement.prepend(Statement)
      SQLite3::ResultSet.const_set(:ArrayWithTypes, Class.new(Array) { attr_accessor :types })
      SQLite3::ResultSet.const_set(:ArrayWithTypesAndFields, ArrayWithTypesAndFields)
      SQLite3::ResultSet.const_set(:HashWithTypesAndFields, HashWithTypesAndFields)
    end

    Translator = V1::Translator
    remove_const(:VERSION)
    VERSION = V1::VERSION
  end
end
