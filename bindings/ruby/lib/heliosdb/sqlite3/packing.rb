# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "blocks"

module HeliosDB
  module SQLite3
    # All values of one row in one piece, of a statement's parameters or of a result: the data of a mixed column, as
    # <heliosdb/block.h> describes it. How parameters are put together depends on their types alone, and is found out once for
    # each sequence of types.
    # @api private
    module Packing
      include Blocks

      MOST = 1000 # sequences of types that are remembered
      NUMBERS = { C::HDB_TYPE_FLOAT => "d" }.tap { |letters| letters.default = "q" }.freeze
      PACKERS = {}

      # @param types [Array<Integer>]
      # @return [Array(String, String)] how the values are packed, and their types
      def self.packer(types)
        PACKERS.clear if PACKERS.size >= MOST
        strings = types.count { |type| [C::HDB_TYPE_TEXT, C::HDB_TYPE_BLOB].include?(type) }
        [types.map { |type| NUMBERS[type] }.join + "a#{types.length}" + "a*x" * strings, types.pack("C*")].freeze
      end

      private

      # @param values [Array<Object>] at most +count+; NULL takes the place of those that are missing
      # @return [String, nil] nil if a value can't be bound as it is
      def pack_values(values, count)
        key = 1 # and three bits for each type
        numbers = []
        strings = nil
        values.each do |value|
          case value
          when Integer
            fits = value.bit_length < 64
            key = key << 3 | (fits ? C::HDB_TYPE_INTEGER : C::HDB_TYPE_FLOAT)
            numbers << (fits ? value : value.to_f)
          when String
            is_blob = value.encoding == Encoding::BINARY || value.is_a?(Blob)
            value = value.encode(Encoding::UTF_8) unless is_blob || value.encoding == Encoding::UTF_8
            key = key << 3 | (is_blob ? C::HDB_TYPE_BLOB : C::HDB_TYPE_TEXT)
            numbers << value.bytesize
            (strings ||= []) << value
          when Float
            key = key << 3 | C::HDB_TYPE_FLOAT
            numbers << value
          when nil
            key = key << 3 | C::HDB_TYPE_NULL
            numbers << 0
          else
            return nil
          end
        end
        while numbers.length < count
          key = key << 3 | C::HDB_TYPE_NULL
          numbers << 0
        end
        format, types = PACKERS[key] ||= Packing.packer(key.digits(8)[0...-1].reverse)
        numbers << types
        numbers.concat(strings) if strings
        numbers.pack(format)
      end

      # @param place [FFI::Pointer] where the values lie
      # @return [Array] the row, frozen as its values are
      def unpack_values(place, count)
        row = place.get_array_of_int64(0, count)
        types = place.get_bytes(8 * count, count)
        position = 9 * count
        index = 0
        while index < count
          case type = types.getbyte(index)
          when C::HDB_TYPE_INTEGER # it is there
          when C::HDB_TYPE_FLOAT then row[index] = place.get_float64(8 * index)
          when C::HDB_TYPE_NULL then row[index] = nil
          else
            size = row[index]
            bytes = place.get_bytes(position, size)
            row[index] = type == C::HDB_TYPE_TEXT ? text_of(bytes) : bytes.freeze
            position += size + 1
          end
          index += 1
        end
        row.freeze
      end
    end
  end
end
