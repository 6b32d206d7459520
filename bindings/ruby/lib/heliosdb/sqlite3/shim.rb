# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Gives programs and libraries that <tt>require "sqlite3"</tt> this library, unchanged:
#
#   ruby -r heliosdb/sqlite3/shim program.rb
#   RUBYOPT=-rheliosdb/sqlite3/shim bin/rails server
#
# HELIOSDB_SQLITE3_SURFACE=1.4 gives them the surface of the gem's 1.4 ({HeliosDB::SQLite3::V1}), which Rails up to 7.0 asks for;
# else it is that of 2.x. HELIOSDB_MODE, HELIOSDB_DSN and their kin say where rows are kept.
raise LoadError, "heliosdb/sqlite3/shim must be required before sqlite3" if defined?(SQLite3) && !defined?(HeliosDB::SQLite3)

require_relative "../sqlite3"
raise LoadError, "heliosdb/sqlite3/shim must be required before sqlite3" unless SQLite3.equal?(HeliosDB::SQLite3)

require_relative "v1" if ENV["HELIOSDB_SQLITE3_SURFACE"] == "1.4"

module HeliosDB
  module SQLite3
    # @api private
    module Shim
      # What the gem's files are called: some programs require them one by one.
      FILES = %w[
        constants database errors fork_safety pragmas resultset sqlite3_native statement translator value version version_info
      ].freeze

      # +gem "sqlite3", "~> 1.4"+ finds a gem of this version; a real one is not put on the load path.
      def self.install
        FILES.each { |file| $LOADED_FEATURES << "sqlite3/#{file}.rb" }
        return unless defined?(::Gem::Specification)

        ::Gem.loaded_specs["sqlite3"] = ::Gem::Specification.new("sqlite3", SURFACE) do |spec|
          spec.summary = "the sqlite3 gem's surface over libheliosdb"
          spec.author = "The libheliosdb authors"
          spec.require_paths = []
          spec.activated = true
        end
        ::Kernel.prepend(FoundGem)
      end

      # The version of the surface.
      SURFACE = defined?(V1) ? V1::VERSION : VERSION

      # Answers for the one gem.
      module FoundGem
        private

        def gem(name, *requirements)
          return super unless name == "sqlite3"

          wanted = ::Gem::Requirement.new(*requirements.grep(String))
          return true if wanted.satisfied_by?(::Gem::Version.new(Shim::SURFACE))

          raise ::Gem::LoadError, "sqlite3 #{wanted} is asked for, and libheliosdb is in its place as #{Shim::SURFACE}: " \
                                  "HELIOSDB_SQLITE3_SURFACE=1.4 chooses the surface of 1.4, without it it is that of 2.x"
        end
      end
    end
    private_constant :Shim
    Shim.install
  end
end
