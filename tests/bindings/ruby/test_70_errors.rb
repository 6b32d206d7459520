# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Every teardown checks that no process is left.
class ErrorsTest < DatabaseTest
  Code = HDB::Constants::ErrorCode

  def test_the_classes_and_their_codes
    HDB::EXCEPTIONS.each_value { |klass| assert_operator klass, :<, HDB::Exception }
    assert_equal HDB::EXCEPTIONS.length, HDB::EXCEPTIONS.values.uniq.length
    # The names of other enumerations have two words, but for an authorizer's three verdicts.
    names = HeliosDB::C.constants.grep(/\AHDB_[A-Z]+\z/) - %i[HDB_ALLOW HDB_DENY HDB_IGNORE]
    statuses = names.map { |name| HeliosDB::C.const_get(name) }
    # Neither success nor a notice is an error.
    assert_equal (statuses - [0, 27, 28, 100, 101]).sort, HDB::EXCEPTIONS.keys.sort
    assert_operator HDB::Exception, :<, StandardError
  end

  def test_syntax_error
    open_database do |db|
      error = assert_raises(HDB::SQLException) { db.execute("SELECT 1\n  FORM t") }
      assert_equal "near \"t\": syntax error:\nSELECT 1\n  FORM t\n       ^", error.message
      assert_equal [Code::ERROR, "SELECT 1\n  FORM t", 16], [error.code, error.sql, error.sql_offset]
      assert_equal 5, error.sqlstate.length
      assert_equal Code::ERROR, db.errcode
    end
  end

  def test_the_caret_counts_characters
    open_database do |db|
      error = assert_raises(HDB::SQLException) { db.execute("SELECT 'größe', absent") }
      assert_equal "no such column: absent:\nSELECT 'größe', absent\n                ^", error.message
    end
  end

  def test_missing_table
    open_database do |db|
      error = assert_raises(HDB::SQLException) { db.execute("SELECT * FROM absent") }
      assert_match(/\Ano such table: absent/, error.message)
    end
  end

  def test_constraint_errors
    open_database do |db|
      db.execute("CREATE TABLE t(a UNIQUE, b NOT NULL, CHECK (a < 10))")
      db.execute("INSERT INTO t VALUES (1, 1)")
      error = assert_raises(HDB::ConstraintException) { db.execute("INSERT INTO t VALUES (1, 2)") }
      assert_equal ["UNIQUE constraint failed: t.a", Code::CONSTRAINT, "23505"],
                   [error.message, error.code, error.sqlstate]
      db.extended_result_codes = true
      error = assert_raises(HDB::ConstraintException) { db.execute("INSERT INTO t VALUES (1, 2)") }
      assert_equal 2067, error.code
      error = assert_raises(HDB::ConstraintException) { db.execute("INSERT INTO t VALUES (2, NULL)") }
      assert_equal ["NOT NULL constraint failed: t.b", 1299], [error.message, error.code]
      assert_raises(HDB::ConstraintException) { db.execute("INSERT INTO t VALUES (11, 1)") }
      assert_equal [[1, 1]], db.execute("SELECT * FROM t")
    end
  end

  def test_a_statement_runs_again_after_an_error
    open_database do |db|
      db.execute("CREATE TABLE t(a UNIQUE)")
      db.prepare("INSERT INTO t VALUES (?)") do |stmt|
        stmt.execute(1)
        assert_raises(HDB::ConstraintException) { stmt.execute(1) }
        stmt.execute(2)
      end
      assert_equal [[1], [2]], db.execute("SELECT a FROM t ORDER BY a")
    end
  end

  def test_not_a_database
    File.write(path, "this is no database, but long enough to look like one. " * 100)
    error = assert_raises(HDB::NotADatabaseException) do
      open_database { |db| db.execute("SELECT * FROM sqlite_master") }
    end
    assert_match(/\Afile is not a database/, error.message)
  end

  def test_missing_engine
    error = assert_raises(HDB::CantOpenException) { open_database(engine: "/nowhere/heliosdb-nano") }
    assert_includes error.message, "/nowhere/heliosdb-nano"
    assert_equal Code::CANTOPEN, error.code
  end

  def test_missing_directory
    error = assert_raises(HDB::CantOpenException) { HDB::Database.new(path("missing/test.db")) }
    assert_match(/unable to open database file/, error.message)
  end

  def test_readonly_directory
    directory = readonly_directory
    error = failure do
      HDB::Database.open(File.join(directory, "test.db")) { |db| db.execute("CREATE TABLE t(a)") }
    end
    assert_includes [HDB::CantOpenException, HDB::ReadOnlyException], error.class
    assert_includes error.message, directory
  ensure
    FileUtils.chmod(0o700, directory) if directory&.start_with?(@directory)
  end

  def test_corrupt_data_directory
    open_database { |db| db.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)") }
    assert_empty processes_after(10)
    files = Dir.glob("#{path}-heliosdb/data/**/*").select { |file| File.file?(file) }
    refute_empty files
    files.each { |file| File.binwrite(file, "garbage") }
    FileUtils.rm(Dir.glob("#{path}{,-wal,-shm}"))
    error = failure { open_database { |db| db.execute("SELECT * FROM t") } }
    assert_includes [HDB::CantOpenException, HDB::CorruptException, HDB::IOException], error.class
    assert_match(/engine|heliosdb/i, error.message)
  end

  def test_unreachable_host
    error = assert_raises(HDB::CantOpenException) do
      open_database(mode: "daemon", dsn: "postgresql://user:secret@127.0.0.1:1/db", timeout: 3)
    end
    assert_match(/127\.0\.0\.1/, error.message)
    refute_includes error.message, "secret"
  end

  def test_daemon_mode_without_a_dsn
    skip "HELIOSDB_DSN is set" if ENV["HELIOSDB_DSN"]
    error = assert_raises(HDB::Exception) { open_database(mode: "daemon") }
    assert_match(/dsn/i, error.message)
  end

  %w[HELIOSDB POSTGRESQL].each do |server|
    define_method("test_wrong_password_#{server.downcase}") do
      dsn = wrong_password(daemon_dsn(server))
      error = assert_raises(HDB::CantOpenException) { open_database(mode: "daemon", dsn: dsn) }
      assert_match(/password/, error.message)
      refute_includes error.message, "not-the-password"
    end

    define_method("test_too_many_connections_#{server.downcase}") do
      open_ones = []
      error = assert_raises(HDB::CantOpenException) do
        300.times { open_ones << open_daemon(server, timeout: 10) }
      end
      assert_operator open_ones.length, :>, 10
      assert_match(/connection|closed|too many/i, error.message)
      open_ones.each(&:close)
      open_ones.clear
      # The server may need a moment to count the closed ones out.
      opened = (1..50).any? { connects?(server) || (sleep 0.1) && false }
      assert opened, "no connection after the others were closed"
    ensure
      open_ones&.each(&:close)
    end
  end

  def test_what_is_refused_names_itself
    error = assert_raises(HDB::NotSupportedException) { HDB::Database.new(path, {}, "unix-none") }
    assert_includes error.message, "a VFS"
    assert_equal 64, error.code
  end

  def test_the_last_error_stays_until_a_statement_is_run
    open_database do |db|
      db.execute("CREATE TABLE t(a UNIQUE)")
      db.execute("INSERT INTO t VALUES (1)")
      2.times { assert_raises(HDB::ConstraintException) { db.execute("INSERT INTO t VALUES (1)") } }
      assert_equal ["UNIQUE constraint failed: t.a", Code::CONSTRAINT], [db.errmsg, db.errcode]
      assert_raises(HDB::SQLException) { db.execute("SELECT absent FROM t") }
      assert_equal ["no such column: absent", Code::ERROR], [db.errmsg, db.errcode]
      db.execute("SELECT 1")
      assert_equal ["not an error", 0], [db.errmsg, db.errcode]
    end
  end

  def test_the_gem_s_classes_catch_ours
    gem_classes = oracle
    open_database do |db|
      db.execute("CREATE TABLE t(a UNIQUE)")
      error = assert_raises(gem_classes::SQLException) { db.execute("SELECT absent") }
      assert_kind_of gem_classes::Exception, error
      assert_equal "no such column: absent:\nSELECT absent\n       ^", error.message
      other = HDB::Database.new(path)
      other.busy_timeout = 0
      db.transaction(:immediate) { assert_raises(gem_classes::BusyException) { other.execute("INSERT INTO t VALUES (1)") } }
      other.close
    end
  end

  private

  # Root may write everywhere but where the file system itself refuses.
  def readonly_directory
    return "/sys/kernel" if Process.uid.zero?

    directory = path("readonly")
    Dir.mkdir(directory, 0o500)
    directory
  end

  def wrong_password(dsn)
    return dsn.sub(/password=\S+/, "password=not-the-password") if dsn.include?("password=")

    uri = URI.parse(dsn)
    skip "the DSN has no password" unless uri.password
    uri.password = "not-the-password"
    uri.to_s
  end

  def connects?(server)
    open_daemon(server, &:mode)
  rescue HDB::CantOpenException
    nil
  end
end
