# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require "open3"

# Connections and fork, as servers do it that fork their workers; Ractors.
class ProcessesTest < DatabaseTest
  # What a block says in a child, and what is warned of there.
  def in_a_child
    reader, writer = IO.pipe
    child = fork do
      reader.close
      $stderr = StringIO.new
      HDB::ForkSafety.discard # the hook's own warning went to the standard error that was
      writer.write(yield.to_s)
    ensure
      writer.close
      exit!(0)
    end
    writer.close
    said = reader.read
    Process.wait(child)
    said
  end

  def setup
    super
    HDB::ForkSafety.suppress_warnings!
  end

  def test_a_child_finds_the_connection_closed_and_opens_its_own
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      assert_equal "true", in_a_child { db.closed? }
      assert_equal "1", in_a_child { open_database { |own| own.execute("INSERT INTO t VALUES (1)") && own.changes } }
      assert_equal [[1]], db.execute("SELECT a FROM t")
    end
  end

  def test_a_statement_of_the_parent_says_so
    open_database do |db|
      stmt = db.prepare("SELECT 1")
      said = in_a_child { failure { stmt.execute }.message }
      assert_equal "cannot use a statement associated with a discarded database", said
      assert_equal [[1]], stmt.execute.to_a
      stmt.close
    end
  end

  def test_a_connection_that_only_reads_stays_open_and_says_why_it_is_of_no_use
    open_database { |db| db.execute("CREATE TABLE t(a)") }
    open_database(readonly: true) do |db|
      said = in_a_child { [db.closed?, failure { db.execute("SELECT a FROM t") }.class.name.split("::").last].join(" ") }
      assert_equal "false MisuseException", said
      assert_equal [], db.execute("SELECT a FROM t")
    end
  end

  def test_a_child_warns_once
    script = <<~RUBY
      require "heliosdb/sqlite3"
      databases = Array.new(2) { SQLite3::Database.new(":memory:") }
      closed = SQLite3::Database.new(":memory:").close
      Process.wait(fork { exit!(databases.all?(&:closed?) ? 0 : 1) })
      exit($?.exitstatus)
    RUBY
    output, status = Open3.capture2e(RbConfig.ruby, *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e", script)
    assert status.success?, output
    assert_equal 1, output.scan("inherited from a forked process").length
  end

  def test_workers_that_open_in_the_child_write_side_by_side
    open_database { |db| db.execute("CREATE TABLE t(a)") }
    children = Array.new(3) do |worker|
      fork do
        open_database { |db| 20.times { |i| db.execute("INSERT INTO t VALUES (?)", [worker * 100 + i]) } }
        exit!(0)
      rescue StandardError
        exit!(1)
      end
    end
    assert(children.all? { |child| Process.wait2(child).last.success? })
    open_database { |db| assert_equal 60, db.get_first_value("SELECT count(DISTINCT a) FROM t") }
  end

  def test_another_ractor_gets_a_clear_answer
    said = "Ractor.new { begin; SQLite3::Database.new(':memory:'); rescue => e; [e.class.name, e.message]; end }.take"
    output, = Open3.capture2e(RbConfig.ruby, "-W0", *$LOAD_PATH.flat_map { |dir| ["-I", dir] }, "-e",
                              "require 'heliosdb/sqlite3'; puts(#{said})")
    assert_equal "Ractor::UnsafeError\na database can be used in the main Ractor only\n", output
  end
end
