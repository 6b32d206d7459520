# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # One method per PRAGMA, as in the sqlite3 gem: +db.user_version+, +db.user_version = 3+, +db.foreign_keys = true+,
    # <tt>db.index_list("t")</tt>.
    #
    # @example
    #   db.foreign_keys = true
    #   db.table_info("notes").map { |column| column["name"] }
    module Pragmas
      # Pragmas that are read and set as true and false.
      BOOLEANS = %w[
        automatic_index case_sensitive_like cell_size_check checkpoint_fullfsync count_changes defer_foreign_keys
        foreign_keys full_column_names fullfsync ignore_check_constraints legacy_alter_table legacy_file_format parser_trace
        query_only read_uncommitted recursive_triggers reverse_unordered_selects secure_delete
        short_column_names trusted_schema vdbe_addoptrace vdbe_debug vdbe_listing vdbe_trace writable_schema
      ].freeze
      # Pragmas that are read and set as integers.
      INTEGERS = %w[
        application_id cache_size cache_spill data_version default_cache_size freelist_count journal_size_limit
        max_page_count mmap_size page_count page_size schema_version soft_heap_limit threads user_version
        wal_autocheckpoint
      ].freeze
      # Pragmas that are set by a word, and what each takes: a word, or the number that stands for it.
      WORDS = {
        "auto_vacuum" => [["none", 0], ["full", 1], ["incremental", 2]],
        "encoding" => [["utf-8"], ["utf-16"], ["utf-16le"], ["utf-16be"]],
        "journal_mode" => [["delete"], ["truncate"], ["persist"], ["memory"], ["wal"], ["off"]],
        "locking_mode" => [["normal"], ["exclusive"]],
        "synchronous" => [["off", 0], ["normal", 1], ["full", 2], ["extra", 3]],
        "temp_store" => [["default", 0], ["file", 1], ["memory", 2]],
        "default_synchronous" => [["off", 0], ["normal", 1], ["full", 2], ["extra", 3]],
        "default_temp_store" => [["default", 0], ["file", 1], ["memory", 2]]
      }.freeze
      # Those of {INTEGERS} that can't be set.
      READ_ONLY = %w[data_version freelist_count page_count].freeze
      # Pragmas that give rows.
      QUERIES = %w[
        collation_list compile_options database_list foreign_key_check foreign_key_list incremental_vacuum index_info
        index_list index_xinfo integrity_check quick_check shrink_memory stats table_list table_xinfo
        wal_checkpoint
      ].freeze

      BOOLEANS.each do |name|
        define_method(name) { get_boolean_pragma(name) }
        define_method("#{name}=") { |mode| set_boolean_pragma(name, mode) }
      end
      INTEGERS.each { |name| define_method(name) { get_int_pragma(name) } }
      (INTEGERS - READ_ONLY).each { |name| define_method("#{name}=") { |value| set_int_pragma(name, value) } }
      WORDS.each do |name, words|
        define_method(name) { get_enum_pragma(name) }
        define_method("#{name}=") { |mode| set_enum_pragma(name, mode, words) }
      end
      QUERIES.each { |name| define_method(name) { |*args, &block| get_query_pragma(name, *args, &block) } }

      # Writes the log of a database in WAL mode to its file.
      # @param mode [String] "passive", "full", "restart" or "truncate"
      # @raise [Exception] for another one
      # @example
      #   db.wal_checkpoint = "truncate"
      def wal_checkpoint=(mode)
        set_enum_pragma("wal_checkpoint", mode, [["passive"], ["full"], ["restart"], ["truncate"]])
      end

      alias user_cookie user_version
      alias user_cookie= user_version=
      alias schema_cookie schema_version
      alias schema_cookie= schema_version=

      # @return [Boolean]
      # @example
      #   db.get_boolean_pragma("foreign_keys") # => true
      def get_boolean_pragma(name)
        get_first_value("PRAGMA #{name}") != 0
      end

      # @param mode [Boolean, Integer, String, nil] "on", "yes", "t" and so on are understood
      # @raise [Exception] if it is something else
      # @example
      #   db.set_boolean_pragma("foreign_keys", true)
      def set_boolean_pragma(name, mode)
        word = case mode.to_s.downcase
               when "on", "yes", "true", "y", "t", "1" then "ON"
               when "off", "no", "false", "n", "f", "0", "" then "OFF"
               else raise Exception, "unrecognized pragma parameter #{mode.inspect}"
               end
        execute("PRAGMA #{name}=#{word}")
      end

      # @return [Integer]
      # @example
      #   db.get_int_pragma("user_version") # => 3
      def get_int_pragma(name)
        get_first_value("PRAGMA #{name}").to_i
      end

      # @param value [#to_i]
      # @example
      #   db.set_int_pragma("user_version", 3)
      def set_int_pragma(name, value)
        execute("PRAGMA #{name}=#{value.to_i}")
      end

      # @return [String, Integer] as SQLite gives it
      # @example
      #   db.get_enum_pragma("journal_mode") # => "wal"
      def get_enum_pragma(name)
        get_first_value("PRAGMA #{name}")
      end

      # @param mode [String, Symbol, Integer] one of the words or numbers
      # @param words [Array<Array>] what the pragma takes, synonyms together
      # @raise [Exception] if it takes something else
      # @example
      #   db.set_enum_pragma("temp_store", "memory", [["file", 1], ["memory", 2]])
      def set_enum_pragma(name, mode, words)
        synonyms = words.find { |word| word.any? { |synonym| synonym.to_s.casecmp?(mode.to_s) } }
        raise Exception, "unrecognized #{name} #{mode.inspect}" unless synonyms

        execute("PRAGMA #{name}='#{synonyms.first}'")
      end

      # @return [Array<Array, Hash>] the rows, if there is no block
      # @example
      #   db.get_query_pragma("index_list", "notes")
      def get_query_pragma(name, *args, &block)
        return execute("PRAGMA #{name}", &block) if args.empty?

        quoted = args.map { |arg| "'#{Database.quote(arg.to_s)}'" }.join(",")
        execute("PRAGMA #{name}(#{quoted})", &block)
      end

      # @param bitmask [Integer, nil] bits of {Constants::Optimize}
      # @example
      #   db.optimize
      def optimize(bitmask = nil)
        bitmask ? set_int_pragma("optimize", bitmask) : execute("PRAGMA optimize")
      end

      # @param table [String]
      # @yieldparam column [Hash{String => Object}] each column; "type" in lower case, "dflt_value" without quotes
      # @return [Array<Hash>] the columns, if there is no block
      # @example
      #   db.table_info("notes").map { |column| column["name"] }
      def table_info(table)
        columns = query("PRAGMA table_info('#{Database.quote(table.to_s)}')") { |rows| rows.each_hash.to_a }
        columns.each do |column|
          column["type"] = column["type"]&.downcase
          column["dflt_value"] = plain_default(column["dflt_value"])
        end
        block_given? ? columns.each { |column| yield column } : columns
      end

      private

      def plain_default(text)
        return nil if text.nil? || text.casecmp?("null")

        text[/\A(['"])(.*)\1\z/m, 2] || text
      end
    end
  end
end
