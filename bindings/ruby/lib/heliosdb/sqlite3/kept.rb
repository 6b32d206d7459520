# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "packing"
require_relative "values"

module HeliosDB
  module SQLite3
    # Statements that {Database#execute} has run and keeps, so that a text is compiled once. The gem compiles it each time;
    # nobody can tell the difference: every run binds all parameters, what is kept is at its end and holds no lock, and
    # SQLite compiles it anew by itself where the schema has changed.
    # @api private
    class KeptStatements
      include Packing
      include Values

      MOST = 100
      LARGE = 1 << 16 # bytes, more of which are not kept
      # A PRAGMA may do its work when it is compiled, and a change of the schema is seldom made twice.
      KEPT = /\A\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES|BEGIN|COMMIT|END|ROLLBACK)\b/i
      REPREPARE = 5 # SQLITE_STMTSTATUS_...
      RUN = 6
      NONE = [].freeze

      Kept = Struct.new(:pointer, :sql, :parameters, :has_run, :indexes, :names, :compiled)

      # @param native [Handle]
      def initialize(native)
        @native = native
        @kept = {} # the oldest first
      end

      # Runs a statement to its end.
      # @param bind_vars [Object] as for {Database#execute}
      # @param hashes [Boolean] whether rows are hashes
      # @return [Array<Array, Hash>, nil] its rows; nil if this is not for here, and nothing has been done
      def rows(sql, bind_vars, hashes)
        run(sql, bind_vars) do |kept, code|
          next NONE if code == C::HDB_DONE

          rows = [row(kept)]
          add_others(kept, rows)
          rows.map! { |row| hash(kept, row) } if hashes
          rows.freeze
        end
      end

      # Runs a statement to its first row, as {#rows}.
      # @return [Array<Array, Hash>, nil] that row, if there is one
      def first(sql, bind_vars, hashes)
        run(sql, bind_vars) do |kept, code|
          next NONE if code == C::HDB_DONE

          row = row(kept)
          row = hash(kept, row) if hashes
          @native.check(C.hdb_reset(kept.pointer))
          [row]
        end
      end

      # Forgets them; closing the connection has freed them.
      def clear
        @kept.clear
      end

      private

      def run(sql, bind_vars)
        @native.synchronize do
          kept = take(sql) or next nil
          finished = false
          begin
            values = packed(kept, bind_vars)
            found = values && yield(kept, step(kept, values))
            finished = true
          ensure
            finished && (values.nil? || values.bytesize <= LARGE) ? keep(kept) : C.hdb_finalize(kept.pointer)
          end
          found
        end
      end

      def take(sql)
        @native.finalize_abandoned
        return nil if @native.closed?

        @kept.delete(sql) || compile(sql)
      end

      def compile(sql)
        return nil unless sql.is_a?(String) && sql.encoding == Encoding::UTF_8 && sql.bytesize <= LARGE
        return nil unless sql.valid_encoding? && KEPT.match?(sql)

        pointer, = @native.prepare(sql)
        pointer && Kept.new(pointer, sql.dup.freeze, C.hdb_bind_parameter_count(pointer))
      end

      def keep(kept)
        @kept[kept.sql] = kept
        C.hdb_finalize(@kept.shift.last.pointer) if @kept.size > MOST
      end

      # All parameters in one string; nil if they need a closer look.
      def packed(kept, bind_vars)
        values = case bind_vars
                 when Array then bind_vars
                 when Hash then by_position(kept, bind_vars) or return nil
                 else [bind_vars]
                 end
        pack_values(values, kept.parameters) if values.length <= kept.parameters
      end

      def by_position(kept, named)
        indexes = kept.indexes ||= {}
        values = Array.new(kept.parameters)
        named.each do |name, value|
          return nil unless name.is_a?(String) || name.is_a?(Symbol)

          index = indexes[name] || named_parameter(kept.pointer, name)
          return nil if index.zero?

          indexes[name] = index
          values[index - 1] = value
        end
        values
      end

      def step(kept, values)
        code = @native.step(kept.pointer, values)
        @native.check_run(code, kept.has_run ? kept.sql : nil)
        kept.has_run = true
        code
      end

      def row(kept)
        unpack_values(@native.given, C.hdb_column_count(kept.pointer))
      end

      def hash(kept, row)
        names(kept).zip(row).to_h
      end

      # They are asked for again if SQLite has compiled the statement anew. What SQLite has not run is looked at each time.
      def names(kept)
        compiled = C.hdb_stmt_status(kept.pointer, REPREPARE, 0)
        return kept.names if kept.compiled == compiled

        kept.compiled = compiled if C.hdb_stmt_status(kept.pointer, RUN, 0).positive?
        kept.names = Array.new(C.hdb_column_count(kept.pointer)) { |index| -Library.utf8(C.hdb_column_name(kept.pointer, index)) }
      end

      # The rows after the one that it is on.
      def add_others(kept, rows)
        pointer = kept.pointer
        code = C.hdb_fetch_row(pointer)
        is_large = false
        while code == C::HDB_ROW
          code, block = @native.fetch_block(pointer)
          break unless block

          is_large ||= block.bytesize > LARGE
          rows.concat(rows_of(block))
        end
        @native.check(code)
        C.hdb_reset(pointer) if is_large # gives its memory back
      end
    end
  end
end
