# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    module V1
      # A row that knows the declared types and the names of its columns.
      class ArrayWithTypesAndFields < Array
        # @return [Array<String, nil>] declared types of the columns
        attr_accessor :types
        # @return [Array<String>] names of the columns
        attr_accessor :fields
      end

      # A row by column names, or by index.
      class HashWithTypesAndFields < Hash
        # @return [Array<String, nil>] declared types of the columns
        attr_accessor :types
        # @return [Array<String>] names of the columns
        attr_accessor :fields

        # @param key [String, Integer] a column's name or index
        # @return [Object, nil] its value
        # @example
        #   row["body"] == row[1]
        def [](key)
          super(key.is_a?(Numeric) ? fields[key] : key)
        end
      end

      # Rows of 1.4, for {SQLite3::ResultSet}.
      module ResultSet
        # @return [ArrayWithTypesAndFields, HashWithTypesAndFields, nil] the next row, of the kind that
        #   {SQLite3::Database#results_as_hash} asks for now
        # @raise [Exception] the error that the statement ended with
        # @example
        #   rows.next.fields # => ["id", "body"]
        def next
          return next_hash if @db.results_as_hash

          row = translated or return nil
          described(ArrayWithTypesAndFields.new(row))
        end

        # @return [HashWithTypesAndFields, nil] the next row by column names
        # @raise [Exception] as {#next}
        # @example
        #   rows.next_hash["body"]
        def next_hash
          row = translated or return nil
          described(HashWithTypesAndFields.new.update(@stmt.columns.zip(row).to_h))
        end

        # @return [Array<Array, Hash>] the rows that are left
        # @raise [Exception] as {#next}
        # @example
        #   rows.to_a
        def to_a
          @stmt.must_be_open!
          [].tap { |all| each { |row| all << row } }
        end

        private

        # Values of 1.4 can be changed.
        def translated
          row = @stmt.step or return nil
          @db.translate_from_db(@stmt.types, row.map { |value| value.is_a?(String) ? +value : value })
        end

        def described(row)
          row.fields = @stmt.columns
          row.types = @stmt.types
          row
        end
      end

      # Types of 1.4, for {SQLite3::Statement}.
      module Statement
        # @return [Array<String, nil>] types of the columns as they were declared
        # @raise [Exception] if the statement is closed
        # @example
        #   stmt.types # => ["INTEGER", "TEXT"]
        def types
          must_be_open!
          @types ||= Array.new(column_count) { |column| column_decltype(column) }
        end
      end
    end
  end
end
