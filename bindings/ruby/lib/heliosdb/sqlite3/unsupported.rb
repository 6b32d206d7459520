# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # Methods of the sqlite3 gem's Database for which the C library has no function: each raises
    # {NotSupportedException}, naming itself.
    module Unsupported
      %i[
        authorizer authorizer= busy_handler collation create_aggregate create_aggregate_handler create_function
        define_aggregator define_function define_function_with_flags enable_load_extension load_extension
        statement_timeout= trace
      ].each do |name|
        define_method(name) { |*| raise NotSupportedException.for("SQLite3::Database##{name}") }
      end
    end

    # The online backup of the sqlite3 gem.
    class Backup
      # @raise [NotSupportedException] always
      def initialize(*)
        raise NotSupportedException.for("SQLite3::Backup")
      end
    end
  end
end
