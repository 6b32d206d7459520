# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "native"
require_relative "sqlite3/constants"
require_relative "sqlite3/errors"
require_relative "sqlite3/handle"
require_relative "sqlite3/options"
require_relative "sqlite3/blob"
require_relative "sqlite3/statement"
require_relative "sqlite3/kept"
require_relative "sqlite3/resultset"
require_relative "sqlite3/pragmas"
require_relative "sqlite3/unsupported"
require_relative "sqlite3/database"

module HeliosDB
  # The surface of the sqlite3 gem over libheliosdb.
  #
  # If the sqlite3 gem is not loaded, the constant +SQLite3+ names this module, and a later <tt>require "sqlite3"</tt>
  # (by another library) finds it loaded. Require the sqlite3 gem first to use both side by side.
  #
  # @example
  #   require "heliosdb/sqlite3"
  #
  #   SQLite3::Database.new("app.db") do |db|
  #     db.execute("CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, body TEXT)")
  #     db.execute("INSERT INTO notes(body) VALUES (?)", ["hello"])
  #     p db.execute("SELECT * FROM notes")
  #   end
  module SQLite3
    VERSION = HeliosDB::VERSION
    # Version of the SQLite library in use, for example "3.40.1".
    SQLITE_VERSION = Library.utf8(C.hdb_sqlite_version).freeze
    SQLITE_LOADED_VERSION = SQLITE_VERSION
    # The same as a number: 3040001.
    SQLITE_VERSION_NUMBER = SQLITE_VERSION.split(".").map(&:to_i).then { |x, y, z| (x * 1000 + y) * 1000 + z.to_i }

    # The gem brings no libsqlite3 of its own.
    SQLITE_PACKAGED_LIBRARIES = false

    class << self
      # @return [Integer] the SQLite library's version as a number
      def libversion
        SQLITE_VERSION_NUMBER
      end

      # @return [Integer] 1: connections may be used from any thread
      def threadsafe
        1
      end

      # @return [Boolean] true
      def threadsafe?
        true
      end

      # @return [Boolean] false
      def sqlcipher?
        false
      end

      # @raise [NotSupportedException] always
      def status(*)
        raise NotSupportedException.for("SQLite3.status")
      end
    end
  end
end

unless defined?(SQLite3)
  SQLite3 = HeliosDB::SQLite3
  # Else a library that requires the gem would open these very classes again and fill them with its own methods.
  $LOADED_FEATURES << "sqlite3.rb"
end
