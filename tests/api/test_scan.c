/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT of all rows of a table on a server: the rows do not go through SQLite, and nobody can tell. */
#include "fixture.h"
#include "on_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT = HDB_BUSY | 2 << 8 };

static hdb_stmt *prepare(hdb_conn *conn, const char *sql) {
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    return stmt;
}

static void expect_lane(hdb_conn *conn, const char *sql, const char *lane) {
    const char *text = NULL;
    char start[32];
    snprintf(start, sizeof start, "lane: %s\n", lane);
    assert_ok(conn, hdb_explain(conn, sql, -1, &text));
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("%s: %s", sql, text);
}

/* Appends the rows that are left, "1:a 2:b ". */
static void read_on(hdb_stmt *stmt, char *text) {
    while (hdb_fetch_row(stmt) == HDB_ROW)
        sprintf(text + strlen(text), "%lld:%s ", (long long)hdb_column_int64(stmt, 0), hdb_column_text(stmt, 1));
}

static void expect_rows(hdb_conn *conn, const char *sql, const char *expected) {
    char text[256] = "";
    hdb_stmt *stmt = prepare(conn, sql);
    read_on(stmt, text);
    assert_string_equal(text, expected);
    assert_ok(conn, hdb_finalize(stmt));
}

static hdb_conn *open_table(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (3, 'c'); INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b');"
                                   "INSERT INTO t VALUES (-5, 'z'); UPDATE t SET v = 'A' WHERE id = 1", -1));
    return conn;
}

static void read_in_order(const char *dsn) {
    hdb_conn *conn = open_table(dsn);
    expect_lane(conn, "SELECT * FROM t", "direct");
    expect_rows(conn, "SELECT * FROM t", "-5:z 1:A 2:b 3:c ");
    as_another_client(dsn, "INSERT INTO t(id, v) VALUES (0, 'y')");
    expect_rows(conn, "SELECT id, v FROM t", "-5:z 0:y 1:A 2:b 3:c ");
    assert_ok(conn, hdb_exec(conn, "PRAGMA reverse_unordered_selects = ON", -1));
    expect_rows(conn, "SELECT * FROM t", "3:c 2:b 1:A 0:y -5:z ");
    assert_ok(conn, hdb_exec(conn, "PRAGMA reverse_unordered_selects = OFF", -1));
    assert_ok(conn, hdb_exec(conn, "ALTER TABLE t ADD COLUMN w TEXT; CREATE INDEX by_v ON t(v)", -1));
    expect_lane(conn, "SELECT id, v FROM t", "rows");
    expect_rows(conn, "SELECT id, v FROM t", "1:A 2:b 3:c 0:y -5:z ");
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void rows_come_in_sqlites_order(void **state) {
    (void)state;
    on_every_server(read_in_order);
}

static void read_odd(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, i INTEGER, r REAL, b BLOB, x);"
                                   "INSERT INTO t VALUES (1, 'one', x'00ff', 2.5, 'text'); INSERT INTO t(id) VALUES (2);"
                                   "INSERT INTO t VALUES (3, 9007199254740993, 1e300, x'', 7)", -1));
    expect_lane(conn, "SELECT x, b, i, r, i FROM t", "direct");
    hdb_stmt *stmt = prepare(conn, "SELECT x, b, i, r, i FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_string_equal(hdb_column_text(stmt, 0), "text");
    assert_int_equal(hdb_column_type(stmt, 1), HDB_TYPE_FLOAT);
    assert_string_equal(hdb_column_text(stmt, 2), "one");
    assert_int_equal(hdb_column_type(stmt, 3), HDB_TYPE_BLOB);
    assert_memory_equal(hdb_column_blob(stmt, 3), "\0\xff", 2);
    assert_string_equal(hdb_column_text(stmt, 4), "one");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    for (int i = 0; i < 5; i++)
        assert_int_equal(hdb_column_type(stmt, i), HDB_TYPE_NULL);
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_column_int64(stmt, 0), 7);
    assert_int_equal(hdb_column_type(stmt, 1), HDB_TYPE_BLOB);
    assert_int_equal(hdb_column_bytes(stmt, 1), 0);
    assert_true(hdb_column_int64(stmt, 2) == 9007199254740993);
    assert_true(hdb_column_double(stmt, 3) == 1e300);
    assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
    assert_ok(conn, hdb_finalize(stmt));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void every_value_keeps_its_type(void **state) {
    (void)state;
    on_every_server(read_odd);
}

/* What plain SQLite gives as well. */
static void change_beside(const char *dsn) {
    hdb_conn *conn = open_table(dsn);
    char text[256] = "";
    hdb_stmt *stmt = prepare(conn, "SELECT * FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    const char *first = hdb_column_text(stmt, 1);
    assert_ok(conn, hdb_exec(conn, "UPDATE t SET v = 'changed' WHERE id = 2; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (9, 'new')", -1));
    assert_string_equal(first, "z");
    assert_int_equal(hdb_column_int64(stmt, 0), -5);
    assert_int_equal(hdb_exec(conn, "DROP TABLE t", -1), HDB_LOCKED);
    read_on(stmt, text);
    assert_string_equal(text, "2:changed 3:c 9:new ");
    assert_ok(conn, hdb_finalize(stmt));
    assert_ok(conn, hdb_exec(conn, "DROP TABLE t", -1));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_select_sees_what_its_connection_does_meanwhile(void **state) {
    (void)state;
    on_every_server(change_beside);
}

static void commit_beside(const char *dsn) {
    hdb_conn *conn = open_table(dsn), *other = open_server(dsn, NULL, NULL);
    char text[256] = "";
    hdb_stmt *stmt = prepare(conn, "SELECT * FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_ok(other, hdb_exec(other, "UPDATE t SET v = 'theirs' WHERE id = 2", -1));
    assert_int_equal(hdb_exec(conn, "INSERT INTO t VALUES (9, 'new')", -1), HDB_BUSY);
    assert_error(conn, HDB_BUSY, SNAPSHOT, "55P03", "database is locked");
    read_on(stmt, text);
    assert_string_equal(text, "1:A 2:b 3:c ");
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (9, 'new')", -1));
    assert_ok(conn, hdb_finalize(stmt));
    expect_rows(conn, "SELECT * FROM t", "-5:z 1:A 2:theirs 3:c 9:new ");
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(other), HDB_OK);
}

static void a_select_keeps_its_snapshot(void **state) {
    (void)state;
    on_every_server(commit_beside);
}

static void read_blocks(const char *dsn) {
    hdb_conn *conn = open_table(dsn);
    const void *block;
    int64_t size;
    hdb_stmt *stmt = prepare(conn, "SELECT id FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_fetch_block(stmt, 2, &block, &size), HDB_ROW);
    assert_int_equal(((const int64_t *)block)[0], 2);
    assert_int_equal(((const int64_t *)block)[5], -5);
    assert_int_equal(((const int64_t *)block)[6], 1);
    assert_int_equal(hdb_column_int64(stmt, 0), 2);
    assert_ok(conn, hdb_exec(conn, "DELETE FROM t WHERE id = 3", -1));
    assert_int_equal(hdb_fetch_block(stmt, 0, &block, &size), HDB_DONE);
    assert_int_equal(((const int64_t *)block)[0], 1);
    assert_int_equal(((const int64_t *)block)[5], 2);
    assert_ok(conn, hdb_finalize(stmt));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void blocks_and_rows_can_be_mixed(void **state) {
    (void)state;
    on_every_server(read_blocks);
}

static void interrupt_rows(const char *dsn) {
    hdb_conn *conn = open_table(dsn);
    hdb_stmt *stmt = prepare(conn, "SELECT * FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    hdb_interrupt(conn);
    assert_int_equal(hdb_fetch_row(stmt), HDB_INTERRUPT);
    assert_ok(conn, hdb_finalize(stmt));
    expect_rows(conn, "SELECT * FROM t", "-5:z 1:A 2:b 3:c ");
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void an_interrupt_ends_the_rows(void **state) {
    (void)state;
    on_every_server(interrupt_rows);
}

static void read_values_of_others(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, day DATE)", -1));
    as_another_client(dsn, "INSERT INTO t(id, day) VALUES (1, '2024-05-06')");
    hdb_stmt *stmt = prepare(conn, "SELECT day FROM t");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_column_type(stmt, 0), HDB_TYPE_TEXT);
    assert_ok(conn, hdb_reset(stmt));
    as_another_client(dsn, "INSERT INTO t(id, day) VALUES (0, '2024')");
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_column_type(stmt, 0), HDB_TYPE_INTEGER);
    assert_ok(conn, hdb_finalize(stmt));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void values_of_other_clients_are_what_sqlite_makes_of_them(void **state) {
    (void)state;
    on_every_server(read_values_of_others);
}

static void read_much(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    int64_t bytes = 0, rows = 0;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB)", -1));
    assert_ok(conn, hdb_exec(conn, "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 34) "
                                   "INSERT INTO t SELECT i, zeroblob(1048576) FROM n", -1));
    hdb_stmt *stmt = prepare(conn, "SELECT b FROM t");
    for (int times = 0; times < 2; times++) {
        while (hdb_fetch_row(stmt) == HDB_ROW) {
            bytes += hdb_column_bytes(stmt, 0);
            rows++;
        }
        assert_ok(conn, hdb_reset(stmt));
    }
    assert_int_equal(rows, 68);
    assert_int_equal(bytes, 68 * 1048576);
    assert_ok(conn, hdb_finalize(stmt));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_table_that_is_too_large_goes_to_sqlite(void **state) {
    (void)state;
    on_every_server(read_much);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_sqlites_order),
        cmocka_unit_test(every_value_keeps_its_type),
        cmocka_unit_test(a_select_sees_what_its_connection_does_meanwhile),
        cmocka_unit_test(a_select_keeps_its_snapshot),
        cmocka_unit_test(blocks_and_rows_can_be_mixed),
        cmocka_unit_test(an_interrupt_ends_the_rows),
        cmocka_unit_test(values_of_other_clients_are_what_sqlite_makes_of_them),
        cmocka_unit_test(a_table_that_is_too_large_goes_to_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
