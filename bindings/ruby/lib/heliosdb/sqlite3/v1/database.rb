# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    module V1
      # Database.open is Database.new there: a block's value is not returned.
      module OpenIsNew
        # @return [SQLite3::Database] closed after the block, if there is one
        # @example
        #   SQLite3::Database.open("app.db") { |db| db.execute("SELECT 1") }
        def open(*arguments, &block)
          new(*arguments, &block)
        end
      end

      # Methods of {SQLite3::Database} as they are in 1.4.
      module Database
        # @return [Boolean, nil] whether values are translated by the types of their columns
        attr_reader :type_translation

        # As {SQLite3::Database#initialize}, with the option +type_translation+ as well.
        def initialize(file, options = {}, zvfs = nil, &block)
          @type_translation = options[:type_translation]
          super
        end

        # @param translate [Boolean] whether values are translated by the types of their columns
        # @example
        #   db.type_translation = true
        def type_translation=(translate)
          @type_translation = translate
        end

        # @return [Translator] what translates values
        # @example
        #   db.translator.add_translator("money") { |_type, value| BigDecimal(value) }
        def translator
          @translator ||= Translator.new
        end

        # @param types [Array<String, nil>] declared types
        # @param row [Array] values
        # @return [Array] values, translated if {#type_translation} asks for it
        # @example
        #   db.translate_from_db(["integer"], ["1"])
        def translate_from_db(types, row)
          return row unless type_translation

          types.zip(row).map { |type, value| translator.translate(type, value) }
        end

        # As {SQLite3::Database#execute}; values may be given one by one.
        # @return [Array<ArrayWithTypesAndFields, HashWithTypesAndFields>] if there is no block
        # @raise [Exception] the class for the error
        # @example
        #   db.execute("SELECT * FROM notes WHERE id IN (?, ?)", 1, 2)
        def execute(sql, bind_vars = [], *more, &block)
          query(sql, together(bind_vars, more)) { |rows| block ? rows.each(&block) : rows.to_a }
        end

        # As {SQLite3::Database#query}; values may be given one by one.
        # @raise [Exception] the class for the error
        # @example
        #   db.query("SELECT ?, ?", 1, 2) { |rows| rows.next }
        def query(sql, bind_vars = [], *more, &block)
          super(sql, together(bind_vars, more), &block)
        end

        # As {SQLite3::Database#execute_batch}, without a result.
        # @return [nil]
        # @raise [Exception] the class for the first error
        # @example
        #   db.execute_batch("CREATE TABLE a(x); CREATE TABLE b(y)")
        def execute_batch(sql, bind_vars = [], *more)
          bind_vars = [bind_vars] unless bind_vars.is_a?(Array) || bind_vars.is_a?(Hash)
          super(sql, together(bind_vars, more))
          nil
        end

        # @return [ArrayWithTypesAndFields, HashWithTypesAndFields, nil] the first row
        # @raise [Exception] the class for the error
        # @example
        #   db.get_first_row("SELECT * FROM notes WHERE id = ?", 1)
        def get_first_row(sql, *bind_vars)
          execute(sql, *bind_vars).first
        end

        # As {SQLite3::Database#transaction}, but a block's value is not returned.
        # @return [true]
        # @raise [BusyException] if the lock is not had within the timeout
        # @example
        #   db.transaction(:immediate) { db.execute("DELETE FROM notes") }
        def transaction(mode = :deferred, retries: 0)
          super
          true
        end

        private

        def together(bind_vars, more)
          return bind_vars.nil? ? [] : bind_vars if more.empty?

          [bind_vars, *more]
        end
      end
    end
  end
end
