# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Backup.
class CopiesTest < DatabaseTest
  Code = HDB::Constants::ErrorCode

  def with_rows
    open_database do |db|
      db.execute("CREATE TABLE t(a)")
      db.transaction { 500.times { |i| db.execute("INSERT INTO t VALUES (?)", ["#{i} " * 50]) } }
      yield db
    end
  end

  def test_a_backup_in_steps
    with_rows do |db|
      copy = HDB::Database.new(path("copy.db"))
      backup = HDB::Backup.new(copy, "main", db, "main")
      steps = 0
      steps += 1 while backup.step(5) == Code::OK
      assert_operator steps, :>, 1
      assert_equal 0, backup.remaining
      assert_operator backup.pagecount, :>, 5
      assert_nil backup.finish
      assert_equal db.execute("SELECT a FROM t"), copy.execute("SELECT a FROM t")
      copy.verify
      copy.close
    end
  end

  def test_a_backup_at_once_into_memory
    with_rows do |db|
      HDB::Database.open(":memory:") do |copy|
        backup = HDB::Backup.new(copy, "main", db, "main")
        assert_equal Code::DONE, backup.step(-1)
        backup.finish
        assert_equal 500, copy.get_first_value("SELECT count(*) FROM t")
      end
    end
  end

  def test_a_backup_that_is_not_finished_changes_nothing
    with_rows do |db|
      HDB::Database.open(path("copy.db")) do |copy|
        copy.execute("CREATE TABLE other(b)")
        backup = HDB::Backup.new(copy, "main", db, "main")
        backup.step(1)
        backup.finish
        assert_equal [["other"]], copy.execute("SELECT name FROM sqlite_master")
      end
    end
  end

  def test_errors
    with_rows do |db|
      HDB::Database.open(":memory:") do |copy|
        assert_raises(HDB::SQLException) { HDB::Backup.new(copy, "absent", db, "main") }
        backup = HDB::Backup.new(copy, "main", db, "main")
        backup.finish
        assert_equal "cannot use a closed backup", assert_raises(HDB::Exception) { backup.step(1) }.message
      end
      closed = HDB::Database.new(":memory:").close
      assert_raises(ArgumentError) { HDB::Backup.new(closed, "main", db, "main") }
      assert_raises(ArgumentError) { HDB::Backup.new(db, "main", closed, "main") }
    end
  end
end
