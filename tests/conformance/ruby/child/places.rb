# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "open3"

# Daemon mode: which of a test's databases the server stands for.
#
# The suite opens many databases at will, a server is one. So the first database that a test opens is the server's, in memory or a
# file, and so is each further connection to that file; a second one in memory and other files stay what they are.
module Places
  class << self
    attr_accessor :chosen

    # @return [Boolean] whether a database is the server's
    def server?(file)
      name = file.respond_to?(:to_path) ? file.to_path : file
      return false unless name.is_a?(String)

      name = name.encode("UTF-8", invalid: :replace, undef: :replace)
      return false if name.start_with?("file:", "/nonexistent") || name.include?("\0")

      if chosen.nil?
        self.chosen = name
        return true
      end
      name == chosen && ![":memory:", ""].include?(name)
    end

    # Before a test: the server has no tables, and no database is chosen.
    def reset
      self.chosen = nil
      find = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'"
      psql("-XAtq", "-c", find).each_line(chomp: true) do |line|
        name, _, kind = line.rpartition("|")
        psql("-Xq", "-c", "DROP #{kind == 'VIEW' ? 'VIEW' : 'TABLE'} IF EXISTS \"#{name.gsub('"', '""')}\" CASCADE")
      end
    end

    private

    def psql(*arguments)
      output, errors, status = Open3.capture3("psql", *arguments, ENV.fetch("HELIOSDB_DSN"))
      abort "psql: #{errors}" unless status.success?
      output
    end
  end

  # Opens databases by these rules.
  module Opened
    def initialize(file, options = {}, zvfs = nil, &block)
      options = { mode: "daemon" }.merge(options) if Places.server?(file)
      super(file, options, zvfs, &block)
    end
  end
end

SQLite3::Database.prepend(Places::Opened)
