# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # Ruby values to parameters, and columns to Ruby values.
    # @api private
    module Values
      INT64 = (-2**63..2**63 - 1).freeze

      private

      # @return [Integer] a result code
      def bind_value(pointer, index, value)
        case value
        when nil then C.hdb_bind_null(pointer, index)
        when Integer then bind_integer(pointer, index, value)
        when Float then C.hdb_bind_double(pointer, index, value)
        when String then bind_string(pointer, index, value)
        else raise "can't prepare #{value.class}"
        end
      end

      def bind_integer(pointer, index, value)
        return C.hdb_bind_int64(pointer, index, value) if INT64.cover?(value)

        C.hdb_bind_double(pointer, index, value.to_f)
      end

      def bind_string(pointer, index, value)
        if value.is_a?(Blob) || value.encoding == Encoding::BINARY
          C.hdb_bind_blob(pointer, index, value, value.bytesize)
        else
          text = value.encode(Encoding::UTF_8)
          C.hdb_bind_text(pointer, index, text, text.bytesize)
        end
      end

      # Rows and their values are frozen, as the gem's are.
      def read_row(pointer)
        row = Array.new(C.hdb_column_count(pointer)) do |column|
          case C.hdb_column_type(pointer, column)
          when C::HDB_TYPE_INTEGER then C.hdb_column_int64(pointer, column)
          when C::HDB_TYPE_TEXT then read_text(pointer, column)
          when C::HDB_TYPE_FLOAT then C.hdb_column_double(pointer, column)
          when C::HDB_TYPE_BLOB then read_bytes(C.hdb_column_blob(pointer, column), pointer, column).freeze
          end
        end
        row.freeze
      end

      def read_text_row(pointer)
        Array.new(C.hdb_column_count(pointer)) do |column|
          read_text(pointer, column) unless C.hdb_column_type(pointer, column) == C::HDB_TYPE_NULL
        end
      end

      def read_text(pointer, column)
        text = read_bytes(C.hdb_column_text(pointer, column), pointer, column).force_encoding(Encoding::UTF_8)
        text = text.encode(Encoding.default_internal) if Encoding.default_internal
        text.freeze
      end

      # An empty blob has a NULL address.
      def read_bytes(address, pointer, column)
        address.null? ? "".b : address.read_bytes(C.hdb_column_bytes(pointer, column))
      end
    end
  end
end
