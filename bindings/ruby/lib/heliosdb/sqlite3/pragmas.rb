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
        foreign_keys full_column_names fullfsync ignore_check_constraints legacy_alter_table query_only
        read_uncommitted recursive_triggers reverse_unordered_selects short_column_names trusted_schema writable_schema
      ].freeze
      # Pragmas that are read and set as integers.
      INTEGERS = %w[
        application_id cache_size cache_spill data_version freelist_count journal_size_limit
        max_page_count mmap_size page_count page_size schema_version soft_heap_limit threads user_version
        wal_autocheckpoint
      ].freeze
      # Pragmas that are set by a word.
      WORDS = %w[auto_vacuum journal_mode encoding locking_mode secure_delete synchronous temp_store].freeze
      # Those of {INTEGERS} that can't be set.
      READ_ONLY = %w[data_version freelist_count page_count].freeze
      # Pragmas that give rows.
      QUERIES = %w[
        collation_list compile_options database_list foreign_key_check foreign_key_list incremental_vacuum index_info
        index_list index_xinfo integrity_check optimize quick_check shrink_memory stats table_list table_xinfo
        wal_checkpoint
      ].freeze

      BOOLEANS.each do |name|
        define_method(name) { get_boolean_pragma(name) }
        define_method("#{name}=") { |mode| set_boolean_pragma(name, mode) }
      end
      INTEGERS.each { |name| define_method(name) { get_int_pragma(name) } }
      (INTEGERS - READ_ONLY).each { |name| define_method("#{name}=") { |value| set_int_pragma(name, value) } }
      WORDS.each do |name|
        define_method(name) { get_enum_pragma(name) }
        define_method("#{name}=") { |mode| set_enum_pragma(name, mode) }
      end
      QUERIES.each { |name| define_method(name) { |*args, &block| get_query_pragma(name, *args, &block) } }

      alias user_cookie user_version
      alias user_cookie= user_version=
      alias schema_cookie schema_version
      alias schema_cookie= schema_version=

      # @return [Boolean]
      def get_boolean_pragma(name)
        get_first_value("PRAGMA #{name}") != 0
      end

      # @param mode [Boolean, Integer, String, nil] "on", "yes", "t" and so on are understood
      # @raise [Exception] if it is something else
      def set_boolean_pragma(name, mode)
        word = case mode.to_s.downcase
               when "on", "yes", "true", "y", "t", "1" then "ON"
               when "off", "no", "false", "n", "f", "0", "" then "OFF"
               else raise Exception, "unrecognized pragma parameter #{mode.inspect}"
               end
        execute("PRAGMA #{name}=#{word}")
      end

      # @return [Integer]
      def get_int_pragma(name)
        get_first_value("PRAGMA #{name}").to_i
      end

      # @param value [#to_i]
      def set_int_pragma(name, value)
        execute("PRAGMA #{name}=#{value.to_i}")
      end

      # @return [String, Integer] as SQLite gives it
      def get_enum_pragma(name)
        get_first_value("PRAGMA #{name}")
      end

      # @param mode [String, Symbol, Integer] a word or number that the pragma takes
      # @raise [Exception] if it can't be one
      def set_enum_pragma(name, mode)
        raise Exception, "unrecognized #{name} #{mode.inspect}" unless mode.to_s.match?(/\A[\w-]+\z/)

        execute("PRAGMA #{name}='#{mode}'")
      end

      # @return [Array<Array, Hash>] the rows, if there is no block
      def get_query_pragma(name, *args, &block)
        return execute("PRAGMA #{name}", &block) if args.empty?

        quoted = args.map { |arg| "'#{Database.quote(arg.to_s)}'" }.join(",")
        execute("PRAGMA #{name}(#{quoted})", &block)
      end

      # @param table [String]
      # @yieldparam column [Hash{String => Object}] each column; "dflt_value" without its quotes
      # @return [Array<Hash>] the columns, if there is no block
      def table_info(table)
        columns = query("PRAGMA table_info('#{Database.quote(table.to_s)}')") { |rows| rows.each_hash.to_a }
        columns.each { |column| column["dflt_value"] = plain_default(column["dflt_value"]) }
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
