# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # A connection to one database.
    #
    # Methods that touch the database raise the {Exception} class of the code it answered with: {SQLException} for a
    # statement that is wrong, {ConstraintException}, {BusyException} when a lock was not had within the timeout, and
    # so on. In a child after fork() they raise {MisuseException}: open a connection of its own there.
    #
    # Connections still open when the program ends are closed then.
    class Database
      include Pragmas
      include Functions
      include Hooks
      include Opening

      # @return [Boolean] whether rows are hashes by column name
      # @example
      #   db.results_as_hash = true
      attr_accessor :results_as_hash

      # @return [Handle] the C connection
      # @api private
      attr_reader :native

      class << self
        # As {#initialize}, but the value of the block is returned.
        # @return [Database, Object]
        # @example
        #   SQLite3::Database.open("app.db") { |db| db.get_first_value("SELECT 42") } # => 42
        def open(*arguments)
          database = new(*arguments)
          return database unless block_given?

          begin
            yield database
          ensure
            database.close
          end
        end

        # @param string [String]
        # @return [String] the string with its single quotes doubled
        # @example
        #   SQLite3::Database.quote("it's") # => "it''s"
        def quote(string)
          string.gsub("'", "''")
        end

        # @api private
        def finalizer(native)
          proc do |id|
            ForkSafety.forget(id)
            native.release
          end
        end
      end

      # Opens a database.
      #
      # Options of the sqlite3 gem: +readonly+, +readwrite+, +flags+, +results_as_hash+, +default_transaction_mode+,
      # +utf16+, +strict+ (a name in double quotes is never a text), +extensions+ (to be loaded). Options of libheliosdb, of the
      # same names as the keys of its +hdb_config_set+: +mode+ ("embedded" or "daemon"), +dsn+, +timeout+ (seconds), +engine+,
      # +linger+, +memory+, +direct+, +coherence+, +locking+, +notices+, +uri+, +open+. Others are ignored, as the gem does.
      #
      # Unlike the gem, a locked database is waited for: 5 seconds, or +timeout+, or {#busy_timeout}.
      #
      # @param file [String, #to_path] path, ":memory:", "", "file:" URI or "postgresql://" DSN
      # @param options [Hash{Symbol => Object}]
      # @param zvfs [nil] names a VFS in the gem: refused
      # @yieldparam database [Database] closed after the block
      # @raise [CantOpenException] no engine, unreachable server, wrong password, missing directory
      # @raise [NotADatabaseException, ReadOnlyException, BusyException, CorruptException]
      # @raise [ArgumentError] for a NUL in the name
      # @raise [NotSupportedException] for +zvfs+
      # @raise [Ractor::UnsafeError] in another Ractor than the main one
      # @example
      #   db = SQLite3::Database.new("app.db", results_as_hash: true)
      #   db = SQLite3::Database.new("app.db", mode: "daemon", dsn: "postgresql://user@host/db", timeout: 30)
      def initialize(file, options = {}, zvfs = nil)
        open_native(file, options, zvfs)
        @readonly = Options.open_mode(options) == "ro"
        @results_as_hash = options[:results_as_hash]
        @default_transaction_mode = options[:default_transaction_mode] || :deferred
        load_or_close(options[:extensions])
        return unless block_given?

        begin
          yield self
        ensure
          close
        end
      end

      # Closes the connection and its statements; an open transaction is rolled back. The last connection to a database
      # waits until the engine has every row in its tables. Closing twice is allowed.
      # @return [self]
      # @raise [IOException] if that could not be waited for: nothing is lost, the next connection does it
      # @example
      #   db.close
      def close
        ObjectSpace.undefine_finalizer(self)
        ForkSafety.forget(object_id)
        code = @native.close.tap { @kept.clear }
        return self if code == C::HDB_OK

        raise EXCEPTIONS[code & 0xff].new(Library.utf8(C.hdb_errstr(code)), code: code)
      end

      # @return [Boolean]
      # @example
      #   db.closed? # => true
      def closed?
        @native.closed?
      end

      # Compiles a statement.
      # @param sql [String]
      # @yieldparam stmt [Statement] closed after the block
      # @return [Statement] or the value of the block
      # @raise [SQLException] and others: it does not compile
      # @example
      #   db.prepare("SELECT body FROM notes WHERE id = ?") { |stmt| stmt.execute(1).next }
      def prepare(sql)
        stmt = Statement.new(self, sql)
        return stmt unless block_given?

        begin
          yield stmt
        ensure
          stmt.close unless stmt.closed?
        end
      end

      # Runs one statement.
      # @param sql [String]
      # @param bind_vars [Array, Hash] as for {Statement#bind_params}
      # @yieldparam row [Array, Hash] each row
      # @return [Array<Array, Hash>] the rows, frozen, if there is no block
      # @raise [Exception] the class for the error
      # @example
      #   db.execute("SELECT * FROM notes WHERE id > ?", [3]) { |row| p row }
      #   db.execute("INSERT INTO notes(body) VALUES (:body)", { body: "hello" })
      def execute(sql, bind_vars = [], &block)
        rows = @kept.rows(sql, bind_vars, results_as_hash) unless block || @compiles_anew
        rows || query(sql, bind_vars) { |found| block ? found.each(&block) : found.to_a.freeze }
      end

      # As {#execute}, the first row being the names of the columns.
      # @return [Array<Array, Hash>] if there is no block
      # @example
      #   names, *rows = db.execute2("SELECT id, body FROM notes")
      def execute2(sql, *bind_vars)
        query(sql, bind_vars) do |rows|
          next [rows.columns] + rows.to_a unless block_given?

          yield rows.columns
          rows.each { |row| yield row }
        end
      end

      # Runs every statement of a script. The values are bound to each statement that has as many parameters.
      # @param sql [String]
      # @param bind_vars [Array, Hash]
      # @return [Array, nil] the first row of the last statement
      # @raise [Exception] the class for the first error; the statements before it have taken effect
      # @example
      #   db.execute_batch("CREATE TABLE a(x); CREATE TABLE b(y)")
      def execute_batch(sql, bind_vars = [])
        result = nil
        each_statement(sql) do |stmt|
          stmt.bind_params(bind_vars) if bind_vars.length == stmt.bind_parameter_count
          result = stmt.step
        end
        result
      end

      # Runs every statement of a script and returns all their rows, every value being a string or nil.
      # @param sql [String]
      # @yieldparam row [Array, Hash] each row; what the block returns takes its place
      # @return [Array]
      # @raise [Exception] as {#execute_batch}
      # @example
      #   db.execute_batch2("SELECT 1; SELECT 2") # => [["1"], ["2"]]
      def execute_batch2(sql, &block)
        rows = exec_batch(sql, results_as_hash)
        block ? rows.map(&block) : rows
      end

      # Prepares and runs a statement.
      # @param sql [String]
      # @param bind_vars [Array, Hash] as for {Statement#bind_params}
      # @yieldparam rows [ResultSet] closed after the block
      # @return [ResultSet] to be closed by the caller; or the value of the block
      # @raise [Exception] the class for the error
      # @example
      #   db.query("SELECT id FROM notes") { |rows| rows.each { |row| p row } }
      def query(sql, bind_vars = [])
        rows = prepare(sql).execute(bind_vars)
        return rows unless block_given?

        begin
          yield rows
        ensure
          rows.close unless rows.closed?
        end
      end

      # @return [Array, Hash, nil] the first row, nil if there is none
      # @raise [Exception] as {#execute}
      # @example
      #   db.get_first_row("SELECT * FROM notes WHERE id = ?", 1)
      def get_first_row(sql, *bind_vars)
        rows = @kept.first(sql, bind_vars.length == 1 ? bind_vars.first : bind_vars, results_as_hash) unless @compiles_anew
        rows ? rows.first : query(sql, bind_vars, &:next)
      end

      # @return [Object, nil] the first value of the first row
      # @raise [Exception] as {#execute}
      # @example
      #   db.get_first_value("SELECT count(*) FROM notes")
      def get_first_value(sql, *bind_vars)
        row = get_first_row(sql, *bind_vars)
        row.is_a?(Hash) ? row.each_value.first : row&.first
      end

      # Begins a transaction; with a block, commits it after the block, or rolls it back if the block raises.
      #
      # Unlike the gem's it can be tried again when the database is busy: with +locking=mvcc+ transactions that meet end so.
      # @param mode [Symbol, String, nil] +deferred+, +immediate+ or +exclusive+
      # @param retries [Integer] how often the block may be called anew, after a short time, when the database is busy
      # @yieldparam database [Database]
      # @return [true, Object] the value of the block
      # @raise [BusyException] if the lock is not had within the timeout
      # @example
      #   db.transaction(:immediate, retries: 5) { |tx| tx.execute("UPDATE notes SET body = ''") }
      def transaction(mode = nil, retries: 0)
        tries = 0
        begin
          execute("BEGIN #{mode || @default_transaction_mode} TRANSACTION")
          block_given? ? commit_after { yield self } : true
        rescue BusyException
          raise if tries >= retries

          @native.synchronize { @native.check(C.hdb_transaction_retry(@native.pointer, tries)) }
          tries += 1
          retry
        end
      end

      # @return [true]
      # @raise [SQLException] if no transaction is open
      # @example
      #   db.commit
      def commit
        execute("COMMIT TRANSACTION")
        true
      end

      # @return [true]
      # @raise [SQLException] if no transaction is open
      # @example
      #   db.rollback
      def rollback
        execute("ROLLBACK TRANSACTION")
        true
      end

      # @return [Boolean]
      # @example
      #   db.transaction { db.transaction_active? } # => true
      def transaction_active?
        @native.ask(:hdb_in_transaction) == 1
      end

      # @return [Boolean] whether it was opened for reading only
      # @example
      #   SQLite3::Database.new("app.db", readonly: true).readonly? # => true
      def readonly?
        @readonly
      end

      # @return [Integer] rowid of the last row inserted through this connection
      # @example
      #   db.last_insert_row_id # => 3
      def last_insert_row_id
        @native.ask(:hdb_last_insert_rowid)
      end

      # @return [Integer] rows changed by the last INSERT, UPDATE or DELETE
      # @example
      #   db.changes # => 1
      def changes
        @native.ask(:hdb_changes)
      end

      # @return [Integer] rows changed since the connection was opened
      # @example
      #   db.total_changes # => 12
      def total_changes
        @native.ask(:hdb_total_changes)
      end

      # Makes the running statement, of another thread, end with {InterruptException}.
      # @return [self]
      # @example
      #   Thread.new { sleep(2) && db.interrupt }
      def interrupt
        C.hdb_interrupt(@native.pointer)
        self
      end

      # @return [String] message of the last error, "not an error" if no statement has failed since one was run
      # @example
      #   db.errmsg # => "no such table: absent"
      def errmsg
        @native.last_error.last
      end

      # @return [Integer] code of the last error
      # @example
      #   db.errcode # => 1
      def errcode
        @native.last_error.first
      end

      # @param enable [Boolean] whether {Exception#code} is an extended result code
      # @example
      #   db.extended_result_codes = true
      def extended_result_codes=(enable)
        @native.extended_codes = enable
      end

      # @param string [String]
      # @return [Boolean] whether it ends with a complete statement
      # @example
      #   db.complete?("SELECT 1;") # => true
      def complete?(string)
        C.hdb_complete(string) == 1
      end

      # @param db_name [String, Symbol] "main", or the name of an attached database
      # @return [String] absolute path of its file, "" if it has none
      # @example
      #   db.filename # => "/srv/app.db"
      def filename(db_name = "main")
        db_filename(db_name.to_s)
      end

      # Tells where a statement would run, what would be sent, and why, without running it.
      # @param sql [String]
      # @return [String] lines of "key: value"
      # @raise [SQLException] and others: it does not compile
      # @example
      #   puts db.explain("SELECT count(*) FROM notes")
      def explain(sql)
        text = @native.output(:pointer, :hdb_explain, sql, sql.bytesize)
        Library.utf8(text.read_string)
      end

      # Waits until everything committed is in the engine's own tables.
      # @return [self]
      # @raise [IOException] if the engine is gone and does not come back
      # @example
      #   db.flush
      def flush
        @native.synchronize { @native.check(C.hdb_flush(@native.pointer)) }
        self
      end

      # Compares the database with the engine, every table and every value.
      # @return [self]
      # @raise [CorruptException] if something differs; the message names the first differences
      # @example
      #   db.verify
      def verify
        @native.output(:int64, :hdb_verify)
        self
      end

      # @return [String] a libpq DSN of the engine, for psql and notebooks of the same user
      # @raise [CantOpenException] if the engine does not start
      # @example
      #   system("psql", db.engine_dsn, "-c", "SELECT count(*) FROM notes")
      def engine_dsn
        Library.utf8(@native.output(:pointer, :hdb_engine_dsn).read_string)
      end

      # @return [String] "embedded" or "daemon"
      # @example
      #   db.mode # => "embedded"
      def mode
        @native.ask(:hdb_conn_mode) == C::HDB_MODE_DAEMON ? "daemon" : "embedded"
      end

      # @return [ResultSet] of the kind that {#results_as_hash} asks for
      # @api private
      def build_result_set(stmt)
        (results_as_hash ? HashResultSet : ResultSet).new(self, stmt)
      end

      private

      # Some errors have ended the transaction already.
      def commit_after
        value = yield
        commit
        value
      rescue StandardError
        rollback if transaction_active?
        raise
      end

      def each_statement(sql)
        until (sql = sql.strip).empty?
          prepare(sql) do |stmt|
            yield stmt unless stmt.closed?
            sql = stmt.remainder
          end
        end
      end
    end
  end
end
