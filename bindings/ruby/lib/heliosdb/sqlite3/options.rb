# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # Turns the options of {Database#initialize} into keys of hdb_config_set().
    # @api private
    module Options
      KEYS = Enumerator.produce(0, &:succ).lazy.map { |i| C.hdb_config_key(i) }.take_while(&:itself).to_a.freeze
      ACCESS = Constants::Open::READONLY | Constants::Open::READWRITE | Constants::Open::CREATE

      module_function

      # @param options [Hash{Symbol => Object}] as given to {Database#initialize}
      # @return [Hash{String => String}]
      def settings(options)
        given = KEYS.to_h { |key| [key, text(options[key.to_sym])] }.compact
        { "uri" => "1", "open" => open_mode(options) }.merge(given)
      end

      # @return [String] ro, rw or rwc
      def open_mode(options)
        flags = options[:flags]
        if [flags, options[:readonly], options[:readwrite]].count(&:itself) > 1
          raise "conflicting options: only one of readonly, readwrite and flags can be given"
        end
        return flags_mode(flags) if flags
        return "ro" if options[:readonly]

        options[:readwrite] ? "rw" : "rwc"
      end

      # Flags that choose a mutex, a cache or the kind of file are no business of ours.
      def flags_mode(flags)
        raise NotSupportedException.for("flag MEMORY") if flags & Constants::Open::MEMORY != 0

        case flags & ACCESS
        when Constants::Open::READONLY then "ro"
        when Constants::Open::READWRITE then "rw"
        when Constants::Open::READWRITE | Constants::Open::CREATE then "rwc"
        else raise MisuseException.new("bad parameter or other API misuse", code: C::HDB_MISUSE)
        end
      end

      def text(value)
        case value
        when true then "1"
        when false then "0"
        when nil then nil
        else value.to_s
        end
      end
    end
  end
end
