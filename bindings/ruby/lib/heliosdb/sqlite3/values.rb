# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # Ruby values to parameters one by one, and columns to texts.
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

      # @return [Integer] index of a parameter from 1, 0 if there is none of this name
      def named_parameter(pointer, name)
        name = name.to_s
        name = ":#{name}" unless name.start_with?(":", "@", "$")
        C.hdb_bind_parameter_index(pointer, name)
      end

      def read_text_row(pointer)
        Array.new(C.hdb_column_count(pointer)) do |column|
          read_text(pointer, column) unless C.hdb_column_type(pointer, column) == C::HDB_TYPE_NULL
        end
      end

      def read_text(pointer, column)
        address = C.hdb_column_text(pointer, column)
        text_of(address.null? ? +"" : address.read_bytes(C.hdb_column_bytes(pointer, column)))
      end
    end
  end
end
