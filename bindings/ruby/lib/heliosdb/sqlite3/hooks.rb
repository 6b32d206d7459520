# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "callbacks"

module HeliosDB
  module SQLite3
    # What a {Database} calls while statements are compiled, run and wait, and how long these may take. An exception that a block
    # raises ends the statement and reaches its caller.
    module Hooks
      # As {#authorizer=}, with a block.
      # @yieldparam action [Integer] what is about to be done (https://www.sqlite.org/c3ref/c_alter_table.html)
      # @yieldparam names [String, nil] four: two that depend on the action, the database, the innermost trigger or view
      # @return [Proc]
      # @example
      #   db.authorizer { |action, table, *_| action != 9 || table != "accounts" } # 9: DELETE
      def authorizer(&block)
        self.authorizer = block
      end

      # Has an object asked about each action of each statement that is compiled.
      # @param authorizer [#call, nil] its answer 0 or true allows it, 1 or false fails the statement, 2 or nil leaves the
      #   action out; nil in place of an object: nobody is asked
      # @raise [Exception] if the database is closed
      # @example
      #   db.authorizer = nil
      def authorizer=(authorizer)
        hook(:authorizer, authorizer, Callbacks::AuthorizerEntry) do |pointer, user_data|
          C.hdb_set_authorizer(pointer, user_data && Callbacks::AUTHORIZE, user_data, nil)
        end
        # It is asked each time that a statement is run, so that each is compiled each time.
        @compiles_anew = !authorizer.nil?
      end

      # Has each statement told of as it begins to run, with the values of its parameters in it.
      # @param tracer [#call, nil] in place of the block; without both nobody is told
      # @yieldparam sql [String]
      # @return [self]
      # @raise [Exception] if the database is closed
      # @example
      #   db.trace { |sql| warn(sql) }
      def trace(tracer = nil, &block)
        hook(:trace, tracer || block, Callbacks::TraceEntry) do |pointer, user_data|
          C.hdb_trace(pointer, user_data ? C::HDB_TRACE_STMT : 0, user_data && Callbacks::TRACE, user_data, nil)
        end
        self
      end

      # Has a block asked each time somebody else holds a lock; takes the place of {#busy_timeout}.
      # @param handler [#call, nil] in place of the block; without both a lock is not waited for
      # @yieldparam count [Integer] how often it was asked before for this lock
      # @yieldreturn [Object] false: the statement fails with {BusyException}; else the lock is tried again
      # @return [self]
      # @raise [Exception] if the database is closed
      # @example
      #   db.busy_handler { |count| sleep(0.01) && count < 100 }
      def busy_handler(handler = nil, &block)
        hook(:busy, handler || block, Callbacks::BusyEntry) do |pointer, user_data|
          C.hdb_busy_handler(pointer, user_data && Callbacks::BUSY, user_data, nil)
        end
        self
      end

      # Sets how long a locked database is waited for; takes the place of {#busy_handler}. Other threads run meanwhile.
      # @param milliseconds [Integer] 0: not at all
      # @return [self]
      # @raise [Exception] if the database is closed
      # @example
      #   db.busy_timeout = 250
      def busy_timeout(milliseconds)
        @native.synchronize do
          @native.check(C.hdb_busy_timeout(@native.pointer, milliseconds))
          @entries.delete(:busy)
        end
        self
      end
      alias busy_timeout= busy_timeout
      alias busy_handler_timeout= busy_timeout

      # Sets how long a statement may run before it fails with {InterruptException}.
      # @param milliseconds [Integer] 0: as long as it takes
      # @raise [Exception] if the database is closed
      # @example
      #   db.statement_timeout = 2000
      def statement_timeout=(milliseconds)
        @native.limit_statements(milliseconds.zero? ? nil : Integer(milliseconds) / 1000.0)
      end

      private

      def hook(name, target, kind)
        @native.synchronize do
          entry = target && kind.new(@native, target)
          @native.check(yield(@native.pointer, entry&.user_data))
          entry ? @entries[name] = entry : @entries.delete(name)
        end
      end
    end
  end
end
