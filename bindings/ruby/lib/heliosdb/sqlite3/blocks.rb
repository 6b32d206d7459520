# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # Many rows that came in one call, column by column, as <heliosdb/block.h> describes it. Rows and their values are
    # frozen, as those of {Values} are.
    # @api private
    module Blocks
      HEAD = 2
      COLUMN_HEAD = 3
      NUMBER = 8

      private

      # @param data [String] a block
      # @return [Array<Array>] its rows
      def rows_of(data)
        count, width = data.unpack("q2")
        return [] if count.zero?

        heads = data.byteslice(HEAD * NUMBER, width * COLUMN_HEAD * NUMBER).unpack("q*")
        first, *others = heads.each_slice(COLUMN_HEAD).map { |form, offset, size| column_of(data, count, form, offset, size) }
        first.zip(*others).each(&:freeze)
      end

      def column_of(data, count, form, offset, size)
        case form
        when C::HDB_BLOCK_INTEGER then data.byteslice(offset, size).unpack("q*")
        when C::HDB_BLOCK_FLOAT then data.byteslice(offset, size).unpack("d*")
        when C::HDB_BLOCK_TEXT then texts_of(data.byteslice(offset, size - 1))
        when C::HDB_BLOCK_NULL then Array.new(count)
        else mixed_of(data, count, offset)
        end
      end

      def texts_of(data)
        return [text_of(data)] if data.empty?

        data.force_encoding(Encoding::UTF_8)
        return data.b.split("\0", -1).map { |text| text_of(text) } unless data.valid_encoding? && !Encoding.default_internal

        data.split("\0", -1).each(&:freeze)
      end

      def text_of(bytes)
        Library.internal(bytes).freeze
      end

      def mixed_of(data, count, offset)
        numbers = data.byteslice(offset, NUMBER * count)
        types = data.byteslice(offset + NUMBER * count, count).bytes
        position = offset + (NUMBER + 1) * count
        types.zip(numbers.unpack("q*"), numbers.unpack("d*")).map do |type, integer, real|
          case type
          when C::HDB_TYPE_INTEGER then integer
          when C::HDB_TYPE_FLOAT then real
          when C::HDB_TYPE_NULL then nil
          else
            bytes = data.byteslice(position, integer)
            position += integer + 1
            type == C::HDB_TYPE_TEXT ? text_of(bytes) : bytes.freeze
          end
        end
      end
    end
  end
end
