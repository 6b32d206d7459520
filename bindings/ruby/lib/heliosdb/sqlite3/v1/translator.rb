# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "date"
require "time"

module HeliosDB
  module SQLite3
    module V1
      # Turns texts into values of the class that a column's declared type stands for, where
      # {V1::Database#type_translation=} asks for it.
      class Translator
        FALSE = /\A(?:0+|f|false|n|no)\z/i
        KINDS = {
          %w[TIME TIMESTAMP] => ->(_, value) { Time.parse(value) },
          %w[DATE] => ->(_, value) { Date.parse(value) },
          %w[DATETIME] => ->(_, value) { DateTime.parse(value) },
          %w[DECIMAL FLOAT NUMERIC DOUBLE REAL DEC FIXED] => ->(_, value) { value.to_f },
          %w[INTEGER SMALLINT MEDIUMINT INT BIGINT] => ->(_, value) { value.to_i },
          %w[BIT BOOL BOOLEAN] => ->(_, value) { !FALSE.match?(value.to_s.strip) },
          %w[TINYINT] => ->(type, value) { type.match?(/\(\s*1\s*\)/) ? value.to_i == 1 : value.to_i }
        }.freeze
        private_constant :FALSE, :KINDS

        def initialize
          @translators = {}
          KINDS.each { |names, translator| names.each { |name| @translators[name] = translator } }
        end

        # Has values of a type translated by a block.
        # @param type [String] what stands in parentheses is not looked at
        # @yieldparam type [String] with its parentheses
        # @yieldparam value [Object]
        # @example
        #   db.translator.add_translator("money") { |_type, value| BigDecimal(value) }
        def add_translator(type, &block)
          @translators[base(type)] = block
        end

        # @param type [String, nil] a declared type
        # @param value [Object, nil]
        # @return [Object, nil] what it stands for; the value itself if nothing is known of the type
        # @example
        #   db.translator.translate("boolean", "no") # => false
        def translate(type, value)
          return nil if value.nil?

          translator = @translators[base(type)] or return value
          value = value.to_s if %w[DATETIME TIMESTAMP].include?(base(type))
          translator.call(type, value)
        end

        private

        def base(type)
          type.to_s[/\A[^(]*/].upcase
        end
      end
    end
  end
end
