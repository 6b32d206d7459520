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

  # Where a test's database is: in memory, in a file with an engine beside it, or on a server.
  PLACES = %w[memory file heliosdb postgresql].freeze

  # Makes a test of a block for each place, which gets its name.
  def self.in_each_place(name, places = PLACES, &block)
    places.each { |place| define_method("test_#{name}_#{place}") { instance_exec(place, &block) } }
  end

  # A connection in a place. Where +first+ is asked for, the server's database is emptied.
  def open_in(place, options = {}, first: true)
    db = case place
         when "memory" then HDB::Database.new(":memory:", options)
         when "file" then open_database(options)
         else open_daemon(place.upcase, options)
         end
    empty(db) if first
    return db unless block_given?

    begin
      yield db
    ensure
      db.close
    end
  end

  def empty(db)
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    db.execute(tables).flatten.each { |name| db.execute(%(DROP TABLE "#{name}")) }
  end

  # Runs a block with the gem and with ours, in a place; both must say the same.
  # @return [Object] what they say
  def same_in(place)
    theirs = oracle::Database.new(":memory:") { |db| break yield(oracle, db) }
    ours = open_in(place) { |db| yield(HDB, db) }
    assert_equal theirs, ours
    ours
  end

  # What a block gives or raises: the class without its module, and the message without the text of the statement.
  def said
    yield
  rescue StandardError => e
    [e.class.name[/\w+\z/], e.message.lines.first.chomp.delete_suffix(":")]
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
