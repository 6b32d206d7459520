# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # What every error of a database tells.
    module ErrorDetails
      # @return [Integer, nil] SQLite's result code, extended if {Database#extended_result_codes=} asked for it
      # @example
      #   error.code # => 19
      attr_reader :code
      # @return [String, nil] the statement that could not be compiled
      # @example
      #   error.sql # => "SELECT absent FROM notes"
      attr_reader :sql
      # @return [Integer] byte offset in {#sql} where the error was seen, -1 if it has no place
      # @example
      #   error.sql_offset # => 7
      attr_reader :sql_offset
      # @return [String, nil] SQLSTATE, five characters
      # @example
      #   error.sqlstate # => "23505"
      attr_reader :sqlstate

      # @param message [String, nil]
      # @param code [Integer, nil]
      # @param sql [String, nil]
      # @param sql_offset [Integer]
      # @param sqlstate [String, nil]
      # @example
      #   raise SQLite3::BusyException.new("database is locked", code: 5)
      def initialize(message = nil, code: nil, sql: nil, sql_offset: -1, sqlstate: nil)
        super(message)
        @code = code
        @sql = sql
        @sql_offset = sql_offset
        @sqlstate = sqlstate
      end

      # @return [String] the message, and below it the statement with a caret under the place of the error
      # @example
      #   puts error.message
      def message
        sql ? "#{self}:\n#{marked_sql}" : to_s
      end

      private

      def marked_sql
        return sql.chomp if sql_offset.negative? || sql_offset > sql.bytesize

        before = sql.byteslice(0, sql_offset).scrub
        column = before.length - (before.rindex("\n") || -1) - 1
        lines = sql.lines.map(&:chomp)
        lines.insert(before.count("\n") + 1, "#{' ' * column}^").join("\n")
      end
    end

    # The sqlite3 gem, if it was loaded first: <tt>rescue SQLite3::BusyException</tt> is to catch ours, so they descend from its.
    # @api private
    GEM = defined?(::SQLite3::Exception) ? ::SQLite3 : nil

    if GEM
      Exception = GEM::Exception
    else
      # What every error of a database descends from; with the sqlite3 gem loaded, it is the gem's class.
      class Exception < ::StandardError
        include ErrorDetails
      end
    end

    # @api private
    def self.error_class(name)
      Class.new(GEM ? GEM.const_get(name) : Exception) { include ErrorDetails }
    end
    private_class_method :error_class

    # The statement is wrong, or the engine refused it.
    SQLException = error_class(:SQLException)
    # A defect of the library.
    InternalException = error_class(:InternalException)
    # The access mode of a new file can't be provided.
    PermissionException = error_class(:PermissionException)
    # A ROLLBACK ended the statement.
    AbortException = error_class(:AbortException)
    # Another connection holds the lock, and did so for the whole timeout.
    BusyException = error_class(:BusyException)
    # A statement of this very connection is in the way.
    LockedException = error_class(:LockedException)
    # Out of memory.
    MemoryException = error_class(:MemoryException)
    # The database can't be written.
    ReadOnlyException = error_class(:ReadOnlyException)
    # {Database#interrupt} was called.
    InterruptException = error_class(:InterruptException)
    # The disk or the link to the engine failed.
    IOException = error_class(:IOException)
    # The database file or an answer of the engine is malformed.
    CorruptException = error_class(:CorruptException)
    # No such name.
    NotFoundException = error_class(:NotFoundException)
    # The disk is full.
    FullException = error_class(:FullException)
    # No engine, no file, wrong password, unreachable host.
    CantOpenException = error_class(:CantOpenException)
    # SQLite's locking protocol failed.
    ProtocolException = error_class(:ProtocolException)
    # Not used by SQLite.
    EmptyException = error_class(:EmptyException)
    # The schema changed under the statement.
    SchemaChangedException = error_class(:SchemaChangedException)
    # A value or statement is over the size limit.
    TooBigException = error_class(:TooBigException)
    # A constraint refused the change.
    ConstraintException = error_class(:ConstraintException)
    # A value of the wrong type where SQLite is strict.
    MismatchException = error_class(:MismatchException)
    # The call is wrong; in a child after fork(): every call.
    MisuseException = error_class(:MisuseException)
    # Large files are not supported.
    UnsupportedException = error_class(:UnsupportedException)
    # An authorizer refused.
    AuthorizationException = error_class(:AuthorizationException)
    # Not used by SQLite.
    FormatException = error_class(:FormatException)
    # The index of a parameter is out of range, or an option does not take its value.
    RangeException = error_class(:RangeException)
    # The file is not a database.
    NotADatabaseException = error_class(:NotADatabaseException)

    # An error of another kind.
    # @api private
    UnknownException = error_class(:Exception)

    # What SQLite or the sqlite3 gem would do and libheliosdb refuses, by name.
    class NotSupportedException < Exception
      include ErrorDetails

      # @param what [String] a method or option of the sqlite3 gem that the C library has no function for
      # @return [NotSupportedException]
      def self.for(what)
        new("#{what} is not supported by libheliosdb #{Library.utf8(C.hdb_version)}", code: C::HDB_NOTSUPPORTED)
      end
    end

    # Result code (its low byte) to the class that is raised.
    EXCEPTIONS = {
      C::HDB_ERROR => SQLException,
      C::HDB_INTERNAL => InternalException,
      C::HDB_PERM => PermissionException,
      C::HDB_ABORT => AbortException,
      C::HDB_BUSY => BusyException,
      C::HDB_LOCKED => LockedException,
      C::HDB_NOMEM => MemoryException,
      C::HDB_READONLY => ReadOnlyException,
      C::HDB_INTERRUPT => InterruptException,
      C::HDB_IOERR => IOException,
      C::HDB_CORRUPT => CorruptException,
      C::HDB_NOTFOUND => NotFoundException,
      C::HDB_FULL => FullException,
      C::HDB_CANTOPEN => CantOpenException,
      C::HDB_PROTOCOL => ProtocolException,
      C::HDB_EMPTY => EmptyException,
      C::HDB_SCHEMA => SchemaChangedException,
      C::HDB_TOOBIG => TooBigException,
      C::HDB_CONSTRAINT => ConstraintException,
      C::HDB_MISMATCH => MismatchException,
      C::HDB_MISUSE => MisuseException,
      C::HDB_NOLFS => UnsupportedException,
      C::HDB_AUTH => AuthorizationException,
      C::HDB_FORMAT => FormatException,
      C::HDB_RANGE => RangeException,
      C::HDB_NOTADB => NotADatabaseException,
      C::HDB_NOTSUPPORTED => NotSupportedException
    }.tap { |classes| classes.default = UnknownException }.freeze
  end
end
