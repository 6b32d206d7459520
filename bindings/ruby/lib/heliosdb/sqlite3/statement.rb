# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "packing"
require_relative "values"

module HeliosDB
  module SQLite3
    # A prepared statement; got from {Database#prepare}.
    #
    # Methods that touch the database raise the {Exception} class of the code it answered with, and {Exception} itself
    # ("cannot use a closed statement") if the statement or its database is closed.
    #
    # @example
    #   db.prepare("SELECT body FROM notes WHERE id = ?") do |stmt|
    #     stmt.execute(1) { |rows| rows.each { |row| puts row.first } }
    #   end
    class Statement
      include Enumerable
      include Packing
      include Values

      # @return [String] the text after the first statement
      # @example
      #   db.prepare("SELECT 1; SELECT 2").remainder # => " SELECT 2"
      attr_reader :remainder

      # @api private
      def self.finalizer(native, pointer)
        proc { native.abandon(pointer) }
      end

      # Compiles the first statement of a text. If it holds none (a comment), the statement is closed from the start.
      # @param db [Database]
      # @param sql [String]
      # @raise [SQLException] and others: it does not compile; see {Exception#sql_offset}
      # @raise [ArgumentError] if the database is closed
      # @example
      #   stmt = SQLite3::Statement.new(db, "SELECT 1")
      def initialize(db, sql)
        raise ArgumentError, "prepare called on a closed database" if db.closed? && !db.native.discarded?

        sql = String.try_convert(sql) or raise TypeError, "a statement must be a String"
        sql = sql.encode(Encoding::UTF_8)
        @db = db
        @native = db.native
        @pointer, used = @native.prepare(sql)
        @remainder = sql.byteslice(used..)
        @done = false
        @on_row = false # that was read
        ObjectSpace.define_finalizer(self, Statement.finalizer(@native, @pointer)) if @pointer
      end

      # Binds positional values (arrays are taken apart) and named ones (hashes).
      # @param bind_vars [Array<Object>]
      # @return [self]
      # @raise [RangeException] if there are too many values
      # @example
      #   stmt.bind_params(1, "two")
      #   stmt.bind_params(id: 1, body: "two")
      def bind_params(*bind_vars)
        index = 0
        bind_vars.flatten.each do |value|
          if value.is_a?(Hash)
            value.each { |name, named| bind_param(name, named) }
          else
            bind_param(index += 1, value)
          end
        end
        self
      end

      # Binds one value.
      # @param key [Integer, String, Symbol] index from 1, or name; a name without its first character gets a colon
      # @param value [nil, Integer, Float, String, Blob] a {Blob} or a string in ASCII-8BIT is bound as a blob; an
      #   integer over 64 bits becomes a float
      # @return [self]
      # @raise [Exception] if there is no such parameter
      # @raise [RuntimeError] if the value is of another class
      # @example
      #   stmt.bind_param("id", 1)
      def bind_param(key, value)
        @native.synchronize do
          index = parameter_index(key)
          raise Exception, "no such bind parameter" if index.zero?

          @native.check(bind_value(open_pointer, index, value))
        end
        self
      end

      # Binds, and runs the statement. One that gives no rows is finished (and committed, if no transaction is open).
      # @param bind_vars [Array<Object>] as for {#bind_params}
      # @yieldparam results [ResultSet]
      # @return [ResultSet] or the value of the block
      # @example
      #   stmt.execute(1) { |rows| rows.each { |row| p row } }
      def execute(*bind_vars)
        values = values_at_once(bind_vars)
        unless values
          reset!
          bind_params(*bind_vars) unless bind_vars.empty?
        end
        results = @db.build_result_set(self)
        advance(values) if column_count.zero?
        block_given? ? yield(results) : results
      end

      # Binds, runs the statement and reads all rows.
      # @yieldparam row [Array]
      # @return [Array<Array>] the rows, if there is no block
      # @example
      #   stmt.execute!(1) # => [["hello"]]
      def execute!(*bind_vars, &block)
        execute(*bind_vars)
        block ? each(&block) : to_a
      end

      # Moves to the next row.
      # @return [Array, nil] its values, nil after the last one
      # @example
      #   stmt.step # => ["hello"]
      def step
        advance(nil)
      end

      # @yieldparam row [Array] each row that is left
      # @return [self]
      # @example
      #   stmt.each { |row| p row }
      def each
        return to_enum unless block_given?

        while (row = step)
          yield row
        end
        self
      end

      # @return [Array<Array>] the rows that are left
      # @example
      #   stmt.to_a # => [["hello"]]
      def to_a
        rows = []
        rows.concat(next_rows) until @done
        rows
      end

      # Reads the rows that are left with all values as text, as {Database#execute_batch2} needs them.
      # @return [Array<Array<String, nil>>]
      # @api private
      def text_rows
        rows = []
        @native.synchronize do
          pointer = open_pointer
          rows << read_text_row(pointer) while !@done && move(pointer, C.hdb_fetch_row(pointer))
        end
        rows
      end

      # Counters of the statement (https://www.sqlite.org/c3ref/c_stmtstatus_counter.html), and their numbers.
      COUNTERS = {
        fullscan_steps: 1, sorts: 2, autoindexes: 3, vm_steps: 4, reprepares: 5, runs: 6, filter_misses: 7, filter_hits: 8
      }.freeze
      MEMUSED = 99
      private_constant :MEMUSED

      # @param key [Symbol, nil] one of {COUNTERS}
      # @return [Integer, Hash{Symbol => Integer}] one counter, or all
      # @raise [ArgumentError] for an unknown one
      # @example
      #   stmt.stat(:fullscan_steps) # => 9
      def stat(key = nil)
        return COUNTERS.transform_values { |number| counter(number) } unless key
        raise TypeError, "non-symbol given" unless key.is_a?(Symbol)

        counter(COUNTERS.fetch(key) { raise ArgumentError, "unknown key: #{key}" })
      end

      # @return [Integer] bytes of memory that the statement needs, about
      # @example
      #   stmt.memused # => 2704
      def memused
        counter(MEMUSED)
      end

      # Ends the execution; bound values stay.
      # @return [self]
      # @example
      #   stmt.reset!
      def reset!
        @native.synchronize do
          @done = @on_row = false
          @native.start
          @native.check(C.hdb_reset(open_pointer))
        end
        self
      end

      # Sets every parameter to NULL.
      # @return [self]
      # @example
      #   stmt.clear_bindings!
      def clear_bindings!
        @native.synchronize { @native.check(C.hdb_clear_bindings(open_pointer)) }
        self
      end

      # Frees the statement; after its database was closed this does nothing.
      # @return [self]
      # @raise [Exception] if it is closed already, or a commit failed here
      # @example
      #   stmt.close
      def close
        @native.synchronize do
          closing = @pointer or raise Exception, "cannot use a closed statement"
          @pointer = nil
          ObjectSpace.undefine_finalizer(self)
          @native.check(C.hdb_finalize(closing)) unless @native.closed?
        end
        self
      end

      # @return [Boolean]
      # @example
      #   stmt.closed? # => true
      def closed?
        @pointer.nil? || @native.closed?
      end

      # @return [Boolean] whether the last row was read
      # @example
      #   stmt.done? # => false
      def done?
        @done
      end

      # @return [Boolean] whether there may be rows to read
      # @example
      #   stmt.active? # => true
      def active?
        !@done
      end

      # @return [Array<String>] names of the columns
      # @example
      #   stmt.columns # => ["body"]
      def columns
        @columns ||= Array.new(column_count) { |column| column_name(column) }.freeze
      end

      # @return [Array<String, nil>] declared types of the columns, in lower case
      # @example
      #   stmt.types # => ["text"]
      def types
        must_be_open!
        @types ||= Array.new(column_count) { |column| column_decltype(column)&.downcase }.freeze
      end

      # @return [Integer]
      # @example
      #   stmt.column_count # => 1
      def column_count
        ask(:hdb_column_count)
      end

      # @param index [Integer] from 0
      # @return [String, nil]
      # @example
      #   stmt.column_name(0) # => "body"
      def column_name(index)
        name = Library.utf8(ask(:hdb_column_name, index))
        name && -name
      end

      # @param index [Integer] from 0
      # @return [String, nil] the type as it was declared, nil for an expression
      # @example
      #   stmt.column_decltype(0) # => "TEXT"
      def column_decltype(index)
        Library.utf8(ask(:hdb_column_decltype, index))
      end

      # @param index [Integer] from 0
      # @return [String, nil] name of the database that the column comes from
      # @example
      #   stmt.database_name(0) # => "main"
      def database_name(index)
        Library.utf8(ask(:hdb_column_database, index))
      end

      # @return [Integer] number of parameters
      # @example
      #   stmt.bind_parameter_count # => 1
      def bind_parameter_count
        ask(:hdb_bind_parameter_count)
      end

      # @return [Array<String>] names of the parameters without their first characters
      # @example
      #   db.prepare("SELECT :id").named_params # => ["id"]
      def named_params
        names = (1..bind_parameter_count).map { |index| Library.utf8(ask(:hdb_bind_parameter_name, index)) }
        names.compact.reject { |name| name.start_with?("?") }.map { |name| -name[1..] }.freeze
      end

      # @return [String] the text of the statement
      # @example
      #   stmt.sql
      def sql
        Library.utf8(ask(:hdb_stmt_sql)).freeze
      end

      # @return [String] the text of the statement with its parameters filled in
      # @example
      #   stmt.expanded_sql # => "SELECT body FROM notes WHERE id = 1"
      def expanded_sql
        Library.utf8(ask(:hdb_stmt_expanded_sql)).freeze
      end

      # @raise [Exception] if the statement or its database is closed
      # @api private
      def must_be_open!
        open_pointer
      end

      private

      def open_pointer
        if closed?
          discarded = @pointer && @native.discarded?
          raise Exception, discarded ? "cannot use a statement associated with a discarded database" : "cannot use a closed statement"
        end
        @pointer
      end

      # A call of C of the statement, and of nothing that runs it.
      def ask(name, *arguments)
        @native.synchronize { C.public_send(name, open_pointer, *arguments) }
      end

      def counter(number)
        ask(:hdb_stmt_status, number, 0)
      end

      # Moves to the next row, of a new run if there are values for one, and returns it.
      def advance(values)
        @native.synchronize do
          pointer = open_pointer
          next nil if @done && !values

          code = @native.step(pointer, values)
          # SQLite compiles a statement anew at the beginning of a run only.
          @width = C.hdb_column_count(pointer) unless @on_row && !values
          move(pointer, code) ? unpack_values(@native.given, @width) : nil
        end
      end

      # @return [Boolean] whether it is on a row now
      def move(pointer, code)
        @on_row = code == C::HDB_ROW
        @done = code == C::HDB_DONE
        fail_step(pointer, code) unless (@on_row || @done) && !@native.raised
        @on_row
      end

      # Rows from here on, as many as one call gives.
      def next_rows
        @native.synchronize do
          pointer = open_pointer
          code = @on_row ? C.hdb_fetch_row(pointer) : C::HDB_ROW
          code, block = @native.fetch_block(pointer) if code == C::HDB_ROW
          @done = code == C::HDB_DONE
          @on_row = false
          fail_step(pointer, code) unless (@done || code == C::HDB_ROW) && !@native.raised
          block ? rows_of(block) : []
        end
      end

      # The statement can be run again after an error, which must be read before the reset.
      def fail_step(pointer, code)
        @native.check(code)
      ensure
        @done = @on_row = false
        C.hdb_reset(pointer)
      end

      def parameter_index(key)
        key.is_a?(String) || key.is_a?(Symbol) ? named_parameter(open_pointer, key) : Integer(key)
      end

      # Values for every parameter of a statement that gives no rows; nil for anything else.
      def values_at_once(bind_vars)
        bind_vars = bind_vars.first if bind_vars.length == 1 && bind_vars.first.is_a?(Array)
        pointer = open_pointer
        return nil if bind_vars.empty? || !C.hdb_column_count(pointer).zero?

        @parameters ||= C.hdb_bind_parameter_count(pointer)
        pack_values(bind_vars, @parameters) if bind_vars.length == @parameters
      end
    end
  end
end
