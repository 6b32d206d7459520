# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "monitor"
require_relative "watch"

module HeliosDB
  module SQLite3
    # The C connection of one Database. It lives on in the finalizers of the Database and its Statements, so it must
    # never refer to these objects.
    #
    # A blocking C call lets other Ruby threads run. The monitor keeps them from closing what the call works with, and
    # from replacing the error message before it is read.
    # @api private
    class Handle < Monitor
      DISCARDED = "a database that was open before fork() is of no use in the child: open it again there"

      # @return [Boolean] whether exceptions carry extended codes
      attr_accessor :extended_codes

      # @return [::Exception, nil] what a block of the program's raised while C called it
      attr_accessor :raised

      # @param file [String] what to open
      # @param settings [Hash{String => String}] configuration keys and values
      # @raise [Exception] the class for the code that hdb_connect() returned
      def initialize(file, settings)
        super()
        @out = FFI::MemoryPointer.new(:pointer)
        @tail = FFI::MemoryPointer.new(:int64)
        @abandoned = []
        code = with_config(settings) { |config| C.hdb_connect(file, config, @out) }
        @pointer = @out.read_pointer
        raise MemoryException.new("out of memory", code: C::HDB_NOMEM) if @pointer.null?

        begin
          check(code)
          watch(Watch::OPERATIONS)
        rescue Exception
          close
          raise
        end
      end

      # What is to happen in a thread while it is in C (an exception of another thread's, its end) happens when it has left: C's
      # frames can't be unwound. {Watch} sees to it that this is soon.
      LATER = { Object => :never }.freeze

      # Runs a block in which C is called.
      def synchronize(&block)
        enter
        begin
          Thread.handle_interrupt(LATER, &block)
        ensure
          exit
        end
      end

      # @return [FFI::Pointer] the hdb_conn
      # @raise [Exception] if it is closed
      # @raise [MisuseException] in a child after fork()
      def pointer
        @pointer or raise discarded? ? MisuseException.new(DISCARDED, code: C::HDB_MISUSE) : Exception.new("cannot use a closed database")
      end

      # @return [Boolean] whether it was closed because it does not belong to this process
      def discarded?
        @discarded
      end

      # Closes it for {#discarded?}.
      def discard
        @discarded = true
        release
      end

      def closed?
        @pointer.nil?
      end

      # Closes the connection and with it all statements.
      # @return [Integer] what hdb_close() returned
      def close
        synchronize { release }
      end

      # As {#close}, for finalizers: Ruby lets them lock nothing, and nobody else has the handle any more.
      def release
        closing = @pointer
        @pointer = nil
        closing ? C.hdb_close(closing) : C::HDB_OK
      end

      # @return [Array(FFI::Pointer, Integer)] the hdb_stmt, nil if the text holds none, and the bytes used
      def prepare(sql)
        synchronize do
          finalize_abandoned
          start
          code = C.hdb_prepare(pointer, sql, sql.bytesize, @out, @tail)
          check(code, sql)
          statement = @out.read_pointer
          [statement.null? ? nil : statement, @tail.read_int64]
        end
      end

      # Fetches many rows.
      # @param statement [FFI::Pointer]
      # @return [Array(Integer, String)] the code and, if it is no error, the block
      def fetch_block(statement)
        code = C.hdb_fetch_block(statement, 0, @out, @tail)
        block = @out.read_pointer
        [code, block.null? ? nil : block.read_bytes(@tail.read_int64)]
      end

      # Moves to the next row; {#given} has its values then.
      # @param statement [FFI::Pointer]
      # @param values [String, nil] with which it is run anew first
      # @return [Integer] the code
      def step(statement, values = nil)
        start if values && @remembers
        C.hdb_step_values(statement, values, values ? values.bytesize : 0, @out, @tail)
      end

      # @return [FFI::Pointer] where the values of the row lie that {#step} has moved to; until the next call on the statement
      def given
        # Most rows lie where the one before lay.
        address = @out.read_int64
        @given = FFI::Pointer.new(@address = address) unless address == @address
        @given
      end

      # Leaves a statement to the next one that is run: finalizers run in the middle of other calls.
      def abandon(statement)
        @abandoned << statement
      end

      # Calls a function whose last parameter is an output.
      # @return [FFI::Pointer, Integer] what was put out
      def output(type, name, *arguments)
        synchronize do
          out = FFI::MemoryPointer.new(type)
          check(C.public_send(name, pointer, *arguments, out))
          out.get(type, 0)
        end
      end

      # Raises the exception for a result code; the connection still has its message.
      # @param sql [String, nil] the statement, if it was being compiled
      # @return [Integer] the code if it is no error
      def check(code, sql = nil)
        raise_kept if @raised
        return code if code == C::HDB_OK || code == C::HDB_ROW || code == C::HDB_DONE

        shown = extended_codes ? C.hdb_extended_errcode(pointer) : code & 0xff
        message = Library.utf8(C.hdb_errmsg(pointer))
        @failure = [code & 0xff, message]
        @remembers = true
        raise EXCEPTIONS[code & 0xff].new(
          message, code: shown, sql: sql, sql_offset: C.hdb_error_offset(pointer), sqlstate: Library.utf8(C.hdb_sqlstate(pointer))
        )
      end

      # The last error, which the connection itself forgets when the statement that failed is reset.
      # @return [Array(Integer, String)] code and message
      def last_error
        synchronize { @failure || [C.hdb_errcode(pointer), Library.utf8(C.hdb_errmsg(pointer))] }
      end

      # Calls a function that takes the connection alone.
      # @return [Object] its result
      def ask(name)
        synchronize { C.public_send(name, pointer) }
      end

      # A statement begins anew: its time, too, and the last error is forgotten. Asked for each statement, so it asks one thing.
      def start
        return unless @remembers

        @failure = nil
        @remembers = !@watch.limit.nil?
        @watch.start
      end

      # @param seconds [Float, nil] how long a statement may run
      def limit_statements(seconds)
        synchronize do
          @watch.limit = seconds
          @remembers = true
          watch(seconds ? Watch::OPERATIONS_WITH_A_TIMEOUT : Watch::OPERATIONS)
        end
      end

      # As {#check}, after a statement ran.
      # @param sql [String, nil] its text, if it was compiled earlier: SQLite may have failed to compile it anew
      def check_run(code, sql)
        check(code, sql && code == C::HDB_ERROR && not_compiled? ? sql : nil)
      end

      # Finalizes what {#abandon} has left.
      def finalize_abandoned
        while (statement = @abandoned.pop)
          C.hdb_finalize(statement)
        end
      end

      private

      def watch(operations)
        @watch ||= Watch.new(self)
        check(C.hdb_progress_handler(pointer, operations, Callbacks::PROGRESS, @watch.user_data))
        check(C.hdb_wait_handler(pointer, Callbacks::PROGRESS, @watch.user_data))
      end

      def raise_kept
        error = @raised
        @raised = nil
        raise error
      end

      # Whether the error is one of a text and not of a run. Class 42 is SQLSTATE's for these.
      def not_compiled?
        C.hdb_error_offset(pointer) >= 0 || C.hdb_sqlstate(pointer).start_with?("42") || C.hdb_errmsg(pointer).include?("columns but")
      end

      def with_config(settings)
        config = C.hdb_config_create
        raise MemoryException.new("out of memory", code: C::HDB_NOMEM) if config.null?

        settings.each do |key, value|
          code = C.hdb_config_set(config, key, value)
          next if code == C::HDB_OK

          raise EXCEPTIONS[code].new("option #{key} does not take #{value.inspect}", code: code)
        end
        yield config
      ensure
        C.hdb_config_destroy(config)
      end
    end
  end
end
