# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "timeout"

module HeliosDB
  module SQLite3
    # What C calls, and how it finds the Ruby object that is meant.
    #
    # The C functions are made once, for the whole process, so that none can be collected while C may call it. What they get as
    # +user_data+ is the id of an object that its Database holds. C refers to it weakly: a Database nobody refers to any more is
    # collected, even if its own blocks refer to it.
    # @api private
    module Callbacks
      # Objects by their ids; nil once they are gone. WeakMap can crash when objects are moved before Ruby 3.3, and _id2ref is
      # on its way out after it.
      if RUBY_VERSION < "3.3"
        def self.id_of(object)
          object.object_id
        end

        def self.find(id)
          ObjectSpace._id2ref(id)
        rescue RangeError
          nil
        end
      else
        LIVING = ObjectSpace::WeakMap.new

        def self.id_of(object)
          object.object_id.tap { |id| LIVING[id] = object }
        end

        def self.find(id)
          LIVING[id]
        end
      end

      # A block of the program's may be interrupted, but for what would unwind C's frames: the end of its thread, which is no
      # exception, and Timeout, which throws. See {Handle::LATER}.
      AT_ONCE = { ::Timeout::Error => :never, ::Exception => :immediate }.freeze

      # What one registration stands for.
      class Entry
        # @return [FFI::Pointer] what C gets
        attr_reader :user_data

        # @param handle [Handle] learns what a callback raised
        # @param target [Object] the program's block or object
        def initialize(handle, target)
          @handle = handle
          @target = target
          @user_data = FFI::Pointer.new(Callbacks.id_of(self))
        end

        # Runs a block of the program's under C. What it raises waits in the Handle until C has returned, and so does the
        # complaint about a +throw+ that would unwind C's frames.
        # @param otherwise [Object] the result then
        def guard(otherwise)
          finished = false
          result = Thread.handle_interrupt(AT_ONCE) { yield }
          finished = true
          result
        rescue ::Exception => e # rubocop:disable Lint/RescueException
          finished = true
          @handle.raised ||= e
          otherwise
        ensure
          unless finished
            @handle.raised ||= Exception.new("a block that SQL calls was left by throw, break or return")
            return otherwise # rubocop:disable Lint/EnsureReturn
          end
        end
      end

      # A function, collation, authorizer, trace or busy handler: each knows how it is called.
      class ScalarEntry < Entry
        def call(context, count, arguments)
          done = guard(false) do
            Data.give(context, @target.call(*Data.take(count, arguments)))
            !Thread.pending_interrupt?
          end
          C.hdb_result_error(context, RAISED, RAISED.bytesize) unless done
        end
      end

      class AggregateEntry < Entry
        SIZE = 8

        def initialize(handle, target)
          super
          @instances = {}
        end

        def step(context, count, arguments)
          guard(nil) { instance(context)&.step(*Data.take(count, arguments)) } unless @handle.raised
        end

        def finish(context)
          done = !@handle.raised && guard(false) do
            found = instance(context)
            Data.give(context, found.finalize) if found
            !found.nil?
          end
          C.hdb_result_error(context, RAISED, RAISED.bytesize) unless done
          place = C.hdb_aggregate_context(context, 0)
          @instances.delete(place.read_int64) unless place.null?
        end

        private

        # One for each group; C keeps its number.
        def instance(context)
          place = C.hdb_aggregate_context(context, SIZE)
          raise NoMemoryError, "out of memory" if place.null?

          number = place.read_int64
          return @instances[number] unless number.zero?

          @count = (@count || 0) + 1
          place.write_int64(@count)
          @instances[@count] = @target.new
        end
      end

      class CollationEntry < Entry
        def call(first, second)
          return 0 if @handle.raised

          guard(0) { Integer(@target.compare(first, second)) }
        end
      end

      class AuthorizerEntry < Entry
        def call(action, *names)
          guard(C::HDB_DENY) do
            case answer = @target.call(action, *names.map { |name| Library.utf8(name) })
            when Integer then answer
            when true then C::HDB_ALLOW
            when false then C::HDB_DENY
            else C::HDB_IGNORE
            end
          end
        end
      end

      class TraceEntry < Entry
        def call(statement, sql)
          guard(nil) do
            expanded = C.hdb_stmt_expanded_sql(statement) unless statement.null? || sql.start_with?("--")
            @target.call(Library.utf8(expanded || sql))
          end
        end
      end

      class BusyEntry < Entry
        def call(count)
          guard(0) { @target.call(count) == false ? 0 : 1 }
        end
      end

      # The message of a statement whose function raised; the program gets what was raised.
      RAISED = "a function of the program raised an exception"

      # Values between C and Ruby.
      module Data
        module_function

        # @return [Array<Object>]
        def take(count, arguments)
          return [] if count.zero?

          arguments.get_array_of_pointer(0, count).map { |datum| value(datum) }
        end

        def value(datum)
          case C.hdb_datum_type(datum)
          when C::HDB_TYPE_INTEGER then C.hdb_datum_int64(datum)
          when C::HDB_TYPE_FLOAT then C.hdb_datum_double(datum)
          when C::HDB_TYPE_TEXT then bytes(C.hdb_datum_text(datum), datum).force_encoding(Encoding::UTF_8).freeze
          when C::HDB_TYPE_BLOB then bytes(C.hdb_datum_blob(datum), datum).freeze
          end
        end

        def bytes(address, datum)
          address.null? ? +"" : address.read_bytes(C.hdb_datum_bytes(datum))
        end

        def give(context, result)
          case result
          when nil then C.hdb_result_null(context)
          when Integer
            result.bit_length < 64 ? C.hdb_result_int64(context, result) : C.hdb_result_double(context, result.to_f)
          when Float then C.hdb_result_double(context, result)
          when String then give_string(context, result)
          else raise "can't return #{result.class}"
          end
        end

        def give_string(context, result)
          if result.is_a?(Blob) || result.encoding == Encoding::BINARY
            C.hdb_result_blob(context, result, result.bytesize)
          else
            result = result.encode(Encoding::UTF_8)
            C.hdb_result_text(context, result, result.bytesize)
          end
        end

        # A text to be compared.
        def text(address, size)
          Library.internal(size.zero? ? +"" : address.read_bytes(size))
        end
      end

      # The functions for C, each with the types of its typedef.
      SCALAR = FFI::Function.new(:void, %i[pointer pointer int pointer]) do |user_data, context, count, arguments|
        entry = find(user_data.address)
        entry&.call(context, count, arguments)
      end
      STEP = FFI::Function.new(:void, %i[pointer pointer int pointer]) do |user_data, context, count, arguments|
        find(user_data.address)&.step(context, count, arguments)
      end
      FINAL = FFI::Function.new(:void, %i[pointer pointer]) do |user_data, context|
        find(user_data.address)&.finish(context)
      end
      COMPARE = FFI::Function.new(:int, %i[pointer int pointer int pointer]) do |user_data, size, first, other_size, other|
        find(user_data.address)&.call(Data.text(first, size), Data.text(other, other_size)) || 0
      end
      AUTHORIZE = FFI::Function.new(:int, %i[pointer int string string string string]) do |user_data, action, *names|
        find(user_data.address)&.call(action, *names) || C::HDB_ALLOW
      end
      TRACE = FFI::Function.new(:int, %i[pointer int pointer string int64]) do |user_data, _event, statement, sql, _time|
        find(user_data.address)&.call(statement, sql.to_s)
        0
      end
      BUSY = FFI::Function.new(:int, %i[pointer int]) do |user_data, count|
        find(user_data.address)&.call(count) || 0
      end
      # Those that may end a statement: see {Watch}.
      PROGRESS = FFI::Function.new(:int, %i[pointer]) do |user_data|
        find(user_data.address)&.stop? ? 1 : 0
      rescue ::Exception => e # rubocop:disable Lint/RescueException
        # Ctrl-C, which nothing defers and which comes as any method is left, or a handler of the program's for another signal.
        find(user_data.address)&.keep(e)
        1
      end
    end
  end
end
