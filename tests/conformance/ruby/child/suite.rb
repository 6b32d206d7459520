# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Runs one file of the gem's own suite and writes each test's outcome as a line of JSON.
#
#   ruby suite.rb OUTPUT SECONDS FILE
#
# HELIOSDB_CONFORMANCE_GEM=1: with the gem that `require "sqlite3"` finds; else with heliosdb/sqlite3 in its place. A test that takes
# longer than SECONDS is ended and counted as hanging.
require "json"
require "fileutils"
require "stringio"
require "tmpdir"

OUTPUT, SECONDS, FILE = ARGV.shift(3)
$LOAD_PATH.unshift(File.dirname(FILE))
if ENV["HELIOSDB_CONFORMANCE_GEM"]
  require "sqlite3"
  abort "sqlite3 is heliosdb's" if defined?(HeliosDB)
else
  require "heliosdb/sqlite3/shim"
  require_relative "places" if ENV["HELIOSDB_CONFORMANCE_DAEMON"]
end
require "minitest"

# A test took too long.
class Hang < Exception; end # rubocop:disable Lint/InheritException

# Writes what became of each test as soon as it is known, so that nothing is lost if the process dies.
module Told
  LINES = File.open(OUTPUT, "a").tap { |file| file.sync = true }
  OWNER = Process.pid

  def run
    tell("started")
    Places.reset if defined?(Places)
    result = in_time { super }
    told = result.failure
    tell(outcome(result), told ? "#{told.message}\n#{told.location}" : "")
    Told.remove_orphans
    result
  end

  # A database is a file and the directory beside it: where a test removed the file, the directory goes too, when its engine has
  # ended.
  def self.remove_orphans
    Dir.glob("*-heliosdb").each do |directory|
      next if File.exist?(directory.delete_suffix("-heliosdb"))

      lock = File.join(directory, "engine.lock")
      File.open(lock) { |file| file.flock(File::LOCK_EX) } if File.exist?(lock)
      FileUtils.rm_rf(directory)
    end
  end

  private

  def in_time
    main = Thread.current
    watch = Thread.new do
      sleep(Float(SECONDS))
      main.raise(Hang, "the test took too long")
    end
    yield
  ensure
    watch.kill
  end

  def outcome(result)
    return "passed" if result.passed?
    return "skipped" if result.skipped?
    return "hang" if result.failure.message.include?("Hang")

    result.error? ? "error" : "failed"
  end

  def tell(outcome, detail = "")
    return unless Process.pid == OWNER

    # A suite that reopens the module SQLite3 opens ours.
    test = [File.basename(FILE, ".rb"), self.class.name.delete_prefix("HeliosDB::"), name].join(".")
    LINES.puts(JSON.generate("test" => test, "outcome" => outcome, "detail" => detail.dup.force_encoding("UTF-8").scrub))
  end
end

require "minitest/autorun"
Minitest::Test.prepend(Told)
load FILE
