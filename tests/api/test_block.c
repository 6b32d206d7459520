/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in blocks: the same rows as one by one, in every set-up. */
#include "twin.h"

#include <string.h>

enum { HEAD = 2, COLUMN_HEAD = 3 };

static hdb_stmt *prepared(hdb_conn *conn, const char *sql) {
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    return stmt;
}

static int64_t fetch(hdb_stmt *stmt, int64_t limit, int expected, const int64_t **out) {
    const void *block = NULL;
    int64_t size = 0;
    int rc = hdb_fetch_block(stmt, limit, &block, &size);
    if (rc != expected)
        fail_msg("hdb_fetch_block: %d, not %d: %s", rc, expected, hdb_errmsg(hdb_stmt_conn(stmt)));
    assert_non_null(block);
    *out = block;
    return **out;
}

static const char *column(const int64_t *block, int index, int form) {
    const int64_t *head = block + HEAD + index * COLUMN_HEAD;
    assert_int_equal(head[0], form);
    return (const char *)block + head[1];
}

static void fetches(struct twin *twin) {
    const int64_t *block;
    assert_ok(twin->conn, hdb_exec(twin->conn,
                                   "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL, m, n);"
                                   "INSERT INTO t VALUES (1, 'one', 1.5, 1, NULL), (2, 'two', 2.5, 'x', NULL), (3, '', -3.5, x'00', NULL)",
                                   -1));
    hdb_stmt *stmt = prepared(twin->conn, "SELECT * FROM t ORDER BY id");
    assert_int_equal(fetch(stmt, 0, HDB_DONE, &block), 3);
    assert_int_equal(block[1], 5);
    assert_memory_equal(column(block, 0, HDB_BLOCK_INTEGER), ((int64_t[]){1, 2, 3}), 24);
    assert_memory_equal(column(block, 1, HDB_BLOCK_TEXT), "one\0two\0", 9);
    assert_memory_equal(column(block, 2, HDB_BLOCK_FLOAT), ((double[]){1.5, 2.5, -3.5}), 24);
    const char *mixed = column(block, 3, HDB_BLOCK_MIXED);
    assert_memory_equal(mixed, ((int64_t[]){1, 1, 1}), 24);
    assert_memory_equal(mixed + 24, ((char[]){HDB_TYPE_INTEGER, HDB_TYPE_TEXT, HDB_TYPE_BLOB}), 3);
    assert_memory_equal(mixed + 27, "x\0\0\0", 4);
    column(block, 4, HDB_BLOCK_NULL);
    assert_int_equal(fetch(stmt, 0, HDB_DONE, &block), 0);
    /* Piece by piece, and beside single rows. */
    assert_ok(twin->conn, hdb_reset(stmt));
    assert_int_equal(hdb_execute(stmt), HDB_ROW);
    assert_int_equal(fetch(stmt, 1, HDB_ROW, &block), 1);
    assert_int_equal(hdb_column_int64(stmt, 0), 2);
    assert_int_equal(fetch(stmt, 1, HDB_ROW, &block), 1);
    assert_memory_equal(column(block, 1, HDB_BLOCK_TEXT), "two", 4);
    assert_int_equal(fetch(stmt, 100, HDB_DONE, &block), 1);
    assert_memory_equal(column(block, 0, HDB_BLOCK_INTEGER), ((int64_t[]){3}), 8);
    assert_ok(twin->conn, hdb_finalize(stmt));
    /* A row by its key, which the direct lane may fetch. */
    stmt = prepared(twin->conn, "SELECT a FROM t WHERE id = ?");
    assert_ok(twin->conn, hdb_bind_int64(stmt, 1, 2));
    assert_int_equal(fetch(stmt, 0, HDB_DONE, &block), 1);
    assert_memory_equal(column(block, 0, HDB_BLOCK_TEXT), "two", 4);
    assert_ok(twin->conn, hdb_finalize(stmt));
}

static void rows_are_fetched_in_blocks(void **state) {
    (void)state;
    twin_everywhere(fetches);
}

static void fetches_much(struct twin *twin) {
    const int64_t *block;
    int64_t rows = 0, most = 0, sum = 0;
    int rc = HDB_ROW, blocks = 0;
    hdb_stmt *stmt = prepared(twin->conn, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i, 'row ' || i FROM n");
    while (rc == HDB_ROW) {
        const void *some = NULL;
        int64_t size = 0;
        rc = hdb_fetch_block(stmt, -1, &some, &size);
        assert_true(rc == HDB_ROW || rc == HDB_DONE);
        assert_true(size < 3 << 20);
        block = some;
        rows += block[0];
        most = block[0] > most ? block[0] : most;
        for (int64_t i = 0; i < block[0]; i++)
            sum += ((const int64_t *)(const void *)column(block, 0, HDB_BLOCK_INTEGER))[i];
        blocks++;
    }
    assert_int_equal(rc, HDB_DONE);
    assert_int_equal(rows, 100000);
    assert_int_equal(sum, 5000050000);
    assert_true(blocks > 1 && most < 100000);
    assert_ok(twin->conn, hdb_finalize(stmt));
}

static void a_large_result_comes_in_blocks_of_bounded_size(void **state) {
    (void)state;
    twin_everywhere(fetches_much);
}

/* Three rows: 1 "a" 0.5, 2 "b" 1.5, 2 "c" 2.5. */
static const int64_t three_rows[] = {3, 3, HDB_BLOCK_INTEGER, 88, 24, HDB_BLOCK_TEXT, 112, 6, HDB_BLOCK_FLOAT, 120, 24,
                                     1, 2, 2, 0x006300620061, 0x3fe0000000000000, 0x3ff8000000000000, 0x4004000000000000};

static void executes(struct twin *twin) {
    int64_t block[sizeof three_rows / sizeof *three_rows], rows = -1, changed = -1;
    hdb_conn *conn = twin->conn;
    memcpy(block, three_rows, sizeof block);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)", -1));
    hdb_stmt *stmt = prepared(conn, "INSERT INTO t VALUES (?, ?, ?)");
    /* The third row meets the second: those before it stay. */
    assert_int_equal(hdb_execute_block(stmt, block, sizeof block, &rows, &changed), HDB_CONSTRAINT);
    assert_error(conn, HDB_CONSTRAINT, 1555, "23505", "UNIQUE constraint failed: t.id");
    assert_int_equal(rows, 2);
    assert_int_equal(changed, 2);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t WHERE (id, a, v) IN (VALUES (1, 'a', 0.5), (2, 'b', 1.5))"), 2);
    /* Again, in a transaction, which a failure does not end. */
    block[13] = 3;
    assert_ok(conn, hdb_exec(conn, "DELETE FROM t; BEGIN", -1));
    assert_ok(conn, hdb_execute_block(stmt, block, sizeof block, &rows, NULL));
    assert_int_equal(rows, 3);
    assert_int_equal(hdb_execute_block(stmt, block, sizeof block, &rows, NULL), HDB_CONSTRAINT);
    assert_int_equal(rows, 0);
    assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    assert_ok(conn, hdb_finalize(stmt));
    stmt = prepared(conn, "UPDATE t SET v = ?3 + 1 WHERE id >= ?1 AND a = ?2 OR id = 1 RETURNING id, a");
    assert_ok(conn, hdb_execute_block(stmt, block, sizeof block, &rows, &changed));
    assert_int_equal(rows, 3);
    assert_int_equal(changed, 5);
    assert_ok(conn, hdb_finalize(stmt));
    twin_rebuild(twin);
    conn = twin->conn;
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t WHERE (id, a, v) IN (VALUES (1, 'a', 3.5), (2, 'b', 2.5), (3, 'c', 3.5))"), 3);
}

static void a_statement_runs_once_for_each_row_of_a_block(void **state) {
    (void)state;
    twin_everywhere(executes);
}

static void refuses(struct twin *twin) {
    int64_t block[sizeof three_rows / sizeof *three_rows], rows = -1;
    hdb_conn *conn = twin->conn;
    memcpy(block, three_rows, sizeof block);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)", -1));
    hdb_stmt *stmt = prepared(conn, "INSERT INTO t(id, a) VALUES (?, ?)");
    assert_int_equal(hdb_execute_block(stmt, block, sizeof block, &rows, NULL), HDB_RANGE);
    assert_error(conn, HDB_RANGE, HDB_RANGE, "07009", "the block has 3 columns, the statement 2 parameters");
    assert_ok(conn, hdb_finalize(stmt));
    stmt = prepared(conn, "INSERT INTO t VALUES (?, ?, ?)");
    block[7] = 5; /* the last text has no end */
    assert_int_equal(hdb_execute_block(stmt, block, sizeof block, &rows, NULL), HDB_MISUSE);
    assert_error(conn, HDB_MISUSE, HDB_MISUSE, "HY010", "the block of rows is malformed");
    assert_int_equal(hdb_execute_block(stmt, NULL, 0, &rows, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_block(stmt, block, -1, &rows, NULL), HDB_MISUSE);
    assert_int_equal(rows, 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(hdb_fetch_block(stmt, 0, NULL, NULL), HDB_MISUSE);
    assert_ok(conn, hdb_finalize(stmt));
}

static void a_wrong_block_changes_nothing(void **state) {
    (void)state;
    twin_everywhere(refuses);
}

static void interrupt(void *context, int operation, const char *database, const char *table, int64_t rowid) {
    (void)operation, (void)database, (void)table, (void)rowid;
    hdb_interrupt(context);
}

/* 7, 2.5, NULL, x'00ff' and "a" with NUL after it. */
static const int64_t five_values[] = {7, 0x4004000000000000, 0, 2, 2};
static const char five_types[] = {HDB_TYPE_INTEGER, HDB_TYPE_FLOAT, HDB_TYPE_NULL, HDB_TYPE_BLOB, HDB_TYPE_TEXT, 0, -1, 0, 'a', 0, 0};

static void runs_with_values(struct twin *twin) {
    enum { SIZE = sizeof five_values + sizeof five_types };
    int64_t values[8] = {0}, changes = -1, rowid = -1, size = -1;
    const void *row = NULL;
    hdb_conn *conn = twin->conn;
    memcpy(values, five_values, sizeof five_values);
    memcpy(values + 5, five_types, sizeof five_types);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, r, n, b, s)", -1));
    hdb_stmt *stmt = prepared(conn, "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
    assert_int_equal(hdb_execute_values(stmt, values, SIZE, &changes, &rowid), HDB_DONE);
    assert_true(changes == 1 && rowid == 7);
    assert_int_equal(hdb_execute_values(stmt, values, SIZE, &changes, NULL), HDB_CONSTRAINT);
    assert_error(conn, HDB_CONSTRAINT, 1555, "23505", "UNIQUE constraint failed: t.id");
    values[0] = 8;
    assert_int_equal(hdb_execute_values(stmt, values, SIZE, NULL, NULL), HDB_DONE);
    assert_ok(conn, hdb_finalize(stmt));
    /* Each row comes as it went; a statement may run again before it is at its end. */
    stmt = prepared(conn, "SELECT * FROM t WHERE id >= ? ORDER BY id");
    const int64_t key[] = {7, HDB_TYPE_INTEGER};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hdb_execute_values(stmt, key, 9, NULL, NULL), HDB_ROW);
        assert_int_equal(hdb_fetch_values(stmt, &row, &size), HDB_ROW);
        assert_int_equal(size, SIZE);
        assert_int_equal(*(const int64_t *)row, 7);
        assert_memory_equal((const int64_t *)row + 1, values + 1, SIZE - 8);
    }
    assert_int_equal(hdb_fetch_values(stmt, &row, &size), HDB_DONE);
    assert_memory_equal(row, values, SIZE);
    assert_int_equal(hdb_fetch_values(stmt, &row, &size), HDB_DONE);
    assert_null(row);
    assert_int_equal(size, 0);
    assert_ok(conn, hdb_finalize(stmt));
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT count(*) FROM t WHERE r = 2.5 AND n IS NULL AND b = x'00ff' AND length(CAST(s AS BLOB)) = 2"), 2);
}

static void a_statement_runs_with_all_its_values_in_one_call(void **state) {
    (void)state;
    twin_everywhere(runs_with_values);
}

static void steps_with_values(struct twin *twin) {
    enum { SIZE = sizeof five_values + sizeof five_types };
    int64_t values[8] = {0}, size = -1;
    const void *row = &size;
    hdb_conn *conn = twin->conn;
    memcpy(values, five_values, sizeof five_values);
    memcpy(values + 5, five_types, sizeof five_types);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, r, n, b, s)", -1));
    hdb_stmt *stmt = prepared(conn, "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
    for (values[0] = 7; values[0] < 9; values[0]++)
        assert_int_equal(hdb_step_values(stmt, values, SIZE, &row, &size), HDB_DONE);
    assert_null(row);
    assert_int_equal(size, 0);
    values[0] = 7;
    assert_int_equal(hdb_step_values(stmt, values, SIZE, &row, &size), HDB_CONSTRAINT);
    assert_error(conn, HDB_CONSTRAINT, 1555, "23505", "UNIQUE constraint failed: t.id");
    assert_ok(conn, hdb_finalize(stmt));
    stmt = prepared(conn, "SELECT * FROM t WHERE id >= ? ORDER BY id");
    const int64_t key[] = {7, HDB_TYPE_INTEGER};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hdb_step_values(stmt, key, 9, &row, &size), HDB_ROW);
        assert_int_equal(size, SIZE);
        assert_memory_equal(row, values, SIZE);
        assert_int_equal(hdb_column_int64(stmt, 0), 7);
    }
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_ROW);
    assert_int_equal(*(const int64_t *)row, 8);
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_DONE);
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_DONE);
    assert_null(row);
    assert_ok(conn, hdb_reset(stmt));
    /* What is bound stays. */
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_ROW);
    assert_int_equal(*(const int64_t *)row, 7);
    assert_ok(conn, hdb_finalize(stmt));
}

static void a_step_gives_the_values_of_the_row_that_it_is_on(void **state) {
    (void)state;
    twin_everywhere(steps_with_values);
}

/* hdb_fetch_values() would fail at once. */
static void a_step_does_not_look_ahead(void **state) {
    hdb_conn *conn = NULL;
    const void *row = NULL;
    int64_t size = 0;
    (void)state;
    assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
    hdb_stmt *stmt = prepared(conn, "SELECT 1 UNION ALL SELECT abs(-9223372036854775807 - 1)");
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_ROW);
    assert_int_equal(*(const int64_t *)row, 1);
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, &size), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "integer overflow");
    assert_null(row);
    assert_int_equal(hdb_step_values(stmt, NULL, 0, &row, NULL), HDB_MISUSE);
    assert_int_equal(hdb_step_values(stmt, NULL, 0, NULL, &size), HDB_MISUSE);
    assert_error(conn, HDB_MISUSE, HDB_MISUSE, "HY010", "hdb_step_values needs places for the values and their size");
    assert_int_equal(hdb_step_values(NULL, NULL, 0, &row, &size), HDB_MISUSE);
    /* A statement without parameters takes no values. */
    assert_int_equal(hdb_step_values(stmt, &size, 0, &row, &size), HDB_ROW);
    assert_int_equal(hdb_step_values(stmt, &size, 9, &row, &size), HDB_MISUSE);
    assert_null(row);
    assert_ok(conn, hdb_close(conn));
}

static void wrong_values_are_not_run(void **state) {
    const int64_t text[] = {2, 0x78610000 + HDB_TYPE_TEXT}, nothing[] = {0, HDB_TYPE_NULL};
    const void *row = text;
    int64_t size = 0;
    hdb_conn *conn = NULL;
    (void)state;
    assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a)", -1));
    hdb_stmt *stmt = prepared(conn, "INSERT INTO t VALUES (?)");
    assert_int_equal(hdb_execute_values(stmt, NULL, 0, NULL, NULL), HDB_MISUSE);
    assert_error(conn, HDB_MISUSE, HDB_MISUSE, "HY010", "the values are malformed, or not as many as the statement has parameters (1)");
    assert_int_equal(hdb_execute_values(stmt, NULL, 9, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_values(stmt, nothing, -1, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_values(stmt, nothing, 8, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_values(stmt, nothing, 10, NULL, NULL), HDB_MISUSE);
    for (int cut = 8; cut < 13; cut++) /* no NUL after the text */
        assert_int_equal(hdb_execute_values(stmt, text, cut, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_values(stmt, (const char *)nothing + 1, 9, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute_values(NULL, nothing, 9, NULL, NULL), HDB_MISUSE);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(hdb_fetch_values(stmt, NULL, &size), HDB_MISUSE);
    assert_int_equal(hdb_fetch_values(NULL, &row, &size), HDB_MISUSE);
    assert_null(row);
    assert_int_equal(hdb_execute_values(stmt, nothing, 9, NULL, NULL), HDB_DONE);
    assert_ok(conn, hdb_close(conn));
}

static void an_interrupt_ends_it_between_rows_too(void **state) {
    hdb_conn *conn = NULL;
    int64_t rows = -1;
    (void)state;
    assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v REAL)", -1));
    assert_ok(conn, hdb_update_hook(conn, interrupt, conn, NULL));
    hdb_stmt *stmt = prepared(conn, "INSERT OR REPLACE INTO t VALUES (?, ?, ?)");
    assert_int_equal(hdb_execute_block(stmt, three_rows, sizeof three_rows, &rows, NULL), HDB_INTERRUPT);
    assert_in_range(rows, 0, 1);
    assert_ok(conn, hdb_close(conn));
}

static void a_failing_row_is_told(void **state) {
    hdb_conn *conn = NULL;
    const void *block = &conn;
    int64_t size = 0;
    (void)state;
    assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
    hdb_stmt *stmt = prepared(conn, "SELECT abs(column1) FROM (VALUES (1), (-9223372036854775807 - 1))");
    assert_int_equal(hdb_fetch_block(stmt, 0, &block, &size), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "integer overflow");
    assert_null(block);
    assert_ok(conn, hdb_close(conn));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_fetched_in_blocks),
        cmocka_unit_test(a_large_result_comes_in_blocks_of_bounded_size),
        cmocka_unit_test(a_statement_runs_once_for_each_row_of_a_block),
        cmocka_unit_test(a_wrong_block_changes_nothing),
        cmocka_unit_test(an_interrupt_ends_it_between_rows_too),
        cmocka_unit_test(a_failing_row_is_told),
        cmocka_unit_test(a_statement_runs_with_all_its_values_in_one_call),
        cmocka_unit_test(a_step_gives_the_values_of_the_row_that_it_is_on),
        cmocka_unit_test(a_step_does_not_look_ahead),
        cmocka_unit_test(wrong_values_are_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
