# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "callbacks"

module HeliosDB
  module SQLite3
    # The functions, aggregates and collations that a {Database} gets from the program. They run in SQLite, in the thread of the
    # call that runs the statement, in every mode; an exception that one raises ends the statement and reaches its caller.
    #
    # Arguments are nil, Integer, Float, frozen UTF-8 strings, and frozen ASCII-8BIT strings for blobs; results are the same. A
    # result of another class raises RuntimeError.
    module Functions
      # Flags that SQLite takes from +flags+ beside a text encoding, which is always UTF-8 here.
      PROMISES = C::HDB_FUNCTION_DETERMINISTIC | C::HDB_FUNCTION_DIRECTONLY | C::HDB_FUNCTION_INNOCUOUS

      # Collations of the program by their names.
      # @return [Hash{String => #compare}]
      attr_reader :collations

      # Makes a function of SQL; the block's result is its value.
      # @param name [String] up to 255 bytes; case is ignored
      # @yieldparam arguments [Object] as many as the block takes
      # @return [self]
      # @raise [MisuseException] for a wrong name or number of arguments
      # @raise [BusyException] if it is there already and statements run
      # @example
      #   db.define_function("double") { |number| number * 2 }
      #   db.get_first_value("SELECT double(21)") # => 42
      def define_function(name, &block)
        define_function_with_flags(name, 0, &block)
      end

      # As {#define_function}.
      # @param flags [Integer] of {Constants::TextRep}; +DETERMINISTIC+ lets an index use the function
      # @return [self]
      # @raise [MisuseException, BusyException] as {#define_function}
      # @example
      #   db.define_function_with_flags("plain", SQLite3::Constants::TextRep::DETERMINISTIC) { |text| text.unicode_normalize }
      def define_function_with_flags(name, flags, &block)
        raise ArgumentError, "tried to create Proc object without a block" unless block

        entry = Callbacks::ScalarEntry.new(@native, block)
        register([:function, name.to_s.downcase, block.arity], entry) do |pointer|
          C.hdb_create_function(pointer, name.to_s, block.arity, flags & PROMISES, Callbacks::SCALAR, entry.user_data, nil)
        end
      end

      # Makes a function of SQL whose block gets a {Database::FunctionProxy} before the arguments and sets its +result+.
      # @param name [String]
      # @param _arity [Integer] not looked at: the function takes what the block takes, as in the gem
      # @param text_rep [Integer] as the flags of {#define_function_with_flags}
      # @yieldparam function [Database::FunctionProxy]
      # @yieldparam arguments [Object]
      # @return [self]
      # @raise [MisuseException, BusyException] as {#define_function}
      # @example
      #   db.create_function("maim", 1) { |function, text| function.result = text && text[0, 2] }
      def create_function(name, _arity, text_rep = Constants::TextRep::UTF8, &block)
        define_function_with_flags(name, text_rep) do |*arguments|
          proxy = Database::FunctionProxy.new
          block.call(proxy, *arguments)
          proxy.result
        end
      end

      # Makes an aggregate function from two blocks: +step+ gets a {Database::FunctionProxy}, which lives as long as a group, and
      # the arguments of each row, +finalize+ the proxy alone, whose +result+ it sets.
      # @param name [String]
      # @param arity [Integer] how many arguments, -1 for any number
      # @param step [Proc, nil] given here, or by the block
      # @param finalize [Proc, nil]
      # @param _text_rep [Integer] not looked at
      # @return [self]
      # @raise [ArgumentError] if +arity+ is not in -1..127
      # @raise [BusyException] if it is there already and statements run
      # @example
      #   db.create_aggregate("longest", 1) do
      #     step { |group, text| group[:longest] = [group[:longest].to_s, text.to_s].max_by(&:length) }
      #     finalize { |group| group.result = group[:longest] }
      #   end
      def create_aggregate(name, arity, step = nil, finalize = nil, _text_rep = Constants::TextRep::ANY, &block)
        blocks = AggregateBlocks.new(step, finalize)
        blocks.instance_eval(&block) if block
        define_aggregator2(Factory.new(arity) { ProxiedAggregate.new(blocks) }, name)
      end

      # Makes an aggregate function from a class whose instances have +step+ and +finalize+ as {#create_aggregate} says.
      # @param handler [Class] has +name+, and +arity+ unless it is any number
      # @return [self]
      # @raise [ArgumentError, BusyException] as {#create_aggregate}
      # @example
      #   class Product
      #     def self.name = "product"
      #     def self.arity = 1
      #     def step(group, number) = group[:product] = (group[:product] || 1) * number
      #     def finalize(group) = group.result = group[:product]
      #   end
      #   db.create_aggregate_handler(Product)
      def create_aggregate_handler(handler)
        arity = handler.respond_to?(:arity) ? handler.arity : -1
        define_aggregator2(Factory.new(arity) { HandledAggregate.new(handler.new) }, handler.name)
      end

      # Makes an aggregate function from an object: each group works with a copy of it. No proxy is involved: +step+ gets the
      # arguments, +finalize+ gives the result.
      # @param name [String]
      # @param aggregator [#step, #finalize]
      # @return [self]
      # @raise [ArgumentError, BusyException] as {#create_aggregate}
      # @example
      #   class Sum
      #     def initialize = @sum = 0
      #     def step(number) = @sum += number
      #     def finalize = @sum
      #   end
      #   db.define_aggregator("sum_of", Sum.new)
      def define_aggregator(name, aggregator)
        define_aggregator2(Factory.new(aggregator.method(:step).arity) { aggregator.clone }, name)
      end

      # Makes, replaces or removes a collation.
      # @param name [String] case is ignored
      # @param comparator [#compare, nil] +compare+ gets two strings and gives a number below, equal to or above 0; nil removes
      # @return [self]
      # @raise [BusyException] if it is there already and statements run
      # @example
      #   class ByLength
      #     def compare(first, second) = first.length <=> second.length
      #   end
      #   db.collation("by_length", ByLength.new)
      #   db.execute("SELECT body FROM notes ORDER BY body COLLATE by_length")
      def collation(name, comparator)
        entry = comparator && Callbacks::CollationEntry.new(@native, comparator)
        register([:collation, name.to_s.downcase], entry) do |pointer|
          C.hdb_create_collation(pointer, name.to_s, entry && Callbacks::COMPARE, entry&.user_data, nil)
        end
        @collations[name] = comparator
        self
      end

      private

      # @param aggregator [#new, #arity] +new+ gives an object with +step+ and +finalize+ for each group
      def define_aggregator2(aggregator, name)
        arity = aggregator.respond_to?(:arity) ? Integer(aggregator.arity) : -1
        raise ArgumentError, "#{name} arity=#{arity} out of range -1..127" unless (-1..127).cover?(arity)

        entry = Callbacks::AggregateEntry.new(@native, aggregator)
        register([:function, name.to_s.downcase, arity], entry) do |pointer|
          C.hdb_create_aggregate(pointer, name.to_s, arity, 0, Callbacks::STEP, Callbacks::FINAL, entry.user_data, nil)
        end
      end

      # The entry must live as long as C has it, and one that it replaces until then.
      def register(key, entry)
        @native.synchronize do
          @native.check(yield(@native.pointer))
          entry ? @entries[key] = entry : @entries.delete(key)
        end
        self
      end

      # Makes what a group works with.
      Factory = Struct.new(:arity, :maker) do
        def initialize(arity, &maker)
          super(arity, maker)
        end

        def new
          maker.call
        end
      end

      # The two blocks of {Functions#create_aggregate}: without a block the methods give them, with one they take them.
      class AggregateBlocks
        def initialize(step, finalize)
          @step = step
          @finalize = finalize
        end

        def step(&block)
          block ? @step = block : @step
        end

        def finalize(&block)
          block ? @finalize = block : @finalize
        end
      end

      # A group of {Functions#create_aggregate}.
      class ProxiedAggregate
        def initialize(blocks)
          @blocks = blocks
          @proxy = Database::FunctionProxy.new
        end

        def step(*arguments)
          instance_exec(@proxy, *arguments, &@blocks.step)
        end

        def finalize
          instance_exec(@proxy, &@blocks.finalize)
          @proxy.result
        end
      end

      # A group of {Functions#create_aggregate_handler}.
      class HandledAggregate
        def initialize(handler)
          @handler = handler
          @proxy = Database::FunctionProxy.new
        end

        def step(*arguments)
          @handler.step(@proxy, *arguments)
        end

        def finalize
          @handler.finalize(@proxy)
          @proxy.result
        end
      end

      private_constant :Factory, :AggregateBlocks, :ProxiedAggregate, :HandledAggregate
    end
  end
end
