/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The C interface of libheliosdb: SQLite's language, kept in HeliosDB Nano.
 *
 * @mainpage libheliosdb
 *
 * @section program A program
 * @code
 * #include <heliosdb/heliosdb.h>
 * #include <stdio.h>
 *
 * int main(void) {
 *     hdb_conn *conn = NULL;
 *     hdb_stmt *stmt = NULL;
 *     if (hdb_connect("app.db", NULL, &conn) != HDB_OK ||
 *         hdb_exec(conn, "CREATE TABLE IF NOT EXISTS t(a, b); INSERT INTO t VALUES (1, 'one')", -1) != HDB_OK ||
 *         hdb_prepare(conn, "SELECT a, b FROM t", -1, &stmt, NULL) != HDB_OK)
 *         fprintf(stderr, "%s\n", hdb_errmsg(conn));
 *     while (hdb_fetch_row(stmt) == HDB_ROW)
 *         printf("%lld %s\n", (long long)hdb_column_int64(stmt, 0), hdb_column_text(stmt, 1));
 *     hdb_finalize(stmt);
 *     return hdb_close(conn);
 * }
 * @endcode
 *
 * @section handles Handles and ownership
 * `hdb_config`, `hdb_conn` and `hdb_stmt` are opaque. What a function hands out through `out` belongs to the caller
 * until the matching hdb_config_destroy(), hdb_close() or hdb_finalize(); these accept NULL. Every `const char *` or
 * `const void *` result is borrowed: each function says until when it stays valid. What the caller passes in is copied.
 *
 * @section errors Errors
 * Functions that can fail return a code of ::hdb_status. The message, the extended code and the SQLSTATE stay in the
 * connection until its next call. A connect that failed still gives a handle (unless memory ran out), so that
 * hdb_errmsg() can say why; it must be closed like any other.
 *
 * @section threads Threads
 * A connection and its statements may be used from any thread; calls on one connection wait for each other.
 * hdb_interrupt() never waits, nor do the functions that read what the calls before have left: hdb_errmsg() and what else
 * tells of an error, the names and values of a row (`hdb_column_*`), and hdb_changes(), hdb_total_changes(),
 * hdb_last_insert_rowid() and hdb_in_transaction(). These four may be called while another thread's statement runs, and
 * then tell of either statement; for errors and rows, threads that share a connection or a statement take turns from the
 * call to the last use of what it left. A connection must not be used in a child after fork(): every call there returns
 * #HDB_MISUSE, except that closing it there does nothing but close descriptors, and that resetting and finalizing its
 * statements there does nothing.
 *
 * @section process The process
 * In embedded mode the library runs one engine process per database, shared by everybody who has it open, through the
 * helper program `heliosdb-keeper`. No signal handler is installed, no SIGCHLD is used, no descriptor is inherited.
 * One thread per open database brings committed rows to the engine's tables; all signals are blocked in it.
 * The process must have only one copy of libsqlite3, the shared one: two copies that open one file break its locks.
 */
#ifndef HELIOSDB_H
#define HELIOSDB_H

#include <heliosdb/export.h>
#include <heliosdb/status.h>
#include <heliosdb/version.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Settings for hdb_connect(). */
typedef struct hdb_config hdb_config;
/** A connection to one database. */
typedef struct hdb_conn hdb_conn;
/** A prepared statement of one connection. */
typedef struct hdb_stmt hdb_stmt;

/**
 * @defgroup library The library
 * @{
 */

/** Version of the library, "major.minor.patch". Valid for ever. */
HDB_API const char *hdb_version(void);
/** Version of the library as major * 1000000 + minor * 1000 + patch. */
HDB_API int hdb_version_number(void);
/** Version of the SQLite library in use, for example "3.40.1". Valid for ever. */
HDB_API const char *hdb_sqlite_version(void);
/** English name of a result code, primary or extended, as sqlite3_errstr() gives it. Valid for ever. */
HDB_API const char *hdb_errstr(int code);
/**
 * Symbolic name of a result code, primary or extended, for example "SQLITE_CONSTRAINT_UNIQUE"; "HDB_NOTSUPPORTED" and
 * the like for codes that SQLite does not have. NULL if there is no such code. Valid for ever.
 */
HDB_API const char *hdb_errname(int code);
/**
 * Whether a text ends with a complete statement, as sqlite3_complete().
 * @param sql text in UTF-8, ended by NUL
 * @return 1 or 0
 */
HDB_API int hdb_complete(const char *sql);

/** @} */
/**
 * @defgroup config Configuration
 * @{
 */

/**
 * Makes an empty configuration: every key has its default.
 * @return the configuration, to be given to hdb_config_destroy(), or NULL if memory ran out
 */
HDB_API hdb_config *hdb_config_create(void);
/**
 * Sets one key. All keys and their defaults:
 *
 * | key | values | default |
 * |---|---|---|
 * | `mode` | `embedded`, `daemon`, or `plain`: SQLite alone, on a file that no engine keeps | `HELIOSDB_MODE`, else `embedded`; `daemon` for a `postgresql://` database |
 * | `dsn` | a libpq connection string or URI | `HELIOSDB_DSN` (read in daemon mode only) |
 * | `timeout` | seconds, may have a fraction: how long to wait for a lock, and to connect | `5` |
 * | `open` | `rwc`, `rw` or `ro`: create the file, only open it, only read it | `rwc` |
 * | `uri` | `0` or `1`: the database name may be a `file:` URI | `0` |
 * | `memory` | `sqlite` or `engine`: for `:memory:` and "", use no engine until asked, or push every commit | `HELIOSDB_MEMORY`, else `sqlite` |
 * | `engine` | path of the `heliosdb-nano` program | `HELIOSDB_BIN`, then PATH, then the user's cache |
 * | `linger` | seconds the engine stays up after its last user left | `HELIOSDB_LINGER`, else `2` |
 * | `direct` | `auto` or `off`: in daemon mode, may a statement run in the server | `auto` |
 * | `coherence` | `strict`: others may write to the server; `sdk`: only this library, a replica file follows it | `strict` |
 * | `locking` | `sqlite`: one writer at a time; `mvcc`: many, on PostgreSQL, where one that meets another gets HDB_BUSY | `sqlite` |
 * | `notices` | `stderr` or `off`: where progress of long work and repairs are told | `HELIOSDB_NOTICES`, else `stderr` |
 *
 * @param config the configuration
 * @param key one of the keys above
 * @param value its value, or NULL for the default
 * @return #HDB_OK, #HDB_NOTFOUND for an unknown key, #HDB_RANGE for a value the key does not take, #HDB_NOMEM
 */
HDB_API int hdb_config_set(hdb_config *config, const char *key, const char *value);
/**
 * The value set for a key.
 * @return the value, valid until the key is set again or the configuration destroyed; NULL if not set or no such key
 */
HDB_API const char *hdb_config_get(const hdb_config *config, const char *key);
/**
 * The names of all keys, for help texts and for bindings.
 * @param index from 0
 * @return the key, valid for ever, or NULL past the last one
 */
HDB_API const char *hdb_config_key(int index);
/** Frees a configuration; NULL is allowed. Connections made with it are not affected. */
HDB_API void hdb_config_destroy(hdb_config *config);

/** @} */
/**
 * @defgroup connection Connections
 * @{
 */

/**
 * Opens a database.
 *
 * Embedded, `database` is the path of an ordinary SQLite file, made if it is not there; its rows are kept by the engine
 * in the directory `<path>-heliosdb` beside it. An existing SQLite file is taken in. So is a file that is attached: it
 * has an engine of its own, and a transaction over several files happens in all of them or in none. ":memory:" and "" are private and
 * vanish when closed. In daemon mode the rows are the server's and `database` is a label, or the DSN itself.
 *
 * @param database path, ":memory:", "", `file:` URI (key `uri`) or `postgresql://` DSN, in UTF-8
 * @param config settings, or NULL for the defaults
 * @param out the connection, also when the call fails; NULL only if memory ran out
 * @return #HDB_OK; #HDB_CANTOPEN if there is no engine, it does not start, the server can't be reached or refuses the
 *   password; #HDB_NOTADB, #HDB_BUSY, #HDB_READONLY, #HDB_MISUSE as in SQLite
 */
HDB_API int hdb_connect(const char *database, const hdb_config *config, hdb_conn **out);
/**
 * Closes a connection and frees it; NULL is allowed. Statements still open are finalized first, an open transaction is
 * rolled back. The last connection to a database waits until the engine has every row in its tables.
 * @return #HDB_OK, or a code if that could not be waited for: then nothing is lost, the next connection does it
 */
HDB_API int hdb_close(hdb_conn *conn);
/** The ::hdb_mode of a connection, 0 if it is not open. */
HDB_API int hdb_conn_mode(hdb_conn *conn);
/** Absolute path of the database file, "" where there is none. Valid until the connection is closed. */
HDB_API const char *hdb_conn_path(hdb_conn *conn);

/** Primary or extended result code of the last call that failed, of ::hdb_status; #HDB_OK if the last call did not fail. */
HDB_API int hdb_errcode(hdb_conn *conn);
/** As hdb_errcode(), with SQLite's extended codes (https://www.sqlite.org/rescode.html#extrc). */
HDB_API int hdb_extended_errcode(hdb_conn *conn);
/** Message of the last call that failed, "not an error" else. Valid until the next call on the connection. */
HDB_API const char *hdb_errmsg(hdb_conn *conn);
/** SQLSTATE of the last error, five characters ("23505"); "" if the last call did not fail. Valid as hdb_errmsg(). */
HDB_API const char *hdb_sqlstate(hdb_conn *conn);
/** Byte offset in the statement where the last error was seen, -1 if it has no place. */
HDB_API int hdb_error_offset(hdb_conn *conn);

/**
 * Runs every statement of a script and throws rows away.
 * @param sql UTF-8 text; nothing is bound
 * @param length its length in bytes, or -1 if it is ended by NUL
 * @return #HDB_OK, or the code of the statement that failed; those before it have taken effect
 */
HDB_API int hdb_exec(hdb_conn *conn, const char *sql, int64_t length);
/** Rows changed by the last finished INSERT, UPDATE or DELETE, as sqlite3_changes64(). */
HDB_API int64_t hdb_changes(hdb_conn *conn);
/** Rows changed since the connection was opened, as sqlite3_total_changes64(). */
HDB_API int64_t hdb_total_changes(hdb_conn *conn);
/** Rowid of the last row inserted through this connection, as sqlite3_last_insert_rowid(). */
HDB_API int64_t hdb_last_insert_rowid(hdb_conn *conn);
/** 1 between BEGIN and COMMIT or ROLLBACK, else 0. */
HDB_API int hdb_in_transaction(hdb_conn *conn);
/** Sets how long a locked database is waited for, in milliseconds; 0 or less: not at all. */
HDB_API int hdb_busy_timeout(hdb_conn *conn, int milliseconds);
/**
 * Gets ready for another try of a transaction that failed with #HDB_BUSY: rolls it back, if it is still open, and waits for a
 * random time of up to 1, 2, 4 ... 128 ms. With `locking=mvcc` transactions that meet end so, and have done nothing; where one
 * writer waits for the other the busy timeout is over by then.
 *
 * @code
 * int rc, tries = 0;
 * do {
 *     rc = hdb_exec(conn, "BEGIN; UPDATE account SET balance = balance - 1 WHERE id = 1; COMMIT", -1);
 * } while (rc == HDB_BUSY && tries < 10 && hdb_transaction_retry(conn, tries++) == HDB_OK);
 * @endcode
 * @param tries how many have been made anew so far, 0 after the first failure
 * @return #HDB_OK: begin it again; #HDB_INTERRUPT if hdb_interrupt() ended the wait: it is rolled back all the same
 */
HDB_API int hdb_transaction_retry(hdb_conn *conn, int tries);
/**
 * Makes the running statement end with #HDB_INTERRUPT. May be called from any thread while another call runs, and
 * from a signal handler; the caller makes sure that the connection is not closed meanwhile.
 */
HDB_API int hdb_interrupt(hdb_conn *conn);
/** What hdb_progress_handler() calls. @param context as given there @return 0 to go on, else the statement is interrupted */
typedef int (*hdb_progress_callback)(void *context);
/**
 * Has a function called while statements run, so that a program can show progress or look for signals. It is called in
 * the thread that runs the statement and must not use the connection, but for hdb_interrupt().
 * @param operations about how many virtual machine instructions of SQLite lie between two calls
 * @param callback the function, NULL for none; it replaces the one before
 * @param context given to it
 */
HDB_API int hdb_progress_handler(hdb_conn *conn, int operations, hdb_progress_callback callback, void *context);
/**
 * Has a function called about every 20 ms while a call waits for the engine, a server or a lock that is kept there,
 * where no instructions of SQLite run: what hdb_progress_handler() is for statements that work. A call that commits is
 * not asked about.
 * @param callback the function, NULL for none; it replaces the one before; it returns 0 to go on, else the wait ends
 *                 with #HDB_INTERRUPT, as by hdb_interrupt()
 * @param context given to it
 */
HDB_API int hdb_wait_handler(hdb_conn *conn, hdb_progress_callback callback, void *context);
/** Reads or sets a limit, as sqlite3_limit(). @param id SQLITE_LIMIT_* @param value new value, negative: only read
 *  @return the value before, or -1 */
HDB_API int hdb_limit(hdb_conn *conn, int id, int value);
/**
 * Waits until everything committed is in the engine's own tables, readable by psql.
 * @return #HDB_OK, #HDB_IOERR if the engine is gone and does not come back
 */
HDB_API int hdb_flush(hdb_conn *conn);
/**
 * Compares the replica with the engine, every table and every value.
 * @param out number of rows and schema entries that differ; the first ones are named by hdb_errmsg()
 * @return #HDB_OK if the comparison could be made and nothing differs, #HDB_CORRUPT if something does
 */
HDB_API int hdb_verify(hdb_conn *conn, int64_t *out);
/**
 * A libpq DSN of the engine, for psql, BI tools and notebooks of the same user. Reading there is safe; rows written
 * there are found by hdb_verify() only. In daemon mode it is the DSN given, its password masked.
 * @param out the DSN, valid until the next call of this function on the connection
 * @return #HDB_OK, #HDB_CANTOPEN if the engine does not start
 */
HDB_API int hdb_engine_dsn(hdb_conn *conn, const char **out);
/**
 * Tells what would be done with a statement, without doing it.
 * @param out text of `key: value` lines. `lane`: `replica` (SQLite answers), `commit` (SQLite runs it, its write set
 *   goes to the engine), `direct` (one statement of the server), `rows` (the rows are brought to it), `engine` (only
 *   the engine understands it), `session` (concerns this connection alone). `sends`: what goes over the wire. `why`:
 *   the reason. Valid until the next call of this function on the connection.
 * @return #HDB_OK, or the error that preparing the statement gives
 */
HDB_API int hdb_explain(hdb_conn *conn, const char *sql, int64_t length, const char **out);

/** @} */
/**
 * @defgroup statement Statements
 * @{
 */

/**
 * Compiles the first statement of a text.
 * @param sql UTF-8 text
 * @param length its length in bytes, or -1 if it is ended by NUL
 * @param out the statement; NULL if the text holds none (white space, a comment) or on error
 * @param out_tail number of bytes used, where the next statement begins; NULL is allowed
 * @return #HDB_OK or the error, as sqlite3_prepare_v3() gives it; #HDB_NOTSUPPORTED for what is refused by name
 */
HDB_API int hdb_prepare(hdb_conn *conn, const char *sql, int64_t length, hdb_stmt **out, int64_t *out_tail);
/** Frees a statement; NULL is allowed. @return #HDB_OK, or the code of a commit that failed here */
HDB_API int hdb_finalize(hdb_stmt *stmt);
/**
 * Runs a statement up to its first row. A statement that gives no row is finished by it, and committed if no
 * transaction is open. A statement that was run before is reset first.
 * @return #HDB_ROW if hdb_fetch_row() will give a row, #HDB_DONE if it is finished, or an error
 */
HDB_API int hdb_execute(hdb_stmt *stmt);
/**
 * Moves to the next row; runs the statement if hdb_execute() was not called.
 * @return #HDB_ROW, #HDB_DONE after the last row (also when called again), or an error
 */
HDB_API int hdb_fetch_row(hdb_stmt *stmt);
/** Ends the execution; bound values stay. @return #HDB_OK, or the code of a commit that failed here */
HDB_API int hdb_reset(hdb_stmt *stmt);

/** The statement's text. Valid until it is finalized. */
HDB_API const char *hdb_stmt_sql(hdb_stmt *stmt);
/** The statement's text with its parameters filled in. Valid until the next call of this function or hdb_finalize(). */
HDB_API const char *hdb_stmt_expanded_sql(hdb_stmt *stmt);
/** 1 if the statement does not change the database directly, else 0, as sqlite3_stmt_readonly(). */
HDB_API int hdb_stmt_readonly(hdb_stmt *stmt);
/** 1 if the first word is INSERT, UPDATE, DELETE or REPLACE, else 0 (after WITH too): what Python's implicit BEGIN asks. */
HDB_API int hdb_stmt_is_dml(hdb_stmt *stmt);
/** 1 if the statement has been run and neither finished nor reset, else 0. */
HDB_API int hdb_stmt_busy(hdb_stmt *stmt);

/** Number of parameters: the largest index. */
HDB_API int hdb_bind_parameter_count(hdb_stmt *stmt);
/** Name of a parameter with its first character (":a"), NULL if it has none. @param index from 1. Valid until hdb_finalize(). */
HDB_API const char *hdb_bind_parameter_name(hdb_stmt *stmt, int index);
/** Index of a named parameter. @param name with its first character @return from 1; 0 if there is none */
HDB_API int hdb_bind_parameter_index(hdb_stmt *stmt, const char *name);
/** Sets every parameter to NULL. */
HDB_API int hdb_clear_bindings(hdb_stmt *stmt);
/** Binds NULL. @param index from 1 @return #HDB_OK, #HDB_RANGE, #HDB_MISUSE while the statement runs */
HDB_API int hdb_bind_null(hdb_stmt *stmt, int index);
/** Binds an integer; as hdb_bind_null(). */
HDB_API int hdb_bind_int64(hdb_stmt *stmt, int index, int64_t value);
/** Binds a double (NaN becomes NULL, as in SQLite); as hdb_bind_null(). */
HDB_API int hdb_bind_double(hdb_stmt *stmt, int index, double value);
/** Binds UTF-8 text, which is copied. @param length in bytes, -1 if ended by NUL. As hdb_bind_null(), or #HDB_TOOBIG. */
HDB_API int hdb_bind_text(hdb_stmt *stmt, int index, const char *value, int64_t length);
/** Binds bytes, which are copied. @param value may be NULL if @p length is 0: an empty blob. As hdb_bind_text(). */
HDB_API int hdb_bind_blob(hdb_stmt *stmt, int index, const void *value, int64_t length);

/** Number of columns of the result, 0 if the statement gives no rows. */
HDB_API int hdb_column_count(hdb_stmt *stmt);
/** Name of a column. @param column from 0. Valid until the statement is run again or finalized; NULL if out of range. */
HDB_API const char *hdb_column_name(hdb_stmt *stmt, int column);
/** Declared type of the column the result comes from, NULL for an expression. Valid as hdb_column_name(). */
HDB_API const char *hdb_column_decltype(hdb_stmt *stmt, int column);
/** Database the column comes from ("main"), NULL for an expression. Valid as hdb_column_name(). */
HDB_API const char *hdb_column_database(hdb_stmt *stmt, int column);
/** Table the column comes from, NULL for an expression. Valid as hdb_column_name(). */
HDB_API const char *hdb_column_table(hdb_stmt *stmt, int column);
/** Name of the column in its table, NULL for an expression. Valid as hdb_column_name(). */
HDB_API const char *hdb_column_origin(hdb_stmt *stmt, int column);
/** ::hdb_type of a value of the current row; #HDB_TYPE_NULL if there is no row or column. */
HDB_API int hdb_column_type(hdb_stmt *stmt, int column);
/** The value as an integer, converted as SQLite does. */
HDB_API int64_t hdb_column_int64(hdb_stmt *stmt, int column);
/** The value as a double, converted as SQLite does. */
HDB_API double hdb_column_double(hdb_stmt *stmt, int column);
/** The value as text, ended by NUL; NULL for NULL. Valid until the next call on the statement but for hdb_column_bytes(). */
HDB_API const char *hdb_column_text(hdb_stmt *stmt, int column);
/** The value as bytes; NULL for NULL and for an empty blob. Valid as hdb_column_text(). */
HDB_API const void *hdb_column_blob(hdb_stmt *stmt, int column);
/** Length in bytes of what hdb_column_text() or hdb_column_blob() gave last, without the ending NUL. */
HDB_API int64_t hdb_column_bytes(hdb_stmt *stmt, int column);

/** @} */

#ifdef __cplusplus
}
#endif

#include <heliosdb/arrow.h>
#include <heliosdb/backup.h>
#include <heliosdb/blob.h>
#include <heliosdb/block.h>
#include <heliosdb/function.h>
#include <heliosdb/hook.h>
#include <heliosdb/inspect.h>
#include <heliosdb/module.h>
#include <heliosdb/session.h>

#endif
