# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# What the tests of the Ruby binding share. HELIOSDB_LIBRARY names the library to test. HELIOSDB_RUBY_INSTALLED=1 tests
# the installed gem in place of this tree's sources.

unless ENV["HELIOSDB_RUBY_INSTALLED"] == "1"
  $LOAD_PATH.unshift(File.expand_path("../../../bindings/ruby/lib", __dir__))
end

require "fileutils"
require "minitest/autorun"
require "pathname"
require "tmpdir"
require "uri"

ENV["HELIOSDB_LINGER"] ||= "0"
ENV["HELIOSDB_NOTICES"] ||= "off"

# The gem, where it is installed, is the oracle; required first, it keeps the name SQLite3.
begin
  require "sqlite3"
  Oracle = SQLite3
rescue LoadError
  Oracle = nil
end
require "heliosdb/sqlite3"

HDB = HeliosDB::SQLite3

# Each test has a directory of its own; no process may be left that works in it.
class DatabaseTest < Minitest::Test
  def setup
    @directory = Dir.mktmpdir("hdb-ruby-")
  end

  def teardown
    left = processes_after(10)
    FileUtils.remove_entry(@directory)
    assert_empty left, "processes left behind"
  end

  def path(name = "test.db")
    File.join(@directory, name)
  end

  def open_database(options = {}, &block)
    HDB::Database.open(path, options, &block)
  end

  # The DSN of a server, or a skip that says what is missing.
  def daemon_dsn(server)
    dsn = ENV.fetch("HELIOSDB_TEST_DSN_#{server}", "")
    skip "HELIOSDB_TEST_DSN_#{server} is not set" if dsn.empty?
    dsn
  end

  def open_daemon(server, options = {}, &block)
    open_database({ mode: "daemon", dsn: daemon_dsn(server), timeout: 30.0 }.merge(options), &block)
  end

  def oracle
    skip "the sqlite3 gem is not installed" unless Oracle
    Oracle
  end

  # What a block raises, without the name of its module.
  def failure
    yield
    flunk "nothing was raised"
  rescue StandardError => e
    e
  end

  # Command lines of the processes that work in the test's directory, once none is left or the time is over.
  def processes_after(seconds)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    until (found = processes).empty? || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.05
    end
    found
  end

  def processes
    Dir.glob("/proc/[0-9]*/cmdline").filter_map do |file|
      next if file == "/proc/#{Process.pid}/cmdline"

      line = File.binread(file).tr("\0", " ").strip
      line if line.include?(@directory)
    rescue SystemCallError
      nil # it has ended meanwhile
    end
  end
end
