/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT of one row by its key on a server, which runs it by itself: what it gives is of the schema as it is. */
#include "fixture.h"
#include "on_servers.h"

#include <string.h>

static const char by_key[] = "SELECT id, v FROM t WHERE id = ?", all[] = "SELECT count(*) FROM t";

static hdb_stmt *prepare(hdb_conn *conn, const char *sql) {
    const char *text = NULL;
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_explain(conn, sql, -1, &text));
    assert_int_equal(strncmp(text, "lane: direct\n", 13), 0);
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    return stmt;
}

/* Runs it for a key; the storage class of the value, 0 if there is no row. Left on the row. */
static int type_of(hdb_conn *conn, hdb_stmt *stmt, int64_t key) {
    assert_ok(conn, hdb_reset(stmt));
    assert_ok(conn, hdb_bind_int64(stmt, 1, key));
    int rc = hdb_fetch_row(stmt);
    if (rc == HDB_DONE)
        return 0;
    assert_int_equal(rc, HDB_ROW);
    assert_int_equal(hdb_column_int64(stmt, 0), key);
    return hdb_column_type(stmt, 1);
}

/* The second time the server has prepared it. */
static void expect_type(hdb_conn *conn, int64_t key, int type) {
    hdb_stmt *stmt = prepare(conn, by_key);
    for (int i = 0; i < 3; i++)
        assert_int_equal(type_of(conn, stmt, key), type);
    assert_ok(conn, hdb_finalize(stmt));
}

static int64_t count_of(hdb_conn *conn, hdb_stmt *stmt) {
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    int64_t count = hdb_column_int64(stmt, 0);
    assert_ok(conn, hdb_reset(stmt));
    return count;
}

static void read_what_there_is(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", -1));
    hdb_stmt *count = prepare(conn, all);
    for (int i = 0; i < 3; i++)
        assert_int_equal(count_of(conn, count), 0);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, x'00ff')", -1));
    assert_int_equal(count_of(conn, count), 3);
    assert_ok(conn, hdb_finalize(count));
    expect_type(conn, 1, HDB_TYPE_TEXT);
    expect_type(conn, 2, HDB_TYPE_NULL);
    expect_type(conn, 3, HDB_TYPE_BLOB);
    expect_type(conn, 4, 0);
    as_another_client(dsn, "INSERT INTO t(id, v) VALUES (4, 'four')");
    expect_type(conn, 4, HDB_TYPE_TEXT);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_row_of_nulls_is_not_a_missing_row(void **state) {
    (void)state;
    on_every_server(read_what_there_is);
}

/* The server's text for it is the same before and after. */
static void change_types(const char *dsn) {
    static const char number[] = "DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t VALUES (1, 5)";
    static const char text[] = "DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, '5')";
    hdb_conn *conn = open_server(dsn, NULL, NULL), *other = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, '5')", -1));
    expect_type(conn, 1, HDB_TYPE_TEXT);
    assert_ok(conn, hdb_exec(conn, number, -1));
    expect_type(conn, 1, HDB_TYPE_INTEGER);
    hdb_stmt *before = prepare(conn, by_key);
    assert_int_equal(type_of(conn, before, 1), HDB_TYPE_INTEGER);
    assert_ok(conn, hdb_reset(before));
    assert_ok(other, hdb_exec(other, text, -1));
    assert_int_equal(type_of(conn, before, 1), HDB_TYPE_TEXT);
    expect_type(conn, 1, HDB_TYPE_TEXT);
    assert_ok(conn, hdb_finalize(before));
    assert_ok(other, hdb_exec(other, number, -1));
    expect_type(conn, 1, HDB_TYPE_INTEGER);
    assert_int_equal(hdb_close(other), HDB_OK);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_change_of_the_schema_by_anybody_is_followed(void **state) {
    (void)state;
    on_every_server(change_types);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_of_nulls_is_not_a_missing_row),
        cmocka_unit_test(a_change_of_the_schema_by_anybody_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
