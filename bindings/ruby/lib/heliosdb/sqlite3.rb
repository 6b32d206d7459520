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
require_relative "sqlite3/functions"
require_relative "sqlite3/hooks"
require_relative "sqlite3/backup"
require_relative "sqlite3/fork_safety"
require_relative "sqlite3/opening"
require_relative "sqlite3/database"
require_relative "sqlite3/function_proxy"

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
    # Version of the sqlite3 gem whose surface this is; the library's own is +HeliosDB::VERSION+.
    VERSION = "2.9.6"
    # Version of the SQLite library in use, for example "3.40.1".
    SQLITE_VERSION = Library.utf8(C.hdb_sqlite_version).freeze
    # The same: the library is linked when the program starts.
    SQLITE_LOADED_VERSION = SQLITE_VERSION
    # The same as a number: 3040001.
    SQLITE_VERSION_NUMBER = SQLITE_VERSION.split(".").map(&:to_i).then { |x, y, z| (x * 1000 + y) * 1000 + z.to_i }

    # The gem brings no libsqlite3 of its own.
    SQLITE_PACKAGED_LIBRARIES = false
    # Nor one that was compiled elsewhere.
    SQLITE_PRECOMPILED_LIBRARIES = false

    class << self
      # @return [Integer] the SQLite library's version as a number
      # @example
      #   SQLite3.libversion # => 3040001
      def libversion
        SQLITE_VERSION_NUMBER
      end

      # @return [Integer] 1: connections may be used from any thread; 2: a connection from one thread at a time; 0: neither
      # @example
      #   SQLite3.threadsafe # => 1
      def threadsafe
        C.hdb_threadsafe
      end

      # @return [Boolean] whether {threadsafe} is not 0
      # @example
      #   SQLite3.threadsafe? # => true
      def threadsafe?
        threadsafe.positive?
      end

      # @return [Boolean] false
      # @example
      #   SQLite3.sqlcipher? # => false
      def sqlcipher?
        false
      end

      # One of SQLite's counters of the whole process.
      # @param counter [Integer] of {Constants::Status}
      # @param reset [Boolean] whether the highest value is set back
      # @return [Hash{Symbol => Integer}] +:current+ and +:highwater+
      # @raise [MisuseException] for an unknown counter
      # @example
      #   SQLite3.status(SQLite3::Constants::Status::MEMORY_USED)[:current]
      def status(counter, reset = false)
        values = FFI::MemoryPointer.new(:int64, 2)
        code = C.hdb_library_status(counter, values, values + 8, reset ? 1 : 0)
        raise EXCEPTIONS[code & 0xff].new(Library.utf8(C.hdb_errstr(code)), code: code) unless code == C::HDB_OK

        { current: values.read_int64, highwater: values.get_int64(8) }
      end
    end

    # What is in use, for reports.
    VERSION_INFO = {
      ruby: RUBY_DESCRIPTION,
      gem: { version: VERSION, libheliosdb: HeliosDB::VERSION },
      sqlite: {
        compiled: SQLITE_VERSION, loaded: SQLITE_LOADED_VERSION, packaged: SQLITE_PACKAGED_LIBRARIES,
        precompiled: SQLITE_PRECOMPILED_LIBRARIES, sqlcipher: sqlcipher?, threadsafe: threadsafe?
      }
    }.freeze
  end
end

unless defined?(SQLite3)
  SQLite3 = HeliosDB::SQLite3
  # Else a library that requires the gem would open these very classes again and fill them with its own methods.
  $LOADED_FEATURES << "sqlite3.rb"
end
