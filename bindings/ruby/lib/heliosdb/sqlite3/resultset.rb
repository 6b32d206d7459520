# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # A cursor over the rows of a {Statement}; got from {Statement#execute} and {Database#query}.
    class ResultSet
      include Enumerable

      # @param db [Database]
      # @param stmt [Statement]
      # @example
      #   db.query("SELECT 1") # makes one
      def initialize(db, stmt)
        @db = db
        @stmt = stmt
      end

      # Rewinds, and binds again if there are parameters.
      # @param bind_params [Array] as for {Statement#bind_params}
      # @raise [Exception] if the statement is closed or a value can't be bound
      # @example
      #   rows.reset(2)
      def reset(*bind_params)
        @stmt.reset!
        @stmt.bind_params(*bind_params)
      end

      # @return [Boolean] whether the last row was read
      # @example
      #   rows.eof? # => false
      def eof?
        @stmt.done?
      end

      # @return [Array, nil] the next row, nil after the last one
      # @raise [Exception] the error that the statement ended with
      # @example
      #   rows.next # => [1, "hello"]
      def next
        @stmt.step
      end

      # @return [Hash{String => Object}, nil] the next row by column names, nil after the last one
      # @raise [Exception] as {#next}
      # @example
      #   rows.next_hash # => { "id" => 1, "body" => "hello" }
      def next_hash
        row = @stmt.step
        row && @stmt.columns.zip(row).to_h
      end

      # @yieldparam row [Array, Hash] each row that is left
      # @raise [Exception] as {#next}
      # @example
      #   rows.each { |row| p row }
      def each
        @stmt.must_be_open!
        return to_enum unless block_given?

        while (row = self.next)
          yield row
        end
      end

      # @return [Array<Array, Hash>] the rows that are left
      # @raise [Exception] as {#next}
      # @example
      #   rows.to_a
      def to_a
        @stmt.must_be_open!
        @stmt.to_a
      end

      # @yieldparam row [Hash{String => Object}] each row that is left
      # @raise [Exception] as {#next}
      # @example
      #   rows.each_hash { |row| puts row["body"] }
      def each_hash
        return to_enum(:each_hash) unless block_given?

        while (row = next_hash)
          yield row
        end
      end

      # Closes the statement, and with it every result set of it.
      # @raise [Exception] if it is closed already, or a commit failed here
      # @example
      #   rows.close
      def close
        @stmt.close
      end

      # @return [Boolean]
      # @example
      #   rows.closed?
      def closed?
        @stmt.closed?
      end

      # @return [Array<String, nil>] declared types of the columns
      # @example
      #   rows.types # => ["integer", "text"]
      def types
        @stmt.types
      end

      # @return [Array<String>] names of the columns
      # @example
      #   rows.columns # => ["id", "body"]
      def columns
        @stmt.columns
      end
    end

    # A result set whose rows are hashes; made when {Database#results_as_hash} is set.
    class HashResultSet < ResultSet
      alias_method :next, :next_hash

      # @return [Array<Hash>] the rows that are left
      # @raise [Exception] as {#next}
      def to_a
        columns = @stmt.columns
        super.map { |row| columns.zip(row).to_h }
      end
    end
  end
end
