# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "lib/heliosdb/version"

Gem::Specification.new do |spec|
  spec.name = "heliosdb-sqlite3"
  spec.version = HeliosDB::VERSION
  spec.summary = "The sqlite3 gem's surface over libheliosdb: SQLite's language, kept in HeliosDB Nano"
  spec.description = "SQLite3::Database and its classes for databases that are SQLite files here and tables of " \
                     "HeliosDB Nano or PostgreSQL there. Runs the engine itself, or uses a server."
  spec.authors = ["The libheliosdb authors"]
  spec.license = "Apache-2.0"
  spec.required_ruby_version = ">= 3.1"

  # build_gem.sh puts the library and what it needs there; without them the system's library is used.
  native = Dir.exist?(File.join(__dir__, "lib/heliosdb/native"))
  spec.platform = native ? Gem::Platform.local : Gem::Platform::RUBY
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*", "README.md", "LICENSE"].select { |file| File.file?(file) } }
  spec.require_paths = ["lib"]
  spec.metadata = { "rubygems_mfa_required" => "true" }

  spec.add_dependency "ffi", ">= 1.15", "< 2"
end
