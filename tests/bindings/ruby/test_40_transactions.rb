# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

class TransactionsTest < DatabaseTest
  def setup
    super
    @db = HDB::Database.new(path)
    @db.execute("CREATE TABLE t(a)")
  end

  def teardown
    @db.close
    super
  end

  def count(db = @db)
    db.get_first_value("SELECT count(*) FROM t")
  end

  def test_commit
    assert_equal true, @db.transaction
    assert @db.transaction_active?
    @db.execute("INSERT INTO t VALUES (1)")
    assert_equal true, @db.commit
    refute @db.transaction_active?
    assert_equal 1, count
  end

  def test_rollback
    @db.transaction
    @db.execute("INSERT INTO t VALUES (1)")
    assert_equal true, @db.rollback
    assert_equal 0, count
  end

  def test_a_block_commits_and_gives_its_value
    assert_equal :value, @db.transaction { |db| db.execute("INSERT INTO t VALUES (1)") && :value }
    refute @db.transaction_active?
    assert_equal 1, count
  end

  def test_a_block_that_raises_rolls_back
    error = assert_raises(RuntimeError) do
      @db.transaction do |db|
        db.execute("INSERT INTO t VALUES (1)")
        raise "stop"
      end
    end
    assert_equal "stop", error.message
    refute @db.transaction_active?
    assert_equal 0, count
  end

  def test_modes
    %i[deferred immediate exclusive].each do |mode|
      @db.transaction(mode) { |db| db.execute("INSERT INTO t VALUES (1)") }
    end
    assert_equal 3, count
    assert_raises(HDB::SQLException) { @db.transaction(:sideways) }
  end

  def test_default_mode
    other = HDB::Database.new(path, default_transaction_mode: :immediate)
    other.busy_timeout(0)
    @db.transaction(:immediate)
    assert_raises(HDB::BusyException) { other.transaction }
    @db.rollback
    other.close
  end

  def test_savepoints
    @db.transaction do
      @db.execute("INSERT INTO t VALUES (1)")
      @db.execute("SAVEPOINT s")
      @db.execute("INSERT INTO t VALUES (2)")
      @db.execute("ROLLBACK TO s")
    end
    assert_equal [[1]], @db.execute("SELECT a FROM t")
  end

  def test_ddl_is_rolled_back
    @db.transaction
    @db.execute("CREATE TABLE u(a)")
    @db.rollback
    assert_raises(HDB::SQLException) { @db.execute("SELECT * FROM u") }
  end

  def test_two_connections
    open_database do |other|
      @db.transaction(:immediate)
      @db.execute("INSERT INTO t VALUES (1)")
      assert_equal 0, count(other)
      other.busy_timeout = 50
      error = assert_raises(HDB::BusyException) { other.execute("INSERT INTO t VALUES (2)") }
      assert_equal "database is locked", error.message
      assert_equal HDB::Constants::ErrorCode::BUSY, error.code
      @db.commit
      assert_equal 1, count(other)
      other.execute("INSERT INTO t VALUES (2)")
      assert_equal 2, count
    end
  end

  def test_closing_rolls_back
    open_database do |other|
      other.transaction
      other.execute("INSERT INTO t VALUES (1)")
    end
    assert_equal 0, count
  end

  def test_commit_without_a_transaction
    error = assert_raises(HDB::SQLException) { @db.commit }
    assert_equal "cannot commit - no transaction is active", error.message
  end

  def test_a_busy_transaction_is_tried_again_as_often_as_allowed
    other = HDB::Database.new(path)
    other.busy_timeout(0)
    calls = 0
    @db.transaction(:immediate)
    assert_raises(HDB::BusyException) { other.transaction(:immediate, retries: 2) { calls += 1 } }
    assert_equal 0, calls
    value = other.transaction(retries: 3) do |db|
      @db.commit if (calls += 1) == 3
      db.execute("INSERT INTO t VALUES (?)", [calls])
      :value
    end
    assert_equal [:value, 3, 1], [value, calls, count]
    refute other.transaction_active?
  ensure
    other.close
  end

  def test_an_error_that_is_not_busy_is_not_tried_again
    calls = 0
    assert_raises(HDB::SQLException) { @db.transaction(retries: 5) { |db| (calls += 1) && db.execute("SELECT nothing") } }
    assert_equal 1, calls
    refute @db.transaction_active?
  end
end
