# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # What every error of a database descends from.
    class Exception < ::StandardError
      # @return [Integer, nil] SQLite's result code, extended if {Database#extended_result_codes=} asked for it
      attr_reader :code
      # @return [String, nil] the statement that could not be compiled
      attr_reader :sql
      # @return [Integer] byte offset in {#sql} where the error was seen, -1 if it has no place
      attr_reader :sql_offset
      # @return [String, nil] SQLSTATE, five characters
      attr_reader :sqlstate

      def initialize(message = nil, code: nil, sql: nil, sql_offset: -1, sqlstate: nil)
        super(message)
        @code = code
        @sql = sql
        @sql_offset = sql_offset
        @sqlstate = sqlstate
      end

      # @return [String] the message, and below it the statement with a caret under the place of the error
      def message
        sql ? "#{super}:\n#{marked_sql}" : super
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

    # The statement is wrong, or the engine refused it.
    class SQLException < Exception; end
    # A defect of the library.
    class InternalException < Exception; end
    # The access mode of a new file can't be provided.
    class PermissionException < Exception; end
    # A ROLLBACK ended the statement.
    class AbortException < Exception; end
    # Another connection holds the lock, and did so for the whole timeout.
    class BusyException < Exception; end
    # A statement of this very connection is in the way.
    class LockedException < Exception; end
    # Out of memory.
    class MemoryException < Exception; end
    # The database can't be written.
    class ReadOnlyException < Exception; end
    # {Database#interrupt} was called.
    class InterruptException < Exception; end
    # The disk or the link to the engine failed.
    class IOException < Exception; end
    # The database file or an answer of the engine is malformed.
    class CorruptException < Exception; end
    # No such name.
    class NotFoundException < Exception; end
    # The disk is full.
    class FullException < Exception; end
    # No engine, no file, wrong password, unreachable host.
    class CantOpenException < Exception; end
    # SQLite's locking protocol failed.
    class ProtocolException < Exception; end
    # Not used by SQLite.
    class EmptyException < Exception; end
    # The schema changed under the statement.
    class SchemaChangedException < Exception; end
    # A value or statement is over the size limit.
    class TooBigException < Exception; end
    # A constraint refused the change.
    class ConstraintException < Exception; end
    # A value of the wrong type where SQLite is strict.
    class MismatchException < Exception; end
    # The call is wrong; in a child after fork(): every call.
    class MisuseException < Exception; end
    # Large files are not supported.
    class UnsupportedException < Exception; end
    # An authorizer refused.
    class AuthorizationException < Exception; end
    # Not used by SQLite.
    class FormatException < Exception; end
    # The index of a parameter is out of range, or an option does not take its value.
    class RangeException < Exception; end
    # The file is not a database.
    class NotADatabaseException < Exception; end

    # What SQLite or the sqlite3 gem would do and libheliosdb refuses, by name.
    class NotSupportedException < Exception
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
    }.freeze
  end
end
