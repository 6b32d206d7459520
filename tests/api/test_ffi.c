/* SPDX-License-Identifier: Apache-2.0 */
/* Calls every public function through libffi alone, as the bindings do: no prototype of the header is used, only int,
 * int64, double and pointer arguments. Usage: test_ffi LIBRARY SYMBOL_MAP (else HELIOSDB_LIBRARY, HELIOSDB_SYMBOL_MAP).
 * The last tests compare the table of ffi_call.c with the symbol map and check that each was called. */
#include "ffi_call.h"
#include "support.h"

#include <heliosdb/heliosdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_SQL_LENGTH = 1 };

static const char *symbol_map;
static char *directory;

static int make_directory(void **state) {
    (void)state;
    directory = support_make_directory("ffi");
    return 0;
}

static int leave_nothing(void **state) {
    (void)state;
    size_t left = support_await_no_process(directory, 15000);
    support_remove_directory(directory);
    free(directory);
    if (left)
        fprintf(stderr, "%zu processes are left\n", left);
    return left ? -1 : 0;
}

static void *open_database(const char *database) {
    void *conn = NULL;
    int rc = call_int("hdb_connect", database, NULL, &conn);
    if (rc != HDB_OK)
        fail_msg("hdb_connect: %s", (char *)call_pointer("hdb_errmsg", conn));
    return conn;
}

static void run(void *conn, const char *sql) {
    if (call_int("hdb_exec", conn, sql, (int64_t)-1) != HDB_OK)
        fail_msg("%s: %s", sql, (char *)call_pointer("hdb_errmsg", conn));
}

static void *prepare(void *conn, const char *sql) {
    void *stmt = NULL;
    if (call_int("hdb_prepare", conn, sql, (int64_t)-1, &stmt, NULL) != HDB_OK)
        fail_msg("%s: %s", sql, (char *)call_pointer("hdb_errmsg", conn));
    assert_non_null(stmt);
    return stmt;
}

static int64_t count_of(void *conn, const char *sql) {
    void *stmt = prepare(conn, sql);
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_ROW);
    int64_t count = call_int64("hdb_column_int64", stmt, 0);
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    return count;
}

static void test_library(void **state) {
    int major = 0, minor = 0, patch = 0;
    (void)state;
    assert_int_equal(sscanf(call_pointer("hdb_version"), "%d.%d.%d", &major, &minor, &patch), 3);
    assert_int_equal(call_int("hdb_version_number"), major * 1000000 + minor * 1000 + patch);
    assert_int_equal(sscanf(call_pointer("hdb_sqlite_version"), "%d.%d", &major, &minor), 2);
    assert_int_equal(major, 3);
    assert_string_equal(call_pointer("hdb_errstr", HDB_BUSY), "database is locked");
    assert_string_equal(call_pointer("hdb_errname", 2067), "SQLITE_CONSTRAINT_UNIQUE");
    assert_string_equal(call_pointer("hdb_errname", HDB_NOTSUPPORTED), "HDB_NOTSUPPORTED");
    assert_null(call_pointer("hdb_errname", 99));
    assert_int_equal(call_int("hdb_complete", "SELECT 1;"), 1);
    assert_int_equal(call_int("hdb_complete", "SELECT 'a;"), 0);
}

static void test_config(void **state) {
    void *config = call_pointer("hdb_config_create");
    int keys = 0;
    (void)state;
    assert_non_null(config);
    for (const char *key; (key = call_pointer("hdb_config_key", keys)); keys++)
        assert_null(call_pointer("hdb_config_get", config, key));
    assert_true(keys > 0);
    assert_int_equal(call_int("hdb_config_set", config, "timeout", "2.5"), HDB_OK);
    assert_string_equal(call_pointer("hdb_config_get", config, "timeout"), "2.5");
    assert_int_equal(call_int("hdb_config_set", config, "timeout", NULL), HDB_OK);
    assert_null(call_pointer("hdb_config_get", config, "timeout"));
    assert_int_equal(call_int("hdb_config_set", config, "mode", "sideways"), HDB_RANGE);
    assert_int_equal(call_int("hdb_config_set", config, "no such key", "1"), HDB_NOTFOUND);
    call_void("hdb_config_destroy", config);
    call_void("hdb_config_destroy", NULL);
}

static void test_connection(void **state) {
    char *path = support_format("%s/connection.db", directory);
    char *missing = support_format("%s/missing/x.db", directory);
    void *conn = open_database(path);
    (void)state;
    assert_int_equal(call_int("hdb_conn_mode", conn), HDB_MODE_EMBEDDED);
    assert_string_equal(call_pointer("hdb_conn_path", conn), path);
    assert_int_equal(call_int("hdb_errcode", conn), HDB_OK);
    assert_string_equal(call_pointer("hdb_errmsg", conn), "not an error");
    assert_string_equal(call_pointer("hdb_sqlstate", conn), "");
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);

    /* A connect that fails gives a handle that says why. */
    assert_int_equal(call_int("hdb_connect", missing, NULL, &conn), HDB_CANTOPEN);
    assert_non_null(conn);
    assert_int_equal(call_int("hdb_errcode", conn), HDB_CANTOPEN);
    assert_int_equal(call_int("hdb_conn_mode", conn), 0);
    assert_true(strlen(call_pointer("hdb_errmsg", conn)) > 0);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
    free(missing);
    free(path);
}

static void test_errors(void **state) {
    void *conn = open_database(":memory:");
    (void)state;
    assert_int_equal(call_int("hdb_exec", conn, "SELECT 1 FRM t", (int64_t)-1), HDB_ERROR);
    assert_int_equal(call_int("hdb_errcode", conn), HDB_ERROR);
    assert_string_equal(call_pointer("hdb_errmsg", conn), "near \"t\": syntax error");
    assert_int_equal(call_int("hdb_error_offset", conn), 13);
    assert_int_equal(strlen(call_pointer("hdb_sqlstate", conn)), 5);
    run(conn, "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)");
    assert_int_equal(call_int("hdb_exec", conn, "INSERT INTO t VALUES (1)", (int64_t)-1), HDB_CONSTRAINT);
    assert_int_equal(call_int("hdb_extended_errcode", conn), 2067);
    assert_string_equal(call_pointer("hdb_sqlstate", conn), "23505");
    assert_int_equal(call_int("hdb_error_offset", conn), -1);
    run(conn, "SELECT 1");
    assert_int_equal(call_int("hdb_extended_errcode", conn), HDB_OK);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_exec_and_counts(void **state) {
    static const char script[] =
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a); INSERT INTO t(a) VALUES (1), (2); NONSENSE";
    void *conn = open_database(":memory:");
    (void)state;
    /* The length ends the script before its last word. */
    assert_int_equal(call_int("hdb_exec", conn, script, (int64_t)(sizeof script - 1 - strlen("NONSENSE"))), HDB_OK);
    assert_true(call_int64("hdb_changes", conn) == 2);
    assert_true(call_int64("hdb_last_insert_rowid", conn) == 2);
    run(conn, "INSERT INTO t VALUES (9000000000000000000, 3); UPDATE t SET a = 0");
    assert_true(call_int64("hdb_last_insert_rowid", conn) == 9000000000000000000);
    assert_true(call_int64("hdb_changes", conn) == 3);
    assert_true(call_int64("hdb_total_changes", conn) == 6);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_transactions(void **state) {
    char *path = support_format("%s/transactions.db", directory);
    void *first = open_database(path), *second = open_database(path);
    (void)state;
    run(first, "CREATE TABLE t(a)");
    assert_int_equal(call_int("hdb_in_transaction", first), 0);
    run(first, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    assert_int_equal(call_int("hdb_in_transaction", first), 1);
    assert_int_equal(call_int("hdb_busy_timeout", second, 100), HDB_OK);
    assert_int_equal(call_int("hdb_transaction_retry", second, 0), HDB_OK);
    long long start = support_now_ms();
    assert_int_equal(call_int("hdb_exec", second, "BEGIN IMMEDIATE", (int64_t)-1), HDB_BUSY);
    assert_true(support_now_ms() - start >= 90);
    assert_true(count_of(second, "SELECT count(*) FROM t") == 0);
    run(first, "COMMIT");
    assert_true(count_of(second, "SELECT count(*) FROM t") == 1);
    assert_int_equal(call_int("hdb_close", second), HDB_OK);
    assert_int_equal(call_int("hdb_close", first), HDB_OK);
    free(path);
}

static void test_statement(void **state) {
    static const char sql[] = "INSERT INTO t VALUES (:a, ?2) RETURNING a";
    void *conn = open_database(":memory:"), *stmt = NULL;
    int64_t tail = 0;
    (void)state;
    run(conn, "CREATE TABLE t(a, b)");
    char *two = support_format("%s; SELECT 1", sql);
    assert_int_equal(call_int("hdb_prepare", conn, two, (int64_t)-1, &stmt, &tail), HDB_OK);
    assert_true(tail == (int64_t)strlen(sql) + 1);
    free(two);
    assert_memory_equal(call_pointer("hdb_stmt_sql", stmt), sql, strlen(sql));
    assert_int_equal(call_int("hdb_stmt_readonly", stmt), 0);
    assert_int_equal(call_int("hdb_stmt_is_dml", stmt), 1);
    assert_int_equal(call_int("hdb_bind_parameter_count", stmt), 2);
    assert_string_equal(call_pointer("hdb_bind_parameter_name", stmt, 1), ":a");
    assert_null(call_pointer("hdb_bind_parameter_name", stmt, 3));
    assert_int_equal(call_int("hdb_bind_parameter_index", stmt, ":a"), 1);
    assert_int_equal(call_int("hdb_bind_parameter_index", stmt, ":b"), 0);
    assert_int_equal(call_int("hdb_bind_int64", stmt, 1, (int64_t)42), HDB_OK);
    assert_int_equal(call_int("hdb_bind_int64", stmt, 3, (int64_t)42), HDB_RANGE);
    assert_non_null(strstr(call_pointer("hdb_stmt_expanded_sql", stmt), "(42, NULL)"));
    assert_int_equal(call_int("hdb_stmt_busy", stmt), 0);
    assert_int_equal(call_int("hdb_execute", stmt), HDB_ROW);
    assert_int_equal(call_int("hdb_stmt_busy", stmt), 1);
    assert_int_equal(call_int("hdb_bind_null", stmt, 1), HDB_MISUSE);
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_ROW);
    assert_true(call_int64("hdb_column_int64", stmt, 0) == 42);
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_DONE);
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_DONE);
    assert_int_equal(call_int("hdb_reset", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_clear_bindings", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_execute", stmt), HDB_ROW);
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    assert_true(count_of(conn, "SELECT count(*) FROM t WHERE a IS NULL") == 1);
    assert_int_equal(call_int("hdb_prepare", conn, "  -- none", (int64_t)-1, &stmt, &tail), HDB_OK);
    assert_null(stmt);
    assert_int_equal(call_int("hdb_finalize", NULL), HDB_OK);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_values(void **state) {
    static const char blob[] = {0, 1, (char)0xff, 0};
    void *conn = open_database(":memory:"), *stmt = prepare(conn, "SELECT ?, ?, ?, ?, ?, ?");
    (void)state;
    assert_int_equal(call_int("hdb_bind_int64", stmt, 1, INT64_MIN), HDB_OK);
    assert_int_equal(call_int("hdb_bind_double", stmt, 2, -1.5e300), HDB_OK);
    assert_int_equal(call_int("hdb_bind_text", stmt, 3, "a\0bc", (int64_t)3), HDB_OK);
    assert_int_equal(call_int("hdb_bind_blob", stmt, 4, blob, (int64_t)sizeof blob), HDB_OK);
    assert_int_equal(call_int("hdb_bind_null", stmt, 5), HDB_OK);
    assert_int_equal(call_int("hdb_bind_blob", stmt, 6, NULL, (int64_t)0), HDB_OK);
    assert_int_equal(call_int("hdb_column_count", stmt), 6);
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_ROW);
    static const int types[] = {HDB_TYPE_INTEGER, HDB_TYPE_FLOAT, HDB_TYPE_TEXT,
                                HDB_TYPE_BLOB,    HDB_TYPE_NULL,  HDB_TYPE_BLOB};
    for (int i = 0; i < 6; i++)
        assert_int_equal(call_int("hdb_column_type", stmt, i), types[i]);
    assert_int_equal(call_int("hdb_column_type", stmt, 6), HDB_TYPE_NULL);
    assert_true(call_int64("hdb_column_int64", stmt, 0) == INT64_MIN);
    assert_true(call_double("hdb_column_double", stmt, 1) == -1.5e300);
    assert_memory_equal(call_pointer("hdb_column_text", stmt, 2), "a\0b", 4);
    assert_true(call_int64("hdb_column_bytes", stmt, 2) == 3);
    assert_memory_equal(call_pointer("hdb_column_blob", stmt, 3), blob, sizeof blob);
    assert_true(call_int64("hdb_column_bytes", stmt, 3) == sizeof blob);
    assert_null(call_pointer("hdb_column_text", stmt, 4));
    assert_null(call_pointer("hdb_column_blob", stmt, 5));
    assert_true(call_int64("hdb_column_bytes", stmt, 5) == 0);
    assert_string_equal(call_pointer("hdb_column_text", stmt, 0), "-9223372036854775808");
    assert_int_equal(call_int("hdb_close", conn), HDB_OK); /* finalizes the statement */
}

static void test_blocks(void **state) {
    void *conn = open_database(":memory:");
    const int64_t rows[] = {2, 1, HDB_BLOCK_INTEGER, 40, 16, 7, 35}, seven[] = {7, 0x0101010101010101 * HDB_TYPE_INTEGER};
    const void *block = NULL;
    int64_t size = 0, done = 0, changed = 0;
    (void)state;
    run(conn, "CREATE TABLE t(a)");
    void *stmt = prepare(conn, "INSERT INTO t VALUES (?)");
    assert_int_equal(call_int("hdb_execute_values", stmt, seven, (int64_t)9, &changed, &done), HDB_DONE);
    assert_true(done == 1 && changed == 1);
    run(conn, "DELETE FROM t");
    assert_int_equal(call_int("hdb_execute_block", stmt, rows, (int64_t)sizeof rows, &done, &changed), HDB_OK);
    assert_true(done == 2 && changed == 2);
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    stmt = prepare(conn, "SELECT a FROM t");
    assert_int_equal(call_int("hdb_fetch_block", stmt, (int64_t)-1, &block, &size), HDB_DONE);
    assert_int_equal(size, sizeof rows);
    assert_memory_equal(block, rows, sizeof rows);
    assert_int_equal(call_int("hdb_reset", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_fetch_values", stmt, &block, &size), HDB_ROW);
    assert_int_equal(size, 9);
    assert_memory_equal(block, seven, 9);
    assert_int_equal(call_int("hdb_step_values", stmt, (void *)NULL, (int64_t)0, &block, &size), HDB_DONE);
    assert_null(block);
    struct ArrowArrayStream stream;
    struct ArrowArray array;
    assert_int_equal(call_int("hdb_reset", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_fetch_arrow", stmt, &stream), HDB_OK);
    assert_int_equal(stream.get_next(&stream, &array), 0);
    assert_true(array.length == 2 && ((const int64_t *)array.children[0]->buffers[1])[1] == 35);
    array.release(&array);
    stream.release(&stream);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_column_names(void **state) {
    void *conn = open_database(":memory:");
    (void)state;
    run(conn, "CREATE TABLE t(a VARCHAR(10))");
    void *stmt = prepare(conn, "SELECT a AS x, a || '' FROM t");
    assert_string_equal(call_pointer("hdb_column_name", stmt, 0), "x");
    assert_string_equal(call_pointer("hdb_column_decltype", stmt, 0), "VARCHAR(10)");
    assert_string_equal(call_pointer("hdb_column_database", stmt, 0), "main");
    assert_string_equal(call_pointer("hdb_column_table", stmt, 0), "t");
    assert_string_equal(call_pointer("hdb_column_origin", stmt, 0), "a");
    assert_null(call_pointer("hdb_column_decltype", stmt, 1));
    assert_null(call_pointer("hdb_column_table", stmt, 1));
    assert_null(call_pointer("hdb_column_name", stmt, 2));
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_limit(void **state) {
    void *conn = open_database(":memory:");
    (void)state;
    int before = call_int("hdb_limit", conn, LIMIT_SQL_LENGTH, 100);
    assert_true(before > 100);
    assert_int_equal(call_int("hdb_limit", conn, LIMIT_SQL_LENGTH, -1), 100);
    assert_int_equal(call_int("hdb_limit", conn, 1000, -1), -1);
    char *sql = support_format("SELECT '%0200d'", 0);
    assert_int_equal(call_int("hdb_exec", conn, sql, (int64_t)-1), HDB_TOOBIG);
    free(sql);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

struct watch {
    void *conn;
    atomic_int ended;
};

/* An interrupt before the statement runs has no effect, so it is repeated. */
static void *interrupt_until_ended(void *argument) {
    struct watch *watch = argument;
    while (!watch->ended) {
        support_sleep_ms(20);
        call_int("hdb_interrupt", watch->conn);
    }
    return NULL;
}

static void test_interrupt(void **state) {
    static const char endless[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n";
    struct watch watch = {.conn = open_database(":memory:")};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_until_ended, &watch), 0);
    int rc = call_int("hdb_exec", watch.conn, endless, (int64_t)-1);
    watch.ended = 1;
    pthread_join(thread, NULL);
    assert_int_equal(rc, HDB_INTERRUPT);
    assert_int_equal(call_int("hdb_close", watch.conn), HDB_OK);
}

/* Ends the statement at its third call. */
static int count_and_stop(void *context) {
    int *calls = context;
    return ++*calls == 3;
}

static void test_progress_handler(void **state) {
    void *conn = open_database(":memory:");
    int calls = 0;
    (void)state;
    assert_int_equal(call_int("hdb_progress_handler", conn, 100, (void *)count_and_stop, &calls), HDB_OK);
    assert_int_equal(call_int("hdb_exec", conn, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n",
                              (int64_t)-1),
                     HDB_INTERRUPT);
    assert_int_equal(calls, 3);
    assert_int_equal(call_int("hdb_progress_handler", conn, 0, NULL, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_wait_handler", conn, (void *)count_and_stop, &calls), HDB_OK);
    run(conn, "SELECT 1");
    assert_int_equal(calls, 3);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

/* Gives one argument back, whatever it is; the second one says how. */
static void answer(void *user_data, void *context, int count, void **arguments) {
    ++*(int *)user_data;
    assert_int_equal(count, 2);
    assert_non_null(call_pointer("hdb_context_conn", context));
    switch (call_int64("hdb_datum_int64", arguments[1])) {
    case 0:
        call_void("hdb_result_null", context);
        break;
    case 1:
        call_void("hdb_result_int64", context, call_int64("hdb_datum_int64", arguments[0]));
        break;
    case 2:
        call_void("hdb_result_double", context, call_double("hdb_datum_double", arguments[0]));
        break;
    case 3:
        call_void("hdb_result_text", context, call_pointer("hdb_datum_text", arguments[0]),
                  call_int64("hdb_datum_bytes", arguments[0]));
        break;
    case 4:
        call_void("hdb_result_blob", context, call_pointer("hdb_datum_blob", arguments[0]),
                  call_int64("hdb_datum_bytes", arguments[0]));
        break;
    case 5:
        call_void("hdb_result_datum", context, arguments[0]);
        call_void("hdb_result_subtype", context, 7);
        break;
    case 6:
        call_void("hdb_result_int64", context, (int64_t)call_int("hdb_datum_subtype", arguments[0]));
        break;
    case 7:
        call_void("hdb_result_int64", context,
                  (int64_t)(10 * call_int("hdb_datum_type", arguments[0]) + call_int("hdb_datum_numeric_type", arguments[0])));
        break;
    case 8:
        call_void("hdb_result_zeroblob", context, (int64_t)3);
        break;
    case 9:
        call_void("hdb_result_error", context, "no such answer", (int64_t)2);
        call_void("hdb_result_error_code", context, HDB_RANGE);
        break;
    case 10:
        call_void("hdb_result_error_nomem", context);
        break;
    default:
        call_void("hdb_result_error_toobig", context);
    }
}

static void count_up(void *user_data) {
    ++*(int *)user_data;
}

static void test_function(void **state) {
    void *conn = open_database(":memory:");
    int uses = 0;
    (void)state;
    assert_int_equal(call_int("hdb_create_function", conn, "answer", 2, HDB_FUNCTION_SUBTYPE, (void *)answer, &uses, (void *)count_up), HDB_OK);
    void *stmt = prepare(conn, "SELECT answer(42, 1), answer(1.5, 2), answer('abc', 3), answer(x'00ff', 4), answer(1, 0), answer(9, 5),"
                               " answer(answer(1, 5), 6), answer('12', 7), answer(0, 8)");
    assert_int_equal(call_int("hdb_fetch_row", stmt), HDB_ROW);
    assert_true(call_int64("hdb_column_int64", stmt, 0) == 42);
    assert_true(call_double("hdb_column_double", stmt, 1) == 1.5);
    assert_string_equal(call_pointer("hdb_column_text", stmt, 2), "abc");
    assert_memory_equal(call_pointer("hdb_column_blob", stmt, 3), "\0\377", 2);
    assert_int_equal(call_int("hdb_column_type", stmt, 4), HDB_TYPE_NULL);
    assert_true(call_int64("hdb_column_int64", stmt, 5) == 9);
    assert_true(call_int64("hdb_column_int64", stmt, 6) == 7);
    assert_true(call_int64("hdb_column_int64", stmt, 7) == 10 * HDB_TYPE_TEXT + HDB_TYPE_INTEGER);
    assert_memory_equal(call_pointer("hdb_column_blob", stmt, 8), "\0\0\0", 3);
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_exec", conn, "SELECT answer(0, 9)", (int64_t)-1), HDB_RANGE);
    assert_string_equal(call_pointer("hdb_errmsg", conn), "no");
    assert_int_equal(call_int("hdb_exec", conn, "SELECT answer(0, 10)", (int64_t)-1), HDB_NOMEM);
    assert_int_equal(call_int("hdb_exec", conn, "SELECT answer(0, 11)", (int64_t)-1), HDB_TOOBIG);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
    assert_int_equal(uses, 14);
}

static void step_longest(void *user_data, void *context, int count, void **arguments) {
    int64_t *longest = call_pointer("hdb_aggregate_context", context, (int)sizeof *longest);
    (void)user_data;
    call_pointer("hdb_datum_text", arguments[count - 1]);
    int64_t size = call_int64("hdb_datum_bytes", arguments[count - 1]);
    *longest = size > *longest ? size : *longest;
}

static void inverse_longest(void *user_data, void *context, int count, void **arguments) {
    (void)user_data, (void)context, (void)count, (void)arguments;
}

static void give_longest(void *user_data, void *context) {
    const int64_t *longest = call_pointer("hdb_aggregate_context", context, 0);
    (void)user_data;
    call_void("hdb_result_int64", context, longest ? *longest : (int64_t)0);
}

static int compare_lengths(void *user_data, int first_size, const void *first, int second_size, const void *second) {
    (void)user_data, (void)first, (void)second;
    return first_size - second_size;
}

static void need_collation(void *user_data, void *conn, const char *name) {
    assert_int_equal(call_int("hdb_create_collation", conn, name, (void *)compare_lengths, NULL, NULL), HDB_OK);
    ++*(int *)user_data;
}

static void test_aggregates_and_collations(void **state) {
    void *conn = open_database(":memory:");
    int needed = 0;
    (void)state;
    run(conn, "CREATE TABLE t(a); INSERT INTO t VALUES ('ccc'), ('b'), ('aa')");
    assert_int_equal(call_int("hdb_create_aggregate", conn, "longest", 1, 0, (void *)step_longest, (void *)give_longest, NULL, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_create_window_function", conn, "longest_over", 1, 0, (void *)step_longest, (void *)give_longest,
                              (void *)give_longest, (void *)inverse_longest, NULL, NULL),
                     HDB_OK);
    assert_int_equal(call_int("hdb_collation_needed", conn, (void *)need_collation, &needed), HDB_OK);
    assert_true(count_of(conn, "SELECT longest(a) FROM t") == 3);
    assert_true(count_of(conn, "SELECT longest_over(a) OVER (ORDER BY a ROWS CURRENT ROW) FROM t LIMIT 1") == 2);
    assert_true(count_of(conn, "SELECT a = 'b' FROM t ORDER BY a COLLATE length LIMIT 1") == 1);
    assert_int_equal(needed, 1);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static int connect_single(void *user_data, void *table, int count, const char *const *arguments, void **out) {
    (void)user_data, (void)count, (void)arguments;
    *out = NULL;
    call_void("hdb_vtable_error", table, NULL);
    return call_int("hdb_vtable_declare", table, "CREATE TABLE x(wanted HIDDEN, value)", 1, 0);
}

static int open_single(void *state, int64_t given, int count, void **arguments, void **out) {
    static int rows;
    (void)state;
    rows = given == 1 && count == 1 ? (int)call_int64("hdb_datum_int64", arguments[0]) : 0;
    *out = &rows;
    return HDB_OK;
}

static int next_single(void *scan) {
    return (*(int *)scan)-- > 0 ? HDB_ROW : HDB_DONE;
}

static int give_single(void *scan, int column, void *context) {
    call_void("hdb_result_int64", context, (int64_t)(column ? *(int *)scan : -1));
    return HDB_OK;
}

static void test_module(void **state) {
    void *conn = open_database(":memory:");
    (void)state;
    assert_int_equal(call_int("hdb_create_module", conn, "single", HDB_MODULE_EPONYMOUS, (void *)connect_single, NULL,
                              (void *)open_single, (void *)next_single, (void *)give_single, NULL, NULL, NULL),
                     HDB_OK);
    assert_true(count_of(conn, "SELECT count(*) FROM single(4)") == 4);
    assert_true(count_of(conn, "SELECT sum(value) FROM single(4)") == 6);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

/* What each hook saw. */
struct seen {
    int authorized, traced, committed, rolled_back, updated, waited;
};

static int on_authorize(void *user_data, int action, const char *first, const char *second, const char *database, const char *trigger) {
    struct seen *seen = user_data;
    (void)first, (void)second, (void)database, (void)trigger;
    seen->authorized++;
    return action == HDB_ACTION_DROP_TABLE ? HDB_DENY : HDB_ALLOW;
}

static int on_trace(void *user_data, int event, void *stmt, const char *sql, int64_t nanoseconds) {
    struct seen *seen = user_data;
    (void)stmt;
    seen->traced += event == HDB_TRACE_STMT && sql && nanoseconds == 0;
    return 0;
}

static int on_commit(void *user_data) {
    struct seen *seen = user_data;
    return ++seen->committed == 2;
}

static void on_rollback(void *user_data) {
    struct seen *seen = user_data;
    seen->rolled_back++;
}

static void on_update(void *user_data, int operation, const char *database, const char *table, int64_t rowid) {
    struct seen *seen = user_data;
    seen->updated += operation == HDB_OPERATION_INSERT && strcmp(database, "main") == 0 && strcmp(table, "t") == 0 && rowid > 0;
}

static int on_busy(void *user_data, int count) {
    struct seen *seen = user_data;
    seen->waited = count + 1;
    return count < 1;
}

static void test_hooks(void **state) {
    char *path = support_format("%s/hooks.db", directory);
    void *conn = open_database(path), *other = open_database(path);
    struct seen seen = {0};
    (void)state;
    run(conn, "CREATE TABLE t(a)");
    assert_int_equal(call_int("hdb_set_authorizer", conn, (void *)on_authorize, &seen, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_trace", conn, HDB_TRACE_STMT, (void *)on_trace, &seen, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_commit_hook", conn, (void *)on_commit, &seen, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_rollback_hook", conn, (void *)on_rollback, &seen, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_update_hook", conn, (void *)on_update, &seen, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_busy_handler", conn, (void *)on_busy, &seen, NULL), HDB_OK);
    run(conn, "INSERT INTO t VALUES (1)");
    assert_int_equal(call_int("hdb_exec", conn, "INSERT INTO t VALUES (2)", (int64_t)-1), HDB_CONSTRAINT);
    assert_int_equal(call_int("hdb_exec", conn, "DROP TABLE t", (int64_t)-1), HDB_AUTH);
    assert_true(seen.authorized > 3);
    assert_int_equal(seen.traced, 2);
    assert_int_equal(seen.committed, 2);
    assert_int_equal(seen.rolled_back, 1);
    assert_int_equal(seen.updated, 2);
    run(other, "BEGIN IMMEDIATE");
    assert_int_equal(call_int("hdb_exec", conn, "INSERT INTO t VALUES (3)", (int64_t)-1), HDB_BUSY);
    assert_int_equal(seen.waited, 2);
    assert_int_equal(call_int("hdb_close", other), HDB_OK);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
    free(path);
}

static void test_blob(void **state) {
    void *conn = open_database(":memory:"), *blob = NULL;
    char bytes[4] = "";
    (void)state;
    run(conn, "CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(4)), (x'01')");
    assert_int_equal(call_int("hdb_blob_open", conn, "main", "t", "b", (int64_t)1, 1, &blob), HDB_OK);
    assert_int_equal(call_int("hdb_blob_bytes", blob), 4);
    assert_int_equal(call_int("hdb_blob_write", blob, "ab", 2, 1), HDB_OK);
    assert_int_equal(call_int("hdb_blob_read", blob, bytes, 4, 0), HDB_OK);
    assert_memory_equal(bytes, "\0ab\0", 4);
    assert_int_equal(call_int("hdb_blob_reopen", blob, (int64_t)2), HDB_OK);
    assert_int_equal(call_int("hdb_blob_bytes", blob), 1);
    assert_int_equal(call_int("hdb_blob_close", blob), HDB_OK);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_inspection(void **state) {
    void *conn = open_database(":memory:");
    int64_t current = 0, highest = 0;
    const char *decltype = NULL, *collation = NULL;
    int flags[3] = {0}, value = -1;
    (void)state;
    run(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a VARCHAR COLLATE RTRIM)");
    void *stmt = prepare(conn, "EXPLAIN SELECT * FROM t");
    assert_true(call_int("hdb_threadsafe") >= 0);
    assert_int_equal(call_int("hdb_library_status", 0, &current, &highest, 0), HDB_OK);
    assert_true(current > 0 && highest >= current);
    assert_int_equal(call_int("hdb_conn_status", conn, 2, &current, &highest, 0), HDB_OK);
    assert_true(call_int("hdb_stmt_status", stmt, 99, 0) > 0);
    assert_int_equal(call_int("hdb_stmt_is_explain", stmt), 1);
    assert_ptr_equal(call_pointer("hdb_stmt_conn", stmt), conn);
    assert_int_equal(call_int("hdb_finalize", stmt), HDB_OK);
    assert_int_equal(call_int("hdb_db_config", conn, HDB_DBCONFIG_ENABLE_FKEY, 1, &value), HDB_OK);
    assert_int_equal(value, 1);
    assert_int_equal(call_int("hdb_set_last_insert_rowid", conn, (int64_t)5), HDB_OK);
    assert_true(call_int64("hdb_last_insert_rowid", conn) == 5);
    assert_int_equal(call_int("hdb_is_interrupted", conn), 0);
    assert_int_equal(call_int("hdb_txn_state", conn, NULL), HDB_TXN_NONE);
    assert_int_equal(call_int("hdb_db_readonly", conn, "main"), 0);
    assert_string_equal(call_pointer("hdb_db_filename", conn, "main"), "");
    assert_int_equal(call_int("hdb_table_column_metadata", conn, "main", "t", "a", &decltype, &collation, &flags[0], &flags[1], &flags[2]), HDB_OK);
    assert_string_equal(decltype, "VARCHAR");
    assert_string_equal(collation, "RTRIM");
    assert_int_equal(call_int("hdb_enable_load_extension", conn, 1), HDB_OK);
    assert_int_equal(call_int("hdb_load_extension", conn, "/absent", NULL), HDB_ERROR);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static int want_table(void *user_data, const char *table) {
    return ++*(int *)user_data > 0 && strcmp(table, "t") == 0;
}

static int on_conflict(void *user_data, int conflict, void *change) {
    ++*(int *)user_data;
    assert_int_equal(conflict, HDB_CONFLICT_CONFLICT);
    assert_string_equal(call_pointer("hdb_change_table", change), "t");
    assert_int_equal(call_int("hdb_change_operation", change), HDB_OPERATION_INSERT);
    assert_int_equal(call_int("hdb_change_indirect", change), 1);
    assert_int_equal(call_int("hdb_change_columns", change), 2);
    assert_int_equal(call_int("hdb_change_is_key", change, 0), 1);
    assert_null(call_pointer("hdb_change_old", change, 1));
    assert_true(call_int64("hdb_datum_int64", call_pointer("hdb_change_new", change, 1)) == 5);
    assert_true(call_int64("hdb_datum_int64", call_pointer("hdb_change_conflict", change, 1)) == 6);
    assert_int_equal(call_int("hdb_change_violations", change), 0);
    return HDB_RESOLUTION_REPLACE;
}

static void test_session(void **state) {
    void *conn = open_database(":memory:"), *session = NULL, *made = NULL, *other = NULL, *both = NULL;
    int64_t size = 0, other_size = 0, both_size = 0;
    int calls = 0;
    (void)state;
    run(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)");
    assert_int_equal(call_int("hdb_session_create", conn, "main", &session), HDB_OK);
    assert_int_equal(call_int("hdb_session_attach", session, NULL), HDB_OK);
    assert_int_equal(call_int("hdb_session_is_empty", session), 1);
    assert_int_equal(call_int("hdb_session_enable", session, -1), 1);
    assert_int_equal(call_int("hdb_session_indirect", session, 1), 1);
    run(conn, "INSERT INTO t VALUES (1, 5)");
    assert_int_equal(call_int("hdb_session_changeset", session, &made, &size), HDB_OK);
    assert_int_equal(call_int("hdb_session_patchset", session, &other, &other_size), HDB_OK);
    assert_true(size > 0 && other_size > 0);
    call_void("hdb_free", other);
    call_void("hdb_session_delete", session);
    run(conn, "UPDATE t SET a = 6");
    assert_int_equal(call_int("hdb_changeset_apply", conn, made, size, (void *)want_table, (void *)on_conflict, &calls), HDB_OK);
    assert_int_equal(calls, 2);
    assert_true(count_of(conn, "SELECT a FROM t") == 5);
    assert_int_equal(call_int("hdb_changeset_invert", made, size, &other, &other_size), HDB_OK);
    assert_int_equal(call_int("hdb_changeset_concat", other, other_size, made, size, &both, &both_size), HDB_OK);
    call_void("hdb_free", both);
    call_void("hdb_free", other);
    call_void("hdb_free", made);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
}

static void test_engine(void **state) {
    char *path = support_format("%s/engine.db", directory);
    void *conn = open_database(path);
    const char *text = NULL;
    int64_t differences = -1;
    (void)state;
    run(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t(a) VALUES ('one'), ('two')");
    assert_int_equal(call_int("hdb_flush", conn), HDB_OK);
    assert_int_equal(call_int("hdb_verify", conn, &differences), HDB_OK);
    assert_true(differences == 0);
    assert_int_equal(call_int("hdb_engine_dsn", conn, &text), HDB_OK);
    assert_non_null(strstr(text, "host"));
    assert_int_equal(call_int("hdb_explain", conn, "SELECT * FROM t", (int64_t)-1, &text), HDB_OK);
    assert_non_null(strstr(text, "lane: replica"));
    assert_int_equal(call_int("hdb_explain", conn, "DELETE FROM t", (int64_t)-1, &text), HDB_OK);
    assert_non_null(strstr(text, "lane: commit"));
    assert_int_equal(call_int("hdb_explain", conn, "SELECT * FROM absent", (int64_t)-1, &text), HDB_ERROR);
    assert_int_equal(call_int("hdb_close", conn), HDB_OK);
    free(path);
}

/* A NULL handle is refused, never followed. */
static void test_backup(void **state) {
    void *from = open_database(":memory:"), *to = open_database(":memory:"), *backup = NULL, *bytes = NULL;
    int64_t size = 0;
    (void)state;
    run(from, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)");
    assert_int_equal(call_int("hdb_backup_init", to, "main", from, "main", &backup), HDB_OK);
    assert_int_equal(call_int("hdb_backup_step", backup, 1), HDB_OK);
    assert_int_equal(call_int("hdb_backup_pagecount", backup), 2);
    assert_int_equal(call_int("hdb_backup_remaining", backup), 1);
    assert_int_equal(call_int("hdb_backup_step", backup, -1), HDB_DONE);
    assert_int_equal(call_int("hdb_backup_finish", backup), HDB_OK);
    assert_int_equal(count_of(to, "SELECT count(*) FROM t"), 2);
    run(to, "DELETE FROM t");
    assert_int_equal(call_int("hdb_serialize", from, "main", &bytes, &size), HDB_OK);
    assert_int_equal(call_int("hdb_deserialize", to, "main", bytes, size), HDB_OK);
    call_void("hdb_free", bytes);
    assert_int_equal(count_of(to, "SELECT count(*) FROM t"), 2);
    assert_int_equal(call_int("hdb_close", from), HDB_OK);
    assert_int_equal(call_int("hdb_close", to), HDB_OK);
}

static void test_null_handles(void **state) {
    void *out = NULL;
    int64_t number = 0;
    static const char *const refused[] = {"hdb_execute",        "hdb_fetch_row", "hdb_reset",
                                          "hdb_clear_bindings", "hdb_flush",     "hdb_interrupt"};
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(call_int(refused[i], NULL), HDB_MISUSE);
    assert_int_equal(call_int("hdb_connect", ":memory:", NULL, NULL), HDB_MISUSE);
    assert_int_equal(call_int("hdb_exec", NULL, "SELECT 1", (int64_t)-1), HDB_MISUSE);
    assert_int_equal(call_int("hdb_prepare", NULL, "SELECT 1", (int64_t)-1, &out, NULL), HDB_MISUSE);
    assert_int_equal(call_int("hdb_explain", NULL, "SELECT 1", (int64_t)-1, &out), HDB_MISUSE);
    assert_int_equal(call_int("hdb_engine_dsn", NULL, &out), HDB_MISUSE);
    assert_int_equal(call_int("hdb_verify", NULL, &number), HDB_MISUSE);
    assert_int_equal(call_int("hdb_busy_timeout", NULL, 1), HDB_MISUSE);
    assert_int_equal(call_int("hdb_transaction_retry", NULL, 0), HDB_MISUSE);
    assert_int_equal(call_int("hdb_bind_int64", NULL, 1, (int64_t)1), HDB_MISUSE);
    assert_int_equal(call_int("hdb_column_count", NULL), 0);
    assert_null(call_pointer("hdb_column_text", NULL, 0));
    assert_null(call_pointer("hdb_stmt_sql", NULL));
    assert_int_equal(call_int("hdb_errcode", NULL), HDB_MISUSE);
    assert_non_null(call_pointer("hdb_errmsg", NULL));
    assert_int_equal(call_int("hdb_limit", NULL, LIMIT_SQL_LENGTH, -1), -1);
    assert_int_equal(call_int("hdb_close", NULL), HDB_OK);
}

/* Every name in the map is in the table, and nothing else is. */
static void test_the_table_is_the_symbol_map(void **state) {
    FILE *file = fopen(symbol_map, "r");
    char word[128];
    size_t exported = 0;
    (void)state;
    assert_non_null(file);
    /* Words are names; everything between them is punctuation. */
    while (fscanf(file, "%*[^a-zA-Z_]") != EOF && fscanf(file, "%127[a-zA-Z0-9_.]", word) == 1) {
        if (strncmp(word, "hdb_", 4) != 0)
            continue;
        exported++;
        if (!ffi_find(word))
            fail_msg("%s is exported and not tested", word);
    }
    fclose(file);
    assert_int_equal(exported, ffi_function_count);
}

static void test_every_function_was_called(void **state) {
    int calls = 0;
    (void)state;
    for (size_t i = 0; i < ffi_function_count; i++) {
        if (!ffi_functions[i].calls)
            fail_msg("%s was not called", ffi_functions[i].name);
        calls += ffi_functions[i].calls;
    }
    print_message("%zu functions, %d calls through libffi\n", ffi_function_count, calls);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_exec_and_counts),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_statement),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_column_names),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_progress_handler),
        cmocka_unit_test(test_function),
        cmocka_unit_test(test_aggregates_and_collations),
        cmocka_unit_test(test_module),
        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_blob),
        cmocka_unit_test(test_inspection),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_engine),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_null_handles),
        cmocka_unit_test(test_the_table_is_the_symbol_map),
        cmocka_unit_test(test_every_function_was_called),
    };
    const char *library = argc > 1 ? argv[1] : getenv("HELIOSDB_LIBRARY");
    symbol_map = argc > 2 ? argv[2] : getenv("HELIOSDB_SYMBOL_MAP");
    if (!library || !symbol_map) {
        fprintf(stderr, "usage: test_ffi LIBRARY SYMBOL_MAP\n");
        return 2;
    }
    setenv("HELIOSDB_LINGER", "0", 0);
    setenv("HELIOSDB_NOTICES", "off", 0);
    if (ffi_bind(library) != 0)
        return 1;
    return cmocka_run_group_tests(tests, make_directory, leave_nothing);
}
